"""A rating as it was published, from its JSON alone: rows of the tree and of the ledger, without drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carindex.messages import Language
from carindex.report.labels import label
from carindex.report.wording import points


@dataclass(frozen=True)
class PlainNode:
    """A node; ``low`` and ``high`` bound a bar of its score."""

    path: str
    depth: int
    name: str
    score: str
    low: float
    high: float
    outcome: str
    status: str
    status_text: str


@dataclass(frozen=True)
class PlainLoss:
    """A loss."""

    points: str
    where: str
    why: str
    source: str
    width: float


def nodes_of(rating: Mapping[str, Any], language: Language, *, deepest: int = 99) -> tuple[PlainNode, ...]:
    """Return the nodes of a published rating in its order, down to a depth."""
    found = []
    for node in rating.get("nodes", ()):
        path = str(node["path"])
        depth = path.count("/") + 1 if path else 0
        if depth > deepest:
            continue
        most, low, high = float(node["max"]), float(node["lower"]), float(node["upper"])
        said = node.get("outcome") or {}
        outcome = ""
        if said.get("lower") is not None:
            worst, best = str(said["lower"]), str(said["upper"])
            sign = "" if "grade" in node else " ★"
            text = worst if worst == best else label("from_to", language, low=worst, high=best)
            outcome = f"{text}{sign}"
        number = points(low) if low == high else f"{points(low)} – {points(high)}"
        found.append(
            PlainNode(
                path,
                depth,
                str(node["label"]),
                f"{number} / {points(most)}",
                low / most if most else 0.0,
                high / most if most else 0.0,
                outcome,
                str(node["status"]),
                label(f"status_{node['status']}", language),
            )
        )
    return tuple(found)


def losses_of(rating: Mapping[str, Any]) -> tuple[PlainLoss, ...]:
    """Return the losses of a published rating."""
    labels = {node["path"]: node["label"] for node in rating.get("nodes", ())}
    losses = rating.get("losses", ())
    greatest = max((abs(loss["points"]) for loss in losses), default=0.0) or 1.0
    return tuple(
        PlainLoss(
            points(loss["points"]),
            str(labels.get(loss["path"], loss["path"])),
            str(loss["why"]),
            str(loss["source"]),
            max(0.0, loss["points"] / greatest),
        )
        for loss in losses
    )
