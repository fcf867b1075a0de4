"""What evidence of one word says about another one: two tests, seats, dummies or quantities that are worth comparing.

The judgements lie in ``equivalences.yaml`` with reason and source; this module loads, checks and chains them. A fact
differs from another one in up to four words of its name; `relations_to` says which facts are evidence for one, and how
strong that evidence is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from carindex.kept import kept, read_yaml
from carindex.vocabulary.names import FactName
from carindex.vocabulary.words import Label, vocabulary

Relation = Literal["same", "equivalent", "indicative"]
RELATIONS: tuple[Relation, ...] = ("same", "equivalent", "indicative")
"""The strongest first; ``same`` is one and the same fact, which needs no entry."""

Errs = Literal["cautious", "flattering", "open"]
Part = Literal["test", "seat", "dummy", "quantity"]
PARTS: Mapping[str, Part] = {"tests": "test", "seats": "seat", "dummies": "dummy", "quantities": "quantity"}

_TURNED: Mapping[Errs, Errs] = {"cautious": "flattering", "flattering": "cautious", "open": "open"}
_ENOUGH, _TOLERANCE = 3, 0.01
"""So many entries of two configurations must agree, numbers within so much, for two tests to be told to be alike."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry of the file."""

    source_words: str | list[str] = msgspec.field(name="from")
    target_words: str | list[str] = msgspec.field(name="to")
    relation: Literal["equivalent", "indicative"]
    errs: Errs
    both: bool = False
    exact: bool = False
    take: Literal["greatest"] | None = None
    regions: list[str] = []
    tests: list[str] = []
    dummies: list[str] = []
    reason: Label
    source: str
    verified: Literal["oracle", "published", "text", "unverified"]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tests: list[_Entry]
    seats: list[_Entry]
    dummies: list[_Entry]
    quantities: list[_Entry]
    judged: list[str]


class Equivalence(msgspec.Struct, frozen=True):
    """One word as evidence for another one.

    Attributes
    ----------
    part
        Which part of a fact's name the words are.
    words
        The words that are the evidence: one, or several of which the greatest value counts.
    target
        What they are evidence for.
    relation, errs, exact, reason, source, verified
        As in ``equivalences.yaml``.
    regions, tests, dummies
        Where it holds; everywhere where empty.
    """

    part: Part
    words: tuple[str, ...]
    target: str
    relation: Relation
    errs: Errs
    exact: bool
    reason: Label
    source: str
    verified: str
    regions: frozenset[str] = frozenset()
    tests: frozenset[str] = frozenset()
    dummies: frozenset[str] = frozenset()

    def holds(self, name: FactName) -> bool:
        """Whether the entry may be used for a fact of this name."""
        quantity = vocabulary().quantities.get(name.quantity)
        region = quantity.region if quantity is not None else None
        return (
            (not self.regions or region in self.regions)
            and (not self.tests or name.test in self.tests)
            and (not self.dummies or name.dummy in self.dummies)
        )


class Evidence(msgspec.Struct, frozen=True):
    """Facts that are evidence for another one.

    Attributes
    ----------
    names
        The facts, all of which must be known; the greatest value counts.
    links
        How their names differ from the one asked for; empty where it is the very fact.
    relation
        The weakest relation among the links.
    errs
        Where the value lies: ``cautious`` or ``flattering`` where no link says otherwise, else ``open``.
    """

    names: tuple[str, ...]
    links: tuple[Equivalence, ...]
    relation: Relation
    errs: Errs


class Equivalences:
    """All entries, by the part of a name and the word that they are evidence for."""

    @cached_property
    def _file(self) -> _File:
        def read() -> _File:
            return msgspec.convert(read_yaml(Path(__file__).with_name("equivalences.yaml")), _File)

        return kept("vocabulary.equivalences", read)

    @cached_property
    def judged(self) -> frozenset[str]:
        """Quantities that are a programme's own judgement, and evidence for nothing else."""
        return frozenset(self._file.judged)

    @cached_property
    def entries(self) -> tuple[Equivalence, ...]:
        """Every entry, one a direction and a target."""
        return tuple(
            made for plural, part in PARTS.items() for made in _made(getattr(self._file, plural), part)
        )

    @cached_property
    def _to(self) -> Mapping[tuple[Part, str], tuple[Equivalence, ...]]:
        found: dict[tuple[Part, str], list[Equivalence]] = defaultdict(list)
        for entry in self.entries:
            found[entry.part, entry.target].append(entry)
        return {key: tuple(some) for key, some in found.items()}

    def to(self, part: Part, word: str | None) -> tuple[Equivalence, ...]:
        """Return the entries that are evidence for a word."""
        return self._to.get((part, word), ()) if word is not None else ()

    def from_to(self, part: Part, word: str, target: str) -> Equivalence | None:
        """Return the entry by which one word alone is evidence for another one."""
        return next((entry for entry in self.to(part, target) if entry.words == (word,)), None)


@cache
def equivalences() -> Equivalences:
    """Return the equivalences of this installation."""
    return Equivalences()


def _made(entries: list[_Entry], part: Part) -> Iterator[Equivalence]:
    for entry in entries:
        words, targets = (
            (said,) if isinstance(said, str) else tuple(said)
            for said in (entry.source_words, entry.target_words)
        )
        limits = {key: frozenset(getattr(entry, key)) for key in ("regions", "tests", "dummies")}
        for target in targets:
            made = Equivalence(
                part,
                words,
                target,
                entry.relation,
                entry.errs,
                entry.exact,
                entry.reason,
                entry.source,
                entry.verified,
                **limits,
            )
            yield made
            if entry.both:
                yield replace(made, words=(target,), target=words[0], errs=_TURNED[entry.errs])


def relations_to(name: FactName) -> Iterator[Evidence]:
    """Yield what is evidence for a fact, the strongest first; the fact itself is not among it.

    At most one link may be a judgement that is no more than indicative. Only measured numbers are evidence under
    another name: no words, no judgement of a programme, no prediction.
    """
    table = equivalences()
    quantity = vocabulary().quantities.get(name.quantity)
    if quantity is None or quantity.categories or name.quantity in table.judged or quantity.better == "none":
        return
    words: Mapping[Part, str | None] = {
        "test": name.test,
        "seat": name.seat,
        "dummy": name.dummy,
        "quantity": name.quantity,
    }
    ways: list[list[Equivalence | None]] = [
        [None, *(entry for entry in table.to(part, word) if entry.holds(name))]
        for part, word in words.items()
    ]
    found = []
    for chosen in product(*ways):
        links = tuple(link for link in chosen if link is not None)
        if not links or sum(link.relation == "indicative" and not link.exact for link in links) > 1:
            continue
        found.append(_evidence(name, links))
    yield from sorted(found, key=lambda one: (RELATIONS.index(one.relation), len(one.links)))


def _evidence(name: FactName, links: tuple[Equivalence, ...]) -> Evidence:
    own: dict[Part, tuple[str | None, ...]] = {link.part: link.words for link in links}
    names = tuple(
        str(replace(name, test=test, seat=seat, dummy=dummy, quantity=quantity))
        for test in own.get("test", (name.test,))
        for seat in own.get("seat", (name.seat,))
        for dummy in own.get("dummy", (name.dummy,))
        for quantity in own.get("quantity", (name.quantity,))
    )
    relation = max((link.relation for link in links), key=RELATIONS.index)
    said = {link.errs for link in links if link.relation == "indicative"}
    return Evidence(names, links, relation, said.pop() if len(said) == 1 else "open")


def alike_tests() -> tuple[tuple[str, str], ...]:
    """Return pairs of tests of one kind whose configurations agree in all that both say, which is enough to tell.

    Two names for one thing would hide evidence; a pair found here wants an entry, or another word for what differs.
    """
    told = [
        (name, test.kind, {key: value for key, value in test.configuration.items() if key != "phases"})
        for name, test in vocabulary().tests.items()
    ]
    return tuple(
        (name, other)
        for i, (name, kind, own) in enumerate(told)
        for other, other_kind, its in told[i + 1 :]
        if kind == other_kind
        and len(own.keys() & its.keys()) >= _ENOUGH
        and all(_agree(own[key], its[key]) for key in own.keys() & its.keys())
    )


def _agree(first: object, second: object) -> bool:
    if isinstance(first, int | float) and isinstance(second, int | float):
        return abs(first - second) <= _TOLERANCE * max(abs(first), abs(second))
    return first == second
