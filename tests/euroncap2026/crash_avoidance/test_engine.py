"""The rating engine against the reference, which equals the programme's own calculator, all cars at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from carindex.rating import Evaluation

from .engine import COLOURS, evaluated, paths
from .random_cars import redrawn
from .reference import CalculatorStopsError, UnknownWordError, score
from .test_reference import ALONE, BASE, EDITED, edited_facts, flat
from .workbook import Facts, facts_of


def by_matrix(facts: Facts) -> bool:
    """Whether all points of a matrix were tested under the same condition, as in every prepared workbook."""
    return not any(
        name.count("/") == 2 and name.endswith(("/robustness_layer", "/verification_condition"))
        for name in facts
    )


CARS = [("base", flat(BASE["facts"]))]
CARS += [(name, edited_facts(name)) for name, entry in EDITED.items() if "stops" not in entry]
CARS += [(name, flat(entry["facts"])) for name, entry in ALONE.items()]
# a missing sheet is the reader's affair
CARS = [(name, facts) for name, facts in CARS if by_matrix(facts) and "missing" not in name]


@cache
def edited(mode: str) -> Evaluation:
    return evaluated([facts for _, facts in CARS], mode)


def compare(evaluation: Evaluation, car: int, facts: Facts, mode: str) -> int:
    result = score(facts, mode)
    compared = 0
    for path, expected in {**result.tests, **result.categories, **result.scenarios}.items():
        low, high = (float(bound[car]) for bound in evaluation.score(paths()[path]))
        compared += 1
        if mode == "protocol" and high - low > 1e-9:  # a tested point without a value is open by the rules
            assert low - 0.001 <= expected <= high + 0.001, path
            continue
        assert low == pytest.approx(high, abs=1e-9), path
        assert round(low + 1e-9, 3) == pytest.approx(expected, abs=1e-9), path
    for cell, expected in result.colours.items():
        low, high = (float(bound[car]) for bound in evaluation.named(f"{cell}#colour"))
        compared += 1
        if mode == "protocol" and low != high:
            continue
        assert (COLOURS[int(low)] if low == high else None) == expected, cell
    return compared


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["calculator", "protocol"])
def test_ready_cars(shared: Path, mode: str) -> None:
    cases = sorted((shared / "oracle/euroncap2026/cases").glob("case_*"))
    facts = [facts_of(case / "ca_input.xlsx", mode) for case in cases]
    evaluation = evaluated(facts, mode)
    compared = sum(compare(evaluation, car, one, mode) for car, one in enumerate(facts))
    assert compared > 5000


@pytest.mark.parametrize("mode", ["calculator", "protocol"])
@pytest.mark.parametrize("car", range(len(CARS)))
def test_edited_cars(car: int, mode: str) -> None:
    facts = CARS[car][1]
    try:
        assert compare(edited(mode), car, facts, mode) > 100
    except (CalculatorStopsError, UnknownWordError):
        pytest.fail(f"{CARS[car][0]}: the reference stops")


RANDOM = [redrawn(CARS[seed % len(CARS)][1], seed) for seed in range(60)]


@pytest.mark.parametrize("mode", ["calculator", "protocol"])
def test_random_cars_are_exact(mode: str) -> None:
    """Cars of which everything is known: no interval is left, and every score and colour is the reference's."""
    evaluation = evaluated(RANDOM, mode)
    compared = 0
    for car, facts in enumerate(RANDOM):
        result = score(facts, mode)
        for path, expected in {**result.tests, **result.categories, **result.scenarios}.items():
            low, high = (float(bound[car]) for bound in evaluation.score(paths()[path]))
            assert low == high, (car, path)
            assert round(low + 1e-9, 3) == pytest.approx(expected, abs=1e-9), (car, path)
        for cell, colour in result.colours.items():
            low, high = (float(bound[car]) for bound in evaluation.named(f"{cell}#colour"))
            assert (COLOURS[int(low)] if low == high else None) == colour, (car, cell)
        compared += len(result.scenarios) + len(result.colours)
    assert compared > 15000
