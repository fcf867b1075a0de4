"""The reference of Post-Crash against the programme's calculator: the ready cars, and 60 runs on edited workbooks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ..safe_driving.comparison import pairs
from ..safe_driving.rules import read
from ..safe_driving.workbook import CellError
from ..safe_driving.workbook import reading_of as edited_reading
from .reference import fact_names, facts_of, score

EDITED = json.loads((Path(__file__).parent / "data" / "edited_workbooks.json").read_text(encoding="utf-8"))


def equal(a, b) -> bool:
    return a is b or (a is not None and b is not None and abs(a - b) < 1e-9)


def answered_facts() -> list[str]:
    """The facts of the cells of a run, in their order: sheets and lines as inputs.yaml has them."""
    parts = read("post-crash", "inputs.yaml")["sheets"]
    return [fact for part in parts if part["sheet"] != "Input parameters" for fact in part["facts"]]


def facts_of_run(run: dict) -> dict:
    answers = zip(answered_facts(), run["answers"], strict=True)
    return {fact: answer for fact, answer in answers if answer is not None}


def official(run: dict) -> list:
    scores = iter(run["scores"])
    rows = {name: [row | {"Score": next(scores)} for row in rows] for name, rows in EDITED["rows"].items()}
    return pairs(rows, "post-crash", "post-crash.yaml")


@pytest.mark.parametrize("index", range(len(EDITED["runs"])))
def test_edited_workbooks(index):
    run = EDITED["runs"][index]
    calculator, protocol = score(facts_of_run(run), "calculator"), score(facts_of_run(run), "protocol")
    for _, node, theirs in official(run):
        assert equal(calculator.scores[node], theirs), node
    touched = calculator.touched | protocol.touched
    assert touched <= set(read("post-crash", "oddities.yaml"))
    assert touched or calculator.scores == protocol.scores


def test_runs_cover_what_matters():
    seen: dict = {}
    touched: Counter = Counter()
    settled = 0
    for run in EDITED["runs"]:
        result = score(facts_of_run(run), "calculator")
        touched.update(result.touched)
        for path, value in result.scores.items():
            seen.setdefault(path, set()).add(value)
        for path in result.scores:
            parts = [result.scores[p] for p in result.scores if p.startswith(f"{path}/")]
            settled += bool(parts) and None in parts and result.scores[path] is not None
    assert all({None, 0.0} <= values or len(values) > 2 for values in seen.values())
    assert settled > 10  # a capped element that open lines cannot change
    assert touched["ecall_cap_left_open"]


@pytest.mark.shared
def test_ready_cars(shared):
    compared = 0
    for case in sorted((shared / "oracle/euroncap2026/cases").iterdir()):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["domains"]["pc"]
        for mode in ("calculator", "protocol"):
            facts = facts_of(case / "pc_input.xlsx", mode)
            assert set(facts) <= set(fact_names())
            result = score(facts, mode)
            for _, node, theirs in pairs(expected, "post-crash", "post-crash.yaml"):
                assert equal(result.scores[node], theirs), (case.name, mode, node)
                compared += 1
    print(f"post crash: {compared} cells compared in two modes, all equal")
    assert compared == 2 * 16 * 46


@pytest.mark.shared
def test_edited_workbooks_are_read_as_the_runs_say(shared):
    book = shared / "oracle/euroncap2026/cases" / EDITED["base"] / "pc_input.xlsx"
    for run in EDITED["runs"]:
        edits = [[*cell, answer] for cell, answer in zip(EDITED["cells"], run["answers"], strict=True)]
        facts = edited_reading(book, "post-crash", "calculator", edits).facts
        assert {fact: facts[fact] for fact in answered_facts() if fact in facts} == facts_of_run(run)


@pytest.mark.shared
def test_bad_cell_is_named(shared):
    book = shared / "oracle/euroncap2026/cases" / EDITED["base"] / "pc_input.xlsx"
    with pytest.raises(CellError, match="VE - Energy Management Verif!C6: 90"):
        edited_reading(book, "post-crash", "protocol", [["VE - Energy Management Verif", 6, 3, 90]])
