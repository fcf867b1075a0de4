"""Folders of a user's own that complete or correct protocols without touching the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from carindex.messages import InputError
from carindex.rating import available_protocols, load_protocol
from carindex.rating.library import SETTING, over

HEAD = "frontal/driver/head"


def overlay(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "protocol.yaml").write_text(text, "utf-8")
    return folder


CORRECTED = f"extends: us-ncap-2011\nid: us-ncap-2011\nchanges:\n  {HEAD}: {{risk: {{mean: 7.2}}}}\n"


def test_an_overlay_of_the_same_id_stands_in_its_stead(tmp_path):
    shipped = load_protocol("us-ncap-2011")
    with over([overlay(tmp_path, CORRECTED)]):
        mine = load_protocol("us-ncap-2011")
        assert mine.nodes[HEAD].spec.risk.mean == 7.2
        assert [layer.folder for layer in mine.overlays] == [tmp_path / "mine"]
        assert mine.hash != shipped.hash
    assert (
        load_protocol("us-ncap-2011").nodes[HEAD].spec.risk.mean == shipped.nodes[HEAD].spec.risk.mean != 7.2
    )


def test_overlays_lie_over_each_other(tmp_path):
    second = CORRECTED.replace("mean: 7.2", "deviation: 0.5")
    with over([overlay(tmp_path / "a", CORRECTED), overlay(tmp_path / "b", second)]):
        risk = load_protocol("us-ncap-2011").nodes[HEAD].spec.risk
        assert (risk.mean, risk.deviation) == (7.2, 0.5)


def test_a_protocol_of_a_new_id_stands_beside_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv(
        SETTING, str(overlay(tmp_path, CORRECTED.replace("id: us-ncap-2011", "id: our-draft")))
    )
    assert {"our-draft", "us-ncap-2011"} <= set(available_protocols())
    assert load_protocol("our-draft").nodes[HEAD].spec.risk.mean == 7.2
    assert load_protocol("us-ncap-2011").nodes[HEAD].spec.risk.mean != 7.2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("extends: us-ncap-2011\n  id: [", "protocol.yaml"),
        ("extends: no-such-protocol\nid: x\nchanges: {}\n", "no-such-protocol"),
        ("extends: us-ncap-2011\nid: x\nchanges: {no/such/node: {points: 1}}\n", "no/such/node"),
        ("extends: us-ncap-2011\nid: x\nchanges: {frontal: {no_such_field: 1}}\n", "no_such_field"),
        ("changes: {}\n", "protocol.yaml"),
        ("- a list\n", "protocol.yaml"),
    ],
)
def test_a_malformed_overlay_is_named(tmp_path, text, found):
    with over([overlay(tmp_path, text)]), pytest.raises(InputError) as caught:
        load_protocol("x")
    assert found in caught.value.line("en")
    assert caught.value.line("zh")


def test_a_folder_that_is_not_there_or_holds_nothing_is_named(tmp_path):
    for folder in (tmp_path / "absent", tmp_path):
        with over([folder]), pytest.raises(InputError) as caught:
            available_protocols()
        assert str(folder) in caught.value.line("en")


def test_two_protocols_of_one_id_in_a_folder_are_refused(tmp_path):
    overlay(tmp_path, CORRECTED, "a")
    with over([overlay(tmp_path, CORRECTED, "b")]), pytest.raises(InputError) as caught:
        available_protocols()
    assert "us-ncap-2011" in caught.value.line("en")
