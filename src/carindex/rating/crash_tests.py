"""Compile tests, dummies and body regions of crash tests: from per cent of a region to the points of a test.

A region has the worst (or mean, or last reached) per cent of its criteria, less its modifiers and its inspection, times
its greatest score; a dummy the sum of its regions, or nothing where it is capped; a test the sum of its dummies less
its inspection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from carindex.rating import schema
from carindex.rating.asking import fact_name
from carindex.rating.impact_points import compile_band, compile_row
from carindex.rating.kinds.crash import PERCENT, SCHEME, exact, half_up, scheme
from carindex.rating.plan import AdjustStep, NodePlan
from carindex.rating.protocol import Node, Protocol

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler


class CriticalRegion(msgspec.Struct, frozen=True):
    """A body region that must have points: its path, the slot of its points, and of whether they count as assessed."""

    path: str
    points: int
    assessed: int | None


def region_facts(node: Node, shared: schema.CrashScheme) -> list[str]:
    """Return the names of the facts that the role of a node adds to those of its rule."""
    if node.spec.role == "region" and node.spec.inspection != "none":
        name = (shared.regions.inspection or "").format(region=node.key)
        return [fact_name(name, node)]
    if node.spec.role == "test":
        return [(shared.tests.inspection or "").format(sub_element=node.key)]
    return []


def compile_region(
    compiler: Compiler, node: Node
) -> tuple[Compiled, int, tuple[AdjustStep, ...], tuple[int, ...]]:
    """Compile a body region; returns what its rule became, its points, the steps to them, and further facts."""
    shared = scheme(compiler)
    rounds = shared.regions.round
    compiled, maximum = _percent(compiler, node)
    assessed = compiler.assessed.get(node.path)
    facts: list[int] = []
    steps: list[AdjustStep] = []
    greatest = half_up(exact(node.maximum), rounds["maximum"])

    def points(slot: int) -> int:
        if maximum is not None:
            return compiler.emit("product", [slot, maximum], factor=1.0 / PERCENT)
        return compiler.emit("linear", [slot], weights=(greatest / PERCENT,), constant=0.0)

    for case in node.spec.points_when:
        facts.extend(compiler.condition(case.when, node)[1])
    percent = compiled.slot
    now = first = points(percent)

    def step(adjustment: schema.Adjustment, after: int, *reads: int) -> None:
        nonlocal now
        steps.append(AdjustStep(adjustment, now, after, facts=reads))
        now = after

    if maximum is None and greatest != node.maximum:
        rounded = now
        now = first = compiler.emit("linear", [percent], weights=(node.maximum / PERCENT,), constant=0.0)
        step(schema.Adjustment(round=schema.Rounding(decimals=rounds["maximum"])), rounded)
    if compiled.kind not in ("worst", "choose"):  # the others give whole per cent
        percent = compiler.rounded(percent, schema.Rounding(decimals=rounds["score"]))
        step(schema.Adjustment(round=schema.Rounding(decimals=rounds["score"])), points(percent))
    compiler.publish(f"{node.path}#percent", percent)
    taken: list[int] = []
    scored = percent
    for number, adjustment in enumerate(node.spec.adjust):
        if adjustment.deduct is None:
            continue
        _, amount, used = compiler.leaf(adjustment.deduct, node, 0.0)
        facts.extend(used)
        if shared.blank == "nothing":
            amount = compiler.emit("choose", [compiler.known(used[0]), compiler.constant(0.0), amount])
        compiler.publish(f"{node.path}#modifier_{number}", amount)
        if not adjustment.ignored:
            taken.append(amount)
            scored = compiler.emit("linear", [scored, amount], weights=(1.0, -1.0), constant=0.0)
            step(adjustment, points(scored), *used)
    modifiers = compiler.emit("linear", taken, weights=(1.0,) * len(taken), constant=0.0) if taken else None
    if modifiers is not None:
        compiler.publish(f"{node.path}#modifiers", modifiers)
        scored = compiler.emit("clip", [scored], least=0.0, most=PERCENT)
        step(schema.Adjustment(at_least=0.0), points(scored))
    if node.spec.inspection != "none":
        name = (shared.regions.inspection or "").format(region=node.key)
        inspection = compiler.fact(name, node)
        facts.append(inspection)
        given = inspection
        if shared.blank == "nothing" and node.spec.row is not None:
            given = compiler.emit("choose", [compiler.known(inspection), compiler.constant(0.0), inspection])
        amount = compiler.rounded(given, schema.Rounding(decimals=rounds["inspection"]))
        left = compiler.emit("linear", [scored, amount], weights=(1.0, -1.0), constant=0.0)
        scored = compiler.emit("clip", [left], least=0.0, most=PERCENT)
        step(schema.Adjustment(label=shared.inspection_label), points(scored), inspection)
        if shared.blank == "nothing" and node.spec.row is None:
            assessed = compiler.assessed[node.path] = _has_score(compiler, node, compiler.known(inspection))
    if isinstance(node.spec.inspection, dict):
        scored = _with_shares(compiler, node, scored, percent, facts)
        step(schema.Adjustment(label=node.spec.label), points(scored))
    if assessed is not None and node.spec.rows is None:  # a region without inspection is left out
        scored = compiler.emit("product", [scored, assessed], factor=1.0)
        step(schema.Adjustment(label=shared.inspection_label), points(scored))
    final = compiler.rounded(points(scored), schema.Rounding(decimals=rounds["points"]))
    step(schema.Adjustment(round=schema.Rounding(decimals=rounds["points"])), final)
    if node.spec.critical:
        compiler.critical.append(CriticalRegion(node.path, final, assessed))
    return replace(compiled, slot=first), final, tuple(steps), tuple(dict.fromkeys(facts))


def _percent(compiler: Compiler, node: Node) -> tuple[Compiled, int | None]:
    """Return the per cent of a region before anything is taken off, and the slot of its greatest score if it varies."""
    from carindex.rating.compile import Compiled

    spec = node.spec
    if spec.rows is not None:
        compiled, greatest, compiler.assessed[node.path] = compile_band(compiler, node)
        return compiled, greatest
    if spec.row is not None:
        return compile_row(compiler, node), None
    if spec.choose is not None:
        kind, slot, used = compiler.leaf(spec, node, PERCENT)
        if scheme(compiler).blank == "nothing":
            known = compiler.known(compiler.fact(_looked_up(spec), node))
            slot = compiler.emit("product", [slot, known], factor=1.0)
        return Compiled(kind, slot, facts=used), _greatest(compiler, node)
    if spec.ladder:
        return compiler.by_kind(node), None
    plans = [compiler.node(child.path, node) for child in node.children]
    if spec.combine == "weighted":  # the part of the geometry; the rest is added after the inspection
        geometry = plans[0]
        return Compiled("ladder", geometry.combined, facts=geometry.facts), _greatest(compiler, node)
    _coupled_colours(compiler, plans)
    scale = node.maximum / PERCENT
    if spec.combine == "mean":
        counted = [plan for plan in plans if plan.node.spec.criterion and plan.node.spec.criterion.limits]
        share = 1.0 / len(counted)
        slots = [plan.value for plan in counted]
        out = compiler.emit("linear", slots, weights=(share,) * len(slots), constant=0.0)
        parts = tuple((plan.node.path, plan.value, share * scale) for plan in counted)
        return Compiled("mean", out, parts), None
    if spec.every_occupant:
        # the calculator passes over missing values, but each occupant must have some
        plans = [replace(plan, applies=compiler.known(plan.facts[0])) for plan in plans]
    out = compiler.worst_that_applies(plans, [plan.value for plan in plans], default=0.0)
    if spec.every_occupant:
        for occupant in dict.fromkeys(plan.node.occupant for plan in plans):
            mine = [compiler.known(plan.facts[0]) for plan in plans if plan.node.occupant == occupant]
            out = compiler.emit("product", [out, compiler.emit("maximum", mine)], factor=1.0)
    parts = tuple((plan.node.path, plan.value, scale) for plan in plans)
    return Compiled("worst", out, parts), None


def _has_score(compiler: Compiler, node: Node, inspected: int) -> int:
    """Return the slot that is 1 where an inspected region has a score although empty cells count for nothing.

    One that looks up a word has none without it, unless a criterion that is printed beside it is empty too and so
    scores nothing; one of words near each other needs one of them.
    """
    some: list[int] = []
    if node.spec.choose is not None:
        some.append(compiler.known(compiler.fact(_looked_up(node.spec), node)))
        above = compiler.protocol.nodes[node.path.rsplit("/", 1)[0]]
        for other in above.watched:
            rule, printed = other.spec.criterion, (other.spec.printed or {}).get("region")
            if rule is not None and printed == node.label["en"] and not rule.shown_only:
                known = compiler.known(compiler.fact(rule.fact, other))
                some.append(compiler.emit("linear", [known], weights=(-1.0,), constant=1.0))
    some.extend(
        compiler.known(compiler.fact(child.spec.near.fact, child))
        for child in node.children
        if child.spec.near is not None
    )
    return compiler.emit("minimum", [inspected, compiler.emit("maximum", some)]) if some else inspected


def _looked_up(spec: schema.Node) -> str:
    """Return the fact that all cases of a choice look up."""
    while spec.choose is not None:
        spec = next(iter(spec.choose.cases.values()))
    assert spec.lookup is not None
    return spec.lookup.fact


def _coupled_colours(compiler: Compiler, plans: list[NodePlan]) -> None:
    """Criteria that cap only together are red only together."""
    for plan in plans:
        rule = plan.node.spec.criterion
        if rule is not None and rule.cap_with is not None:
            other = f"{plan.node.path.rsplit('/', 1)[0]}/{rule.cap_with}"
            both = compiler.emit("minimum", [compiler.caps[plan.node.path], compiler.caps[other]])
            worst = float(len(scheme(compiler).colours.names) - 1)
            red = compiler.emit("linear", [both], weights=(worst,), constant=0.0)
            compiler.publish(f"{plan.node.path}#colour", red)


def _greatest(compiler: Compiler, node: Node) -> int | None:
    """Return the slot of the greatest score where conditions change it."""
    if not node.spec.points_when:
        return None
    slot = compiler.constant(node.spec.points or 0.0)
    for case in node.spec.points_when:
        when, _ = compiler.condition(case.when, node)
        slot = compiler.emit("choose", [when, slot, compiler.constant(case.points)])
    compiler.publish(f"{node.path}#maximum", slot)
    return slot


def _with_shares(compiler: Compiler, node: Node, left: int, percent: int, facts: list[int]) -> int:
    """Return a region of which a part is inspected and another is passed or failed, if the first has points."""
    weights = node.spec.weights or {}
    first, second = node.children
    plan = compiler.node(second.path, node)
    facts.extend(plan.facts)
    scored = compiler.emit("compare", [percent], least=1e-9, most=float("inf"), divisor=1.0)
    if scheme(compiler).blank == "nothing":
        scored = compiler.emit("minimum", [scored, compiler.known(plan.facts[0])])
    passed = compiler.emit("product", [plan.combined, scored], factor=weights[second.key])
    return compiler.emit("linear", [left, passed], weights=(weights[first.key], 1.0), constant=0.0)


def role_steps(
    compiler: Compiler, node: Node, slot: int
) -> tuple[int, tuple[AdjustStep, ...], tuple[int, ...]]:
    """Return what the role of a dummy or a test does to the sum of its parts: inspection and rounding."""
    shared = scheme(compiler)
    if node.spec.role == "occupant":
        out = compiler.rounded(slot, schema.Rounding(decimals=shared.occupants.round["points"]))
        rounding = schema.Adjustment(round=schema.Rounding(decimals=shared.occupants.round["points"]))
        _publish_maximum(compiler, node)
        return out, (AdjustStep(rounding, slot, out),), ()
    name = (shared.tests.inspection or "").format(sub_element=node.key)
    fact = compiler.fact(name, node)
    amount = fact
    if shared.blank == "nothing":
        amount = compiler.emit("choose", [compiler.known(fact), compiler.constant(0.0), fact])
    share = compiler.emit("product", [amount, _assessed_maximum(compiler, node)], factor=1.0 / PERCENT)
    left = compiler.emit("linear", [slot, share], weights=(1.0, -1.0), constant=0.0)
    left = compiler.emit("clip", [left], least=0.0, most=node.maximum)
    out = compiler.rounded(left, schema.Rounding(decimals=shared.tests.round["points"]))
    steps = (
        AdjustStep(schema.Adjustment(label=shared.inspection_label), slot, left, facts=(fact,)),
        AdjustStep(
            schema.Adjustment(round=schema.Rounding(decimals=shared.tests.round["points"])), left, out
        ),
    )
    return out, steps, (fact,)


def _assessed_maximum(compiler: Compiler, node: Node) -> int:
    """Return the greatest score of a test: of its dummies, without those that are not assessed at all."""
    decimals = scheme(compiler).occupants.round["maximum"]
    fixed, slots = 0.0, []
    for occupant in (below for below in node.walk() if below.spec.role == "occupant"):
        greatest = compiler.named.get(f"{occupant.path}#maximum")
        flags = [compiler.assessed.get(region.path) for region in occupant.children]
        known = [flag for flag in flags if flag is not None]
        whole = half_up(exact(occupant.maximum), decimals)
        if greatest is None and len(known) < len(flags):
            fixed += whole
            continue
        most = compiler.constant(whole)
        if greatest is not None:
            most = compiler.rounded(greatest, schema.Rounding(decimals=decimals))
        if len(known) == len(flags):
            most = compiler.emit("product", [most, compiler.emit("maximum", known)], factor=1.0)
        slots.append(most)
    return (
        compiler.emit("linear", slots, weights=(1.0,) * len(slots), constant=fixed)
        if slots
        else (compiler.constant(fixed))
    )


def _publish_maximum(compiler: Compiler, node: Node) -> None:
    slot = _greatest(compiler, node)
    if slot is None:
        maxima = [compiler.named.get(f"{child.path}#maximum") for child in node.children]
        if node.spec.points is None and all(one is not None for one in maxima):
            slots = [one for one in maxima if one is not None]
            total = compiler.emit("linear", slots, weights=(1.0,) * len(slots), constant=0.0)
            compiler.publish(f"{node.path}#maximum", total)


def capping_criteria(protocol: Protocol, condition: schema.Condition, node: Node) -> list[Node]:
    """Return the criteria that a condition on capping looks at: below the node itself, or below those it names."""
    paths = [node.path] if condition.capped == "any" else [_full(one, node) for one in condition.capped or ()]
    below = [other for path in paths for other in protocol.nodes[path].walk()]
    return [
        other for other in below if other.spec.criterion is not None and other.spec.criterion.cap is not None
    ]


def capped(compiler: Compiler, condition: schema.Condition, node: Node) -> tuple[int, tuple[int, ...]]:
    """Return the slot that is 1 where one of the criteria of a condition is at its capping limit, and their facts."""
    slots: list[int] = []
    facts: list[int] = []
    coupled: dict[frozenset[str], list[int]] = {}
    for other in capping_criteria(compiler.protocol, condition, node):
        facts.extend(compiler.node(other.path, node).rule_facts)
        slot = compiler.caps[other.path]
        rule = other.spec.criterion
        if rule is None or rule.cap_with is None:
            slots.append(slot)
        else:
            region = other.path.rsplit("/", 1)[0]
            pair = frozenset((other.path, f"{region}/{rule.cap_with}"))
            coupled.setdefault(pair, []).append(slot)
    slots.extend(compiler.emit("minimum", pair) for pair in coupled.values())
    found = compiler.emit("maximum", slots) if slots else compiler.constant(0.0)
    return found, tuple(dict.fromkeys(facts))


def _full(path: str, node: Node) -> str:
    """Return a path that a stage's file writes without its own stage."""
    stage = node.path.split("/")[0]
    return path if path.startswith(f"{stage}/") else f"{stage}/{path}"


def without_points(compiler: Compiler, path: str, node: Node) -> int:
    """Return the slot that is 1 where a critical body region below a node has no points."""
    compiler.node(path, node)
    counted = _filled_regions(compiler, path)
    slots = []
    for region in compiler.critical:
        if region.path.startswith(f"{path}/"):
            points = counted.get(region.path, region.points)
            zero = compiler.emit("compare", [points], least=float("-inf"), most=0.0, divisor=1.0)
            if region.assessed is not None and region.path not in counted:
                zero = compiler.emit("minimum", [zero, region.assessed])
            slots.append(zero)
    found = compiler.emit("maximum", slots) if slots else compiler.constant(0.0)
    compiler.publish(f"{path}#critical_region_without_points", found)
    return found


def _filled_regions(compiler: Compiler, path: str) -> dict[str, int]:
    """Return what each body region counts for the cap where a programme's calculator fills gaps.

    One that is left out has the points of the region above it in the list of all regions; the first has some.
    """
    if scheme(compiler).blank != "nothing":
        return {}
    found: dict[str, int] = {}
    above = compiler.constant(1.0)
    for region in (below for below in compiler.protocol.nodes[path].walk() if below.spec.role == "region"):
        points = compiler.node(region.path).value
        assessed = compiler.assessed.get(region.path)
        above = points if assessed is None else compiler.emit("choose", [assessed, above, points])
        found[region.path] = above
    return found


__all__ = [
    "SCHEME",
    "CriticalRegion",
    "capped",
    "capping_criteria",
    "compile_region",
    "region_facts",
    "role_steps",
    "scheme",
    "without_points",
]
