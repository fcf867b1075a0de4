"""Whatever is done in whatever order: a review is where a slow model of its rules, kept beside it, says it is."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.office.conftest import SetClock
from tests.office.test_review import REVIEW, Reviewed

from carindex.messages import InputError
from carindex.office.panel.interests import declare
from carindex.office.review.assigning import assign, excuse, review_of
from carindex.office.review.discussing import comment, conclude, give_opinion, is_approved, standing
from carindex.office.review.voting import close, pose, question_of, vote
from carindex.office.store import open_office
from carindex.office.store.transaction import first_broken

EXPERT = st.integers(0, 3)
REGION = ("asia", "europe", "africa", "asia")


class ReviewStates(RuleBasedStateMachine):
    """The model: sets and dictionaries of what everybody said, from which the state is worked out anew each time."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = SetClock()
        office = open_office(
            Path(self.folder.name) / "office", create=True, clock=self.clock, chance=Random(2).getrandbits
        )
        self.world = Reviewed(office)
        self.state = "open"
        self.assigned: list[int] = []
        self.excused: set[int] = set()
        self.tied: set[int] = set()
        self.said: dict[int, str] = {}
        self.question: str | None = None
        self.question_state: str | None = None
        self.ballots: dict[int, str] = {}

    def teardown(self):
        with self.world.office.reading() as session:
            assert first_broken(session) is None
        self.world.office.close()
        self.folder.cleanup()

    def allowed(self, act) -> bool:
        try:
            act()
        except InputError:
            return False
        return True

    def speaks(self, expert: int) -> bool:
        return self.state == "open" and expert in self.assigned and expert not in self.tied

    def change(self, expert=None):
        return self.world.change(None if expert is None else self.world.experts[expert])

    @initialize()
    def assigned_at_first(self):
        self.assign()

    @rule()
    def assign(self):
        def act():
            with self.change() as change:
                for one in assign(change, self.world.review).chosen:
                    chosen.append(self.world.experts.index(one.person))

        chosen: list[int] = []
        assert self.allowed(act) == (self.state == "open")
        if self.state != "open":
            return
        free = set(range(4)) - set(self.assigned) - self.excused - self.tied
        assert set(chosen) <= free
        assert len(chosen) == min(len(free), max(0, REVIEW["reviewers"] - len(self.assigned)))
        self.assigned += chosen

    @rule(expert=EXPERT)
    def excuse(self, expert):
        def act():
            with self.change() as change:
                excuse(change, self.world.review, self.world.experts[expert], "ill")

        done = self.allowed(act)
        assert done == (self.state == "open" and expert in self.assigned)
        if done:
            self.assigned.remove(expert)
            self.excused.add(expert)

    @rule(expert=EXPERT, to_maker=st.booleans())
    def becomes_tied(self, expert, to_maker):
        if len(self.tied - {expert}) > 1:  # leave some who can speak
            return
        with self.change(expert) as change:
            house = self.world.maker if to_maker else self.world.laboratory
            declare(change, self.world.experts[expert], house, "employed", date(2026, 1, 1))
        self.tied.add(expert)

    @rule(expert=EXPERT, verdict=st.sampled_from(["approve", "approve", "object", "ask"]))
    def gives_opinion(self, expert, verdict):
        def act():
            with self.change(expert) as change:
                give_opinion(change, self.world.review, verdict, "because")

        done = self.allowed(act)
        assert done == self.speaks(expert)
        if done:
            self.said[expert] = verdict

    @rule()
    def all_approve(self):
        for expert in sorted(self.assigned):
            self.gives_opinion(expert, "approve")

    @rule(expert=EXPERT)
    def comments(self, expert):
        def act():
            with self.change(expert) as change:
                comment(change, self.world.review, "hm", node="frontal")

        assert self.allowed(act) == self.speaks(expert)

    @precondition(lambda self: self.question_state != "open")
    @rule()
    def pose(self):
        def act():
            with self.change() as change:
                posed.append(pose(change, self.world.review, "frontal", "modifier", ["no", "yes"]).key)

        posed: list[str] = []
        assert self.allowed(act) == (self.state == "open" and self.question_state != "decided")
        if posed:
            self.question, self.question_state, self.ballots = posed[0], "open", {}

    @precondition(lambda self: self.question is not None)
    @rule(expert=EXPERT, choice=st.sampled_from(["no", "yes"]))
    def votes(self, expert, choice):
        def act():
            with self.change(expert) as change:
                vote(change, self.question, choice, "seen")

        done = self.allowed(act)
        assert done == (self.speaks(expert) and self.question_state == "open")
        if done:
            self.ballots[expert] = choice

    @precondition(lambda self: self.question is not None)
    @rule()
    def closes(self):
        def act():
            with self.change() as change:
                close(change, self.question)

        counted = [
            choice for one, choice in self.ballots.items() if one in self.assigned and one not in self.tied
        ]
        done = self.allowed(act)
        assert done == (self.state == "open" and self.question_state == "open" and len(counted) >= 2)
        if done:
            yes, no = counted.count("yes"), counted.count("no")
            self.question_state = "undecided" if yes == no else "decided"
            with self.world.office.reading() as session:
                outcome = question_of(session, self.question).outcome
            assert outcome == (None if yes == no else "yes" if yes > no else "no")

    @rule(verdict=st.sampled_from(["approve", "approve", "approve", "return"]))
    def concludes(self, verdict):
        def act():
            with self.change() as change:
                conclude(change, self.world.review, verdict, "because")

        ready = not self.unmet()
        done = self.allowed(act)
        assert done == (self.state == "open" and (verdict == "return" or ready))
        if done:
            self.state = {"approve": "approved", "return": "returned"}[verdict]

    def unmet(self) -> set[str]:
        by = {one: self.said.get(one) for one in self.assigned if one not in self.tied}
        approving = [one for one, verdict in by.items() if verdict == "approve"]
        missing = set()
        if len(approving) < 2:
            missing.add("quorum")
        if len({REGION[one] for one in approving}) < 2:
            missing.add("regions")
        if "asia" not in {REGION[one] for one in approving}:
            missing.add("from_region")
        if "object" in by.values():
            missing.add("objections")
        if "ask" in by.values():
            missing.add("asking")
        if self.question_state in ("open", "undecided"):
            missing.add("question")
        return missing

    @invariant()
    def is_where_the_model_is(self):
        with self.world.office.reading() as session:
            review = review_of(session, self.world.review)
            assert review.state == self.state
            assert is_approved(session, self.world.assessment) == (self.state == "approved")
            found = standing(session, review, self.clock().date())
        assert {one.code.removeprefix("office/review.") for one in found.unmet} == self.unmet()


TestReviewStates = ReviewStates.TestCase
TestReviewStates.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
