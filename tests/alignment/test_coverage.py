"""Coverage and reuse: nothing is taken over unasked, and nothing that was taken over goes unmarked."""

from __future__ import annotations

import json
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.alignment.coverage import coverage
from carindex.alignment.reuse import accepted, rate_with_reuse, reusable, with_reused
from carindex.cli.main import app
from carindex.dossier import Fact, quantity_of
from carindex.dossier.folder import load_dossier
from carindex.examples import camry
from carindex.messages import InputError
from carindex.rating import rate
from carindex.rating.compiled import compiled
from carindex.rating.reused import REUSED
from carindex.vocabulary import FactName
from carindex.vocabulary.equivalences import RELATIONS, relations_to

_PROTOCOLS = ["c-ncap-2018", "c-ncap-2021", "c-ncap-2024", "euro-ncap-2023", "iihs-side-1", "green-ncap-2025"]
_56, _50 = "full_width_rigid_56/driver/h3_50m", "frontal_full_width_rigid_50/driver/h3_50m"


def _fact(name: str, value: float, origin: str = "a report") -> Fact:
    return Fact(name, value, quantity_of(name).unit, origin)


@cache
def _pool(protocol: str) -> tuple[str, ...]:
    """Return facts that the protocol asks for, and facts that are evidence for them."""
    names: dict[str, None] = {}
    for name in compiled(protocol).facts:
        if name.startswith("given:"):
            continue
        quantity = quantity_of(name)
        if not quantity.categories:
            names[name] = None
        for evidence in relations_to(FactName.parse(name)):
            names.update(dict.fromkeys(evidence.names))
    return tuple(names)


@st.composite
def _cars(draw: st.DrawFn) -> tuple[str, list[Fact]]:
    protocol = draw(st.sampled_from(_PROTOCOLS))
    names = draw(st.lists(st.sampled_from(_pool(protocol)), unique=True, max_size=25))
    facts = []
    for name in names:
        least, most = quantity_of(name).plausible or (0.0, 1.0)
        facts.append(_fact(name, draw(st.floats(max(least, -1e6), min(most, 1e6)))))
    return protocol, facts


_ACCEPT = st.sampled_from([(), ("equivalent",), ("equivalent", "indicative")])


@settings(max_examples=150, deadline=None)
@given(car=_cars(), accept=_ACCEPT)
def test_reuse_never_happens_unmarked(car, accept) -> None:
    protocol, facts = car
    plan = compiled(protocol)
    own = {fact.name: fact for fact in facts}
    without = rate(plan, facts)
    rating, taken = rate_with_reuse(plan, facts, accept)

    # what is not the car's own was taken over: it says so, it was accepted, and its value is that of its evidence
    used = {fact.name: fact for node in rating.nodes for fact in node.facts}
    for name, fact in used.items():
        if name in own:
            assert fact == own[name]
            continue
        assert fact.origin.startswith("reused: ")
        relation = fact.details[REUSED]
        assert relation in accept
        assert all(source in own for source in fact.details["sources"])
        assert fact.value == max(own[source].value for source in fact.details["sources"])
        assert any(finding.place == name for finding in rating.findings if "reused" in finding.code)
        assert name in taken
    if not accept:
        assert not taken
        assert rating.as_json() == without.as_json()

    # whatever differs from the rating by the car's own facts alone says what it rests on
    document = rating.as_json()
    marked = {node["path"]: node.get("reused", []) for node in document["nodes"]}
    for before, after in zip(without.nodes, rating.nodes, strict=True):
        said = (after.lower, after.upper, after.outcome_lower, after.outcome_upper, after.maximum)
        if said != (before.lower, before.upper, before.outcome_lower, before.outcome_upper, before.maximum):
            assert after.reused, after.path
            assert marked[after.path] == list(after.reused)
    assert bool(rating.reused) == ("reused" in document["outcome"])
    assert {fact.name for fact in rating.reused} == set(used) - set(own)


@settings(max_examples=100, deadline=None)
@given(car=_cars())
def test_only_what_is_missing_is_taken_over_and_the_strongest_evidence_first(car) -> None:
    protocol, facts = car
    plan = compiled(protocol)
    known = {fact.name for fact in facts}
    found = reusable(facts, plan)
    # by hand: all evidence whose facts are there, the strongest relation of it
    for name in plan.facts:
        if name.startswith("given:"):
            continue
        there = [one for one in relations_to(FactName.parse(name)) if set(one.names) <= known]
        if name in known or not there:
            assert name not in found
        else:
            strongest = min(RELATIONS.index(one.relation) for one in there)
            assert found[name].relation == RELATIONS[strongest]
            assert {fact.name for fact in found[name].sources} in [set(one.names) for one in there]
    both = with_reused(facts, found)
    assert [fact for fact in both if fact.name in known] == facts


def test_what_was_taken_over_is_no_evidence_again() -> None:
    plan = compiled("c-ncap-2021")
    first = with_reused([_fact(f"{_56}/hic36", 300.0)], reusable([_fact(f"{_56}/hic36", 300.0)], plan))
    assert any(fact.name == f"{_50}/hic15" and REUSED in fact.details for fact in first)
    assert reusable([fact for fact in first if REUSED in fact.details], compiled("c-ncap-2024")) == {}


def test_of_two_tests_that_say_as_much_the_worse_value_counts() -> None:
    other = "frontal_full_width_rigid_55/driver/h3_50m"
    facts = [_fact(f"{_56}/chest_deflection", 25.0), _fact(f"{other}/chest_deflection", 31.0)]
    assert reusable(facts, compiled("c-ncap-2018"))[f"{_50}/chest_deflection"].fact.value == 31.0


def test_a_value_by_definition_is_equivalent_and_the_greatest() -> None:
    thor = "frontal_mpdb_50/driver/thor_50m/chest_deflection"
    facts = [
        _fact(f"{thor}_{place}", value)
        for place, value in (
            ("upper_left", 30.0),
            ("upper_right", 41.5),
            ("lower_left", 20.0),
            ("lower_right", 12.0),
        )
    ]
    found = reusable(facts, compiled("c-ncap-2024"))["frontal_mpdb_50/driver/thor_50m/chest_rmax"]
    assert (found.relation, found.fact.value) == ("equivalent", 41.5)
    assert "frontal_mpdb_50/driver/thor_50m/chest_rmax" not in reusable(facts[:3], compiled("c-ncap-2024"))


def test_the_camry_s_frontal_test_is_indicative_in_china_and_nothing_is_used_unasked() -> None:
    with camry() as folder:
        dossier = load_dossier(folder)
    plan = compiled("c-ncap-2018")
    made = coverage(dossier.facts, plan)
    by_name = {one.name: one for one in made.needed}
    hic36 = by_name[f"{_50}/hic36"]
    assert hic36.state == "indicative"
    assert hic36.reuse is not None
    assert hic36.reuse.errs == "cautious"  # 56.3 instead of 50 km/h
    assert "us-ncap-2011" in hic36.programmes
    assert made.before.as_json() == made.after.as_json()
    assert not made.after.reused
    # no small female on the driver's seat, no 50th male in Euro NCAP's full-width test: nothing there
    assert not any(one.reuse for one in coverage(dossier.facts, compiled("euro-ncap-2023")).needed)
    # its own programme needs nothing
    own = coverage(dossier.facts, compiled("us-ncap-2011"))
    assert {one.state for one in own.needed} == {"present"}


def test_counts_by_test_add_up_and_open_shares_lie_within_the_share() -> None:
    with camry() as folder:
        dossier = load_dossier(folder)
    made = coverage(dossier.facts, compiled("c-ncap-2018"), accept=("equivalent", "indicative"))
    assert sum(sum(test.counts.values()) for test in made.tests) == len(made.needed)
    full_width = next(test for test in made.tests if test.test == "frontal_full_width_rigid_50")
    assert full_width.share == pytest.approx(0.7 * 20 / 70)
    assert full_width.open == pytest.approx(0.7 * 20 / 70)
    assert full_width.open_after is not None
    assert 0 < full_width.open_after < full_width.open
    assert made.after.reused


def test_accepting_the_weaker_accepts_the_stronger() -> None:
    assert accepted(["indicative"]) == ("equivalent", "indicative")
    assert accepted(["equivalent"]) == ("equivalent",)
    assert accepted([]) == ()
    with pytest.raises(InputError, match="equivalent, indicative"):
        accepted(["same"])


@pytest.mark.parametrize("command", [["align", "coverage"], ["rate"]])
def test_the_command_line_marks_what_it_took_over(command: list[str], tmp_path) -> None:
    file = tmp_path / "facts.csv"
    file.write_text(f"name,value,unit,source\n{_56}/hic36,300,1,NHTSA test\n", "utf-8")
    out = tmp_path / "out.json"
    ran = CliRunner().invoke(
        app, [*command, str(file), "-p", "c-ncap-2018", "--accept", "indicative", "--json", str(out)]
    )
    assert ran.exit_code == 0, ran.output
    said = json.loads(out.read_text("utf-8"))
    outcome = said["outcome"] if command == ["rate"] else said["outcome_after"]
    assert outcome["reused"] == [f"{_50}/hic36"]
    if command == ["rate"]:
        facts = [fact for node in said["nodes"] for fact in node["facts"]]
        assert {fact["from"] for fact in facts} == {f"reused: indicative; {_56}/hic36 (NHTSA test)"} or all(
            fact["from"].startswith(f"reused: indicative; {_56}/hic36") for fact in facts
        )
    shown = CliRunner().invoke(
        app, [*command, str(file), "-p", "c-ncap-2018", "--accept", "indicative", "--lang", "zh"]
    )
    assert "仅供参考" in shown.output


def test_an_unknown_relation_is_refused(tmp_path) -> None:
    file = tmp_path / "facts.csv"
    file.write_text("name,value\n", "utf-8")
    ran = CliRunner().invoke(app, ["align", "coverage", str(file), "-p", "c-ncap-2018", "--accept", "maybe"])
    assert isinstance(ran.exception, InputError)
