"""The five bands that colour body regions and bars, from ``bands.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from carindex.messages import Language
from carindex.rating import RatedNode
from carindex.report.wording import in_language, is_risk


@dataclass(frozen=True)
class Band:
    """One band: its number from 1 (best) to 5, its colour and its name."""

    number: int
    colour: str
    name: str


@cache
def _data() -> dict[str, Any]:
    text = files("carindex.report").joinpath("bands.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return data


def not_rated_colour() -> str:
    """Return the colour of what is not rated."""
    return str(_data()["not_rated"]["colour"])


def bands(kind: str, language: Language) -> tuple[Band, ...]:
    """Return the bands of a kind, ``risk`` or ``reached``, the best first."""
    entries = _data()[kind]
    return tuple(
        Band(i, str(entry["colour"]), in_language(entry["name"], language))
        for i, entry in enumerate(entries, 1)
    )


def kind_of_bands(node: RatedNode) -> str:
    """Return which bands colour a node."""
    return "risk" if is_risk(node) else "reached"


def band_of(node: RatedNode, language: Language) -> Band | None:
    """Return the band of a rated node, ``None`` while missing facts leave its score open."""
    if node.score is None or node.maximum <= 0 or node.status == "not_applicable":
        return None
    kind = kind_of_bands(node)
    reached = node.score / node.maximum
    for band, entry in zip(bands(kind, language), _data()[kind], strict=True):
        inside = 1 - reached < entry["below"] if kind == "risk" else reached >= entry["at_least"]
        if inside:
            return band
    return None
