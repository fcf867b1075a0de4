"""Occupants by load case and the impact map, of every programme whose protocol has tables of crash tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carindex.dossier import Fact
from carindex.rating import Node, RatedNode, Rating
from carindex.report.pictures.from_protocol import (
    kind_of,
    palette_of,
    palette_of_entries,
    parts_of,
)
from carindex.report.pictures.model import (
    BodyRegion,
    BumperPoint,
    BumperRow,
    ImpactMap,
    LoadCase,
    MapBand,
    MapCell,
    Occupant,
    Palette,
    Verified,
)
from carindex.report.wording import limit_figure, unit_text
from carindex.units import ratio
from carindex.vocabulary import vocabulary


def crash_colours(rating: Rating) -> Palette:
    """Return the colours of a protocol's crash tests; empty where it has none."""
    scheme = rating.protocol.head.data.get("crash_tests")
    if scheme is None:
        return {}
    return palette_of(scheme["colours"]["labels"], scheme["colours"]["fills"])


def facts_of(rating: Rating) -> Mapping[str, Fact]:
    """Return what is known of the car, by name."""
    return {fact.name: fact for node in rating.nodes for fact in node.facts}


def named_value(rating: Rating, name: str) -> float | None:
    """Return a value that a rule works out beside a score; ``None`` where there is none or it is open."""
    if name not in rating.plan.named:
        return None
    low, high = rating.evaluation.named(name)
    return float(low[0]) if low[0] == high[0] else None


def tested_figure(value: float) -> str:
    """Return a measured value as it is compared with limits: with two decimals at most."""
    return limit_figure(round(value, 2))


# -- occupants -----------------------------------------------------------------------------------------------


def load_cases_of(rating: Rating) -> tuple[LoadCase, ...]:
    """Return the load cases of a rating: nodes whose children are dummies with body regions.

    A region has the best colour whose score its points reach, so that modifiers and inspection count.
    """
    if rating.protocol.head.data.get("crash_tests") is None:
        return ()
    rated = {node.path: node for node in rating.nodes}
    found = []
    for node in rating.protocol.root.walk():
        # headforms and legforms are no occupants: their regions are rows of points
        dummies = [child for child in node.children if child.spec.role == "occupant" and _regions(child)]
        occupants = [_occupant(child, rated, rating) for child in dummies if rated[child.path].maximum > 0]
        if occupants:
            found.append(LoadCase(node.path, node.label, tuple(occupants)))
    return tuple(found)


def _regions(node: Node) -> list[Node]:
    plain = (child for child in node.children if child.spec.role == "region")
    return [child for child in plain if child.spec.rows is None and child.spec.row is None]


def _occupant(node: Node, rated: Mapping[str, RatedNode], rating: Rating) -> Occupant:
    it = rated[node.path]
    regions = tuple(_region(child, rated[child.path], rating) for child in _regions(node))
    dummy = vocabulary().dummies.get(node.dummy or "")
    label = dummy.label if dummy is not None else {"en": node.dummy or "", "zh": node.dummy or ""}
    seats = (node.occupant,) if node.occupant is not None else tuple(node.key.split("_and_"))
    capped = named_value(rating, f"{node.path}#capped") == 1.0
    kind = kind_of(node.dummy or "", regions)
    return Occupant(node.path, seats, node.label, label, regions, it.score, it.maximum, kind, capped)


def _region(node: Node, it: RatedNode, rating: Rating) -> BodyRegion:
    critical = bool(getattr(node.spec, "critical", False))
    colour = _colour_of_share(it, rating)
    return BodyRegion(node.key, node.label, parts_of(node.key), colour, it.score, it.maximum, critical)


def _colour_of_share(node: RatedNode, rating: Rating) -> str | None:
    if node.score is None or node.maximum <= 0 or node.status == "not_applicable":
        return None
    scores: Mapping[str, float] = rating.protocol.head.data["crash_tests"]["colours"]["scores"]["occupants"]
    percent = 100 * node.score / node.maximum + 1e-9
    return max((score, word) for word, score in scores.items() if percent >= score)[1]


# -- impact map ----------------------------------------------------------------------------------------------


def impact_maps_of(rating: Rating) -> tuple[tuple[ImpactMap, Palette], ...]:
    """Return a map with its colours for each grid of impact points, with the rows of legforms beside it."""
    facts = facts_of(rating)
    found = []
    for node in rating.protocol.root.walk():
        if node.spec.grid is None:
            continue
        cells: Mapping[str, Any] = {
            word: {"label": cell.label, "fill": cell.fill} for word, cell in node.spec.grid.cells.items()
        }
        parent = rating.protocol.nodes[node.path.rsplit("/", 1)[0]]
        rows = [other for other in parent.walk() if other.spec.row is not None]
        palette = {**crash_colours(rating), **palette_of_entries(cells)}
        found.append((_map(node, rows, rating, facts), palette))
    return tuple(found)


def _map(node: Node, rows: list[Node], rating: Rating, facts: Mapping[str, Fact]) -> ImpactMap:
    grid = node.spec.grid
    assert grid is not None
    first, last, step = grid.rows["first"], grid.rows["last"], grid.rows["step"]
    distances = tuple(range(last["wrap_around_distance"], first["wrap_around_distance"] + 1, step))
    columns = tuple(range(grid.columns["first"], grid.columns["last"] - 1, -1))
    criterion = str(grid.criterion["fact"])
    names = list(crash_colours(rating))
    cells = []
    for row in range(len(distances) - 1, -1, -1):
        for column in columns:
            place = f"{node.test}/{row}_{column}"
            said = facts.get(f"{place}/cell")
            word = str(said.word) if said is not None else None
            cells.append(MapCell(row, column, word, _tested(place, criterion, word, names, rating, facts)))
    bands = tuple(
        MapBand(band.key, band.label, band.spec.rows, *_reached(band, rating))
        for band in node.walk()
        if band.spec.rows is not None
    )
    elements = dict.fromkeys(row.path.rsplit("/", 2)[0] for row in rows)
    labels = [node.label, *(rating.protocol.nodes[path].label for path in elements)]
    label = {language: " · ".join(part.get(language, "") for part in labels) for language in node.label}
    return ImpactMap(label, distances, columns, tuple(cells), bands, _bumper(rows, names, rating, facts))


def _reached(node: Node, rating: Rating) -> tuple[float | None, float]:
    it = rating.node(node.path)
    # a band's share of the points depends on its cells; the node's own maximum is what it could be at most
    own = named_value(rating, f"{node.path}#maximum")
    return it.score, it.maximum if own is None else own


def _tested(
    place: str, criterion: str, word: str | None, names: list[str], rating: Rating, facts: Mapping[str, Fact]
) -> Verified | None:
    fact = facts.get(f"{place}/{criterion}")
    if fact is None:
        return None
    colour = _colour(place, names, rating)
    correct = colour == word if word in names and colour is not None else None
    return Verified(colour, tested_figure(fact.value), unit_text(fact.unit), fact.quantity.label, correct)


def _colour(name: str, names: list[str], rating: Rating) -> str | None:
    value = named_value(rating, f"{name}#colour")
    return names[int(value)] if value is not None and 0 <= value < len(names) else None


def _bumper(
    rows: list[Node], names: list[str], rating: Rating, facts: Mapping[str, Fact]
) -> tuple[BumperRow, ...]:
    """Return the rows of the legforms, the upper leg first: the order of the body is that of the files."""
    found = []
    for node in rows:
        row = node.spec.row
        assert row is not None
        points = []
        for column in range(row.columns[0], row.columns[1] - 1, -1):
            place = f"{node.test}/{row.row}_{column}"
            said = facts.get(f"{place}/cell")
            entry = row.cells.get(str(said.word)) if said is not None else None
            verified, inferred = _worst(node, place, names, rating, facts)
            points.append(BumperPoint(column, entry["label"] if entry else None, verified, inferred))
        found.append(BumperRow(node.key, node.label, tuple(points), *_reached(node, rating)))
    return tuple(found)


def _worst(
    node: Node, place: str, names: list[str], rating: Rating, facts: Mapping[str, Fact]
) -> tuple[Verified | None, bool]:
    """Return the criterion with the worst colour at a point, and whether its value is that of another point."""
    worst: tuple[int, Verified, bool] | None = None
    for child in node.children:
        rule = child.spec.criterion
        if rule is None:
            continue
        name = f"{place}/{rule.fact}"
        fact, colour = facts.get(name), _colour(name, names, rating)
        # values of points, also of those taken from another, are in the unit of the limits: kN and not N
        own = vocabulary().quantities[rule.fact].unit
        unit = rule.unit or own
        value = fact.value * ratio(own, unit) if fact is not None else named_value(rating, f"{name}#value")
        if colour is None or value is None:
            continue
        verified = Verified(colour, tested_figure(value), unit_text(unit), child.label)
        if worst is None or names.index(colour) > worst[0]:
            worst = (names.index(colour), verified, fact is None)
    return (None, False) if worst is None else (worst[1], worst[2])
