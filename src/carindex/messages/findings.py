"""A finding (something to know about the data) and an input error (data that cannot be used at all)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from carindex.messages.catalogue import Language, phrase

Severity = Literal["error", "warning", "note"]
_ORDER: tuple[Severity, ...] = ("note", "warning", "error")
_SEPARATOR: dict[Language, str] = {"en": "; ", "zh": "；"}
_COLON: dict[Language, str] = {"en": ": ", "zh": "："}


def _sentence(code: str, parameters: Mapping[str, object], language: Language) -> str:
    parts = [phrase(code, part, language, parameters) for part in ("found", "expected", "action")]
    return _SEPARATOR[language].join(part for part in parts if part)


class Finding(msgspec.Struct, frozen=True):
    """One thing found in the data, where, how bad, and what follows from it.

    Attributes
    ----------
    code
        Message code, ``room.message_name``.
    severity
        ``error``: what needs the place is refused; ``warning``: used, but to be looked at; ``note``: to know.
    place
        Where: a file with line or cell, a channel code, a fact name or a path in the rating tree.
    channel
        The channel concerned, by its code, or ``None``.
    parameters
        Values for the placeholders of the message.
    """

    code: str
    severity: Severity
    place: str
    channel: str | None = None
    parameters: Mapping[str, object] = msgspec.field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """Return what was found, what was expected and what to do, as one line."""
        return _sentence(self.code, self.parameters, language)

    def consequence(self, language: Language = "en") -> str:
        """Return what follows from the finding, or an empty text."""
        return phrase(self.code, "consequence", language, self.parameters)

    def line(self, language: Language = "en") -> str:
        """Return ``PLACE: what was found; what was expected; what to do``."""
        return f"{self.place}{_COLON[language]}{self.text(language)}"

    def as_json(self, language: Language = "en") -> dict[str, object]:
        """Return the finding as plain values for JSON output."""
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "channel": self.channel,
            "text": self.text(language),
            "consequence": self.consequence(language),
        }


class InputError(Exception):
    """Input that cannot be used: ``PLACE: what was found; what was expected; what to do``.

    Parameters
    ----------
    place
        A file with line, sheet and cell, a channel code or a fact name.
    code
        Message code, ``room.message_name``.
    **parameters
        Values for the placeholders of the message.
    """

    def __init__(self, place: object, code: str, **parameters: object) -> None:
        self.place = str(place)
        self.code = code
        self.parameters = parameters
        super().__init__(self.line("en"))

    def __reduce__(self) -> tuple[Callable[..., InputError], tuple[object, ...]]:
        return _again, (self.place, self.code, self.parameters)

    def line(self, language: Language = "en") -> str:
        """Return the error as one line in a language."""
        return f"{self.place}{_COLON[language]}{_sentence(self.code, self.parameters, language)}"

    def as_finding(self, severity: Severity = "error", channel: str | None = None) -> Finding:
        """Return the same statement as a finding, for callers that go on with the rest."""
        return Finding(self.code, severity, self.place, channel, dict(self.parameters))


def _again(place: str, code: str, parameters: Mapping[str, object]) -> InputError:
    return InputError(place, code, **parameters)


def worst_severity(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity among findings, ``None`` when there are none."""
    return max((finding.severity for finding in findings), key=_ORDER.index, default=None)
