"""The programme of work: steps in order, editions by their dates, data from their own laboratory only."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.office.conftest import person_in

from carindex.messages import InputError
from carindex.office.people.organisations import add_organisation
from carindex.office.programme.editions import Edition, editions, in_force, the_edition
from carindex.office.programme.work import (
    STEPS,
    Why,
    add_car,
    buy,
    cancel,
    decide,
    edition_for,
    laboratories_of,
    maker_of,
    order,
    propose,
    receive,
)
from carindex.office.store import Role
from carindex.office.store.files import lay_out

EVERY = [
    Edition("index-x", "index-x-1", "1", "2020", "2025-12-31", True),
    Edition("index-x", "index-x-2", "2", "2026-01-01", None, True),
    Edition("index-x", "index-x-3", "3", None, None, False),
]
TEST = "full_width_rigid_56"


class Work:
    """An office with a maker, two laboratories, a secretary and a proposed candidate."""

    def __init__(self, office):
        self.office = office
        self.secretary = person_in(office, "Secretary A", Role.SECRETARY)
        with office.change(self.secretary) as change:
            self.maker = add_organisation(change, {"en": "Example Maker A"}, "maker", example=True).key
            self.laboratory, self.other = (
                add_organisation(change, {"en": f"Example Laboratory {x}"}, "laboratory", example=True).key
                for x in "AB"
            )
            self.car = add_car(change, self.maker, {"en": "Example One", "zh": "示例一号"}, example=True).key
            reasons = [Why("sales", "12,000 in a year", "example table"), Why("complaints", "seat belts")]
            self.candidate = propose(change, self.car, "index-x", reasons).key

    def change(self, by=None):
        return self.office.change(by or self.secretary)

    def bought(self, **more):
        with self.change() as change:
            decide(change, self.candidate, "select", "sells well")
            return buy(change, self.candidate, "base", acquired="market", on=date(2026, 3, 1), **more).key

    def ordered(self):
        vehicle = self.bought()
        with self.change() as change:
            return order(change, vehicle, self.laboratory, [TEST], EVERY).key


@pytest.fixture
def work(office):
    return Work(office)


@pytest.fixture
def simple(lite):
    return Work(lite)


def test_the_whole_way_of_a_candidate(work, tmp_path):
    placed = work.ordered()
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "a.csv").write_text("1")
    (tmp_path / "data" / "deep" / "b.csv").write_text("2")
    (tmp_path / "data" / ".hidden").write_text("3")
    (tmp_path / "data" / "link").symlink_to("/etc/passwd")
    at_the_laboratory = person_in(work.office, "Laboratory A", Role.LABORATORY, organisation=work.laboratory)
    with work.change(at_the_laboratory) as change:
        receipt = receive(change, placed, tmp_path / "data")
    assert list(receipt.files) == ["a.csv", "deep/b.csv"]
    # printf 1 | sha256sum
    assert receipt.files["a.csv"] == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    out = lay_out(work.office.files, receipt.files, tmp_path / "again")
    assert (out / "deep" / "b.csv").read_text() == "2"
    with work.office.reading() as session:
        assert laboratories_of(session, work.candidate) == {work.laboratory}
        assert maker_of(session, work.candidate) == work.maker


def test_a_laboratory_brings_data_of_its_own_orders_only(work, tmp_path):
    placed = work.ordered()
    (tmp_path / "a.csv").write_text("1")
    stranger = person_in(work.office, "Laboratory B", Role.LABORATORY, organisation=work.other)
    with pytest.raises(InputError, match="another laboratory"), work.change(stranger) as change:
        receive(change, placed, tmp_path / "a.csv")
    engineer = person_in(work.office, "Engineer A", Role.ENGINEER, organisation=work.laboratory)
    with pytest.raises(InputError, match="roles held"), work.change(engineer) as change:
        receive(change, placed, tmp_path / "a.csv")


def test_a_kept_file_that_was_altered_is_found(simple, tmp_path):
    placed = simple.ordered()
    (tmp_path / "a.csv").write_text("1")
    with simple.change() as change:
        files = receive(change, placed, tmp_path / "a.csv").files
    kept = simple.office.files / files["a.csv"][:2] / files["a.csv"]
    kept.chmod(0o600)
    kept.write_text("2")
    with pytest.raises(InputError, match="is not what it was"):
        lay_out(simple.office.files, files, tmp_path / "again")


ACTS = ("select", "decline", "withdraw")


@given(acts=st.lists(st.sampled_from(ACTS), max_size=6))
def test_states_of_a_candidate(acts):
    """Reference: what was decided, in words: once selected it can only be withdrawn, then nothing."""
    state = "proposed"
    for act in acts:
        possible = {"proposed": {"select", "decline"}, "declined": {"select"}, "selected": {"withdraw"}}.get(
            state, set()
        )
        assert ((state, act) in STEPS) == (act in possible)
        state = STEPS.get((state, act), state)


def test_steps_out_of_order_are_refused(simple):
    with simple.change() as change:
        with pytest.raises(InputError, match="one that is selected"):
            buy(change, simple.candidate, "base", acquired="market", on=date(2026, 3, 1))
        with pytest.raises(InputError, match="now possible: select, decline"):
            decide(change, simple.candidate, "withdraw", "x")
        with pytest.raises(InputError, match="no reason"):
            decide(change, simple.candidate, "select", " ")
    vehicle = simple.bought(identification="EXAMPLE0000000001")
    with simple.change() as change:
        for wrong, said in (
            ({"variant": " "}, "no variant"),
            ({"acquired": "found"}, "how the car was got"),
            ({"on": date(2026, 3, 3)}, "lies ahead"),
            ({"identification": "EXAMPLE0000000001"}, "recorded already"),
        ):
            with pytest.raises(InputError, match=said):
                buy(
                    change,
                    simple.candidate,
                    **{"variant": "base", "acquired": "market", "on": date(2026, 3, 2), **wrong},
                )
        with pytest.raises(InputError, match="a laboratory"):
            order(change, vehicle, simple.maker, [TEST], EVERY)
        with pytest.raises(InputError, match="tests not known"):
            order(change, vehicle, simple.laboratory, [TEST, "headstand"], EVERY)
        placed = order(change, vehicle, simple.laboratory, [TEST], EVERY).key
        cancel(change, placed, "car damaged")
        with pytest.raises(InputError, match="cancelled"):
            receive(change, placed, simple.office.files)
        assert laboratories_of(change.session, simple.candidate) == frozenset()


def test_reasons_are_of_known_kinds(simple):
    with simple.change() as change:
        with pytest.raises(InputError, match="no reason"):
            propose(change, simple.car, "index-x", [])
        for why in (Why("beauty", "red"), Why("sales", " ")):
            with pytest.raises(InputError, match="KIND:TEXT"):
                propose(change, simple.car, "index-x", [why])
        with pytest.raises(InputError, match="a maker"):
            add_car(change, simple.laboratory, {"en": "Example"})


def test_only_the_secretary_plans(simple):
    expert = person_in(simple.office, "Expert A", Role.EXPERT)
    with simple.change(expert) as change:
        for act in (
            lambda: add_car(change, simple.maker, {"en": "Example"}),
            lambda: propose(change, simple.car, "index-x", [Why("sales", "x")]),
            lambda: decide(change, simple.candidate, "select", "x"),
        ):
            with pytest.raises(InputError) as refused:
                act()
            assert refused.value.code == "office/store.not_allowed"


def test_an_order_keeps_whether_its_edition_was_in_force(simple):
    vehicle = simple.bought()
    with simple.change() as change:
        assert order(change, vehicle, simple.laboratory, [TEST], EVERY).protocol == "index-x-2"
        assert order(change, vehicle, simple.laboratory, [TEST], EVERY, protocol="index-x-1").in_force == "no"
        assert (
            order(change, vehicle, simple.laboratory, [TEST], EVERY, protocol="index-x-3").in_force
            == "unknown"
        )


def test_the_edition_of_the_orders_is_that_of_the_assessment(simple):
    today = date(2026, 3, 2)
    vehicle = simple.bought()
    with simple.change() as change:
        assert edition_for(change.session, simple.candidate, EVERY, today) == "index-x-2"
        first = order(change, vehicle, simple.laboratory, [TEST], EVERY, protocol="index-x-1").key
        assert edition_for(change.session, simple.candidate, EVERY, today) == "index-x-1"
        order(change, vehicle, simple.laboratory, [TEST], EVERY)
        with pytest.raises(InputError, match="index-x-1, index-x-2"):
            edition_for(change.session, simple.candidate, EVERY, today)
        cancel(change, first, "car damaged")
        assert edition_for(change.session, simple.candidate, EVERY, today) == "index-x-2"


@given(
    st.sampled_from(["2020", "2020-02", "2020-02-10", None]),
    st.sampled_from(["2021", "2021-02", "2021-02-10", None]),
    st.integers(0, 365 * 3),
)
def test_in_force_against_every_meaning_of_the_dates(begins, ends, days):
    """Brute force: all days that the stated dates can mean."""
    day = date(2019, 6, 1) + timedelta(days=days)
    every = [date(2019, 1, 1) + timedelta(days=i) for i in range(365 * 4)]
    firsts = [d for d in every if d.isoformat().startswith(begins)] if begins else [date.min]
    lasts = [d for d in every if d.isoformat().startswith(ends)] if ends else [date.max]
    meant = {first <= day <= last for first in (firsts[0], firsts[-1]) for last in (lasts[0], lasts[-1])}
    expected = {frozenset({True}): "yes", frozenset({False}): "no"}.get(frozenset(meant), "perhaps")
    edition = Edition("x", "x", "x", begins, ends, bool(begins or ends))
    assert edition.in_force(day) == (expected if begins or ends else "unknown")


@pytest.mark.parametrize(
    ("programme", "day", "expected"),
    [
        # the dates as the protocols state them
        ("c-ncap", date(2024, 6, 30), ["c-ncap-2021"]),
        ("c-ncap", date(2024, 7, 1), ["c-ncap-2024"]),
        ("euro-ncap", date(2026, 5, 1), ["euro-ncap-2026"]),
        ("c-ahi", date(2023, 6, 8), ["c-ahi-2023", "c-ahi-2020"]),
        ("c-ahi", date(2024, 1, 1), ["c-ahi-2023"]),
    ],
)
def test_editions_of_the_programmes(all_editions, programme, day, expected):
    assert [edition.protocol for edition, _ in in_force(all_editions, programme, day)] == expected


def test_an_edition_in_doubt_is_not_chosen(all_editions):
    with pytest.raises(InputError, match="c-ahi-2023, c-ahi-2020"):
        the_edition(all_editions, "c-ahi", date(2023, 7, 1))
    with pytest.raises(InputError, match="no such programme"):
        the_edition(all_editions, "moon-ncap", date(2023, 7, 1))
    with pytest.raises(InputError, match="in force on 1999-01-01: -"):
        the_edition(all_editions, "c-ahi", date(1999, 1, 1))


@pytest.fixture(scope="module")
def all_editions():
    return editions()
