"""A crosswalk in words and figures, prepared once for the terminal, for CSV and for the page; as JSON besides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from carindex import __version__
from carindex.alignment.crosswalk import Cell, Crosswalk, Row, TestSetup
from carindex.alignment.items import Item, Limits, Use
from carindex.messages import Language
from carindex.rating.verification import LEVELS
from carindex.report.labels import label, labels
from carindex.report.rules import kind_name
from carindex.report.wording import (
    cell_name,
    dummy_name,
    in_language,
    limit_figure,
    occupant_name,
    path_text,
    percent,
    quantity_name,
    test_name,
    unit_text,
)
from carindex.vocabulary import vocabulary

SIGNS = {"same": "=", "alike": "≠", "only": "·", "equivalent": "≈", "indicative": "~", "none": ""}
"""Sign of each standing."""

_SHADES = 6


@dataclass(frozen=True)
class ShownUse:
    """How a protocol uses an item, in words: rule, limits, points, share, how well verified, node."""

    rule: str
    limits: str
    points: str
    share: str
    verified: str
    level: str
    path: str
    node: str
    source: str


@dataclass(frozen=True)
class ShownCell:
    """A cell: the sign and name of its standing, what to print in it, why; how dark it is on a map, 0 to 5."""

    standing: str
    sign: str
    relation: str
    lines: tuple[str, ...]
    why: str
    uses: tuple[ShownUse, ...]
    shade: int


@dataclass(frozen=True)
class ShownRow:
    """An item in words and its cells in the order of the protocols."""

    item: str
    occupant: str
    key: str
    cells: tuple[ShownCell, ...]


@dataclass(frozen=True)
class ShownTest:
    """A test with its configuration in words, and its rows; points of reports without a test stand together."""

    test: str
    name: str
    setup: str
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True)
class ShownCrosswalk:
    """A crosswalk ready to be laid out."""

    language: Language
    title: str
    topic: str
    summary: str
    protocols: tuple[tuple[str, str, str], ...]
    groups: tuple[ShownTest, ...]
    standings: tuple[tuple[str, str, str], ...]
    levels: tuple[tuple[str, str], ...]
    engine: str


def shown(made: Crosswalk, language: Language) -> ShownCrosswalk:
    """Prepare a crosswalk."""
    groups: dict[str, list[Row]] = {}
    for row in made.rows:
        groups.setdefault(row.item.test or "", []).append(row)
    heads = [plan.protocol.head for plan in made.protocols]
    return ShownCrosswalk(
        language,
        label("crosswalk_title", language),
        "" if made.topic is None else label("crosswalk_topic", language, topic=made.topic),
        label(
            "crosswalk_summary",
            language,
            rows=len(made.rows),
            tests=len(made.tests),
            protocols=len(made.protocols),
        ),
        tuple((head.id, in_language(head.programme, language), head.edition) for head in heads),
        tuple(_group(made, test, rows, language) for test, rows in groups.items()),
        tuple(
            (name, sign, label(f"standing_{name}", language))
            for name, sign in SIGNS.items()
            if name != "none"
        ),
        tuple((level, label(f"verified_{level}", language)) for level in LEVELS),
        f"carindex {__version__}",
    )


def _group(made: Crosswalk, test: str, rows: list[Row], language: Language) -> ShownTest:
    name = test_name(test, language) if test else label("crosswalk_report_points", language)
    setup = setup_line(setup_text(made.tests[test], language)) if test else ""
    return ShownTest(test, name, setup, tuple(_row(made, row, language) for row in rows))


def setup_text(setup: TestSetup, language: Language) -> tuple[tuple[str, str], ...]:
    """Return name and value of what is known of a test's configuration."""
    found = []
    for key in ("speed", "overlap", "barrier", "barrier_mass", "angle"):
        value = getattr(setup, key)
        if value is None:
            continue
        text = barrier_text(value, language) if isinstance(value, str) else limit_figure(value)
        found.append((label(f"crosswalk_{key}", language), text))
    return tuple(found)


def setup_line(setup: tuple[tuple[str, str], ...]) -> str:
    """Return a configuration in one line: ``Speed 50 km/h · Overlap 100 %``."""
    return " · ".join(f"{name.split(',')[0].split('，')[0]} {value}{_unit_of(name)}" for name, value in setup)


def _unit_of(name: str) -> str:
    unit = re.split("[,，]", name)[1].strip() if re.search("[,，]", name) else ""
    return unit if unit == "°" else f" {unit}" if unit else ""


def barrier_text(barrier: str, language: Language) -> str:
    """Return the name of a barrier."""
    key = f"barrier_{re.sub('[^a-z0-9]+', '_', barrier.lower()).strip('_')}"
    return label(key, language) if key in labels() else barrier


def _row(made: Crosswalk, row: Row, language: Language) -> ShownRow:
    cells = tuple(_cell(made, name, row, row.cells[name], language) for name in made.names)
    return ShownRow(
        item_text(made, row, language), occupant_text(row.item, language), item_key(row.item), cells
    )


def item_key(item: Item) -> str:
    """Return the name of an item in words of the vocabulary, as facts are named."""
    if item.own is not None:
        return f"report:{item.own}"
    parts = [item.test, item.seat, item.dummy, item.cell, item.quantity]
    return "/".join(part for part in parts if part is not None)


def item_text(made: Crosswalk, row: Row, language: Language) -> str:
    """Return what is asked for, in words: a quantity, a whole test, or the label of a node that only a report tells."""
    item = row.item
    if item.quantity is not None:
        cell = f", {cell_name(item.cell, language)}" if item.cell is not None else ""
        return f"{quantity_name(item.quantity, language)}{cell}"
    if item.test is not None:
        return label("crosswalk_whole_test" if item.seat is None else "crosswalk_report_points", language)
    for plan in made.protocols:
        for use in row.cells[plan.protocol.id].uses:
            return in_language(plan.nodes[use.path].node.label, language)
    return item.own or ""


def occupant_text(item: Item, language: Language) -> str:
    """Return seat and dummy of an item, empty where it has none."""
    if item.seat is None:
        return ""
    return " · ".join(
        part for part in (occupant_name(item.seat, language), dummy_name(item.dummy, language)) if part
    )


def _cell(made: Crosswalk, protocol: str, row: Row, cell: Cell, language: Language) -> ShownCell:
    uses = tuple(_use(made, protocol, use, row.unit, language) for use in cell.uses)
    related = tuple(_use(made, protocol, use, row.unit, language) for use in cell.counterpart_uses)
    lines: list[str] = []
    why = ""
    if uses:
        lines.append(_together(use.limits or use.rule for use in uses))
        lines.append(
            " · ".join(part for part in (_together(u.points for u in uses), _shares(cell.uses)) if part)
        )
    elif cell.counterpart is not None:
        lines.append(differing_text(row.item, cell.counterpart, language))
        lines.append(_together(use.limits or use.rule for use in related))
        why = reason_text(cell, language)
    shares = [use.share for use in cell.uses if use.share is not None]
    return ShownCell(
        cell.standing,
        SIGNS[cell.standing],
        label(f"standing_{cell.standing}", language),
        tuple(line for line in lines if line),
        why,
        uses or related,
        _shade(max(shares, default=None)),
    )


def reason_text(cell: Cell, language: Language) -> str:
    """Return why evidence of a row is worth something, and on which side it lies."""
    stop = "。" if language == "zh" else ". "
    reasons = [in_language(link.reason, language) for link in cell.links]
    if cell.errs is not None and cell.standing == "indicative":
        reasons.append(label(f"errs_{cell.errs}", language))
    return stop.join(reasons)


def differing_text(item: Item, other: Item, language: Language) -> str:
    """Return those words of another item that differ from an item's."""
    words = []
    if other.test != item.test:
        words.append(test_name(other.test, language))
    if other.seat != item.seat:
        words.append(occupant_name(other.seat, language))
    if other.dummy != item.dummy:
        words.append(dummy_name(other.dummy, language))
    if other.quantity != item.quantity and other.quantity is not None:
        words.append(quantity_name(other.quantity, language))
    return " · ".join(words)


def _together(texts: Iterator[str] | Any) -> str:  # noqa: ANN401 - any iterable of texts
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _shares(uses: tuple[Use, ...]) -> str:
    shares = [use.share for use in uses if use.share is not None]
    if not shares:
        return ""
    return percent(max(shares)) if len(shares) == 1 else f"≤ {percent(sum(shares))}"


def _shade(share: float | None) -> int:
    """Return how dark a cell is: by doublings of the share from 0.25 %."""
    if share is None:
        return 0
    lines = (0.0025, 0.005, 0.01, 0.02, 0.05)
    return min(_SHADES - 1, sum(share >= line for line in lines))


def _use(made: Crosswalk, protocol: str, use: Use, unit: str, language: Language) -> ShownUse:
    plan = next(plan for plan in made.protocols if plan.protocol.id == protocol)
    worth = {
        "points": label("crosswalk_pts", language, points=limit_figure(round(use.points, 4))),
        "demerits": label("crosswalk_dem", language, points=limit_figure(round(use.points, 4))),
    }.get(use.counts, "")
    share = label("crosswalk_no_share", language) if use.share is None else percent(use.share)
    if use.conditional and use.share is not None:
        share = f"{share}, {label('crosswalk_if', language)}"
    return ShownUse(
        rule=rule_name(use.kind, language),
        limits=limits_text(use.limits.within(unit), language),
        points=worth,
        share=share,
        verified=label(f"verified_{use.verified}", language),
        level=use.verified,
        path=use.path,
        node=path_text(plan, use.path, language),
        source=use.source,
    )


def rule_name(kind: str, language: Language) -> str:
    """Return the name of a kind of rule."""
    return label("crosswalk_deduct", language) if kind == "deduct" else kind_name(kind, language)


def limits_text(limits: Limits, language: Language) -> str:
    """Return ``500 … 700``: where a rule gives all and where nothing; one number where there is one line."""
    if limits.best is None or limits.worst is None:
        return ""
    unit = unit_text(limits.unit)
    text = limit_figure(_tidy(limits.best))
    if limits.worst != limits.best:
        text = f"{text} … {limit_figure(_tidy(limits.worst))}"
    text = f"{text} {unit}".strip()
    if limits.cap is not None and limits.cap != limits.worst:
        text = f"{text}, {label('crosswalk_cap', language, limit=limit_figure(_tidy(limits.cap)))}"
    return text


def _tidy(value: float) -> float:
    """Return a converted limit without what binary fractions add to it."""
    return float(f"{value:.9g}")


# -- tables --------------------------------------------------------------------------------------------------

COLUMNS = (
    "item", "test", "test_name", "speed_km_h", "overlap_percent", "barrier", "barrier_mass_kg", "angle_deg",
    "seat", "dummy", "quantity", "region", "theme", "protocol", "standing", "path", "rule", "best", "worst", "cap",
    "unit", "points", "counts", "share", "conditional", "verified", "source", "counterpart", "errs", "reason",
)  # fmt: skip


def csv_text(made: Crosswalk, language: Language) -> str:
    """Return the crosswalk as CSV: a line for each use of an item by a protocol, and for each counterpart."""
    import csv
    from io import StringIO

    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in made.rows:
        for entry in _entries(row, made, language):
            writer.writerow(entry)
    return out.getvalue()


def _entries(row: Row, made: Crosswalk, language: Language) -> Iterator[dict[str, object]]:
    item = row.item
    setup = made.tests[item.test] if item.test is not None else TestSetup(None, None, None, None, None, {})
    about = {
        "item": item_key(item),
        "test": item.test,
        "test_name": test_name(item.test, language),
        "speed_km_h": setup.speed,
        "overlap_percent": setup.overlap,
        "barrier": setup.barrier,
        "barrier_mass_kg": setup.barrier_mass,
        "angle_deg": setup.angle,
        "seat": item.seat,
        "dummy": item.dummy,
        "quantity": item.quantity,
        "region": row.region,
        "theme": row.theme,
    }
    for name, cell in row.cells.items():
        for use in cell.uses or cell.counterpart_uses:
            limits = use.limits.within(row.unit)
            yield {
                **about,
                "protocol": name,
                "standing": cell.standing,
                **_plain_use(use, limits),
                "counterpart": "" if cell.counterpart is None else item_key(cell.counterpart),
                "errs": cell.errs or "",
                "reason": reason_text(cell, language),
            }


def _plain_use(use: Use, limits: Limits) -> dict[str, object]:
    best, worst, cap = (
        None if one is None else _tidy(one) for one in (limits.best, limits.worst, limits.cap)
    )
    return {
        "path": use.path,
        "rule": use.kind,
        "best": best,
        "worst": worst,
        "cap": cap,
        "unit": limits.unit,
        "points": use.points,
        "counts": use.counts,
        "share": None if use.share is None else round(use.share, 9),
        "conditional": use.conditional,
        "verified": use.verified,
        "source": use.source,
    }


def as_json(made: Crosswalk, language: Language) -> dict[str, Any]:
    """Return the crosswalk as plain values."""
    kinds = vocabulary().tests
    return {
        "protocols": list(made.names),
        "topic": made.topic,
        "tests": {
            name: {
                "label": test_name(name, language),
                "kind": kinds[name].kind,
                **{
                    key: getattr(setup, key)
                    for key in ("speed", "overlap", "barrier", "barrier_mass", "angle")
                },
                "other": dict(setup.other),
            }
            for name, setup in made.tests.items()
        },
        "rows": [
            {
                "item": item_key(row.item),
                "label": item_text(made, row, language),
                "test": row.item.test,
                "seat": row.item.seat,
                "dummy": row.item.dummy,
                "quantity": row.item.quantity,
                "region": row.region,
                "theme": row.theme,
                "unit": row.unit,
                "cells": {
                    name: _cell_json(cell, row, language)
                    for name, cell in row.cells.items()
                    if cell.standing != "none"
                },
            }
            for row in made.rows
        ],
        "engine": f"carindex {__version__}",
    }


def _cell_json(cell: Cell, row: Row, language: Language) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "standing": cell.standing,
        "uses": [_plain_use(use, use.limits.within(row.unit)) for use in cell.uses],
    }
    if cell.counterpart is not None:
        found |= {
            "counterpart": item_key(cell.counterpart),
            "counterpart_uses": [
                _plain_use(use, use.limits.within(row.unit)) for use in cell.counterpart_uses
            ],
            "errs": cell.errs,
            "reasons": [
                {
                    "part": link.part,
                    "relation": link.relation,
                    "text": in_language(link.reason, language),
                    "source": link.source,
                    "verified": link.verified,
                }
                for link in cell.links
            ],
        }
    return found
