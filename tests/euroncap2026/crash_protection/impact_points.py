"""VRU impact: the headform grid and the rows of leg points, from facts to the scores of their regions."""

from __future__ import annotations

from typing import Any

from .criterion import Assessed, assess, half_up
from .structure import occupants, sub_elements
from .workbook import Facts

HEADFORM = "vru_headform"


def cells_of(facts: Facts, test: str, row: int | None = None) -> dict[tuple[int, int], str]:
    """The points of a test that have a cell word, by (row, column)."""
    found = {}
    for name, word in facts.items():
        parts = name.split("/")
        if len(parts) == 3 and parts[0] == test and parts[2] == "cell":
            at, column = (int(number) for number in parts[1].split("_"))
            if row is None or at == row:
                found[at, column] = str(word)
    return found


def point_name(test: str, point: tuple[int, int]) -> str:
    return f"{test}/{point[0]}_{point[1]}"


def headform_points(facts: Facts) -> dict[tuple[int, int], Assessed]:
    """Every tested point of the grid: its HIC15 assessed, with the value of the mirrored point where it has none itself."""
    grid = sub_elements()["vru_impact/head_impact"]["grid"]
    cells = cells_of(facts, HEADFORM)

    def measured(point: tuple[int, int]) -> float | None:
        value = half_up(facts.get(f"{point_name(HEADFORM, point)}/hic15"), 2)
        untested = value is None or (value == 0 and grid["cells"][cells[point]].get("mirrored", False))
        return None if untested else value

    found = {}
    for point, word in cells.items():
        if facts.get(f"{point_name(HEADFORM, point)}/tested") != "yes":
            continue
        value = measured(point)
        mirror = (point[0], -point[1])
        tested = facts.get(f"{point_name(HEADFORM, mirror)}/tested") == "yes"
        cell = grid["cells"][word]
        if (
            value is None
            and cell.get("mirrored")
            and mirror != point
            and cells.get(mirror) == word
            and tested
        ):
            value = measured(mirror)
        rule = {**grid["criterion"], "limits": cell.get("limits", grid["criterion"]["limits"])}
        found[point] = assess(rule, value, word)
    return found


def head_bands(facts: Facts) -> dict[str, tuple[float, float]]:
    """Path of each region to (score in per cent, greatest points); regions without any cell are left out."""
    test = sub_elements()["vru_impact/head_impact"]
    kinds = test["grid"]["cells"]
    cells, points = cells_of(facts, HEADFORM), headform_points(facts)

    predicted = reached = 0.0
    for point, assessed in points.items():
        if kinds[cells[point]]["tested"] == "sampled":
            predicted += kinds[cells[point]]["predicted"]
            reached += assessed.score / 100
    limits = test["grid"]["correction"]
    factor = min(max(reached / predicted if predicted else 0.0, limits["least"]), limits["greatest"])

    sums = {}
    for dummy in occupants("vru_impact/head_impact"):
        for region in dummy["children"].values():
            first, last = region["rows"]
            inside = [point for point in cells if first <= point[0] <= last]
            greatest = sum(kinds[cells[point]]["counts"] for point in inside)
            if greatest == 0:
                continue
            value = factor * sum(kinds[cells[point]]["predicted"] for point in inside)
            for point in inside:
                if point in points and kinds[cells[point]]["tested"] == "always":
                    value += points[point].score / 100 * kinds[cells[point]]["times"]
            sums[region["path"]] = (min(100 * value / greatest, 100.0), greatest)
    total = sum(greatest for _, greatest in sums.values())
    return {path: (score, greatest / total * test["points"]) for path, (score, greatest) in sums.items()}


def leg_points(facts: Facts, region: dict[str, Any]) -> dict[tuple[tuple[int, int], str], Assessed]:
    """Each criterion of each point of a row, by (point, key of the criterion), values inferred where none was measured."""
    test, kinds = region["test"], region["row"]["cells"]
    cells = cells_of(facts, test, region["row"]["row"])
    found = {}
    for key, node in region["children"].items():
        quantity = node["criterion"]["fact"]
        values = {point: half_up(facts.get(f"{point_name(test, point)}/{quantity}"), 2) for point in cells}
        measured = {point: value for point, value in values.items() if value is not None}
        for point, word in cells.items():
            if values[point] is None and kinds[word].get("without_value") == "mirrored_column":
                values[point] = measured.get((point[0], -point[1]))
        inferable = [
            p
            for p, word in cells.items()
            if values[p] is None and kinds[word].get("without_value") == "greater_neighbour"
        ]
        changed = True
        while changed:
            changed = False
            for row, column in inferable:
                beside = [values.get((row, column + step)) for step in (-1, 1)]
                known = [value for value in beside if value is not None]
                if known and (values[row, column] is None or max(known) > values[row, column]):
                    values[row, column] = max(known)
                    changed = True
        for point in cells:
            found[point, key] = assess(node["criterion"], values[point])
    return found


def leg_score(facts: Facts, region: dict[str, Any], combine: str) -> float | None:
    """The score of a row in per cent."""
    worst: dict[tuple[int, int], float] = {}
    for (point, _), assessed in leg_points(facts, region).items():
        worst[point] = min(worst.get(point, 100.0), assessed.score)
    if not worst:
        return None
    return min(worst.values()) if combine == "points_worst" else sum(worst.values()) / len(worst)
