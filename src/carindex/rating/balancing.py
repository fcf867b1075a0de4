"""What a rule that balances stages moved for one car, for people who want to see it."""

from __future__ import annotations

import msgspec
import numpy as np

from carindex.rating.kernels.basic import balanced
from carindex.rating.rating import Rating


class Balancing(msgspec.Struct, frozen=True):
    """The stages of a ``compensate`` node in the order of its rule.

    Attributes
    ----------
    case
        Word that chose the offsets, ``None`` while it is not known.
    offsets
        What is added to each stage's score before its stars are read; empty while the case is not known.
    after
        Scores after balancing, offsets not included; empty while a score is open, or where the node's own
        score was stated or assumed and so does not come from the stages.
    """

    of: tuple[str, ...]
    case: str | None
    offsets: tuple[float, ...]
    move: int
    after: tuple[float, ...]


def balancing(rating: Rating, path: str) -> Balancing:
    """Return what the ``compensate`` rule of a node moved.

    Raises
    ------
    ValueError
        When the node has no such rule.
    """
    rule = rating.plan.nodes[path].node.spec.compensate
    if rule is None:
        raise ValueError(path)
    node = rating.node(path)
    asked = {rating.plan.facts[slot] for slot in rating.plan.nodes[path].rule_facts}
    case = next((str(fact.word) for fact in node.facts if fact.name in asked), None)
    stages = [rating.node(stage) for stage in rule.of]
    scores = [stage.score for stage in stages if stage.score is not None]
    if case is None or len(scores) < len(stages):
        offsets = tuple(rule.offsets[case]) if case is not None else ()
        return Balancing(tuple(rule.of), case, offsets, rule.move, ())
    offsets = tuple(rule.offsets[case])
    shifted = np.array(scores) + np.array(offsets)
    moved = balanced(shifted[None, :, None], rule.move)[0, :, 0]
    own = node.value is not None and bool(np.isclose(moved.min(), node.value))
    after = tuple(float(value - offset) for value, offset in zip(moved, offsets, strict=True)) if own else ()
    return Balancing(tuple(rule.of), case, offsets, rule.move, after)
