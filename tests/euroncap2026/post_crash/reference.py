"""Post-Crash, one car, from its facts: the slow and obvious scorer that the engine is compared with."""

from __future__ import annotations

from ..safe_driving.reference import Result, printed
from ..safe_driving.rules import Scorer, read
from ..safe_driving.workbook import facts_of as _facts_of
from ..safe_driving.workbook import reading_of as _reading_of

STAGE, FILE = "post-crash", "post-crash.yaml"


def reading_of(path, mode: str = "protocol"):
    return _reading_of(path, STAGE, mode)


def facts_of(path, mode: str = "protocol") -> dict:
    """Return fact name -> value of a prepared Post-Crash workbook; empty cells are absent."""
    return _facts_of(path, mode, STAGE)


def fact_names() -> list[str]:
    """Return the names of all facts of Post-Crash: the columns of a facts table."""
    return [fact for part in read(STAGE, "inputs.yaml")["sheets"] for fact in part["facts"]]


def score(facts: dict, mode: str = "protocol") -> Result:
    """Score Post-Crash from facts, in ``mode`` "protocol" or "calculator"."""
    scorer = Scorer(STAGE, facts, mode)
    for key, child in read(STAGE, FILE)["children"].items():
        scorer.value(key, child)
    scores = {path: printed(value) for path, value in scorer.values.items()}
    return Result(scores, {}, scorer.touched, scorer.values)
