"""The fixed words of reports and of the terminal, in every language, from ``labels.yaml`` and the files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

import yaml

from carindex.messages import Language


@cache
def labels() -> Mapping[str, Mapping[Language, str]]:
    """Return all labels: key to one text a language; a part of the room may have a file ``labels_*.yaml``."""
    found: dict[str, Mapping[Language, str]] = {}
    for file in sorted(Path(__file__).parent.rglob("labels*.yaml")):
        said = cast(
            Mapping[str, Mapping[Language, str]], yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
        )
        assert not found.keys() & said.keys(), f"{file}: {found.keys() & said.keys()}"
        found.update(said)
    return found


def label(key: str, language: Language, **parameters: object) -> str:
    """Return a label in a language, its ``{placeholders}`` filled in.

    Raises
    ------
    KeyError
        When there is no such label: a mistake in the program, never in the user's data.
    """
    return labels()[key][language].format(**parameters)
