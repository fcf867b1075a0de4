"""Batches from draft to release, corrections, withdrawals, re-tests, appeals: who may do what when, and what is signed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from tests.office.conftest import person_in
from tests.office.test_review import Reviewed

from carindex.messages import LANGUAGES, InputError
from carindex.office.assessments.models import Assessment
from carindex.office.people.organisations import add_organisation
from carindex.office.publication import appeals
from carindex.office.publication.batches import (
    Publishable,
    abandon,
    add_result,
    batch_of,
    new_batch,
    release,
    release_due,
    remove_result,
    reschedule,
    results_of,
    seal,
    seen_by_maker,
    unseal,
)
from carindex.office.publication.evidence import publishable
from carindex.office.publication.exported import verify_file
from carindex.office.publication.log import export, rotate, start, verify_log
from carindex.office.publication.results import (
    correct,
    order_retest,
    public_result,
    public_results,
    republish,
    withdraw,
)
from carindex.office.publication.rules import SUBJECT, PublicationRules
from carindex.office.publication.signing import digest, key_folder
from carindex.office.publication.verification import verify_office
from carindex.office.statutes import set_statute
from carindex.office.store import SYSTEM, Office, Role

RULES = {
    "notice_days": 7,
    "file_days": 20,
    "admit_days": 5,
    "decide_days": 30,
    "remedy_days": 60,
    "open_appeals_hold_release": True,
    "signatures": 2,
    "source": "an example",
}
WHY = {"en": "example reason", "zh": "示例理由"}
NAME = {"en": "Batch 1 of 2026", "zh": "2026年第一批"}


def refused(code: str):
    def same(error: BaseException) -> bool:
        assert isinstance(error, InputError)
        assert all(error.line(language) for language in LANGUAGES)
        return error.code == f"office/publication.{code}"

    return pytest.raises(InputError, check=same)


def document(car: str, stars: int = 5) -> dict[str, Any]:
    return {
        "car": {"name": car},
        "protocol": "us-ncap-2011",
        "protocol_hash": "0" * 64,
        "engine": "carindex",
        "outcome": {"stars": stars},
        "rating": {"nodes": []},
    }


class Desk(SimpleNamespace):
    office: Office

    def do(self, function, *args, by: str | None = None, **options) -> Any:
        with self.office.change(by or self.secretary) as change:
            return function(change, *args, **options)

    def found(self, source: str, car: str = "", stars: int = 5, *, maker=None, approved=True) -> Publishable:
        return Publishable(source, maker or self.maker, document(car or source, stars), approved)

    def batch(self, *sources: str, days: float = 7) -> tuple[str, list[str]]:
        """A sealed batch."""
        batch = self.do(new_batch, NAME).key
        results = [self.do(add_result, batch, self.found(source)).key for source in sources]
        self.do(seal, batch, self.office.clock() + timedelta(days=days))
        return batch, results

    def published(self, *sources: str) -> list[str]:
        batch, results = self.batch(*sources)
        self.office.clock.forward(days=7)
        self.do(release, batch)
        return results


def desk_in(office: Office) -> Desk:
    admin = person_in(office, "Administrator A", Role.ADMINISTRATOR)
    secretary = person_in(office, "Secretary A", Role.SECRETARY)
    with office.change(admin) as change:
        maker, rival = (
            add_organisation(change, {"en": f"Example maker {x}"}, "maker", example=True).key for x in "AB"
        )
        brand = add_organisation(change, {"en": "Example brand"}, "maker", parent=maker, example=True).key
        start(change)
        set_statute(change, SUBJECT, RULES, PublicationRules, "rules.yaml")
    return Desk(
        office=office,
        admin=admin,
        secretary=secretary,
        maker=maker,
        engineer=person_in(office, "Engineer A", Role.ENGINEER, organisation=brand),
        rival=person_in(office, "Engineer B", Role.ENGINEER, organisation=rival),
        experts=[person_in(office, f"Expert {x}", Role.EXPERT) for x in "ABC"],
        insider=person_in(office, "Expert D", Role.EXPERT, organisation=maker),
    )


@pytest.fixture
def desk(office: Office) -> Desk:
    return desk_in(office)


@pytest.fixture
def lite_desk(lite: Office) -> Desk:
    return desk_in(lite)


def whole(desk: Desk) -> None:
    with desk.office.reading() as session:
        found = verify_office(session, "office")
    assert found.whole, [finding.line() for finding in found.findings]


def test_a_batch_from_draft_to_the_public(desk: Desk, clock, tmp_path) -> None:
    office = desk.office
    batch, (first, second) = desk.batch("a1", "a2")
    with office.reading() as session:
        assert public_results(session) == ()
        assert {r.key for r in seen_by_maker(session, desk.maker)} == {first, second}
    clock.forward(days=6, hours=23)
    with refused("embargo"):
        desk.do(release, batch)
    assert release_due(office) == ()
    clock.forward(hours=1)
    assert release_due(office) == (batch,)
    assert release_due(office) == ()
    with office.reading() as session:
        shown = public_results(session)
        assert {one.key for one in shown} == {first, second}
        one = public_result(session, first)
        assert one.document == document("a1")
        assert one.digest == digest(document("a1"))
        assert [version["kind"] for version in one.history] == ["result"]
        assert batch_of(session, batch).state == "released"
        export(session, tmp_path / "log.jsonl")
    whole(desk)
    assert verify_file(tmp_path / "log.jsonl").records == 4  # key, release, two results


def test_corrections_withdrawals_and_what_stays(desk: Desk, tmp_path) -> None:
    office = desk.office
    (result,) = desk.published("a1")
    with refused("nothing_corrected"):
        desk.do(correct, result, desk.found("a2", "a1"), WHY)
    with refused("not_approved"):
        desk.do(correct, result, desk.found("a2", "a1", 4, approved=False), WHY)
    with refused("no_reason"):
        desk.do(correct, result, desk.found("a2", "a1", 4), {"en": "only English"})
    desk.do(correct, result, desk.found("a2", "a1", 4), WHY)
    with office.reading() as session:
        one = public_result(session, result)
        assert one.document["outcome"] == {"stars": 4}
        assert [(v["version"], v["kind"]) for v in one.history] == [(1, "result"), (2, "correction")]
        assert one.history[1]["reason"] == WHY
    with refused("wrong_step"):
        desk.do(republish, result, desk.found("a2", "a1", 4), WHY)
    desk.do(withdraw, result, WHY)
    with office.reading() as session:
        one = public_result(session, result)
        assert (one.state, one.document, one.digest) == ("withdrawn", None, None)
    with refused("wrong_step"):
        desk.do(correct, result, desk.found("a3", "a1", 3), WHY)
    desk.do(republish, result, desk.found("a3", "a1", 5), WHY)
    with office.reading() as session:
        assert public_result(session, result).document["outcome"] == {"stars": 5}
    whole(desk)


def test_a_retest_is_a_second_result_and_both_stay(desk: Desk) -> None:
    (first,) = desk.published("a1")
    batch = desk.do(new_batch, NAME).key
    with refused("no_retest"):
        desk.do(add_result, batch, desk.found("a2"), retest_of=first)
    desk.do(order_retest, first, WHY)
    with refused("retest_ordered"):
        desk.do(order_retest, first, WHY)
    second = desk.do(add_result, batch, desk.found("a2"), retest_of=first).key
    desk.do(seal, batch, desk.office.clock() + timedelta(days=8))
    desk.office.clock.forward(days=8)
    desk.do(release, batch)
    with desk.office.reading() as session:
        assert public_result(session, first).retests == (second,)
        assert public_result(session, second).retest_of == first
        assert public_result(session, first).state == "published"


def test_what_a_batch_does_not_allow(lite_desk: Desk) -> None:
    desk = lite_desk
    batch = desk.do(new_batch, NAME).key
    with refused("not_approved"):
        desk.do(add_result, batch, desk.found("a1", approved=False))
    with refused("empty_batch"):
        desk.do(seal, batch, desk.office.clock() + timedelta(days=7))
    first = desk.do(add_result, batch, desk.found("a1")).key
    with refused("in_a_batch"):
        desk.do(add_result, batch, desk.found("a1"))
    with refused("too_early"):
        desk.do(seal, batch, desk.office.clock() + timedelta(days=6))
    desk.do(seal, batch, desk.office.clock() + timedelta(days=7))
    with refused("wrong_step"):
        desk.do(add_result, batch, desk.found("a2"))
    with refused("wrong_step"):
        desk.do(remove_result, first, "why")
    with refused("wrong_step"):  # nothing under embargo is corrected in public
        desk.do(correct, first, desk.found("a2", "a1", 4), WHY)
    with refused("too_early"):
        desk.do(reschedule, batch, desk.office.clock() + timedelta(days=1), "why")
    desk.do(reschedule, batch, desk.office.clock() + timedelta(days=9), "why")
    desk.do(unseal, batch, "an error was found")
    desk.do(remove_result, first, "an error was found")
    again = desk.do(add_result, batch, desk.found("a1")).key  # taken out, so free again
    with desk.office.reading() as session:
        assert [one.key for one in results_of(session, batch)] == [again]
    desk.do(abandon, batch, "example")
    with refused("wrong_step"):
        desk.do(seal, batch, desk.office.clock() + timedelta(days=9))
    with desk.office.reading() as session:
        assert public_results(session) == ()
    for person in (desk.engineer, desk.experts[0]):
        with pytest.raises(InputError, match="roles held"):
            desk.do(new_batch, NAME, by=person)


def test_an_appeal_under_embargo_holds_the_release(desk: Desk, clock) -> None:
    batch, (result,) = desk.batch("a1")
    appeal = desk.do(appeals.file, result, "grounds", by=desk.engineer).key
    with refused("appeal_open"):
        desk.do(appeals.file, result, "grounds", by=desk.engineer)
    clock.forward(days=7)
    assert release_due(desk.office) == ()
    with refused("appeal_open"):
        desk.do(release, batch)
    desk.do(appeals.admit, appeal)
    desk.do(appeals.decide, appeal, "grounds", desk.experts[:2], "correction")
    with refused("not_remedied"):
        desk.do(appeals.settle, appeal)
    desk.do(unseal, batch, "appeal")
    desk.do(remove_result, result, "appeal")
    desk.do(appeals.settle, appeal)
    desk.do(add_result, batch, desk.found("a2"))
    desk.do(seal, batch, desk.office.clock() + timedelta(days=7))
    clock.forward(days=7)
    assert release_due(desk.office) == (batch,)


def test_an_appeal_after_publication_with_its_deadlines(desk: Desk, clock) -> None:
    (result,) = desk.published("a1")
    published = clock.now
    clock.now = published + timedelta(days=20)
    appeal = desk.do(appeals.file, result, "grounds", by=desk.engineer).key
    desk.do(appeals.take_back, appeal, by=desk.engineer)
    clock.now = published + timedelta(days=20, seconds=1)
    with refused("too_late"):
        desk.do(appeals.file, result, "grounds", by=desk.engineer)
    clock.now = published + timedelta(days=19)
    appeal = desk.do(appeals.file, result, "grounds", by=desk.engineer).key

    def late() -> list[str]:
        with desk.office.reading() as session:
            return [one.key for one in appeals.overdue(session, clock.now)]

    clock.forward(days=5)
    assert late() == []
    clock.forward(seconds=1)
    assert late() == [appeal]
    desk.do(appeals.admit, appeal)
    assert late() == []
    clock.forward(days=30, seconds=1)
    assert late() == [appeal]
    desk.do(appeals.decide, appeal, "grounds", desk.experts[:2], "withdrawal")
    with refused("not_remedied"):
        desk.do(appeals.settle, appeal)
    desk.do(withdraw, result, WHY)
    assert desk.do(appeals.settle, appeal).state == "settled"
    assert late() == []
    whole(desk)


def test_who_may_appeal_and_who_may_decide(lite_desk: Desk) -> None:
    desk = lite_desk
    batch = desk.do(new_batch, NAME).key
    draft = desk.do(add_result, batch, desk.found("a0")).key
    with refused("unknown_result"):  # a draft is seen by nobody outside
        desk.do(appeals.file, draft, "grounds", by=desk.engineer)
    _, (result,) = desk.batch("a1")
    with refused("unknown_result"):  # nor is a rival's result, whether or not there is one
        desk.do(appeals.file, result, "grounds", by=desk.rival)
    with desk.office.reading() as session:
        assert (
            seen_by_maker(session, session.get_one(type(desk_person(session)), desk.rival).organisation) == ()
        )
    appeal = desk.do(appeals.file, result, "grounds", by=desk.engineer).key
    with refused("unknown_appeal"):
        desk.do(appeals.take_back, appeal, by=desk.rival)
    with refused("wrong_step"):
        desk.do(appeals.decide, appeal, "grounds", desk.experts[:2])
    desk.do(appeals.admit, appeal)
    with refused("too_few_signatures"):
        desk.do(appeals.decide, appeal, "grounds", [desk.experts[0], desk.experts[0]])
    with refused("conflict"):
        desk.do(appeals.decide, appeal, "grounds", [desk.experts[0], desk.insider])
    with refused("not_an_expert"):
        desk.do(appeals.decide, appeal, "grounds", [desk.experts[0], desk.secretary])
    with refused("unknown_remedy"):
        desk.do(appeals.decide, appeal, "grounds", desk.experts[:2], "a better star")
    assert desk.do(appeals.decide, appeal, "grounds", desk.experts[:2]).state == "dismissed"
    with refused("wrong_step"):
        desk.do(appeals.settle, appeal)


def desk_person(session):
    from carindex.office.store import Person

    return session.scalars(select(Person)).first()


def test_rules_are_needed_and_hold_from_their_day(lite: Office, clock) -> None:
    secretary = person_in(lite, "Secretary A", Role.SECRETARY)
    admin = person_in(lite, "Administrator A", Role.ADMINISTRATOR)
    with lite.change(secretary) as change:
        batch = new_batch(change, NAME).key
        maker = add_organisation(change, {"en": "Example maker"}, "maker", example=True).key
        add_result(change, batch, Publishable("a1", maker, document("a1"), True))
    with pytest.raises(InputError, match="no rules"), lite.change(secretary) as change:
        seal(change, batch, change.at)
    with lite.change(admin) as change:
        set_statute(change, SUBJECT, RULES, PublicationRules, "rules.yaml")
    with lite.change(secretary) as change:
        seal(change, batch, change.at + timedelta(days=7))
    clock.forward(days=7)
    with refused("log_not_started"), lite.change(secretary) as change:
        release(change, batch)
    with lite.reading() as session:
        assert batch_of(session, batch).state == "sealed"
    bad: list[dict] = [{}, {**RULES, "notice_days": -7}, {**RULES, "more": 1}, {**RULES, "signatures": 0}]
    for said in bad:
        with pytest.raises(InputError, match="make no sense"), lite.change(admin) as change:
            set_statute(change, SUBJECT, said, PublicationRules, "rules.yaml")


def test_an_appeal_goes_on_under_the_rules_of_its_publication(lite_desk: Desk, clock) -> None:
    desk = lite_desk
    (result,) = desk.published("a1")
    clock.forward(days=1)
    desk.do(set_statute, SUBJECT, {**RULES, "file_days": 0}, PublicationRules, "", by=desk.admin)
    clock.forward(days=19)
    desk.do(appeals.file, result, "grounds", by=desk.engineer)
    (later,) = desk.published("a2")
    clock.forward(seconds=1)
    with refused("too_late"):
        desk.do(appeals.file, later, "grounds", by=desk.engineer)


def test_keys_change_and_the_old_one_signs_nothing_more(desk: Desk, clock, tmp_path) -> None:
    desk.published("a1")
    with pytest.raises(InputError, match="roles held"):
        desk.do(rotate, "yearly")
    fingerprint = desk.do(rotate, "yearly", by=desk.admin)
    desk.published("a2")
    with desk.office.reading() as session:
        found = verify_log(session)
        assert found.whole
        assert found.keys[-1] == fingerprint
        assert verify_log(session, trusted=found.keys[0]).whole
        assert not verify_log(session, trusted=fingerprint).whole
    # without the key nothing is published, and nothing is half done
    batch, _ = desk.batch("a3")
    clock.forward(days=7)
    for file in key_folder(desk.office.files).iterdir():
        file.rename(tmp_path / file.name)
    with refused("no_key"):
        desk.do(release, batch)
    with desk.office.reading() as session:
        assert len(public_results(session)) == 2
    whole(desk)


def test_a_clock_set_back_stops_publication(lite_desk: Desk, clock) -> None:
    batch, _ = lite_desk.batch("a1", days=7)
    with lite_desk.office.reading() as session:
        before = verify_log(session).records
    clock.forward(days=8)
    lite_desk.do(rotate, "example", by=lite_desk.admin)
    clock.forward(days=-0.5)
    with refused("clock_behind"):
        lite_desk.do(release, batch)
    with lite_desk.office.reading() as session:
        assert verify_log(session).records == before + 1


_TAMPER = {
    "document": "UPDATE published_version SET document = (SELECT document FROM published_version WHERE record = 4)"
    " WHERE record = 3",
    "reason": """UPDATE published_version SET reason = '{"en":"other"}' WHERE record = 3""",
    "version": "DELETE FROM published_version WHERE record = 3",
    "record": "UPDATE publication_record SET text = replace(text, 'a1', 'b1') WHERE number = 3",
    "taken out": "DELETE FROM publication_record WHERE number = 3",
    "truncated": "DELETE FROM publication_record WHERE number = 4",
    "shown": "UPDATE published_result SET document = (SELECT document FROM published_version WHERE record = 4)"
    " WHERE key = (SELECT result FROM published_version WHERE record = 3)",
    "state": "UPDATE published_result SET version = 2 WHERE key = (SELECT result FROM published_version WHERE record = 3)",
    "head": "DELETE FROM publication_head",
    "audit": "UPDATE audit_entry SET action = 'test.other' WHERE number = 9",
}


@pytest.mark.parametrize("what", _TAMPER)
def test_tampering_behind_the_database_is_found(desk: Desk, what: str) -> None:
    desk.published("a1", "a2")
    whole(desk)
    engine = desk.office.engine
    if what not in ("head", "shown", "state"):  # the database itself refuses, until its guards are taken away
        with pytest.raises(DBAPIError, match="permanent"), desk.office._writing.begin() as connection:
            connection.execute(text(_TAMPER[what]))
    with desk.office._writing.begin() as connection:
        if engine.dialect.name == "sqlite":
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        assert connection.execute(text(_TAMPER[what])).rowcount == 1
        if engine.dialect.name != "sqlite":
            connection.execute(text("SET session_replication_role = origin"))
    with desk.office.reading() as session:
        assert not verify_office(session, "office").whole


def test_nothing_of_a_failed_release_stays(lite_desk: Desk, clock, monkeypatch) -> None:
    batch, _ = lite_desk.batch("a1", "a2", "a3")
    clock.forward(days=7)
    from carindex.office.publication import batches

    real, count = batches.append, []

    def failing(change, kind, body):
        count.append(kind)
        if len(count) == 3:
            raise ZeroDivisionError
        return real(change, kind, body)

    monkeypatch.setattr(batches, "append", failing)
    with pytest.raises(ZeroDivisionError), lite_desk.office.change(SYSTEM) as change:
        release(change, batch)
    monkeypatch.setattr(batches, "append", real)
    with lite_desk.office.reading() as session:
        assert public_results(session) == ()
        assert verify_log(session).records == 1
    assert release_due(lite_desk.office) == (batch,)
    whole(lite_desk)


def test_an_assessment_on_its_way_to_the_public(office: Office, clock) -> None:
    """Nothing is published that its review did not approve, and what is published is the assessment."""
    reviewed = Reviewed(office)
    admin = person_in(office, "Administrator A", Role.ADMINISTRATOR)
    with office.change(admin) as change:
        start(change)
        set_statute(change, SUBJECT, RULES, PublicationRules, "")
    with office.change(reviewed.secretary) as change:
        batch = new_batch(change, NAME).key
    with refused("not_approved"), office.change(reviewed.secretary) as change:
        add_result(change, batch, publishable(change.session, reviewed.assessment))
    with refused("not_approved"), office.change(reviewed.secretary) as change:
        claimed = publishable(change.session, reviewed.assessment)
        add_result(change, batch, Publishable(claimed.source, claimed.maker, claimed.document, True))
    reviewed.assign()
    for expert in reviewed.experts[:3]:
        with suppress(InputError):  # not everybody is assigned
            reviewed.say(expert, "approve")
    reviewed.approve()
    with office.change(reviewed.secretary) as change:
        result = add_result(change, batch, publishable(change.session, reviewed.assessment)).key
        seal(change, batch, change.at + timedelta(days=7))
    clock.forward(days=7)
    assert release_due(office) == (batch,)
    with office.reading() as session:
        shown = public_result(session, result)
        assert shown.document["car"]["name"] == "Example One"
        assert shown.document["rating"]["en"]["outcome"] == {"stars": 5}
        assert shown.document["assessment"] == session.get(Assessment, reviewed.assessment).digest
    # who belongs to the laboratory that tested the car decides no appeal about it
    tester = person_in(office, "Expert Z", Role.EXPERT, organisation=reviewed.laboratory)
    engineer = person_in(office, "Engineer A", Role.ENGINEER, organisation=reviewed.maker)
    with office.change(engineer) as change:
        appeal = appeals.file(change, result, "grounds").key
    with office.change(reviewed.secretary) as change:
        appeals.admit(change, appeal)
    with pytest.raises(InputError, match="Laboratory A"), office.change(reviewed.secretary) as change:
        appeals.decide(change, appeal, "grounds", [reviewed.experts[0], tester])
