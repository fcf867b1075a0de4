"""The rating engine: protocols as data, compiled to array operations; one car or a million.

A protocol is loaded (`load_protocol`), compiled (`compile_protocol`) and applied to facts: `rate` for one
car, `evaluate` for an array of cars. This package knows rule kinds, not programmes.
"""

from carindex.rating.compile import compile_protocol
from carindex.rating.evaluate import Evaluation, evaluate
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
