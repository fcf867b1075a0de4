"""The choice of verification points: by lot, alike for everybody who repeats it, and by the rules."""

from __future__ import annotations

import hashlib
import random
from collections import Counter

import pytest

from carindex.euroncap.crash_avoidance.drawing import (
    Answers,
    Drawn,
    broken_rules,
    draw,
    eligible_cells,
    is_corner_case,
)
from carindex.euroncap.crash_avoidance.layout import (
    matrices,
    offered_colours,
    offered_layers,
    robustness_sheet_of,
    scenarios,
)


def answers(seed: int, *, good: float = 0.7) -> Answers:
    lots = random.Random(seed)
    predictions = {}
    functions = {}
    for name, matrix in matrices().items():
        for line in matrix.lines:
            if line.declared:
                functions[name, line.name] = lots.choice(["AEB", "FCW"])
        colours = {}
        for line, column in matrix.cells():
            offered = offered_colours(matrix, line, column)
            colour = offered[0] if lots.random() < good else lots.choice([None, *offered])
            if colour is not None:
                colours[line.name, column] = colour
        predictions[name] = colours
    claims = {}
    for name, scenario in scenarios().items():
        sheet = robustness_sheet_of(scenario)
        for layer in offered_layers(sheet, name) if sheet else ():
            claims[name, layer] = lots.choice(["YES", "NO"])
    return Answers(
        {("cbda", "Vehicle response"): lots.choice(["Retention", "Warning", "N/A"])},
        predictions,
        functions,
        claims,
    )


@pytest.mark.parametrize("seed", range(25))
def test_draws_obey_the_rules(seed: int) -> None:
    car = answers(seed, good=0.2 + 0.03 * seed)
    assert broken_rules(car, draw(car, seed)) == []


def test_draws_that_break_the_rules_are_noticed() -> None:
    car = answers(1)
    drawn = draw(car, 1)
    points = drawn["ccrs"].points
    for broken in (
        Drawn(points[1:], drawn["ccrs"].layer, drawn["ccrs"].condition),
        Drawn((*points[:-1], points[0]), drawn["ccrs"].layer, drawn["ccrs"].condition),
        Drawn(points, "Type", drawn["ccrs"].condition),
        Drawn(points, drawn["ccrs"].layer, "at night"),
    ):
        assert broken_rules(car, {**drawn, "ccrs": broken})


def test_the_example_of_the_documentation() -> None:
    """As docs/drawing-crash-avoidance.md describes it, worked out here without the product."""
    car = answers(2)
    matrix = matrices()["ccrm"]
    cells = []
    for line, column in eligible_cells(matrix, car, "S", None):
        speed, target = line.axes["VUT speed"].split()[0], line.axes["Target speed"].split()[0]
        cells.append(f"{speed}_km_h-{target}_km_h-{matrix.columns[column]:g}")
    lots = {hashlib.sha256(f"41/ccrm/standard/{cell}".encode()).hexdigest(): cell for cell in cells}
    first = [lots[key] for key in sorted(lots)][:3]
    drawn = draw(car, 41)["ccrm"]
    assert [f"{p.line}-{matrix.slugs[p.column]}" for p in drawn.points if p.kind == "S"] == first


def test_every_cell_layer_and_door_is_drawn_as_often_as_the_others() -> None:
    """Chi-squared over many seeds; far outside means that the draw favours something."""
    car = answers(3, good=1.0)
    counts: dict[str, Counter[object]] = {
        "cell": Counter(),
        "layer": Counter(),
        "approach": Counter(),
        "door": Counter(),
    }
    claimed = Answers(
        {("cbda", "Vehicle response"): "Retention"},
        car.predictions,
        car.functions,
        dict.fromkeys(car.claims, "YES"),
    )
    seeds = 240
    for seed in range(seeds):
        drawn = draw(claimed, seed)
        counts["cell"].update((p.line, p.column) for p in drawn["ccrm"].points if p.kind == "S")
        counts["layer"][drawn["ccrb"].layer] += 1
        counts["approach"].update(p.approach for p in drawn["cccscp"].points)
        counts["door"].update(p.door for p in drawn["cbda"].points)
    sizes = {"cell": 55, "layer": 3, "approach": 2, "door": 3}
    for what, count in counts.items():
        total = sum(count.values())
        if what == "layer":
            assert set(count) == {"Driver input pre-crash", "Acceleration", "Initial position offset"}
        assert len(count) == sizes[what]
        expected = total / len(count)
        chi = sum((n - expected) ** 2 / expected for n in count.values())
        freedom = len(count) - 1
        assert chi < freedom + 5 * (2 * freedom) ** 0.5, (what, count)


def test_what_is_drawn_in_one_matrix_does_not_depend_on_another() -> None:
    car = answers(4)
    other = Answers(car.parameters, {**car.predictions, "ccrs": {}}, car.functions, car.claims)
    one, two = draw(car, 9), draw(other, 9)
    assert {name for name in one if one[name] != two[name]} == {"ccrs"}


def test_corner_cases_are_left_out() -> None:
    left_out = {
        name: sum(is_corner_case(matrix, line, column) for line, column in matrix.cells())
        for name, matrix in matrices().items()
    }
    found = {name: number for name, number in left_out.items() if number}
    # rows above a speed times their cells; all of CCFhol, all but one of CCFhos
    assert found == {
        "ccrb": 3 * 7, "cmrb": 5 * 5, "ccfhos": 31, "ccfhol": 32, "ccftap": 4, "cmftap": 4, "cccscp": 4, "cmcscp": 4,
        "elk_re": 12, "cc_elk_ovu": 4 * 6, "cm_elk_on": 8, "cm_elk_ovu": 6 * 6, "cm_elk_ovi": 10, "cmcscp_sfs": 2, "cmftap_sfs": 1,
    }  # fmt: skip
