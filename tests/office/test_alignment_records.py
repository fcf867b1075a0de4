"""Records of alignment: validity on a day, verdicts that only sign-off makes hold, papers whose figures come out again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.office.conftest import person_in

from carindex.messages import LANGUAGES, InputError
from carindex.office.alignment_records.equivalences import as_file, draw_up, revoke, sign, verdicts
from carindex.office.alignment_records.gatherings import (
    add_documents,
    agree,
    found_group,
    meet,
    meetings,
    recognised,
)
from carindex.office.alignment_records.laboratories import accredit, accredited, suspend
from carindex.office.alignment_records.papers import Figure, add_paper, make, reproduce
from carindex.office.people.organisations import add_organisation
from carindex.office.store import Office, Role
from carindex.office.store.files import place_of

TEST = "full_width_rigid_56"
ENTRY = {
    "from": TEST,
    "to": "frontal_full_width_rigid_55",
    "relation": "equivalent",
    "errs": "cautious",
    "reason": {"en": "Example reason", "zh": "示例理由"},
    "source": "example comparison",
}
TEXT = {"en": "Example", "zh": "示例"}


def refused(code: str):
    def same(error: BaseException) -> bool:
        assert isinstance(error, InputError)
        assert all(error.line(language) for language in LANGUAGES)
        return error.code == f"office/alignment_records.{code}"

    return pytest.raises(InputError, check=same)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.pdf"
    file.write_bytes(b"example evidence")
    return file


def add(office: Office, by: str, name: str, kind: str) -> str:
    with office.change(by) as change:
        return add_organisation(change, {"en": name}, kind, example=True).key


@pytest.fixture
def secretary(office: Office) -> str:
    return person_in(office, "Secretary A", Role.SECRETARY)


def test_an_accreditation_holds_from_its_first_day_to_its_last(
    office: Office, secretary: str, report: Path
) -> None:
    laboratory = add(office, secretary, "Example laboratory", "laboratory")
    said = {"body": "Example body", "standard": "ISO/IEC 17025", "certificate": "E-1", "tests": [TEST]}
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    with office.change(secretary) as change:
        made = accredit(change, laboratory, **said, valid_from=first, valid_to=last, files=[report]).key

    def may(day: date, test: str = TEST) -> bool:
        with office.reading() as session:
            return bool(accredited(session, laboratory, test, day))

    one = timedelta(days=1)
    assert [may(first - one), may(first), may(last), may(last + one)] == [False, True, True, False]
    assert not may(first, "frontal_odb_64")
    with office.change(secretary) as change:
        suspend(change, made, date(2026, 6, 1), "example")
    assert [may(date(2026, 5, 31)), may(date(2026, 6, 1))] == [True, False]
    maker = add(office, secretary, "Example maker", "maker")
    for code, where, more in (
        ("no_laboratory", maker, {}),
        ("unknown_test", laboratory, {"tests": ["made_up"]}),
        ("unknown_test", laboratory, {"tests": []}),
        ("incomplete", laboratory, {"certificate": " "}),
        ("bad_dates", laboratory, {"valid_to": date(2025, 1, 1)}),
    ):
        with refused(code), office.change(secretary) as change:
            accredit(change, where, **{**said, "valid_from": first, **more})


def test_a_verdict_holds_when_enough_experts_signed_it(office: Office, secretary: str, report: Path) -> None:
    laboratory = add(office, secretary, "Example laboratory", "laboratory")
    experts = [person_in(office, f"Expert {x}", Role.EXPERT) for x in "AB"]
    insider = person_in(office, "Expert C", Role.EXPERT, organisation=laboratory)
    with office.change(secretary) as change:
        key = draw_up(change, "tests", ENTRY, needed=2, evidence_from=laboratory, files=[report]).key

    def written() -> list:
        with office.reading() as session:
            return as_file(session)["tests"]

    with office.change(experts[0]) as change:
        sign(change, key)
    assert written() == []
    with refused("signed_already"), office.change(experts[0]) as change:
        sign(change, key)
    with refused("conflict"), office.change(insider) as change:
        sign(change, key)
    with pytest.raises(InputError, match="roles held"), office.change(secretary) as change:
        sign(change, key)
    with office.change(experts[1]) as change:
        sign(change, key)
    (entry,) = written()
    assert {**entry, "source": ENTRY["source"]} == {**ENTRY, "verified": "unverified"} or {
        **entry,
        "source": ENTRY["source"],
    } == ENTRY
    # sha256 of the evidence, worked out with sha256sum
    assert "sha256:" in entry["source"]
    with refused("not_a_draft"), office.change(experts[0]) as change:
        sign(change, key)
    with office.change(secretary) as change:
        revoke(change, key, "example")
    assert written() == []
    with office.reading() as session:
        assert [one.state for one in verdicts(session)] == ["revoked"]


@pytest.mark.parametrize(
    ("code", "part", "change_of"),
    [
        ("unknown_part", "doors", {}),
        ("unknown_word", "tests", {"to": "made_up"}),
        ("unknown_word", "tests", {"dummies": ["made_up"]}),
        ("bad_entry", "tests", {"relation": "same"}),
        ("bad_entry", "tests", {"reason": {"en": "only English"}}),
        ("bad_entry", "tests", {"to": TEST}),
        ("bad_entry", "tests", {"more": 1}),
    ],
)
def test_verdicts_that_make_no_sense(
    lite: Office, report: Path, code: str, part: str, change_of: dict
) -> None:
    by = person_in(lite, "Secretary A", Role.SECRETARY)
    with refused(code), lite.change(by) as change:
        draw_up(change, part, {**ENTRY, **change_of}, needed=1, files=[report])


def test_a_verdict_needs_evidence(lite: Office) -> None:
    by = person_in(lite, "Secretary A", Role.SECRETARY)
    with refused("no_evidence"), lite.change(by) as change:
        draw_up(change, "tests", ENTRY, needed=1)


def test_the_file_of_verdicts_is_what_reuse_reads(lite: Office, report: Path) -> None:
    equivalences = pytest.importorskip("carindex.vocabulary.equivalences")
    import msgspec

    expert = person_in(lite, "Expert A", Role.EXPERT)
    with lite.change(expert) as change:
        sign(change, draw_up(change, "tests", ENTRY, needed=1, files=[report]).key)
    with lite.reading() as session:
        msgspec.convert(as_file(session), equivalences._File)


def test_agreements_groups_and_meetings(office: Office, secretary: str, report: Path, tmp_path: Path) -> None:
    first, second, third = (add(office, secretary, f"Example index {x}", "index") for x in "ABC")
    expert = person_in(office, "Expert A", Role.EXPERT)
    with office.change(secretary) as change:
        draft = draw_up(change, "tests", ENTRY, needed=1, files=[report]).key
    dates = {"valid_from": date(2026, 1, 1), "valid_to": date(2028, 12, 31)}
    with refused("not_signed"), office.change(secretary) as change:
        agree(change, TEXT, TEXT, [first, second], **dates, verdicts=[draft])
    with refused("too_few_parties"), office.change(secretary) as change:
        agree(change, TEXT, TEXT, [first, first], **dates)
    with office.change(expert) as change:
        sign(change, draft)
    with office.change(secretary) as change:
        agree(change, TEXT, TEXT, [first, second], **dates, verdicts=[draft], files=[report])
    with office.reading() as session:
        assert len(recognised(session, second, first, date(2026, 1, 1))) == 1
        assert recognised(session, first, third, date(2026, 1, 1)) == ()
        assert recognised(session, first, second, date(2029, 1, 1)) == ()
    with office.change(secretary) as change:
        group = found_group(change, TEXT, TEXT, organisations=[first], people=[expert]).key
        starts = change.at + timedelta(days=30)
        times = {"place": "Example city", "starts": starts, "ends": starts + timedelta(hours=8)}
        made = meet(change, "observation", TEXT, **times, agenda=[TEXT, TEXT], group=group, files=[report])
    with refused("unknown_kind"), office.change(secretary) as change:
        meet(change, "party", TEXT, **times, agenda=[TEXT])
    with refused("both_languages"), office.change(secretary) as change:
        meet(change, "meeting", TEXT, **times, agenda=[{"en": "only English"}])
    with refused("bad_dates"), office.change(secretary) as change:
        meet(change, "meeting", TEXT, **{**times, "ends": starts - timedelta(hours=1)}, agenda=[TEXT])
    minutes = tmp_path / "minutes.txt"
    minutes.write_text("example", "utf-8")
    with office.change(secretary) as change:
        add_documents(change, made.key, [minutes])
    report.write_bytes(b"another text")
    with refused("name_twice"), office.change(secretary) as change:
        add_documents(change, made.key, [report])
    with office.reading() as session:
        (found,) = meetings(session)
        assert set(found.files) == {"report.pdf", "minutes.txt"}
        assert place_of(office.files, found.files["report.pdf"]).read_bytes() == b"example evidence"


FACTS = "car,full_width_rigid_56/driver/h3_50m/hic15\nExample 1,200\n"


def test_a_paper_whose_figures_come_out_again(lite: Office, tmp_path: Path) -> None:
    by = person_in(lite, "Secretary A", Role.SECRETARY)
    data = tmp_path / "cars.csv"
    data.write_text(FACTS, "utf-8")
    figure = Figure("table-1", ["batch", "cars.csv", "-p", "us-ncap-2011", "-o", "rated.csv"], "rated.csv")
    made = make([figure], [data])
    with lite.change(by) as change:
        key = add_paper(change, TEXT, "Example, 2026", made).key
    data.write_text(FACTS + "Example 2,300\n", "utf-8")
    with refused("data_changed"), lite.change(by) as change:
        add_paper(change, TEXT, "Example, 2026", made)
    data.unlink()
    (made,) = reproduce(lite, key)
    assert made.same
    from carindex.office.alignment_records.models import Paper

    with lite.change(by) as change:  # a digest that nobody's command gives
        found = change.session.get(Paper, key)
        found.figures = [{**found.figures[0], "digest": "0" * 64}]
        change.record("test.altered", found)
    (made,) = reproduce(lite, key)
    assert not made.same


@pytest.mark.parametrize(
    ("command", "output", "code"),
    [
        (["office", "people", "add"], "x.csv", "bad_figure"),
        ([], "x.csv", "bad_figure"),
        (["batch", "/etc/passwd", "-p", "us-ncap-2011", "-o", "x.csv"], "x.csv", "bad_figure"),
        (["batch", "cars.csv", "-p", "us-ncap-2011", "--output=../x.csv"], "x.csv", "bad_figure"),
        (["batch", "cars.csv", "-p", "us-ncap-2011", "-o", "x.csv"], "../x.csv", "bad_figure"),
        (["batch", "none.csv", "-p", "us-ncap-2011", "-o", "x.csv"], "x.csv", "figure_not_made"),
    ],
)
def test_figures_that_cannot_be_made(tmp_path: Path, command: list[str], output: str, code: str) -> None:
    data = tmp_path / "cars.csv"
    data.write_text(FACTS, "utf-8")
    with refused(code):
        make([Figure("1", command, output)], [data])
