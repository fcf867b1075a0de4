"""A change of rules from proposal to edition: who may do what when, and that answers stay anonymous."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from tests.office.conftest import person_in

from carindex.messages import LANGUAGES, InputError
from carindex.office.consensus.adoption import decide, editions, in_force, reject, write_editions
from carindex.office.consensus.drafts import as_edition, content_digest, read_folder
from carindex.office.consensus.models import Answer, Edition, Proposal
from carindex.office.consensus.proposals import (
    attach_impact,
    impact_of,
    panel_of,
    proposal_of,
    propose,
    read_draft,
    redraft,
    set_panel,
    with_content,
    withdraw,
)
from carindex.office.consensus.rounds import (
    answer,
    answered,
    close_round,
    open_round,
    own_answer,
    rounds_of,
)
from carindex.office.store import AuditEntry, Office, Role
from carindex.office.store.columns import canonical
from carindex.rating import load_protocol
from carindex.rating.library import over

DRAFT = """# stricter by half a point, for the example
extends: us-ncap-2011
edition: "2011, as drafted"
valid: {from: "2011"}
changes:
  "":
    note: {en: "An example's note", zh: "示例说明"}
"""
STATEMENTS = [
    {"id": "limit", "text": {"en": "The limit is right", "zh": "限值合适"}},
    {"id": "date", "text": {"en": "The date is right", "zh": "日期合适"}},
]
THINGS = ("frontal", "side", "rollover")


def refused(code: str):
    def same(error: BaseException) -> bool:
        assert isinstance(error, InputError)
        assert all(error.line(language) for language in LANGUAGES)
        return error.code == f"office/consensus.{code}"

    return pytest.raises(InputError, check=same)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    folder = tmp_path / "draft"
    folder.mkdir()
    (folder / "protocol.yaml").write_text(DRAFT, "utf-8")
    return folder


class Panel(SimpleNamespace):
    office: Office
    secretary: str
    experts: list[str]
    proposal: str

    def round(self, *votes: Sequence[int], comparisons=(), close: bool = True) -> str:
        """Hold a round: one tuple of ratings an expert."""
        with self.office.change(self.secretary) as change:
            key = open_round(change, self.proposal, change.at + timedelta(days=14)).key
        for expert, vote in zip(self.experts, votes, strict=False):
            with self.office.change(expert) as change:
                ratings = dict(zip(("limit", "date"), vote, strict=True))
                answer(change, key, ratings, comparisons=comparisons, remarks={"date": f"remark {vote[1]}"})
        if close:
            with self.office.change(self.secretary) as change:
                close_round(change, key)
        return key


def panel_in(office: Office, draft: Path, things: Sequence[str] = (), impact: bool = True) -> Panel:
    secretary = person_in(office, "Secretary A", Role.SECRETARY)
    experts = [person_in(office, f"Expert {letter}", Role.EXPERT) for letter in "ABCDEFG"]
    drafted = read_draft(draft, "us-ncap-2011")
    with office.change(experts[0]) as change:
        made = propose(
            change,
            drafted,
            title={"en": "A change", "zh": "一项修改"},
            reason="example",
            statements=STATEMENTS,
            things=things,
            impact={"draft": drafted.digest, "cars": 3} if impact else None,
        )
    with office.change(secretary) as change:
        set_panel(change, made.key, experts)
    return Panel(office=office, secretary=secretary, experts=experts, proposal=made.key, drafted=drafted)


@pytest.fixture
def panel(office: Office, draft: Path) -> Panel:
    return panel_in(office, draft)


FOR = [(8, 7)] * 6 + [(9, 8)]


def test_from_proposal_to_edition(panel: Panel, clock, tmp_path: Path) -> None:
    office = panel.office
    panel.round(*FOR)
    clock.forward(days=20)
    panel.round(*FOR)
    with office.reading() as session:
        assert proposal_of(session, panel.proposal).state == "settled"
        second = rounds_of(session, panel.proposal)[1]
        said = second.result["statements"]["limit"]
        assert said["feedback"]["median"] == 8
        assert said["feedback"]["histogram"] == [0, 0, 0, 0, 0, 0, 0, 6, 1]
        assert (said["stable"], said["next"]) == (True, "adopt")
    with office.change(panel.secretary) as change:
        decide(
            change,
            panel.proposal,
            edition="us-ncap-2027-example",
            label="2027 (example)",
            valid_from=date(2027, 1, 1),
        )
    (folder,) = write_editions(office, tmp_path / "editions")
    assert write_editions(office, tmp_path / "editions") == ()
    with over((tmp_path / "editions",)):
        loaded = load_protocol("us-ncap-2027-example")
        assert load_protocol("us-ncap-2011").id == "us-ncap-2011"
    with office.reading() as session:
        (edition,) = editions(session)
        assert loaded.hash == edition.protocol_hash
        assert loaded.head.valid == {"from": "2027-01-01"}
        assert loaded.head.extended == ["us-ncap-2011"]
        assert in_force(session, loaded.head.programme["en"], date(2026, 12, 31)) is None
        assert in_force(session, loaded.head.programme["en"], date(2027, 1, 1)).key == edition.key
    # the words of the draft are kept, comments too
    assert (folder / "protocol.yaml").read_text("utf-8").endswith(DRAFT.split("\n", 1)[1].split("\n", 3)[3])
    # a folder that was lost or altered is made anew
    (folder / "protocol.yaml").write_text("extends: nothing\n", "utf-8")
    assert write_editions(office, tmp_path / "editions") == (folder,)
    shutil.rmtree(folder)
    assert write_editions(office, tmp_path / "editions") == (folder,)
    assert content_digest(read_folder(folder)) == edition.digest


def test_nothing_is_shown_while_a_round_is_open_and_nobody_is_told_who_said_what(panel: Panel) -> None:
    office = panel.office
    votes = [(1, 9), (2, 8), (3, 7), (4, 6), (5, 5), (6, 4), (7, 3)]
    first = panel.round(*votes, close=False)
    with office.reading() as session:
        assert rounds_of(session, panel.proposal)[0].result is None
        assert set(answered(session, first)) == set(panel.experts)
        for expert, vote in zip(panel.experts, votes, strict=True):
            assert own_answer(session, first, expert)["ratings"] == {"limit": vote[0], "date": vote[1]}
        # no row of answers holds anything of a person; once the round is closed they lie in no order of time
        rows = list(session.scalars(select(Answer)))
        text = canonical([[row.round, row.pseudonym, row.ratings, row.remarks] for row in rows])
        assert not any(expert in text for expert in panel.experts)
    with office.change(panel.secretary) as change:
        close_round(change, first)
    with office.reading() as session:
        rows = list(session.scalars(select(Answer)))
        assert [row.pseudonym for row in rows] == sorted(row.pseudonym for row in rows)
        assert len(rows) == 7
        result = rounds_of(session, panel.proposal)[0].result
        remarks = result["statements"]["date"]["remarks"]
        assert remarks == [f"remark {n}" for n in range(3, 10)]
        # the audit log says that they answered, never what
        log = canonical(
            [[e.action, e.details] for e in session.scalars(select(AuditEntry)) if e.action != "test.person"]
        )
        assert "consensus.answered" in log
        assert "ratings" not in log
        assert "remark" not in log


def test_the_way_back_to_people_is_erased_at_the_end(panel: Panel) -> None:
    office = panel.office
    first = panel.round(*FOR, close=False)
    with office.change(panel.secretary) as change:
        withdraw(change, panel.proposal, "example")
    with office.reading() as session:
        assert session.get(Proposal, panel.proposal).secret is None
        assert all(own_answer(session, first, expert) is None for expert in panel.experts)
        assert rounds_of(session, panel.proposal)[0].closed_at is not None
    with refused("round_over"), office.change(panel.experts[0]) as change:
        answer(change, first, {"limit": 5, "date": 5})


def test_few_answers_are_not_shown(panel: Panel, clock) -> None:
    key = panel.round(*FOR[:6], close=False)
    with refused("still_time"), panel.office.change(panel.secretary) as change:
        close_round(change, key)
    clock.forward(days=15)
    with refused("round_over"), panel.office.change(panel.experts[6]) as change:
        answer(change, key, {"limit": 5, "date": 5})
    with panel.office.change(panel.secretary) as change:
        closed = close_round(change, key)
    said = closed.result["statements"]["limit"]
    assert (said["enough"], said["feedback"], said["remarks"]) == (False, None, [])
    assert closed.result["concordance"] is None


def test_answers_may_be_changed_while_the_round_is_open(panel: Panel) -> None:
    key = panel.round(*FOR, close=False)
    with panel.office.change(panel.experts[0]) as change:
        answer(change, key, {"limit": 1, "date": 1})
    with panel.office.change(panel.secretary) as change:
        closed = close_round(change, key)
    assert closed.result["answers"] == 7
    assert closed.result["statements"]["limit"]["feedback"]["histogram"] == [1, 0, 0, 0, 0, 0, 0, 5, 1]


def test_weights_of_a_panel(office: Office, draft: Path) -> None:
    panel = panel_in(office, draft, THINGS)
    # twice, six times and three times: consistent, weights 6 : 3 : 1
    comparisons = [("frontal", "side", 2.0), ("frontal", "rollover", 6.0), ("side", "rollover", 3.0)]
    panel.round(*FOR, comparisons=comparisons)
    with office.reading() as session:
        found = rounds_of(session, panel.proposal)[0].result["weights"]
    assert found["things"] == pytest.approx({"frontal": 0.6, "side": 0.3, "rollover": 0.1})
    assert found["consistent"] is True
    assert found["experts_consistent"] == 7


def test_what_was_not_accepted_is_no_edition(panel: Panel, clock) -> None:
    against = [(1, 8)] * 7
    panel.round(*against)
    panel.round(*against)
    with refused("not_accepted"), panel.office.change(panel.secretary) as change:
        decide(change, panel.proposal, edition="us-ncap-x", label="X", valid_from=date(2027, 1, 1))
    with panel.office.change(panel.secretary) as change:
        reject(change, panel.proposal)
    with panel.office.reading() as session:
        assert proposal_of(session, panel.proposal).state == "rejected"
        assert session.scalars(select(Edition)).all() == []


def test_adoption_is_refused_when_it_makes_no_sense(panel: Panel) -> None:
    panel.round(*FOR)
    office = panel.office

    def adopt(code: str, by: str | None = None, **said) -> None:
        wanted = {"edition": "us-ncap-2027", "label": "2027", "valid_from": date(2027, 1, 1), **said}
        with refused(code), office.change(by or panel.secretary) as change:
            decide(change, panel.proposal, **wanted)

    adopt("wrong_state")  # one round is none
    panel.round(*FOR)
    with refused("was_accepted"), office.change(panel.secretary) as change:
        reject(change, panel.proposal)
    adopt("in_the_past", valid_from=date(2026, 3, 1))
    adopt("bad_dates", valid_to=date(2026, 12, 31))
    adopt("edition_taken", edition="us-ncap-2011")
    adopt("bad_edition_name", edition="../outside")
    with pytest.raises(InputError, match="roles held"), office.change(panel.experts[0]) as change:
        decide(change, panel.proposal, edition="us-ncap-2027", label="2027", valid_from=date(2027, 1, 1))


def test_no_round_without_impact_panel_and_time(office: Office, draft: Path) -> None:
    panel = panel_in(office, draft, impact=False)

    def open_(code: str, days: float = 14) -> None:
        with refused(code), office.change(panel.secretary) as change:
            open_round(change, panel.proposal, change.at + timedelta(days=days))

    open_("no_impact")
    with refused("impact_of_another"), office.change(panel.secretary) as change:
        attach_impact(change, panel.proposal, {"draft": "0" * 64})
    with office.change(panel.secretary) as change:
        attach_impact(change, panel.proposal, {"draft": panel.drafted.digest, "cars": 1})
    open_("closes_too_early", 0)
    # a new draft makes the old impact void
    (draft / "protocol.yaml").write_text(DRAFT.replace("An example", "Another example"), "utf-8")
    with office.change(panel.experts[0]) as change:
        redraft(change, panel.proposal, read_draft(draft, "us-ncap-2011"), "clearer")
    open_("no_impact")
    with refused("panel_too_small"), office.change(panel.secretary) as change:
        set_panel(change, panel.proposal, panel.experts[:6])
    with refused("not_an_expert"), office.change(panel.secretary) as change:
        set_panel(change, panel.proposal, [*panel.experts, panel.secretary])
    with office.change(panel.secretary) as change:
        attach_impact(change, panel.proposal, {"draft": read_draft(draft, "us-ncap-2011").digest})
        open_round(change, panel.proposal, change.at + timedelta(days=1))
    open_("round_open")
    with refused("wrong_state"), office.change(panel.experts[0]) as change:
        redraft(change, panel.proposal, panel.drafted, "too late")
    with office.reading() as session:
        assert len(panel_of(session, panel.proposal)) == 7


def test_who_may_answer_what(panel: Panel) -> None:
    key = panel.round(close=False)
    office = panel.office
    stranger = person_in(office, "Expert Z", Role.EXPERT)
    for person in (stranger, panel.secretary):
        with refused("not_asked"), office.change(person) as change:
            answer(change, key, {"limit": 5, "date": 5})
    for ratings in ({"limit": 5}, {"limit": 5, "date": 5, "more": 5}):
        with refused("not_complete"), office.change(panel.experts[0]) as change:
            answer(change, key, ratings)
    with refused("not_a_rating"), office.change(panel.experts[0]) as change:
        answer(change, key, {"limit": 5, "date": 10})
    with refused("bad_remark"), office.change(panel.experts[0]) as change:
        answer(change, key, {"limit": 5, "date": 5}, remarks={"other": "x"})
    with pytest.raises(InputError, match="roles held"), office.change(panel.experts[0]) as change:
        close_round(change, key)


def test_rounds_end(panel: Panel) -> None:
    moving = itertools.cycle([[(8, 8)] * 7, [(7, 7)] * 7])
    for _ in range(4):
        panel.round(*next(moving))
    with panel.office.reading() as session:
        found = proposal_of(session, panel.proposal)
        assert found.state == "settled"
        last = rounds_of(session, panel.proposal)[-1]
        assert {one["next"] for one in last.result["statements"].values()} == {"ended_open"}
    with panel.office.change(panel.secretary) as change:
        reject(change, panel.proposal)
    with panel.office.reading() as session:
        assert proposal_of(session, panel.proposal).state == "ended"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("protocol.yaml", DRAFT.replace("us-ncap-2011", "euro-ncap-2026"), "draft_of_another"),
        ("run.py", "print()", "not_of_a_draft"),
        ("other/protocol.yaml", DRAFT, "not_one_draft"),
    ],
)
def test_folders_that_are_no_draft(draft: Path, name: str, text: str, code: str) -> None:
    (draft / name).parent.mkdir(exist_ok=True)
    (draft / name).write_text(text, "utf-8")
    with pytest.raises(InputError) as raised:
        read_draft(draft, "us-ncap-2011")
    assert raised.value.code in (f"office/consensus.{code}", "rating.change_of_nothing")


def test_a_link_out_of_the_folder_is_refused(draft: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a: b", "utf-8")
    (draft / "more.yaml").symlink_to(tmp_path / "secret.yaml")
    with refused("not_of_a_draft"):
        read_draft(draft, "us-ncap-2011")


def test_entries_of_a_head_are_replaced_and_nothing_else() -> None:
    files = {
        "protocol.yaml": "# head\nid: old\nextends: base\nvalid:\n  from: '2020'\n  to: '2021'\n# kept\nchanges:\n  '': {}\n"
    }
    made = as_edition(files, "new-one", "base", 'A "label"', {"from": date(2027, 1, 1), "to": None})
    assert made["protocol.yaml"] == (
        'id: new-one\nextends: base\nedition: "A \\"label\\""\nvalid: {from: "2027-01-01", to: null}\n'
        "# head\n# kept\nchanges:\n  '': {}\n"
    )


def test_the_files_of_a_proposal_are_kept_as_they_were_read(panel: Panel) -> None:
    with panel.office.reading() as session:
        found = with_content(session, panel.proposal)
        assert found.files == {"protocol.yaml": DRAFT}
        assert content_digest(found.files) == found.digest


def test_impact_where_this_installation_can(draft: Path, tmp_path: Path) -> None:
    pytest.importorskip("carindex.alignment.impact")
    table = tmp_path / "cars.csv"
    table.write_text("car,full_width_rigid_56/driver/h3_50m/hic15\nExample 1,200\n", "utf-8")
    drafted = read_draft(draft, "us-ncap-2011")
    found = impact_of(drafted, table)
    assert found["draft"] == drafted.digest
    assert found["cars"] == 1
    canonical(found)  # plain values that can be kept
