"""The template and what is prepared from it: cell by cell the programme's, and a draw that obeys its rules."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Entry, write_book
from carindex.euroncap.safe_driving import blank, prepare, read
from carindex.euroncap.safe_driving.content import acc_scenarios, country_cells, monitoring_cells
from carindex.euroncap.safe_driving.draw import Urn, draw
from carindex.euroncap.safe_driving.grids import Prediction
from carindex.euroncap.safe_driving.preparing import (
    Filled,
    prepared_answers,
    prepared_pages,
    read_template,
    selection_of,
)
from carindex.messages import InputError

from .books import answered_at_random, cells_of, differences, fillable, given_selection, in_memory
from .drawing import violations
from .test_workbooks_read import damage

DATA = Path(__file__).parent / "data"
FUNCTIONAL = ["dark_sunglasses", "face_mask", "cap", "hat"]
ALL_GREEN = {cell.name: "green" for cell in monitoring_cells()}
POINTS = {point.fact: "green" for scenario in acc_scenarios() for point in scenario.points}


def filled_at_random(rng, *, functional=False):
    """Our template with a word in every cell that asks for one, and what was filled in by sheet and cell."""
    pages, put = blank(), {}
    for page in pages:
        for place, entry in sorted(page.cells.items()):
            if not fillable(entry):
                continue
            value = rng.choice(entry.options) if entry.options else rng.randint(1, 6)
            if functional and "Functional" in entry.options:
                value = "Functional"
            put[page.title, place] = value
            page.cells[place] = Entry(value, entry.fill, False, entry.options)
    return pages, put


def words_of(filled: Filled) -> Counter:
    said = Counter(str(value) for value in filled.declared.values())
    for grid in (filled.monitoring, filled.countries, filled.hazards, filled.acc):
        said.update(prediction.text for prediction in grid.values())
    return said


# -- the template


def test_the_template_asks_for_what_it_should():
    asked = {page.title: [e for e in page.cells.values() if fillable(e)] for page in blank()}
    assert {title: len(entries) for title, entries in asked.items() if entries} == {
        "Input parameters": 11,
        "DE - DM pred.": 12 + 121,
        "VA - Speed assist. pred.": sum(cell.asked for cell in country_cells()) + 36,
        "VA - ACC pred.": 72,
    }
    pages = {page.title: page.cells for page in blank()}
    assert pages["DE - DM pred."][17, 4].options == ("N/A", "Green", "Red")
    assert pages["DE - DM pred."][17, 3].value == "Driver side window"
    assert pages["VA - ACC pred."][103, 9].options == ("N/A", "Green", "Orange", "Red")
    assert pages["Scenario Scores"][115, 7].value == 1
    assert pages["Scenario Scores"][15, 3].value == "Driver monitoring "


@pytest.mark.shared
def test_the_template_is_the_programmes_cell_by_cell(shared):
    path = shared / "oracle/euroncap2026/cases/case_00010/sd_template.xlsx"
    pages = {page.title: page for page in blank()}
    assert list(pages) == list(cells_of(path))
    compared, found = differences(list(pages.values()), path)
    to_fill = {
        (title, place) for title, page in pages.items() for place, e in page.cells.items() if fillable(e)
    }
    # that template is filled in
    assert [d for d in found if d[0] == "fill" or d[1:3] not in to_fill] == []
    assert compared > 1700


@settings(max_examples=8, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_filled_in_is_read(tmp_path_factory, seed):
    pages, put = filled_at_random(random.Random(seed))
    path = tmp_path_factory.mktemp("filled") / "sd_template.xlsx"
    write_book(path, pages)
    filled, findings = read_template(Book(path))
    assert not findings
    assert words_of(filled) == Counter(
        str(value) if not isinstance(value, int) else f"{value}.0" for value in put.values()
    )
    for grid, title in ((filled.monitoring, "DE - DM pred."), (filled.acc, "VA - ACC pred.")):
        for said in grid.values():
            cell = said.place.rsplit("!", 1)[1]
            place = openpyxl.utils.cell.coordinate_to_tuple(cell)
            assert put[title, place] == said.text


@settings(max_examples=16, deadline=None)
@given(st.integers(min_value=0, max_value=10**9))
def test_prepared_and_answered_workbooks_are_read_in_full(seed):
    rng = random.Random(seed)
    pages, _ = filled_at_random(rng, functional=seed % 3 > 0)
    template = in_memory(pages, "sd_template.xlsx")
    made, findings = prepare(template, seed)
    assert not findings
    rows, said = read(in_memory(answered_at_random(made, rng)))
    assert [f.line() for f in said if f.severity == "error" and not f.code.endswith("not_possible")] == []
    found = {row.name: row.value for row in rows}
    filled, _ = read_template(template)
    for fact, value in filled.declared.items():
        assert found[fact] == value
    for grid in (filled.monitoring, filled.countries, filled.hazards):
        for name, prediction in grid.items():
            assert found.get(f"{name}/prediction", "grey") == (prediction.colour or "grey")
    tested = {fact for fact, p in filled.acc.items() if p.colour in ("green", "orange")}
    colours = {fact: found.get(f"{fact}/prediction") for fact in tested}
    assert colours == {fact: filled.acc[fact].colour for fact in tested}


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (["DE - DM pred.", 17, 4, "Purple"], "unknown_colour"),
        (["DE - DM pred.", 17, 4, None], "left_out"),
        (["Input parameters", 2, 7, 9], "not_possible"),
        (["Input parameters", 3, 7, None], "not_declared"),
        (["VA - ACC pred.", 3, 1, "65 km/h"], "no_line"),
        (["Version", 1, 2, "4.0"], "other_version"),
        (["Test Scores", 2, 5, 12], "other_maximum"),
    ],
)
def test_a_template_with_something_wrong(edit, code):
    pages, _ = filled_at_random(random.Random(1), functional=True)
    made, findings = prepare(in_memory(pages, "sd_template.xlsx").edited([edit]), 1)
    assert f"euroncap/safe_driving.{code}" in [finding.code for finding in findings]
    assert all(finding.line("zh") for finding in findings)
    claims = next(page for page in made if page.title == "DE - DM pred.").cells[17, 4]
    if code == "left_out":
        assert claims.fill == "FF3333"
    if code == "unknown_colour":
        assert claims.value == "Purple"  # stays where it can be corrected


def test_damaged_templates_are_prepared_or_refused():
    rng = random.Random("safe driving, damaged templates")
    pages, _ = filled_at_random(rng, functional=True)
    template = in_memory(pages, "sd_template.xlsx")
    whole = read_template(template)[0]
    for _ in range(100):
        damaged, emptied = damage(damage(template, rng)[0], rng)
        try:
            filled, findings = read_template(damaged)
        except InputError:
            continue
        prepared_pages(filled, selection_of(filled, 1))
        lost = set(whole.declared) - set(filled.declared) or words_of(whole) - words_of(filled)
        assert findings or not lost or emptied


def test_speed_limits_as_the_calculator_prepares_them():
    columns = list(dict.fromkeys(cell.fact.split("/")[2] for cell in country_cells()))
    countries = list(dict.fromkeys(cell.fact.split("/")[3] for cell in country_cells()))
    letters = {"g": ("green", "Green"), "r": ("red", "Red"), "e": ("grey", ""), ".": (None, "")}
    for run in json.loads((DATA / "prepared_limits.json").read_text(encoding="utf-8")):
        grid = {
            f"speed_assistance/advanced_speed_limit/{column}/{country}": Prediction(
                letters[letter][0], False, "", letters[letter][1]
            )
            for country, line in zip(countries, run["grid"].split(), strict=True)
            for column, letter in zip(columns, line, strict=True)
        }
        answers = prepared_answers(Filled({}, {}, grid, {}, {}))
        assert "".join(str(word)[0] for word in answers.values()) == run["prepared"]


# -- the draw


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    pages, _ = filled_at_random(random.Random(5), functional=True)
    template = in_memory(pages, "sd_template.xlsx")
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        write_book(tmp_path / f"{name}.xlsx", prepare(template, seed)[0])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    assert (tmp_path / "one.xlsx").read_bytes() != (tmp_path / "other.xlsx").read_bytes()


def test_a_draw_can_be_repeated_by_hand():
    """The example of docs/drawing-safe-driving.md: the warnings of Lizard, long distraction, for seed 2026."""
    group = "long_distraction/non_driving_task/lizard"
    names = [f"{group}/{gaze}/warning" for gaze in ("in_vehicle_infotainment_system", "glovebox")]
    digests = {name: hashlib.sha256(f"2026/warning/{group}/{name}".encode()).hexdigest() for name in names}
    drawn = {test.cell.key for test in draw(ALL_GREEN, FUNCTIONAL, POINTS, 2026).tests} & set(names)
    assert drawn == {min(names, key=digests.get)}
    text = (Path(__file__).resolve().parents[3] / "docs/drawing-safe-driving.md").read_text("utf-8")
    for name, digest in digests.items():
        assert digest[:12] in text, (name, digest)


def colours_at_random(rng) -> dict:
    """Predictions as they come: most groups of one colour, some spoilt, some grey or empty."""
    share = rng.choice([0.3, 0.6, 0.9])
    groups: dict = {}
    colours = {}
    for cell in monitoring_cells():
        colour = groups.setdefault((cell.group, cell.response), "green" if rng.random() < share else "red")
        odd = rng.random()
        colours[cell.name] = rng.choice(["red", "grey", None]) if odd < 0.03 else colour
    return colours


def test_draws_obey_the_rules():
    rng = random.Random("draws")
    for seed in range(60):
        colours = ALL_GREEN if seed < 5 else colours_at_random(rng)
        functional = ["face_mask", *rng.sample(["dark_sunglasses", "cap", "hat"], rng.randint(0, 3))]
        assert violations(colours, functional, list(draw(colours, functional, POINTS, seed).tests)) == []


def test_body_lean_is_tested_under_noise_only_where_there_is_nothing_else():
    for seed in range(40):
        tests = draw(ALL_GREEN, FUNCTIONAL, POINTS, seed).tests
        assert not any(test.noise for test in tests if test.cell.movement == "body_lean")


def test_a_spoilt_response_is_not_drawn():
    cell = next(
        c
        for c in monitoring_cells()
        if c.key == "long_distraction/non_driving_task/owl/passenger_face/warning"
    )
    for colour in ("red", None):
        tests = draw(ALL_GREEN | {cell.name: colour}, FUNCTIONAL, POINTS, 3).tests
        assert not [t for t in tests if (t.cell.group, t.cell.response) == (cell.group, "warning")]
    tests = draw(ALL_GREEN | {cell.name: "grey"}, FUNCTIONAL, POINTS, 3).tests
    assert len([t for t in tests if (t.cell.group, t.cell.response) == (cell.group, "warning")]) == 3


def test_everything_is_drawn_equally_often():
    seeds = 500
    cells, words, targets, gazes = Counter(), Counter(), Counter(), Counter()
    for seed in range(seeds):
        drawn = draw(ALL_GREEN, FUNCTIONAL, POINTS, seed)
        for test in drawn.tests:
            cells[test.cell.key] += 1
            words[test.noise] += test.noise is not None
            gazes[test.cell.response] += 1
        texts = {test.scenario for test in drawn.tests if test.cell.response == "forward_support"}
        for part in next(iter(texts)).split(", ")[:3]:
            words[part] += 1
        assert Counter(drawn.targets.values()) == {"front": 2, "side": 2}
        targets.update(fact for fact, word in drawn.targets.items() if word == "front")

    def near(count, share, of=seeds):
        return abs(count / of - share) <= 5 * (share * (1 - share) / of) ** 0.5

    for cell in monitoring_cells():
        group = [c for c in monitoring_cells() if (c.group, c.response) == (cell.group, cell.response)]
        if cell.response == "warning" and cell.table != "non_transient":
            assert near(cells[cell.key], -(-len(group) // 2) / len(group)), cell.key
    assert near(cells["non_transient/sleep/forward_and_lane_support"], 0.5)
    assert all(near(words[kind], 1 / 3) for kind in ("CCRs", "CMRs", "CCRm"))
    assert all(near(words[f"IL {location}%"], 1 / 3) for location in (25, 50, 75))
    assert all(near(words[f"VUT {speed} km/h"], 1 / 6) for speed in (30, 40, 50, 60, 70, 80))
    noisy = sum(words[name] for name in FUNCTIONAL)
    assert noisy == seeds * (3 * 3 + 2 + 1)
    assert all(near(words[name], 1 / 4, noisy) for name in FUNCTIONAL)
    assert all(near(count, 0.5) for count in targets.values())
    assert gazes["forward_support"] == gazes["lane_support"] == 4 * seeds


def test_ranks_do_not_depend_on_the_order_of_names():
    names = [f"name {i}" for i in range(50)]
    shuffled = random.Random(1).sample(names, 50)
    assert Urn(1).ranked("purpose", names) == Urn(1).ranked("purpose", shuffled)
    assert Urn(1).ranked("purpose", names) != Urn(2).ranked("purpose", names)


# -- with the ready cars


@pytest.mark.shared
def test_with_the_programmes_draw_the_workbook_is_the_programmes(shared):
    compared, kinds = 0, Counter()
    for case in sorted((shared / "oracle/euroncap2026/cases").iterdir()):
        filled, findings = read_template(Book(case / "sd_template.xlsx"))
        assert {finding.code.split(".")[1] for finding in findings} <= {"left_out"}
        selection = given_selection(case / "sd_input.xlsx")
        pages = {page.title: page for page in prepared_pages(filled, selection)}
        count, found = differences(list(pages.values()), case / "sd_input.xlsx")
        compared += count
        for kind, sheet, place, ours, theirs in found:
            if kind == "value" and ours is None and fillable(pages[sheet].cells.get(place, Entry())):
                continue  # that workbook is filled in
            kinds[kind, sheet, theirs] += 1
    answers = {key: n for key, n in kinds.items() if key[1] == "VA - Speed assist. verif."}
    assert sum(answers.values()) == 5  # prepared answers that the tester of the ready cars changed
    seals = {("value", "Integrity", None)}
    left = {key for key in kinds if key not in answers and key not in seals}
    assert left == {
        ("value", "VA - Speed assist. pred.", "Slif - Advanced speed limits"),
        # lines between two tables, and the heading's empty end, are filled there
        ("fill", "DE - DM pred.", "FFFFFF"),
        ("fill", "DE - DM pred.", "000000"),
        ("fill", "VA - Speed assist. pred.", "FFFFFF"),
        ("fill", "VA - ACC pred.", "FFFFFF"),
    }
    assert compared > 45000


@pytest.mark.shared
def test_the_programmes_draws_obey_the_rules(shared):
    drawn = 0
    for case in sorted((shared / "oracle/euroncap2026/cases").iterdir()):
        filled, _ = read_template(Book(case / "sd_template.xlsx"))
        tests = list(given_selection(case / "sd_input.xlsx").tests)
        colours = {name: said.colour for name, said in filled.monitoring.items()}
        assert violations(colours, filled.functional, tests) == [], case.name
        drawn += len(tests)
    assert drawn > 300
