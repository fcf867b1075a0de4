"""The measured NHTSA test that the criteria are checked against, in canonical units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

G = 9.80665
_UNITS = {"head_a": G, "chest_a": G, "head_w": np.pi / 180.0, "chest_displacement": 1e-3}


@pytest.fixture(scope="session")
def nhtsa_v10146() -> dict[str, dict[str, np.ndarray]]:
    """Channels of driver and passenger in m/s², rad/s, N, N·m and m, 10 kHz from -50 ms, unfiltered."""
    occupants: dict[str, dict[str, np.ndarray]] = {"driver": {}, "passenger": {}}
    with np.load(Path(__file__).parent / "data" / "nhtsa_v10146.npz") as file:
        assert (float(file["dt"]), float(file["start"])) == (1e-4, -0.05)
        for key in file.files:
            occupant, _, name = key.partition("_")
            if occupant in occupants:
                factor = next((f for prefix, f in _UNITS.items() if name.startswith(prefix)), 1.0)
                occupants[occupant][name] = factor * file[key].astype(np.float64)
    return occupants
