"""What a protocol asks of which measurement: its items, each with rule, limits, points, share and verification.

An item is a fact without the cell of a check list: test, seat, dummy, quantity. Scenarios, grids and check lists, which
ask for many cells of one test, are one item, the whole test. Points that only a report can state, because the rule is
not known, are items too; where their node names no test they have a name of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from carindex.rating import NodePlan, Plan, schema
from carindex.rating.asking import fact_name
from carindex.rating.stakes import Stake, stakes
from carindex.rating.themes import theme_of
from carindex.units import ratio
from carindex.vocabulary import CAR, GIVEN, FactName, vocabulary


class Item(msgspec.Struct, frozen=True, order=True):
    """What is asked for: a quantity of an occupant in a test; a whole test; or points that only a report states.

    ``quantity`` is ``None`` for a whole test. ``own``: key of the node, where there is no test.
    """

    test: str | None = None
    seat: str | None = None
    dummy: str | None = None
    quantity: str | None = None
    own: str | None = None
    cell: str | None = None

    @property
    def fact(self) -> FactName | None:
        """The fact that the item is, ``None`` for whole tests and points."""
        if self.test is None or self.quantity is None:
            return None
        return FactName(self.test, self.quantity, self.seat, self.dummy, self.cell)


class Limits(msgspec.Struct, frozen=True):
    """Between what values a rule gives all and nothing; ``cap``: from where a criterion takes more than its own points.

    In ``unit``; ``best`` and ``worst`` are the same where there is one line, ``None`` where the rule is of another
    kind.
    """

    best: float | None = None
    worst: float | None = None
    cap: float | None = None
    unit: str = "1"

    def within(self, unit: str) -> Limits:
        """Return the same in another unit."""
        factor = ratio(self.unit, unit) if unit != self.unit else 1.0
        if factor != factor:
            return self
        best, worst, cap = (
            None if one is None else one * factor for one in (self.best, self.worst, self.cap)
        )
        return Limits(best, worst, cap, unit)


class Use(msgspec.Struct, frozen=True):
    """How a protocol uses an item, at one node.

    Attributes
    ----------
    path
        The node.
    kind
        Kind of its rule, as in `carindex.report.rules.kind_of`; ``deduct`` for a modifier.
    limits
        As far as the rule has some.
    points
        Greatest points of the node (or modifier), or greatest loss where the programme counts losses.
    counts
        ``points``, ``risk`` or ``demerits``.
    share
        What it alone can cost the whole, 0 to 1; see `carindex.rating.stakes`. A modifier that takes part of its node's
        points has that part of the node's share.
    conditional
        Whether it counts only for some cars.
    verified, source
        Of the rule.
    """

    path: str
    kind: str
    limits: Limits
    points: float
    counts: str
    share: float | None
    conditional: bool
    verified: str
    source: str


def items_of(plan: Plan) -> Mapping[Item, tuple[Use, ...]]:
    """Return the items of a protocol in the order of its tree, with all nodes that use each."""
    found: dict[Item, dict[tuple[str, str], Use]] = {}
    caps = _caps(plan)
    for item, use in _uses(plan):
        if item in caps and use.limits.cap is None and use.kind != "deduct":
            cap = caps[item].within(use.limits.unit).cap
            use = msgspec.structs.replace(use, limits=msgspec.structs.replace(use.limits, cap=cap))
        found.setdefault(item, {}).setdefault((use.path, use.kind), use)
    return {item: tuple(uses.values()) for item, uses in found.items()}


def _caps(plan: Plan) -> Mapping[Item, Limits]:
    """Return from where on a value takes all points of a node above its own rule, as adjustments say."""
    found: dict[Item, Limits] = {}
    for node_plan in plan.nodes.values():
        for adjustment in node_plan.node.spec.adjust:
            if adjustment.set_to != 0 or adjustment.when is None:
                continue
            for condition in _alternatives(adjustment.when):
                line = condition.at_least if condition.at_least is not None else condition.above
                if condition.fact is None or condition.node is not None or line is None:
                    continue
                name = fact_name(condition.fact, node_plan.node)
                item = item_of(name)
                if item is None or item.quantity is None:
                    continue
                quantity = vocabulary().quantities[item.quantity]
                if quantity.better == "lower":
                    found.setdefault(item, Limits(cap=line, unit=condition.unit or quantity.unit))
    return found


def _alternatives(condition: schema.Condition) -> Iterator[schema.Condition]:
    """Yield the conditions of which one alone is enough."""
    if condition.any is None:
        yield condition
    for one in condition.any or ():
        yield from _alternatives(one)


def item_of(name: str) -> Item | None:
    """Return the item that a fact belongs to, ``None`` for facts of the car as a whole and stated scores."""
    if name.startswith(GIVEN):
        return None
    parsed = FactName.parse(name)
    if parsed.test == CAR:
        return None
    if parsed.seat is not None and parsed.cell is not None:  # a prediction belongs to what is predicted
        return Item(parsed.test, parsed.seat, parsed.dummy, parsed.cell)
    if parsed.seat is None and vocabulary().tests[parsed.test].kind in _CHECKED:
        return Item(parsed.test)
    return Item(parsed.test, parsed.seat, parsed.dummy, parsed.quantity, cell=parsed.cell)


_CHECKED = ("inspection", "avoidance", "pedestrian")
"""Kinds of tests that ask for many cells, which together are one item."""


def _uses(plan: Plan) -> Iterator[tuple[Item, Use]]:
    below = _tests_below(plan)
    weights = stakes(plan)
    for path, node_plan in plan.nodes.items():
        for name in _rule_facts(plan, node_plan):
            item = item_of(name)
            if item is None:
                continue
            if item.quantity is None:
                top = _topmost(path, item.test, below)
                yield item, _use(plan, plan.nodes[top], None, weights)
            else:
                yield item, _use(plan, node_plan, name, weights)
        if _only_stated(node_plan):
            node = node_plan.node
            if node.test is not None:
                yield Item(node.test, node.occupant, node.dummy), _use(plan, node_plan, None, weights)
            else:
                yield (
                    Item(own=f"{theme_of(plan.protocol, path)}/{node.key}"),
                    _use(plan, node_plan, None, weights),
                )
        yield from _modifiers(node_plan, weights)


def _rule_facts(plan: Plan, node_plan: NodePlan) -> Iterable[str]:
    spec = node_plan.node.spec
    slots = node_plan.facts if spec.reads else node_plan.rule_facts
    names = [plan.facts[slot] for slot in slots]
    if spec.choose is not None and len(names) > 1:  # the word that chooses is no measurement
        names = names[1:]
    return names


def _only_stated(node_plan: NodePlan) -> bool:
    """Whether nothing but a report tells the points of a node, and no rule is known here or below."""
    return node_plan.node.spec.open is True and not node_plan.node.spec.reads and not node_plan.node.children


def _modifiers(node_plan: NodePlan, weights: Mapping[str, Stake]) -> Iterator[tuple[Item, Use]]:
    node = node_plan.node
    for adjustment in node.spec.adjust:
        rule = adjustment.deduct
        name = _read(rule)
        if rule is None or name is None:
            continue
        full = fact_name(name, node)
        item = item_of(full)
        if item is None or item.quantity is None or item.quantity in _JUDGED_ALONE:
            continue
        most = _greatest(rule)
        if (
            most is not None and node.spec.role == "region"
        ):  # regions count in per cent before they are points
            most *= node.maximum / 100
        stake = weights[node.path]
        share = None
        if stake.share is not None and most is not None and node.maximum:
            share = min(1.0, most / node.maximum) * stake.share
        yield (
            item,
            Use(
                node.path,
                "deduct",
                _limits(rule, full),
                most if most is not None else 0.0,
                node.counts,
                share,
                stake.conditional,
                adjustment.verified or node.verified,
                adjustment.source or node.source,
            ),
        )


_JUDGED_ALONE = frozenset({"points_deducted"})
"""What a report takes off is no rule on a measurement."""


def _use(plan: Plan, node_plan: NodePlan, fact: str | None, weights: Mapping[str, Stake]) -> Use:
    node = node_plan.node
    stake = weights[node.path]
    return Use(
        node.path,
        kind_of(node.spec),
        Limits() if fact is None else _limits(_with_rule(node.spec, fact, node_plan), fact),
        _points(plan, node_plan),
        node.counts,
        stake.share,
        stake.conditional,
        "open" if node.spec.open else node.verified,
        node.source,
    )


def _points(plan: Plan, node_plan: NodePlan) -> float:
    """Return the greatest points of a node; of parts of which the worst counts, those of the whole."""
    above = plan.nodes.get(node_plan.node.path.rpartition("/")[0]) if node_plan.node.path else None
    if above is not None and (above.node.spec.role == "region" or above.node.spec.combine == "worst"):
        return _points(plan, above)
    return node_plan.node.maximum


def kind_of(spec: schema.Node) -> str:
    """Return the kind of rule of a node; for a combination how it combines, for a risk curve its form."""
    if spec.combine is not None:
        return f"combine_{spec.combine}"
    if spec.risk is not None:
        return f"risk_{spec.risk.form}"
    return next(
        (name for name in schema.RULES if getattr(spec, name)),
        "scenario" if spec.scenario is not None else "open",
    )


def _with_rule(spec: schema.Node, fact: str, node_plan: NodePlan) -> schema.Node:
    """Return the case of a choice that reads a fact, else the node itself."""
    if spec.choose is None:
        return spec
    for case in spec.choose.cases.values():
        name = _read(case)
        if name is not None and fact_name(name, node_plan.node) == fact:
            return case
    return spec


def _rules(spec: schema.Node) -> Sequence[schema.FactRule]:
    rules = (spec.scale, spec.curve, spec.bands, spec.pass_fail, spec.given, spec.criterion, spec.risk)
    return [rule for rule in rules if rule is not None]


def _read(spec: schema.Node | None) -> str | None:
    if spec is None:
        return None
    return next((rule.fact for rule in _rules(spec)), spec.lookup.fact if spec.lookup is not None else None)


def _greatest(spec: schema.Node) -> float | None:
    """Return the most that a deduction takes, ``None`` where the file does not say."""
    if spec.bands is not None:
        return max(spec.bands.values)
    if spec.curve is not None:
        return max(y for _, y in spec.curve.through)
    if spec.lookup is not None:
        return max(spec.lookup.points.values())
    for rule in (spec.scale, spec.pass_fail):
        if rule is not None and rule.points is not None:
            return rule.points
    return spec.points


def _limits(spec: schema.Node, fact: str) -> Limits:
    """Return where a rule on a fact begins and ends to give points."""
    quantity = vocabulary().quantities[FactName.parse(fact).quantity]
    rule = next(iter(_rules(spec)), None)
    unit = (rule.unit if rule is not None else None) or quantity.unit
    if spec.scale is not None:
        return Limits(*spec.scale.limits, unit=unit)
    if spec.criterion is not None:
        limits = spec.criterion.limits or (spec.criterion.gate, spec.criterion.gate)
        return Limits(*limits, cap=spec.criterion.cap, unit=unit)
    if spec.curve is not None:
        return _of_line(
            [x for x, _ in spec.curve.through], [y for _, y in spec.curve.through], quantity.better, unit
        )
    if spec.bands is not None:
        best_first = _better_first(spec.bands.limits, quantity.better, spec.bands.values)
        return Limits(best_first[0], best_first[-1], unit=unit)
    if spec.pass_fail is not None:
        line = next(
            (
                getattr(spec.pass_fail, key)
                for key in ("below", "at_most", "at_least", "above")
                if getattr(spec.pass_fail, key) is not None
            ),
            None,
        )
        return Limits(line, line, unit=unit)
    return Limits(unit=unit)


def _of_line(xs: list[float], ys: list[float], better: str, unit: str) -> Limits:
    """Return the corners of a piecewise linear rule beyond which it is level, the better end first."""
    first = next((i for i in range(1, len(ys)) if ys[i] != ys[0]), 1) - 1
    last = next((i for i in range(len(ys) - 2, -1, -1) if ys[i] != ys[-1]), len(ys) - 2) + 1
    ends = _better_first([xs[first], xs[last]], better, [ys[first], ys[last]])
    return Limits(ends[0], ends[-1], unit=unit)


def _better_first(limits: list[float], better: str, values: list[float]) -> list[float]:
    """Return limits from the better to the worse end: as the quantity says, else as the points do."""
    descending = better == "higher" or (better == "none" and values[-1] > values[0])
    return sorted(limits, reverse=descending)


def _tests_below(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Return the tests whose facts each node, or anything below it, asks for."""
    kinds = {name: test.kind for name, test in vocabulary().tests.items()}
    found: dict[str, set[str]] = {path: set() for path in plan.nodes}
    for path, node_plan in plan.nodes.items():
        own = {
            item.test
            for slot in node_plan.facts
            if (item := item_of(plan.facts[slot])) is not None and item.test
        }
        # an inspection beside a test makes it no other one
        own = {test for test in own if kinds[test] != "inspection"} or own
        parts = path.split("/") if path else []
        for end in range(len(parts) + 1):
            above = "/".join(parts[:end])
            if above in found:
                found[above].update(own)
    return {path: frozenset(tests) for path, tests in found.items()}


def _topmost(path: str, test: str | None, below: Mapping[str, frozenset[str]]) -> str:
    """Return the topmost node on the way to a node that asks for nothing but one test."""
    parts = path.split("/") if path else []
    for end in range(1, len(parts) + 1):
        above = "/".join(parts[:end])
        if test is not None and below.get(above) == frozenset({test}):
            return above
    return path
