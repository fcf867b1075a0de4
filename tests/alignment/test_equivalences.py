"""Judgements on evidence: their words exist, they are few and careful, and what is called exact holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.criteria.head import hic
from carindex.rating import available_protocols
from carindex.rating.compiled import compiled
from carindex.vocabulary import FactName, vocabulary
from carindex.vocabulary.equivalences import alike_tests, equivalences, relations_to


def _facts_of_all_protocols() -> list[str]:
    names = {name for protocol in available_protocols() for name in compiled(protocol).facts}
    return sorted(name for name in names if not name.startswith("given:"))


def test_every_word_is_one_of_the_vocabulary() -> None:
    words = vocabulary()
    known = {"test": words.tests, "seat": words.seats, "dummy": words.dummies, "quantity": words.quantities}
    for entry in equivalences().entries:
        assert {*entry.words, entry.target} <= set(known[entry.part])
        assert entry.tests <= set(words.tests)
        assert entry.dummies <= set(words.dummies)
        assert set(entry.reason) == {"en", "zh"}
        assert entry.source
    assert equivalences().judged <= set(words.quantities)


def test_quantities_that_stand_for_each_other_have_one_unit_and_one_direction() -> None:
    quantities = vocabulary().quantities
    for entry in equivalences().entries:
        if entry.part == "quantity":
            told = {(quantities[word].unit, quantities[word].better) for word in (*entry.words, entry.target)}
            assert len(told) == 1, entry


def test_no_other_test_or_dummy_is_called_equivalent() -> None:
    for entry in equivalences().entries:
        if entry.part in ("test", "dummy"):
            assert entry.relation == "indicative", entry


def test_tests_of_one_configuration_are_judged() -> None:
    # were two names for one crash in the vocabulary, evidence would be missed; each such pair has been looked at
    pairs = alike_tests()
    assert ("side_pole_oblique_32", "side_pole_oblique_32_occupant_to_occupant") in pairs
    for first, second in pairs:
        assert equivalences().from_to("test", first, second) is not None, (first, second)


def test_the_way_back_turns_the_side_round() -> None:
    there = equivalences().from_to("test", "full_width_rigid_56", "frontal_full_width_rigid_50")
    back = equivalences().from_to("test", "frontal_full_width_rigid_50", "full_width_rigid_56")
    assert there is not None
    assert back is not None
    assert (there.errs, back.errs) == ("cautious", "flattering")


def test_at_most_one_judgement_in_a_chain_is_only_indicative() -> None:
    chains = 0
    for name in _facts_of_all_protocols():
        for evidence in relations_to(FactName.parse(name)):
            chains += 1
            unsure = [link for link in evidence.links if link.relation == "indicative" and not link.exact]
            assert len(unsure) <= 1
            assert name not in evidence.names
            weakest = (
                "indicative"
                if any(link.relation == "indicative" for link in evidence.links)
                else "equivalent"
            )
            assert evidence.relation == weakest
    assert chains > 500


@pytest.mark.parametrize(
    "name",
    [
        "frontal_full_width_rigid_50/points_deducted",  # a report's judgement
        "frontal_full_width_rigid_50/driver/h3_05f/submarining",  # a word
        "frontal_mpdb_50/driver/thor_50m/hic15/predicted",  # a prediction
        "car/esc",
    ],
)
def test_what_is_not_measured_has_no_counterpart(name: str) -> None:
    assert list(relations_to(FactName.parse(name))) == []


def test_thor_s_chest_is_no_hybrid_s_chest() -> None:
    found = relations_to(FactName.parse("frontal_mpdb_50/driver/thor_50m/chest_rmax"))
    assert not any("h3_50m" in name for evidence in found for name in evidence.names)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 150), min_size=80, max_size=120))
def test_hic36_is_never_smaller_than_hic15(samples: list[float]) -> None:
    acceleration, interval = np.array(samples), 0.0005
    short, long = (float(hic(acceleration, interval, window).value) for window in (0.015, 0.036))
    assert long >= short
