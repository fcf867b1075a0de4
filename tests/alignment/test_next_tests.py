"""Next tests, campaigns and what keeps a score open: against brute force and by hand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.alignment.bounds import intervals, open_nodes
from carindex.alignment.costs import read_costs
from carindex.alignment.evidence import evidence_of, test_of
from carindex.alignment.hitting import cheapest
from carindex.alignment.next_tests import next_tests
from carindex.cli.main import app
from carindex.dossier import Fact, quantity_of
from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol, rate
from carindex.rating.compiled import compiled

from .cars import random_car

test_of.__test__ = False


# -- the cheapest set that is enough ----------------------------------------------------------------------------------


@st.composite
def enough_rules(draw):
    """Monotone rules: a set is enough if it holds one of some sets, or is worth so many points."""
    count = draw(st.integers(1, 9))
    costs = draw(st.lists(st.integers(1, 6), min_size=count, max_size=count))
    if draw(st.booleans()):
        worth = np.array(draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
        line = draw(st.integers(0, int(worth.sum()) + 1))
        return costs, lambda sets: (worth[:, None] * sets).sum(axis=0) >= line
    wanted = draw(st.lists(st.sets(st.integers(0, count - 1), min_size=1), min_size=1, max_size=4))
    return costs, lambda sets: np.any([sets[sorted(some)].all(axis=0) for some in wanted], axis=0)


@settings(max_examples=150, deadline=None)
@given(rule=enough_rules())
def test_cheapest_set_against_all_sets(rule):
    costs, enough = rule
    found = cheapest(costs, enough)
    every = np.array(list(itertools.product([False, True], repeat=len(costs)))).T
    prices = (np.array(costs)[:, None] * every).sum(axis=0)
    good = enough(every)
    if not good.any():
        assert found is None
        return
    assert found.optimal
    assert found.cost == prices[good].min()
    chosen = np.zeros((len(costs), 1), bool)
    chosen[list(found.members)] = True
    assert enough(chosen)[0]


def test_large_sets_that_a_knapsack_would_need():
    worth = np.arange(1, 31)
    found = cheapest([1.0] * 30, lambda sets: (worth[:, None] * sets).sum(axis=0) >= 200, 2.0, worth)
    # 30 + 29 + … + 24 = 189, with 23 more 212: eight tests
    assert found.cost == 8
    assert found.bound <= 8


# -- by hand ------------------------------------------------------------------------------------------------------------

HIC = "full_width_rigid_56/driver/h3_50m/hic15"
SIDE = "side_mdb_crabbed_62/driver/es2re/hic36"
TIP = "rollover_resistance/tip_up"


def three_tests(tmp_path):
    """Front 4, side 4 and rollover 2 points; five stars from 8, four from 6."""
    data = {
        "id": "small",
        "programme": {"en": "Small"},
        "edition": "1",
        "source": "made by a test",
        "root": {
            "label": {"en": "whole", "zh": "整车"},
            "combine": "sum",
            "children": {
                "front": {
                    "label": {"en": "front", "zh": "正面"},
                    "scale": {"fact": HIC, "limits": [500, 700], "points": 4},
                },
                "side": {
                    "label": {"en": "side", "zh": "侧面"},
                    "scale": {"fact": SIDE, "limits": [500, 700], "points": 4},
                },
                "roll": {
                    "label": {"en": "roll", "zh": "侧翻"},
                    "lookup": {"fact": TIP, "points": {"no": 2, "yes": 0}},
                },
            },
            "stars": {"at_least": {5: 8, 4: 6}, "otherwise": 0},
        },
    }
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return compile_protocol(load_protocol(tmp_path))


def facts(**values):
    return [Fact(name, value, quantity_of(name).unit, "test") for name, value in values.items()]


def test_by_hand(tmp_path):
    plan = three_tests(tmp_path)
    found = next_tests(plan, facts(**{HIC: 600.0}), decide="5", costs={"side_mdb_crabbed_62": 8.0})
    assert (found.lower, found.upper) == (2, 8)
    assert {test.test: (test.stake, test.closes_most, test.closes_least) for test in found.tests} == {
        "side_mdb_crabbed_62": (4, 4, 4),
        "rollover_resistance": (2, 2, 2),
    }
    # 2 points for 1 before 4 points for 8
    assert [test.test for test in found.tests] == ["rollover_resistance", "side_mdb_crabbed_62"]
    side = found.tests[1]
    assert [(one.lower, one.upper) for one in (*side.at_best, *side.at_worst)] == [(4, 5), (0, 0)]
    assert side.decides
    by_aim = {campaign.aim: campaign for campaign in found.campaigns}
    assert set(by_aim["final"].tests) == {"side_mdb_crabbed_62", "rollover_resistance"}
    assert set(by_aim["proof"].tests) == {"side_mdb_crabbed_62", "rollover_resistance"}  # 2 + 4 + 2 = 8
    assert by_aim["refutation"].tests == ("rollover_resistance",)  # the cheaper of two that can each refute
    assert by_aim["final_at_worst"].tests == ("side_mdb_crabbed_62",)  # at most 2 + 0 + 2: no star for sure
    assert all(campaign.optimal for campaign in found.campaigns)


def test_what_cannot_happen_any_more(tmp_path):
    plan = three_tests(tmp_path)
    found = next_tests(plan, facts(**{HIC: 700.0}), decide="5")
    by_aim = {campaign.aim: campaign for campaign in found.campaigns}
    assert by_aim["proof"].tests is None
    assert by_aim["proof"].never
    assert by_aim["refutation"].tests == ()
    done = next_tests(plan, facts(**{HIC: 500.0, SIDE: 500.0, TIP: 0.0}), decide="5")
    assert done.tests == ()
    assert [(c.aim, c.tests) for c in done.campaigns if c.aim != "refutation"] == [
        ("final", ()),
        ("final_at_best", ()),
        ("final_at_worst", ()),
        ("proof", ()),
    ]


def test_open_nodes_by_hand(tmp_path):
    plan = three_tests(tmp_path)
    root, roll, side = open_nodes(plan, facts(**{HIC: 600.0}))
    assert (root.lower, root.upper, root.outcome_lower, root.outcome_upper) == (2, 8, 0, 5)
    assert [(c.test, c.closed_at_best, c.closed_at_worst) for c in root.causes] == [
        ("side_mdb_crabbed_62", 4, 4),
        ("rollover_resistance", 2, 2),
    ]
    # the side at its best leaves 4 to 5 stars, at its worst none
    assert [(c.test, c.closed_at_best, c.closed_at_worst) for c in root.outcome_causes] == [
        ("side_mdb_crabbed_62", 4, 5),
        ("rollover_resistance", 0, 1),
    ]
    assert [c.test for c in side.causes] == ["side_mdb_crabbed_62"]
    assert [c.test for c in roll.causes] == ["rollover_resistance"]


# -- real protocols -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["us-ncap-2011", "euro-ncap-2020", "c-iasi-2017", "iihs-side-2", "c-ncap-2018"]
)
def test_campaigns_keep_their_promises(name):
    """With facts hidden at random: what a set proves or refutes is so whatever random results the others have."""
    plan = compiled(name)
    random = np.random.default_rng(5)
    car = random_car(plan, 5)
    hidden = {test for test in {test_of(fact.name) for fact in car} if random.random() < 0.5}
    known = [fact for fact in car if test_of(fact.name) not in hidden]
    now = next_tests(plan, known, time_limit=2.0)
    evidence = evidence_of(plan, known)
    head = plan.headline[0]
    slot = plan.nodes[head].outcome.slot
    best = str(now.outlook[0].upper)
    found = next_tests(plan, known, decide=f"{head}={best}", time_limit=2.0)
    rows = [row for test in evidence.tests for row in test.rows]
    for campaign in found.campaigns:
        if campaign.aim not in ("proof", "refutation") or not campaign.tests:
            continue
        run = {row for test in evidence.tests if test.name in campaign.tests for row in test.rows}
        ends = evidence.best if campaign.aim == "proof" else evidence.worst
        cars = np.repeat(evidence.column[:, None], 200, axis=1)
        for row in rows:
            quantity = plan.quantities[row]
            if row in run and not np.isnan(ends[row]):
                cars[row] = ends[row]
            elif quantity.categories:
                cars[row] = random.integers(0, len(quantity.categories), 200)
            else:
                low, high = sorted((evidence.best[row], evidence.worst[row]))
                cars[row] = random.uniform(low, high, 200) if np.isfinite(low) else np.nan
        result = evaluate(plan, cars, evidence.stated)
        goal = plan.nodes[head].outcome
        rank = float(goal.grades[::-1].index(best)) if goal.grades else float(best)
        if campaign.aim == "proof":
            assert (result.low[slot] >= rank).all()
        else:
            assert (result.high[slot] < rank).all()


def test_each_test_is_rated_as_if_it_alone_were_run():
    """The vectorised answer against one evaluation for each test."""
    plan = compiled("euro-ncap-2020")
    known = [fact for fact in random_car(plan, 7) if test_of(fact.name) != "frontal_mpdb_50"][:150]
    evidence = evidence_of(plan, known)
    found = {test.test: test for test in next_tests(plan, known, time_limit=0.5).tests}
    for test in evidence.tests:
        widths = []
        for ends in (evidence.best, evidence.worst):
            column = evidence.column.copy()
            for row in test.rows:
                column[row] = ends[row]
            low, high = evaluate(plan, column[:, None], evidence.stated).score("")
            widths.append(float(high[0] - low[0]))
        low, high = evidence.now.score("")
        closed = sorted(float(high[0] - low[0]) - width for width in widths)
        assert found[test.name].closes_most == pytest.approx(closed[1], abs=1e-9)
        assert found[test.name].closes_least == pytest.approx(closed[0], abs=1e-9)


@pytest.mark.parametrize(
    "name", ["us-ncap-2011", "euro-ncap-2023", "c-iasi-2017", "c-ncap-2021", "green-ncap-2020"]
)
@pytest.mark.parametrize("hidden", [0.0, 0.4])
def test_intervals_alone_are_those_of_a_rating(name, hidden):
    plan = compiled(name)
    random = np.random.default_rng(11)
    known = [fact for fact in random_car(plan, 11) if random.random() >= hidden]
    rating = rate(plan, known)
    for one in intervals(plan, known, depth=1):
        node = rating.node(one.path)
        assert (one.lower, one.upper) == (node.lower, node.upper)
        assert (one.outcome_lower, one.outcome_upper) == (node.outcome_lower, node.outcome_upper)


# -- the command line ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rollover_resistance: 0", "alignment.not_a_cost"),
        ("rollover_resistance: dear", "alignment.not_a_cost"),
    ],
)
def test_costs_that_cannot_be(tmp_path, text, code):
    (tmp_path / "costs.yaml").write_text(text, "utf-8")
    with pytest.raises(InputError) as error:
        read_costs(tmp_path / "costs.yaml")
    assert error.value.code == code


def test_a_cost_of_no_test_is_refused(tmp_path):
    with pytest.raises(InputError) as error:
        next_tests(three_tests(tmp_path), [], costs={"rollover_resistanc": 2.0})
    assert error.value.code == "alignment.test_not_missing"
    assert "rollover_resistance" in error.value.line("en")


def test_on_the_command_line(tmp_path):
    from carindex.examples import camry

    out = tmp_path / "out.json"
    (tmp_path / "costs.csv").write_text("test,cost\nfrontal_mpdb_50,30\n", "utf-8")
    with camry() as car:
        arguments = ["align", "next", str(car), "-p", "euro-ncap-2020", "--decide", "5", "--time-limit", "1"]
        for language, words in (("en", "Missing tests"), ("zh", "缺失的试验")):
            shown = CliRunner().invoke(app, [*arguments, "--lang", language])
            assert shown.exit_code == 0, shown.output
            assert words in shown.output
        done = CliRunner().invoke(
            app, [*arguments, "--costs", str(tmp_path / "costs.csv"), "--json", str(out)]
        )
        assert done.exit_code == 0, done.output
        answer = json.loads(out.read_text("utf-8"))
        assert {test["test"]: test["cost"] for test in answer["tests"]}["frontal_mpdb_50"] == 30
        assert [campaign["aim"] for campaign in answer["campaigns"]] == [
            "final",
            "final_at_best",
            "final_at_worst",
            "proof",
            "refutation",
        ]
        bounds = ["rate", str(car), "-p", "euro-ncap-2020", "--bounds"]
        assert "What keeps it open" in CliRunner().invoke(app, [*bounds, "--lang", "en"]).output
        assert CliRunner().invoke(app, [*bounds, "--json", str(out)]).exit_code == 0
        assert json.loads(out.read_text("utf-8"))["open"][0]["causes"]
