"""The fixed words of the office's records, a text a language, from ``labels.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from carindex.kept import shipped
from carindex.messages import Language


def _words() -> Mapping[str, Mapping[str, str]]:
    return cast(Mapping[str, Mapping[str, str]], shipped("office/labels.yaml"))


def label(name: str, language: Language) -> str:
    """Return a word to show.

    Parameters
    ----------
    name
        Its name in the file, such as ``role.expert``.
    language
        The language.

    Raises
    ------
    KeyError
        When there is none: a mistake in the program.
    """
    words = _words()[name]
    return words.get(language) or words["en"]


def has_label(name: str) -> bool:
    """Whether there is a word of this name."""
    return name in _words()
