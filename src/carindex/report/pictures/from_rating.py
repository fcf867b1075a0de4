"""Pictures that can be made from a rating alone: the balance of stages, for every programme whose protocol has one."""

from __future__ import annotations

from carindex.rating import RatedNode, Rating
from carindex.rating.balancing import Balancing, balancing
from carindex.report.pictures.model import Stage, StageBalance, Text


def stage_balances(rating: Rating) -> tuple[StageBalance, ...]:
    """Return the balance of stages of a rating; empty where its protocol has no ``compensate`` rule.

    The stages are those of the rule, and the other nodes whose stars limit the car beside it, in the order of
    the tree.
    """
    return tuple(
        _balance(rating, path)
        for path, plan in rating.plan.nodes.items()
        if plan.node.spec.compensate is not None and plan.outcome is not None
    )


def _balance(rating: Rating, path: str) -> StageBalance:
    found = balancing(rating, path)
    user, others = _beside(rating, path)
    exchanging = {stage: _stage(rating, path, stage, i, found) for i, stage in enumerate(found.of)}
    alone = {other: _alone(rating.node(other), rating) for other in others}
    order = [node.path for node in (rating.protocol.root, *rating.protocol.root.walk())]
    stages = {**exchanging, **alone}
    named = tuple(stages[name] for name in sorted(stages, key=order.index))
    most = max((stars for stage in named for stars, _ in stage.thresholds), default=0) or _most(rating, path)
    stars = user.outcome if isinstance(user.outcome, int) else None
    known = [stage.stars for stage in named if stage.stars is not None]
    capped = stars is not None and len(known) == len(named) and stars < min(known)
    return StageBalance(
        label=rating.node(path).label,
        case=found.case,
        stages=named,
        most_stars=most,
        stars=stars,
        most_moved=found.move,
        cap=_cap(rating, user, stars) if capped and stars is not None else None,
    )


def _beside(rating: Rating, path: str) -> tuple[RatedNode, tuple[str, ...]]:
    """Return the node whose stars the balance limits, and the other nodes that limit them."""
    for other, plan in rating.plan.nodes.items():
        if plan.outcome is not None and path in (plan.outcome.spec.balance or ()):
            rest = tuple(name for name in plan.outcome.spec.balance or () if name != path)
            return rating.node(other), rest
    return rating.node(path), ()


def _lines(rating: Rating, path: str) -> list[tuple[int, float]]:
    outcome = rating.plan.nodes[path].outcome
    if outcome is None or outcome.grades:
        return []
    return [(int(stars), line) for line, stars in zip(outcome.lines, outcome.values[1:], strict=True)]


def _most(rating: Rating, path: str) -> int:
    return max((stars for stars, _ in _lines(rating, path)), default=0)


def _reached(thresholds: tuple[tuple[int, float], ...], score: float) -> int:
    return max((stars for stars, line in thresholds if score >= line), default=0)


def _stage(rating: Rating, path: str, stage: str, index: int, found: Balancing) -> Stage:
    """Return a stage that exchanges points; the thresholds are those of its own score, without the offset."""
    node = rating.node(stage)
    offset = found.offsets[index] if found.offsets else 0.0
    thresholds = (
        tuple((stars, line - offset) for stars, line in _lines(rating, path)) if found.offsets else ()
    )
    after = found.after[index] if found.after else None
    stars = _reached(thresholds, after) if after is not None else None
    return Stage(stage, node.label, node.lower, node.upper, node.maximum, thresholds, after, stars)


def _alone(node: RatedNode, rating: Rating) -> Stage:
    stars = node.outcome if isinstance(node.outcome, int) else None
    thresholds = tuple(_lines(rating, node.path))
    return Stage(
        node.path,
        node.label,
        node.lower,
        node.upper,
        node.maximum,
        thresholds,
        node.score,
        stars,
        exchanges=False,
    )


def _cap(rating: Rating, user: RatedNode, stars: int) -> Text | None:
    """Return the label of the cap that leaves the car with its stars."""
    outcome = rating.plan.nodes[user.path].outcome
    caps = outcome.spec.caps if outcome is not None else []
    return next((cap.label for cap in caps if cap.to == stars and cap.label is not None), None)
