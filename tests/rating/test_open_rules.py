"""Rules that are not known: grades given as words, measurements that wait, parts without a result of the whole."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from carindex.campaign.batch import rate_table
from carindex.dossier import Fact
from carindex.dossier.readers import read_facts
from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol, losses, rate
from carindex.report.wording import outcome_text, score_text

from .protocols import BOOLEAN, _load

NOX = "wltc/total/nox_distance_specific"
GRADES = {
    "grades": ["G+", "G", "A"],
    "names": {"G+": {"en": "outstanding", "zh": "极优秀"}, "G": {"en": "good", "zh": "优秀"}},
}
PARTS = {
    "handling": {"label": {"en": "Handling", "zh": "操控"}, "open": True, "stars": GRADES},
    "air": {
        "label": {"en": "Air", "zh": "空气"},
        "points": 10,
        "open": True,
        "stars": {"at_least": {2: 8, 1: 4}, "otherwise": 0},
        "children": {
            "nox": {"label": {"en": "NOx", "zh": "NOx"}, "points": 5, "open": True, "reads": [NOX]},
        },
    },
}


@pytest.fixture
def plan(tmp_path):
    root = {"label": {"en": "Car", "zh": "整车"}, "combine": "apart", "children": PARTS}
    return compile_protocol(_load(tmp_path, {"root": root}))


def facts_of(tmp_path, text):
    file = tmp_path / "facts.csv"
    file.write_text(f"name,value\n{text}\n", "utf-8")
    return read_facts(file)


@pytest.mark.parametrize("word", ["G", "g", "优秀", "good"])
def test_a_grade_is_given_by_its_letter_or_its_name_in_either_language(plan, tmp_path, word):
    read = facts_of(tmp_path, f"given:handling,{word}")
    assert not read.findings
    rating = rate(plan, read.facts)
    node = rating.node("handling")
    assert node.outcome == "G"
    assert score_text(node, "en") == "–"  # the number behind a grade is no score of the programme
    assert outcome_text(rating, node, "zh") == "G 优秀"
    assert outcome_text(rating, node, "en") == "G good"


@pytest.mark.parametrize("word", ["X", "7.5", "2", "0", "G++"])
def test_a_word_or_number_that_is_no_grade_is_refused_and_stays_unknown(plan, tmp_path, word):
    rating = rate(plan, facts_of(tmp_path, f"given:handling,{word}").facts)
    assert [finding.code for finding in rating.findings if finding.severity == "error"] == [
        "dossier.not_a_word"
    ]
    node = rating.node("handling")
    assert (node.outcome, node.outcome_lower, node.outcome_upper) == (None, "A", "G+")
    assert "given:handling" in rating.missing


def test_a_grade_for_a_node_with_points_is_refused(plan, tmp_path):
    rating = rate(plan, facts_of(tmp_path, "given:air,G").facts)
    assert "dossier.not_a_number" in {finding.code for finding in rating.findings}
    assert rating.node("air").score is None


def test_two_grades_for_one_node_contradict_each_other(tmp_path):
    read = facts_of(tmp_path, "given:handling,G\ngiven:handling,A\ngiven:handling,G")
    assert [finding.code for finding in read.findings] == ["dossier.contradiction"]
    assert [fact.said for fact in read.facts] == ["G"]


def test_an_empty_grade_is_not_known(tmp_path):
    assert facts_of(tmp_path, "given:handling,\ngiven:air,n/a").facts == ()


def test_a_table_of_cars_takes_grades(plan, tmp_path):
    table, out = tmp_path / "cars.csv", tmp_path / "out.csv"
    table.write_text("car,given:handling,given:air\na,G+,9\nb,优秀,3\nc,Z,\nd,,8\n", "utf-8")
    result = rate_table(plan, table, out)
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [row["grade:handling"] for row in rows] == ["G+", "G", "", ""]
    assert [row["stars:air"] for row in rows] == ["2", "0", "", "2"]
    assert "Z" in rows[2]["findings"]
    assert result.final == 2
    assert all(not row.get("score:") for row in rows)  # the sum of parts side by side is no result


def test_parts_side_by_side_have_no_result_of_the_whole(plan):
    facts = [Fact("given:air", 9.0, "1"), Fact("given:handling", np.nan, "1", said="A")]
    rating = rate(plan, facts)
    assert rating.root.status == "not_applicable"
    assert score_text(rating.root, "en") == "–"
    assert rating.final
    # by hand: the grade A is two steps below the best of three, air lost 1 of 10 points
    assert sum(share.points[0] for share in losses(rating.evaluation)) == pytest.approx(2 + 1)
    assert not rate(plan, facts[:1]).final


def test_measurements_of_a_rule_that_is_not_known_are_kept_and_asked_of_nobody(plan):
    rating = rate(plan, [Fact("given:air", 9.0, "1"), Fact(NOX, 0.02, "g/km")])
    node = rating.node("air/nox")
    assert [fact.name for fact in node.facts] == [NOX]
    assert node.status == "uncounted"
    assert node.score is None
    assert rating.missing == ("given:handling",)
    assert plan.facts.index(NOX) in plan.idle


def test_the_day_the_limits_are_known_the_same_facts_give_the_score(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    root = {"label": {"en": "Car", "zh": "整车"}, "combine": "apart", "children": PARTS}
    base = _load(folder, {"root": root})
    draft = tmp_path / "draft"
    draft.mkdir()
    (draft / "protocol.yaml").write_text(
        f"id: draft\nextends: {base.place.removesuffix('/protocol.yaml')}\nchanges:\n"
        "  air: {open: null, combine: sum}\n"
        "  air/nox: {open: null, reads: null, points: null, verified: text,\n"
        f"    scale: {{fact: {NOX}, limits: [0.01, 0.03], points: 5}}}}\n",
        "utf-8",
    )
    plan = compile_protocol(load_protocol(draft))
    # by hand: half way between the limits of this made-up draft
    facts = np.array([[0.02 if name == NOX else np.nan] for name in plan.facts])
    assert evaluate(plan, facts).score("air/nox")[0][0] == pytest.approx(2.5)
    assert evaluate(plan, facts).score("air")[0][0] == pytest.approx(2.5)


def test_what_is_stated_of_a_part_applies(tmp_path):
    part = PARTS["handling"] | {"applies_when": {"fact": BOOLEAN, "equals": "yes"}}
    known = [{"at": {"handling": "G"}, "equals": 5, "cars": ["a car"]}]
    root = {
        "label": {"en": "Car", "zh": "整车"},
        "precedents": {"between": [1, 5], "known": known},
        "children": {"handling": part},
    }
    plan = compile_protocol(_load(tmp_path, {"root": root}))
    stated = Fact("given:handling", np.nan, "1", said="G")
    assert rate(plan, [stated]).root.score == 5
    assert rate(plan, [stated, Fact(BOOLEAN, 0.0, "1")]).root.score == 5
    without = rate(plan, [Fact(BOOLEAN, 0.0, "1")])
    assert without.node("handling").status == "not_applicable"
    assert without.missing == ()
    assert (without.root.lower, without.root.upper) == (1, 5)
    assert set(rate(plan, []).missing) == {"given:handling", BOOLEAN}


def test_a_known_rule_names_its_facts_itself(tmp_path):
    root = {"label": {"en": "Car", "zh": "整车"}, "points": 1, "given": {"fact": NOX}, "reads": [NOX]}
    with pytest.raises(InputError):
        _load(tmp_path, {"root": root})


def test_a_table_misses_what_counts_and_shows_scores_that_are_scores(plan, tmp_path):
    table, out = tmp_path / "cars.csv", tmp_path / "out.csv"
    table.write_text(f"car,given:air,{NOX}\na,9,0.02\n", "utf-8")
    rate_table(plan, table, out)
    (row,) = csv.DictReader(out.read_text("utf-8").splitlines())
    assert "given:handling" in row["findings"]
    assert "nox" not in row["findings"]
    assert row["score:air"] == "9"
    assert not {"score:handling", "score:air/nox", "score:"} & set(row)
