"""Greenhouse gases over the life of a car, on the terminal: ranges in whole grams, with the source of every factor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carindex.messages import Language
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table

if TYPE_CHECKING:
    from carindex.criteria.life_cycle import Bounds
    from carindex.measures.life_cycle import LifeCycle, Stage


def range_text(bounds: Bounds | None, language: Language) -> str:
    """Return bounds in whole g/km, the lower cut and the upper rounded up, so that nothing lies outside."""
    if bounds is None or not bounds.is_known:
        return label("life_open", language)
    low, high = math.floor(bounds.low + 1e-9), math.ceil(bounds.high - 1e-9)
    return f"{low}" if low == high else f"{low}–{high}"


def show_life_cycle(result: LifeCycle, language: Language) -> None:
    """Show all stages with their ranges and factors, the total, and what is open."""
    console = screen()
    heading(console, label("life_title", language, name=result.car.name))
    columns: list[Column] = [
        label("life_stage", language),
        (label("life_from_to", language), "right"),
        (label("life_central", language), "right"),
        label("life_factors", language),
    ]
    lines = [_stage(stage, language) for stage in result.stages]
    if result.total is None:
        lines.append((label("life_known", language), range_text(result.known, language), "", ""))
    total, central = range_text(result.total, language), range_text(result.central, language)
    lines.append((label("life_total", language), total, central if result.total else "", ""))
    console.print(rows(table(columns), lines))
    console.print(label("life_note", language))


def _stage(stage: Stage, language: Language) -> tuple[str, str, str, str]:
    factors = []
    for used in stage.factors:
        name = f"{label(f'factor_{used.kind}', language)}, {used.of}"
        if used.factor is None:
            factors.append(f"{name}: {label('life_open', language)}")
            continue
        ends = used.factor.bounds
        shown = f"{ends.low:g}" if ends.low == ends.high else f"{ends.low:g}–{ends.high:g}"
        mark = "" if used.factor.verified != "unverified" else f" ({label('verified_unverified', language)})"
        factors.append(f"{name}: {shown}{mark}. {used.factor.source}")
    return (
        label(f"life_{stage.name}", language),
        range_text(stage.bounds, language),
        range_text(stage.central, language) if not stage.is_open else "",
        "\n".join(factors),
    )
