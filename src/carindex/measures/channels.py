"""Which channel of a recording a measure is computed from: alternatives in order, redundant and refused sensors.

Belongs here: finding channels by code. Does not belong here: what is in them (`processing`).

The rule: the first alternative that is recorded. When data quality refuses it, its redundant sensor or the
next alternative stands in, never silently: a *warning* says so. A channel that is neither recorded nor replaced
makes the measure impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from carindex.measures.catalogue import Measure, Pattern, rules
from carindex.messages import Finding
from carindex.recordings import Channel, Recording
from carindex.vocabulary import vocabulary


class ChannelIndex:
    """The coded channels of a recording by position and code, without dummy and filter class."""

    def __init__(self, recording: Recording) -> None:
        self._found: dict[tuple[str, str, str, str], list[Channel]] = {}
        for channel in recording:
            code = channel.code
            if code is not None:
                key = (code.test_object, code.position, code.text[2:10], code.text[12:15])
                self._found.setdefault(key, []).append(channel)
        order = rules().letter_order
        rank = {letter: i for i, letter in enumerate(order)}
        for channels in self._found.values():
            channels.sort(key=lambda c: rank.get(c.code.filter_class, len(order)) if c.code else 0)

    def find(
        self, test_object: str, position: str, pattern: Pattern, dummy: str | None = None
    ) -> Channel | None:
        """Return the least filtered channel of a pattern, ``None`` without one.

        Of channels that differ in fine location 3 those of the dummy are preferred, then those that leave it open.
        """
        channels = self._found.get((test_object, position, pattern.place, pattern.what), ())
        if pattern.third != "??":
            channels = [c for c in channels if c.code and c.code.fine_location_3 == pattern.third]
        if len(channels) > 1 and pattern.third == "??":
            known = vocabulary().dummy_of_code
            own = [c for c in channels if c.code and known.get(c.code.fine_location_3) == dummy]
            channels = own or [c for c in channels if c.code and c.code.fine_location_3 == "00"] or channels
        return channels[0] if channels else None


@dataclass(frozen=True)
class Selection:
    """What was found for a measure at a position.

    Attributes
    ----------
    channels
        Channel by role; only complete when ``missing`` and ``refused`` are empty.
    missing
        Codes of the roles for which nothing is recorded.
    refused
        Recorded channels that data quality refuses and nothing replaces.
    findings
        Which channels stand in for others.
    """

    channels: dict[str, Channel] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    refused: tuple[Channel, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every role has a channel."""
        return not self.missing and not self.refused

    @property
    def touched(self) -> bool:
        """Whether any channel of the measure is recorded."""
        return bool(self.channels or self.refused)


def redundant(pattern: Pattern) -> tuple[Pattern, ...]:
    """Return the patterns of the redundant sensor of a pattern, none where the code has no room for it."""
    fine = rules().redundant.get(pattern.place[6:])
    if fine is None:
        return ()
    found = [Pattern(pattern.place[:6] + fine, pattern.third, pattern.what)]
    if pattern.place[4:] == "0000":
        found.append(Pattern(pattern.place[:4] + "RD00", pattern.third, pattern.what))
    return tuple(found)


def select(
    measure: Measure,
    index: ChannelIndex,
    refused: frozenset[str],
    test_object: str,
    position: str,
    dummy: str | None,
) -> Selection:
    """Return the channels of a measure at a position of a test object.

    Parameters
    ----------
    measure
        The measure.
    index
        Channels of the recording.
    refused
        Labels of the channels that data quality refuses.
    test_object, position, dummy
        Where to look; ``dummy`` of the vocabulary, ``None`` when it is not known.
    """
    channels: dict[str, Channel] = {}
    missing: list[str] = []
    out: list[Channel] = []
    findings: list[Finding] = []
    for role, patterns in measure.patterns.items():
        preferred: Channel | None = None
        chosen: Channel | None = None
        by_redundant = False
        for pattern, is_redundant in _in_order(patterns):
            channel = index.find(test_object, position, pattern, dummy)
            if channel is None:
                continue
            preferred = preferred or channel
            if channel.label not in refused:
                chosen, by_redundant = channel, is_redundant
                break
        if chosen is None:
            if preferred is None:
                missing.append(patterns[0].code(test_object, position))
            else:
                out.append(preferred)
            continue
        channels[role] = chosen
        if preferred is not None and preferred is not chosen:
            findings.append(_stands_in(preferred, chosen))
        elif by_redundant:
            parameters = {"code": patterns[0].code(test_object, position), "used": chosen.label}
            findings.append(
                Finding("measures.redundant_only", "warning", chosen.place, chosen.label, parameters)
            )
    return Selection(channels, tuple(missing), tuple(out), tuple(findings))


def _in_order(patterns: Iterable[Pattern]) -> Iterator[tuple[Pattern, bool]]:
    """Yield every alternative, each followed by its redundant sensor."""
    for pattern in patterns:
        yield pattern, False
        yield from ((other, True) for other in redundant(pattern))


def _stands_in(preferred: Channel, chosen: Channel) -> Finding:
    parameters = {"refused": preferred.label, "used": chosen.label}
    return Finding("measures.stands_in", "warning", chosen.place, chosen.label, parameters)
