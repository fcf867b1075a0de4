"""Makes ``data/edited_reports.json`` by running the programme's calculator; no test imports this.

    PYTHON official_runs.py CASES > data/edited_reports.json

PYTHON is an environment with ``euroncap-rating-2026==5.4.9``; CASES holds the ready cars. A run changes scores in the four reports of
a car, and year and provision score of the overall workbook, and lets the calculator's overall step collect and rate them.
"""

from __future__ import annotations

import copy
import importlib
import json
import logging
import math
import random
import sys
from pathlib import Path

import pandas as pd

BASE = "case_00011"
SHEETS = {
    "sd": ["Test Scores", "Category Scores"],  # in the order of the overall workbook
    "ca": ["Test Scores"],
    "cp": ["Test Scores", "CP - Body region scores"],
    "pc": ["Test Scores", "Scenario Scores"],
}
# lowest stage score for five stars, by year
LINES = {2026: (60, 70, 80, 80), 2027: (70, 80, 80, 80), 2028: (80, 80, 80, 80)}


def clean(value):
    return None if value is None or pd.isna(value) else value.item() if hasattr(value, "item") else value


def spread(frame, target, rng):
    """Scores of the tests that add up to about ``target``, none above its maximum."""
    share = [min(1.0, max(0.0, target / 100 + rng.uniform(-0.12, 0.12))) for _ in range(len(frame))]
    scores = [round(s * m, rng.choice([0, 1, 3])) for s, m in zip(share, frame["Max score"], strict=True)]
    for _ in range(20):
        lack = target - sum(scores)
        if abs(lack) < 1e-9:
            break
        i = rng.randrange(len(scores))
        scores[i] = round(min(frame["Max score"].iloc[i], max(0, scores[i] + lack)), 3)
    return scores


def run(step, read, seed: int) -> dict:
    rng = random.Random(f"overall {seed}")
    dfs = {k: v.copy() for k, v in read["overall"].items()}
    reports = {k: copy.deepcopy(read[k]) for k in SHEETS}
    year = rng.choice([2026, 2027, 2028])
    stars = rng.choice([5, 5, 5, 5, 5, 4, 4, 3, 2, 1, 0])
    changed = {"scores": {}, "regions": {}, "absent": []}
    for domain, line in zip(SHEETS, LINES[year], strict=True):
        frame = reports[domain]["Test Scores"]
        near = rng.choice([0, 0, 1, 2, -1, -3, 5, 8, 12, 15, 15, -0.001, 0.999])
        target = min(99.5, max(0, line - 10 * (5 - stars) + near))
        frame["Score"] = spread(frame, target, rng)
        if domain == "cp" and rng.random() < 0.12:
            frame.loc[frame["Stage subelement"].isin(["Head Impact", "Pelvis & Leg Impact"]), "Score"] = (
                rng.choice([5, 4.999, 4])
            )
        if rng.random() < 0.06:
            frame.loc[rng.randrange(len(frame)), "Score"] = float("nan")
        changed["scores"][domain] = [clean(v) for v in frame["Score"]]
    frame = reports["sd"]["Category Scores"]
    line = frame["Category"] == "Crash occupancy information"
    frame.loc[line, "Score"] = rng.choice([0, 4, 5, 5, float("nan")])
    changed["crash occupancy information"] = clean(frame.loc[line, "Score"].iloc[0])
    frame = reports["pc"]["Scenario Scores"]
    line = frame["Scenario"] == "Potential number of occupants"
    frame.loc[line, "Score"] = rng.choice([0, 3, 3, float("nan")])
    changed["potential number of occupants"] = clean(frame.loc[line, "Score"].iloc[0])
    frame = reports["cp"]["CP - Body region scores"]
    frame["Score"] = 0.5  # no region without points, but for those that are drawn
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        row = rng.randrange(len(frame))
        frame.loc[row, "Score"] = rng.choice([0, 0, float("nan"), 0.001])
        changed["regions"][row] = clean(frame.loc[row, "Score"])
        if pd.isna(frame.loc[row, "Score"]) and row and rng.random() < 0.5:
            frame.loc[row - 1, "Score"] = 0
            changed["regions"][row - 1] = 0
    if rng.random() < 0.05:
        changed["absent"] = [rng.choice(list(SHEETS))]
        reports[changed["absent"][0]] = dict.fromkeys(SHEETS[changed["absent"][0]])
    if rng.random() < 0.08:
        year = rng.choice([None, 2025, 2029])
    provision = rng.choice([None, 0, 5, 6.5, 6.999, 7, 7.5, 8, 10, 10, 10])
    dfs["Input parameters"]["Value"] = [float("nan") if v is None else v for v in (year, provision)]
    changed |= {"year": year, "provision": provision}
    rated = step.calculate_score({**dfs, **reports})
    names = ("Test Scores", "Stage element Scores", "Stage Scores")
    changed["official"] = {name: [clean(v) for v in rated[name]["Score"]] for name in names}
    changed["stars"] = clean(rated["Rating"]["Star rating"].iloc[0])
    return changed


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.CRITICAL)
    step = importlib.import_module("euroncap_rating_2026.overall.compute_score")
    common = importlib.import_module("euroncap_rating_2026.common")
    base = Path(sys.argv[1]) / BASE
    read = {"overall": common.read_excel_file_to_dfs(str(base / "overall_input.xlsx"))}
    for domain, sheets in SHEETS.items():
        report = base / f"{domain}_report.xlsx"
        read[domain] = {sheet: step.get_sheet_from_report(str(report), sheet) for sheet in sheets}
    runs = [run(step, read, seed) for seed in range(300)]
    for one in runs:
        for values in one["official"].values():
            values[:] = [None if v is None else math.floor(v * 1e9 + 0.5) / 1e9 for v in values]
        if one["official"]["Test Scores"] == [v for values in one["scores"].values() for v in values]:
            del one["official"]["Test Scores"]  # nothing but what the reports say
    labels = ["Stage subelement", "Loadcase", "Seat position", "Dummy", "Body region"]
    regions = read["cp"]["CP - Body region scores"][labels].ffill().values.tolist()
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in runs)
    print(f'{{"regions": {json.dumps(regions)},\n"runs": [\n{lines}\n]}}')
