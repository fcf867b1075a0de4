"""What is missing of one car, and matters: facts that could still change something."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from carindex.dossier import Fact
from carindex.rating.evaluation import Evaluation
from carindex.rating.plan import NodePlan, Plan
from carindex.vocabulary import GIVEN


def _settled(evaluation: Evaluation) -> frozenset[str]:
    """Return the tests that reports state, and the nodes below them, whose score nothing that is missing can change."""
    same = evaluation.low[:, 0] == evaluation.high[:, 0]
    nodes = evaluation.plan.nodes
    tests = {path for path, node_plan in nodes.items() if node_plan.node.reported}
    return frozenset(
        path for path, node_plan in nodes.items() if same[node_plan.value] and not tests.isdisjoint(way(path))
    )


def unknown_facts(
    evaluation: Evaluation, known: Mapping[str, Fact], assumed: Mapping[str, float]
) -> list[int]:
    """Return the facts that are missing and matter.

    Some node asks for them that is neither settled nor assumed, nor below one that is. What a rule would read that is
    not known matters to nothing yet, nor does anything below such a rule.
    """
    plan, settled = evaluation.plan, _settled(evaluation)
    asked: set[int] = set()
    left_out = {path for path, node_plan in plan.nodes.items() if _applies_not(node_plan, evaluation)}
    for path, node_plan in plan.nodes.items():
        if plan.below_open(path) or not left_out.isdisjoint(way(path)[:-1]):
            continue
        if path in left_out:  # what could still make it apply, and nothing that it would be scored by
            asked.update(set(node_plan.facts) - set(node_plan.rule_facts))
            continue
        if settled.isdisjoint(way(path)) and not any(within(path, top) for top in assumed):
            only_read = _only_read(node_plan)
            asked.update(set(node_plan.facts) - only_read if only_read else node_plan.facts)
    below: dict[str, list[str]] = {owner: [] for _, owner, _ in plan.referenced}
    for path in plan.nodes:
        for one in way(path):
            if one in below:
                below[one].append(path)
    # a condition elsewhere looks at these: a score that is stated for a node above does not answer it
    for asker, owner, instead in plan.referenced:
        if instead in known or any(within(asker, top) and asker != top for top in assumed):
            continue
        if not settled.isdisjoint(way(asker)):
            continue
        tops = [top for top in assumed if within(top, owner)]
        for path in below[owner]:
            if any(within(path, top) for top in tops):
                continue
            if settled.isdisjoint(one for one in way(path) if within(one, owner)):
                asked.update(plan.nodes[path].facts)
    optional = {
        f"{GIVEN}{path}" for path, node_plan in plan.nodes.items() if node_plan.node.spec.open is not True
    }
    optional |= _worked_out(evaluation)
    places = _settled_places(evaluation)
    return [
        i
        for i, name in enumerate(plan.facts)
        if i in asked
        and i not in plan.idle
        and name not in known
        and name not in optional
        and (i not in plan.asked_if or plan.facts[plan.asked_if[i]] in known)
        and (i not in plan.asked_unless or plan.facts[plan.asked_unless[i]] not in known)
        and name.rpartition("/")[0] not in places
    ]


def _applies_not(node_plan: NodePlan, evaluation: Evaluation) -> bool:
    """Whether what is known of the car rules a node out."""
    ruled = node_plan.applies is not None and node_plan.node.spec.applies_when is not None
    return ruled and node_plan.node.spec.criterion is None and evaluation.high[node_plan.applies, 0] == 0.0


def _only_read(node_plan: NodePlan) -> set[int]:
    """Return the facts that a rule which is not known would read."""
    return set(node_plan.facts) - set(node_plan.rule_facts) if node_plan.node.spec.reads else set()


def _settled_places(evaluation: Evaluation) -> set[str]:
    """Return the places (cells, impact points) of which nothing is missing that could change what is lost there.

    Places of matrices are left aside: what is missing there is told by `Plan.asked_if`.
    """
    plan = evaluation.plan
    found: dict[str, bool] = {}
    for node_plan in plan.nodes.values():
        for detail in node_plan.details:
            facts = () if detail.place is None else detail.place.facts
            same = bool(evaluation.low[detail.slot, 0] == evaluation.high[detail.slot, 0])
            for fact in facts:
                if fact not in plan.asked_if and fact not in plan.asked_unless:
                    name = plan.facts[fact].rpartition("/")[0]
                    found[name] = found.get(name, True) and same
    return {name for name, settled in found.items() if settled}


def _worked_out(evaluation: Evaluation) -> set[str]:
    """Return the facts in whose stead nodes are looked at whose scores are all known."""
    plan = evaluation.plan
    instead: dict[str, bool] = {}
    for _, owner, fact in plan.referenced:
        if fact is not None:
            slot = plan.nodes[owner].value
            same = bool(evaluation.low[slot, 0] == evaluation.high[slot, 0])
            instead[fact] = instead.get(fact, True) and same
    return {fact for fact, known in instead.items() if known}


@lru_cache(maxsize=1 << 14)
def way(path: str) -> tuple[str, ...]:
    """Return a node and all nodes above it."""
    parts = path.split("/") if path else []
    return ("", *("/".join(parts[: i + 1]) for i in range(len(parts))))


def within(path: str, top: str) -> bool:
    """Whether a node is another one, or below it."""
    return path == top or path.startswith(f"{top}/") or not top


def missing_below(plan: Plan, unknown: frozenset[int]) -> dict[str, tuple[str, ...]]:
    """Return the missing facts that each node, or anything below it, asks for."""
    found: dict[str, dict[int, None]] = {}

    def of(path: str) -> dict[int, None]:
        if path not in found:
            node_plan = plan.nodes[path]
            mine = dict.fromkeys(i for i in node_plan.facts if i in unknown)
            found[path] = mine
            for part in dict.fromkeys((*(p for p, _, _ in node_plan.parts), *_below(plan, node_plan))):
                mine.update(of(part))
        return found[path]

    return {path: tuple(plan.facts[i] for i in of(path)) for path in plan.nodes}


def _below(plan: Plan, node_plan: NodePlan) -> tuple[str, ...]:
    """Return the nodes below a node in the tree, whether or not its score is put together from them."""
    if node_plan.node.spec.row is not None:
        return ()
    return tuple(child.path for child in (*node_plan.node.children, *node_plan.node.watched))
