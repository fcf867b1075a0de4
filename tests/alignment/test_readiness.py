"""Market readiness: the editions in force, what the evidence allows, what is missing, in both languages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from carindex.alignment.readiness import markets, readiness
from carindex.cli.main import app
from carindex.dossier import Fact
from carindex.dossier.folder import load_dossier
from carindex.messages import LANGUAGES, InputError
from carindex.rating import available_protocols, rate
from carindex.rating.compiled import compiled
from carindex.report.labels import labels

CAMRY = Path(__file__).parents[2] / "src" / "carindex" / "examples" / "toyota-camry-2018"
DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def facts() -> tuple[Fact, ...]:
    return load_dossier(CAMRY).facts


@pytest.mark.parametrize(
    ("market", "day", "expected"),
    [
        ("eu", DAY, ["euro-ncap-2026", "green-ncap-2025"]),
        ("eu", date(2025, 6, 1), ["euro-ncap-2023", "green-ncap-2025"]),
        ("cn", DAY, ["c-ncap-2024", "c-iasi-2023", "ivista-2023", "c-ahi-2023"]),
        ("cn", date(2027, 7, 1), ["c-ncap-2027", "c-iasi-2023", "ivista-2023", "c-ahi-2023"]),
        ("asean", DAY, ["asean-ncap-2026"]),
        # no edition is known to be in force: the last one stands there, and says so
        ("latam", DAY, ["latin-ncap-2020"]),
        ("us", DAY, ["us-ncap-2011", "iihs-moderate-overlap-2", "iihs-side-2", "iihs-small-overlap"]),
        ("au", DAY, ["euro-ncap-2026"]),
    ],
)
def test_the_editions_of_a_day(facts: tuple[Fact, ...], market: str, day: date, expected: list[str]) -> None:
    found = readiness(market, facts, day)
    assert [one.edition.protocol for one in found.programmes] == expected
    assert [one.in_force for one in found.programmes] == ["no" if market == "latam" else "yes"] * len(
        expected
    )
    assert all((one.stands_for is not None) == (market == "au") for one in found.programmes)


def test_every_market_has_programmes_that_exist_and_words() -> None:
    programmes = {name.rsplit("-", 1)[0] for name in available_protocols()} | {"iihs"}
    for market in markets().values():
        assert market.programmes
        assert set(market.label) == set(LANGUAGES)
        assert {entry.programme for entry in market.programmes} <= programmes


def test_it_says_what_the_rating_says(facts: tuple[Fact, ...]) -> None:
    found = readiness("us", facts, DAY)
    us, *iihs = found.programmes
    alone = rate(compiled("us-ncap-2011"), facts)
    assert us.coverage.before.root.outcome == alone.root.outcome == 5
    assert us.to_run == ()
    assert us.improvement is None  # five stars are the best there is
    assert sum(loss.points for loss in us.critical) <= 1 - alone.root.upper + 1e-9
    for one in iihs:
        assert not one.coverage.before.final
        assert one.improvement is None
        missing = sum(sum(test.counts.values()) - test.counts["present"] for test in one.to_run)
        assert missing == len(one.coverage.before.missing)


def test_a_final_car_below_the_best_is_shown_the_way(facts: tuple[Fact, ...]) -> None:
    worse = tuple(
        Fact(fact.name, 900.0, fact.unit) if fact.name.endswith("driver/h3_50m/hic15") else fact
        for fact in facts
    )
    (us, *_) = readiness("us", worse, DAY).programmes
    assert us.coverage.before.root.outcome == 4
    found = us.improvement
    assert found is not None
    assert found.reached
    assert found.after[0].root.outcome == 5
    assert [change.fact for change in found.changes] == ["full_width_rigid_56/driver/h3_50m/hic15"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_print_in_both_languages(tmp_path: Path, language: str) -> None:
    result = CliRunner().invoke(
        app,
        f"align readiness {CAMRY} --market cn --day 2026-11-24 --lang {language} --report {tmp_path}".split(),
    )
    assert result.exit_code == 0, result.output
    other = "zh" if language == "en" else "en"
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        f"readiness{part}.{kind}" for part in ("", f".{other}") for kind in ("html", "pdf")
    )
    page = (tmp_path / "readiness.html").read_text("utf-8")
    assert labels()["readiness_overview"][language] in page  # type: ignore[index]
    assert 'data-protocol="c-ncap-2024"' in page


def test_json_for_machines(tmp_path: Path) -> None:
    target = tmp_path / "ready.json"
    result = CliRunner().invoke(
        app,
        ["align", "readiness", str(CAMRY), "--market", "us", "--day", "2026-11-24", "--json", str(target)],
    )
    assert result.exit_code == 0, result.output
    document = json.loads(target.read_text("utf-8"))
    assert document["market"] == "us"
    first = document["programmes"][0]
    assert (first["protocol"], first["outcomes"]) == (
        "us-ncap-2011",
        [{"path": "", "lower": 5, "upper": 5}],
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--market", "mars"], "alignment.unknown_market"), (["--market", "eu", "--day", "24.11.2026"], "")],
)
def test_bad_words_are_clear_errors(arguments: list[str], code: str) -> None:
    result = CliRunner().invoke(app, ["align", "readiness", str(CAMRY), *arguments])
    assert isinstance(result.exception, InputError)
    assert result.exception.code == (code or "alignment.not_a_day")
