"""Why points of crash tests were lost, in words: a value with its colour and limits, what capped, what was deducted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from carindex.messages import LANGUAGES, Language, phrase, statements
from carindex.rating import schema
from carindex.rating.crash_tests import SCHEME, capping_criteria
from carindex.rating.evaluation import Evaluation
from carindex.rating.explain import Share
from carindex.rating.kernels import rounded
from carindex.rating.kinds.crash import thresholds
from carindex.rating.plan import AdjustStep, NodePlan
from carindex.rating.protocol import Node
from carindex.units import ratio
from carindex.vocabulary import Quantity
from carindex.vocabulary.names import PREDICTED

if TYPE_CHECKING:
    from carindex.dossier import Fact

Words = dict[Language, str]
Label = Mapping[str, str]


def crash_reason(evaluation: Evaluation, share: Share, known: Mapping[str, Fact]) -> Words | None:
    """Return why a share of the points of a crash test was lost; ``None`` where it is nothing that is told here."""
    node_plan = evaluation.plan.nodes[share.path]
    node = node_plan.node
    if share.adjustment is not None:
        return _adjustment(evaluation, share.adjustment, node, known) if node.spec.role else None
    if node.spec.criterion is not None:
        return _criterion(evaluation, node_plan, known)
    if node.spec.near is not None:
        return _near(evaluation, node.spec.near, node_plan, known)
    if node_plan.kind == "ladder":
        ladder = next(one for one in (node, *node.children) if one.spec.ladder)
        causes = [
            cause for step in ladder.spec.ladder for cause in _unmet(evaluation, step.when, ladder, known)
        ]
        return _joined(causes) if causes else None
    return None


def _text(code: str, **parameters: object) -> Words:
    return {language: phrase(f"rating.{code}", "found", language, parameters) for language in LANGUAGES}


def _joined(texts: Iterable[Mapping[Language, str]]) -> Words:
    every = list(texts)
    return {
        language: statements(dict.fromkeys(text[language] for text in every), language)
        for language in LANGUAGES
    }


def _number(value: float, unit: str) -> str:
    """Return a value as the rules see it, to two decimals, with its unit."""
    digits = f"{float(rounded(np.asarray(value), 100.0, 'half_up')):.2f}".rstrip("0").rstrip(".")
    return digits.replace("-", "−") + ("" if unit == "1" else f" {unit.replace('*', '·')}")


def _given(rule: schema.FactRule, fact: Fact, quantity: Quantity) -> tuple[str, str]:
    """Return a fact in the unit of its rule, as the sheets have it, and that unit."""
    unit = rule.unit or quantity.unit
    value = fact.value / ratio(unit, quantity.unit)
    return _number(abs(value) if rule.take != "value" else value, unit), unit


def _certain(evaluation: Evaluation, name: str) -> float | None:
    """Return a value that a rule published, ``None`` where there is none or facts that are missing leave it open."""
    if name not in evaluation.plan.named:
        return None
    low, high = (float(bound[0]) for bound in evaluation.named(name))
    return low if low == high else None


# -- criteria ------------------------------------------------------------------------------------------------


def _criterion(evaluation: Evaluation, node_plan: NodePlan, known: Mapping[str, Fact]) -> Words:
    plan, node = evaluation.plan, node_plan.node
    rule = node.spec.criterion
    assert rule is not None
    slot = node_plan.rule_facts[0]
    name, quantity = plan.facts[slot], plan.quantities[slot]
    if name not in known:
        return _text("loss_missing", quantity=quantity.label)
    value, unit = _given(rule, known[name], quantity)
    texts = [_text("loss_value", quantity=quantity.label, value=value)]
    scheme = msgspec.convert(plan.protocol.head.data[SCHEME], schema.CrashScheme)
    labels = [scheme.colours.labels[one] for one in scheme.colours.names]
    colour = _certain(evaluation, f"{node.path}#colour")
    limits = rule.limits
    line = _certain(evaluation, f"{node.path}#limit")
    if line is not None:
        limits = (line, line)
    if colour is not None and limits is not None:
        ranges = _ranges(limits, labels, scheme.colours, unit)
        texts.append(_text("loss_colour", colour=labels[round(colour)], limits=ranges))
    predicted = known.get(f"{name}/{PREDICTED}")
    if predicted is not None and _certain(evaluation, f"{node.path}#check") == 1.0:
        texts.append(_text("loss_granted", colour=labels[round(predicted.value)]))
    return _joined(texts)


def _ranges(
    limits: tuple[float, float], labels: Sequence[Label], colours: schema.Colours, unit: str
) -> Words:
    """Return up to where a value has each colour."""
    edges = thresholds(limits, colours)
    code = "up_to_below" if limits[0] <= limits[1] else "down_to_above"
    if limits[0] == limits[1]:
        edges, labels = edges[:1], labels[:1]
    parts = [
        _text(code, colour=label, limit=_number(edge, unit))
        for number, (label, edge) in enumerate(zip(labels, edges, strict=False))
        if edge not in edges[:number]  # bands without any width
    ]
    return {language: ", ".join(part[language] for part in parts) for language in LANGUAGES}


def _near(
    evaluation: Evaluation, rule: schema.Near, node_plan: NodePlan, known: Mapping[str, Fact]
) -> Words | None:
    plan = evaluation.plan
    names = [plan.facts[slot] for slot in node_plan.rule_facts]
    if any(name not in known for name in names):
        return None
    here, there = (known[name].word for name in names)
    return _text("loss_near", here=here, there=there, steps=rule.steps)


# -- what is taken off ---------------------------------------------------------------------------------------


def _adjustment(
    evaluation: Evaluation, step: AdjustStep, node: Node, known: Mapping[str, Fact]
) -> Words | None:
    adjustment = step.adjustment
    label = adjustment.label or node.label
    if adjustment.when is not None and adjustment.when.capped is not None:
        return _capping(evaluation, adjustment, node, known)
    if adjustment.deduct is not None and adjustment.deduct.bands is not None and step.facts:
        return _modifier(evaluation, adjustment.deduct.bands, step, label, known)
    values = []
    for slot in step.facts:
        name, quantity = evaluation.plan.facts[slot], evaluation.plan.quantities[slot]
        if name not in known:
            return _text("loss_missing", quantity=label)
        values.append(_number(known[name].value, quantity.unit))
    return _text("loss_value", quantity=label, value=", ".join(values)) if values else None


def _capping(
    evaluation: Evaluation, adjustment: schema.Adjustment, node: Node, known: Mapping[str, Fact]
) -> Words:
    """Return which criteria are at their capping limits; those that cap only together only where both are."""
    plan = evaluation.plan
    assert adjustment.when is not None
    causes = []
    for other in capping_criteria(plan.protocol, adjustment.when, node):
        rule = other.spec.criterion
        assert rule is not None
        assert rule.cap is not None
        region = other.path.rsplit("/", 1)[0]
        partners = [other.path, *([f"{region}/{rule.cap_with}"] if rule.cap_with else [])]
        slot = plan.nodes[other.path].rule_facts[0]
        fact, quantity = known.get(plan.facts[slot]), plan.quantities[slot]
        if fact is None or any(_certain(evaluation, f"{path}#capped") != 1.0 for path in partners):
            continue
        value, unit = _given(rule, fact, quantity)
        limit = _number(rule.cap, unit)
        causes.append(_text("loss_capped", quantity=quantity.label, value=value, limit=limit))
    label = adjustment.label or node.label
    if not causes:
        return _text("loss_adjustment", label=label)
    return _text("loss_place", place=label, facts=_joined(causes))


def _modifier(
    evaluation: Evaluation, rule: schema.Bands, step: AdjustStep, label: Label, known: Mapping[str, Fact]
) -> Words:
    name, quantity = evaluation.plan.facts[step.facts[0]], evaluation.plan.quantities[step.facts[0]]
    if name not in known:
        return _text("loss_missing", quantity=label)
    unit = rule.unit or quantity.unit
    value = known[name].value / ratio(unit, quantity.unit)
    # a modifier's value is not rounded before it is compared
    shown = f"{value:.6g}".replace("-", "−") + ("" if unit == "1" else f" {unit.replace('*', '·')}")
    bands = [_text("band_below", limit=_number(rule.limits[0], unit), points=f"{rule.values[0]:g}")]
    bands += [
        _text("band_from", limit=_number(limit, unit), points=f"{points:g}")
        for limit, points in zip(rule.limits, rule.values[1:], strict=True)
    ]
    joined = {language: ", ".join(band[language] for band in bands) for language in LANGUAGES}
    return _text("loss_deducted", label=label, value=shown, bands=joined)


# -- ladders -------------------------------------------------------------------------------------------------


def _unmet(
    evaluation: Evaluation, condition: schema.Condition, node: Node, known: Mapping[str, Fact]
) -> Iterator[Words]:
    """Yield what keeps a step of a ladder from being reached."""
    plan = evaluation.plan
    for part in (*(condition.all or ()), *(condition.any or ()), condition.negate):
        if part is not None:
            yield from _unmet(evaluation, part, node, known)
    for key in condition.passed or ():
        path = f"{node.path}/{key}"
        if float(evaluation.high[plan.nodes[path].value][0]) <= 0.0:
            yield _criterion(evaluation, plan.nodes[path], known)
    if condition.node is not None:
        path = f"{node.path.split('/')[0]}/{condition.node}"
        if _certain(evaluation, f"{path}#percent") == 0.0:
            yield _text("loss_elsewhere", place=_place(evaluation, path))
    for beside in condition.any_value_of or ():
        path = f"{node.path.rsplit('/', 1)[0]}/{beside.removeprefix('../')}"
        facts = [
            plan.facts[fact]
            for one in plan.protocol.nodes[path].walk()
            for fact in plan.nodes[one.path].facts
        ]
        if not any(name in known for name in facts):
            yield _text("loss_missing", quantity=plan.protocol.nodes[path].label)


def _place(evaluation: Evaluation, path: str) -> Words:
    """Return the labels on the way from a load case to a body region."""
    parts = path.split("/")
    nodes = evaluation.plan.protocol.nodes
    labels = [nodes["/".join(parts[: i + 1])].label for i in range(3, len(parts))]
    return {
        language: " › ".join(label.get(language, label["en"]) for label in labels) for language in LANGUAGES
    }
