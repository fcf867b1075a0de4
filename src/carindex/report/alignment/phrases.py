"""The words of one kind of comparison, from a YAML file of its own beside this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from carindex.messages import Language

Phrase = Callable[..., str]


@cache
def _phrases(topic: str) -> Mapping[str, Mapping[Language, str]]:
    text = files("carindex.report.alignment").joinpath(f"{topic}.yaml").read_text("utf-8")
    return cast(Mapping[str, Mapping[Language, str]], yaml.load(text, yaml.CSafeLoader))


def phrases(topic: str, language: Language) -> Phrase:
    """Return a function from a key, and values for its placeholders, to a text of a topic in a language.

    Raises
    ------
    KeyError
        When there is no such phrase: a mistake in the program, never in the user's data.
    """
    said = _phrases(topic)

    def phrase(key: str, **parameters: object) -> str:
        return said[key][language].format(**parameters)

    return phrase
