"""Impact of a draft: against ratings made one by one, against every order of the changes, and on real editions."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rating.cars import random_facts

from carindex.alignment.attribution import coalitions, shares
from carindex.alignment.draft import open_draft
from carindex.alignment.impact import impact
from carindex.campaign.batch import rate_table
from carindex.cli.main import app
from carindex.messages import InputError
from carindex.rating.changes import changes, with_changes
from carindex.rating.compile import compile_protocol
from carindex.rating.compiled import compiled
from carindex.rating.evaluation import evaluate
from carindex.rating.load import load_protocol, read_document

HIC, CHEST, BELT = (
    "full_width_rigid_56/driver/h3_50m/hic15",
    "full_width_rigid_56/driver/h3_50m/chest_deflection",
    "car/fire_after_crash",
)

BASE = """
id: tiny
programme: {en: Tiny}
edition: "1"
source: test
scales:
  whole:
    stars: {at_least: {3: 8, 2: 5}, otherwise: 1, minima: {3: {head: 2}}}
    source: test
    verified: text
root:
  label: {en: All}
  combine: sum
  test: full_width_rigid_56
  occupant: driver
  dummy: h3_50m
  stars: whole
  adjust: [{label: {en: Fire}, set_to: 0, when: {fact: car/fire_after_crash, equals: "yes"}}]
  children:
    head: {scale: {fact: hic15, limits: [500, 700], points: 5}}
    chest: {scale: {fact: chest_deflection, limits: [20, 40], points: 5}}
"""
# each change alone, as whoever drafts rules writes it
EDITS = {
    "head:rule": "changes: {head: {scale: {fact: hic15, limits: [400, 600], points: 5}}}",
    "chest:rule": "changes: {chest: {scale: {fact: chest_deflection, limits: [25, 45], points: 5}}}",
    "whole/at_least:scale": "scales: {whole: {stars: {at_least: {3: 7, 2: 5}}}}",
    "/:adjust": 'changes: {"": {adjust: []}}',
}


def points_of(car: dict[str, float | str], edits: frozenset[str]) -> tuple[float, int]:
    """Score and stars by hand."""
    best, worst = (400, 600) if "head:rule" in edits else (500, 700)
    head = 5 * min(1, max(0, (worst - car[HIC]) / (worst - best)))
    best, worst = (25, 45) if "chest:rule" in edits else (20, 40)
    chest = 5 * min(1, max(0, (worst - car[CHEST]) / (worst - best)))
    total = head + chest
    if car[BELT] == "yes" and "/:adjust" not in edits:
        total = 0.0
    three = 7 if "whole/at_least:scale" in edits else 8
    stars = 3 if total >= three and head >= 2 else 2 if total >= 5 else 1
    return total, stars


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "protocol.yaml").write_text(text, "utf-8")
    return folder


def merged(names) -> str:
    """The edits of several names in one file."""
    tree: dict[str, list[str]] = {"changes": [], "scales": []}
    for name in names:
        key, _, body = EDITS[name].partition(": ")
        tree[key].append(body.strip()[1:-1])
    return "\n".join(f"{key}: {{{', '.join(parts)}}}" for key, parts in tree.items() if parts)


@pytest.fixture
def tiny(tmp_path):
    write(tmp_path / "base", BASE)

    def draft(names):
        text = f"id: tiny\nextends: ../base\n{merged(names)}\n"
        return open_draft(
            str(tmp_path / "base"), write(tmp_path / f"draft{len(list(tmp_path.iterdir()))}", text)
        )

    return draft


def table(path: Path, cars: list[dict[str, float | str | None]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, ["car", HIC, CHEST, BELT])
        out.writeheader()
        for i, car in enumerate(cars):
            out.writerow({"car": f"car {i}", **{k: "" if v is None else v for k, v in car.items()}})
    return path


def random_cars(count: int, seed: int) -> list[dict[str, float | str]]:
    random = np.random.default_rng(seed)
    return [
        {
            HIC: round(float(random.uniform(350, 750)), 1),
            CHEST: round(float(random.uniform(15, 48)), 1),
            BELT: "yes" if random.random() < 0.2 else "no",
        }
        for _ in range(count)
    ]


def test_every_car_is_what_a_person_works_out(tiny, tmp_path):
    cars = random_cars(300, 1)
    draft = tiny(EDITS)
    assert {factor.name for factor in draft.factors} == set(EDITS)
    out = tmp_path / "out.csv"
    (part,) = impact(draft, table(tmp_path / "cars.csv", cars), output=out).parts
    everything = frozenset(EDITS)
    before = [points_of(car, frozenset()) for car in cars]
    after = [points_of(car, everything) for car in cars]
    expected = np.zeros((3, 3), int)
    for (_, old), (_, new) in zip(before, after, strict=True):
        expected[old - 1, new - 1] += 1
    assert part.matrix == tuple(map(tuple, expected.tolist()))
    assert part.verdicts["gain"] == sum(new > old for (_, old), (_, new) in zip(before, after, strict=True))
    assert part.verdicts["loss"] == sum(new < old for (_, old), (_, new) in zip(before, after, strict=True))
    # both ways happen, else the test says little
    assert part.verdicts["gain"] > 5
    assert part.verdicts["loss"] > 5
    moves = np.array([new - old for (old, _), (new, _) in zip(before, after, strict=True)])
    assert part.shift.mean == pytest.approx(moves.mean())
    assert part.shift.up == (moves > 1e-12).sum()
    assert sum(part.shift.counts) == len(cars)
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    for row, (old, stars), (new, stars_after) in zip(rows, before, after, strict=True):
        assert float(row["score_before_lower"]) == pytest.approx(old)
        assert float(row["score_after_upper"]) == pytest.approx(new)
        assert (float(row["stars_before_lower"]), float(row["stars_after_upper"])) == (stars, stars_after)


def test_shares_are_the_mean_over_every_order(tiny, tmp_path):
    """Shapley shares of stars and score, by making the changes in each of the 24 orders."""
    cars = random_cars(60, 2)
    draft = tiny(EDITS)
    (part,) = impact(draft, table(tmp_path / "cars.csv", cars)).parts
    names = [factor.name for factor in draft.factors]
    shown = {car.car: car for car in (*part.gainers, *part.losers)}
    assert len(shown) >= 10
    for name, car in shown.items():
        facts = cars[int(name.split()[1])]
        total = dict.fromkeys(names, (0.0, 0.0))
        for order in itertools.permutations(names):
            made: set[str] = set()
            for change in order:
                old = points_of(facts, frozenset(made))
                made.add(change)
                new = points_of(facts, frozenset(made))
                score, stars = total[change]
                total[change] = (score + (new[0] - old[0]) / 24, stars + (new[1] - old[1]) / 24)
        for change, score, stars in zip(names, car.score_shares, car.outcome_shares, strict=True):
            assert score == pytest.approx((total[change][0],) * 2, abs=1e-9)
            assert stars == pytest.approx((total[change][1],) * 2, abs=1e-9)


def test_which_rule_did_it(tiny, tmp_path):
    """By hand: a car that the lower line alone lifts, one kept down by a minimum, one that needs both changes."""
    cars = [
        {HIC: 600.0, CHEST: 21.0, BELT: "no"},  # head 2.5, chest 4.75 → 5: 7.25 → 7.5 points
        {HIC: 630.0, CHEST: 20.0, BELT: "no"},  # head 1.75 < 2: no third star whatever the sum
        {HIC: 610.0, CHEST: 22.0, BELT: "no"},  # 2.25 + 4.5 = 6.75 → 2.25 + 5 = 7.25
    ]
    draft = tiny(["chest:rule", "whole/at_least:scale"])
    (part,) = impact(draft, table(tmp_path / "cars.csv", cars)).parts
    chest, line = part.causes
    assert [factor.name for factor in draft.factors] == ["chest:rule", "whole/at_least:scale"]
    assert {car.car for car in part.gainers} == {"car 0", "car 2"}
    assert part.verdicts["same"] == 1
    # car 0 by the line alone; car 2 by both together
    assert (line.gains, chest.gains, part.shared) == (2, 1, 1)
    assert (line.needed, chest.needed) == (2, 1)
    assert (line.alone, chest.alone) == (1, 0)
    assert (line.outcome, chest.outcome) == (1.5, 0.5)


def test_missing_facts_stay_intervals(tiny, tmp_path):
    cars = [
        {HIC: 400.0, CHEST: None, BELT: "no"},  # 5 … 10 points: 2 or 3 stars, before and after
        {HIC: 600.0, CHEST: None, BELT: "no"},  # 2.5 … 7.5: 1 or 2 before; up to 3 after
        {HIC: None, CHEST: None, BELT: "yes"},  # 0 points: 1 star
    ]
    (part,) = impact(tiny(["whole/at_least:scale"]), table(tmp_path / "cars.csv", cars)).parts
    assert part.before == ((1, 1, 1), (1, 2, 1), (2, 3, 1))
    assert part.after == ((1, 1, 1), (1, 3, 1), (2, 3, 1))
    assert part.verdicts == {"gain": 0, "loss": 0, "same": 1, "open_moved": 1, "open_same": 1, "not_rated": 0}
    assert [car.car for car in part.opened] == ["car 1"]


@pytest.mark.parametrize("protocol", ["us-ncap-2011", "euro-ncap-2023", "c-ncap-2021", "c-iasi-2017"])
def test_an_empty_draft_changes_nothing(protocol, tmp_path):
    plan = compiled(protocol)
    facts = random_facts(plan, np.random.default_rng(3), 200, 0.1)
    facts[:, :80] = random_facts(plan, np.random.default_rng(4), 80, 0.0)
    path = tmp_path / "cars.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["car", *plan.facts])
        for n, column in enumerate(facts.T):
            cells = [
                "" if math.isnan(v) else q.categories[round(v)] if q.categories else repr(float(v))
                for v, q in zip(column, plan.quantities, strict=True)
            ]
            out.writerow([f"car {n}", *cells])
    folder = write(tmp_path / "draft", f"id: {protocol}\nextends: {protocol}\n")
    draft = open_draft(protocol, folder)
    assert draft.changes == ()
    found = impact(draft, path)
    assert found.cars == 200
    for part in found.parts:
        assert part.verdicts["same"] + part.verdicts["open_same"] == 200
        assert part.before == part.after
        assert part.shift.up == part.shift.down == 0
        assert (part.gainers, part.losers, part.opened, part.causes) == ((), (), (), ())


def test_words_alone_are_no_change(tmp_path):
    write(tmp_path / "base", BASE)
    folder = write(
        tmp_path / "words",
        "id: tiny\nextends: ../base\nedition: draft\nchanges: {head: {label: {en: Head, zh: 头部}, source: another}}\n",
    )
    assert open_draft(str(tmp_path / "base"), folder).changes == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("euro-ncap-2020", "euro-ncap-2023"),
        ("c-iasi-2017", "c-iasi-2020"),
        ("green-ncap-2022", "green-ncap-2025"),
    ],
)
def test_all_changes_together_are_the_other_edition(before, after):
    """Whatever two editions differ in: with every change made the first one rates as the second."""
    first, second = read_document(before), read_document(after)
    made = compile_protocol(with_changes(first, second, changes(first, second)))
    plan = compiled(after)
    facts = random_facts(plan, np.random.default_rng(5), 50, 0.2)
    by_name = dict(zip(plan.facts, facts, strict=True))
    assert set(made.facts) == set(plan.facts)
    ours = evaluate(made, np.array([by_name[name] for name in made.facts]))
    theirs = evaluate(plan, facts)
    for path in plan.nodes:
        np.testing.assert_allclose(ours.score(path), theirs.score(path), rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(ours.outcome(path), theirs.outcome(path))


def test_the_same_as_two_batches(tmp_path):
    """Counts of US NCAP cars under a draft are those of `batch` under the rules and under the overlay."""
    plan = compiled("us-ncap-2011")
    facts = random_facts(plan, np.random.default_rng(6), 400, 0.01)
    numbers = [i for i, quantity in enumerate(plan.quantities) if not quantity.categories]
    facts[numbers] *= np.linspace(0.05, 0.6, 400)  # cars of every number of stars
    ratio = plan.facts.index("rollover_resistance/static_stability_factor")
    facts[ratio] = np.linspace(1.0, 1.6, 400)
    path = tmp_path / "cars.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["car", *plan.facts])
        for n, column in enumerate(facts.T):
            cells = [
                "" if math.isnan(v) else q.categories[round(v)] if q.categories else repr(float(v))
                for v, q in zip(column, plan.quantities, strict=True)
            ]
            out.writerow([f"car {n}", *cells])
    text = 'id: us-ncap-2011\nextends: us-ncap-2011\nchanges: {"": {weights: {frontal: 2, side: 8}}, frontal/driver/head: {risk: {mean: 7.9}}}\n'
    folder = write(tmp_path / "draft", text)
    draft = open_draft("us-ncap-2011", folder)
    stars = []
    for name, rules in (("before", plan), ("after", compile_protocol(load_protocol(folder)))):
        rate_table(rules, path, tmp_path / f"{name}.csv")
        rows = csv.DictReader((tmp_path / f"{name}.csv").read_text("utf-8").splitlines())
        stars.append([(row["stars_lower"], row["stars_upper"]) for row in rows])
    part = impact(draft, path).parts[0]
    known = [(int(a[0]), int(b[0])) for a, b in zip(*stars, strict=True) if a[0] == a[1] and b[0] == b[1]]
    assert part.verdicts["gain"] == sum(int(b[0]) > int(a[1]) for a, b in zip(*stars, strict=True)) > 0
    assert part.verdicts["loss"] == sum(int(b[1]) < int(a[0]) for a, b in zip(*stars, strict=True)) > 0
    assert sum(map(sum, part.matrix)) == len(known)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n))
    )
)
def test_shares_add_up_and_follow_every_order(game):
    """Any game at all: shares add up; up to six causes they are the mean over all orders."""
    causes, worth = game

    def effect(some):
        return np.array([worth[sum(1 << i for i in some)]])

    found = shares(effect, causes)[:, 0]
    assert sum(found) == pytest.approx(worth[-1] - worth[0], abs=1e-9)
    asked = list(coalitions(causes))
    assert len(asked) == len(set(asked))
    if causes <= 5:
        expected = np.zeros(causes)
        for order in itertools.permutations(range(causes)):
            done = 0
            for cause in order:
                expected[cause] += worth[done | 1 << cause] - worth[done]
                done |= 1 << cause
        np.testing.assert_allclose(found, expected / math.factorial(causes), atol=1e-9)


def test_changes_that_need_each_other_go_together(tmp_path):
    """A new part and its weight: neither makes sense without the other."""
    base = BASE.replace("combine: sum", "combine: weighted\n  weights: {head: 1, chest: 1}\n  over: 1")
    write(tmp_path / "base", base)
    text = """
id: tiny
extends: ../base
changes:
  "": {weights: {neck: 1}}
  neck: {label: {en: Neck}, scale: {fact: nij, limits: [0.5, 1], points: 5}}
  chest: {scale: {limits: [25, 45]}}
"""
    draft = open_draft(str(tmp_path / "base"), write(tmp_path / "draft", text))
    assert sorted(factor.name for factor in draft.factors) == ["/:rule + neck:added", "chest:rule"]


def test_more_than_six_changes_come_one_after_the_other(tmp_path):
    parts = [f"p{i}" for i in range(8)]
    lines = [
        f"    {p}: {{scale: {{fact: hic15, limits: [{300 + 40 * i}, 700], points: 1}}}}"
        for i, p in enumerate(parts)
    ]
    base = BASE[: BASE.index("    head:")].replace(", minima: {3: {head: 2}}", "") + "\n".join(lines) + "\n"
    write(tmp_path / "base", base)
    edits = ", ".join(
        f"{p}: {{scale: {{points: 1, limits: [{200 + 40 * i}, 650]}}}}" for i, p in enumerate(parts)
    )
    draft = open_draft(
        str(tmp_path / "base"),
        write(tmp_path / "draft", f"id: tiny\nextends: ../base\nchanges: {{{edits}}}\n"),
    )
    assert len(draft.factors) == 8
    cars = random_cars(40, 7)
    found = impact(draft, table(tmp_path / "cars.csv", cars))
    assert found.method == "sequential"
    part = found.parts[0]

    def score(hic, drafted):
        total = 0.0
        for i in range(8):
            best, worst = (200 + 40 * i, 650) if i < drafted else (300 + 40 * i, 700)
            total += min(1, max(0, (worst - hic) / (worst - best)))
        return total

    for n, cause in enumerate(part.causes):
        steps = [0.0 if car[BELT] == "yes" else score(car[HIC], n + 1) - score(car[HIC], n) for car in cars]
        assert cause.score == pytest.approx(np.mean(steps), abs=1e-9)


def test_bad_input_is_said_clearly(tiny, tmp_path):
    write(tmp_path / "us", "id: us-ncap-2011\nextends: us-ncap-2011\n")
    with pytest.raises(InputError, match="us-ncap-2011"):
        open_draft("euro-ncap-2023", tmp_path / "us")
    with pytest.raises(InputError, match="no such overlay folder"):
        open_draft("us-ncap-2011", tmp_path / "nothing")
    with pytest.raises(InputError, match="no such protocol"):
        open_draft("us-ncap-1900", tmp_path / "us")
    write(
        tmp_path / "bad",
        "id: us-ncap-2011\nextends: us-ncap-2011\nchanges: {frontal/nobody/head: {points: 3}}\n",
    )
    with pytest.raises(InputError, match="frontal/nobody"):
        open_draft("us-ncap-2011", tmp_path / "bad")
    write(tmp_path / "two/a", "id: a\nextends: us-ncap-2011\n")
    write(tmp_path / "two/b", "id: b\nextends: us-ncap-2011\n")
    with pytest.raises(InputError, match="several"):
        open_draft("us-ncap-2011", tmp_path / "two")
    useless = tmp_path / "useless.csv"
    useless.write_text("car,car/mass\nA,1200\n", "utf-8")
    with pytest.raises(InputError, match="no column that"):
        impact(tiny(["head:rule"]), useless)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_command_writes_everything(tiny, tmp_path, language):
    draft = tiny(EDITS)
    cars = table(tmp_path / "cars.csv", random_cars(50, 8))
    page, out, said = tmp_path / "page.html", tmp_path / "out.parquet", tmp_path / "said.json"
    arguments = [
        "align",
        "impact",
        "--draft",
        str(draft.folder),
        "-p",
        str(tmp_path / "base"),
        "--cars",
        str(cars),
    ]
    shown = CliRunner().invoke(app, [*arguments, "--html", str(page), "-o", str(out), "--lang", language])
    assert shown.exit_code == 0, shown.output
    assert ("沙普利" if language == "zh" else "Shapley") in shown.output
    html = page.read_text("utf-8")
    assert html.count("<svg") == 3
    assert "{" not in html.split("</style>")[1].replace("{{", "")
    assert out.is_file()
    done = CliRunner().invoke(app, [*arguments, "--json", str(said)])
    assert done.exit_code == 0
    document = json.loads(said.read_text("utf-8"))
    assert document["cars"] == 50
    assert {cause["name"] for cause in document["parts"][0]["causes"]} == set(EDITS)
    again = tmp_path / "again.json"
    CliRunner().invoke(app, [*arguments, "--json", str(again)])
    assert again.read_bytes() == said.read_bytes()
