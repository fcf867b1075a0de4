"""Protocol files as they lie in the package, and drawings taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from carindex.report.pictures import Palette, Picture
from carindex.report.pictures.from_protocol import palette_of, palette_of_entries
from carindex.report.pictures.svg import breadth

SVG = "{http://www.w3.org/2000/svg}"
EDITION = Path(str(files("carindex"))) / "protocols" / "euro-ncap" / "2026"
#: A name that tries to be markup, in every language.
HOSTILE = {"en": "<script>&\"'</svg>", "zh": "<标签>&\"'</svg>"}


def read(name: str) -> dict[str, Any]:
    """Return a protocol file as plain values."""
    data: dict[str, Any] = yaml.safe_load((EDITION / name).read_text("utf-8"))
    return data


@dataclass(frozen=True)
class Drawn:
    """A drawing taken apart; parsing fails where it is not well formed."""

    picture: Picture

    @property
    def root(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.picture.svg)

    def marked(self, attribute: str) -> list[tuple[str, ElementTree.Element]]:
        """Return every element that has an attribute, with what it says."""
        return [(value, node) for node in self.root.iter() if (value := node.get(attribute)) is not None]

    @property
    def texts(self) -> list[str]:
        return [node.text or "" for node in self.root.iter(f"{SVG}text")]


def check(picture: Picture, language: str) -> Drawn:
    """Check what every drawing must have, and return it taken apart."""
    drawn = Drawn(picture)
    root = drawn.root
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert title.text == picture.title == root.get("aria-label")
    assert desc.text == picture.text
    assert picture.title.strip()
    assert picture.text.strip()
    assert root.get("role") == "img"
    assert root.get("lang") == ("zh-Hans" if language == "zh" else "en")
    width = float(root.get("viewBox", "0 0 0 0").split()[2])
    assert width == picture.width
    # several drawings stand in one page: none may bring ids that another has too, or ask for anything outside
    assert not any(node.get("id") for node in root.iter())
    assert "url(" not in picture.svg
    assert "href" not in picture.svg
    _nothing_is_cut_off(root, width)
    return drawn


def _nothing_is_cut_off(root: ElementTree.Element, width: float) -> None:
    moved = {
        text for group in root.iter(f"{SVG}g") if group.get("transform") for text in group.iter(f"{SVG}text")
    }
    for node in root.iter(f"{SVG}text"):
        if node in moved:
            continue
        # the estimate of a text's breadth is a generous one
        long = 0.9 * breadth(node.text or "", float(node.get("font-size", 0)))
        start = float(node.get("x", 0)) - {"middle": long / 2, "end": long}.get(
            node.get("text-anchor", ""), 0
        )
        assert start >= -1, node.text
        assert start + long <= width + 1, node.text


@pytest.fixture(scope="session")
def body_colours() -> Palette:
    colours = read("crash-protection/scheme.yaml")["colours"]
    return palette_of(colours["labels"], colours["fills"])


@pytest.fixture(scope="session")
def map_colours() -> Palette:
    return palette_of_entries(read("crash-protection/vru-head.yaml")["grid"]["cells"])


@pytest.fixture(scope="session")
def matrix_colours() -> Palette:
    return palette_of_entries(read("crash-avoidance/judging.yaml")["colours"])
