"""Statistics of consensus against published examples, brute force and scipy's related tests."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from carindex.messages import LANGUAGES, InputError
from carindex.office.consensus.concordance import kendall_w
from carindex.office.consensus.constants import constants
from carindex.office.consensus.criteria import (
    Conditions,
    Criteria,
    criteria_from,
    criteria_named,
    criteria_names,
    outcome,
)
from carindex.office.consensus.hierarchy import aggregated, reciprocal_matrix, weights
from carindex.office.consensus.ratings import feedback, judgement
from carindex.office.consensus.stability import movement

RATINGS = st.lists(st.integers(1, 9), min_size=1, max_size=30)


# --- RAND/UCLA -------------------------------------------------------------------------------------------------------


def test_published_example_of_the_adjusted_range() -> None:
    # BMJ Open 2012;2:e001431, table 1: 15 panellists, 1 1 1 5 5 2 of them from the least to the greatest rating; median 7,
    # P30 7, P70 8, asymmetry 2.5, IPRAS 6.1, no disagreement, agreement by counts
    said = judgement([4, 5, 6] + [7] * 5 + [8] * 5 + [9] * 2)
    assert said.interpercentile_range == 1.0
    assert said.asymmetry == 2.5
    assert said.adjusted_range == pytest.approx(6.1)
    assert said.appropriateness == "appropriate"
    assert not said.disagreement
    assert said.region_agrees is True
    assert said.extremes_disagree is False


def test_a_split_panel_disagrees_and_is_uncertain() -> None:
    # five at each end: P30 = 1, P70 = 9, centre 5, so IPR 8 against 2.35
    said = judgement([1] * 5 + [9] * 5)
    assert (said.interpercentile_range, said.adjusted_range) == (8.0, 2.35)
    assert said.disagreement
    assert said.extremes_disagree is True
    assert said.appropriateness == "uncertain"


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([3, 3, 3], "inappropriate"),
        ([3, 4], "uncertain"),  # median 3.5 belongs to the upper third
        ([6, 7], "appropriate"),  # so does 6.5
        ([6, 6, 7], "uncertain"),
        ([7, 7, 7], "appropriate"),
    ],
)
def test_medians_at_the_edges_of_the_thirds(ratings: list[int], expected: str) -> None:
    assert judgement(ratings).appropriateness == expected


def test_counts_by_panel_size_as_published() -> None:
    # 8-10 members: disagreement from three in each outer third; agreement up to two outside the median's third
    assert judgement([1] * 2 + [9] * 7).extremes_disagree is False
    assert judgement([1] * 3 + [9] * 6).extremes_disagree is True
    assert judgement([1] * 2 + [9] * 7).region_agrees is True
    assert judgement([1] * 3 + [9] * 6).region_agrees is False
    # 7 and 17 members: the definition is not given
    assert judgement([1] * 3 + [9] * 4).extremes_disagree is None
    assert judgement([1] * 17).region_agrees is None


def _percentile_by_hand(ratings: list[int], per_cent: int) -> Fraction:
    ordered = sorted(ratings)
    position = Fraction(per_cent, 100) * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


@given(RATINGS)
def test_ranges_against_exact_fractions(ratings: list[int]) -> None:
    low, high = _percentile_by_hand(ratings, 30), _percentile_by_hand(ratings, 70)
    asymmetry = abs(5 - (low + high) / 2)
    adjusted = Fraction(235, 100) + Fraction(3, 2) * asymmetry
    said = judgement(ratings)
    assert said.interpercentile_range == pytest.approx(float(high - low))
    assert said.adjusted_range == pytest.approx(float(adjusted))
    if abs(high - low - adjusted) > Fraction(1, 10**9):
        assert said.disagreement == (high - low > adjusted)
    told = feedback(ratings)
    assert told.median == pytest.approx(float(_percentile_by_hand(ratings, 50)))
    assert told.interquartile_range == pytest.approx(
        float(_percentile_by_hand(ratings, 75) - _percentile_by_hand(ratings, 25))
    )
    assert sum(told.histogram) == told.count == len(ratings)
    assert [told.histogram[v - 1] for v in range(1, 10)] == [ratings.count(v) for v in range(1, 10)]


@given(RATINGS)
def test_turning_the_scale_round_turns_the_judgement_round(ratings: list[int]) -> None:
    said, turned = judgement(ratings), judgement([10 - value for value in ratings])
    assert turned.interpercentile_range == pytest.approx(said.interpercentile_range)
    assert turned.adjusted_range == pytest.approx(said.adjusted_range)
    assert turned.extremes_disagree == said.extremes_disagree
    opposite = {"appropriate": "inappropriate", "inappropriate": "appropriate", "uncertain": "uncertain"}
    if feedback(ratings).median not in (3.5, 6.5):  # there the upper third has the edge
        assert turned.appropriateness == opposite[said.appropriateness]


@pytest.mark.parametrize("bad", [[], [0], [10], [5, 5.0], [True]])
def test_what_is_no_rating_is_refused_in_both_languages(bad: list[int]) -> None:
    with pytest.raises(InputError) as raised:
        feedback(bad)
    for language in LANGUAGES:
        assert raised.value.line(language)


# --- Kendall's W -----------------------------------------------------------------------------------------------------


def test_published_rankings_without_ties() -> None:
    # ProofWiki, Kendall's coefficient of concordance, arbitrary example 1: W = 1/16
    assert kendall_w([[1, 3, 2], [1, 2, 3], [2, 3, 1], [3, 1, 2]]).w == pytest.approx(1 / 16)
    # a textbook's ten projects by four judges: sum of squared deviations 1048 (Scribd 659863121)
    judges = [
        [1, 3, 4, 5, 2, 8, 6, 7, 10, 9],
        [2, 1, 4, 5, 6, 3, 8, 7, 10, 9],
        [3, 2, 1, 5, 7, 4, 6, 8, 9, 10],
        [4, 2, 3, 1, 6, 7, 5, 9, 8, 10],
    ]
    assert kendall_w(judges).w == pytest.approx(12 * 1048 / (4**2 * (10**3 - 10)))


def test_published_ratings_with_ties() -> None:
    # the data set `anxiety` of the R package irr, 20 subjects by 3 raters: W 0.54, chi-squared 30.8, p 0.0429
    raters = [
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ]
    found = kendall_w(raters)
    assert round(found.w, 2) == 0.54
    assert round(found.chi_squared, 1) == 30.8
    assert round(found.p_value, 4) == 0.0429


@given(st.data())
@settings(max_examples=60)
def test_concordance_against_friedman_and_mean_spearman(data: st.DataObject) -> None:
    experts, things = data.draw(st.integers(2, 6)), data.draw(st.integers(3, 6))
    row = st.lists(st.integers(1, 9), min_size=things, max_size=things)
    rows = data.draw(st.lists(row, min_size=experts, max_size=experts))
    if all(len(set(one)) == 1 for one in rows):
        with pytest.raises(InputError):
            kendall_w(rows)
        return
    found = kendall_w(rows)
    if experts > 2:  # scipy's test wants three
        friedman = stats.friedmanchisquare(*np.array(rows).T)
        assert found.chi_squared == pytest.approx(friedman.statistic)
        assert found.p_value == pytest.approx(friedman.pvalue)
    assert -1e-12 <= found.w <= 1 + 1e-12
    if all(
        len(set(one)) == things for one in rows
    ):  # without ties W follows from Spearman's rho of all pairs
        rhos = [stats.spearmanr(a, b).statistic for a, b in itertools.combinations(rows, 2)]
        assert found.w == pytest.approx(((experts - 1) * np.mean(rhos) + 1) / experts)


def test_concordance_over_every_pair_of_rankings_of_three() -> None:
    # two experts, three things: the mean of W over all pairs of orders is 1 / experts
    orders = list(itertools.permutations((1, 2, 3)))
    every = [kendall_w([a, b]).w for a in orders for b in orders]
    assert np.mean(every) == pytest.approx(0.5)
    assert max(every) == pytest.approx(1.0)
    assert min(every) == pytest.approx(0.0)


# --- stability and criteria ------------------------------------------------------------------------------------------


def test_net_change_by_hand() -> None:
    # before 1 5 5 9, after 5 5 9 9: one vote left 1, one more at 9, so one net change of four experts, though two changed
    moved = movement({"a": 1, "b": 5, "c": 5, "d": 9}, {"a": 5, "b": 5, "c": 9, "d": 9})
    assert moved.changed == 2
    assert moved.net_change == 0.25
    assert moved.median_change == 2.0
    assert movement({"a": 3, "b": 4}, {"a": 3, "b": 4}).p_value is None


def test_only_those_who_answered_twice_count() -> None:
    moved = movement({"a": 1, "b": 2}, {"b": 2, "c": 9})
    assert (moved.experts, moved.net_change) == (1, 0.0)
    with pytest.raises(InputError):
        movement({"a": 1}, {"b": 1})


def test_signed_rank_by_enumeration() -> None:
    # shifts 1, 2, 3, 4, 5, all upwards: of 32 signs two are as extreme, so p = 2/32
    before = {str(i): 1 for i in range(5)}
    after = {str(i): 2 + i for i in range(5)}
    assert movement(before, after).p_value == pytest.approx(2 / 32)


def _panel(*ratings: int) -> dict[str, int]:
    return {str(i): value for i, value in enumerate(ratings)}


def test_the_way_of_a_statement_through_rounds() -> None:
    criteria = criteria_named("rand_ucla")
    first = _panel(7, 8, 8, 8, 9, 7, 6)
    assert outcome(criteria, first, None, 1).decision == "accepted"
    assert outcome(criteria, first, None, 1).next == "another_round"  # one round is none
    second = _panel(7, 8, 8, 8, 8, 7, 7)
    said = outcome(criteria, second, first, 2)
    assert said.stable is False  # 6 -> 7 and 9 -> 8: two of seven
    assert said.next == "another_round"
    third = outcome(criteria, second, second, 3)
    assert (third.decision, third.stable, third.next) == ("accepted", True, "adopt")
    against = _panel(1, 2, 2, 2, 3, 1, 1)
    assert outcome(criteria, against, against, 2).next == "reject"
    split = _panel(1, 1, 1, 5, 9, 9, 9)
    assert outcome(criteria, split, split, 2).next == "ended_open"
    # opinions that still move in the last round adopt nothing
    assert outcome(criteria, second, first, 4).next == "ended_open"


def test_few_answers_say_nothing_and_show_nothing() -> None:
    said = outcome(criteria_named("rand_ucla"), _panel(9, 9, 9, 9, 9, 9), None, 1)
    assert not said.enough
    assert said.decision == "open"
    assert said.feedback is None
    assert said.judgement is None


def test_shares_at_their_limits() -> None:
    criteria = criteria_named("seventy_fifteen")
    votes = _panel(*[9] * 14, *[5] * 4, *[1] * 2)  # 70 per cent for, 10 against
    assert outcome(criteria, votes, votes, 2).decision == "accepted"
    votes = _panel(*[9] * 14, *[5] * 3, *[1] * 3)  # 15 per cent against is not fewer than 15
    assert outcome(criteria, votes, votes, 2).decision == "open"
    votes = _panel(*[9] * 13, *[5] * 7)  # 65 per cent
    assert outcome(criteria, votes, votes, 2).decision == "open"


def test_criteria_come_with_names_and_sources() -> None:
    for name in criteria_names():
        made = criteria_named(name)
        assert made.name["en"]
        assert made.name["zh"]
        assert made.source
    with pytest.raises(InputError):
        criteria_named("by_acclamation")
    own = b"{name: {en: A, zh: A}, accept: {interquartile_range: 1}, reject: {share_low: [0.7, null]}, fewest: 3,"
    own += b" stable_below: 0.2, rounds: [1, 2], source: ours}"
    made = criteria_from(own, "own.yaml")
    assert outcome(made, _panel(5, 5, 6), None, 1).next == "adopt"
    for bad in (b"[", b"{}", own.replace(b"[1, 2]", b"[3, 2]"), own.replace(b"interquartile_range: 1", b"")):
        with pytest.raises(InputError):
            criteria_from(bad, "own.yaml")


@given(st.lists(st.integers(1, 9), min_size=7, max_size=20))
def test_a_round_is_never_accepted_and_rejected(ratings: list[int]) -> None:
    both = Criteria(
        {"en": "", "zh": ""},
        Conditions(share_high=(0.1, None)),
        Conditions(share_low=(0.1, None)),
        7,
        0.15,
        (1, 3),
        "",
    )
    said = outcome(both, _panel(*ratings), None, 1)
    high, low = sum(r >= 7 for r in ratings) / len(ratings), sum(r <= 3 for r in ratings) / len(ratings)
    expected = {(True, False): "accepted", (False, True): "rejected"}.get((high >= 0.1, low >= 0.1), "open")
    assert said.decision == expected


# --- analytic hierarchy process --------------------------------------------------------------------------------------

_DRINKS = """1 9 5 2 1 1 1/2; 1/9 1 1/3 1/9 1/9 1/9 1/9; 1/5 3 1 1/3 1/4 1/3 1/9; 1/2 9 3 1 1/2 1 1/3;
1 9 4 2 1 2 1/2; 1 9 3 1 1/2 1 1/3; 2 9 9 3 2 3 1"""


def _matrix(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[float(Fraction(v)) for v in row.split()] for row in text.split(";")])


def test_published_weights_of_drinks() -> None:
    # Saaty, Decision making with the analytic hierarchy process, Int. J. Services Sciences 1 (2008), consumption of drinks
    # in the US: coffee, wine, tea, beer, sodas, milk, water
    found = weights(_matrix(_DRINKS))
    assert np.round(found.weights, 3) == pytest.approx(
        [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], abs=0.0011
    )
    assert found.consistency_ratio == pytest.approx(0.022, abs=0.002)
    assert found.consistent


@given(st.lists(st.floats(0.2, 1.0), min_size=1, max_size=9))
def test_consistent_comparisons_give_their_weights_back(importance: list[float]) -> None:
    given_ = np.array(importance) / sum(importance)
    found = weights(np.outer(given_, 1 / given_))
    assert found.weights == pytest.approx(given_)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert found.eigenvalue == pytest.approx(len(given_))


@given(st.integers(3, 7), st.integers(0, 10**6))
@settings(max_examples=40)
def test_the_eigenvector_against_repeated_multiplication(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = _random_reciprocal(rng, n)
    vector = np.ones(n) / n
    for _ in range(2000):
        vector = matrix @ vector
        vector /= vector.sum()
    found = weights(matrix)
    assert found.weights == pytest.approx(vector, rel=1e-6)
    assert found.eigenvalue == pytest.approx(float((matrix @ vector / vector).mean()), rel=1e-6)
    assert found.eigenvalue >= n


def _random_reciprocal(rng: np.random.Generator, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    scale = [1 / v for v in range(9, 1, -1)] + [float(v) for v in range(1, 10)]
    matrix = np.eye(n)
    for i, j in itertools.combinations(range(n), 2):
        matrix[i, j] = rng.choice(scale)
        matrix[j, i] = 1 / matrix[i, j]
    return matrix


@pytest.mark.parametrize("n", [3, 5, 8])
def test_the_random_index_is_about_what_random_matrices_give(n: int) -> None:
    # Saaty's values come from few matrices; larger samples of others differ by some hundredths
    rng = np.random.default_rng(1)
    values = [weights(_random_reciprocal(rng, n)).consistency_index for _ in range(1500)]
    assert np.mean(values) == pytest.approx(constants().hierarchy.random_index[n - 1], abs=0.09)


def test_a_circle_of_preferences_is_not_consistent() -> None:
    things = ("a", "b", "c")
    found = weights(reciprocal_matrix(things, {("a", "b"): 9, ("b", "c"): 9, ("c", "a"): 9}))
    assert found.weights == pytest.approx([1 / 3] * 3)
    assert not found.consistent
    assert found.eigenvalue == pytest.approx(1 + 9 + 1 / 9)  # every row sums to that


def test_aggregation_is_the_geometric_mean_and_stays_reciprocal() -> None:
    first = reciprocal_matrix(("a", "b"), {("a", "b"): 9})
    second = reciprocal_matrix(("a", "b"), {("b", "a"): 9})
    assert aggregated([first, second]) == pytest.approx(np.ones((2, 2)))
    # one expert with twice the say: 9^(2/3) / 9^(1/3)
    assert aggregated([first, second], [2, 1])[0, 1] == pytest.approx(9 ** (1 / 3))
    drinks = _matrix(_DRINKS)
    assert aggregated([drinks] * 3) == pytest.approx(drinks)
    mixed = aggregated([_random_reciprocal(np.random.default_rng(seed), 5) for seed in range(4)])
    assert mixed * mixed.T == pytest.approx(np.ones((5, 5)))


@pytest.mark.parametrize(
    "comparisons",
    [
        {("a", "b"): 2.0},
        {("a", "b"): 2.0, ("b", "a"): 0.5, ("a", "c"): 1.0, ("b", "c"): 1.0},
        {("a", "b"): 10.0, ("a", "c"): 1.0, ("b", "c"): 1.0},
        {("a", "b"): float("nan"), ("a", "c"): 1.0, ("b", "c"): 1.0},
        {("a", "d"): 2.0, ("a", "c"): 1.0, ("b", "c"): 1.0},
        {("a", "a"): 1.0, ("a", "b"): 2.0, ("a", "c"): 1.0, ("b", "c"): 1.0},
    ],
)
def test_comparisons_that_make_no_matrix_are_refused(comparisons: dict[tuple[str, str], float]) -> None:
    with pytest.raises(InputError):
        reciprocal_matrix(("a", "b", "c"), comparisons)


def test_matrices_that_are_none_are_refused() -> None:
    for bad in ([[1, 2], [2, 1]], [[1, 2, 3]], [[1, -2], [-0.5, 1]], np.ones((16, 16)), [[2.0]]):
        with pytest.raises(InputError):
            weights(bad)
    with pytest.raises(InputError):
        aggregated([])
    with pytest.raises(InputError):
        aggregated([np.ones((2, 2)), np.ones((3, 3))])
    with pytest.raises(InputError):
        aggregated([np.ones((2, 2))], [0])
