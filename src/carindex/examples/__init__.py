"""The real car that comes with the package: a 2018 Toyota Camry as NHTSA tested it (public domain data)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path


@contextmanager
def camry() -> Iterator[Path]:
    """Give the dossier folder of the example car."""
    with as_file(files("carindex.examples").joinpath("toyota-camry-2018")) as folder:
        yield folder
