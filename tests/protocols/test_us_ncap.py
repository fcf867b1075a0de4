"""US NCAP 2011-2026: stars from NHTSA's published metrics against NHTSA's published stars."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from carindex.dossier.published import import_table
from carindex.rating import compile_protocol, evaluate, load_protocol

SAMPLE = Path(__file__).parent / "data" / "safercar_sample.csv"
# Frontal tests whose published metrics give other stars than the published ones. In all of them the published
# Nij, which is rounded to two decimals, leaves the published stars possible.
NIJ_ROUNDED = {"11574", "10704", "10050", "11663", "14243", "7509", "7617"}
# 2012 Fiat 500, overall side: relative risk 1.32 as published metrics give it, two stars published; no
# rounding of the metrics explains it.
UNEXPLAINED = {"7505"}
EXACT = (
    "side/front_seat",
    "side/front_seat/side_barrier_driver",
    "side/front_seat/side_pole",
    "side/rear_seat",
    "side/rear_seat/side_barrier_rear_passenger",
    "side_barrier",
    "rollover",
)


def number(cell):
    if cell is None:
        return np.nan
    return {"no": 0.0, "yes": 1.0}.get(cell) if cell in ("no", "yes") else float(cell)


class Compared:
    def __init__(self, path):
        self.table = import_table("safercar", path)
        self.tests = [
            row["FRNT_TEST_NO"].removesuffix(".0")
            for row in csv.DictReader(path.read_text("utf-8").splitlines())
        ]
        self.plan = compile_protocol(load_protocol("us-ncap-2011"))
        column = {name: i for i, name in enumerate(self.table.columns)}
        self.facts = np.array(
            [[number(row[column[fact]]) for row in self.table.rows] for fact in self.plan.facts]
        )
        self.published = {
            path: np.array([number(row[column[f"published:{path}"]]) for row in self.table.rows])
            for path, node in self.plan.nodes.items()
            if node.outcome is not None
        }
        self.result = evaluate(self.plan, self.facts)

    def different(self, path):
        low, high = self.result.outcome(path)
        both = (low == high) & ~np.isnan(self.published[path])
        return both, both & (low != self.published[path])

    def possible_within_rounding(self, path):
        """Whether the published stars lie among those that the metrics allow, Nij being known to ±0.005."""
        low, high = self.facts.copy(), np.where(np.isnan(self.facts), self.plan.most[:, None], self.facts)
        for i, fact in enumerate(self.plan.facts):
            if fact.endswith("/nij"):
                low[i] -= 0.005
                high[i] += 0.005
        result = evaluate(self.plan, low, high=high)
        worst, best = result.outcome(path)
        return (worst <= self.published[path]) & (self.published[path] <= best)


@pytest.fixture(scope="module")
def sample():
    return Compared(SAMPLE)


@pytest.fixture(scope="module")
def whole(shared):
    return Compared(shared / "results" / "usncap_safercar_2011_2026.csv")


@pytest.mark.parametrize("path", EXACT)
def test_side_and_rollover_stars_are_the_published_ones(sample, path):
    both, different = sample.different(path)
    assert both.sum() > 90
    assert not different.any()


@pytest.mark.parametrize("path", ["", "frontal", "frontal/driver", "frontal/passenger"])
def test_other_stars_differ_only_where_the_published_nij_is_rounded(sample, path):
    both, different = sample.different(path)
    assert both.sum() > 90
    assert {sample.tests[row] for row in np.flatnonzero(different)} <= NIJ_ROUNDED
    assert sample.possible_within_rounding(path)[both].all()


def test_the_one_side_rating_that_nothing_explains(sample):
    _, different = sample.different("side")
    assert {sample.tests[row] for row in np.flatnonzero(different)} == UNEXPLAINED


def test_unknown_metrics_leave_the_published_stars_possible(sample):
    for path, published in sample.published.items():
        low, high = sample.result.outcome(path)
        open_ = (low < high) & ~np.isnan(published)
        assert ((low <= published) & (published <= high))[open_].all()


@pytest.mark.shared
def test_whole_table(whole):
    """The whole table: 100 % where metrics are published exactly, every other row explained."""
    for path in EXACT:
        both, different = whole.different(path)
        assert both.sum() > 2000
        assert not different.any(), path
    share = {}
    for path in ("", "frontal", "frontal/driver", "frontal/passenger", "side"):
        both, different = whole.different(path)
        share[path] = 1 - different.sum() / both.sum()
        unexplained = {
            whole.tests[row] for row in np.flatnonzero(both & ~whole.possible_within_rounding(path))
        }
        assert unexplained <= (UNEXPLAINED if path == "side" else set()), path
        assert {whole.tests[row] for row in np.flatnonzero(different)} <= NIJ_ROUNDED | UNEXPLAINED
    assert share["frontal/driver"] >= 0.99
    assert share["frontal/passenger"] >= 0.984
    assert share[""] >= 0.993


@pytest.mark.parametrize(
    ("fact", "value", "path", "risk"),
    [
        # 73 FR 40016: HIC15 at which half of the population suffers AIS 3+: exp(7.45231)
        ("full_width_rigid_56/driver/h3_50m/hic15", np.exp(7.45231), "frontal/driver/head", 0.5),
        ("full_width_rigid_56/driver/h3_50m/nij", 3.2269 / 1.9688, "frontal/driver/neck/nij", 0.5),
        (
            "side_mdb_crabbed_62/driver/es2re/pubic_force",
            7.5969 / 0.0011,
            "side/front_seat/side_barrier_driver/pelvis",
            0.5,
        ),
        (
            "full_width_rigid_56/front_passenger/h3_05f/neck_tension",
            10958 / 3.77,
            "frontal/passenger/neck/tension",
            0.5,
        ),
    ],
)
def test_half_risk_points_of_the_curves(sample, fact, value, path, risk):
    facts = np.full((len(sample.plan.facts), 1), np.nan)
    facts[sample.plan.facts.index(fact)] = value
    low, high = evaluate(sample.plan, facts).value(path)
    assert low[0] == pytest.approx(risk)
    assert high[0] == pytest.approx(risk)
