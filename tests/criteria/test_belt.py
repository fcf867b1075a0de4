"""Belt loads: the published values of NHTSA test 07292."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carindex.criteria import belt
from carindex.criteria.filters import cfc


@pytest.mark.parametrize(
    ("name", "published", "exact"), [("belt_lap", 3125, 3124.6), ("belt_shoulder", 3504, 3503.5)]
)
def test_belt_force_published_for_nhtsa_07292(name, published, exact):
    with np.load(Path(__file__).parent / "data" / "nhtsa_v07292_body.npz") as file:
        force, dt, start = file[name].astype(float), float(file["dt"]), float(file["start"])
    found = belt.belt_force(cfc(force, dt, 60), dt, start)
    assert found.value == pytest.approx(exact, abs=0.06)
    assert abs(found.value - published) <= 0.5
    assert 0.03 < found.time < 0.15


def test_belt_force_of_a_batch_and_nan():
    force = np.array([[0.0, 5.0, 2.0], [1.0, np.nan, 0.0]])
    found = belt.belt_force(force, 1e-3, -1e-3)
    np.testing.assert_array_equal(found.value, [5.0, np.nan])
    np.testing.assert_array_equal(found.time, [0.0, np.nan])


def test_webbing_payout_ignores_pretensioning():
    assert belt.webbing_payout([0.0, -0.08, 0.02, 0.15, 0.14], 1e-3).value == 0.15
