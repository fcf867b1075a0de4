"""The engine on the 60 edited workbooks: every line, element and test as the programme's calculator scored it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from carindex.dossier import Fact
from carindex.dossier.workbooks import workbook_layout
from carindex.rating import compile_protocol, evaluate_facts, load_protocol, rate

from ..safe_driving.comparison import pairs
from .reference import score

EDITED = json.loads((Path(__file__).parent / "data" / "edited_workbooks.json").read_text(encoding="utf-8"))

OCCUPANCY = "safe_driving/occupant_monitoring/occupant_presence/crash_occupancy_information"


@pytest.fixture(scope="module")
def plan():
    return compile_protocol(load_protocol("euro-ncap-2026"))


@pytest.fixture(scope="module")
def calculator():
    return compile_protocol(load_protocol("euro-ncap-2026", calculator=True))


@pytest.fixture(scope="module")
def names(plan):
    """The fact of each line of the check lists, in the order in which the runs answer them."""
    sheets = workbook_layout(Path(plan.protocol.place).parent).inputs["pc_input.xlsx"].sheets
    return [fact for sheet in sheets for fact in sheet.rows]


def facts_of(answers):
    for name, answer in answers.items():
        yield Fact(name, float(Fact(name, 0.0, "1").quantity.categories.index(answer)), "1")
    # so that no condition between the stages takes anything off here
    yield Fact(
        "given:safe_driving/occupant_monitoring/occupant_presence/crash_occupancy_information", 3.0, "1"
    )


def completed(answers, names, worst):
    """All checks answered: those still open with the worst, or the best, word."""
    words = {
        name: (("≤20 min", "≥90 min") if name.endswith("lead_time") else ("FAIL", "PASS")) for name in names
    }
    return {name: answers.get(name, words[name][0 if worst else 1]) for name in names}


@pytest.mark.parametrize("index", range(len(EDITED["runs"])))
def test_edited_workbooks(plan, names, index):
    """Scored lines are equal; what the calculator leaves open lies between its worst and its best completion."""
    run = EDITED["runs"][index]
    pairs_of_answers = zip(names, run["answers"], strict=True)
    answers = {name: answer for name, answer in pairs_of_answers if answer is not None}
    lower, upper = (score(completed(answers, names, worst), "protocol").scores for worst in (True, False))
    rating = rate(plan, facts_of(answers))
    scores = iter(run["scores"])
    rows = {sheet: [row | {"Score": next(scores)} for row in rows] for sheet, rows in EDITED["rows"].items()}
    for _, path, theirs in pairs(rows, "post-crash", "post-crash.yaml"):
        node = rating.node(f"post_crash/{path}")
        bounds = (lower[path], upper[path]) if theirs is None else (theirs, theirs)
        assert (node.lower, node.upper) == pytest.approx(bounds, abs=1e-9), path


def test_edited_workbooks_as_the_calculator_scores_them(calculator, names):
    """Every line, element and test; what it leaves without score is open, and nothing else."""
    compared = Counter()
    for run in EDITED["runs"]:
        pairs_of_answers = zip(names, run["answers"], strict=True)
        answers = {name: answer for name, answer in pairs_of_answers if answer is not None}
        evaluation, _ = evaluate_facts(calculator, facts_of(answers))
        scores = iter(run["scores"])
        rows = {s: [row | {"Score": next(scores)} for row in rows] for s, rows in EDITED["rows"].items()}
        for _, path, theirs in pairs(rows, "post-crash", "post-crash.yaml"):
            reported = f"post_crash/{path}#reported"
            known = reported in calculator.named
            low, high = evaluation.named(reported) if known else evaluation.score(f"post_crash/{path}")
            if theirs is None:
                assert low[0] != high[0], path
            else:
                assert (low[0], high[0]) == pytest.approx((theirs, theirs), abs=1e-9), path
            compared[theirs is None] += 1
    assert compared[True] > 300
    assert compared[False] > 1500
