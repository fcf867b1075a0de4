"""Equivalences that an organisation has settled for itself come first; a file that is none is a clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from carindex.messages import InputError
from carindex.vocabulary import FactName
from carindex.vocabulary.equivalences import SETTING, equivalences, relations_to

SETTLED = """
tests:
  - from: frontal_odb_64
    to: frontal_mpdb_50
    relation: equivalent
    errs: open
    reason: {en: "An example that a panel signed", zh: "专家组签署的示例"}
    source: "Example index, verdict 1"
    verified: unverified
seats: []
dummies: []
quantities: []
judged: []
"""
ASKED = FactName.parse("frontal_mpdb_50/driver/h3_50m/femur_left")


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def said(text: str) -> Path:
        file = tmp_path / "settled.yaml"
        file.write_text(text, "utf-8")
        monkeypatch.setenv(SETTING, str(file))
        equivalences.cache_clear()
        return file

    yield said
    equivalences.cache_clear()


def test_a_settled_verdict_comes_first(settled) -> None:
    before = {one.names: one.relation for one in relations_to(ASKED)}
    assert before["frontal_odb_64/driver/h3_50m/femur_left",] == "indicative"
    settled(SETTLED)
    found = next(iter(relations_to(ASKED)))
    assert found.names == ("frontal_odb_64/driver/h3_50m/femur_left",)
    assert found.relation == "equivalent"
    assert found.links[0].source == "Example index, verdict 1"


@pytest.mark.parametrize("text", ["tests: 3", "[", "tests:\n  - {from: a}\n"])
def test_what_is_no_such_file_is_refused(settled, text: str) -> None:
    file = settled(text)
    with pytest.raises(InputError) as error:
        list(relations_to(ASKED))
    assert error.value.place == str(file)
    assert all(error.value.line(language) for language in ("en", "zh"))
