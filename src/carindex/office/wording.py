"""The fixed words of the office's records, a text a language, from ``labels.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from carindex.kept import shipped
from carindex.messages import Language


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
    words = cast(Mapping[str, Mapping[str, str]], shipped("office/labels.yaml"))[name]
    return words.get(language) or words["en"]
