"""Reviews: the best reviewers are chosen, nobody with a conflict speaks, votes are blind, approval needs its rules."""

from __future__ import annotations

from datetime import date
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from tests.office.conftest import person_in
from tests.office.test_panel import FIELDS
from tests.office.test_programme import Work

from carindex.messages import InputError
from carindex.office.assessments.keeping import assessment_of, keep_rated
from carindex.office.assessments.models import Assessment
from carindex.office.assessments.rated import Rated
from carindex.office.panel.appointing import appoint, appointment_on, leave
from carindex.office.panel.interests import declare
from carindex.office.panel.rules import PanelRules
from carindex.office.review.assigning import assign, excuse, open_review, review_of
from carindex.office.review.choosing import Eligible, choose
from carindex.office.review.discussing import (
    comment,
    conclude,
    discussion,
    give_opinion,
    is_approved,
    may_see,
    standing,
)
from carindex.office.review.rules import ReviewRules
from carindex.office.review.voting import (
    agreement,
    ballots_seen_by,
    close,
    decided,
    krippendorff_alpha,
    pose,
    questions_of,
    vote,
    voters,
)
from carindex.office.statutes import set_statute
from carindex.office.store import SYSTEM, AuditEntry, Role
from carindex.office.store.transaction import ANYBODY, actor_of

experts = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("ABC"), st.integers(0, 3)), min_size=0, max_size=7
)


@given(experts, st.integers(0, 4), st.lists(st.sampled_from("xyzw"), max_size=3), st.integers(1, 4), experts)
@settings(max_examples=60, deadline=None)
def test_the_best_choice_against_all_choices(people, count, fields, regions, assigned):
    eligible = [Eligible(f"p{i}", *one) for i, one in enumerate(people)]
    have = [Eligible(f"h{i}", *one) for i, one in enumerate(assigned[:2])]
    found = choose(eligible, count, fields=fields, regions=regions, have=have)

    def worth(picked):
        everybody = [*picked, *have]
        covered = len({one.field for one in everybody} & set(fields))
        places = min(len({one.region for one in everybody}), regions)
        # fields first, then regions, then load; among equals who comes first in order
        return (-covered, -places, sum(one.load for one in picked), [eligible.index(one) for one in picked])

    best = min(combinations(eligible, min(count, len(eligible))), key=worth)
    assert [one.person for one in found] == [one.person for one in best]
    for one in found:
        others = [other for other in (*best, *have) if other.person != one.person]
        assert one.brings_field == (
            one.field in fields and one.field not in {other.field for other in others}
        )
        assert one.brings_region == (one.region not in {other.region for other in others})


REVIEW = {
    "reviewers": 3,
    "quorum": 2,
    "regions": 2,
    "approving_regions": 2,
    "from_regions": {"asia": 1},
    "objections": 0,
    "voting": {"least": 2, "more_than": 0.5},
}


class Reviewed(Work):
    """An office with a panel of four experts and the assessment of a candidate under review."""

    def __init__(self, office, document=REVIEW):
        super().__init__(office)
        with office.change(SYSTEM) as change:
            set_statute(change, "panel", {"fields": FIELDS}, PanelRules, "panel.yaml")
            set_statute(change, "review", document, ReviewRules, "review.yaml")
        self.ordered()
        self.experts = [person_in(office, f"Expert {x}") for x in "ABCD"]
        places = [("asia", "crash"), ("europe", "crash"), ("africa", "health"), ("asia", "health")]
        with self.change() as change:
            for person, (region, field) in zip(self.experts, places, strict=True):
                appoint(change, person, region, field, date(2026, 1, 1), date(2026, 12, 31))
        self.assessment = self.assessed()
        with self.change() as change:
            self.review = open_review(change, self.assessment).key

    def assessed(self, previous=None, candidate=True):
        """Keep a small rating by hand: a tree of two nodes is enough here."""
        nodes = [{"path": path, "score": 1.0} for path in ("", "frontal")]
        said = {
            "nodes": nodes,
            "losses": [],
            "outcome": {"stars": 5},
            "protocol": "index-x-2",
            "provenance": {},
        }
        folder = self.office.files.parent / "empty"
        folder.mkdir(exist_ok=True)
        rated = Rated(
            folder, "Example One", "index-x-2", "0" * 64, "protocol", "1", {}, {"en": said, "zh": said}
        )
        with self.change() as change:
            chosen = self.candidate if candidate else None
            return keep_rated(change, rated, candidate=chosen, previous=previous).key

    def assign(self):
        with self.change() as change:
            return assign(change, self.review)

    def say(self, expert, verdict, why="because"):
        with self.change(expert) as change:
            give_opinion(change, self.review, verdict, why)

    def approve(self):
        with self.change() as change:
            return conclude(change, self.review, "approve")

    def unmet(self):
        with self.office.reading() as session:
            found = standing(session, review_of(session, self.review), self.office.clock().date())
        return [one.code.removeprefix("office/review.") for one in found.unmet]


@pytest.fixture
def reviewed(office):
    return Reviewed(office)


@pytest.fixture
def simple(lite):
    return Reviewed(lite)


def test_assignment_says_its_grounds(reviewed):
    with reviewed.change() as change:
        declare(change, reviewed.experts[3], reviewed.maker, "consultant", date(2026, 1, 1))
    done = reviewed.assign()
    a, b, c, d = reviewed.experts
    assert [one.person for one in done.chosen] == [a, b, c]
    assert done.left_out == {d: "conflict_maker"}
    assert done.missing == 0
    with reviewed.office.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "review.assignment")).one()
        assert entry.details == {"left_out": {d: "conflict_maker"}, "missing": 0}


def test_load_counts_open_reviews_only(simple):
    simple.assign()
    a, b, _, d = simple.experts
    with simple.change() as change:
        conclude(change, simple.review, "return", "once more")
    second = simple.assessed()
    with simple.change() as change:
        other = open_review(change, second).key
        # nobody has an open review: who was never assigned comes first
        first = assign(change, other)
    assert [one.person for one in first.chosen] == [d, a, b]
    assert all(one.load == 0 for one in first.chosen)


def test_the_whole_review(reviewed):
    a, b, c = (one.person for one in reviewed.assign().chosen)
    assert reviewed.unmet() == ["quorum", "regions", "from_region"]
    with reviewed.change(a) as change:
        first = comment(change, reviewed.review, "why this value?", node="frontal").key
    with reviewed.change() as change:
        answer = comment(change, reviewed.review, "as the report says", reply_to=first)
    assert answer.node == "frontal"
    reviewed.say(a, "ask")
    reviewed.say(b, "approve")
    reviewed.say(c, "object")
    assert reviewed.unmet() == ["quorum", "regions", "from_region", "objections", "asking"]
    with pytest.raises(InputError, match=r"1 approvals, 2 needed.*1 objections stand") as refused:
        reviewed.approve()
    assert "批准" in refused.value.line("zh")
    reviewed.say(a, "approve")
    reviewed.say(c, "approve")
    assert reviewed.unmet() == []
    with reviewed.office.reading() as session:
        assert not is_approved(session, reviewed.assessment)
    assert reviewed.approve().state == "approved"
    with reviewed.office.reading() as session:
        assert is_approved(session, reviewed.assessment)
        assert [one.text for one in discussion(session, reviewed.review)] == [
            "why this value?",
            "as the report says",
        ]
    for act in (
        lambda: reviewed.say(a, "object"),
        lambda: reviewed.approve(),
        lambda: reviewed.assign(),
    ):
        with pytest.raises(InputError, match="one that is open"):
            act()


def test_regional_rules(simple):
    """By hand: Asia, Europe and Africa; two approvals of three, from two regions, one of Asia."""
    a, b, c = (one.person for one in simple.assign().chosen)
    simple.say(b, "approve")
    simple.say(c, "approve")
    assert simple.unmet() == ["from_region"]
    simple.say(a, "approve")
    assert simple.unmet() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_conflict_silences_at_once(reviewed, when):
    a, b, c = (one.person for one in reviewed.assign().chosen)
    for one in (b, c, a) if when == "after" else (b, c):
        reviewed.say(one, "approve")
    with reviewed.change(a) as change:
        declare(change, a, reviewed.laboratory, "employed", date(2026, 3, 1))
    if when == "before":
        with pytest.raises(InputError, match="conflict of interest: employed at Example Laboratory A"):
            reviewed.say(a, "approve")
        with pytest.raises(InputError, match="conflict of interest"), reviewed.change(a) as change:
            comment(change, reviewed.review, "hm", node="")
    assert reviewed.unmet() == ["from_region"]  # the approval from Asia counts no more
    with pytest.raises(InputError, match="cannot be approved yet"):
        reviewed.approve()


def test_a_secretary_who_is_a_tied_expert_keeps_out(simple):
    simple.assign()
    both = person_in(simple.office, "Expert E", Role.EXPERT, Role.SECRETARY)
    plain = person_in(simple.office, "Secretary B", Role.SECRETARY, organisation=simple.laboratory)
    with simple.change() as change:
        question = pose(change, simple.review, "", "modifier", ["no", "yes"]).key
    with simple.change(both) as change:
        comment(change, simple.review, "hm", node="")
        declare(change, both, simple.maker, "shares", date(2026, 1, 1))
        for act in (
            lambda: comment(change, simple.review, "hm", node=""),
            lambda: assign(change, simple.review),
            lambda: pose(change, simple.review, "", "other", ["no", "yes"]),
            lambda: close(change, question),
            lambda: conclude(change, simple.review, "return", "hm"),
        ):
            with pytest.raises(InputError, match="conflict of interest"):
                act()
    # an index and its laboratory may be one house: who is no expert judges nothing
    with simple.change(plain) as change:
        comment(change, simple.review, "hm", node="")


def test_who_may_not_speak(simple, clock):
    chosen = [one.person for one in simple.assign().chosen]
    (left,) = set(simple.experts) - set(chosen)
    with pytest.raises(InputError, match="not assigned"):
        simple.say(left, "approve")
    with pytest.raises(InputError, match="roles held"):
        simple.say(simple.secretary, "approve")
    with simple.change() as change:
        excuse(change, simple.review, chosen[0], "ill")
    with pytest.raises(InputError, match="not assigned"):
        simple.say(chosen[0], "approve")
    with pytest.raises(InputError, match="roles held"), simple.change(chosen[1]) as change:
        excuse(change, simple.review, chosen[2], "I do not like it")
    with pytest.raises(InputError, match="roles held"), simple.change(chosen[1]) as change:
        conclude(change, simple.review, "approve")
    # who was excused is not assigned again
    assert [one.person for one in simple.assign().chosen] == [left]
    clock.now = clock.now.replace(year=2027)
    with pytest.raises(InputError, match="not on the panel"):
        simple.say(chosen[1], "approve")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"node": "frontal/x"}, "such as: frontal"),
        ({}, "pinned to nothing"),
        ({"node": "", "channel": "11HEAD0000H3ACXP"}, "pinned to nothing"),
        ({"channel": "x" * 65}, "pinned to nothing"),
        ({"reply_to": "nothing"}, "no such comment"),
        ({"node": "", "text": " "}, "no text"),
    ],
)
def test_comments_are_pinned(simple, more, said):
    a = simple.assign().chosen[0].person
    with simple.change(a) as change:
        comment(change, simple.review, "polarity?", channel="11HEAD0000H3ACXP")
        with pytest.raises(InputError, match=said):
            comment(change, simple.review, **{"text": "hm", **more})


def test_what_was_said_cannot_be_altered(reviewed):
    a = reviewed.assign().chosen[0].person
    reviewed.say(a, "object")
    for act in ("UPDATE opinion SET verdict='approve'", "DELETE FROM opinion"):
        with pytest.raises(DBAPIError, match="permanent"), reviewed.change() as change:
            change.session.execute(text(act))


def test_an_assessment_made_anew_ends_the_review(simple):
    a = simple.assign().chosen[0].person
    with simple.office.reading() as session:
        old = assessment_of(session, simple.assessment)
    new = simple.assessed(previous=old)
    with simple.change() as change:
        open_review(change, new)
    with pytest.raises(InputError, match="superseded"):
        simple.say(a, "approve")
    for key, said in ((simple.assessment, "made anew"), (new, "has a review")):
        with pytest.raises(InputError, match=said), simple.change() as change:
            open_review(change, key)
    loose = simple.assessed(candidate=False)
    with pytest.raises(InputError, match="without a candidate"), simple.change() as change:
        open_review(change, loose)


def test_votes_are_blind_until_closed(reviewed):
    a, b, c = (one.person for one in reviewed.assign().chosen)
    with reviewed.change() as change:
        question = pose(
            change, reviewed.review, "frontal", "unstable pedal", ["none", "minor", "major"], scale="ordinal"
        ).key
    choices = {a: "none", b: "major", c: "major"}
    for person, choice in choices.items():
        with reviewed.change(person) as change:
            vote(change, question, choice, "as seen on the film")
    with reviewed.change(a) as change:
        vote(change, question, "major", "seen again")
    with reviewed.office.reading() as session:
        for person in (a, b, c):
            seen = ballots_seen_by(session, actor_of(session, person), question)
            assert [one.person for one in seen] == [person]
        assert ballots_seen_by(session, actor_of(session, reviewed.secretary), question) == []
        assert ballots_seen_by(session, SYSTEM, question) == []
        assert voters(session, question) == [a, b, c]
        said = [
            one.details
            for one in session.scalars(select(AuditEntry).where(AuditEntry.action == "question.voted"))
        ]
        assert said == [{}] * 4
    assert "question" in reviewed.unmet()
    with reviewed.change() as change:
        closed = close(change, question)
    assert (closed.state, closed.outcome) == ("decided", "major")
    assert "question" not in reviewed.unmet()
    with reviewed.office.reading() as session:
        seen = ballots_seen_by(session, actor_of(session, a), question)
        assert {one.person: one.choice for one in seen} == {a: "major", b: "major", c: "major"}
        assert ballots_seen_by(session, ANYBODY, question) == []
    with pytest.raises(InputError, match="the vote is decided"), reviewed.change(a) as change:
        vote(change, question, "none", "late")
    with pytest.raises(InputError, match="open or decided already"), reviewed.change() as change:
        pose(change, reviewed.review, "frontal", "unstable pedal", ["none", "major"])


def test_a_vote_without_majority_is_asked_again(simple):
    a, b, _ = (one.person for one in simple.assign().chosen)
    for choices, state in ((("no", "yes"), "undecided"), (("yes", "yes"), "decided")):
        with simple.change() as change:
            question = pose(change, simple.review, "", "modifier", ["no", "yes"]).key
            with pytest.raises(InputError, match="0 ballots"):
                close(change, question)
        for person, choice in zip((a, b), choices, strict=True):
            with simple.change(person) as change:
                vote(change, question, choice, "seen")
        with simple.change() as change:
            assert close(change, question).state == state
        assert ("question" in simple.unmet()) == (state == "undecided")
    with simple.office.reading() as session:
        (found,) = agreement(session, questions_of(session, simple.review))
    # by hand: units (no, yes) and (yes, yes); observed 1/2; expected 2·1·3/(4·3) = 1/2
    assert (found.questions, found.ballots) == (2, 4)
    assert found.alpha == pytest.approx(0.0)


def test_a_ballot_of_who_has_a_conflict_by_then_does_not_count(simple):
    a, b, c = (one.person for one in simple.assign().chosen)
    with simple.change() as change:
        question = pose(change, simple.review, "", "modifier", ["no", "yes"]).key
    for person, choice in ((a, "yes"), (b, "yes"), (c, "no")):
        with simple.change(person) as change:
            vote(change, question, choice, "seen")
    with simple.change() as change:
        declare(change, a, simple.maker, "shares", date(2026, 1, 1))
    with simple.change() as change:
        assert close(change, question).outcome is None


@pytest.mark.parametrize(
    ("options", "scale", "said"),
    [
        (["a"], "nominal", "two or more"),
        (["a", "a"], "nominal", "two or more"),
        (["a", "b"], "ratio", "no such scale"),
    ],
)
def test_questions_that_make_no_sense(simple, options, scale, said):
    with pytest.raises(InputError, match=said), simple.change() as change:
        pose(change, simple.review, "", "modifier", options, scale=scale)


@pytest.mark.parametrize(
    ("choices", "more_than", "expected"),
    [("aab", 0.5, "a"), ("ab", 0.5, None), ("aab", 2 / 3, None), ("aaab", 2 / 3, "a"), ("", 0.5, None)],
)
def test_majorities_by_hand(choices, more_than, expected):
    assert decided(list(choices), more_than) == expected


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=5), max_size=6),
    st.sampled_from(["nominal", "ordinal"]),
)
@settings(max_examples=100, deadline=None)
def test_alpha_against_its_definition(units, scale):
    """Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: 1 - Do/De over all pairs, written out."""
    used = [unit for unit in units if len(unit) > 1]
    values = [value for unit in used for value in unit]
    number = {value: values.count(value) for value in "abc"}

    def apart(x, y):
        if scale == "nominal":
            return float(x != y)
        low, high = sorted((x, y))
        between = sum(number[v] for v in "abc" if low <= v <= high)
        return (between - (number[low] + number[high]) / 2) ** 2 if x != y else 0.0

    found = krippendorff_alpha(units, "abc", scale)
    if len(used) < 2 or len(set(values)) < 2:
        assert found is None
        return
    observed = sum(
        sum(apart(x, y) for i, x in enumerate(unit) for j, y in enumerate(unit) if i != j) / (len(unit) - 1)
        for unit in used
    ) / len(values)
    expected = sum(apart(x, y) for x, y in product(values, values)) / (len(values) * (len(values) - 1))
    assert found == pytest.approx(1 - observed / expected)


def test_who_sees_what_is_not_published(simple):
    office = simple.office
    chosen = [one.person for one in simple.assign().chosen]
    (left,) = set(simple.experts) - set(chosen)
    tester = person_in(office, "Laboratory A", Role.LABORATORY, organisation=simple.laboratory)
    other = person_in(office, "Laboratory B", Role.LABORATORY, organisation=simple.other)
    engineer = person_in(office, "Engineer A", Role.ENGINEER, organisation=simple.maker)
    today = office.clock().date()
    with simple.change() as change:
        declare(change, chosen[1], simple.maker, "shares", date(2026, 1, 1))
    with office.reading() as session:
        assessment = session.get_one(Assessment, simple.assessment)
        sees = {
            person: may_see(session, actor_of(session, person), assessment, today)
            for person in (simple.secretary, chosen[0], chosen[1], left, tester, other, engineer, None)
        }
    assert [person for person, yes in sees.items() if yes] == [simple.secretary, chosen[0], tester]


def test_running_reviews_keep_their_rules(simple):
    _, b, _ = (one.person for one in simple.assign().chosen)
    with simple.office.change(SYSTEM) as change:
        set_statute(
            change,
            "review",
            {**REVIEW, "quorum": 1, "from_regions": {}, "approving_regions": 1},
            ReviewRules,
            "x",
        )
    simple.say(b, "approve")
    assert simple.unmet() == ["quorum", "regions", "from_region"]


def test_leaving_the_panel_ends_speaking_but_not_what_was_said(simple, clock):
    a, b, _ = (one.person for one in simple.assign().chosen)
    for one in (a, b):
        simple.say(one, "approve")
    with simple.office.reading() as session:
        term = appointment_on(session, a, clock.now.date()).key
    with simple.change(a) as change:
        leave(change, term, clock.now.date(), "other work")
    clock.forward(days=1)
    with pytest.raises(InputError, match="not on the panel"):
        simple.say(a, "object")
    assert simple.unmet() == []
    assert simple.approve().state == "approved"
