"""Changes between protocols: of drafts whose every change is known, and of editions where an expert knows some."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.alignment.small_protocols import leaf, written

from carindex.alignment.changes import Change, changes
from carindex.alignment.matching import match
from carindex.cli.main import app
from carindex.rating import available_protocols
from carindex.rating.compiled import compiled

_CONTEXT = {
    "test": "full_width_rigid_56",
    "occupant": "driver",
    "dummy": "h3_50m",
    "label": {"en": "Car", "zh": "整车"},
}


def _box(label: str, children: dict, **more: object) -> dict:
    return {"label": {"en": label, "zh": label}, "combine": "sum", "children": children, **more}


def _told(found: tuple[Change, ...]) -> set[tuple]:
    return {(one.kind, one.path_before, one.path_after) for one in found}


@pytest.mark.parametrize("name", available_protocols())
def test_a_protocol_does_not_differ_from_itself(name: str) -> None:
    assert changes(compiled(name), compiled(name)).changes == ()


def test_each_kind_of_change_is_told_once(tmp_path) -> None:
    stars = {"per_cent": True, "at_least": {2: 80, 1: 50}, "otherwise": 0}
    before = _box(
        "Front",
        {
            "head": leaf("head", "hic15", 4),
            "chest": leaf("chest", "chest_deflection", 4),
            "neck": leaf("neck", "nij", 2, (0.5, 1)),
        },
    )
    first = written(
        tmp_path,
        "first",
        {
            **_CONTEXT,
            "combine": "sum",
            "stars": stars,
            "children": {"front": before, "rest": leaf("rest", "pelvis_a3ms", 2)},
        },
    )
    after = _box(
        "Front",
        {
            "head": leaf("head", "hic15", 4, (100, 250)),
            "chest": leaf("chest", "chest_deflection", 5),
            "femur": leaf("femur", "femur_left", 1),
        },
    )
    second = written(
        tmp_path,
        "second",
        {
            **_CONTEXT,
            "combine": "sum",
            "stars": {**stars, "at_least": {2: 85, 1: 50}},
            "children": {"front": after, "rest": leaf("rest", "pelvis_a3ms", 2)},
        },
    )
    found = changes(first, second).changes
    assert _told(found) == {
        ("star_line", "", ""),
        ("limits", "front/head", "front/head"),
        ("points", "front/chest", "front/chest"),
        ("removed", "front/neck", None),
        ("new", None, "front/femur"),
    }
    line = next(one for one in found if one.kind == "star_line")
    assert (line.of, line.before, line.after) == ("2", ("at_least", 80), ("at_least", 85))
    points = next(one for one in found if one.kind == "points")
    assert (points.before, points.after) == (4, 5)


def test_what_moved_is_found_by_what_it_measures(tmp_path) -> None:
    head, chest = leaf("head", "hic15", 4), leaf("chest", "chest_deflection", 4)
    occupant = _box("Driver", {"head": head, "chest": chest})
    first = written(
        tmp_path,
        "first",
        {
            **_CONTEXT,
            "combine": "sum",
            "children": {
                "adult": _box("Adult", {"driver": occupant}),
                "other": _box("Other", {"pelvis": leaf("pelvis", "pelvis_a3ms", 2)}),
            },
        },
    )
    renamed = _box("Person at the wheel", {"skull": leaf("skull", "hic15", 4), "chest": chest})
    second = written(
        tmp_path,
        "second",
        {
            **_CONTEXT,
            "combine": "sum",
            "children": {
                "other": _box(
                    "Other", {"pelvis": leaf("pelvis", "pelvis_a3ms", 2), "person_at_the_wheel": renamed}
                )
            },
        },
    )
    pairs = match(first, second)
    assert pairs.after["adult/driver"] == "other/person_at_the_wheel"
    assert pairs.after["adult/driver/head"] == "other/person_at_the_wheel/skull"
    found = changes(first, second).changes
    assert ("moved", "adult/driver", "other/person_at_the_wheel") in _told(found)
    # its criteria moved with it, and are neither new nor gone
    assert not [one for one in found if one.kind in ("new", "removed")]


def test_what_is_new_one_way_is_gone_the_other_way() -> None:
    for first, second in (("c-ncap-2021", "c-ncap-2024"), ("euro-ncap-2020", "euro-ncap-2023")):
        there, back = (
            changes(compiled(a), compiled(b)).changes for a, b in ((first, second), (second, first))
        )
        new = {one.path_after for one in there if one.kind == "new"}
        gone = {one.path_before for one in back if one.kind == "removed"}
        assert gone <= new  # parts of a rule that is not known any more are told by the rule


def test_what_an_expert_knows_of_c_ncap_2021_and_2024() -> None:
    found = changes(compiled("c-ncap-2021"), compiled("c-ncap-2024")).changes
    said = {(one.kind, one.path_after): (one.before, one.after) for one in found}
    assert said["weight", "occupant_protection"] == pytest.approx((0.60, 0.54))
    assert said["weight", "active_safety"] == pytest.approx((0.25, 0.21))
    assert said["test", "occupant_protection/full_width_frontal_impact"] == (
        "frontal_full_width_rigid_50",
        "frontal_full_width_rigid_55",
    )
    assert said["test", "occupant_protection/side_impact"] == ("side_aemdb_50", "side_scmdb_60")
    assert ("new", "occupant_protection/far_side") in said
    minima = {one.of: (one.before, one.after) for one in found if one.kind == "star_minimum"}
    assert minima["5", "vru_protection"] == (65, 70)  # called pedestrian protection before


def test_what_an_expert_knows_of_euro_ncap_2023_and_2026() -> None:
    first, second = compiled("euro-ncap-2023"), compiled("euro-ncap-2026")
    pairs = match(first, second).after
    assert pairs["adult_occupant/frontal_impact/mpdb"] == "crash_protection/frontal_impact/offset/mpdb_50"
    assert pairs["adult_occupant/frontal_impact/full_width"].startswith("crash_protection/frontal_impact/fw")
    assert pairs["whiplash_high_pulse"].startswith("crash_protection/rear_impact/whiplash/rear_high")
    found = changes(first, second).changes
    limits = {one.path_after: one for one in found if one.kind == "limits"}
    pole = limits["crash_protection/side_impact/pole/pole_32/driver/head/hic15"]
    assert (pole.before.best, pole.after.best, pole.after.worst) == (700, 500, 700)
    # the head of the driver in the offset test kept its limits and its cap
    assert "crash_protection/frontal_impact/offset/mpdb_50/driver/head_neck/hic15" not in limits


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("euro-ncap-2023", "euro-ncap-2026"),
        ("c-ncap-2018", "c-ncap-2021"),
        ("green-ncap-2020", "green-ncap-2022"),
        ("ivista-2020", "ivista-2023"),
        ("ivista-2023", "ivista-2026"),
        ("us-ncap-2011", "iihs-small-overlap"),
    ],
)
def test_the_command_says_every_change_in_words(first: str, second: str, language: str, tmp_path) -> None:
    out = tmp_path / "out.json"
    ran = CliRunner().invoke(
        app, ["protocols", "diff", first, second, "--json", str(out), "--lang", language]
    )
    assert ran.exit_code == 0, ran.output
    said = json.loads(out.read_text("utf-8"))["changes"]
    assert len(said) == len(changes(compiled(first), compiled(second)).changes)
    assert all(one["text"].strip() and "Node(" not in one["text"] for one in said)
    shown = CliRunner().invoke(app, ["protocols", "diff", first, second, "--lang", language])
    assert shown.exit_code == 0, shown.output
    assert "{" not in shown.output


def test_the_command_lists_every_entry_on_request() -> None:
    ran = CliRunner().invoke(app, ["protocols", "diff", "green-ncap-2020", "green-ncap-2022", "--all"])
    assert ran.exit_code == 0
    assert "source" in ran.output
