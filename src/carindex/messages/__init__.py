"""What the product says to people: errors and findings, in every supported language.

The words live in data: each room has a ``messages.yaml`` beside its code, with one entry a message and one
text a language. Code raises `InputError` or returns a `Finding` with a message code and its parameters; the
words are looked up when they are shown. Nothing in this package knows what the messages are about.
"""

from carindex.messages.catalogue import (
    LANGUAGES,
    Language,
    enumerated,
    language_from,
    phrase,
    statements,
)
from carindex.messages.findings import Finding, InputError, Severity, worst_severity

__all__ = [
    "LANGUAGES",
    "Finding",
    "InputError",
    "Language",
    "Severity",
    "enumerated",
    "language_from",
    "phrase",
    "statements",
    "worst_severity",
]
