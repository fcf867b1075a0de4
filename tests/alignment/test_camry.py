"""The worked example of the documents: what the bundled car's US tests are worth under every protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from carindex.alignment.coverage import STATES, coverage
from carindex.dossier.folder import load_dossier
from carindex.rating import available_protocols
from carindex.rating.compiled import compiled
from carindex.report.alignment.coverage import outcome_line

ROOT = Path(__file__).parents[2]
CAMRY = ROOT / "src" / "carindex" / "examples" / "toyota-camry-2018"


def _rows() -> dict[str, list[str]]:
    lines = (ROOT / "docs" / "align" / "camry.md").read_text("utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_protocol_is_in_the_table() -> None:
    assert sorted(_rows()) == sorted(available_protocols())


@pytest.mark.parametrize("name", available_protocols())
def test_the_table_says_what_the_engine_says(name: str) -> None:
    made = coverage(load_dossier(CAMRY).facts, compiled(name), accept=("equivalent", "indicative"))
    counts = [sum(one.state == state for one in made.needed) for state in STATES]
    after = outcome_line(made.after, "en") if made.after.reused else "–"
    assert _rows()[name] == [*map(str, counts), outcome_line(made.before, "en"), after]


def test_only_the_programme_of_the_tests_is_settled() -> None:
    settled = [name for name, row in _rows().items() if row[3] == "0"]
    assert settled == ["us-ncap-2011"]
    assert _rows()["us-ncap-2011"][4].startswith("★★★★★")
