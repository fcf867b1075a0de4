"""Makes the JSON files of ``data/`` by running the programme's calculator; no test imports this.

    PYTHON official_runs.py driving CASES FIRST COUNT > RUNS
    (PROJECT's python) official_runs.py pack CASES RUNS... > data/edited_workbooks.json
    PYTHON official_runs.py limits CASES > data/prepared_limits.json
    PYTHON official_runs.py presence > data/child_presence.json

PYTHON is an environment with ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars (``case_00010`` and so on). A run edits
cells of a prepared workbook, as listed in the output, and lets the calculator's scoring step read and score it.
"""

from __future__ import annotations

import importlib
import json
import logging
import math
import random
import sys
import tempfile
from pathlib import Path

import openpyxl
from openpyxl.styles import PatternFill

BASES = ("case_00011", "case_00015", "case_00023")
FILLS = {"green": "FF009933", "red": "FFFF3333", "orange": "FFFF9933", "grey": "FF808080"}
PF = ["PASS", "PASS", "PASS", "FAIL", None]


class Edits:
    """Cells of one workbook that are changed: a value, or a fill by the name of a colour."""

    def __init__(self, book, rng):
        self.book, self.rng, self.list = book, rng, []

    def put(self, sheet, row, column, value):
        self.book[sheet].cell(row, column).value = value
        self.list.append([sheet, row, column, value])

    def fill(self, sheet, row, column, colour):
        self.book[sheet].cell(row, column).fill = PatternFill("solid", fgColor=FILLS[colour])
        self.list.append([sheet, row, column, f"fill {colour}"])

    def rows(self, sheet, column, start=2):
        cells = self.book[sheet]
        return [
            r
            for r in range(start, cells.max_row + 1)
            if any(cells.cell(r, c).value for c in range(1, column))
        ]

    def row_of(self, sheet, column, label):
        return next(
            r
            for r in range(1, self.book[sheet].max_row + 1)
            if self.book[sheet].cell(r, column).value == label
        )

    def answers(self, sheet, column, rows, words=PF, share=0.5):
        for row in rows:
            if self.rng.random() < share:
                self.put(sheet, row, column, self.rng.choice(words))

    def scenario_label(self, category, offset, label):
        self.put("Scenario Scores", self.row_of("Scenario Scores", 4, category) + offset, 5, label)


def seatbelts(e):
    e.answers("OM - Seatbelt usage verif.", 3, e.rows("OM - Seatbelt usage verif.", 3)[1:])
    if e.rng.random() < 0.3:
        e.put("OM - Seatbelt usage verif.", 2, 3, e.rng.choice(["FAIL", None]))


def classification(e):
    kind = e.rng.choice(["Automatic", "System advised", "System advised", "Manual", "N/A", None])
    switch = e.rng.choice(["Hardware", "Software", "N/A"])
    label = {
        "Automatic": "Automatic",
        "Manual": "Manual (software or hardware switch)",
        "N/A": "N/A",
        "System advised": {
            "Software": "System advised with manual software switch",
            "Hardware": "System advised with manual hardware switch",
        }.get(switch, ""),
    }.get(kind, "")
    e.put("Input parameters", 3, 7, kind)
    e.put("Input parameters", 4, 7, switch)
    e.put("OM - Occ. classification verif.", 2, 2, label or None)
    e.scenario_label("Passenger airbag status", 0, label or None)
    e.answers("OM - Occ. classification verif.", 3, range(2, 7))


def presence(e):
    sheet = "OM - Occ. presence verif."
    for row in range(2, e.book[sheet].max_row + 1):
        for column in range(1, 5):
            if e.book[sheet].cell(row, column).value is not None:
                e.put(sheet, row, column, None)
    lines = [
        (
            "Child presence detection",
            "General requirements",
            None,
            e.rng.choice(["PASS"] * 8 + ["FAIL", None]),
        )
    ]
    blank = 0.03
    for row, scenario, front in (
        (5, "Child left behind", "Front Seat"),
        (7, "Child enters unlocked vehicle", "Front compartment"),
    ):
        kind = e.rng.choice(["Warning", "Warning and intervention", "Warning and intervention", "N/A", None])
        kind = kind if e.rng.random() < 0.4 else "Warning and intervention"
        seats = e.rng.choice(["Rear seats", "All seats", "All seats", "All seats", "N/A"])
        e.put("Input parameters", row, 7, kind)
        e.put("Input parameters", row + 1, 7, seats)
        places = {"Rear seats": ["Rear Seat"], "All seats": [front, "Rear Seat"]}.get(seats, [])
        words = {"Warning": ["Warning"], "Warning and intervention": ["Warning", "Intervention"]}.get(
            kind, []
        )
        pattern = e.rng.choice(["PP PP", "PP PP", "PF PF", "FF PP", "FF PF", "FF FF", "FP PF"]).split()
        first = True
        for place in places:
            for word in words:
                answer = pattern[place == "Rear Seat"][word == "Intervention"]
                answer = None if e.rng.random() < blank else {"P": "PASS", "F": "FAIL"}[answer]
                lines.append((None, scenario if first else None, f"{place} - {word}", answer))
                first = False
    lines.append(
        (
            "Crash occupancy information",
            "General requirements",
            None,
            e.rng.choice(["PASS"] * 5 + ["FAIL", None]),
        )
    )
    lines.append((None, "Adult occupants", None, e.rng.choice(PF)))
    lines.append((None, "Children in all CRS", None, e.rng.choice(PF)))
    for i, line in enumerate(lines):
        for column, value in enumerate(line, 1):
            if value is not None:
                e.put(sheet, 2 + i, column, value)


def monitoring_tests(e):
    start = e.row_of("DE - DM verif.", 1, "General requirements") + 16
    share = e.rng.choice([0.15, 0.5])
    words = e.rng.choice([["PASS", "FAIL"], ["PASS", "PASS", "FAIL", None], [None, "N/A", "PASS"]])
    e.answers("DE - DM verif.", 9, range(start, e.book["DE - DM verif."].max_row + 1), words, share)


def monitoring_claims(e):
    e.answers("DE - DM verif.", 9, range(18, e.book["DE - DM verif."].max_row + 1), ["PASS"], 0.6)
    colour = e.rng.choice(["green", "green", "red"])
    groups = [
        range(17, 22),
        range(22, 24),
        range(24, 26),
        range(26, 29),
        range(29, 32),
        range(35, 37),
        range(37, 39),
    ]
    groups += [range(39, 43), range(43, 47), range(47, 48), range(51, 61), range(61, 65)]
    groups += [range(r, r + 1) for r in range(68, 73)]
    for rows in groups:
        for column in (4, 5, 6):
            if e.rng.random() < 0.5:
                colour = e.rng.choice(["green", "green", "green", "red", "grey"])
                for row in rows:
                    driving = row in (*range(26, 32), *range(39, 47))
                    if (
                        (driving and column == 4)
                        or (row in range(68, 72) and column == 6)
                        or (row == 72 and column < 6)
                    ):
                        continue
                    e.fill("DE - DM pred.", row, column, colour)


def monitoring_gates(e):
    what = e.rng.choice(["noise", "requirement", "other noise", "n/a", "n/a elsewhere"])
    if what == "noise":
        e.put("DE - DM pred.", e.rng.choice([2, 3, 5, 6, 8]), 4, e.rng.choice(["Non Functional", None]))
    elif what == "other noise":
        e.put(
            "DE - DM pred.",
            e.rng.choice([4, 7, 9, 10, 11, 12, 13]),
            4,
            e.rng.choice(["Non Functional", None]),
        )
    elif what == "requirement":
        e.put("DE - DM verif.", e.rng.randint(2, 15), 9, e.rng.choice(["FAIL", None]))
    else:
        e.put("DE - DM verif.", e.rng.randint(9, 15) if what == "n/a" else e.rng.randint(2, 8), 9, "N/A")


def controls(e):
    e.answers("DE - GVC verif.", 3, range(2, 12))


def speed(e):
    sheet = "VA - Speed assist. verif."
    if e.rng.random() < 0.35:
        e.put(sheet, 2, 3, e.rng.choice(["FAIL", None]))
    words = e.rng.choice([["PASS"], ["PASS", "FAIL"], PF])
    e.answers(sheet, 3, range(3, 33), words, 0.6)
    kind = e.rng.choice(["iACC", "iACC", "ISL", "No"])
    label = {"iACC": "Intelligent adaptive cruise control", "ISL": "Intelligent speed limiter"}.get(kind)
    e.put("Input parameters", 10, 7, kind)
    e.scenario_label("Speed control function", 1, label or "Speed control function")
    e.put(sheet, 33, 3, e.rng.choice(["≥-3 km/h", "≥-5 km/h", "<-5 km/h", None]))
    e.put(sheet, 34, 2, label)
    e.put(sheet, 34, 3, e.rng.choice(PF) if label else None)
    updates = e.rng.choice(["Continuous", "Temporary", "N/A", None])
    e.put("Input parameters", 9, 7, updates)
    e.scenario_label("SLIF - System updates", 0, updates)
    share = e.rng.choice([0.0, 0.1, 0.5])
    for row in (34, 35, 36, 37):
        for column in range(3, 11 if row in (34, 36) else 13):
            if e.rng.random() < share:
                e.put("VA - Speed assist. pred.", row, column, e.rng.choice(["Green", "Red", "Red", None]))
            elif share == 0:
                e.put("VA - Speed assist. pred.", row, column, "Green")


def cruise(e):
    sheet = "VA - ACC verif."
    e.answers(sheet, 11, range(2, 8))
    kind = e.rng.choice(["Automatic resume", "Driver input", "N/A", None])
    e.put("Input parameters", 11, 7, kind)
    e.put(sheet, 7, 2, kind)
    e.scenario_label("Auto-resume", 0, kind)
    rows = [r for r in range(10, e.book[sheet].max_row + 1) if e.book[sheet].cell(r, 2).value]
    for row in rows:
        if e.rng.random() < 0.08:
            e.put(sheet, row, 11, e.rng.choice([None, "text", 0, 15, 15.01, 30, 30.01, 58, 58.01, 200]))
    if e.rng.random() < 0.5:  # a scenario that is predicted red, or grey, throughout
        colour = e.rng.choice(["red", "grey"])
        scenario = e.rng.choice(["CCRs curved", "CCRb", "CCR cut-in", "CMRm", "CMRb", "CPLA", "CBLA"])
        first = e.row_of("VA - ACC pred.", 1, scenario) + 2
        row = first
        while e.book["VA - ACC pred."].cell(row, 1).value:
            for column in range(4, 11):
                fill = e.book["VA - ACC pred."].cell(row, column).fill.fgColor.rgb
                if isinstance(fill, str) and fill[-6:] in [f[-6:] for f in FILLS.values()]:
                    e.fill("VA - ACC pred.", row, column, colour)
                    e.put("VA - ACC pred.", row, column, None)
            row += 1
        for row in rows:
            if e.book[sheet].cell(row, 2).value == scenario:
                for column in range(2, 12):
                    e.put(sheet, row, column, None)


def steering(e):
    for row in range(2, 10):
        words = ["Stays in lane", "Stays in lane", "Does not stay in lane", None]
        words = words if row % 2 == 0 else ["Stays in lane", "Redirects", "Does not redirect", None]
        e.put("VA - Steering assistance verif.", row, 3, e.rng.choice(words))
    e.put("Input parameters", 12, 7, e.rng.choice(["Standard", "Optional or not available", None]))


PARTS = (seatbelts, classification, presence, presence, monitoring_tests, monitoring_tests, monitoring_claims)
PARTS += (monitoring_claims, monitoring_gates, controls, speed, speed, cruise, steering)


def clean(value):
    if value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def sheet_rows(frame):
    columns = ["Stage element", "Stage subelement", "Category", "Scenario", "Score"]
    columns = [column for column in columns if column in frame.columns]
    rows = [
        {c: clean(v) for c, v in zip(columns, line, strict=True)} for line in frame[columns].values.tolist()
    ]
    return [{c: v for c, v in row.items() if v is not None and v != ""} for row in rows]


def official(path):
    """Return the three score sheets that the calculator computes from a workbook, or the error that stops it."""
    from euroncap_rating_2026 import common
    from euroncap_rating_2026.safe_driving import data_model

    step = importlib.import_module("euroncap_rating_2026.safe_driving.compute_score")
    dfs = common.read_excel_file_to_dfs(
        str(path), load_bg_colors=True, preserve_na_sheets=data_model.PRESERVE_NA_SHEETS
    )
    try:
        scored = step.calculate_score(dfs)
    except Exception as error:
        return {"stops": type(error).__name__}
    return {name: sheet_rows(scored[name]) for name in ("Test Scores", "Category Scores", "Scenario Scores")}


def driving(cases: Path, first: int, count: int) -> list:
    runs = []
    for seed in range(first, first + count):
        rng = random.Random(f"safe driving {seed}")
        base = BASES[seed % len(BASES)]
        book = openpyxl.load_workbook(cases / base / "sd_input.xlsx")
        edits = Edits(book, rng)
        if seed < len(BASES):
            pass
        elif seed < 2 * len(BASES):
            edits.put("Input parameters", 2, 7, None)
            for row in range(6, book["OM - Seatbelt usage verif."].max_row + 1):
                for column in (1, 2, 3):
                    edits.put("OM - Seatbelt usage verif.", row, column, None)
        else:
            for part in rng.sample(PARTS, rng.randint(1, 4)):
                part(edits)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sd_input.xlsx"
            book.save(path)
            last = {(s, r, c, str(v).startswith("fill ")): [s, r, c, v] for s, r, c, v in edits.list}
            runs.append({"base": base, "edits": list(last.values()), "official": official(path)})
    return runs


def limits(cases: Path) -> list:
    from euroncap_rating_2026 import common
    from euroncap_rating_2026.safe_driving import speed_assistance

    runs = []
    for seed in range(36):
        rng = random.Random(f"limits {seed}")
        book = openpyxl.load_workbook(cases / BASES[seed % len(BASES)] / "sd_template.xlsx")
        sheet = book["VA - Speed assist. pred."]
        used = [[sheet.cell(r, c).value is not None for c in range(3, 15)] for r in range(3, 32)]
        grid = []
        bad = [rng.choice([0.0, 0.1, 0.3, 0.45, 0.5, 0.55, 0.7]) for _ in range(12)]
        spare = [rng.random() < 0.7 for _ in range(12)]
        for r in range(3, 32):
            line = ""
            for c in range(3, 15):
                letter = "." if not used[r - 3][c - 3] else "g"
                if letter == "g" and rng.random() < bad[c - 3] and not (r < 13 and spare[c - 3]):
                    letter = rng.choice("rrrrre.")
                sheet.cell(r, c).value = {"g": "Green", "r": "Red"}.get(letter)
                sheet.cell(r, c).fill = (
                    PatternFill("solid", fgColor=FILLS["grey"]) if letter == "e" else PatternFill()
                )
                line += letter
            grid.append(line)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sd_template.xlsx"
            book.save(path)
            dfs = common.read_excel_file_to_dfs(str(path), load_bg_colors=True)
            frame, _ = speed_assistance.preprocess(dfs)
        words = frame.set_index("Scenario")["Value"].to_dict()
        verdicts = [str(word)[0] for line, word in words.items() if "speed limits" in str(line)]
        runs.append({"grid": " ".join(grid), "prepared": "".join(verdicts)})
    return runs


def presence_table() -> dict:
    """Points of both scenarios for every combination of PASS and FAIL of the eight elements."""
    import itertools

    import pandas as pd
    from euroncap_rating_2026.safe_driving import occupant_presence

    places = [("Child left behind", "Front Seat"), ("Child left behind", "Rear Seat")]
    places += [
        ("Child enters unlocked vehicle", "Front compartment"),
        ("Child enters unlocked vehicle", "Rear Seat"),
    ]
    elements = [(s, f"{place} - {word}") for s, place in places for word in ("Warning", "Intervention")]
    out = {}
    for words in itertools.product("PF", repeat=8):
        rows = [["Child presence detection", "General requirements", None, "PASS"]]
        for (scenario, element), word in zip(elements, words, strict=True):
            rows.append([None, scenario, element, {"P": "PASS", "F": "FAIL"}[word]])
        rows.append(["Crash occupancy information", "General requirements", None, "PASS"])
        rows += [[None, "Adult occupants", None, "PASS"], [None, "Children in all CRS", None, "PASS"]]
        frame = pd.DataFrame(rows, columns=["Category", "Scenario", "Element", "Value"])
        _, scores = occupant_presence.compute_classification_score({"OM - Occ. presence verif.": frame})
        points = [scores["Child left behind"], scores["Child enters unlocked vehicle"]]
        if any(points):
            out["".join(words)] = points
    return out


def pack(cases: Path, files: list[str]) -> str:
    """Write runs short: facts as differences from their base, scores by the node they belong to."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from euroncap2026.safe_driving.comparison import pairs
    from euroncap2026.safe_driving.reference import fact_names, reading_of

    names, nodes, bases, lines = fact_names(), [], {}, []
    for i, run in enumerate(
        one for file in files for one in json.loads(Path(file).read_text(encoding="utf-8"))
    ):
        book = cases / run["base"] / "sd_input.xlsx"
        facts = reading_of(book, "safe-driving", "calculator", run["edits"]).facts
        if "stops" in run["official"]:
            lines.append({"base": run["base"], "edits": run["edits"], "stops": run["official"]["stops"]})
            continue
        scores = [score for _, _, score in pairs(run["official"], "safe-driving", "safe-driving.yaml")]
        if not run["edits"]:
            nodes = {
                "nodes": [node for _, node, _ in pairs(run["official"], "safe-driving", "safe-driving.yaml")]
            }
            bases[run["base"]] = nodes | {"facts": [facts.get(name) for name in names], "scores": scores}
        base = bases[run["base"]]
        changed = {j: facts.get(n) for j, n in enumerate(names) if facts.get(n) != base["facts"][j]}
        moved = {j: s for j, s in enumerate(scores) if s != base["scores"][j]}
        line = {"base": run["base"], "facts": changed, "scores": moved}
        if i % 6 == 0 and len(run["edits"]) < 60:
            line["edits"] = run["edits"]
        lines.append(line)
    rows = ",\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    head = json.dumps({"names": names, "bases": bases}, ensure_ascii=False, separators=(",", ":"))
    return f'{head[:-1]},\n"runs":[\n{rows}\n]}}'


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.CRITICAL)
    if sys.argv[1] == "pack":
        print(pack(Path(sys.argv[2]), sys.argv[3:]))
        sys.exit()
    if sys.argv[1] == "presence":
        out = presence_table()
    elif sys.argv[1] == "driving":
        out = driving(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        out = limits(Path(sys.argv[2]))
    print(json.dumps(out, ensure_ascii=False))
