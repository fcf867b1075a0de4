"""A draft of rules: a protocol in force, what an overlay folder makes of it, and the protocols in between."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carindex.alignment.attribution import coalitions
from carindex.messages import InputError
from carindex.rating import Plan, Protocol, compile_protocol
from carindex.rating.changes import Change, changes, with_changes
from carindex.rating.compiled import compiled
from carindex.rating.library import library, over
from carindex.rating.load import Document, load_protocol, read_document

# So many changed rules at most are followed one by one; of more, the rules of one part of the tree go together.
_MOST_FOLLOWED = 24
# what a protocol ends in that has some changes without others that belong to them
_NO_SENSE = (InputError, LookupError, StopIteration)


@dataclass(frozen=True)
class Factor:
    """Changed rules that are looked at together, because they make no sense one without the other, or are many."""

    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        """Name of the changes, as files say it."""
        return " + ".join(change.name for change in self.changes)


@dataclass(frozen=True)
class Draft:
    """Rules in force and rules as drafted.

    Attributes
    ----------
    before, after
        The compiled protocols.
    factors
        What changes, in the order of the tree.
    folder
        The overlay folder.
    """

    before: Plan
    after: Plan
    factors: tuple[Factor, ...]
    folder: Path
    documents: tuple[Document, Document]
    _made: dict[frozenset[int], Plan] = field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every rule that changes."""
        return tuple(change for factor in self.factors for change in factor.changes)

    def with_factors(self, chosen: Collection[int]) -> Plan:
        """Return the rules in force with some of the factors changed, by their number."""
        some = frozenset(chosen)
        if not some:
            return self.before
        if len(some) == len(self.factors):
            return self.after
        if some not in self._made:
            self._made[some] = compile_protocol(_between(self.documents, self.factors, some))
        return self._made[some]


def open_draft(protocol: str, folder: Path) -> Draft:
    """Return a draft of a protocol.

    Parameters
    ----------
    protocol
        Name of a protocol, or its folder: the rules in force.
    folder
        Overlay folder with a protocol that extends it, under the same id or one of its own. It is in force for the
        draft only.

    Raises
    ------
    InputError
        When there is no such protocol, or the overlay cannot be read, makes no sense, or is of other protocols only.
    """
    before = compiled(protocol)
    first = read_document(protocol)
    with over((folder,)):
        name = _drafted(before.protocol, folder)
        loaded = load_protocol(name)
        second = read_document(name)
    after = compile_protocol(loaded)
    documents = (first, second)
    found = changes(first, second)
    draft = Draft(before, after, _factors(documents, found), folder, documents)
    try:
        for some in coalitions(len(draft.factors)):
            draft.with_factors(some)
    except _NO_SENSE:  # rules that need each other in a way that no two of them show: one change as a whole
        return Draft(before, after, (Factor(found),), folder, documents)
    return draft


def _drafted(protocol: Protocol, folder: Path) -> str:
    """Return the name of the one protocol of an overlay folder that changes a protocol."""
    own = library().layers[-1]
    if protocol.id in own:
        return protocol.id
    extending = [name for name in own if protocol.id in load_protocol(name).head.extended]
    if not extending:
        raise InputError(
            folder, "alignment.draft_of_another", found=", ".join(sorted(own)), protocol=protocol.id
        )
    if len(extending) > 1:
        raise InputError(folder, "alignment.several_drafts", found=", ".join(extending), protocol=protocol.id)
    return extending[0]


def _between(
    documents: tuple[Document, Document], factors: Sequence[Factor], chosen: Collection[int]
) -> Protocol:
    some = [change for i, factor in enumerate(factors) if i in chosen for change in factor.changes]
    return with_changes(*documents, some)


def _factors(documents: tuple[Document, Document], found: Sequence[Change]) -> tuple[Factor, ...]:
    """Return changes as factors: each alone where it makes sense alone and left out, else with those beside it."""
    factors = [Factor((change,)) for change in found]
    if len(factors) > _MOST_FOLLOWED:
        factors = _by_part(found)
    # a change that cannot stand alone, or that others cannot do without, joins those of the same part of the tree
    for depth in (2, 1, 0):
        unsound = {
            i
            for i in range(len(factors))
            if not (_sound(documents, factors, {i}) and _sound(documents, factors, _others(factors, i)))
        }
        if not unsound:
            break
        factors = _joined(factors, unsound, depth)
    return tuple(factors)


def _others(factors: Sequence[Factor], left_out: int) -> set[int]:
    return {i for i in range(len(factors)) if i != left_out}


def _sound(documents: tuple[Document, Document], factors: Sequence[Factor], chosen: Collection[int]) -> bool:
    if len(chosen) in (0, len(factors)):
        return True
    try:
        compile_protocol(_between(documents, factors, chosen))
    except _NO_SENSE:
        return False
    return True


def _part_of(change: Change, depth: int) -> tuple[str, ...]:
    shared = change.part in ("scale", "data", "head")
    return ("", change.part) if shared and depth else tuple(change.path.split("/")[:depth] if depth else ())


def _by_part(found: Sequence[Change]) -> list[Factor]:
    parts: dict[tuple[str, ...], list[Change]] = {}
    for change in found:
        parts.setdefault(_part_of(change, 1), []).append(change)
    return [Factor(tuple(some)) for some in parts.values()]


def _joined(factors: Sequence[Factor], unsound: set[int], depth: int) -> list[Factor]:
    """Join the factors that make no sense alone with each other, part by part; at depth 0 all of them."""
    joined: dict[tuple[str, ...], list[Change]] = {}
    out: list[Factor | tuple[str, ...]] = []
    for i, factor in enumerate(factors):
        if i not in unsound:
            out.append(factor)
            continue
        part = _part_of(factor.changes[0], depth)
        if part not in joined:
            out.append(part)
        joined.setdefault(part, []).extend(factor.changes)
    return [item if isinstance(item, Factor) else Factor(tuple(joined[item])) for item in out]
