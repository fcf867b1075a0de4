"""Grades as evidence, and demerits of which only bounds are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import yaml

from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol, losses

GRADES = ["G", "A", "M", "P"]
STEPS = {"grades": GRADES, "at_most": {"G": 0, "A": 1, "M": 2}, "otherwise": "P"}
# Two items of which grades are known; what an M of the second one costs lies between 3 and 6 demerits.
DEMERITS = {"one": {"G": 0, "A": 2, "M": 5, "P": 10}, "two": {"G": 0, "A": 1, "M": [3, 6], "P": [6, 20]}}


def protocol(tmp_path, **root):
    def item(label, test):
        return {
            "label": {"en": label, "zh": label},
            "open": {"grade": f"{test}/grade"},
            "counts": "demerits",
            "stars": STEPS,
        }

    spec = {
        "label": {"en": "Whole", "zh": "整体"},
        "combine": "demerits",
        "counts": "demerits",
        "demerits": DEMERITS,
        "stars": {"grades": GRADES, "at_most": {"G": 2, "A": 5, "M": 10}, "otherwise": "P"},
        "children": {
            "one": item("One", "roof_strength"),
            "two": item("Two", "frontal_small_overlap_rigid_64"),
        },
        **root,
    }
    head = {"id": "grades", "programme": {"en": "Grades"}, "edition": "1", "source": "made by a test"}
    (tmp_path / "protocol.yaml").write_text(
        yaml.safe_dump({**head, "root": spec}, allow_unicode=True), "utf-8"
    )
    return load_protocol(tmp_path)


def rated(plan, one=None, two=None):
    facts = {"roof_strength/grade": one, "frontal_small_overlap_rigid_64/grade": two}
    column = [
        np.nan if facts[name] is None else float(quantity.categories.index(facts[name]))
        for name, quantity in zip(plan.facts, plan.quantities, strict=True)
    ]
    return evaluate(plan, np.array(column)[:, None])


def grade(evaluation, path=""):
    outcome = evaluation.plan.nodes[path].outcome
    return tuple(outcome.name(float(bound[0])) for bound in evaluation.outcome(path))


def whole(demerits):
    """The grade of a sum, by the lines above."""
    return "G" if demerits <= 2 else "A" if demerits <= 5 else "M" if demerits <= 10 else "P"


def test_every_pair_of_grades_by_hand(tmp_path):
    plan = compile_protocol(protocol(tmp_path))
    for one, two in itertools.product(GRADES, GRADES):
        cost = DEMERITS["two"][two]
        least, most = cost if isinstance(cost, list) else (cost, cost)
        least, most = least + DEMERITS["one"][one], most + DEMERITS["one"][one]
        evaluation = rated(plan, one, two)
        assert tuple(float(bound[0]) for bound in evaluation.value("")) == (least, most)
        assert grade(evaluation) == (whole(most), whole(least))


@pytest.mark.parametrize("cost", [3, 3.5, 4, 6])
def test_bounds_hold_whatever_the_demerits_really_are(tmp_path, cost):
    """A protocol that knows the demerits gives what one that knows their bounds leaves possible."""
    loose = compile_protocol(protocol(tmp_path))
    known = {**DEMERITS, "two": {"G": 0, "A": 1, "M": cost, "P": 2 * cost}}
    (tmp_path / "exact").mkdir()
    exact = compile_protocol(protocol(tmp_path / "exact", demerits=known))
    for one, two in itertools.product([None, *GRADES], [None, *GRADES]):
        wide, narrow = rated(loose, one, two), rated(exact, one, two)
        assert (
            wide.value("")[0][0] <= narrow.value("")[0][0] <= narrow.value("")[1][0] <= wide.value("")[1][0]
        )
        assert wide.outcome("")[0][0] <= narrow.outcome("")[0][0]
        assert narrow.outcome("")[1][0] <= wide.outcome("")[1][0]


def test_losses_add_up_to_the_best_that_is_possible(tmp_path):
    plan = compile_protocol(protocol(tmp_path))
    for one, two in itertools.product([None, *GRADES], [None, *GRADES]):
        evaluation = rated(plan, one, two)
        assert sum(share.points[0] for share in losses(evaluation)) == pytest.approx(
            evaluation.value("")[0][0]
        )


def test_a_word_that_is_no_grade_here_says_nothing(tmp_path):
    plan = compile_protocol(protocol(tmp_path))
    assert grade(rated(plan, "not_published", "G"), "one") == ("P", "G")
    assert grade(rated(plan, "A", "G"), "one") == ("A", "A")


def test_an_item_that_does_not_apply_has_no_demerits(tmp_path):
    protocol(tmp_path)
    spec = yaml.safe_load((tmp_path / "protocol.yaml").read_text("utf-8"))
    spec["root"]["children"]["one"]["applies_when"] = {
        "negate": {"fact": "roof_strength/grade", "equals": "not_published"}
    }
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    plan = compile_protocol(load_protocol(_again(tmp_path)))
    assert rated(plan, "not_published", "A").value("")[1][0] == 1
    assert grade(rated(plan, "not_published", "A")) == ("G", "G")
    assert grade(rated(plan, None, "A")) == ("P", "G")


def _again(folder):
    """Return a copy of a protocol under another name: what was read once is kept."""
    copy = folder / "again"
    copy.mkdir()
    (copy / "protocol.yaml").write_text((folder / "protocol.yaml").read_text("utf-8"), "utf-8")
    return copy


def test_bounds_the_wrong_way_round_are_refused(tmp_path):
    with pytest.raises(InputError):
        protocol(tmp_path, demerits={**DEMERITS, "two": {"G": 0, "A": 1, "M": [6, 3], "P": 20}})


def test_grades_that_the_fact_cannot_be_are_refused(tmp_path):
    stars = {"grades": ["good", "bad"], "at_most": {"good": 0}, "otherwise": "bad"}
    made = protocol(tmp_path)
    assert made.nodes["one"].maximum == 3
    spec = yaml.safe_load((tmp_path / "protocol.yaml").read_text("utf-8"))
    spec["root"]["children"]["one"]["stars"] = stars
    spec["root"]["demerits"]["one"] = {"good": 0, "bad": 1}
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(spec), "utf-8")
    with pytest.raises(InputError, match="good"):
        compile_protocol(load_protocol(_again(tmp_path)))
