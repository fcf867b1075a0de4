"""The draw of verification points: shares, equal chances, and that anyone can repeat it."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carindex.euroncap.cells import Book
from carindex.euroncap.crash_protection import prepare, read
from carindex.euroncap.crash_protection.draw import (
    band_shares,
    candidates,
    colour_shares,
    draw_head,
    draw_legs,
    is_fair,
    legs_are_fair,
)
from carindex.euroncap.crash_protection.points import point_from

from ..crash_protection.test_reference import SEEDS, case

WORDS = ["green", "yellow", "orange", "brown", "red", "d_green", "d_red", "blue", "green_40", "grey"]
SAMPLED = set(WORDS[:5])


def a_car(seed: int) -> dict[tuple[int, int], str]:
    rng = random.Random(seed)
    weights = [rng.random() for _ in WORDS]
    half, rows = rng.randint(0, 10), rng.sample(range(19), rng.randint(0, 19))
    return {
        (row, column): rng.choices(WORDS, weights)[0] for row in rows for column in range(-half, half + 1)
    }


def leg_rows(seed: int) -> dict[tuple[int, int], str]:
    rng = random.Random(seed)
    return {
        (row, column): rng.choice(["t", "st", "sa", "sa"])
        for row in range(3)
        for span in [rng.randint(1, 10)]
        for column in range(-span, span + 1)
    }


# ---- shares ----------------------------------------------------------------------------------------------------------------------

sizes = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 200), min_size=1)


@given(sizes, st.integers(0, 400))
def test_shares_of_colours_are_by_largest_remainder(counts: dict[str, int], number: int) -> None:
    shares = colour_shares(counts, number)
    total = sum(counts.values())
    assert sum(shares.values()) == min(number, total)
    assert all(0 <= shares[key] <= counts[key] for key in counts)
    if number < total:
        exact = {key: Fraction(number * count, total) for key, count in counts.items()}
        up = {key for key in counts if shares[key] > exact[key]}
        assert all(shares[key] - 1 < exact[key] < shares[key] + 1 for key in counts)
        remainders = {key: exact[key] - int(exact[key]) for key in counts}
        down = [remainders[key] for key in counts if key not in up]
        assert all(remainders[key] >= other for key in up for other in down)


@given(sizes, st.integers(0, 400))
def test_every_band_has_a_point_where_there_are_enough(counts: dict[str, int], number: int) -> None:
    shares = band_shares(counts, number)
    assert sum(shares.values()) == min(number, sum(counts.values()))
    assert all(0 <= shares[key] <= counts[key] for key in counts)
    assert number < len(counts) or all(shares.values())


# ---- headforms -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 40), st.integers(0, 1_000_000))
def test_a_draw_follows_the_rules(car: int, number: int, seed: int) -> None:
    cells = a_car(car)
    drawn = draw_head(cells, number, seed)
    able = {point for point, word in cells.items() if word in SAMPLED}
    assert len(set(drawn)) == len(drawn) == min(number, len(able))
    assert set(drawn) <= able
    assert is_fair(cells, drawn, number)
    assert draw_head(cells, number, seed) == drawn


def test_an_unfair_draw_is_found() -> None:
    cells = {(row, column): "green" if row % 2 else "red" for row in range(19) for column in range(-8, 9)}
    drawn = draw_head(cells, 12, 1)
    assert is_fair(cells, drawn, 12)
    best = [point for point in cells if cells[point] == "green"]
    assert not is_fair(cells, best[:12], 12)
    assert not is_fair(cells, drawn[1:], 12)
    assert not is_fair(cells, [*drawn[1:], (-1, 0)], 12)


def test_every_cell_has_the_same_chance() -> None:
    cells = {(row, column): "green" for row in range(6) for column in range(-3, 4)}
    seeds, number = 3000, 10
    drawn = Counter(point for seed in range(seeds) for point in draw_head(cells, number, seed))
    expected = seeds * number / len(cells)
    square = sum((drawn[point] - expected) ** 2 / expected for point in cells)
    # less than 1 in 10 000 fair draws of 42 cells goes beyond
    assert square < 85


def test_a_draw_can_be_repeated_by_hand() -> None:
    cells = {(row, column): "yellow" for row in (0, 1) for column in (1, 0, -1)}

    def rank(point: tuple[int, int]) -> str:
        return hashlib.sha256(f"2026/headform/yellow/{point[0]}_{point[1]}".encode()).hexdigest()

    assert set(draw_head(cells, 2, 2026)) == set(sorted(cells, key=rank)[:2])


def test_the_example_of_the_documentation() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/drawing-crash-protection.md").read_text("utf-8")
    ranks = {}
    for point in ((3, 0), (3, 1)):
        name = f"2026/headform/green/{point[0]}_{point[1]}"
        ranks[hashlib.sha256(name.encode()).hexdigest()] = point
        assert f"printf '{name}'" in text
    assert all(rank in text for rank in ranks)
    (drawn,) = draw_head(dict.fromkeys(ranks.values(), "green"), 1, 2026)
    assert drawn == ranks[min(ranks)]
    assert f"so {drawn} is tested" in text


# ---- legforms --------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 1_000_000))
def test_legs_follow_the_rules(car: int, seed: int) -> None:
    cells = leg_rows(car)
    after = draw_legs(cells, seed)
    assert after.keys() == cells.keys()
    changed = {point for point in cells if after[point] != cells[point]}
    assert all(cells[point] == "sa" and after[point] == "st" for point in changed)
    # of each impactor, one half of the columns: those of the femur and of the knee and tibia are the same
    for rows in ((0,), (1, 2)):
        parities = {column % 2 for row, column in changed if row in rows}
        assert len(parities) <= 1
        for row, column in cells:
            if row in rows and parities == {column % 2} and (rows[0], column) in cells:
                assert after[row, column] != "sa"
    assert legs_are_fair(after)


def test_both_halves_are_drawn_equally_often() -> None:
    cells = {(row, column): "sa" for row in range(3) for column in range(-7, 8)}
    even = sum(draw_legs(cells, seed)[1, 0] == "st" for seed in range(1000))
    assert 430 < even < 570
    upper = [draw_legs(cells, seed)[0, 0] == draw_legs(cells, seed)[1, 0] for seed in range(300)]
    assert 100 < sum(upper) < 200, "the impactors are drawn independently"


def test_rows_that_were_not_drawn_are_found() -> None:
    cells = {(row, column): "sa" for row in range(3) for column in range(-7, 8)}
    assert not legs_are_fair(cells)


# ---- the programme's own draws ---------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS[::2])
def test_the_programmes_draws_follow_our_rules(shared: Path, seed: int) -> None:
    path = case(shared, seed) / "cp_input.xlsx"
    _, findings = prepare(Book(path), 0)
    assert {one.code.rsplit(".", 1)[1] for one in findings} <= {"draw_kept", "not_possible"}
    template, _ = prepare(Book(case(shared, seed) / "cp_template.xlsx"), 0)
    facts = {row.name: row.value for row in read(Book(path), calculator=True)[0]}
    page = next(page for page in template if page.title == "CP - VRU Head Impact")
    ours = Counter()
    for (row, column), entry in page.cells.items():
        if column == 5 and row > 1:
            point = point_from(str(entry.value))
            assert point is not None
            ours[facts[f"vru_headform/{point[0]}_{point[1]}/cell"]] += 1
    theirs = Counter(
        facts[name.replace("/tested", "/cell")]
        for name in facts
        if name.endswith("/tested") and name.count("/") == 2
    )
    # as many points as the programme drew, of the same cells but for ties between equal remainders
    assert sum(ours.values()) == sum(theirs.values())
    assert {word: n for word, n in ours.items() if word not in SAMPLED} == {
        word: n for word, n in theirs.items() if word not in SAMPLED
    }
    assert all(abs(ours[word] - theirs[word]) <= 3 for word in SAMPLED)


def test_candidates_are_cells_that_may_be_drawn() -> None:
    cells = a_car(5)
    found = {point for points in candidates(cells).values() for point in points}
    assert found == {point for point, word in cells.items() if word in SAMPLED}
