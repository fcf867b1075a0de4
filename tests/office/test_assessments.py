"""Assessments: what is kept is what was rated; nothing alters it; what changed on rating again is all said."""

from __future__ import annotations

import copy
import hashlib
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.office.conftest import person_in

from carindex.examples import camry
from carindex.messages import InputError
from carindex.office.assessments.difference import difference
from carindex.office.assessments.keeping import (
    assess,
    assessment_of,
    assessments_of,
    digest_of,
    history,
    keep_rated,
    rate_again,
)
from carindex.office.assessments.rated import rate_dossier
from carindex.office.store import Role

PROTOCOL = "us-ncap-2011"
FACTS = """name,value,unit,source
rollover_resistance/static_stability_factor,1.4,1,example
"""


@pytest.fixture
def dossier(tmp_path):
    """A small dossier without recordings: the bundled car's stated facts."""
    folder = tmp_path / "dossier"
    with camry() as source:
        folder.mkdir()
        for name in ("car.toml", "facts.csv"):
            shutil.copy(source / name, folder / name)
    return folder


@pytest.fixture
def secretary(office):
    return person_in(office, "Secretary A", Role.SECRETARY)


def test_what_is_kept_is_what_was_rated(office, secretary, dossier):
    made = assess(office, secretary, dossier, PROTOCOL)
    with office.reading() as session:
        kept = assessment_of(session, made.key)
    assert kept.files == {
        name: hashlib.sha256((dossier / name).read_bytes()).hexdigest() for name in ("car.toml", "facts.csv")
    }
    assert kept.rating == rate_dossier(dossier, PROTOCOL).rating
    assert kept.rating["en"]["provenance"]["protocol_hash"] == kept.protocol_hash
    assert kept.rating["zh"]["outcome"] == kept.outcome
    assert kept.digest == digest_of(kept) == made.digest


def test_an_assessment_cannot_be_altered(office, secretary, dossier):
    made = assess(office, secretary, dossier, PROTOCOL)
    for act in ("UPDATE assessment SET outcome='{}'", "DELETE FROM assessment"):
        with pytest.raises(DBAPIError, match="permanent"), office.change(secretary) as change:
            change.session.execute(text(act))
    with office.reading() as session:
        assert assessment_of(session, made.key).outcome == made.outcome


def test_only_the_secretary_assesses(office, dossier):
    expert = person_in(office, "Expert A", Role.EXPERT)
    with pytest.raises(InputError, match="roles held"):
        assess(office, expert, dossier, PROTOCOL)
    with office.reading() as session:
        assert assessments_of(session) == []


def test_rating_again_says_the_same_until_something_changes(office, secretary, dossier):
    first = assess(office, secretary, dossier, PROTOCOL)
    (dossier / "facts.csv").unlink()  # the kept files are rated, not those that lie around
    second, changed = rate_again(office, secretary, first.key)
    assert changed.same_result
    assert changed.provenance == ()
    assert second.digest == first.digest
    assert second.previous == first.key
    third, changed = rate_again(office, secretary, second.key, protocol="euro-ncap-2023")
    assert third.protocol == "euro-ncap-2023"
    assert {one.what for one in changed.outcome} >= {"protocol"}
    with office.reading() as session:
        assert [one.key for one in history(session, third.key)] == [third.key, second.key, first.key]


def test_a_changed_fact_is_said_at_its_nodes(lite, dossier):
    secretary = person_in(lite, "Secretary A", Role.SECRETARY)
    first = assess(lite, secretary, dossier, PROTOCOL)
    facts = dossier / "facts.csv"
    lines = facts.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if "/driver/es2re/hic36," in line)
    name, value, rest = lines[at].split(",", 2)
    lines[at] = f"{name},{float(value) * 2},{rest}"
    facts.write_text("\n".join(lines) + "\n", "utf-8")
    second = assess(lite, secretary, dossier, PROTOCOL)
    changed = difference(first.rating["en"], second.rating["en"])
    old, new = ({n["path"]: n for n in one.rating["en"]["nodes"]} for one in (first, second))
    assert changed.nodes
    for path in old:
        said = {one.what: (one.before, one.after) for one in changed.nodes if one.path == path}
        for what in ("value", "score", "lower", "upper", "status", "stars"):
            pair = (old[path].get(what), new[path].get(what))
            assert said.get(what) == (pair if pair[0] != pair[1] else None)
    assert [one.what for one in changed.provenance] == ["inputs"]


def test_one_car_of_a_facts_file(lite, tmp_path):
    secretary = person_in(lite, "Secretary A", Role.SECRETARY)
    file = tmp_path / "facts.csv"
    file.write_text(
        "car,rollover_resistance/static_stability_factor\nExample One,1.4\nExample Two,1.1\n", "utf-8"
    )
    first = assess(lite, secretary, file, PROTOCOL, car="Example Two")
    again, changed = rate_again(lite, secretary, first.key)
    assert (again.car, changed.same_result, again.digest) == ("Example Two", True, first.digest)


def test_where_the_dossier_lay_is_no_part_of_it(lite, dossier, tmp_path):
    other = tmp_path / "elsewhere" / "copy"
    shutil.copytree(dossier, other)
    assert rate_dossier(dossier, PROTOCOL).rating == rate_dossier(other, PROTOCOL).rating


def test_files_that_change_after_rating_are_refused(lite, dossier):
    secretary = person_in(lite, "Secretary A", Role.SECRETARY)
    rated = rate_dossier(dossier, PROTOCOL)
    (dossier / "facts.csv").write_text(FACTS, "utf-8")
    with pytest.raises(InputError, match="changed while"), lite.change(secretary) as change:
        keep_rated(change, rated)
    with lite.reading() as session:
        assert assessments_of(session) == []


@pytest.fixture(scope="module")
def rating():
    with camry() as folder:
        return rate_dossier(folder, PROTOCOL).rating["en"]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_difference_turns_the_old_into_the_new(rating, data):
    """Whatever is altered, applying what the difference says to the old nodes and losses gives the new ones."""
    new = copy.deepcopy(rating)
    paths = [node["path"] for node in new["nodes"]]
    for node in new["nodes"]:
        if data.draw(st.booleans(), label=node["path"]):
            what = data.draw(st.sampled_from(["score", "lower", "status", "value"]))
            node[what] = data.draw(st.sampled_from([0.0, 0.5, None, "missing"]))
    gone = data.draw(st.sets(st.sampled_from(paths), max_size=2))
    new["nodes"] = [node for node in new["nodes"] if node["path"] not in gone]
    new["losses"] = data.draw(st.permutations(new["losses"]))[: data.draw(st.integers(0, len(new["losses"])))]
    found = difference(rating, new)
    said = ("value", "score", "max", "lower", "upper", "status", "stars", "grade")
    nodes = {node["path"]: {what: node.get(what) for what in said} for node in rating["nodes"]}
    for one in found.nodes:
        if one.what == "node":
            assert (one.before, one.after) == (True, False)
            del nodes[one.path]
        else:
            assert nodes[one.path][one.what] == one.before
            nodes[one.path][one.what] = one.after
    assert nodes == {node["path"]: {what: node.get(what) for what in said} for node in new["nodes"]}
    lost = {}
    for loss in rating["losses"]:
        lost[loss["path"]] = lost.get(loss["path"], 0) + loss["points"]
    for one in found.losses:
        lost[one.path] = one.after or 0.0
    after = {}
    for loss in new["losses"]:
        after[loss["path"]] = after.get(loss["path"], 0) + loss["points"]
    assert {path: points for path, points in lost.items() if points} == after
    assert difference(rating, rating).same_result
