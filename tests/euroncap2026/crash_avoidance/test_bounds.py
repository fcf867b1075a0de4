"""Facts taken away at random: the bounds contain the whole car's scores and colours, and shrink as facts arrive."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from carindex.rating import Evaluation, evaluate

from . import rules
from .engine import PROTECTED, number_of, paths, plan
from .random_cars import redrawn
from .test_engine import CARS
from .workbook import Facts

Column = NDArray[np.float64]
# what it means, word by word, that nothing is said of a cell or matrix in a workbook that is complete
UNSAID = {
    "prediction": "grey",
    "tested": "no",
    "robustness": "PASS",
    "robustness_layer": "Not Applicable",
    "verification_condition": "Not Applicable",
    "system": "N/A",
    "door": "Driver",
}


@cache
def asked() -> NDArray[np.intp]:
    """The facts of the stage."""
    words = {*rules.matrices(), *rules.scenarios(), *("_".join(names) for names in rules.subelements())}
    return np.array([i for i, name in enumerate(plan(False).facts) if name.split("/")[0] in words])


def spelled_out(facts: Facts) -> Column:
    """Everything that a complete workbook says or leaves unsaid, fact by fact; no matrix is called complete."""
    compiled = plan(False)
    column = np.full(len(compiled.facts), np.nan)
    for i in asked():
        name = compiled.facts[i]
        words = compiled.quantities[i].categories
        for said in (
            facts.get(name),
            UNSAID.get(name.rsplit("/", 1)[-1]),
        ):  # a word that nobody knows says nothing
            if said is not None and np.isnan(column[i]):
                column[i] = number_of(said, words)
    return column


def values_of_cells() -> list[int]:
    compiled = plan(False)
    return [i for i in asked() if compiled.facts[i].count("/") == 2 and not compiled.quantities[i].categories]


def slots() -> list[int]:
    """Slots of all scores and of all colours of the stage."""
    compiled = plan(False)
    found = [compiled.nodes[path].value for path in paths().values()]
    return [
        *found,
        *(slot for name, slot in compiled.named.items() if name.split("/")[0] in rules.matrices()),
    ]


def contains(wide: Evaluation, narrow: Evaluation, car: int, other: int) -> bool:
    at = slots()
    low, high = narrow.low[at, other], narrow.high[at, other]
    shown = ~np.isnan(low)  # a cell that is not tested has no colour
    inside = (wide.low[at, car] <= low + 1e-9) & (high - 1e-9 <= wide.high[at, car])
    return bool(inside[shown].all())


@pytest.mark.parametrize("seed", range(10))
def test_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # closing a matrix by a fact and saying every word of it are the same
    column = spelled_out(redrawn(CARS[rng.integers(len(CARS))][1], 1000 + seed))
    unknown = [i for i in asked() if np.isnan(column[i])]
    assert {plan(False).facts[i] for i in unknown} - {plan(False).facts[i] for i in values_of_cells()} <= {
        *(f"{matrix}/tested" for matrix in rules.matrices()),
    } | {name for name in plan(False).facts if name.endswith("/function")}
    known = asked()[~np.isnan(column[asked()])]
    hidden, fewer = (np.tile(column[:, None], (1, 16)) for _ in range(2))
    for car in range(1, 16):
        gone = rng.choice(known, int(rng.choice([1, 2, 5, 20, 300, 3000])), replace=False)
        hidden[gone, car] = np.nan
        fewer[gone[rng.random(len(gone)) < rng.random()], car] = np.nan
    wide, narrow = (evaluate(plan(False), facts, PROTECTED) for facts in (hidden, fewer))
    for car in range(16):
        assert contains(wide, wide, car, 0)
        assert contains(wide, narrow, car, car)
    for path in paths().values():
        low, high = wide.score(path)
        assert low[0] == high[0], path


def test_a_matrix_that_is_called_complete_is_as_if_every_word_were_said() -> None:
    facts = [redrawn(CARS[seed % len(CARS)][1], 2000 + seed) for seed in range(6)]
    said = np.array([spelled_out(car) for car in facts]).T
    complete = said.copy()
    compiled = plan(False)
    for i in asked():
        test, _, quantity = compiled.facts[i].rpartition("/")
        if test in rules.matrices() and quantity == "tested":
            said[i], complete[i] = np.nan, 1.0
        elif quantity in UNSAID and test.split("/")[0] in rules.matrices():
            nothing = number_of(UNSAID[quantity], compiled.quantities[i].categories)
            if quantity not in ("robustness_layer", "verification_condition"):
                complete[i] = np.where(complete[i] == nothing, np.nan, complete[i])
    one, other = (evaluate(compiled, some, PROTECTED) for some in (said, complete))
    for path in paths().values():
        np.testing.assert_array_equal(one.score(path), other.score(path), path)


def test_tests_that_arrive_one_by_one_never_leave_the_bounds() -> None:
    """The first of three points that bears its prediction out does not yet settle the other two."""
    facts = {
        name: value for name, value in redrawn(CARS[0][1], 3000).items() if not name.startswith("ccrs/")
    } | {"ccrs/robustness_layer": "Not Applicable", "ccrs/verification_condition": "Not Applicable"}
    matrix = rules.matrices()["ccrs"]
    cells = [
        (matrix.cell(row, c), kind) for row in matrix.rows for c, kind in enumerate(row.cells) if kind != "."
    ]
    facts |= {f"ccrs/{cell}/prediction": "green" for cell, _ in cells}
    facts |= {"ccrs/prediction_standard": "VTA", "ccrs/prediction_extended": "VTA"}
    drawn = [cell for cell, kind in cells if kind == "S"][:3]
    steps = [facts]
    for cell, value in zip(drawn, (0.0, 0.0, 30.0), strict=True):
        steps.append(steps[-1] | {f"ccrs/{cell}/v_rel_impact": value})
    steps.append(steps[-1] | {"ccrs/tested": "yes"})
    columns = np.full((len(plan(False).facts), len(steps)), np.nan)
    for car, some in enumerate(steps):
        for i in asked():
            name = plan(False).facts[i]
            if name in some:
                columns[i, car] = number_of(some[name], plan(False).quantities[i].categories)
    low, high = evaluate(plan(False), columns, PROTECTED).score(
        "crash_avoidance/frontal_collisions/car_ptw/longitudinal/ccrs/standard"
    )
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert (low[0], high[0]) == (0.0, 1.2)
    assert low[-1] == high[-1] == pytest.approx(1.2 * 0.67)
