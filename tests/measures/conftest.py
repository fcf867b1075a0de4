"""The bundled NHTSA test, read once for all tests of the measures."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from carindex.messages import Finding
from carindex.recordings import Recording, read
from carindex.recordings.quality import examine


@pytest.fixture(scope="session")
def camry() -> Recording:
    """NHTSA test 10146, in the example that comes with the package."""
    folder = files("carindex").joinpath("examples", "toyota-camry-2018", "tests", "frontal", "v10146.zip")
    return read(Path(str(folder)), eager=True)


@pytest.fixture(scope="session")
def camry_quality(camry: Recording) -> tuple[Finding, ...]:
    return examine(camry)
