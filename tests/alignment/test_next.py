"""The next test and plans of tests: by hand, and against every set of tests and every result on a grid."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.alignment.small_protocols import leaf, written

from carindex.alignment.campaign_plan import asked_for, decide, final_plan
from carindex.alignment.costs import read_mapping
from carindex.alignment.covering import cheapest
from carindex.alignment.deciding import Question, needed_for, questions
from carindex.alignment.missing_tests import Car, car_under
from carindex.alignment.next_test import candidates, costs_of
from carindex.cli.main import app
from carindex.dossier import Fact
from carindex.examples import camry
from carindex.messages import InputError
from carindex.rating import Plan, evaluate
from carindex.rating.compiled import compiled

NAMES = {
    "front": "full_width_rigid_56/driver/h3_50m/hic15",
    "side": "side_mdb_crabbed_62/driver/es2re/hic36",
    "pole": "side_pole_oblique_32/driver/sid_iis/hic36",
    "offset": "frontal_odb_64/driver/h3_50m/hic15",
}
TESTS = {key: name.split("/")[0] for key, name in NAMES.items()}
ONES = dict.fromkeys(TESTS.values(), 1.0)


def _whole(points: float, combine: str, children: dict, stars: dict) -> dict:
    return {
        "label": {"en": "Whole", "zh": "整体"},
        "points": points,
        "combine": combine,
        "stars": {"at_least": stars, "otherwise": 0},
        "children": children,
    }


def _sum(folder: Path, points: dict[str, float], stars: dict[int, float]) -> Plan:
    children = {key: leaf(key, NAMES[key], value) for key, value in points.items()}
    return written(folder, "sum", _whole(sum(points.values()), "sum", children, stars))


# -- what each test is worth ---------------------------------------------------------------------------------


def test_what_each_test_closes_by_hand(tmp_path: Path) -> None:
    plan = _sum(tmp_path, {"front": 50, "side": 30, "pole": 20}, {1: 20, 2: 45, 3: 70})
    car = car_under(plan, [])
    costs = costs_of(car, {TESTS["front"]: 10, TESTS["pole"]: "0.5"}, "costs")
    assert costs == {TESTS["front"]: 10.0, TESTS["side"]: 1.0, TESTS["pole"]: 0.5}
    found = {one.test: one for one in candidates(car, costs)}
    front = found[TESTS["front"]]
    assert (front.closes, front.at_stake, front.secures, front.missing) == ((50.0, 50.0), 50.0, 50.0, 1)
    # 0 to 3 stars at first; 0, 12.5, 25, 37.5 and 50 points in front leave 0-2, 0-2, 1-3, 1-3 and 2-3
    assert front.outcome_closes == (1.0, 2.0)
    assert front.decides == ()
    # half of the score, and half of the stars (the mean of 1 and 2 steps of 3)
    assert front.value == pytest.approx(0.5)
    assert front.per_cost == pytest.approx(0.05)
    # side: 0, 7.5, 15, 22.5, 30 points leave 0-3 (70 of the others), 0-3, 0-3, 1-3, 1-3
    assert found[TESTS["side"]].outcome_closes == (0.0, 1.0)
    assert [one.test for one in candidates(car, costs)] == [TESTS["pole"], TESTS["side"], TESTS["front"]]


def test_of_two_of_which_the_worse_counts(tmp_path: Path) -> None:
    children = {key: leaf(key, NAMES[key], 10) for key in ("front", "side")}
    plan = written(tmp_path, "worse", _whole(10, "worst", children, {1: 5}))
    one, two = candidates(car_under(plan, []), ONES)
    for found in (one, two):
        assert (found.closes, found.at_stake, found.secures) == ((0.0, 10.0), 10.0, 0.0)
        assert found.decides == ("",)  # a bad result settles it: no star
        assert found.decides_always == ()
        assert found.reaches_ends


# -- plans: the cheapest for yes and for no, and what is needed in any case ------------------------------------


def _grid(plan: Plan, keys: list[str], levels: int) -> np.ndarray:
    """Return all combinations of results of some tests, the others missing: ``(facts, n)``."""
    numbers = {name: i for i, name in enumerate(plan.facts)}
    shades = np.linspace(100.0, 200.0, levels)
    combos = np.array(list(itertools.product(shades, repeat=len(keys)))).reshape(
        levels ** len(keys), len(keys)
    )
    facts = np.full((len(plan.facts), len(combos)), np.nan)
    for i, key in enumerate(keys):
        facts[numbers[NAMES[key]]] = combos[:, i]
    return facts


def _cheapest_by_hand(
    plan: Plan, keys: list[str], rank: float, costs: dict[str, float], *, yes: bool
) -> float | None:
    """Try every set of tests with every result on a grid."""
    best = None
    for size in range(len(keys) + 1):
        for some in itertools.combinations(keys, size):
            low, high = evaluate(plan, _grid(plan, list(some), 5)).outcome("")
            if (low >= rank if yes else high < rank).any():
                cost = sum(costs[TESTS[key]] for key in some)
                best = cost if best is None else min(best, cost)
    return best


def _needed_by_hand(plan: Plan, keys: list[str], rank: float, levels: int = 17) -> set[str]:
    """Return the tests of which a result can tip the answer, all others having one of the results of a grid."""
    found = set()
    for key in keys:
        low, high = evaluate(plan, _grid(plan, [other for other in keys if other != key], levels)).outcome("")
        if ((low < rank) & (rank <= high)).any():
            found.add(TESTS[key])
    return found


def _protocols(folder: Path) -> list[tuple[Plan, list[str]]]:
    four = list(NAMES)
    made = [
        (
            _sum(
                folder / "a", {"front": 40, "side": 30, "pole": 20, "offset": 10}, {1: 25.5, 2: 50.5, 3: 85.5}
            ),
            four,
        ),
        # 8 points of the pole test never tip three stars: front and side alone give or lose them
        (_sum(folder / "b", {"front": 50, "side": 42, "pole": 8}, {1: 7.5, 2: 30.5, 3: 95.5}), four[:3]),
    ]
    inner = {
        "label": {"en": "Sides", "zh": "侧面"},
        "points": 40,
        "combine": "worst",
        "children": {key: leaf(key, NAMES[key], 40) for key in ("side", "pole")},
    }
    children = {
        "sides": inner,
        "front": leaf("front", NAMES["front"], 40),
        "offset": leaf("offset", NAMES["offset"], 20),
    }
    stars = {1: 20.5, 2: 55.5, 3: 75.5}
    made.append((written(folder / "c", "worst-inside", _whole(100, "sum", children, stars)), four))
    best = {**inner, "combine": "best"}
    made.append(
        (written(folder / "d", "best-inside", _whole(100, "sum", {**children, "sides": best}, stars)), four)
    )
    floors = _whole(100, "sum", children, stars)
    floors["stars"]["minima"] = {3: {"offset": 15}, 2: {"sides": 10}}
    made.append((written(folder / "e", "minima", floors), four))
    return made


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("prices", [(1, 1, 1, 1), (5, 1, 2, 3), (1, 4, 4, 1)])
def test_plans_against_every_set_of_tests(tmp_path: Path, number: int, prices: tuple[int, ...]) -> None:
    plan, keys = _protocols(tmp_path)[number]
    costs = {TESTS[key]: float(price) for key, price in zip(NAMES, prices, strict=True)}
    car = car_under(plan, [])
    assert {test.name for test in car.tests} == {TESTS[key] for key in keys}
    whole: set[str] = set()
    for rank in (1.0, 2.0, 3.0):
        made = decide(car, Question("", rank), costs)
        for choice, yes in ((made.yes, True), (made.no, False)):
            assert choice is not None
            assert choice.optimal
            assert choice.cost == _cheapest_by_hand(plan, keys, rank, costs, yes=yes)
            assert choice.cost == sum(costs[name] for name in choice.tests)
        assert made.in_any_case is not None
        needed = _needed_by_hand(plan, keys, rank)
        assert set(made.in_any_case.needed.needed) == needed
        assert not needed & set(made.in_any_case.needed.unneeded)
        assert not made.in_any_case.needed.open
        whole |= needed
    final = final_plan(car, costs)
    assert final is not None
    assert set(final.needed.needed) == whole
    # all tests that are needed or may be: final with every result; without one that is needed, not with every
    run = [key for key in keys if TESTS[key] in final.choice.tests]
    low, high = evaluate(plan, _grid(plan, run, 9)).outcome("")
    assert (low == high).all()
    for left in (key for key in run if TESTS[key] in final.needed.needed):
        low, high = evaluate(plan, _grid(plan, [key for key in run if key != left], 17)).outcome("")
        assert (low < high).any()


def test_a_test_that_cannot_change_the_outcome_is_not_needed(tmp_path: Path) -> None:
    children = {key: leaf(key, NAMES[key], 10) for key in ("front", "side")}
    plan = written(tmp_path, "two", _whole(20, "sum", children, {1: 5.5}))
    known = [
        Fact(NAMES["front"], 100.0, "1", "test")
    ]  # 10 points: the star is there whatever the side test gives
    car = car_under(plan, known)
    assert questions(car) == ()
    assert final_plan(car, ONES) is None
    assert decide(car, Question("", 1.0), ONES).answer is True
    assert [one.test for one in candidates(car, ONES)] == [TESTS["side"]]


def test_an_open_line_keeps_the_answer_open(tmp_path: Path) -> None:
    children = {key: leaf(key, NAMES[key], 10) for key in ("front", "side")}
    plan = written(tmp_path, "open", _whole(20, "sum", children, {1: [8, 12]}))
    found = needed_for(car_under(plan, []), [Question("", 1.0)])
    assert found.open
    assert set(found.needed) == {TESTS["front"], TESTS["side"]}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=7),
    st.integers(1, 30),
)
def test_the_cheapest_set_against_every_set(tests: list[tuple[int, int, int]], line: int) -> None:
    """A set answers when it gives enough points and, of each of three groups that has any test, one of it."""
    costs, points, group = (np.array(side) for side in zip(*tests, strict=True))

    def answers(sets: np.ndarray) -> np.ndarray:
        groups = [sets[group == one].any(axis=0) for one in (0, 1) if (group == one).any()]
        return (points @ sets >= line) & np.all([np.ones(sets.shape[1], bool), *groups], axis=0)

    every = np.array(list(itertools.product((False, True), repeat=len(tests)))).T
    good = answers(every)
    found = cheapest(costs.astype(float), answers)
    if not good.any():
        assert found is None
        return
    least = (costs @ every)[good].min()
    assert found is not None
    assert answers(found.chosen[:, None])[0]
    assert found.cost == costs[found.chosen].sum()
    assert found.at_least <= least + 1e-6 <= found.cost + 2e-6
    if found.optimal:
        assert found.cost == least


def test_the_cheapest_set_says_so_where_the_search_ends_early() -> None:
    points = np.arange(18) % 7 + 3.0
    found = cheapest(points + 0.5, lambda sets: points @ sets >= points.sum() / 2)
    assert found is not None
    assert points @ found.chosen >= points.sum() / 2
    assert found.optimal == (found.cost <= found.at_least + 1e-6)
    assert 0.0 < found.at_least <= found.cost


# -- questions and costs as they are asked ---------------------------------------------------------------------


def test_questions_as_they_are_written() -> None:
    assert asked_for(compiled("c-ncap-2021"), "5+") == Question("", 6.0)
    assert asked_for(compiled("c-iasi-2020"), "occupant_safety=G") == Question("occupant_safety", 3.0)


@pytest.mark.parametrize(
    ("protocol", "text", "code"),
    [
        ("euro-ncap-2023", "6", "alignment.no_such_outcome"),
        ("euro-ncap-2023", "no_such_node=5", "alignment.which_node"),
        ("c-iasi-2020", "G", "alignment.which_node"),
        ("c-ahi-2023", "5", "alignment.nothing_to_decide"),
    ],
)
def test_questions_that_make_no_sense(protocol: str, text: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        asked_for(compiled(protocol), text)
    assert error.value.code == code
    assert all("{" not in error.value.line(language) for language in ("en", "zh"))


@pytest.fixture(scope="module")
def camry_in_europe() -> Car:
    return car_under(compiled("euro-ncap-2023"), [])


@pytest.mark.parametrize("value", [-1, 0, "-3", "cheap", True, None, float("nan"), float("inf")])
def test_costs_that_make_no_sense(camry_in_europe: Car, value: object) -> None:
    with pytest.raises(InputError) as error:
        costs_of(camry_in_europe, {"frontal_mpdb_50": value}, "costs.yaml")
    assert error.value.code == "alignment.not_a_cost"
    assert "costs.yaml: frontal_mpdb_50" in error.value.line("zh")


def test_a_cost_of_no_test_names_those_that_are_near(camry_in_europe: Car) -> None:
    with pytest.raises(InputError) as error:
        costs_of(camry_in_europe, {"frontal_mpdb_55": 3}, "costs.yaml")
    assert error.value.code == "alignment.test_not_missing"
    assert "frontal_mpdb_50" in error.value.line("en")


def test_costs_in_three_forms_and_named_twice(tmp_path: Path) -> None:
    for name, text in (
        ("costs.yaml", "frontal_mpdb_50: 120\nside_aemdb_60: 80\n"),
        ("costs.json", '{"frontal_mpdb_50": 120, "side_aemdb_60": 80}'),
        ("costs.csv", "test,cost\nfrontal_mpdb_50,120\nside_aemdb_60,80\n"),
    ):
        file = tmp_path / name
        file.write_text(text, "utf-8")
        said = read_mapping(file)
        assert {key: float(str(value)) for key, value in said.items()} == {
            "frontal_mpdb_50": 120,
            "side_aemdb_60": 80,
        }
    (tmp_path / "costs.csv").write_text("frontal_mpdb_50,120\nfrontal_mpdb_50,80\n", "utf-8")
    with pytest.raises(InputError) as error:
        read_mapping(tmp_path / "costs.csv")
    assert error.value.code == "alignment.named_twice"


# -- the command -------------------------------------------------------------------------------------------------


def _run(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        app([*arguments], standalone_mode=False)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_command_on_a_real_car(capsys, tmp_path: Path) -> None:
    with camry() as folder:
        costs, file = tmp_path / "costs.yaml", tmp_path / "next.json"
        costs.write_text("car: 0.1\n", "utf-8")
        arguments = ("align", "next", str(folder), "-p", "global-ncap-2022", "--costs", str(costs))
        arguments += ("--decide", "adult_occupant_protection=5")
        _run(capsys, *arguments, "--json", str(file))
        said = json.loads(file.read_text("utf-8"))
        assert [one["value_per_cost"] for one in said["tests"]] == sorted(
            (one["value_per_cost"] for one in said["tests"]), reverse=True
        )
        assert {one["test"]: one["cost"] for one in said["tests"]}["car"] == 0.1
        assert "car" not in said["default_costs"]
        assert said["decisions"][0]["outcome"] == "5"
        assert set(said["final"]["needed"]) <= {one["test"] for one in said["tests"]}
        for language, words in (
            ("en", "Final outcome, whatever the results"),
            ("zh", "无论结果如何均可得出最终结果"),
        ):
            assert words in _run(capsys, *arguments, "--lang", language)


def test_nothing_missing_says_so(capsys) -> None:
    with camry() as folder:
        for language, words in (("en", "Nothing is missing that matters"), ("zh", "无需再做试验")):
            said = _run(
                capsys,
                "align",
                "next",
                str(folder),
                "-p",
                "us-ncap-2011",
                "--decide",
                "5",
                "--lang",
                language,
            )
            assert words in said
            assert ("Yes, already" if language == "en" else "已经确定") in said
