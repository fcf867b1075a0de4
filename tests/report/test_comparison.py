"""One car under every protocol: what the comparison says, in the terminal, on the page, in print and as JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from carindex.cli.main import app
from carindex.dossier import Fact
from carindex.rating import available_protocols, load_protocol, rate
from carindex.rating.compiled import compiled
from carindex.rating.themes import lost_by_theme, theme_of
from carindex.vocabulary import vocabulary

EXAMPLE = Path(__file__).parents[2] / "src" / "carindex" / "examples" / "toyota-camry-2018"


class Wellformed(HTMLParser):
    """Every tag that is opened is closed, and nothing is fetched from elsewhere."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input", "path", "rect", "line", "circle", "col"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name in ("src", "href") and str(value).startswith("http") for name, value in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("compared")
    done = CliRunner().invoke(
        app, ["rate", str(EXAMPLE), "-p", "all", "--report", str(folder), "--lang", "zh"]
    )
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_every_protocol_is_named_as_used_or_not(compared: tuple[Path, str]) -> None:
    folder, said = compared
    page = (folder / "comparison.html").read_text("utf-8")
    for name in available_protocols():
        assert name in page
        assert name in said
    checker = Wellformed()
    checker.feed(page)
    assert checker.open == []
    assert (folder / "comparison.pdf").read_bytes().startswith(b"%PDF")


def test_as_json_every_protocol_has_an_entry(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["rate", str(EXAMPLE), "-p", "all", "--json", str(tmp_path / "all.json")])
    assert done.exit_code == 0, done.output
    entries = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert [entry["protocol"] for entry in entries] == list(available_protocols())
    assert [entry["protocol"] for entry in entries if entry["used"]] == ["us-ncap-2011"]
    (used,) = (entry for entry in entries if entry["used"])
    assert sum(used["lost_by_theme"].values()) == pytest.approx(
        sum(loss["points"] for loss in used["losses"])
    )


def test_a_score_that_two_programmes_could_take_is_given_to_none(tmp_path: Path) -> None:
    (tmp_path / "car.csv").write_text("name,value\ngiven:adult_occupant,30\n", "utf-8")
    both = ["-p", "euro-ncap-2020", "-p", "euro-ncap-2023"]
    done = CliRunner().invoke(
        app, ["rate", str(tmp_path / "car.csv"), *both, "--json", str(tmp_path / "r.json")]
    )
    assert done.exit_code == 1
    for entry in json.loads((tmp_path / "r.json").read_text("utf-8")):
        assert not entry["used"]
    (tmp_path / "car.csv").write_text("name,value\ngiven:euro-ncap-2020:adult_occupant,30\n", "utf-8")
    CliRunner().invoke(app, ["rate", str(tmp_path / "car.csv"), *both, "--json", str(tmp_path / "r.json")])
    entries = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [entry["used"] for entry in entries] == [True, False]


@pytest.mark.parametrize(
    ("protocol", "path", "theme"),
    [
        ("us-ncap-2011", "frontal/driver/head", "frontal"),
        ("us-ncap-2011", "rollover", "roof_rollover"),
        ("euro-ncap-2023", "child_occupant", "children"),
        ("euro-ncap-2026", "post_crash", "post_crash"),
        ("euro-ncap-2026", "crash_protection/vru_impact/head_impact", "pedestrians"),
    ],
)
def test_themes_of_nodes(protocol: str, path: str, theme: str) -> None:
    assert theme_of(load_protocol(protocol), path) == theme


def test_every_part_of_a_car_has_a_theme() -> None:
    """Only the car as a whole, and what is moved or asked between its parts, is for nothing in particular."""
    of_the_whole = {("euro-ncap-2026", "stage_balance"), ("green-ncap-2022", "robustness_test_entry")}
    for name in available_protocols():
        plan = compiled(name)
        for path, node in plan.nodes.items():
            if path and (name, path) not in of_the_whole:
                facts = tuple(plan.facts[slot] for slot in node.facts)
                assert theme_of(plan.protocol, path, facts) != "other", (name, path)


@pytest.mark.parametrize("protocol", ["us-ncap-2011", "euro-ncap-2020", "c-ncap-2021", "green-ncap-2022"])
def test_what_the_themes_took_adds_up(protocol: str) -> None:
    plan, random = compiled(protocol), np.random.default_rng(5)
    for _ in range(5):
        facts = []
        for name, quantity, least, most in zip(
            plan.facts, plan.quantities, plan.least, plan.most, strict=True
        ):
            if random.random() < 0.7 and not name.startswith("given:"):
                value = random.uniform(max(least, -1000.0), min(most, 1000.0))
                facts.append(Fact(name, float(round(value) if quantity.categories else value), quantity.unit))
        rating = rate(plan, facts)
        themes = lost_by_theme(rating)
        assert set(themes) <= set(vocabulary().themes)
        assert sum(themes.values()) == pytest.approx(sum(loss.points for loss in rating.losses))


def test_the_order_of_themes_is_that_of_the_vocabulary(compared: tuple[Path, str]) -> None:
    page = (compared[0] / "comparison.html").read_text("utf-8")
    at = [page.find(vocabulary().themes[name].label["zh"]) for name in ("frontal", "side", "roof_rollover")]
    assert at == sorted(at)
    assert -1 not in at
    assert not re.search(r"\{\{|\{%", page)
