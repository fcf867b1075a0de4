"""Numbers, outcomes, nodes and facts as people read them, the same on the terminal and on paper.

Only words and figures belong here: no layout, no colour, and nothing that computes a score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from carindex.messages import Finding, Language, Severity, statements
from carindex.rating import Plan, RatedNode, Rating
from carindex.report.labels import label, labels
from carindex.vocabulary import FactName, InvalidFactNameError, vocabulary

MINUS = "\N{MINUS SIGN}"
STAR, NO_STAR = "★", "☆"
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_OPEN_RANGE = "–"
# A mass in grams is spelled out in files, where g is an acceleration.
_PRINTED = {"1": "", "gram": "g", "uT": "µT"}
_FEW = 3


def in_language(texts: Mapping[str, str], language: Language) -> str:
    """Return the text in a language, in English where there is none."""
    return texts.get(language) or texts.get("en", "")


def entry(name: str, text: str, language: Language) -> str:
    """Return what something is, after its name: ``Score: 5``, ``得分：5``."""
    return f"{name}：{text}" if language == "zh" else f"{name}: {text}"


# -- figures -------------------------------------------------------------------------------------------------


def figure(value: float) -> str:
    """Return a measured value with the figures of a published table, ``139.86`` or ``0.4540``."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    size = abs(value)
    decimals = 1 if size >= 1000 else 2 if size >= 10 else 3 if size >= 1 else 4
    return _minus(f"{value:.{decimals}f}")


def measured_figure(value: float) -> str:
    """Return a measured value as `figure` does, a small one with three figures that count: ``0.00164``."""
    return _minus(f"{value:.3g}") if 0.0 < abs(value) < 0.1 else figure(value)


def limit_figure(value: float) -> str:
    """Return a number of a rule exactly as the rule has it, without trailing zeros."""
    if not math.isfinite(value):
        return figure(value)
    return _minus(f"{value:.10g}")


def _minus(text: str) -> str:
    return text.replace("-", MINUS, 1) if text.startswith("-") else text


def unit_text(unit: str) -> str:
    """Return a unit as printed; empty where there is no dimension."""
    if unit in _PRINTED:
        return _PRINTED[unit]
    return unit.replace("*", "·").replace("^2", "²").replace("^3", "³").replace("ug/", "µg/")


def with_unit(text: str, unit: str) -> str:
    """Return a figure followed by its unit."""
    return f"{text} {unit_text(unit)}".strip()


def value_text(value: str | float | None, unit: str) -> str:
    """Return a fact's value with its unit, a word as it is, a dash where there is none."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else with_unit(f"{value:.10g}", unit_text(unit))


def milliseconds(seconds: float | None) -> str:
    """Return a time in ms with one decimal, empty where there is none."""
    return "" if seconds is None or math.isnan(seconds) else _minus(f"{1000 * seconds:.1f}")


def window_text(start: float | None, end: float | None) -> str:
    """Return ``77.7–92.7`` in ms, one time where start and end are the same, empty where there is none."""
    first, last = milliseconds(start), milliseconds(end)
    if first and last and first != last:
        return f"{first}–{last}"
    return first or last


def percent(share: float) -> str:
    """Return a share or risk in per cent with three figures that count; very small ones as a bound."""
    value = 100 * share
    if math.isnan(value):
        return "–"
    if 0 < abs(value) < 0.0001:
        return "< 0.0001 %"
    value = float(f"{value:.3g}")
    decimals = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:.{min(decimals, 4)}f}"
    return f"{_minus(text)} %"


def points(value: float) -> str:
    """Return points with three decimals, none where they are whole."""
    rounded = round(value, 3)
    return _minus(f"{rounded:.0f}" if float(rounded).is_integer() else f"{rounded:.3f}")


def is_risk(node: RatedNode) -> bool:
    """Whether a node counts a probability of injury (or of rollover) and not points."""
    return node.counts == "risk"


def counted(node: RatedNode, language: Language) -> str:
    """Return what a node counts: score, risk or demerits."""
    return label("score" if node.counts == "points" else node.counts, language)


def score_text(node: RatedNode, language: Language, *, bounds: bool = False) -> str:
    """Return what a node reached: ``12.345 / 16``, a risk, ``2 demerits``, or the interval while it is open.

    Demerits are called by the name of the measure that gives the grade, where the protocol names it.
    """
    if node.status == "not_applicable" or node.numbered:
        return "–"
    if node.status == "uncounted" and node.score is None:
        return "–"
    if node.counts == "demerits":
        low, high = points(node.maximum - node.upper), points(node.maximum - node.lower)
        text = low if node.score is not None else f"{low} {_OPEN_RANGE} {high}"
        word = label("demerit_word" if text == "1" else "demerits_word", language)
        what = in_language(node.measure_label, language) if node.measure_label else word
        return label("demerits_counted", language, count=f"[{low}, {high}]" if bounds else text, what=what)
    if is_risk(node):
        low, high = percent(node.maximum - node.upper), percent(node.maximum - node.lower)
        text = low if node.score is not None else f"{low} {_OPEN_RANGE} {high}"
        return f"[{low}, {high}]" if bounds else text
    low, high = points(node.lower), points(node.upper)
    text = low if node.score is not None else f"{low} {_OPEN_RANGE} {high}"
    text = f"[{low}, {high}]" if bounds else text
    # a value that is only shown beside the tree has no greatest one
    return f"{text} / {points(node.maximum)}" if node.maximum else text


def status_text(node: RatedNode, language: Language) -> str:
    """Return the status of a node, with a word where it rests on facts taken over from other tests."""
    status = label(f"status_{node.status}", language)
    return label("status_reused", language, status=status) if node.reused else status


def lost_heading(root: RatedNode, language: Language) -> str:
    """Return what the losses of a car are called: points lost, risk added, or demerits."""
    return label(
        {"points": "points_lost", "risk": "risk_added", "demerits": "demerits"}[root.counts], language
    )


def lost_text(value: float, rating: Rating) -> str:
    """Return lost points; where the car's score is a risk, what they add to it in per cent."""
    if is_risk(rating.root):
        return _minus(f"{100 * value:.3f} %")
    return _minus(f"{value:.3f}")


# -- outcomes ------------------------------------------------------------------------------------------------


def most_stars(plan: Plan, path: str) -> int:
    """Return the number of stars a node can reach, 0 where it has none."""
    outcome = plan.nodes[path].outcome
    if outcome is None or outcome.grades:
        return 0
    # stars that are the least of other nodes' stars have no lines of their own
    others = (most_stars(plan, other) for other in outcome.spec.balance or ())
    return max(math.floor(max(outcome.values)), *others, 0)


def stars_text(stars: str | float, most: int) -> str:
    """Return stars as signs, ``★★★★☆``; a half star as ``½``."""
    if isinstance(stars, str):
        return stars
    whole = math.floor(stars)
    half = "½" if stars - whole >= 0.5 else ""
    return STAR * whole + half + NO_STAR * max(0, most - whole - len(half))


def grade_text(rating: Rating, path: str, grade: str, language: Language) -> str:
    """Return a grade with what the programme calls it in words, where it does."""
    outcome = rating.plan.nodes[path].outcome
    names = outcome.spec.names if outcome is not None else {}
    return f"{grade} {in_language(names[grade], language)}" if grade in names else grade


def outcome_text(rating: Rating, node: RatedNode, language: Language) -> str:
    """Return stars or grade of a node, or the interval of what is possible; empty where it has neither."""
    low, high = node.outcome_lower, node.outcome_upper
    if low is None or high is None or node.status == "not_applicable":
        return ""
    most = most_stars(rating.plan, node.path)
    if node.graded:
        worst, best = (grade_text(rating, node.path, str(grade), language) for grade in (low, high))
        return best if node.outcome is not None else label("from_to", language, low=worst, high=best)
    if node.outcome is not None:
        return stars_text(node.outcome, most)
    low_text, high_text = stars_text(low, 0), stars_text(high, 0)
    zero = label("no_star", language)
    return label("from_to", language, low=low_text or zero, high=high_text or zero)


def outcome_spoken(node: RatedNode, language: Language) -> str:
    """Return the outcome in words for people who hear a page: ``5 stars`` or ``between 1 and 5 stars``."""
    low, high = node.outcome_lower, node.outcome_upper
    if low is None or high is None:
        return ""
    if node.graded:
        return str(node.outcome) if node.outcome is not None else f"{low} – {high}"
    if node.outcome is not None:
        return label("stars_spoken", language, count=node.outcome)
    return label("stars_between", language, low=low, high=high)


def verdict_text(rating: Rating, language: Language) -> str:
    """Return what the programme says of the car: its outcome, or each of several by name; else its score."""
    headline = rating.headline
    if not headline:
        return score_text(rating.root, language)
    if headline[0].path == "":
        return outcome_text(rating, headline[0], language)
    parts = [
        entry(in_language(n.label, language), outcome_text(rating, n, language), language) for n in headline
    ]
    return statements(parts, language)


def verdict_spoken(rating: Rating, language: Language) -> str:
    """Return the same in words for people who hear a page."""
    spoken = [
        f"{in_language(node.label, language)} {outcome_spoken(node, language)}" if node.path else ""
        for node in rating.headline
    ]
    return (
        ", ".join(filter(None, spoken))
        or outcome_spoken(rating.root, language)
        or score_text(rating.root, language)
    )


def verdict_state(rating: Rating, language: Language) -> str:
    """Return whether the outcome is final, an interval, or rests on assumptions."""
    words = [label("final" if rating.final else "not_final", language)]
    if rating.assumed:
        words.append(label("assumed_scores", language))
    if rating.reused:
        words.append(label("reused_evidence", language, count=len(rating.reused)))
    return ", ".join(words) if language == "en" else "，".join(words)


def measure_text(rating: Rating, node: RatedNode, language: Language) -> tuple[str, str] | None:
    """Return name and value of the measure that stars or grade are read from, such as the relative risk."""
    if node.measure_label is None or node.measure is None:
        return None
    outcome = rating.plan.nodes[node.path].outcome
    rounding = outcome.spec.round if outcome else None
    text = f"{node.measure:.{rounding.decimals}f}" if rounding else figure(node.measure)
    return in_language(node.measure_label, language), text


# -- names ---------------------------------------------------------------------------------------------------


def oddity_rows(rating: Rating, language: Language) -> tuple[tuple[str, str, str], ...]:
    """Return each oddity that touches a car: what it is called, its name, some of the nodes that it touches."""
    rows = []
    for oddity in rating.oddities:
        paths = [path_text(rating.plan, path, language) for path in oddity.nodes[:_FEW]]
        if len(oddity.nodes) > _FEW:
            paths.append(label("and_more", language, count=len(oddity.nodes) - _FEW))
        rows.append((in_language(oddity.label, language), oddity.name, statements(paths, language)))
    return tuple(rows)


def path_text(plan: Plan, path: str, language: Language) -> str:
    """Return a node's path by its labels, ``Frontal crash › Driver › Head``."""
    if not path:
        return in_language(plan.nodes[""].node.label, language)
    parts = path.split("/")
    names = []
    for end in range(1, len(parts) + 1):
        node_plan = plan.nodes.get("/".join(parts[:end]))
        names.append(in_language(node_plan.node.label, language) if node_plan else parts[end - 1])
    return " › ".join(names)


def occupant_name(seat: str | None, language: Language) -> str:
    """Return the name of a seat; that of the vehicle where nobody sits."""
    if seat is None:
        return label("vehicle", language)
    seats = vocabulary().seats
    return in_language(seats[seat].label, language) if seat in seats else seat


def dummy_name(dummy: str | None, language: Language) -> str:
    """Return the name of a dummy, empty where there is none."""
    dummies = vocabulary().dummies
    if dummy is None:
        return ""
    return in_language(dummies[dummy].label, language) if dummy in dummies else dummy


def cell_name(cell: str | None, language: Language) -> str:
    """Return the name of a phase of a test; a cell that is no phase as it is, empty without one."""
    if cell is None:
        return ""
    return label(f"phase_{cell}", language) if f"phase_{cell}" in labels() else cell


def test_name(test: str | None, language: Language) -> str:
    """Return the name of a test."""
    tests = vocabulary().tests
    if test is None:
        return ""
    return in_language(tests[test].label, language) if test in tests else test


def quantity_name(quantity: str, language: Language) -> str:
    """Return the name of a quantity."""
    quantities = vocabulary().quantities
    return in_language(quantities[quantity].label, language) if quantity in quantities else quantity


def fact_text(plan: Plan | None, name: str, language: Language) -> str:
    """Return a fact's name in words: test, occupant and quantity."""
    if name.startswith("given:") and plan is not None:
        return path_text(plan, name.removeprefix("given:"), language)
    try:
        parsed = FactName.parse(name)
    except InvalidFactNameError:
        return name
    words = [test_name(parsed.test, language)] if parsed.test in vocabulary().tests else []
    if parsed.seat is not None:
        words.append(occupant_name(parsed.seat, language))
    return " · ".join([*words, quantity_name(parsed.quantity, language)])


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, errors first, each only once, otherwise in the order in which they were found."""
    seen: dict[tuple[str, str, str | None, str], Finding] = {}
    for finding in findings:
        seen.setdefault((finding.code, finding.place, finding.channel, finding.text("en")), finding)
    return sorted(seen.values(), key=lambda finding: SEVERITIES.index(finding.severity))
