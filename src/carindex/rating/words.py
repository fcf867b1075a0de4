"""Words for people about a rating: names of facts, amounts with units, reasons for lost points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from carindex.messages import LANGUAGES, Language, phrase, statements
from carindex.rating.evaluation import Evaluation
from carindex.rating.explain import Share
from carindex.rating.plan import Answers, NodePlan, Plan
from carindex.rating.protocol import Node
from carindex.vocabulary import Quantity

if TYPE_CHECKING:
    from carindex.dossier import Fact

_NO_UNIT = "1"
_FEW = 8
_WORDS: Mapping[str, Mapping[str, str]] = {
    word: {language: phrase(f"rating.word_{word}", "found", language, {}) for language in LANGUAGES}
    for word in ("no", "yes", "t", "st", "sa")
}


def amount(value: float, unit: str, quantity: Quantity | None = None) -> str | Mapping[str, str]:
    """Return a value with its unit as people write it: four figures that count, or a word in each language."""
    if quantity is not None and quantity.categories:
        word = quantity.categories[round(value)]
        return _WORDS.get(word, word)
    digits = (f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}").replace("-", "−")
    return digits if unit == _NO_UNIT else f"{digits} {unit.replace('*', '·')}"


def reason(
    evaluation: Evaluation,
    share: Share,
    known: Mapping[str, Fact],
    assumed: Mapping[str, float],
    stated: Mapping[str, Fact],
) -> dict[Language, str]:
    """Return why a share of the points was lost, in every language."""
    plan = evaluation.plan
    node_plan = plan.nodes[share.path]
    node = node_plan.node
    if share.path in assumed:
        return _text("rating.loss_assumed", {})
    if share.path in stated:
        return _text("rating.loss_stated", {"place": stated[share.path].origin})
    if share.detail is not None:
        return _detail(evaluation, share, known)
    if share.cause == "limit":
        return _text("rating.loss_limit", {})
    from carindex.rating.crash_words import crash_reason

    in_crash_tests = crash_reason(evaluation, share, known)
    if in_crash_tests is not None:
        return in_crash_tests
    if share.adjustment is not None:
        adjustment = share.adjustment.adjustment
        if adjustment.round is not None:
            return _text("rating.loss_rounding", {"decimals": adjustment.round.decimals})
        return _text("rating.loss_adjustment", {"label": adjustment.label or node.label})
    if node.counts == "risk":
        return _risk(evaluation, node_plan, known)
    if len(node_plan.rule_facts) > _FEW:  # a grid or matrix: its parts are listed elsewhere
        return _text("rating.loss_points", {"count": len(node_plan.rule_facts)})
    if node.spec.precedents is not None:
        cars = ", ".join(_not_better_than(evaluation, node_plan))
        return _text("rating.loss_precedents" if cars else "rating.loss_precedents_none", {"cars": cars})
    texts = [_because(plan, slot, node, known) for slot in node_plan.rule_facts]
    if not texts:
        return _text("rating.loss_adjustment", {"label": node.label})
    cells = _told_apart([plan.facts[slot] for slot in node_plan.rule_facts])
    return {
        language: statements(
            (
                f"{cell}: {text[language]}" if cell else text[language]
                for cell, text in zip(cells, texts, strict=True)
            ),
            language,
        )
        for language in LANGUAGES
    }


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return what tells facts of one quantity apart: words of the programme's sheet, nothing where none are needed."""
    cells = [name.split("/")[1:-1] for name in names]
    quantities = [name.rpartition("/")[2] for name in names]
    if len(set(quantities)) == len(names) or len({len(cell) for cell in cells}) > 1:
        return [""] * len(names)
    shared = [len(set(parts)) == 1 for parts in zip(*cells, strict=True)]
    return [
        ", ".join(part.replace("_", " ") for part, alike in zip(cell, shared, strict=True) if not alike)
        for cell in cells
    ]


def _not_better_than(evaluation: Evaluation, node_plan: NodePlan) -> list[str]:
    """Return published cars that the first car is nowhere better than, and whose result is the best it can have."""
    rule, children = node_plan.node.spec.precedents, node_plan.node.children
    assert rule is not None
    best = float(evaluation.high[node_plan.value][0])
    scores: dict[str, float] = {}
    for child in children:
        flag = evaluation.plan.nodes[child.path].applies
        if flag is None or evaluation.low[flag][0] > 0.0:
            scores[child.key] = float(evaluation.score(child.path)[1][0])
    found = []
    for case in rule.known:
        if case.most != best or set(case.at) != set(scores):
            continue
        grades = {child.key: child.grades for child in children}
        theirs = {
            key: float(len(grades[key]) - 1 - grades[key].index(said)) if isinstance(said, str) else said
            for key, said in case.at.items()
        }
        if all(scores[key] <= theirs[key] for key in scores):
            found.extend(case.cars)
    return found


def _claimed(
    plan: Plan, label: Mapping[str, str], claim: Answers, known: Mapping[str, Fact]
) -> dict[Language, str]:
    """Return what is known of a place at which points were lost: words that are not fine, values with their limits."""
    causes: list[dict[Language, str]] = []
    for slot in claim.facts:
        name, quantity = plan.facts[slot], plan.quantities[slot]
        if name not in known:
            continue
        value = amount(known[name].value, quantity.unit, quantity)
        said = _text("rating.loss_value", {"quantity": quantity.label, "value": value})
        if quantity.categories:
            if value in claim.fine:
                continue
            if claim.limits:  # a prediction that leaves nothing to test
                causes = [said]
                break
            # one of several cells
            said = {language: f"{name.rpartition('/')[0]}: {text}" for language, text in said.items()}
        else:
            lines = [
                _text(f"rating.above_{colour}", {"value": amount(limit, quantity.unit)})
                for colour, limit in claim.limits
            ]
            said = {
                language: f"{text} ({', '.join(line[language] for line in lines)})"
                for language, text in said.items()
            }
        causes.append(said)
    if not causes:
        return _text("rating.loss_adjustment", {"label": label})
    more = ["…"] if len(causes) > _FEW else []
    joined = {
        language: statements([*(cause[language] for cause in causes[:_FEW]), *more], language)
        for language in LANGUAGES
    }
    return _text("rating.loss_place", {"place": label, "facts": joined})


def _because(plan: Plan, slot: int, node: Node, known: Mapping[str, Fact]) -> dict[Language, str]:
    name, quantity = plan.facts[slot], plan.quantities[slot]
    if name not in known:
        return _text("rating.loss_missing", {"quantity": quantity.label})
    value = amount(known[name].value, quantity.unit, quantity)
    parameters: dict[str, object] = {"quantity": quantity.label, "value": value}
    spec = node.spec
    if spec.scale is not None:
        high, low = spec.scale.limits
        unit = spec.scale.unit or quantity.unit
        return _text(
            "rating.loss_fact", {**parameters, "best": amount(high, unit), "worst": amount(low, unit)}
        )
    return _text("rating.loss_value", parameters)


def _detail(evaluation: Evaluation, share: Share, known: Mapping[str, Fact]) -> dict[Language, str]:
    """Return why points were lost at one of many places: what is known there, and the colour that it counts as."""
    plan, node, place = evaluation.plan, evaluation.plan.nodes[share.path].node, share.place
    if isinstance(place, Answers):
        return _claimed(plan, share.detail or {}, place, known)
    texts = []
    if place is not None:
        texts = [_because(plan, slot, node, known) for slot in place.facts if plan.facts[slot] in known]
        low, high = (float(bound[place.colour][0]) for bound in (evaluation.low, evaluation.high))
        if low == high:  # not NaN, which is no colour, and the same whatever is still missing
            code = "rating.loss_colour_alone" if place.limits is None else "rating.loss_colour"
            texts.append(_text(code, {"colour": place.colours[round(low)], "limits": place.limits}))
    if not texts:
        return _text("rating.loss_adjustment", {"label": share.detail})
    joined = {language: statements((text[language] for text in texts), language) for language in LANGUAGES}
    return _text("rating.loss_place", {"place": share.detail, "facts": joined})


def _risk(evaluation: Evaluation, node_plan: NodePlan, known: Mapping[str, Fact]) -> dict[Language, str]:
    plan, node = evaluation.plan, node_plan.node
    risk = f"{100 * float(evaluation.low[node_plan.value][0]):.3g} %"
    if len(node_plan.rule_facts) > _FEW:  # a grid or matrix: its parts are listed elsewhere
        return _text("rating.loss_points", {"count": len(node_plan.rule_facts)})
    texts = [_because(plan, slot, node, known) for slot in node_plan.rule_facts]
    joined = {language: ", ".join(text[language] for text in texts) for language in LANGUAGES}
    code = "rating.loss_risk_of_injury" if node.injury else "rating.loss_risk"
    return _text(code, {"facts": joined, "risk": risk, "injury": node.injury})


def _text(code: str, parameters: Mapping[str, object]) -> dict[Language, str]:
    return {language: phrase(code, "found", language, parameters) for language in LANGUAGES}
