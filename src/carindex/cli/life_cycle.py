"""The command ``lifecycle``: greenhouse gases over the life of one car."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from carindex.cli.options import PATH, end, with_json, with_language, write_json
from carindex.messages import Finding, Language

if TYPE_CHECKING:
    from carindex.criteria.life_cycle import Bounds
    from carindex.measures.life_cycle import LifeCycle


@click.command()
@click.argument("car", type=PATH)
@with_json
@with_language
def lifecycle(car: Path, json_file: Path | None, language: Language) -> None:
    """Sum the greenhouse gases over the life of a car, to the kilometre, with bounds.

    CAR is a TOML file: powertrain, regions, mass, battery, consumption (docs/emissions.md).
    """
    from carindex.measures.life_cycle import life_cycle, read_car

    result = life_cycle(read_car(car))
    findings = []
    if result.open:
        parameters = MappingProxyType({"factors": ", ".join(result.open)})
        findings.append(Finding("measures.life_open", "warning", str(car), None, parameters))
    if json_file is not None:
        write_json(json_file, _as_json(result))
    else:
        from carindex.report.terminal import show_findings, show_life_cycle

        show_life_cycle(result, language)
        if findings:
            show_findings(findings, language)
    end(findings, language, shown=json_file is None)


def _pair(bounds: Bounds | None) -> list[float] | None:
    return None if bounds is None or not bounds.is_known else [bounds.low, bounds.high]


def _as_json(result: LifeCycle) -> dict[str, Any]:
    return {
        "car": result.car.name,
        "unit": "g CO2e/km",
        "total": _pair(result.total),
        "central": _pair(result.central),
        "known_stages": _pair(result.known),
        "open": list(result.open),
        "verified": result.verified,
        "stages": [
            {
                "stage": stage.name,
                "bounds": _pair(stage.bounds),
                "central": _pair(stage.central),
                "factors": [
                    {
                        "kind": used.kind,
                        "of": used.of,
                        "bounds": None if used.factor is None else _pair(used.factor.bounds),
                        "source": None if used.factor is None else used.factor.source,
                        "verified": None if used.factor is None else used.factor.verified,
                    }
                    for used in stage.factors
                ],
            }
            for stage in result.stages
        ],
    }
