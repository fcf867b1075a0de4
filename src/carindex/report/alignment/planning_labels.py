"""The words of plans and improvements, from ``labels_planning.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from carindex.messages import Language


@cache
def _labels() -> Mapping[str, Mapping[Language, str]]:
    text = files("carindex.report.alignment").joinpath("labels_planning.yaml").read_text("utf-8")
    return cast(Mapping[str, Mapping[Language, str]], yaml.load(text, yaml.CSafeLoader))


def label(key: str, language: Language, **parameters: object) -> str:
    """Return a label in a language, its ``{placeholders}`` filled in.

    Raises
    ------
    KeyError
        When there is no such label: a mistake in the program, never in the user's data.
    """
    return _labels()[key][language].format(**parameters)
