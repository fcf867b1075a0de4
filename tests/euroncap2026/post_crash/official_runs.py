"""Makes ``data/edited_workbooks.json`` by running the programme's calculator; no test imports this.

    PYTHON official_runs.py CASES > data/edited_workbooks.json

PYTHON is an environment with ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars. A run fills the answers of a prepared
workbook at random, some left blank, and lets the calculator's scoring step read and score it.
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

BASE = "case_00010"


def clean(value):
    if value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def scores(frame):
    columns = ["Stage element", "Stage subelement", "Category", "Scenario", "Score"]
    columns = [column for column in columns if column in frame.columns]
    rows = [
        {c: clean(v) for c, v in zip(columns, line, strict=True)} for line in frame[columns].values.tolist()
    ]
    return [{c: v for c, v in row.items() if v is not None and v != ""} for row in rows]


def run(cases: Path, seed: int) -> dict:
    from euroncap_rating_2026 import common

    step = importlib.import_module("euroncap_rating_2026.post_crash.compute_score")
    rng = random.Random(f"post crash {seed}")
    book = openpyxl.load_workbook(cases / BASE / "pc_input.xlsx")
    edits = []
    good, blank = rng.choice([0.5, 0.8, 0.95, 1.0]), rng.choice([0.0, 0.05, 0.15, 0.4])
    for sheet in book:
        if not sheet.title.endswith(("Verif", "Verification")):
            continue
        for row in range(2, sheet.max_row + 1):
            cell = sheet.cell(row, sheet.max_column)
            words = (
                ["≥90 min", ">40 min", ">20 min", "≤20 min"] if "min" in str(cell.value) else ["PASS", "FAIL"]
            )
            gate = any(sheet.cell(row, c).value == "General requirements" for c in (1, 2))
            word = words[0] if rng.random() < good or (gate and rng.random() < 0.8) else rng.choice(words[1:])
            cell.value = None if rng.random() < (blank / 5 if gate else blank) else word
            edits.append([sheet.title, row, sheet.max_column, cell.value])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pc_input.xlsx"
        book.save(path)
        scored = step.calculate_score(common.read_excel_file_to_dfs(str(path)))
    names = ("Test Scores", "Category Scores", "Scenario Scores")
    return {"base": BASE, "edits": edits, "official": {name: scores(scored[name]) for name in names}}


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.CRITICAL)
    runs = [run(Path(sys.argv[1]), seed) for seed in range(60)]
    cells = [edit[:3] for edit in runs[0]["edits"]]
    labels = {
        name: [{c: v for c, v in row.items() if c != "Score"} for row in rows]
        for name, rows in runs[0]["official"].items()
    }
    lines = []
    for one in runs:
        assert [edit[:3] for edit in one["edits"]] == cells
        scores = [row.get("Score") for rows in one["official"].values() for row in rows]
        lines.append({"answers": [edit[3] for edit in one["edits"]], "scores": scores})
    head = json.dumps({"base": BASE, "cells": cells, "rows": labels}, ensure_ascii=False)
    body = ",\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    print(f'{head[:-1]},\n"runs": [\n{body}\n]}}')
