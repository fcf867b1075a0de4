"""Where the points went: every node's loss shared out among what caused it, without remainder.

The loss of a node is its maximum minus its score. It is split into what its children lost (each rule kind
says how a loss of the whole belongs to its parts) and what its own adjustments took; going down the tree, the
shares of a loss end at single facts and single adjustments. Everything is an array over cars.

How a combination shares its loss among its parts:

* sums, means, weighted means, demerits: each part's own loss times its weight, which is exact;
* worst of several: all of it to the worst part, in equal shares where several are equally bad;
* best of several: the losses of the parts that count;
* share of what applies: each applying part's loss in proportion;
* joint risk 1 − Π(1 − pᵢ): in proportion to hᵢ = −ln(1 − pᵢ). The joint risk is 1 − exp(−Σ hᵢ); letting all hᵢ
  grow together from zero gives each exactly this share (the Aumann-Shapley value).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from carindex.rating.asking import REPORTED
from carindex.rating.evaluation import Evaluation
from carindex.rating.kernels import Array
from carindex.rating.plan import AdjustStep, Answers, NodePlan, Place, Plan

_TOLERANCE = 1e-12


class Share(msgspec.Struct, frozen=True):
    """A part of a loss: at which node, in points of the node that was asked about, and by what.

    Attributes
    ----------
    path
        Node at which the points were lost.
    points
        Points lost, shape ``(cars,)``; negative where an adjustment gave points back.
    cause
        ``rule``: by the node's own rule on its facts; ``adjustment``: by one of its adjustments;
        ``limit``: children's points that the node's maximum cuts off; ``detail``: at one of the many places that
        the node's rule looks at.
    adjustment
        The adjustment, where that is the cause.
    detail
        What the place is called, where that is the cause.
    place
        What decides there, as far as the rule can say.
    """

    path: str
    points: Array
    cause: str
    adjustment: AdjustStep | None = None
    detail: Mapping[str, str] | None = None
    place: Place | Answers | None = None


def losses(evaluation: Evaluation, path: str = "", *, values: Array | None = None) -> list[Share]:
    """Share out the loss of a node among rules and adjustments at and below it.

    Parameters
    ----------
    evaluation
        What was evaluated. Where facts are missing the loss against the *best* possible score is shared out:
        the points that are lost whatever the missing facts turn out to be.
    path
        Node that is asked about; the root by default.
    values
        Slot values to explain, ``(slots, cars)``; by default those of the best possible score.

    Returns
    -------
    list[Share]
        Shares that add up to the node's loss for every car; children in the order of the protocol.
    """
    values = best_values(evaluation) if values is None else values
    own = own_loss(evaluation.plan.nodes[path], values)
    return list(_shared(evaluation, path, own, values))


def best_values(evaluation: Evaluation) -> Array:
    """Return the slot values that belong to the best possible score of every node."""
    if evaluation.high is evaluation.low:
        return evaluation.low
    values = evaluation.high.copy()
    for plan in evaluation.plan.nodes.values():
        for detail in plan.details:
            values[detail.slot] = evaluation.low[detail.slot]
        if plan.node.counts != "points":
            for slot in (plan.value, plan.combined):
                values[slot] = evaluation.low[slot]
            for _, slot, _ in plan.parts:
                if plan.kind != "share":
                    values[slot] = evaluation.low[slot]
            for step in plan.steps:
                values[step.before], values[step.after] = (
                    evaluation.low[step.before],
                    evaluation.low[step.after],
                )
    return values


def own_loss(plan: NodePlan, values: Array) -> Array:
    """Return the loss of a node, shape ``(cars,)``: its maximum minus its score."""
    value: Array = values[plan.value]
    return plan.most(values) - value if plan.node.counts == "points" else value


def _shared(evaluation: Evaluation, path: str, amount: Array, values: Array) -> Iterator[Share]:
    """Share ``amount``, a loss that stems from a node, among its parts, in the units of ``amount``."""
    if path in evaluation.stated:
        # whatever the parts would give, it is not what the score came from
        yield Share(path, amount, "rule")
        return
    plan = evaluation.plan
    node_plan = plan.nodes[path]
    loss = own_loss(node_plan, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_point = np.where(np.abs(loss) > _TOLERANCE, amount / np.where(loss == 0, 1.0, loss), 0.0)
    # A share of a node that itself lost nothing (rounding of a parent, say) stays with the node.
    rest = amount - per_point * loss
    losing = node_plan.node.counts != "points"
    combined = values[node_plan.combined] if losing else node_plan.most(values) - values[node_plan.combined]
    # where a report states the score, what is known below it is not what it came from
    stated = np.zeros(combined.shape, bool)
    at = next((i for i, step in enumerate(node_plan.steps) if step.adjustment == REPORTED), -1)
    if at >= 0 and node_plan.steps[at].when is not None:
        stated = values[node_plan.steps[at].when] > 0.5
        combined = np.where(stated, 0.0, combined)
    for i, step in enumerate(node_plan.steps):
        taken = (
            values[step.after] - values[step.before] if losing else values[step.before] - values[step.after]
        )
        if i < at:
            taken = np.where(stated, 0.0, taken)
        elif i == at:
            whole = values[step.after] if losing else node_plan.most(values) - values[step.after]
            taken = np.where(stated, whole, taken)
        yield Share(path, per_point * taken, "adjustment", step)
    if not node_plan.parts:
        for detail in node_plan.details:
            lost = np.where(stated, 0.0, values[detail.slot])
            if np.any(np.abs(lost) > _TOLERANCE):
                yield Share(path, per_point * lost, "detail", detail=detail.label, place=detail.place)
            combined = combined - lost
        own = per_point * combined + rest
        if not node_plan.details or np.any(np.abs(own) > _TOLERANCE):
            yield Share(path, own, "rule")
        return
    parts = [np.where(stated, 0.0, part) for part in _parts(plan, node_plan, combined, values)]
    for (child, _, _), part in zip(node_plan.parts, parts, strict=True):
        yield from _shared(evaluation, child, per_point * part, values)
    limited = per_point * (combined - np.sum(parts, axis=0)) + rest
    if np.any(np.abs(limited) > _TOLERANCE):
        yield Share(path, limited, "limit")


def contributions(evaluation: Evaluation, path: str, values: Array | None = None) -> Mapping[str, Array]:
    """Return what each child of a node contributes to the node's loss, in the node's points."""
    values = best_values(evaluation) if values is None else values
    node_plan = evaluation.plan.nodes[path]
    losing = node_plan.node.counts != "points"
    combined = values[node_plan.combined] if losing else node_plan.most(values) - values[node_plan.combined]
    parts = _parts(evaluation.plan, node_plan, combined, values) if node_plan.parts else []
    return {child: part for (child, _, _), part in zip(node_plan.parts, parts, strict=True)}


def _parts(plan: Plan, node_plan: NodePlan, combined: Array, values: Array) -> list[Array]:
    """Return the loss that each part causes, in the node's points, shape ``(cars,)`` each."""
    children = [plan.nodes[path] for path, _, _ in node_plan.parts]
    losses_of = [own_loss(child, values) for child in children]
    weights = [weight for _, _, weight in node_plan.parts]
    kind = node_plan.kind
    if kind == "demerits":
        return [values[slot] for _, slot, _ in node_plan.parts]
    if kind in ("sum", "apart", "mean", "weighted", "weighted_share"):
        there = [1.0 if child.applies is None else values[child.applies] for child in children]
        return [w * part * loss for w, part, loss in zip(weights, there, losses_of, strict=True)]
    if kind == "joint_risk":
        hazards = -np.log1p(-np.minimum(np.array(losses_of), 1.0 - 1e-16))
        total = hazards.sum(axis=0)
        return list(combined * np.where(total > 0, hazards / np.where(total > 0, total, 1.0), 0.0))
    if kind == "worst":
        scaled = np.array([weight * loss for weight, loss in zip(weights, losses_of, strict=True)])
        applies = np.array(
            [np.ones_like(combined) if c.applies is None else values[c.applies] for c in children]
        )
        scaled = np.where(applies > 0.5, scaled, -np.inf)
        worst = (scaled >= scaled.max(axis=0) - _TOLERANCE) & (applies > 0.5)
        return list(combined * worst / np.maximum(worst.sum(axis=0), 1))
    if kind == "best":
        count = node_plan.node.spec.best or 1
        scores = np.array([values[child.value] for child in children])
        order = np.argsort(-scores, axis=0, kind="stable")
        counted = np.zeros(scores.shape, bool)
        np.put_along_axis(counted, order[:count], True, axis=0)
        return list(np.where(counted, np.array(losses_of), 0.0))
    return _share_parts(node_plan, children, losses_of, values)


def _share_parts(
    node_plan: NodePlan, children: list[NodePlan], losses_of: list[Array], values: Array
) -> list[Array]:
    risk = node_plan.node.counts == "risk"
    weights = np.array([weight for _, _, weight in node_plan.parts])[:, None]
    applies = np.array([values[flag] for _, flag, _ in node_plan.parts])
    maxima = np.array([np.broadcast_to(1.0 if risk else c.most(values), applies[0].shape) for c in children])
    possible = (weights * applies * maxima).sum(axis=0)
    scale = node_plan.node.maximum / np.where(possible > 0, possible, 1.0)
    return list(scale * weights * applies * np.array(losses_of))
