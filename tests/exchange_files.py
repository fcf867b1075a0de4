"""Exchange files of road trips as text, made up sample by sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

HEADER = {
    "TEST ID,[code]": "T1",
    "Test date,[dd.mm.yyyy]": "01.02.2024",
    "Odometer value at test start,[km]": "",
    "Engine type,[SI/CI]": "SI",
    "Fuel type,[gasoline/diesel/LPG/NG]": "gasoline",
}
Columns = Mapping[tuple[str, str, str], Sequence[float | str]]
SPEED = ("Vehicle speed", "GPS", "[km/h]")
ECU_SPEED = ("Vehicle speed", "ECU", "[km/h]")
FLOW = ("Exhaust mass flow rate", "EFM", "[kg/s]")
NOX = ("NOx concentration", "Analyser", "[ppm]")
NOX_MASS = ("NOx mass", "Analyser", "[g/s]")
CO2 = ("CO2 concentration", "Analyser", "[ppm]")
ENGINE = ("Engine speed", "ECU", "[rpm]")
COOLANT = ("Engine Coolant temperature", "ECU", "[K]")


def text_of(
    columns: Columns,
    header: Mapping[str, str] | None = None,
    *,
    time: Sequence[float] | None = None,
    separator: str = ",",
    comma: bool = False,
) -> str:
    """Return the text of an exchange file."""
    count = len(next(iter(columns.values())))
    clock = list(range(count)) if time is None else list(time)

    def cell(value: float | str) -> str:
        if isinstance(value, str):
            return value
        shown = "" if math.isnan(value) else f"{value:.10g}"
        return shown.replace(".", ",") if comma else shown

    lines = [f"{key},{value}" for key, value in (HEADER | dict(header or {})).items()]
    lines += [",,", ""]
    for part, first in zip(range(3), ("Time", "trip", "[s]"), strict=True):
        lines.append(",".join([first, *(name[part] for name in columns)]))
    lines = [line.replace(",", separator) for line in lines]
    rows = zip(clock, *columns.values(), strict=True)
    lines += [separator.join(cell(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def write(path: Path, columns: Columns, header: Mapping[str, str] | None = None, **more) -> Path:
    """Write an exchange file."""
    path.write_text(text_of(columns, header, **more), "utf-8")
    return path
