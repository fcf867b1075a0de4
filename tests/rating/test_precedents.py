"""Results known only from published ones, against a slow reading and against the rule behind the published cars."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, losses

from .protocols import BOOLEAN, _load

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
GRADES = ["G", "A", "M", "P"]
STARS = {"at_least": {5: 5, 4: 4, 3: 3, 2: 2}, "otherwise": 1}


def part(index, graded, optional):
    spec = {"label": {"en": f"part {index}", "zh": f"项{index}"}, "open": True}
    spec |= {"stars": {"grades": GRADES}} if graded else {"points": 100}
    if optional:
        spec["applies_when"] = {"fact": BOOLEAN, "equals": "yes"}
    return spec


def built(folder, kinds, known):
    """A protocol whose last part is optional where ``kinds`` says so, and whose stars are known from published cars."""
    children = {f"part_{i}": part(i, graded, optional) for i, (graded, optional) in enumerate(kinds)}
    root = {
        "label": {"en": "Stars", "zh": "星级"},
        "precedents": {"between": [1, 5], "known": known},
        "stars": STARS,
        "children": children,
    }
    return _load(folder, {"root": root})


def rule(shares):
    """The hidden rule: rises with every part. ``shares``: each part from 0 to 1."""
    return 1.0 + int(4 * sum(shares) / len(shares))


@st.composite
def scenes(draw, folder):
    """A protocol, its published cars as plain numbers, and a car."""
    count = draw(st.integers(1, 3))
    kinds = [(draw(st.booleans()), i == count - 1 and draw(st.booleans())) for i in range(count)]
    tops = [3.0 if graded else 100.0 for graded, _ in kinds]

    def scores():
        return [
            float(draw(st.integers(0, 3))) if graded else draw(st.integers(0, 200)) / 2 for graded, _ in kinds
        ]

    known, cases = [], []
    for number in range(draw(st.integers(0, 6))):
        values, applies = scores(), [not optional or draw(st.booleans()) for _, optional in kinds]
        if not any(applies):
            continue
        result = rule([v / top for v, top, a in zip(values, tops, applies, strict=True) if a])
        form = draw(st.sampled_from(["equals", "at_least", "at_most"]))
        at = {
            f"part_{i}": (GRADES[3 - int(v)] if kinds[i][0] else v)
            for i, (v, a) in enumerate(zip(values, applies, strict=True))
            if a
        }
        known.append({"at": at, form: result, "cars": [f"car {number}"]})
        least = result if form != "at_most" else 1.0
        most = result if form != "at_least" else 5.0
        cases.append(([v if a else None for v, a in zip(values, applies, strict=True)], least, most))
    protocol = built(folder, kinds, known)
    values = scores()
    fitted = draw(st.booleans())
    # nothing is stated of a part that is not fitted: what is stated of a part says that it applies
    facts = {
        f"given:part_{i}": value
        for i, (value, (_, optional)) in enumerate(zip(values, kinds, strict=True))
        if fitted or not optional
    }
    facts[BOOLEAN] = float(fitted)
    return protocol, cases, tops, facts


def slowly(cases, scores):
    """Bounds of the result by going through the published cars one by one. ``None``: a part that does not apply."""
    least, most = 1.0, 5.0
    for at, case_least, case_most in cases:
        if [x is None for x in at] != [x is None for x in scores]:
            continue
        pairs = [(x, y) for x, y in zip(at, scores, strict=True) if x is not None]
        if all(mine >= theirs for theirs, mine in pairs):
            least = max(least, case_least)
        if all(mine <= theirs for theirs, mine in pairs):
            most = min(most, case_most)
    return least, most


def column(plan, facts):
    return np.array([[facts.get(name, np.nan)] for name in plan.facts])


@SETTINGS
@given(data=st.data())
def test_agrees_with_a_slow_reading_and_holds_the_hidden_rule(data, tmp_path):
    protocol, cases, tops, facts = data.draw(scenes(tmp_path))
    plan = compile_protocol(protocol)
    result = evaluate(plan, column(plan, facts))
    scores = [facts.get(f"given:part_{i}") for i in range(len(tops))]
    least, most = slowly(cases, scores)
    low, high = result.outcome("")
    assert (low[0], high[0]) == (least, most)
    shares = [score / top for score, top in zip(scores, tops, strict=True) if score is not None]
    if shares:
        assert least <= rule(shares) <= most


@SETTINGS
@given(data=st.data())
def test_bounds_shrink_as_facts_arrive_and_losses_add_up(data, tmp_path):
    protocol, _, _, facts = data.draw(scenes(tmp_path))
    plan = compile_protocol(protocol)
    hidden = data.draw(st.sets(st.sampled_from(sorted(facts))))
    fewer = hidden - {data.draw(st.sampled_from(sorted(hidden)))} if hidden else hidden
    wide, narrow = (
        evaluate(plan, column(plan, {n: v for n, v in facts.items() if n not in gone}))
        for gone in (hidden, fewer)
    )
    slot = plan.nodes[""].value
    assert wide.low[slot][0] <= narrow.low[slot][0] <= narrow.high[slot][0] <= wide.high[slot][0]
    lost = sum(share.points[0] for share in losses(narrow))
    assert lost == pytest.approx(5 - narrow.score("")[1][0])


@SETTINGS
@given(data=st.data())
def test_cars_in_an_array_are_rated_as_alone(data, tmp_path):
    protocol, _, tops, facts = data.draw(scenes(tmp_path))
    plan = compile_protocol(protocol)
    best = {f"given:part_{i}": top for i, top in enumerate(tops)} | {BOOLEAN: 1.0}
    together = evaluate(plan, np.hstack([column(plan, facts), column(plan, {}), column(plan, best)]))
    for i, car in enumerate((facts, {}, best)):
        alone = evaluate(plan, column(plan, car))
        for mine, theirs in zip(together.outcome(""), alone.outcome(""), strict=True):
            assert mine[i] == theirs[0]


# Two graded parts by hand: G G got 5, A G got 4, M M at most 2.
KNOWN = [
    {"at": {"part_0": "G", "part_1": "G"}, "equals": 5, "cars": ["one"]},
    {"at": {"part_0": "A", "part_1": "G"}, "equals": 4, "cars": ["two"]},
    {"at": {"part_0": "M", "part_1": "M"}, "at_most": 2, "cars": ["three"]},
]


@pytest.mark.parametrize(
    ("grades", "stars"),
    [
        ("GG", (5, 5)),  # the first car itself
        ("AG", (4, 4)),  # the second
        ("GA", (1, 5)),  # nowhere worse than none of them, nowhere better than the first
        ("AA", (1, 4)),  # nowhere better than the second
        ("MG", (1, 4)),
        ("MM", (1, 2)),
        ("PP", (1, 2)),  # nowhere better than the third
    ],
)
def test_by_hand(grades, stars, tmp_path):
    plan = compile_protocol(built(tmp_path, [(True, False)] * 2, KNOWN))
    facts = {f"given:part_{i}": 3.0 - GRADES.index(grade) for i, grade in enumerate(grades)}
    low, high = evaluate(plan, column(plan, facts)).outcome("")
    assert (low[0], high[0]) == stars


def test_published_cars_that_contradict_each_other_are_refused(tmp_path):
    worse = {"at": {"part_0": "M", "part_1": "M"}, "equals": 5, "cars": ["four"]}
    with pytest.raises(InputError) as error:
        compile_protocol(built(tmp_path, [(True, False)] * 2, [*KNOWN, worse]))
    assert "four" in str(error.value)
    assert "two" in str(error.value) or "three" in str(error.value)


@pytest.mark.parametrize(
    "at", [{"part_0": "Z", "part_1": "G"}, {"part_0": "G", "part_2": "G"}, {"part_0": 1, "part_1": "gut"}]
)
def test_a_published_car_with_an_unknown_grade_or_part_is_refused(at, tmp_path):
    with pytest.raises(InputError):
        compile_protocol(built(tmp_path, [(True, False)] * 2, [{"at": at, "equals": 5, "cars": ["a car"]}]))


def test_the_grade_of_a_part_with_points_is_refused(tmp_path):
    with pytest.raises(InputError):
        compile_protocol(
            built(tmp_path, [(False, False)], [{"at": {"part_0": "G"}, "equals": 5, "cars": ["a car"]}])
        )
