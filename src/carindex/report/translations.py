"""Texts of protocol files in other languages than the one they are written in: sources and editions.

A protocol is written in English, so that it can be checked line by line; what its sentences are in another language
lies in a ``translations.yaml`` beside the editions of its programme. A sentence without one is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from carindex.messages import Language

FILE = "translations.yaml"


def translated(text: str, language: Language) -> str:
    """Return a source or an edition in a language; a text that is in none of the lists is returned as it is."""
    return text if language == "en" else translations().get(text, text)


@cache
def translations() -> Mapping[str, str]:
    """Return the Chinese of all sentences that have one.

    Raises
    ------
    ValueError
        When two lists say the same sentence otherwise: a mistake in the package, never in the user's data.
    """
    found: dict[str, str] = {}
    for folder in files("carindex").joinpath("protocols").iterdir():
        place = folder.joinpath(FILE)
        if not place.is_file():
            continue
        said = cast(dict[str, str], yaml.load(place.read_text("utf-8"), yaml.CSafeLoader))
        for text, other in said.items():
            if found.setdefault(text, other) != other:
                raise ValueError(f"{folder.name}/{FILE}: {text}")
    return found
