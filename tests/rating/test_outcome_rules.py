"""Outcomes lowered by a condition, lines that a fact may state, stated scores above a cap, and parts that drop out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import yaml

from carindex.dossier import Fact
from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol, rate

TEST = "full_width_rigid_56"
TIP, FIRE = "rollover_resistance/tip_up", "car/single_seat_row"


def protocol(folder, root, **head):
    """A protocol with two modules: `first`, whose rule is open, and what `root` puts over it."""
    first = {"label": {"en": "First"}, "points": 10, "open": True, "verified": "unverified"}
    second = {"label": {"en": "Second"}, "points": 10, "open": True, "verified": "unverified"}
    whole = {"label": {"en": "Whole"}, "combine": "sum", "children": {"first": first, "second": second}}
    data = {"id": "small", "programme": {"en": "Small"}, "edition": "1", "source": "made by a test"}
    folder.mkdir(exist_ok=True)
    (folder / "protocol.yaml").write_text(
        yaml.safe_dump({**data, **head, "root": {**whole, **root}}), "utf-8"
    )
    return load_protocol(folder)


def rating(protocol, **facts):
    return rate(protocol, [Fact(name, float(value), "", "test", {}) for name, value in facts.items()])


GRADES = {"at_least": {"A": 15, "B": 10, "C": 5}, "otherwise": "D", "grades": ["A", "B", "C", "D", "none"]}


@pytest.mark.parametrize(
    ("score", "by", "outcome"),
    [(20, 1, "B"), (20, 2, "C"), (12, 1, "C"), (5, 1, "D"), (4, 1, "D"), (20, 9, "D")],
)
def test_an_outcome_is_lowered_but_not_below_the_lowest(tmp_path, score, by, outcome):
    caps = [{"lower_by": by, "when": {"fact": TIP, "equals": "yes"}}]
    small = protocol(tmp_path / "p", {"stars": {**GRADES, "caps": caps}})
    given = {"given:first": min(score, 10), "given:second": max(score - 10, 0)}
    unharmed = next((g for g, line in GRADES["at_least"].items() if score >= line), "D")
    assert rating(small, **given, **{TIP: 0}).root.outcome == unharmed
    assert rating(small, **given, **{TIP: 1}).root.outcome == outcome
    root = rating(small, **given).root
    assert (root.outcome_lower, root.outcome_upper) == (outcome, unharmed)


def test_lowering_never_raises_what_is_below_the_lowest_line(tmp_path):
    caps = [
        {"to": "none", "when": {"fact": TIP, "equals": "yes"}},
        {"lower_by": 1, "when": {"fact": TIP, "equals": "yes"}},
    ]
    small = protocol(tmp_path / "p", {"stars": {**GRADES, "caps": caps}})
    assert rating(small, **{"given:first": 10, "given:second": 10, TIP: 1}).root.outcome == "none"


def test_a_fact_says_whether_a_node_reaches_its_line(tmp_path):
    caps = [{"to": "C", "when": {"node": "first", "below": 6, "fact": TIP}}]
    small = protocol(tmp_path / "p", {"stars": {**GRADES, "caps": caps}})
    for first, said in itertools.product((None, 5.9, 6), (None, 0, 1)):
        facts = {"given:second": 10} | ({} if first is None else {"given:first": first})
        root = rating(small, **facts, **({} if said is None else {TIP: said})).root
        missed = {None: first is not None and first < 6, 0: False, 1: True}[said]
        reached = "A" if first == 6 else "A" if first == 5.9 else None
        if first is None and said is None:
            assert (root.outcome_lower, root.outcome_upper) == ("C", "A")
        elif missed:
            assert root.outcome == "C"
        elif reached is not None:
            assert root.outcome == reached


def test_the_fact_is_not_missing_where_the_node_is_known(tmp_path):
    caps = [{"to": "C", "when": {"node": "first", "below": 6, "fact": TIP}}]
    small = protocol(tmp_path / "p", {"stars": {**GRADES, "caps": caps}})
    assert TIP not in rating(small, **{"given:first": 6, "given:second": 10}).missing
    assert TIP in rating(small, **{"given:second": 10}).missing


@pytest.mark.parametrize("open_", [True, False])
def test_a_stated_score_above_a_cap_counts_up_to_it(tmp_path, open_):
    cap = {"at_most": 10, "label": {"en": "Cap"}}
    if open_:
        first = {"label": {"en": "First"}, "points": 10, "open": True, "adjust": [cap]}
        head = {}
    else:
        parts = {"a": {"label": {"en": "A"}, "points": 10, "open": True}}
        first = {
            "label": {"en": "First"},
            "combine": "sum",
            "children": parts,
            "adjust": [{**cap, "across": True}],
        }
        head = {"reported": ["first"]}
    second = {"label": {"en": "Second"}, "points": 10, "open": True}
    small = protocol(tmp_path / "p", {"children": {"first": first, "second": second}}, **head)
    rated = rating(small, **{"given:first": 10.57, "given:second": 12})
    assert rated.node("first").score == 10
    # the other has no cap: more than its points is a mistake
    assert rated.node("second").score is None
    assert [f.code for f in rated.findings if f.severity == "error"] == ["dossier.not_possible"]
    assert rating(small, **{"given:first": -0.1}).node("first").score is None
    unknown = rating(small).node("first")
    assert (unknown.lower, unknown.upper) == (0, 10)


SHARE = {
    "combine": "share",
    "points": 100,
    "children": {
        "a": {
            "label": {"en": "A"},
            "combine": "sum",
            "children": {
                "front": {"label": {"en": "Front"}, "points": 16, "open": True},
                "rear": {"label": {"en": "Rear"}, "points": 4, "open": True, "applies_when": {"fact": FIRE, "equals": "no"}},
            },
        },
        "b": {"label": {"en": "B"}, "points": 5, "open": True},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("single", "front", "rear", "b", "rate_"),
    [
        (0, 12, 3, 5, 80),  # 20 of 25
        (1, 12, 3, 5, 1700 / 21),  # 17 of 21: what does not apply is not counted, whatever is stated for it
        (1, 16, None, 5, 100),
        (0, 16, 0, 5, 84),
    ],
)
def test_parts_of_a_sum_drop_out_of_the_share_above_it(tmp_path, single, front, rear, b, rate_):
    small = protocol(tmp_path / "p", SHARE)
    facts = {"given:a/front": front, "given:b": b, FIRE: single} | (
        {} if rear is None else {"given:a/rear": rear}
    )
    rated = rating(small, **facts)
    assert rated.root.score == pytest.approx(rate_)
    assert rated.node("a").maximum == (16 if single else 20)
    assert sum(loss.points for loss in rated.losses) == pytest.approx(100 - rate_)


def test_bounds_while_it_is_open_whether_a_part_applies(tmp_path):
    plan = compile_protocol(protocol(tmp_path / "p", SHARE))
    order = list(plan.facts)
    for front, rear, b in itertools.product((0, 7, 16), (0, 4), (0, 5)):
        values = {"given:a/front": front, "given:a/rear": rear, "given:b": b}
        column = np.array([[values.get(name, np.nan)] for name in order])
        low, high = evaluate(plan, column).value("")
        exact = [100 * (front + rear + b) / 25, 100 * (front + b) / 21]
        assert low[0] <= min(exact) + 1e-9
        assert high[0] >= max(exact) - 1e-9
        assert 0 <= low[0] <= high[0] <= 100


@pytest.mark.parametrize("combine", ["sum", "mean", "worst", "best"])
def test_a_sum_that_can_reach_less_needs_a_share_above_it(tmp_path, combine):
    root = {**SHARE, "combine": combine, **({"best": 1} if combine == "best" else {})}
    with pytest.raises(InputError) as error:
        protocol(tmp_path / "p", root)
    assert error.value.code == "rating.not_applicable_here"
