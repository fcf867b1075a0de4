"""What changes from one edition of a programme to another one, as an expert lists it.

Tests and parts that are new, gone, moved or renamed; dummies, seats and tests that are others; points, weights, limits,
capping, modifiers, conditions; lines between stars, minima and vetoes. Nodes are matched by what they measure
(`carindex.alignment.matching`), so what was only moved is said once. Differences of wording, sources and verification
are not changes of rules; `carindex.rating.difference` lists those as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from carindex.alignment.items import Item, Limits, caps_of, item_of, limits_of, measured, points_of
from carindex.alignment.matching import Matching, match
from carindex.rating import NodePlan, Plan, schema
from carindex.rating.stakes import stakes

Kind = Literal[
    "new",
    "removed",
    "moved",
    "renamed",
    "test",
    "occupant",
    "dummy",
    "quantity",
    "points",
    "weight",
    "limits",
    "rule",
    "combination",
    "condition",
    "modifier_new",
    "modifier_removed",
    "modifier",
    "star_line",
    "star_minimum",
    "star_cap_new",
    "star_cap_removed",
    "star_balance",
    "outcomes",
    "table",
]

_CONTEXT: tuple[Literal["test", "occupant", "dummy"], ...] = ("test", "occupant", "dummy")

_NOTICED = 0.0005
"""Shares that differ by less are the same."""

Caps = tuple[Mapping[Item, Limits], Mapping[Item, Limits]]

_WORDS = ("source", "verified", "note", "label", "printed", "calculator", "across")


class Change(msgspec.Struct, frozen=True):
    """One change.

    Attributes
    ----------
    kind
        What it is about.
    box
        Path of the topmost part that it stands in: of the second protocol, of the first where it is gone from there;
        empty for the whole.
    path_before, path_after
        The node in each protocol, ``None`` where it is in one only.
    before, after
        What each says: a number, a word, limits, a rule or a condition as the file has it; ``None``: nothing.
    of
        What of the node it is: an outcome, the node of a minimum, the label of a modifier or veto.
    """

    kind: Kind
    box: str
    path_before: str | None
    path_after: str | None
    before: Any = None
    after: Any = None
    of: Any = None


class Changes(msgspec.Struct, frozen=True):
    """All changes from one protocol to another one, box by box."""

    first: Plan
    second: Plan
    changes: tuple[Change, ...]


def changes(first: Plan, second: Plan) -> Changes:
    """Return what changes from one protocol to another one.

    Parameters
    ----------
    first, second
        Compiled protocols; editions of one programme, a draft and what it extends, or any two.
    """
    matching = match(first, second)
    found = [
        *_stars_of_scales(first, second, matching),
        *_of_nodes(first, second, matching),
        *_gone(first, second, matching),
        *_tables(first, second),
    ]
    boxes = {path: i for i, path in enumerate(dict.fromkeys(("", *_boxes(second), *_boxes(first))))}
    order = {path: i for i, path in enumerate((*second.nodes, *first.nodes))}
    found.sort(key=lambda one: (boxes.get(one.box, 0), order.get(one.path_after or one.path_before or "", 0)))
    return Changes(first, second, tuple(found))


def _boxes(plan: Plan) -> Iterator[str]:
    yield from dict.fromkeys(path.split("/", 1)[0] for path in plan.nodes if path)


def _box(path: str) -> str:
    return path.split("/", 1)[0]


def _parent(path: str) -> str | None:
    return path.rpartition("/")[0] if path else None


# -- what is new, gone, moved --------------------------------------------------------------------------------


def _gone(first: Plan, second: Plan, matching: Matching) -> Iterator[Change]:
    weights = {plan.protocol.id: stakes(plan) for plan in (first, second)}
    for plan, known, kind in ((first, matching.after, "removed"), (second, matching.before, "new")):
        kept_above = {above for path in known for above in _way(path)}
        share = weights[plan.protocol.id]
        for path in plan.nodes:
            above = _parent(path)
            if path in known or path in kept_above or _alone(above, known, kept_above):
                continue
            if kind == "removed" and above and second.nodes[known.get(above, "")].node.spec.open:
                continue  # that its rule is not known is said of the node above
            worth = (points_of(plan, plan.nodes[path]), share[path].share)
            if kind == "removed":
                yield Change("removed", _box_of_gone(path, matching), path, None, worth, None)
            else:
                yield Change("new", _box(path), None, path, None, worth)


def _alone(above: str | None, known: Mapping[str, str], kept_above: set[str]) -> bool:
    """Whether the node above is itself new or gone with all that it has."""
    return above is not None and above not in known and above not in kept_above


def _box_of_gone(path: str, matching: Matching) -> str:
    for above in reversed([*_way(path), path]):
        if above and above in matching.after:
            return _box(matching.after[above])
    return _box(path)


def _way(path: str) -> list[str]:
    parts = path.split("/") if path else []
    return ["/".join(parts[:end]) for end in range(len(parts))]


# -- nodes that both have ------------------------------------------------------------------------------------


def _of_nodes(first: Plan, second: Plan, matching: Matching) -> Iterator[Change]:
    before_weights, after_weights = stakes(first), stakes(second)
    caps = caps_of(first), caps_of(second)
    for path, other in matching.after.items():
        if path not in first.nodes or other not in second.nodes:
            continue
        mine, its = first.nodes[path], second.nodes[other]

        change = partial(_change, path, other)
        above, other_above = _parent(path), _parent(other)
        if path != other and _moved(path, other, matching):
            yield change("moved", above, other_above)
        elif measured(mine.node) is None and mine.node.label["en"] != its.node.label["en"]:
            yield change("renamed", mine.node.label, its.node.label)
        parents = (first.nodes.get(above or ""), second.nodes.get(other_above or ""))
        for field in _CONTEXT:
            pair = _context(mine, its, field)
            one, its_own = parents
            inherited = one is not None and its_own is not None and _context(one, its_own, field) == pair
            if None not in pair and pair[0] != pair[1] and not inherited:
                yield change(field, *pair)
        worth = _worth(first, mine), _worth(second, its)
        if path and worth[0] != worth[1] and None not in worth and mine.node.counts == its.node.counts:
            yield change("points", *worth)
        shares = before_weights[path].share, after_weights[other].share
        if path and "/" not in path and "/" not in other and _differ(*shares):
            yield change("weight", *shares)
        for kind, before, after, of in _rule_changes(mine, its, matching, caps):
            yield change(kind, before, after, of)


def _moved(path: str, other: str, matching: Matching) -> bool:
    """Whether a node stands in another part than before; regrouped within a part it has not moved."""
    for above in reversed(_way(path)):
        if above and above in matching.after:
            now = matching.after[above]
            return not (other == now or other.startswith(f"{now}/"))
    return "/" in path or "/" in other


def _worth(plan: Plan, node_plan: NodePlan) -> float | None:
    """Return the points of a node; ``None`` for a risk, and for parts whose points are those of the whole above."""
    node = node_plan.node
    if node.counts == "risk" or points_of(plan, node_plan) != node.maximum:
        return None
    above = plan.nodes.get(node.path.rpartition("/")[0]) if node.path else None
    if above is not None and (above.node.spec.combine == "worst" or above.node.spec.role == "region"):
        return None
    return node.maximum


def _change(path: str, other: str, kind: Kind, before: object, after: object, of: object = None) -> Change:
    return Change(kind, _box(other), path, other, before, after, of)


def _context(mine: NodePlan, its: NodePlan, field: str) -> tuple[str | None, str | None]:
    return getattr(mine.node, field), getattr(its.node, field)


def _differ(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is not second
    return abs(first - second) > _NOTICED


def _rule_changes(
    mine: NodePlan, its: NodePlan, matching: Matching, caps: Caps
) -> Iterator[tuple[Kind, object, object, object]]:
    one, other = mine.node.spec, its.node.spec
    if mine.node.children and its.node.children:
        combined = [
            (node.spec.combine, _renamed(node.spec.weights, matching, side), node.spec.best)
            for node, side in ((mine.node, True), (its.node, False))
        ]
        if combined[0] != combined[1]:
            yield "combination", one, other, None
    else:
        yield from _own_rule(mine, its, caps)
    conditions = [_bare(spec.applies_when, matching, side) for spec, side in ((one, True), (other, False))]
    if conditions[0] != conditions[1]:
        yield "condition", one.applies_when, other.applies_when, None
    yield from _modifiers(one, other, matching)
    spelled = [node.node.spec.stars for node in (mine, its)]
    if not all(isinstance(stars, str) for stars in spelled):
        outcomes = [None if node.outcome is None else node.outcome.spec for node in (mine, its)]
        yield from _star_changes(outcomes[0], outcomes[1], matching)


def _own_rule(mine: NodePlan, its: NodePlan, caps: Caps) -> Iterator[tuple[Kind, object, object, object]]:
    one, other = mine.node.spec, its.node.spec
    facts = [_read(spec) for spec in (one, other)]
    limits = [_limits(node, some) for node, some in zip((mine, its), caps, strict=True)]
    if None not in facts and facts[0] != facts[1]:
        yield "quantity", facts[0], facts[1], None
    if None not in limits and _other_limits(limits[0], limits[1]):  # type: ignore[arg-type]
        yield "limits", limits[0], limits[1], None
        return
    rules = [_rule(spec) for spec in (one, other)]
    if rules[0] != rules[1] and not (None not in facts and facts[0] != facts[1] and None not in limits):
        yield "rule", one, other, None


def _read(spec: schema.Node) -> str | None:
    for rule in (spec.scale, spec.curve, spec.bands, spec.pass_fail, spec.criterion, spec.risk, spec.given):
        if rule is not None:
            return rule.fact.rsplit("/", 1)[-1]
    return None


def _limits(node_plan: NodePlan, caps: Mapping[Item, Limits]) -> Limits | None:
    found, name = limits_of(node_plan.node), measured(node_plan.node)
    if found is None or name is None or found.best is None:
        return None
    item = item_of(name)
    if found.cap is None and item is not None and item in caps:
        return msgspec.structs.replace(found, cap=caps[item].within(found.unit).cap)
    return found


def _other_limits(first: Limits, second: Limits) -> bool:
    its = second.within(first.unit)
    return any(
        (one is None) != (other is None)
        or (one is not None and other is not None and abs(one - other) > 1e-9 * abs(one))
        for one, other in ((first.best, its.best), (first.worst, its.worst), (first.cap, its.cap))
    )


_NOT_THE_RULE = frozenset(
    {"children", "adjust", "stars", "points", "applies_when", "test", "occupant", "dummy", "injury", "counts", "file",
     "theme", "unstated", "role", "requires", "gates", "critical", "missing", "reads", "capping_only", "weights",
     "verification", "loadcase", "oddity", "inspection", "predicted", "note", "layers", "matrices", "layer", "rows"}
)  # fmt: skip


def _rule(spec: schema.Node) -> Any:  # noqa: ANN401 - plain data
    """Return the rule of a node as plain data, without words and without units of the same limits."""
    data = {key: value for key, value in _plain(spec).items() if key not in _NOT_THE_RULE}
    return _without_words(data)


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a structure as plain data with its defaults: what is left out must not depend on how it was made."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _without_words(value: Any) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, dict):
        return {
            key: _without_words(one) for key, one in value.items() if key not in _WORDS and one is not None
        }
    if isinstance(value, list | tuple):
        return [_without_words(one) for one in value]
    if isinstance(value, str) and value.count("/") > 1:  # a fact by its full name: what it measures counts
        return value.rsplit("/", 1)[-1]
    return value


def _renamed(table: Mapping[str, Any] | None, matching: Matching, side: bool) -> Any:  # noqa: ANN401
    """Return a table by node, the nodes of the first protocol by their keys in the second one."""
    if table is None:
        return None
    keys = {path.rsplit("/", 1)[-1]: other.rsplit("/", 1)[-1] for path, other in matching.after.items()}
    return {keys.get(name, name) if side else name: value for name, value in table.items()}


def _bare(condition: schema.Condition | None, matching: Matching, side: bool) -> Any:  # noqa: ANN401
    """Return a condition as plain data, its nodes by their paths in the second protocol."""
    if condition is None:
        return None

    def bare(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {
                key: matching.after.get(one, one) if side and key in ("node", "stars_of") else bare(one)
                for key, one in value.items()
                if one is not None
            }
        return [bare(one) for one in value] if isinstance(value, list) else value

    return _without_words(bare(_plain(condition)))


def _modifiers(
    one: schema.Node, other: schema.Node, matching: Matching
) -> Iterator[tuple[Kind, object, object, object]]:
    mine, its = ({_name(step): step for step in spec.adjust if not _is_floor(step)} for spec in (one, other))
    for name in dict.fromkeys((*mine, *its)):
        before, after = mine.get(name), its.get(name)
        label = (after or before).label if (after or before) is not None else None  # type: ignore[union-attr]
        if before is None:
            yield "modifier_new", None, after, label
        elif after is None:
            yield "modifier_removed", before, None, label
        elif _step(before, matching, True) != _step(after, matching, False):
            yield "modifier", before, after, label


def _is_floor(step: schema.Adjustment) -> bool:
    """Whether an adjustment only says that a score is never below nothing, or rounds it without more ado."""
    return step.at_least == 0 or (step.round is not None and step.label is None)


def _name(step: schema.Adjustment) -> str:
    """Return what tells an adjustment from the others of its node: what it deducts for, its label, or its kind."""
    if step.deduct is not None and _read(step.deduct) is not None:
        return f"deduct {_read(step.deduct)}"
    if step.label is not None:
        return step.label["en"]
    return next(
        (
            key
            for key in ("set_to", "at_most", "at_least", "multiply", "round")
            if getattr(step, key) is not None
        ),
        "",
    )


def _step(step: schema.Adjustment, matching: Matching, side: bool) -> Any:  # noqa: ANN401
    data = _without_words(_plain(step))
    if step.deduct is not None and step.deduct.given is not None:  # what is stated is taken off, however much
        data["deduct"].pop("points", None)
    if step.when is not None:
        data["when"] = _bare(step.when, matching, side)
    return data


# -- stars ---------------------------------------------------------------------------------------------------


def _stars_of_scales(first: Plan, second: Plan, matching: Matching) -> Iterator[Change]:
    """Yield changes of the scales that nodes name, once for each scale."""
    done: set[tuple[str, str]] = set()
    for path, other in matching.after.items():
        if path not in first.nodes or other not in second.nodes:
            continue
        names = first.nodes[path].node.spec.stars, second.nodes[other].node.spec.stars
        if not (isinstance(names[0], str) and isinstance(names[1], str)) or (names[0], names[1]) in done:
            continue
        done.add((names[0], names[1]))
        scales = first.protocol.scale(names[0]), second.protocol.scale(names[1])
        for kind, before, after, of in _star_changes(*scales, matching):
            yield Change(kind, _box(other), path, other, before, after, of)


def _star_changes(
    one: schema.Stars | None, other: schema.Stars | None, matching: Matching
) -> Iterator[tuple[Kind, object, object, object]]:
    if one is None or other is None:
        if one is not other:
            yield "outcomes", _outcomes(one), _outcomes(other), None
        return
    mine, its = _lines(one), _lines(other)
    names = [tuple(str(name) for name in _outcomes(stars) or ()) for stars in (one, other)]
    if names[0] != names[1]:
        yield "outcomes", _outcomes(one), _outcomes(other), None
    for name in dict.fromkeys((*mine, *its)):
        if mine.get(name) != its.get(name):
            yield "star_line", mine.get(name), its.get(name), name
    minima = [
        {
            (str(outcome), matching.after.get(node, node) if side else node): least
            for outcome, table in (stars.minima or {}).items()
            for node, least in table.items()
        }
        for stars, side in ((one, True), (other, False))
    ]
    for key in dict.fromkeys((*minima[0], *minima[1])):
        if minima[0].get(key) != minima[1].get(key):
            yield "star_minimum", minima[0].get(key), minima[1].get(key), key
    mapped = sorted(matching.after.get(node, node) for node in one.balance or ())
    if mapped != sorted(other.balance or ()):
        yield "star_balance", list(one.balance or ()), list(other.balance or ()), None
    yield from _caps(one, other, matching)


def _caps(
    one: schema.Stars, other: schema.Stars, matching: Matching
) -> Iterator[tuple[Kind, object, object, object]]:
    mine, its = (
        {repr((str(cap.to), cap.lower_by, _bare(cap.when, matching, side))): cap for cap in stars.caps}
        for stars, side in ((one, True), (other, False))
    )
    for key, cap in mine.items():
        if key not in its:
            yield "star_cap_removed", cap, None, cap.label
    for key, cap in its.items():
        if key not in mine:
            yield "star_cap_new", None, cap, cap.label


def _lines(stars: schema.Stars) -> Mapping[str, tuple[str, schema.Line]]:
    return {
        str(outcome): (key, line)
        for key in ("at_least", "above", "below", "at_most")
        for outcome, line in (getattr(stars, key) or {}).items()
    }


def _outcomes(stars: schema.Stars | None) -> tuple[object, ...] | None:
    if stars is None:
        return None
    if stars.grades:
        return tuple(stars.grades)
    return (*(name for name in _lines(stars)), *(() if stars.otherwise is None else (stars.otherwise,)))


def _tables(first: Plan, second: Plan) -> Iterator[Change]:
    """Yield tables of the head that both have and that differ, and those that one lacks."""
    mine, its = first.protocol.head.data, second.protocol.head.data
    for name in dict.fromkeys((*mine, *its)):
        if _without_words(mine.get(name)) != _without_words(its.get(name)):
            yield Change(
                "table", "", None, None, name if name in mine else None, name if name in its else None, name
            )
