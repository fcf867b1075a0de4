"""``track.yaml`` as typed structures, and what each criterion needs.

Belongs here: the shape of the file, and which channels a step rests on. Does not belong here: channels of a
recording (`channels`), computing (`compute`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from carindex.measures.catalogue import Criterion, Label, Step

TIME = "time"
"""Name of the clock among the inputs of a step; it is always there."""

Kind = Literal["length", "speed", "acceleration", "angle", "switch"]


class ChannelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kind": "is"}):
    """A channel of a track test: what it is, by which names it is known."""

    label: Label
    kind: Kind
    example: str
    names: list[str]
    fixed: bool = False
    range: tuple[float, float] | None = None

    @property
    def in_header(self) -> bool:
        """Whether a header entry may stand for it: a number that was not measured in the run."""
        return self.fixed or self.kind == "angle"


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question about a run; where it holds, a criterion has no value and ``message`` says why."""

    function: str
    of: list[str]
    message: str = ""
    severity: Literal["error", "warning", "note"] = "note"


class TrackCriterion(Criterion, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A criterion of a track test: with its checks and the channels that show that it is wanted.

    A check that holds takes the value away; a remark leaves it, and says something about it.
    """

    checks: list[str] = msgspec.field(default_factory=list)
    remarks: list[str] = msgspec.field(default_factory=list)
    asked_by: list[str] = msgspec.field(default_factory=list)


class TrackRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    longest_gap: float
    usual_rate: float
    filter_rate: float
    words: dict[str, str]
    units: dict[Kind, str]
    unit_examples: dict[Kind, str]
    channels: dict[str, ChannelRule]
    signals: dict[str, list[Step]]
    checks: dict[str, Check]
    criteria: dict[str, TrackCriterion]
    only_one: dict[str, list[str]]


@cache
def track_rules() -> TrackRules:
    """Return what holds for track tests."""
    text = files("carindex.measures.track").joinpath("track.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, yaml.CSafeLoader), TrackRules)


@cache
def expressions(role: str) -> tuple[re.Pattern[str], ...]:
    """Return the names of a channel as search expressions for `plain` names, in order of preference."""
    rules = track_rules()
    found: list[re.Pattern[str]] = []
    for name in rules.channels[role].names:
        for word, expression in rules.words.items():
            name = name.replace(f"{{{word}}}", expression)
        found.append(re.compile(name))
    return tuple(found)


def plain(name: str) -> str:
    """Return a name in lower case, words apart, with one blank for everything that is no letter or digit."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", apart.casefold()).strip()


class Needs:
    """What steps rest on, given the channels that can be used.

    Parameters
    ----------
    usable
        Channels that can be used.
    recorded
        Channels that are recorded, usable or not.
    """

    def __init__(self, usable: Iterable[str], recorded: Iterable[str]) -> None:
        self._usable = frozenset(usable) | {TIME}
        self._recorded = frozenset(recorded) | {TIME}
        self._rules = track_rules()

    def step(self, signal: str) -> Step:
        """Return the step by which a signal is computed: the first whose channels can all be used.

        Where there is none, the step that lacks the fewest channels, and of these the one that has the most:
        what is missing for it is what the run was meant to have.
        """

        def effort(step: Step) -> tuple[int, int]:
            lacking = len(self.lacking(step.of))
            return lacking, lacking - len(self.channels(step.of)) if lacking else 0

        return min(self._rules.signals[signal], key=effort)

    def channels(self, names: Iterable[str]) -> dict[str, None]:
        """Return the channels that signals and channels of these names rest on, in order, without the clock."""
        found: dict[str, None] = {}
        for name in names:
            if name in self._rules.signals:
                found |= self.channels(self.step(name).of)
            elif name != TIME:
                found[name] = None
        return found

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return the channels that cannot be used although signals and channels of these names rest on them."""
        return [name for name in self.channels(names) if name not in self._usable]

    def inputs(self, criterion: TrackCriterion) -> list[str]:
        """Return what a criterion, its checks and its remarks are computed of."""
        asked = [*criterion.checks, *criterion.remarks]
        return [*criterion.of, *(name for check in asked for name in self._rules.checks[check].of)]

    def is_asked(self, criterion: TrackCriterion) -> bool:
        """Whether a channel is recorded that shows that the criterion is wanted."""
        return any(name in self._recorded for name in criterion.asked_by)

    def steps(self) -> Mapping[str, Step]:
        """Return the chosen step of every signal."""
        return {name: self.step(name) for name in self._rules.signals}
