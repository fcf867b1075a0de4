"""The message catalogues: one ``messages.yaml`` a room, looked up by ``room.message_name``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, cast

from carindex.kept import shipped

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_STATEMENTS: Mapping[Language, str] = {"en": "; ", "zh": "；"}
_ITEMS: Mapping[Language, str] = {"en": ", ", "zh": "、"}


def language_from(text: str) -> Language:
    """Return the supported language that ``text`` names (``"zh_CN.UTF-8"``: ``"zh"``), else English."""
    head = text.strip().lower()[:2]
    return head if head in LANGUAGES else "en"


@cache
def _catalogue(room: str) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], shipped(f"{room}/messages.yaml"))


def entry(code: str) -> Mapping[str, Any]:
    """Return the catalogue entry of a message code.

    Raises
    ------
    KeyError
        When the room has no such message: a mistake in the program, never in the user's data.
    """
    room, name = code.split(".", 1)
    return cast(Mapping[str, Any], _catalogue(room)[name])


def statements(texts: Iterable[str], language: Language) -> str:
    """Return texts one after the other, as the language divides statements."""
    return _STATEMENTS[language].join(texts)


def enumerated(texts: Iterable[str], language: Language) -> str:
    """Return texts one after the other, as the language divides the things of a list."""
    return _ITEMS[language].join(texts)


def phrase(code: str, part: str, language: Language, parameters: Mapping[str, object]) -> str:
    """Return one part of a message with its parameters filled in; empty when it has no such part.

    Parameters
    ----------
    code
        ``room.message_name``.
    part
        ``found``, ``expected``, ``action`` or ``consequence``.
    language
        Language of the text; a text missing in that language is shown in English.
    parameters
        Values for the ``{placeholders}`` of the text; a label with a text a language is shown in ``language``.
    """
    texts = entry(code).get(part)
    if not texts:
        return ""
    text = texts.get(language) or texts["en"]
    return str(text).format(**{name: _in(language, value) for name, value in parameters.items()})


def _in(language: Language, value: object) -> object:
    """Return a parameter's own text in a language, where it has one text a language."""
    if isinstance(value, Mapping):
        return value.get(language, value.get("en", ""))
    return value
