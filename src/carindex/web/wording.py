"""The fixed words of the pages, a text a language, from ``labels/``; one key means one thing everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from carindex.messages import Language

TAGS: Mapping[Language, str] = {"en": "en", "zh": "zh-Hans"}
"""What the ``lang`` of a page says."""


@cache
def labels() -> Mapping[str, Mapping[Language, str]]:
    """Return all labels: key to one text a language.

    Raises
    ------
    ValueError
        When two files have the same key: a mistake in the program.
    """
    found: dict[str, Mapping[Language, str]] = {}
    for file in sorted(files("carindex.web").joinpath("labels").iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".yaml"):
            continue
        said = cast(dict[str, Mapping[Language, str]], yaml.load(file.read_text("utf-8"), yaml.CSafeLoader))
        twice = found.keys() & said.keys()
        if twice:
            raise ValueError(f"labels said twice: {', '.join(sorted(twice))}")
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


def preferred(accepted: str) -> Language:
    """Return the language that a browser prefers (``Accept-Language``), English where it says nothing known."""
    best: tuple[float, Language] = (0.0, "en")
    for part in accepted.split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        head = name.strip().lower()[:2]
        if head in ("en", "zh") and value > best[0]:
            best = (value, "zh" if head == "zh" else "en")
    return best[1]
