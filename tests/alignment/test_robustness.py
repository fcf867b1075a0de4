"""Robustness: probabilities against closed formulas, indices against known ones, cliffs against the limits of the file."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import ndtr
from scipy.stats import binomtest, kstest, lognorm, norm, uniform
from tests.rating.cars import random_facts

from carindex.alignment.cliffs import cliffs
from carindex.alignment.proportions import wilson
from carindex.alignment.robustness import draw, sampled, subject_of
from carindex.alignment.sensitivity import sensitivity
from carindex.alignment.uncertainty import NOTHING_STATED, read_uncertainty
from carindex.cli.main import app
from carindex.dossier import Fact
from carindex.messages import InputError
from carindex.rating import compile_protocol, evaluate, load_protocol, rate
from carindex.rating.compiled import compiled

WHERE = "full_width_rigid_56/driver/h3_50m"
HIC, CHEST, FIRE = f"{WHERE}/hic15", f"{WHERE}/chest_deflection", "car/fire_after_crash"
TINY = """
id: tiny
programme: {en: Tiny}
edition: "1"
source: test
scales:
  whole:
    stars: {at_least: {3: 8, 2: 5}, otherwise: 1}
    source: test
    verified: text
root:
  label: {en: All}
  combine: sum
  test: full_width_rigid_56
  occupant: driver
  dummy: h3_50m
  stars: whole
  children:
    head:
      scale: {fact: hic15, limits: [500, 700], points: 5}
      adjust: [{label: {en: Capping}, set_to: 0, when: {fact: hic15, above: 690}}]
    chest: {bands: {fact: chest_deflection, limits: [20, 40], values: [5, 3, 0]}}
    fire: {lookup: {fact: car/fire_after_crash, points: {"no": 1, "yes": 0}}}
"""


@pytest.fixture
def tiny(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "protocol.yaml").write_text(TINY, "utf-8")
    return compile_protocol(load_protocol(tmp_path / "tiny"))


def stated(tmp_path: Path, text: str, name: str = "scatter.yaml"):
    (tmp_path / name).write_text(text, "utf-8")
    return read_uncertainty(tmp_path / name)


def car(plan, **values):
    names = {"hic": HIC, "chest": CHEST, "fire": FIRE}
    facts = [Fact(names[key], float(value), "1") for key, value in values.items()]
    return rate(plan, facts, car="car")


def outcome(result, path, name):
    node = next(node for node in result.outcomes if node.path == path)
    return next(one for one in node.outcomes if one.name == name)


def test_probabilities_are_those_of_the_normal_distribution(tiny, tmp_path):
    """HIC 610 ± 20: three stars need 8 points, 5 + 1 come from elsewhere, so the head needs 2: HIC up to 620."""
    rating = car(tiny, hic=610, chest=15, fire=0)
    subject = subject_of(rating, stated(tmp_path, f'facts: {{"{HIC}": {{sd: 20}}}}'))
    result = sampled(subject, 40_000, 3)
    truth = float(ndtr((620 - 610) / 20))
    three = outcome(result, "", 3)
    assert (
        three.exactly.lower == three.exactly.upper == pytest.approx(truth, abs=4 * math.sqrt(0.25 / 40_000))
    )
    assert three.exactly.confidence[0] < three.exactly.lower < three.exactly.confidence[1]
    assert outcome(result, "", 2).at_least.lower == 1.0
    # mean of the head's points, integrated by hand over a fine grid
    grid = np.linspace(400, 820, 200_001)
    points = 5 * np.clip((700 - grid) / 200, 0, 1) * (grid <= 690)
    mean = np.trapezoid(points * norm.pdf(grid, 610, 20), grid)
    head = next(score for score in result.scores if score.path == "head")
    assert head.lower.mean == pytest.approx(mean, abs=0.02)


def test_missing_facts_are_bounds_and_never_sampled(tiny, tmp_path):
    """Chest missing: 0, 3 or 5 points. Two stars are certain with HIC below 540 (4 + 1 + 0), possible below 700."""
    rating = car(tiny, hic=560, fire=0)
    subject = subject_of(
        rating, stated(tmp_path, f'facts: {{"{HIC}": {{sd: "10 %", distribution: uniform}}}}')
    )
    result = sampled(subject, 20_000, 1)
    sure, maybe = outcome(result, "", 2).at_least.lower, outcome(result, "", 2).at_least.upper
    least, most = 560 - 56 * math.sqrt(3), 560 + 56 * math.sqrt(3)
    assert sure == pytest.approx((540 - least) / (most - least), abs=0.015)
    assert maybe == 1.0
    three = outcome(result, "", 3).at_least
    assert three.lower == 0.0
    assert three.upper == pytest.approx((620 - least) / (most - least), abs=0.015)
    assert next(score for score in result.scores if score.path == "").upper is not None


def test_words_scatter_only_when_the_file_says_so(tiny, tmp_path):
    rating = car(tiny, hic=600, chest=15, fire=0)  # 2.5 + 5 + 1 = 8.5; without the point of fire two stars
    subject = subject_of(rating, stated(tmp_path, f'words: {{"{FIRE}": {{no: 0.8, yes: 0.2}}}}'))
    assert [word.probabilities for word in subject.uncertainty.words] == [(0.8, 0.2)]
    result = sampled(subject, 20_000, 5)
    assert outcome(result, "", 2).exactly.lower == pytest.approx(0.2, abs=0.012)
    alone = subject_of(rating, NOTHING_STATED)
    assert not alone.uncertainty.words
    assert alone.uncertainty.assumed == 2


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("{sd: 20}", norm(600, 20)),
        ('{sd: "10 %", distribution: uniform}', uniform(600 - 60 * math.sqrt(3), 120 * math.sqrt(3))),
        (
            '{sd: "30 %", distribution: lognormal}',
            lognorm(math.sqrt(math.log1p(0.09)), scale=600 / math.sqrt(1.09)),
        ),
    ],
)
def test_samples_follow_their_distribution(tiny, tmp_path, text, truth):
    subject = subject_of(
        car(tiny, hic=600, chest=15, fire=0), stated(tmp_path, f'facts: {{"{HIC}": {text}}}')
    )
    values, cut = subject.sampler.values(draw(subject.sampler, 5000, 1, 0))
    assert cut == 0
    assert kstest(values[0], truth.cdf).pvalue > 0.001
    assert truth.mean() == pytest.approx(600)


def test_values_are_cut_off_at_what_is_possible_and_counted(tiny, tmp_path):
    subject = subject_of(
        car(tiny, hic=10, chest=15, fire=0), stated(tmp_path, f'facts: {{"{HIC}": {{sd: 20}}}}')
    )
    result = sampled(subject, 10_000, 1)
    values, cut = subject.sampler.values(draw(subject.sampler, 2048, 1, 0))
    assert values.min() == 0.0
    assert cut == (values == 0.0).sum()
    assert result.clipped / 10_000 == pytest.approx(ndtr(-0.5), abs=0.02)


def test_correlated_facts_move_together(tiny, tmp_path):
    text = 'quantities: {hic15: "10 %", chest_deflection: "10 %"}\ngroups: [{by: test, correlation: 0.7}]'
    subject = subject_of(car(tiny, hic=600, chest=30, fire=0), stated(tmp_path, text))
    values, _ = subject.sampler.values(draw(subject.sampler, 40_000, 1, 0))
    assert np.corrcoef(values)[0, 1] == pytest.approx(0.7, abs=0.02)
    assert values.std(axis=1) == pytest.approx([60, 3], rel=0.02)
    found = sensitivity(subject, 2000, 1)
    (index,) = found.results[0].indices
    assert (index.factor.kind, index.first, index.total) == ("group", 1.0, 1.0)
    assert found.results[0].deviation > 0


@pytest.mark.parametrize("count", [1, 10, 200, 100_000])
def test_wilson_is_that_of_the_textbook(count):
    for hits in sorted({0, 1, count // 3, count}):
        expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
        assert wilson(hits, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_indices_of_a_linear_score(tmp_path):
    """A sum of two slopes: each index is the share of its variance, first and total alike."""
    text = TINY[: TINY.index("  children:")].replace("  stars: whole\n", "") + (
        "  children:\n"
        "    head: {scale: {fact: hic15, limits: [0, 2000], points: 20}}\n"
        "    chest: {scale: {fact: chest_deflection, limits: [0, 100], points: 10}}\n"
        "    neck: {scale: {fact: nij, limits: [5, 10], points: 1}}\n"
    )
    (tmp_path / "linear").mkdir()
    (tmp_path / "linear" / "protocol.yaml").write_text(text, "utf-8")
    plan = compile_protocol(load_protocol(tmp_path / "linear"))
    facts = [Fact(HIC, 1000.0, "1"), Fact(CHEST, 50.0, "mm"), Fact(f"{WHERE}/nij", 0.5, "1")]
    scatter = stated(tmp_path, "quantities: {hic15: 30, chest_deflection: 4, nij: 0.05}")
    subject = subject_of(rate(plan, facts), scatter)
    found = sensitivity(subject, 40_000, 2)
    variances = {HIC: (20 / 2000 * 30) ** 2, CHEST: (10 / 100 * 4) ** 2}
    (result,) = found.results
    assert result.deviation == pytest.approx(math.sqrt(sum(variances.values())), rel=0.03)
    assert found.screened == (f"{WHERE}/nij",)
    for index in result.indices:
        if index.factor.kind == "rest":
            assert index.total == pytest.approx(0.0, abs=1e-9)
            continue
        truth = variances[index.factor.facts[0]] / sum(variances.values())
        assert index.first == pytest.approx(truth, abs=0.05)
        assert index.total == pytest.approx(truth, abs=0.03)
        assert abs(index.total - truth) < 3 * index.total_confidence


def test_cliffs_are_the_limits_of_the_file(tiny, tmp_path):
    """HIC 610, chest 24: 2.25 + 3 + 1 = 6.25 points."""
    rating = car(tiny, hic=610, chest=24, fire=0)
    subject = subject_of(rating, stated(tmp_path, "quantities: {hic15: 20, chest_deflection: 3}"))
    found = {(cliff.fact, round(cliff.edge, 6)): cliff for cliff in cliffs(subject)}
    # two stars end where the head has 1 point: HIC 660; three (8 points) begin where it has 4: HIC 540
    assert set(found) == {(HIC, 540.0), (HIC, 660.0), (HIC, 690.0), (CHEST, 20.0), (CHEST, 40.0)}
    edge = found[HIC, 660.0]
    assert edge.edge > 660.0 - 1e-9
    assert edge.deviations == pytest.approx(2.5)
    assert edge.probability == pytest.approx(float(ndtr(-2.5)))
    assert [(e.kind, e.before, e.after) for e in edge.edges] == [("outcome", (2, 2), (1, 1))]
    assert edge.headline[0].score == 0.0
    capping = found[HIC, 690.0]
    assert capping.edge == np.nextafter(690.0, np.inf)
    assert [(e.kind, e.path) for e in capping.edges] == [("adjustment", "head")]
    assert capping.headline[0].score == pytest.approx(-0.25)
    band = found[CHEST, 20.0]
    assert ("band", "chest") in [(e.kind, e.path) for e in band.edges]
    assert band.headline[0].after == (3, 3)
    assert band.headline[0].score == pytest.approx(2.0)
    assert list(found.values()) == sorted(found.values(), key=lambda cliff: abs(cliff.deviations))


@pytest.mark.parametrize("protocol", ["us-ncap-2011", "euro-ncap-2023", "c-iasi-2017"])
def test_beyond_every_cliff_the_rating_is_the_one_stated(protocol, tmp_path):
    """Rated anew just before an edge and at it, a car has exactly the outcomes that the cliff states."""
    plan = compiled(protocol)
    random = np.random.default_rng(4)
    values = random_facts(plan, random, 1, 0.05)[:, 0]
    facts = [
        Fact(name, v, q.unit)
        for name, v, q in zip(plan.facts, values, plan.quantities, strict=True)
        if v == v
    ]
    facts = [fact for fact in facts if not fact.name.startswith("given:")]
    rating = rate(plan, facts)
    subject = subject_of(rating, stated(tmp_path, 'facts: {"*": "15 %"}'))
    found = cliffs(subject)
    assert len(found) > 3
    column = np.array([{fact.name: fact.value for fact in facts}.get(name, np.nan) for name in plan.facts])
    for cliff in found[:40]:
        other = column.copy()
        slot = plan.facts.index(cliff.fact)
        for value, side in ((np.nextafter(cliff.edge, cliff.value), 0), (cliff.edge, 1)):
            other[slot] = value
            evaluation = evaluate(plan, other[:, None])
            for edge in cliff.edges:
                if edge.kind == "outcome":
                    own = plan.nodes[edge.path].outcome
                    bounds = tuple(own.name(float(b[0])) for b in evaluation.outcome(edge.path))
                    assert bounds == (edge.before, edge.after)[side]


def test_the_same_seed_gives_the_same_bytes(tiny, tmp_path):
    rating = car(tiny, hic=610, chest=24, fire=0)
    texts = []
    for seed in (1, 1, 2):
        subject = subject_of(rating, stated(tmp_path, "quantities: {hic15: 20, chest_deflection: 3}"))
        texts.append(repr((sampled(subject, 3000, seed), sensitivity(subject, 3000, seed))))
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_samples_do_not_depend_on_the_number_of_processors(tiny, tmp_path, monkeypatch):
    subject = subject_of(
        car(tiny, hic=610, chest=24, fire=0), stated(tmp_path, "quantities: {hic15: 20, chest_deflection: 3}")
    )
    many = sampled(subject, 30_000, 1)
    monkeypatch.setattr("carindex.alignment.robustness._WORTH_A_COPY", 10**9)
    assert repr(sampled(subject, 30_000, 1)) == repr(many)


def test_files_of_every_kind_say_the_same(tiny, tmp_path):
    rows = f"name,distribution,sd,group,correlation\n{HIC},,8 %,crash,0.5\nchest_deflection,uniform,1.5 mm,crash,0.5\n"
    as_table = stated(tmp_path, rows, "scatter.csv")
    document = {
        "facts": {HIC: {"sd": "8 %"}},
        "quantities": {"chest_deflection": {"sd": "1.5 mm", "distribution": "uniform"}},
        "groups": [{"name": "crash", "facts": [HIC, "*/chest_deflection"], "correlation": 0.5}],
    }
    as_json = stated(tmp_path, json.dumps(document), "scatter.json")
    rating = car(tiny, hic=610, chest=24, fire=0)
    found = []
    for said in (as_table, as_json):
        uncertainty = subject_of(rating, said).uncertainty
        found.append(
            (
                [(s.fact, s.distribution, s.deviation) for s in uncertainty.scatters],
                [(g.name, g.facts, g.correlation) for g in uncertainty.groups],
            )
        )
    assert found[0] == found[1]
    assert found[0][0][0][2] == pytest.approx(48.8)
    assert found[0][0][1][2] == 1.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facts: {full_width_rigid_56/driver/h3_50m/hic99: {sd: 1}}", "hic99"),
        ("quantities: {hic99: {sd: 1}}", "hic99"),
        ("quantities: {hic15: {sd: 1, distribution: cauchy}}", "cauchy"),
        ("quantities: {hic15: {sd: much}}", "much"),
        ("quantities: {hic15: {sd: -1}}", "-1"),
        ('quantities: {chest_deflection: {sd: "1 kg"}}', "kg"),
        ("quantities: {hic15: {deviation: 1}}", "deviation"),
        ("quantities: {fire_after_crash: {sd: 1}}", "words"),
        ("words: {car/fire_after_crash: {yes: 0.5, no: 0.1}}", "0.6"),
        ("words: {car/fire_after_crash: {maybe: 1}}", "maybe"),
        (f"words: {{{HIC}: {{yes: 1}}}}", "number"),
        ("groups: [{by: test}]", "correlation"),
        ("groups: [{by: seat, correlation: 0.5}]", "seat"),
        ("fact: {}", "facts"),
        ("default: zero", "zero"),
        ("facts: [", "YAML"),
        ("- 1", "list"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as refused:
        stated(tmp_path, text)
    assert "scatter.yaml" in refused.value.place


def test_facts_of_two_groups_and_facts_of_no_use_are_said(tiny, tmp_path):
    rating = car(tiny, hic=610, chest=24, fire=0)
    text = f'quantities: {{hic15: 20, chest_deflection: 2}}\ngroups: [{{facts: ["{HIC}", "*/chest_deflection"], correlation: 0.5}}, {{by: test, correlation: 0.2}}]'
    with pytest.raises(InputError, match="full_width_rigid_56"):
        subject_of(rating, stated(tmp_path, text))
    text = f'quantities: {{hic15: 20}}\nfacts: {{{WHERE}/nij: 0.1, "side*": 1}}'
    codes = {finding.code for finding in subject_of(rating, stated(tmp_path, text)).uncertainty.findings}
    assert codes == {"alignment.scatter_not_asked", "alignment.pattern_fits_nothing"}
    with pytest.raises(InputError, match="scatters"):
        subject_of(rating, stated(tmp_path, "quantities: {nij: 1}"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_command_shows_what_is_assumed_and_writes_a_page(tmp_path, language):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "protocol.yaml").write_text(TINY, "utf-8")
    facts = tmp_path / "facts.csv"
    facts.write_text(f"name,value\n{HIC},610\n{CHEST},24\n{FIRE},no\n", "utf-8")
    page = tmp_path / "page.html"
    arguments = ["align", "robustness", str(facts), "-p", str(tmp_path / "tiny"), "--samples", "2000"]
    shown = CliRunner().invoke(app, [*arguments, "--html", str(page), "--lang", language])
    assert shown.exit_code == 0, shown.output
    assert ("假定" if language == "zh" else "ASSUMED") in shown.output
    html = page.read_text("utf-8")
    assert html.count("<svg") >= 3
    assert ("假定" if language == "zh" else "ASSUMED") in html
    written = [tmp_path / f"{n}.json" for n in (1, 2)]
    for file in written:
        assert CliRunner().invoke(app, [*arguments, "--json", str(file)]).exit_code == 0
    assert written[0].read_bytes() == written[1].read_bytes()
    document = json.loads(written[0].read_text("utf-8"))
    assert all(fact["assumed"] for fact in document["uncertainty"]["facts"])
    assert any(finding["code"] == "alignment.assumed_scatter" for finding in document["findings"])
    for before, after in itertools.pairwise(document["cliffs"]["list"]):
        assert abs(before["sd"]) <= abs(after["sd"])
