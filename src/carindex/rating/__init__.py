"""The rating engine: protocols as data, compiled to array operations; one car or a million.

A protocol is loaded (`load_protocol`), compiled (`compile_protocol`) and applied to facts: `rate` for one
car, `evaluate` for an array of cars. This package knows rule kinds, not programmes.
"""

from typing import TYPE_CHECKING

from carindex.on_demand import on_demand

if TYPE_CHECKING:
    from carindex.rating.compile import compile_protocol
    from carindex.rating.evaluation import Evaluation, evaluate
    from carindex.rating.explain import contributions, losses
    from carindex.rating.load import available_protocols, load_protocol
    from carindex.rating.plan import NodePlan, Outcome, Plan
    from carindex.rating.protocol import Node, Protocol
    from carindex.rating.rating import Loss, RatedNode, Rating, evaluate_facts, rate, stated_for

__all__ = [
    "Evaluation",
    "Loss",
    "Node",
    "NodePlan",
    "Outcome",
    "Plan",
    "Protocol",
    "RatedNode",
    "Rating",
    "available_protocols",
    "compile_protocol",
    "contributions",
    "evaluate",
    "evaluate_facts",
    "load_protocol",
    "losses",
    "rate",
    "stated_for",
]
__getattr__ = on_demand(
    __name__,
    Evaluation="evaluation",
    Loss="rating",
    Node="protocol",
    NodePlan="plan",
    Outcome="plan",
    Plan="plan",
    Protocol="protocol",
    RatedNode="rating",
    Rating="rating",
    available_protocols="load",
    compile_protocol="compile",
    contributions="explain",
    evaluate="evaluation",
    evaluate_facts="rating",
    load_protocol="load",
    losses="explain",
    rate="rating",
    stated_for="rating",
)
