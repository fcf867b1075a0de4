"""The fixed words of the drawings, from ``words.yaml``, and the signs of colours, from ``signs.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from carindex.messages import Language
from carindex.report.wording import in_language

Texts = Mapping[str, Mapping[str, str]]


@cache
def words(file: str = "words.yaml") -> Texts:
    """Return all words of a file: key to one text a language."""
    content = files("carindex.report.pictures").joinpath(file).read_text("utf-8")
    return cast(Texts, yaml.load(content, yaml.CSafeLoader))


def said(key: str, language: Language, **parameters: object) -> str:
    """Return words in a language, their ``{placeholders}`` filled in.

    Raises
    ------
    KeyError
        When there are no such words: a mistake in the program, never in the user's data.
    """
    return words()[key][language].format(**parameters)


def sign_of(word: str, label: Mapping[str, str]) -> Mapping[str, str]:
    """Return the sign of a colour; of one without an entry, the first letters of its name."""
    known = words("signs.yaml").get(word.lower())
    return known or {language: name[:1] for language, name in label.items()}


def axis_text(name: str) -> Mapping[str, str]:
    """Return the name of an axis, or a word on it, in every language; as it is where it has no entry."""
    return words("axes.yaml").get(name) or {"en": name, "zh": name}


def joined(parts: list[str], language: Language) -> str:
    """Return parts of a sentence with the comma of a language between them."""
    return (", " if language == "en" else "，").join(part for part in parts if part)


__all__ = ["axis_text", "in_language", "joined", "said", "sign_of", "words"]
