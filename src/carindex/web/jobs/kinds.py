"""The kinds of long work: what each is asked with, and how it is done. Runs in a process of its own, see `worker`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import msgspec

from carindex.messages import LANGUAGES, InputError
from carindex.web.bench import Looked, rating_of, without_places

Progress = Callable[[int, int], None]
_WHOLE = 1000
"""Progress is told in thousandths."""


class Robustness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How sure a rating is when its facts scatter."""

    protocol: str
    samples: int = 10_000
    seed: int = 1
    car: str | None = None
    test: str | None = None

    def __post_init__(self) -> None:
        if not 100 <= self.samples <= 1_000_000 or not 0 <= self.seed < 2**31:
            raise ValueError("samples 100 to 1000000, seed 0 to 2147483647")


def robustness(looked: Looked, asked: Robustness, tell: Progress) -> Any:  # noqa: ANN401 - plain values
    """Return the robustness of a rating, as ``carindex align robustness --json`` has it, in each language.

    Raises
    ------
    InputError
        When this installation cannot do it, or the rating has nothing that scatters.
    """
    rating = rating_of(looked, asked.protocol)
    try:
        parts = [import_module(f"carindex.alignment.{name}") for name in ("robustness", "uncertainty")]
        found = import_module("carindex.alignment.robustness_result")
    except ModuleNotFoundError:
        raise InputError("robustness", "web.kind_not_here") from None
    subject = parts[0].subject_of(rating, parts[1].NOTHING_STATED)

    def step(share: float, _: int) -> None:
        tell(round(_WHOLE * share), _WHOLE)

    made = found.robustness(subject, asked.samples, asked.seed, step)
    return {language: made.as_json(language) for language in LANGUAGES}


class Everything(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The report of a car under every programme, drawn with all signals."""

    car: str | None = None
    test: str | None = None


def everything(looked: Looked, _: Everything, tell: Progress) -> Any:  # noqa: ANN401 - plain values
    """Return the ratings of all programmes, each told as it is done."""
    from carindex.rating import available_protocols
    from carindex.web.bench import rating_json

    names = available_protocols()
    found: dict[str, list[Any]] = {language: [] for language in LANGUAGES}
    for done, name in enumerate(names):
        tell(done, len(names))
        rating = rating_of(looked, name, among=names)
        for language in LANGUAGES:
            found[language].append(rating_json(looked, rating, language))
    return found


KINDS: Mapping[str, tuple[type[msgspec.Struct], Callable[[Looked, Any, Progress], Any]]] = {
    "robustness": (Robustness, robustness),
    "ratings": (Everything, everything),
}


def checked(kind: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a job as they are kept.

    Raises
    ------
    InputError
        When there is no such kind, or its settings are not understood.
    """
    if kind not in KINDS:
        raise InputError(kind[:40] or "-", "web.no_such_kind", known=", ".join(KINDS))
    try:
        made = msgspec.convert(dict(settings), KINDS[kind][0])
    except (msgspec.ValidationError, ValueError) as error:
        raise InputError("settings", "web.not_understood", reason=str(error)) from None
    plain: Mapping[str, Any] = msgspec.to_builtins(made)
    return plain


def done(kind: str, looked: Looked, settings: Mapping[str, Any], tell: Progress) -> Any:  # noqa: ANN401
    """Do a job; returns plain values in which no place on this machine is named."""
    asked_as, do = KINDS[kind]
    found = do(looked, msgspec.convert(dict(settings), asked_as), tell)
    plain = json.loads(msgspec.json.encode(found, enc_hook=str))
    return without_places(plain, looked.folder)
