"""Workbooks with one wrong cell: never a traceback, never silently a better score than the car without the mistake.

``CARINDEX_MUTATIONS=5000`` changes that many cells of each car instead of a few.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from carindex.euroncap.pages import write_book
from carindex.euroncap.stages import STAGES, find, stage_of
from euroncap2026.crash_protection.random_cars import car
from euroncap2026.crash_protection.test_random_cars import GOOD_FACTS
from euroncap2026.workbooks.cars import prepared_of

from .mutations import mutated

COUNT = int(os.environ.get("CARINDEX_MUTATIONS", "25"))


def changes_that_pay(files: dict, seed: int) -> list:
    outcomes: Counter[str] = Counter()
    paying = []
    for one in mutated(files, COUNT, seed):
        outcomes[one.outcome] += 1
        if one.better:
            paying.append((one.cell, one.change, one.better[-1]))
    assert outcomes["named"] + outcomes["refused"] > outcomes["silent"] / 4, (
        outcomes
    )  # mistakes do get noticed
    return paying


@pytest.mark.shared
@pytest.mark.parametrize("seed", [10, 13, 20, 24])
def test_no_mistake_in_a_workbook_pays(shared, seed):
    folder = shared / f"oracle/euroncap2026/cases/case_{seed:05d}"
    assert changes_that_pay(find(folder, STAGES, prepared=True), seed) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mistake_in_a_workbook_of_ours_pays(tmp_path: Path, seed):
    stage = stage_of("crash_protection")
    write_book(tmp_path / stage.prepared, prepared_of(car(random.Random(seed), GOOD_FACTS, wild=0.2)))
    assert changes_that_pay({stage: tmp_path / stage.prepared}, seed) == []
