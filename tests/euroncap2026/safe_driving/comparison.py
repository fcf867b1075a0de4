"""The rows of the programme's score sheets beside the nodes of the reference, by their printed labels."""

from __future__ import annotations

from .rules import read

# the sheets name some lines by what the car has; such a category has this one line
ONE_LINE = ("Passenger airbag status", "SLIF - System updates", "Auto-resume", "Lane change assist")


def labelled_rows(rows: list[dict], columns: list[str]) -> list[tuple[tuple[str, ...], dict]]:
    """Return the labels of every row, those left blank taken from the row above."""
    out, last = [], [""] * len(columns)
    for row in rows:
        for i, column in enumerate(columns):
            if row.get(column) is not None:
                last[i:] = [str(row[column]).strip()] + [""] * (len(columns) - i - 1)
        out.append((tuple(last), row))
    return out


def nodes_by_label(stage: str, file: str) -> dict[tuple[str, ...], str]:
    """Return (test, category, scenario) labels -> node path; shorter tuples for tests and categories."""
    found: dict = {}

    def walk(node: dict, path: str, labels: tuple[str, ...]) -> None:
        found[labels] = path
        for key, child in node.get("children", {}).items():
            walk(child, f"{path}/{key}", (*labels, child["label"]["en"]))

    for element_key, element in read(stage, file)["children"].items():
        for key, test in element["children"].items():
            walk(test, f"{element_key}/{key}", (test["label"]["en"],))
    return found


def pairs(expected: dict, stage: str, file: str) -> list[tuple[str, str, float | None]]:
    """Return (what, node path, official score) for every row of the three score sheets."""
    nodes = nodes_by_label(stage, file)
    out = []
    for labels, row in labelled_rows(expected["Test Scores"], ["Stage element", "Stage subelement"]):
        out.append(("test", nodes[labels[1:]], row.get("Score")))
    for labels, row in labelled_rows(
        expected["Category Scores"], ["Stage element", "Stage subelement", "Category"]
    ):
        out.append(("category", nodes[labels[1:]], row.get("Score")))
    columns = ["Stage element", "Stage subelement", "Category", "Scenario"]
    for labels, row in labelled_rows(expected["Scenario Scores"], columns):
        test, category, scenario = labels[1:]
        if category in ONE_LINE:
            path = nodes[test, category]
        elif category == "Speed control function":
            path = nodes[test, category]
            path += (
                "/speedometer_accuracy" if scenario == "Speedometer accuracy" else "/speed_control_function"
            )
        else:
            path = nodes[test, category, scenario]
        out.append(("scenario", path, row.get("Score")))
    return out


def points_by_row(book, sheet: str = "VA - ACC verif.") -> list[tuple[str, str]]:
    """Return (fact, colour) of every tested point of an official report."""
    from .workbook import slug

    cells = book[sheet]
    start = next(r for r in range(2, cells.max_row + 1) if cells.cell(r, 1).value == "Category")
    head = {cells.cell(start, c).value: c for c in range(1, cells.max_column + 1)}
    out = []
    for r in range(start + 1, cells.max_row + 1):
        scenario = cells.cell(r, head["Scenario"]).value
        if scenario is None:
            continue
        impact = float(str(cells.cell(r, head["Impact location"]).value).rstrip("%")) / 100
        speeds = "-".join(str(cells.cell(r, head[n]).value) for n in ("VUT speed", "Target speed"))
        name = speeds.replace(" ", "_").replace("/", "_") + f"-{impact:g}"
        out.append((f"acc/{slug(scenario)}/{name}", str(cells.cell(r, head["Value"] + 1).value).lower()))
    return out
