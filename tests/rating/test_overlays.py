"""Folders of a user's own that complete or correct protocols without touching the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from carindex.dossier import read_facts
from carindex.messages import InputError
from carindex.rating import available_protocols, compile_protocol, load_protocol, rate
from carindex.rating.library import SETTING, over
from carindex.rating.verification import counts, rules_of
from carindex.report.terminal import show_check

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


# -- how well a changed rule is verified ----------------------------------------------------------------------
SHIPPED_LEVEL = "published"


@pytest.mark.parametrize(
    ("change", "level"),
    [
        (
            "{risk: {mean: 7.2}}",
            "unverified",
        ),  # another number, and nothing said of it: not verified any more
        ("{risk: {mean: 7.2}, verified: text}", "text"),  # who owns the document says so
        ("{risk: {mean: 7.2}, verified: published}", "published"),
        ("{points: 2}", "unverified"),
        ("{label: {en: Head, zh: 头部}}", SHIPPED_LEVEL),  # words are no rules
        ("{note: {en: a word, zh: 一句话}}", SHIPPED_LEVEL),
    ],
)
def test_a_changed_rule_is_only_as_well_verified_as_the_overlay_says(tmp_path, change, level):
    text = f"extends: us-ncap-2011\nid: us-ncap-2011\nchanges:\n  {HEAD}: {change}\n"
    before = counts(load_protocol("us-ncap-2011"))
    assert load_protocol("us-ncap-2011").nodes[HEAD].verified == SHIPPED_LEVEL
    with over([overlay(tmp_path, text)]):
        protocol = load_protocol("us-ncap-2011")
        assert protocol.nodes[HEAD].verified == level
        (rule,) = [rule for rule in rules_of(protocol) if rule.path == HEAD and rule.part == "rule"]
        assert (rule.level, rule.changed) == (level, True)
        after = counts(protocol)
        assert sum(after.values()) == sum(before.values())
        assert after[level] - before[level] == (0 if level == SHIPPED_LEVEL else 1)
        # what was not touched is as well verified as it was
        others = {path: node.verified for path, node in protocol.nodes.items() if path != HEAD}
    assert others == {p: n.verified for p, n in load_protocol("us-ncap-2011").nodes.items() if p != HEAD}


def test_a_later_overlay_settles_what_an_earlier_one_left_unstated(tmp_path):
    unstated = f"extends: us-ncap-2011\nid: us-ncap-2011\nchanges:\n  {HEAD}: {{risk: {{mean: 7.2}}}}\n"
    stated = (
        f"extends: us-ncap-2011\nid: us-ncap-2011\nchanges:\n  {HEAD}: {{verified: text, source: p. 3}}\n"
    )
    with over([overlay(tmp_path / "a", unstated), overlay(tmp_path / "b", stated)]):
        node = load_protocol("us-ncap-2011").nodes[HEAD]
        assert (node.spec.risk.mean, node.verified, node.source) == (7.2, "text", "p. 3")
    with over([overlay(tmp_path / "c", stated), overlay(tmp_path / "d", unstated)]):
        node = load_protocol("us-ncap-2011").nodes[HEAD]
        assert (node.spec.risk.mean, node.verified, node.source) == (7.2, "unverified", "p. 3")


def test_a_child_inherits_the_level_of_the_file_not_the_doubt_about_its_parent(tmp_path):
    text = "extends: us-ncap-2011\nid: us-ncap-2011\nchanges:\n  frontal/driver: {points: 1}\n"
    with over([overlay(tmp_path, text)]):
        protocol = load_protocol("us-ncap-2011")
        assert protocol.nodes["frontal/driver"].verified == "unverified"
        assert protocol.nodes[HEAD].verified == SHIPPED_LEVEL


# -- an open node that an overlay closes ----------------------------------------------------------------------
# A made-up rule, for the test alone: 10 points at 10 mg/km and less, none from 60 mg/km on.
CLOSED = """\
id: green-ncap-2022
extends: green-ncap-2022
changes:
  clean_air: {open: null, combine: sum, points: 10, source: "own document, p. 1", verified: text}
  clean_air/cold_wltc:
    {open: null, reads: null, points: null, source: "own document, p. 2", verified: text,
     scale: {fact: wltc_14/total/nox_distance_specific, unit: mg/km, limits: [10, 60], points: 10}}
"""
NOX = "wltc_14/total/nox_distance_specific"


def facts_of(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(
        f"name,value,unit\n{NOX},0.035,g/km\ngiven:energy_efficiency,5,\ngiven:greenhouse_gases,3.5,\n",
        "utf-8",
    )
    return read_facts(path).facts


def test_an_overlay_that_closes_an_open_node_carries_the_rating_on(tmp_path):
    """35 mg/km lie half-way between 10 and 60: 5 points; (5 + 5 + 3.5) / 3 of 10 are 45 %, two and a half stars."""
    facts = facts_of(tmp_path)
    shipped = load_protocol("green-ncap-2022")
    before = rate(compile_protocol(shipped), facts)
    assert before.root.outcome is None  # the measured value waits for its rule
    assert before.node("clean_air").score is None
    open_before = [rule.path for rule in rules_of(shipped) if rule.level == "open"]
    assert {"clean_air", "clean_air/cold_wltc"} <= set(open_before)
    others = [
        path for path in shipped.nodes if path.startswith("clean_air/") and path != "clean_air/cold_wltc"
    ]
    text = CLOSED + "".join(f"  {path}: null\n" for path in others if path.count("/") == 1)
    with over([overlay(tmp_path, text)]):
        mine = load_protocol("green-ncap-2022")
        after = rate(compile_protocol(mine), facts)
    assert after.node("clean_air").score == pytest.approx(5.0, rel=1e-12)
    assert after.root.score == 45.0
    assert after.root.outcome == 2.5
    levels, shipped_levels = counts(mine), counts(shipped)
    assert levels["open"] < shipped_levels["open"]
    assert levels["text"] == shipped_levels["text"] + 2
    open_after = {rule.path for rule in rules_of(mine) if rule.level == "open"}
    assert open_after == set(open_before) - {"clean_air", "clean_air/cold_wltc", *others}


def test_check_shows_less_open_under_an_overlay(tmp_path, capsys):
    folder = overlay(tmp_path, CLOSED)
    language = "en"
    found = {}
    for name, folders in (("shipped", []), ("mine", [folder])):
        with over(folders):
            show_check(compile_protocol(load_protocol("green-ncap-2022")), language)
        found[name] = capsys.readouterr().out
    (before, after) = (
        int(re.search(r"Not known, a score must be stated: (\d+)", found[name])[1])
        for name in ("shipped", "mine")
    )
    assert after == before - 2
    assert str(folder) in found["mine"].replace("\n", "")
    assert "overlay" not in found["shipped"].lower()
