"""Improvement against brute force on random protocols, and what every answer has to keep on real ones."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from carindex.alignment.improvement.goals import goals_for
from carindex.alignment.improvement.improve import NO_EFFORT, Request, improve
from carindex.alignment.improvement.levers import Effort, read_effort
from carindex.alignment.improvement.model import known_of, model_of
from carindex.alignment.improvement.search import Search
from carindex.cli.main import app
from carindex.dossier import Fact, quantity_of
from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol
from carindex.rating.compiled import compiled
from rating import protocols

from .cars import random_car

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller failing protocol takes minutes to find
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
TEST = "full_width_rigid_56/driver/h3_50m"


def facts_of(car):
    return [Fact(name, float(value), quantity_of(name).unit, "test") for name, value in car.items()]


def searched(plan, car, target, effort=NO_EFFORT, seconds=20.0):
    known = known_of(plan, facts_of(car))
    model = model_of([known], [goals_for(plan, target)], effort, "test")
    return model, Search(model, seconds).run()


def reached(plan, cars, target):
    """By the engine alone: which cars, each a mapping of all facts, reach the goal."""
    goal = goals_for(plan, target)[0]
    values = np.array([[car[name] for car in cars] for name in plan.facts])
    result = evaluate(plan, values)
    return result.low[goal.slot] >= goal.line


def cheapest(plan, car, target, model):
    """The least effort by trying: every value of every fact at which some rule changes, in all combinations.

    Sliding rules have values in between that do as well, so an answer may be cheaper than this, never dearer.
    """
    names = [name for name in plan.facts if name in model.levers]
    ways = []
    for name in names:
        lever = model.levers[name]
        if lever.words:
            ways.append(list(lever.words))
            continue
        points = {lever.present}
        for limit in lever.limits:
            points |= {limit, limit - lever.step, limit + lever.step}
        first, last = sorted((lever.best, lever.worst))
        ways.append(sorted(x for x in points if first <= x <= last))
    if np.prod([float(len(way)) for way in ways]) > 60000:
        return None
    combos = list(itertools.product(*ways))
    cars = [{**car, **dict(zip(names, combo, strict=True))} for combo in combos]
    holds = reached(plan, cars, target)
    costs = [sum(model.levers[n].cost(v) for n, v in zip(names, combo, strict=True)) for combo in combos]
    return min((cost for cost, ok in zip(costs, holds, strict=True) if ok), default=np.inf)


def agrees_with_trying(plan, car, target):
    model, found = searched(plan, {n: v for n, v in car.items() if n in plan.facts}, target)
    by_hand = cheapest(plan, car, target, model)
    if found.values is None:
        assert by_hand in (None, np.inf)
        return
    changed = {**car, **found.values}
    assert reached(plan, [changed], target)[0]
    for name in found.values:
        assert not reached(plan, [{**changed, name: car[name]}], target)[0], name
    if by_hand is not None:
        # values are multiples of steps, which may be one step dearer than a limit itself
        one_step = sum(lever.step * lever.price for lever in model.levers.values() if not lever.words)
        assert found.effort <= by_hand + one_step + 1e-6
        assert found.bound <= by_hand + one_step + 1e-6


@SETTINGS
@given(data=st.data())
def test_points_no_dearer_than_every_combination_of_limits(data, tmp_path):
    protocol = data.draw(protocols.protocols(tmp_path))
    target = data.draw(st.sampled_from(["1", "3", "5"]))
    agrees_with_trying(compile_protocol(protocol), data.draw(protocols.cars()), target)


@SETTINGS
@given(data=st.data())
def test_demerits_no_dearer_than_every_combination_of_limits(data, tmp_path):
    protocol = data.draw(protocols.demerit_protocols(tmp_path))
    target = data.draw(st.sampled_from(["G", "A", "M"]))
    agrees_with_trying(compile_protocol(protocol), data.draw(protocols.cars()), target)


def protocol(tmp_path, root, **head):
    data = {"id": "small", "programme": {"en": "Small"}, "edition": "1", "source": "made by a test", **head}
    root = {"test": "full_width_rigid_56", "occupant": "driver", "dummy": "h3_50m", **root}

    def labelled(node, key):
        node.setdefault("label", {"en": key, "zh": key})
        for name, child in node.get("children", {}).items():
            labelled(child, name)
        return node

    (tmp_path / "protocol.yaml").write_text(
        yaml.safe_dump({**data, "root": labelled(root, "whole")}), "utf-8"
    )
    return compile_protocol(load_protocol(tmp_path))


def two_scales(tmp_path):
    """HIC 500 to 700 and chest 20 to 40 mm, 4 points each; five stars from 6 points, three from 3."""
    return protocol(
        tmp_path,
        {
            "combine": "sum",
            "children": {
                "head": {"scale": {"fact": "hic15", "limits": [500, 700], "points": 4}},
                "chest": {"scale": {"fact": "chest_deflection", "limits": [20, 40], "points": 4}},
            },
            "stars": {"at_least": {5: 6, 3: 3}, "otherwise": 0},
        },
    )


def asked(plan, car, target, **more):
    return improve([Request(plan, target)], facts_of(car), **more)


HIC, CHEST = f"{TEST}/hic15", f"{TEST}/chest_deflection"


def test_by_hand_the_cheaper_of_two_slopes(tmp_path):
    # 2 + 2 points; a span of either fact is worth 4 points, so that 2 points take half a span of any mixture
    plan = two_scales(tmp_path)
    found = asked(plan, {HIC: 600, CHEST: 30}, "5")
    assert found.optimal
    assert found.effort == pytest.approx(0.5, abs=1e-3)
    # a unit of HIC at a tenth of its price: HIC alone, down to its limit
    cheap = asked(plan, {HIC: 600, CHEST: 30}, "5", effort=Effort({HIC: 0.0005}))
    assert [(change.fact, change.after) for change in cheap.changes] == [(HIC, 500.0)]
    assert cheap.effort == pytest.approx(0.05)


def test_by_hand_fixed_and_coupled(tmp_path):
    plan = two_scales(tmp_path)
    fixed = asked(plan, {HIC: 600, CHEST: 30}, "5", effort=Effort(fixed=frozenset({HIC})))
    assert [(change.fact, change.after) for change in fixed.changes] == [(CHEST, 20.0)]
    # together: 600 r and 30 r with 4 (700 − 600 r) / 200 + 4 (40 − 30 r) / 20 = 6: r = 16 / 18
    both = asked(plan, {HIC: 600, CHEST: 30}, "5", effort=Effort(couple=((HIC, CHEST),)))
    after = {change.fact: change.after for change in both.changes}
    assert after[HIC] / 600 == pytest.approx(16 / 18, abs=1e-3)
    assert after[CHEST] / 30 == pytest.approx(after[HIC] / 600, abs=1e-3)


def test_by_hand_a_missing_fact_is_asked_for(tmp_path):
    plan = two_scales(tmp_path)
    found = asked(plan, {HIC: 500}, "5")
    assert found.changes == ()
    (needed,) = found.requirements
    assert (needed.fact, needed.relation, needed.after) == (CHEST, "at_most", pytest.approx(30.0))
    # what is known is not changed as long as the missing fact can be good enough
    assert asked(plan, {HIC: 600}, "5").effort == 0.0


def test_reached_already_changes_nothing(tmp_path):
    found = asked(two_scales(tmp_path), {HIC: 500, CHEST: 20}, "5")
    assert (found.reached, found.changes, found.requirements, found.effort) == (True, (), (), 0.0)


def test_unreachable_says_what_stands_in_the_way_and_the_best(tmp_path):
    plan = two_scales(tmp_path)
    found = asked(plan, {HIC: 750, CHEST: 30}, "5", effort=Effort(fixed=frozenset({HIC})))
    assert not found.reached
    (finding,) = found.findings
    assert finding.severity == "error"
    assert finding.parameters["best"] == "3"  # 0 + 4 points
    assert "4 at best, ≥ 6 needed" in finding.text("en")


def test_unreachable_names_a_cap_that_always_holds(tmp_path):
    plan = protocol(
        tmp_path,
        {
            "scale": {"fact": "hic15", "limits": [500, 700], "points": 4},
            "stars": {
                "at_least": {5: 3},
                "otherwise": 0,
                "caps": [
                    {
                        "to": 1,
                        "when": {"fact": "rollover_resistance/tip_up", "equals": "yes"},
                        "label": {"en": "tipped up", "zh": "侧翻"},
                    }
                ],
            },
        },
    )
    car = {HIC: 600, "rollover_resistance/tip_up": 1.0}
    found = asked(plan, car, "5", effort=Effort(fixed=frozenset({"rollover_resistance/tip_up"})))
    assert "tipped up" in found.findings[0].text("en")
    assert "侧翻" in found.findings[0].text("zh")
    # free to change it is the cap that goes first: one word, and HIC down to 550
    free = asked(plan, car, "5")
    assert {(change.fact, change.after) for change in free.changes} == {
        ("rollover_resistance/tip_up", "no"),
        (HIC, 550.0),
    }


def test_unreachable_because_a_rule_is_not_known(tmp_path):
    plan = protocol(
        tmp_path,
        {
            "combine": "sum",
            "children": {
                "head": {"scale": {"fact": "hic15", "limits": [500, 700], "points": 4}},
                "seat": {
                    "lookup": {
                        "fact": "seat_head_restraint/grade",
                        "points": {"G": 3, "A": 2, "M": 1, "P": 0},
                    }
                },
            },
            "stars": {"at_least": {5: 7}, "otherwise": 0},
        },
    )
    car = {HIC: 600, "seat_head_restraint/grade": 6.0}  # not published
    found = asked(plan, car, "5")
    assert not found.reached
    assert "stays open" in found.findings[0].text("en")


def test_a_joint_risk_by_a_fine_grid(tmp_path):
    """Two risk curves in one joint risk: an answer against all pairs of values on a grid."""
    risk = {"form": "lognormal", "mean": 7.45, "deviation": 0.74}
    chest = {"form": "logistic", "intercept": 10.5456, "slope": 1.568, "power": 0.4612}
    plan = protocol(
        tmp_path,
        {
            "combine": "joint_risk",
            "children": {
                "head": {"risk": {"fact": "hic15", **risk}},
                "chest": {"risk": {"fact": "chest_deflection", **chest}},
            },
            "stars": {
                "divide_by": 0.15,
                "round": {"decimals": 2},
                "below": {5: 0.67, 4: 1.0},
                "otherwise": 1,
            },
        },
        counts="risk",
        points=1,
    )
    car = {HIC: 900.0, CHEST: 45.0}
    found = asked(plan, car, "5", time_limit=5.0)
    hic, deflection = np.meshgrid(np.linspace(1, 900, 1500), np.linspace(1, 45, 900))
    facts = {HIC: hic.ravel(), CHEST: deflection.ravel()}
    result = evaluate(plan, np.array([facts[name] for name in plan.facts]))
    good = result.low[plan.nodes[""].outcome.slot] >= 5
    prices = {HIC: 1 / 2999, CHEST: 1 / 119}  # widths of what is plausible
    cost = sum((car[name] - facts[name]) * price for name, price in prices.items())
    least = cost[good].min()
    assert found.effort == pytest.approx(least, rel=0.01)
    assert found.bound <= least + 1e-9


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("us-ncap-2011", "3"),
        ("c-ncap-2021", "4"),
        ("euro-ncap-2023", "3"),
        ("iihs-side-2", "G"),
        ("iihs-small-overlap", "G"),
        ("c-iasi-2017", "occupant_safety=A"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_real_protocols_answers_reach_the_target_and_need_every_change(name, target, seed):
    plan = compiled(name)
    facts = random_car(plan, seed)
    found = improve([Request(plan, target)], facts, time_limit=4.0)
    known = {fact.name for fact in facts}
    assert known >= {change.fact for change in found.changes}
    if not found.reached:
        assert all(finding.severity == "error" for finding in found.findings)
        return
    goals = goals_for(plan, target)
    values = {fact.name: fact.value for fact in facts}
    after = dict(values)
    for change in (*found.changes, *found.requirements):
        words = quantity_of(change.fact).categories
        after[change.fact] = float(words.index(change.after)) if words else change.after

    def holds(car):
        column = np.array([car.get(fact, np.nan) for fact in plan.facts])[:, None]
        result = evaluate(plan, column)
        return all(goal.reached(result.low, result.high)[0] for goal in goals)

    assert holds(after)
    for change in (*found.changes, *found.requirements):
        without = {**after, change.fact: values.get(change.fact, np.nan)}
        assert not holds(without), change.fact
    assert found.bound <= found.effort


def test_several_programmes_at_once():
    plans = [compiled("euro-ncap-2023"), compiled("c-ncap-2021")]
    facts = {fact.name: fact for plan in plans for fact in random_car(plan, 3)}
    facts = [fact for fact in facts.values() if not fact.name.startswith("given:")]
    alone = [improve([Request(plan, "3")], facts, time_limit=5.0).effort for plan in plans]
    both = improve([Request(plan, "3") for plan in plans], facts, time_limit=5.0)
    assert both.reached
    assert [rating.headline[0].outcome_lower in (3, 4, 5, "3", "4", "5", "5+") for rating in both.after] == [
        True
    ] * 2
    assert both.effort <= sum(alone) + 0.1
    assert both.effort >= max(alone) - 0.1


def test_a_car_of_stated_scores_under_the_largest_protocol():
    """Euro NCAP 2026 with scores of tests as reports state them: few points more in whole stages."""
    plan = compiled("euro-ncap-2026")
    facts = [
        Fact(f"given:{path}", round(node.node.maximum * 0.72, 3), "1", "test")
        for path, node in plan.nodes.items()
        if node.node.reported and path.count("/") == 2
    ]
    facts.append(Fact("car/test_year", 0.0, "1", "test"))
    facts.append(Fact("car/vehicle_provision_score", 8.0, "1", "test"))
    facts.append(Fact("car/critical_body_region_without_points", 0.0, "1", "test"))
    found = improve([Request(plan, "5")], facts, time_limit=10.0)
    assert found.reached
    assert found.after[0].root.outcome_lower == 5
    assert found.changes


@pytest.mark.shared
def test_a_complete_car_of_the_largest_protocol(shared):
    from carindex.euroncap.evidence import facts_of_folder

    plan = compiled("euro-ncap-2026")
    facts = list(facts_of_folder(shared / "oracle/euroncap2026/cases/case_00011").facts)
    found = improve([Request(plan, "3")], facts, time_limit=6.0)
    assert found.after[0].root.outcome_lower >= 3
    assert 0.0 <= found.gap <= 1.0


# -- input that cannot be used -----------------------------------------------------------------------------------


def test_words_cannot_be_coupled(tmp_path):
    tip = "rollover_resistance/tip_up"
    plan = protocol(
        tmp_path,
        {
            "combine": "sum",
            "children": {
                "head": {"scale": {"fact": "hic15", "limits": [500, 700], "points": 4}},
                "roll": {"lookup": {"fact": tip, "points": {"no": 2, "yes": 0}}},
            },
            "stars": {"at_least": {5: 6}, "otherwise": 0},
        },
    )
    with pytest.raises(InputError) as error:
        asked(plan, {HIC: 600, tip: 1.0}, "5", effort=Effort(couple=((HIC, tip),)))
    assert error.value.code == "alignment.coupled_word"


@pytest.mark.parametrize(
    ("effort", "code"),
    [
        (Effort({"side_mdb_50/driver/es2/hic15": 1.0}), "alignment.fact_not_read"),
        (Effort({HIC: 1.0}, frozenset({HIC})), "alignment.effort_of_fixed"),
        (Effort(fixed=frozenset({HIC}), couple=((HIC, CHEST),)), "alignment.coupled_fixed"),
        (Effort(couple=((HIC, CHEST), (CHEST, HIC))), "alignment.coupled_twice"),
    ],
)
def test_efforts_that_contradict_themselves_are_refused(tmp_path, effort, code):
    with pytest.raises(InputError) as error:
        asked(two_scales(tmp_path), {HIC: 600, CHEST: 30}, "5", effort=effort)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.yaml", "hic15: -1", "alignment.not_an_effort"),
        ("a.yaml", "hic15: much", "alignment.not_an_effort"),
        ("a.yaml", "hic15: true", "alignment.not_an_effort"),
        ("a.yaml", "couple: [hic15]", "alignment.not_couples"),
        ("a.yaml", "[1, 2]", "dossier.unreadable"),
        ("a.yaml", "a: [", "dossier.unreadable"),
        ("a.csv", "hic15,1\nhic15,2\n", "alignment.named_twice"),
        ("a.csv", "hic15\n", "dossier.unreadable"),
    ],
)
def test_files_of_efforts_that_cannot_be_read(tmp_path, name, text, code):
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        read_effort(tmp_path / name)
    assert error.value.code == code


def test_files_of_efforts(tmp_path):
    (tmp_path / "a.yaml").write_text(f"{HIC}: 2\n{CHEST}: fixed\ncouple: [[a, b]]\n", "utf-8")
    assert read_effort(tmp_path / "a.yaml") == Effort({HIC: 2.0}, frozenset({CHEST}), (("a", "b"),))
    (tmp_path / "a.csv").write_text(f"fact,effort\n{HIC},2\n{CHEST},fixed\n", "utf-8")
    assert read_effort(tmp_path / "a.csv", ["x"]) == Effort({HIC: 2.0}, frozenset({CHEST, "x"}))


@pytest.mark.parametrize("target", ["6", "G", "", "frontal=7", "nowhere=5"])
def test_targets_that_do_not_exist(target):
    with pytest.raises(InputError):
        goals_for(compiled("us-ncap-2011"), target)


def run(*arguments):
    return CliRunner().invoke(app, ["align", "improve", *map(str, arguments)])


def test_on_the_command_line(tmp_path):
    from carindex.examples import camry

    out = tmp_path / "out.json"
    with camry() as car:
        done = run(car, "-p", "us-ncap-2011", "--target-score", 0.93, "--json", out, "--time-limit", 3)
        assert done.exit_code == 0, done.output
        answer = json.loads(out.read_text("utf-8"))
        assert answer["reached"]
        assert answer["after"][0]["score"]["lower"] >= 0.93
        assert answer["changes"]
        hopeless = run(car, "-p", "us-ncap-2011", "--target-score", 0.9999, "--json", out, "--time-limit", 3)
        assert hopeless.exit_code == 1
        assert not json.loads(out.read_text("utf-8"))["reached"]
        for language, words in (("en", "Cheapest improvement"), ("zh", "最小代价改进方案")):
            shown = run(car, "-p", "euro-ncap-2016", "--target", "5", "--lang", language, "--time-limit", 3)
            assert shown.exit_code == 0, shown.output
            assert words in shown.output
        assert run(car, "-p", "us-ncap-2011").exit_code == 2
