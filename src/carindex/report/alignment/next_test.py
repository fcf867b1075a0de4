"""The next test and plans of tests in words and as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from carindex import __version__
from carindex.alignment.campaign_plan import Choice, Decision, InAnyCase
from carindex.alignment.next_test import Candidate
from carindex.messages import Language
from carindex.rating import Plan, Rating
from carindex.report.labels import label
from carindex.report.wording import path_text, percent, points, test_name
from carindex.vocabulary import CAR, GIVEN


@dataclass(frozen=True)
class NextTests:
    """Everything that ``align next`` found; ``default_costs``: tests whose cost nobody gave."""

    rating: Rating
    candidates: tuple[Candidate, ...]
    final: InAnyCase | None
    decisions: tuple[Decision, ...]
    default_costs: frozenset[str]


def test_text(plan: Plan, name: str, language: Language) -> str:
    """Return the name of a missing test in words."""
    if name == CAR:
        return label("next_car", language)
    if name.startswith(GIVEN):
        return label("next_report", language, node=path_text(plan, name.removeprefix(GIVEN), language))
    return test_name(name, language)


def tests_text(plan: Plan, names: tuple[str, ...], language: Language) -> str:
    """Return several tests in words, in a line."""
    return ("；" if language == "zh" else "; ").join(test_text(plan, name, language) for name in names)


def amount(value: float, counts: str) -> str:
    """Return what is closed of a score: points, or a risk in per cent."""
    return percent(value) if counts == "risk" else points(value)


def amounts(pair: tuple[float, float], counts: str) -> str:
    """Return the least and the most, one figure where they are the same."""
    low, high = (amount(value, counts) for value in pair)
    return low if low == high else f"{low} – {high}"


def rank_text(plan: Plan, decision: Decision) -> str:
    """Return the outcome that a question asks for."""
    outcome = plan.nodes[decision.question.path].outcome
    assert outcome is not None
    assert decision.question.rank is not None
    return str(outcome.name(decision.question.rank))


def as_json(made: NextTests, language: Language) -> dict[str, Any]:
    """Return everything as plain values."""
    rating, plan = made.rating, made.rating.plan
    said = rating.as_json(language)
    counts = rating.root.counts
    return {
        "car": rating.car,
        "protocol": rating.protocol.id,
        "outcome": said["outcome"],
        **({"outcomes": said["outcomes"]} if "outcomes" in said else {}),
        "score": {
            "lower": rating.root.lower,
            "upper": rating.root.upper,
            "max": rating.root.maximum,
            "counts": counts,
        },
        "default_costs": sorted(made.default_costs),
        "tests": [
            {
                "test": one.test,
                "label": test_text(plan, one.test, language),
                "facts": list(one.facts),
                "cost": one.cost,
                "closes_at_least": one.closes[0],
                "closes_at_most": one.closes[1],
                "outcome_closes_at_least": one.outcome_closes[0],
                "outcome_closes_at_most": one.outcome_closes[1],
                "at_stake": one.at_stake,
                "secures": one.secures,
                "can_decide": list(one.decides),
                "always_decides": list(one.decides_always),
                "reaches_ends": one.reaches_ends,
                "value": one.value,
                "value_per_cost": one.per_cost,
            }
            for one in made.candidates
        ],
        "final": None if made.final is None else _in_any_case(made.final),
        "decisions": [
            {
                "path": one.question.path,
                "outcome": rank_text(plan, one),
                "answer": one.answer,
                "yes": _choice(one.yes),
                "no": _choice(one.no),
                "in_any_case": None if one.in_any_case is None else _in_any_case(one.in_any_case),
            }
            for one in made.decisions
        ],
        "assumed": dict(rating.assumed),
        "findings": [finding.as_json(language) for finding in rating.findings],
        "provenance": {**said["provenance"], "engine": f"carindex {__version__}"},
    }


def _choice(choice: Choice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    return {
        "tests": list(choice.tests),
        "cost": choice.cost,
        "cost_at_least": choice.at_least,
        "optimal": choice.optimal,
    }


def _in_any_case(found: InAnyCase) -> dict[str, Any]:
    return {
        **(_choice(found.choice) or {}),
        "needed": list(found.needed.needed),
        "unclear": list(found.needed.unclear),
        "unneeded": list(found.needed.unneeded),
        "may_stay_open": found.needed.open,
    }
