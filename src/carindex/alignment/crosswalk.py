"""Programmes side by side, item by item: what each asks, between which limits, for how much, and what is like what.

Everything follows from the protocols and the vocabulary: a protocol that is added stands in every crosswalk. Rows are
items (`carindex.alignment.items`), columns protocols. A cell says how the protocol uses the item, or, where it does
not, what of its own items evidence of the row is worth something for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from carindex.alignment.items import Item, Use, item_of, items_of
from carindex.messages import InputError
from carindex.rating import Plan
from carindex.rating.themes import OTHER, theme_of
from carindex.vocabulary import vocabulary
from carindex.vocabulary.equivalences import RELATIONS, Equivalence, Errs, relations_to

Standing = Literal["same", "alike", "only", "equivalent", "indicative", "none"]
"""How a protocol stands to a row.

``same``: it has the item as others have, the same fact; ``alike``: something of the same name, for which it asks other
points or cells, or its own report; ``only``: it has the item alone; ``equivalent``, ``indicative``: evidence of the row
is so for an item of its own; ``none``: nothing of it has a counterpart.
"""

_CONFIGURATION = ("speed", "overlap", "barrier", "barrier_mass", "angle")
_FEW_LETTERS = 2
_SUGGESTED = 12


class Cell(msgspec.Struct, frozen=True):
    """What a protocol makes of an item.

    Attributes
    ----------
    standing
        See `Standing`.
    uses
        How it uses the item; empty where it does not.
    counterpart
        The item of its own that evidence of the row says something about, where the standing is equivalent or
        indicative; ``counterpart_uses`` how it uses that.
    errs, links
        On which side evidence of the row lies, and why; see `carindex.vocabulary.equivalences`.
    """

    standing: Standing
    uses: tuple[Use, ...] = ()
    counterpart: Item | None = None
    counterpart_uses: tuple[Use, ...] = ()
    errs: Errs | None = None
    links: tuple[Equivalence, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """An item across protocols: the unit its limits are shown in, what it is about, and a cell for each protocol."""

    item: Item
    unit: str
    theme: str
    region: str | None
    cells: Mapping[str, Cell]


class TestSetup(msgspec.Struct, frozen=True):
    """Configuration of a test: km/h, per cent of the width, kg, degrees; whatever else is known under its own name."""

    speed: float | None
    overlap: float | None
    barrier: str | None
    barrier_mass: float | None
    angle: float | None
    other: Mapping[str, str]


class Crosswalk(msgspec.Struct, frozen=True):
    """Protocols side by side: ``protocols`` are the columns, ``tests`` the configurations of the tests of the rows."""

    protocols: tuple[Plan, ...]
    rows: tuple[Row, ...]
    tests: Mapping[str, TestSetup]
    topic: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the protocols."""
        return tuple(plan.protocol.id for plan in self.protocols)


def crosswalk(plans: Sequence[Plan], topic: str | None = None) -> Crosswalk:
    """Line up protocols item by item.

    Parameters
    ----------
    plans
        Compiled protocols, the columns.
    topic
        Only rows about this: a body region, quantity, kind of test, theme, dummy, seat, or a part of the tree, by its
        name in the vocabulary or in a language.

    Raises
    ------
    InputError
        When nothing in these protocols is about the topic.
    """
    uses = {plan.protocol.id: items_of(plan) for plan in plans}
    rows: dict[Item, dict[str, Cell]] = {}
    for name, items in uses.items():
        for item, how in items.items():
            rows.setdefault(item, {})[name] = Cell("only", how)
    facts = {plan.protocol.id: _whole_tests(plan) for plan in plans}
    for item, cells in rows.items():
        for name, cell in cells.items() if len(cells) > 1 else ():
            others = [facts[other].get(item, frozenset()) for other in cells if other != name]
            shared = item.quantity is not None or any(
                facts[name].get(item, frozenset()) & one for one in others
            )
            cells[name] = msgspec.structs.replace(cell, standing="same" if shared else "alike")
    for name, items in uses.items():
        for row, cell in _counterparts(items, rows):
            known = rows[row].get(name)
            if known is None or _weaker(known, cell):
                rows[row][name] = cell
    nothing = Cell("none")
    made = [
        Row(
            item,
            _unit(cells),
            _theme(item, cells, plans),
            _region(item),
            {plan.protocol.id: cells.get(plan.protocol.id, nothing) for plan in plans},
        )
        for item, cells in rows.items()
    ]
    made.sort(key=_order)
    if topic is not None:
        made = _about(topic, made, {plan.protocol.id: plan for plan in plans})
    tests = dict.fromkeys(row.item.test for row in made if row.item.test is not None)
    return Crosswalk(tuple(plans), tuple(made), {test: setup_of(test) for test in tests}, topic)


def setup_of(test: str) -> TestSetup:
    """Return the configuration of a test."""
    said = dict(vocabulary().tests[test].configuration)
    numbers = {key: said.pop(key, None) for key in _CONFIGURATION}
    return TestSetup(**numbers, other={key: str(value) for key, value in said.items()})


def _whole_tests(plan: Plan) -> Mapping[Item, frozenset[str]]:
    """Return the facts that a protocol asks for in each test that is one item."""
    found: dict[Item, set[str]] = {}
    for name in plan.facts:
        item = item_of(name)
        if item is not None and item.quantity is None:
            found.setdefault(item, set()).add(name)
    return {item: frozenset(names) for item, names in found.items()}


def _counterparts(
    items: Mapping[Item, tuple[Use, ...]], rows: Mapping[Item, Mapping[str, Cell]]
) -> Iterator[tuple[Item, Cell]]:
    """Yield rows whose evidence is worth something for items of one protocol, and what, the strongest first."""
    for item, uses in items.items():
        fact = item.fact
        if fact is None:
            continue
        for evidence in relations_to(fact):
            standing: Standing = "equivalent" if evidence.relation == "same" else evidence.relation
            for name in evidence.names:
                row = _item(name, item)
                if row in rows and row not in items:
                    yield row, Cell(standing, (), item, uses, evidence.errs, evidence.links)


def _item(name: str, like: Item) -> Item:
    from carindex.vocabulary import FactName

    parsed = FactName.parse(name)
    return Item(parsed.test, parsed.seat, parsed.dummy, parsed.quantity, cell=like.cell)


def _weaker(known: Cell, other: Cell) -> bool:
    """Whether what is known of a cell is weaker than something else."""
    if known.uses:
        return False
    ranks = [RELATIONS.index(one.standing) if one.standing in RELATIONS else 3 for one in (known, other)]
    return (ranks[1], len(other.links)) < (ranks[0], len(known.links))


def _unit(cells: Mapping[str, Cell]) -> str:
    """Return the unit in which most limits of a row are written."""
    units = [
        use.limits.unit
        for cell in cells.values()
        for use in (*cell.uses, *cell.counterpart_uses)
        if use.limits.best is not None
    ]
    return max(units, key=units.count) if units else "1"


def _theme(item: Item, cells: Mapping[str, Cell], plans: Sequence[Plan]) -> str:
    if item.own is not None:
        return item.own.partition("/")[0]
    for plan in plans:
        cell = cells.get(plan.protocol.id)
        for use in cell.uses if cell is not None else ():
            return theme_of(plan.protocol, use.path, tuple(plan.facts[i] for i in plan.nodes[use.path].facts))
    return OTHER


def _region(item: Item) -> str | None:
    return vocabulary().quantities[item.quantity].region if item.quantity is not None else None


def _order(row: Row) -> tuple[object, ...]:
    words = vocabulary()
    item = row.item
    places = [
        list(known).index(word) if word is not None and word in known else -1
        for known, word in (
            (words.themes, row.theme),
            (words.tests, item.test),
            (words.seats, item.seat),
            (words.dummies, item.dummy),
            (words.quantities, item.quantity),
        )
    ]
    return (places[0], item.test is None, *places[1:], item.own or "", item.cell or "")


# -- topics --------------------------------------------------------------------------------------------------


def _about(topic: str, rows: Sequence[Row], plans: Mapping[str, Plan]) -> list[Row]:
    """Return the rows about a topic: those of which a name is the topic, or else contains it."""
    wanted = topic.strip().casefold()
    named = [(row, _names(row, plans)) for row in rows]
    found = [row for row, names in named if wanted in names]
    if not found and len(wanted) >= _FEW_LETTERS:
        found = [row for row, names in named if any(wanted in name for name in names)]
    if not found:
        words = vocabulary()
        regions = dict.fromkeys(row.region for row in rows if row.region is not None)
        kinds = dict.fromkeys(words.tests[row.item.test].kind for row in rows if row.item.test is not None)
        themes = dict.fromkeys(row.theme for row in rows)
        known = ", ".join([*regions, *kinds, *themes][: _SUGGESTED * 2])
        raise InputError(f"--topic {topic}", "alignment.unknown_topic", known=known)
    return found


def _names(row: Row, plans: Mapping[str, Plan]) -> set[str]:
    """Return all names of what a row is about, in every language."""
    words = vocabulary()
    item = row.item
    found: set[str] = {row.theme, *words.themes[row.theme].label.values()}
    if row.region is not None:
        found |= {row.region, *row.region.split("_")}
    for known, word in (
        (words.tests, item.test),
        (words.seats, item.seat),
        (words.dummies, item.dummy),
        (words.quantities, item.quantity),
    ):
        if word is not None and word in known:
            found |= {word, *known[word].label.values()}
    if item.test is not None:
        found.add(words.tests[item.test].kind)
    for name, cell in row.cells.items():
        for use in cell.uses:
            parts = use.path.split("/")
            for end in range(1, len(parts) + 1):
                node = plans[name].nodes.get("/".join(parts[:end]))
                if node is not None:
                    found |= {node.node.key, *node.node.label.values()}
    return {name.casefold() for name in found}
