"""Facts taken over from other tests: how they are told, and what rests on them."""

from __future__ import annotations

from collections.abc import Sequence

from carindex.rating.plan import Plan

REUSED = "reused"
"""Key in the details of a fact that was taken over from another test: the relation between the two."""


def resting_on(plan: Plan, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return, by node, which of some facts it rests on: its own, and those of all nodes that it counts or looks at."""
    wanted = set(names)
    found: dict[str, dict[str, None]] = {}
    if not wanted:
        return {}
    for path, node_plan in plan.nodes.items():
        own = [plan.facts[slot] for slot in node_plan.facts if plan.facts[slot] in wanted]
        if own:
            found[path] = dict.fromkeys(own)
    looks_at: dict[str, list[str]] = {}
    for path, node_plan in plan.nodes.items():
        below = [part for part, _, _ in node_plan.parts]
        below += [child.path for child in node_plan.node.children if child.path in plan.nodes]
        looks_at[path] = below
    for asker, owner, _ in plan.referenced:
        looks_at.setdefault(asker, []).append(owner)
    grown = True
    while grown:
        grown = False
        for path, others in looks_at.items():
            mine = found.get(path, {})
            more = {name: None for other in others for name in found.get(other, {}) if name not in mine}
            if more:
                found[path] = {**mine, **more}
                grown = True
    return {path: tuple(rests) for path, rests in found.items()}
