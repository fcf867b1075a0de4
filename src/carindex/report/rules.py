"""The rules of a protocol in words and numbers, as an expert reads them beside the printed document.

Other nodes that a rule speaks of are named as the reader knows them, by their label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carindex.messages import Language, enumerated, statements
from carindex.rating import NodePlan, Plan, Protocol, schema
from carindex.report.labels import label
from carindex.report.wording import entry, in_language, limit_figure, unit_text
from carindex.vocabulary import vocabulary

Naming = Callable[[str], str]
"""The name of a node for people, by its path."""

_RISK_NUMBERS = (
    "intercept",
    "slope",
    "power",
    "log_above",
    "mean",
    "deviation",
    "location",
    "scale",
    "shape",
)


def kind_of(spec: schema.Node) -> str:
    """Return the kind of rule of a node; for a combination how it combines, for a risk curve its form."""
    if spec.combine is not None:
        return f"combine_{spec.combine}"
    if spec.risk is not None:
        return f"risk_{spec.risk.form}"
    return next(name for name in schema.RULES if getattr(spec, name))


def kind_name(kind: str, language: Language) -> str:
    """Return the name of a kind of rule."""
    return label(f"rule_{kind}", language)


def rule_lines(plan: Plan, node_plan: NodePlan, language: Language) -> list[str]:
    """Return a node's rule: its kind with limits and numbers, then its adjustments and its stars."""
    node = node_plan.node
    named = names_of(plan.protocol, language, node.path)
    lines = [rule_text(node.spec, language, named)]
    if node.spec.choose is not None:
        lines = [label("chosen_by", language, fact=_quantity(node.spec.choose.by, language))]
        for word, case in node.spec.choose.cases.items():
            lines.append(entry(word, rule_text(case, language, named), language))
    if node.spec.applies_when is not None:
        condition = condition_text(node.spec.applies_when, language, named)
        lines.append(label("applies_when", language, condition=condition))
    for gate in node.spec.gates:
        condition = condition_text(gate.when, language, named)
        lines.append(
            entry(in_language(gate.label, language), label("when", language, condition=condition), language)
        )
    lines.extend(adjustment_text(adjustment, language, named) for adjustment in node.spec.adjust)
    if isinstance(node.spec.stars, str):
        lines.append(label("outcome_by", language, scale=node.spec.stars))
    elif node.spec.stars is not None:
        lines.extend(outcome_lines(plan.protocol, node.spec.stars, language))
    return lines


def names_of(protocol: Protocol, language: Language, base: str = "") -> Naming:
    """Return how nodes of a protocol are called; a path is one of the whole tree, or one below ``base``."""

    def named(path: str) -> str:
        for full in (f"{base}/{path}".strip("/"), path):
            if full in protocol.nodes:
                return in_language(protocol.nodes[full].label, language)
        return path

    return named


def outcome_lines(protocol: Protocol, stars: str | schema.Stars, language: Language) -> Iterator[str]:
    """Yield the lines between stars or grades, and what else limits them."""
    spec = protocol.scale(stars)
    named = names_of(protocol, language)
    word = label("grade" if spec.grades else "stars", language)
    parts = []
    for key in ("at_least", "above", "below", "at_most"):
        for outcome, line in (getattr(spec, key) or {}).items():
            parts.append(f"{outcome} {_SIGNS[key]} {line_text(line, language)}")
    if spec.otherwise is not None:
        parts.append(label("otherwise", language, outcome=spec.otherwise))
    if spec.grades and not parts:  # the grade itself is what is given
        parts = [
            f"{grade} {in_language(spec.names[grade], language)}" if grade in spec.names else grade
            for grade in spec.grades
        ]
    if spec.divide_by is not None:
        parts.insert(0, label("divided_by", language, number=limit_figure(spec.divide_by)))
    if spec.per_cent:
        parts.insert(0, label("of_greatest", language))
    yield entry(word, statements(parts, language), language)
    for outcome, minima in (spec.minima or {}).items():
        text = enumerated(
            (f"{named(path)} ≥ {line_text(least, language)}" for path, least in minima.items()), language
        )
        yield label("needs", language, outcome=outcome, minima=text)
    for path in spec.balance or ():
        yield label("not_better_than", language, node=named(path))
    for cap in spec.caps:
        condition = condition_text(cap.when, language, named)
        if cap.lower_by is None:
            yield label("outcome_capped", language, outcome=cap.to, condition=condition)
        else:
            yield label("outcome_lowered", language, number=cap.lower_by, condition=condition)


def line_text(line: schema.Line, language: Language) -> str:
    """Return a line between outcomes; where only bounds of it are known both."""
    if isinstance(line, tuple):
        return label("line_between", language, low=limit_figure(line[0]), high=limit_figure(line[1]))
    return limit_figure(line)


_SIGNS = {"at_least": "≥", "above": ">", "below": "<", "at_most": "≤"}


def rule_text(spec: schema.Node, language: Language, named: Naming = str) -> str:
    """Return the kind of a node's rule with its limits and numbers; ``named`` says what a path is called."""
    name = kind_name(kind_of(spec), language)
    numbers = statements(_numbers(spec, language, named), language)
    return entry(name, numbers, language) if numbers else name


def _numbers(spec: schema.Node, language: Language, named: Naming) -> Iterator[str]:
    if spec.combine is not None:
        yield from _combination(spec, language, named)
    elif spec.criterion is not None:
        yield from _criterion(spec.criterion, language)
    elif spec.ladder or spec.awarded:
        steps = [(step.when, step.reaches) for step in spec.ladder]
        for when, worth in (*steps, *((award.when, award.points) for award in spec.awarded)):
            yield f"{condition_text(when, language, named)} → {limit_figure(worth)}"
    elif spec.near is not None:
        yield f"{_quantity(spec.near.fact, language)} ± {spec.near.steps}: {enumerated(spec.near.order, language)}"
    elif spec.claimed is not None:
        claimed = spec.claimed.points
        yield enumerated(
            (f"{response} {limit_figure(worth)}" for response, worth in claimed.items()), language
        )
    elif spec.test_points is not None:
        matrix = spec.test_points
        yield enumerated(
            (f"{colour} × {limit_figure(part)}" for colour, part in matrix.worth.items()), language
        )
        for name, point in matrix.points.items():
            yield f"{name} > {limit_figure(point['green_above'])} km/h"
    elif spec.channels is not None:
        yield f"{limit_figure(spec.channels.both)} / {limit_figure(spec.channels.one)}"
    elif spec.table is not None:
        for line in spec.table.lines:
            yield f"{line.facts} → {limit_figure(float(getattr(line, spec.table.value)))}"
    elif isinstance(spec.open, schema.OpenGrade):
        yield _quantity(spec.open.grade, language)
    elif spec.precedents is not None:
        for case in spec.precedents.known:
            yield _precedent(case, language, named)
    elif spec.reads:
        facts = enumerated((_quantity(fact, language) for fact in spec.reads), language)
        yield label("would_read", language, facts=facts)
    elif spec.lookup is not None:
        yield _quantity(spec.lookup.fact, language)
        for word, points in spec.lookup.points.items():
            yield f"{word} {limit_figure(points)}"
    else:
        yield from _factrule_text(spec, language)


def _precedent(case: schema.Precedent, language: Language, named: Naming) -> str:
    at = ((part, said if isinstance(said, str) else limit_figure(said)) for part, said in case.at.items())
    parts = enumerated((f"{named(part)} {said}" for part, said in at), language)
    results = (("", case.equals), ("≥ ", case.at_least), ("≤ ", case.at_most))
    result = " ".join(f"{sign}{limit_figure(value)}" for sign, value in results if value is not None)
    return f"{parts} → {result} ({enumerated(case.cars, language)})"


def _combination(spec: schema.Node, language: Language, named: Naming) -> Iterator[str]:
    if spec.weights is not None:
        weights = spec.weights.items()
        yield enumerated((f"{named(child)} {limit_figure(weight)}" for child, weight in weights), language)
    if spec.over is not None:
        yield label("divided_by", language, number=limit_figure(spec.over))
    if spec.best is not None:
        yield label("best_of", language, count=spec.best)
    for child, table in (spec.demerits or {}).items():
        worth = enumerated((f"{grade} {_count(count)}" for grade, count in table.items()), language)
        yield entry(named(child), worth, language)
    if spec.of:
        yield enumerated((named(path) for path in spec.of), language)


def _count(count: float | tuple[float, float]) -> str:
    """Return demerits; where only bounds are known, both."""
    return "…".join(limit_figure(end) for end in (count if isinstance(count, tuple) else (count,)))


def _factrule_text(spec: schema.Node, language: Language) -> Iterator[str]:
    for rule in (spec.risk, spec.scale, spec.curve, spec.bands, spec.pass_fail, spec.given):
        if rule is None:
            continue
        unit = _unit(rule)
        quantity = _quantity(rule.fact, language)
        if rule.take != "value":
            quantity = f"{quantity}, {label(f'take_{rule.take}', language)}"
        if rule.round is not None:
            quantity = f"{quantity}, {label('rounded', language, decimals=rule.round.decimals)}"
        yield quantity
        if isinstance(rule, schema.Risk):
            numbers = [
                f"{name} {limit_figure(getattr(rule, name))}" for name in _RISK_NUMBERS if _given(rule, name)
            ]
            yield enumerated(numbers, language) + (f" ({unit})" if unit else "")
        elif isinstance(rule, schema.Scale):
            best, worst = rule.limits
            yield label("limits", language, best=_amount(best, unit), worst=_amount(worst, unit))
            if rule.points is not None:
                yield label("most_points", language, points=limit_figure(rule.points))
        elif isinstance(rule, schema.Curve):
            yield enumerated((f"{_amount(x, unit)} → {limit_figure(y)}" for x, y in rule.through), language)
        elif isinstance(rule, schema.Bands):
            yield _bands(rule, unit, language)
        elif isinstance(rule, schema.PassFail):
            yield _comparison(rule, unit)
            if rule.points is not None:
                yield label("most_points", language, points=limit_figure(rule.points))
            if rule.otherwise:
                yield label("otherwise", language, outcome=limit_figure(rule.otherwise))


def _criterion(rule: schema.Criterion, language: Language) -> Iterator[str]:
    unit = _unit(rule)
    yield _quantity(rule.fact, language)
    if rule.limits is not None:
        best, worst = rule.limits
        yield label("limits", language, best=_amount(best, unit), worst=_amount(worst, unit))
    if rule.limit is not None:
        line = rule.limit.line
        source = _quantity(line.fact, language)
        yield f"{limit_figure(line.slope)} · {source} + {_amount(line.intercept, unit)}"
    if rule.gate is not None:
        yield f"< {_amount(rule.gate, unit)}"
    if rule.cap is not None:
        yield label("caps_at", language, limit=_amount(rule.cap, unit))


def _given(rule: schema.Risk, name: str) -> bool:
    value = getattr(rule, name)
    return value is not None and not (name == "location" and value == 0)


def _bands(rule: schema.Bands, unit: str, language: Language) -> str:
    sign = "<" if rule.on_limit == "upper" else "≤"
    parts = [
        f"{sign} {_amount(limit, unit)} → {limit_figure(value)}"
        for limit, value in zip(rule.limits, rule.values, strict=False)
    ]
    last = ">" if sign == "≤" else "≥"
    parts.append(f"{last} {_amount(rule.limits[-1], unit)} → {limit_figure(rule.values[-1])}")
    return enumerated(parts, language)


def _unit(rule: schema.FactRule) -> str:
    if rule.unit is not None:
        return unit_text(rule.unit)
    quantities = vocabulary().quantities
    key = rule.fact.rsplit("/", 1)[-1]
    return unit_text(quantities[key].unit) if key in quantities else ""


def _amount(value: float, unit: str) -> str:
    return f"{limit_figure(value)} {unit}".strip()


def _quantity(fact: str, language: Language) -> str:
    quantities = vocabulary().quantities
    key = fact.rsplit("/", 1)[-1]
    return in_language(quantities[key].label, language) if key in quantities else fact


def _comparison(rule: schema.PassFail | schema.Condition, unit: str) -> str:
    parts = [
        f"{_SIGNS[key]} {_amount(getattr(rule, key), unit)}"
        for key in _SIGNS
        if getattr(rule, key) is not None
    ]
    if rule.equals is not None:
        parts.append(f"= {rule.equals}")
    if isinstance(rule, schema.Condition) and rule.one_of is not None:
        parts.append(f"= {' / '.join(rule.one_of)}")
    return " ".join(parts)


def condition_text(condition: schema.Condition, language: Language, named: Naming = str) -> str:
    """Return a condition in words."""
    if condition.negate is not None:
        return label("not", language, condition=condition_text(condition.negate, language, named))
    for several, key in ((condition.all, "and"), (condition.any, "or")):
        if several is not None:
            joined = f" {label(key, language)} ".join(
                condition_text(part, language, named) for part in several
            )
            return f"({joined})"
    for paths, key in (
        (condition.capped if isinstance(condition.capped, list) else None, "is_capped"),
        (condition.passed, "has_points"),
        (condition.any_value_of, "has_a_value"),
    ):
        if paths is not None:
            return label(key, language, nodes=enumerated(map(named, paths), language))
    if condition.capped is not None:
        return label("is_capped", language, nodes="…")
    if condition.channel_lacking:
        return label("channel_lacking", language)
    if condition.critical_region_without_points is not None:
        return label("critical_without_points", language)
    if condition.cells is not None:
        cells = condition.cells
        speeds, colour = enumerated(cells.vut_speed, language), cells.predicted_other_than
        return label("predicted_other", language, matrix=cells.matrix, speeds=speeds, colour=colour)
    about = condition.node if condition.node is not None else condition.stars_of
    subject = None if about is None else named(about)
    if condition.fact is not None and condition.node is None:
        subject = _quantity(condition.fact, language)
        if condition.take != "value":
            subject = f"{subject}, {label(f'take_{condition.take}', language)}"
    elif condition.stars_of is not None:
        subject = label("outcome_of", language, node=subject)
    return f"{subject} {_comparison(condition, unit_text(condition.unit or '1'))}"


def adjustment_text(adjustment: schema.Adjustment, language: Language, named: Naming = str) -> str:
    """Return what an adjustment does, and when."""
    text = label("adjusted", language)
    if adjustment.label is not None:
        text = f"{text} {in_language(adjustment.label, language)}"
    parts = []
    if adjustment.deduct is not None:
        parts.append(label("deduct", language, rule=rule_text(adjustment.deduct, language, named)))
    for key in ("take_off", "set_to", "at_most", "at_least", "multiply"):
        value = getattr(adjustment, key)
        if value is not None:
            parts.append(label(f"adjust_{key}", language, number=limit_figure(value)))
    if adjustment.deduct_node is not None:
        parts.append(label("deduct", language, rule=named(adjustment.deduct_node)))
    if adjustment.round is not None:
        parts.append(label("rounded", language, decimals=adjustment.round.decimals))
    if adjustment.when is not None:
        parts.append(label("when", language, condition=condition_text(adjustment.when, language, named)))
    return entry(text, statements(parts, language), language)
