"""The table of constants: every entry complete, and asking for what is not there."""

from __future__ import annotations

import math

import pytest

from carindex.criteria import constants as table
from carindex.criteria.corridors import bound, published
from carindex.messages import InputError

EVERY = [(group, entry) for group in table.groups() for entry in table.entries(group)]
FRONTAL = {"h3_50m", "h3_05f", "h3_95m", "h3_6y", "h3_3y", "crabi_12m", "thor_50m"}
SIDE = {"worldsid_50m", "worldsid_05f", "es2", "es2re", "sid_iis", "biosid"}
DUMMIES = FRONTAL | SIDE | {"q0", "q1", "q1_5", "q3", "q6", "q10", "biorid_2"}


@pytest.mark.parametrize(("group", "entry"), EVERY)
def test_every_entry_has_numbers_units_source_and_a_mark(group, entry):
    found = table.constants(group, entry)
    assert found.verified in {"oracle", "published", "text", "unverified"}
    assert len(found.source) > 5
    assert set(found.values) == set(found.units)
    for name in found.values:
        assert all(math.isfinite(number) for number in found.series(name))


@pytest.mark.parametrize("group", ["neck_lever_arm", "nij_intercepts", "viscous_criterion"])
def test_entries_are_dummies(group):
    assert {entry.removesuffix("_oop") for entry in table.entries(group)} <= DUMMIES


@pytest.mark.parametrize("name", table.entries("duration_corridors"))
def test_every_corridor_is_one(name):
    corridor = published(name)
    assert bound(corridor, 0.0) == corridor.levels[0]
    assert bound(corridor, 1.0) == corridor.levels[-1]


def test_asking_for_what_is_not_there():
    with pytest.raises(InputError) as caught:
        table.constants("nij_intercepts", "q10")
    assert caught.value.place == "q10"
    assert "h3_50m" in caught.value.line("en")
    assert "没有该条目" in caught.value.line("zh")
    with pytest.raises(KeyError):
        table.constants("no_such_group", "h3_50m")


def test_one_number_or_a_series():
    corridor = table.constants("duration_corridors", "un_r94_femur_compression")
    assert corridor.series("levels") == (9070.0, 7580.0)
    with pytest.raises(TypeError, match="levels"):
        corridor["levels"]
    arm = table.constants("neck_lever_arm", "h3_50m")
    assert arm["lever_arm"] == 0.01778
    assert arm.series("lever_arm") == (0.01778,)
