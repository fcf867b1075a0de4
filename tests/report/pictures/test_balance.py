"""The balance of the stages: against an own search of the moves and the star table of the data, and how it is shown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.report.pictures.conftest import HOSTILE, check

from carindex.dossier import Fact
from carindex.messages import LANGUAGES, Language
from carindex.rating import Plan, Rating, compile_protocol, load_protocol, rate
from carindex.rating.balancing import balancing
from carindex.report.pictures import Stage, StageBalance, balance_picture
from carindex.report.pictures.from_rating import stage_balances

_CHAIN = ("safe_driving", "crash_avoidance", "crash_protection")
_STAGES = (*_CHAIN, "post_crash")
_YEARS = ("2026", "2027", "2028")
# Euro NCAP 2026 Overall Assessment: points that may be moved, the years' head starts, the lowest stage scores for stars
_AT_MOST = 5
_HEAD_START = {
    "2026": {"safe_driving": 20, "crash_avoidance": 10, "crash_protection": 0},
    "2027": {"safe_driving": 10, "crash_avoidance": 0, "crash_protection": 0},
    "2028": {"safe_driving": 0, "crash_avoidance": 0, "crash_protection": 0},
}
_FIVE_STARS = {
    "2026": {"safe_driving": 60, "crash_avoidance": 70, "crash_protection": 80, "post_crash": 80},
    "2027": {"safe_driving": 70, "crash_avoidance": 80, "crash_protection": 80, "post_crash": 80},
    "2028": {"safe_driving": 80, "crash_avoidance": 80, "crash_protection": 80, "post_crash": 80},
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return compile_protocol(load_protocol("euro-ncap-2026"))


def _rated(
    plan: Plan, scores: dict[str, float], year: str | None = "2026", *, critical: bool = False
) -> Rating:
    facts = [Fact(f"given:{stage}", score, "1") for stage, score in scores.items()]
    if year is not None:
        facts.append(Fact("car/test_year", float(_YEARS.index(year)), "1"))
    facts.append(Fact("car/critical_body_region_without_points", float(critical), "1"))
    return rate(plan, facts)


def _scores(*values: float) -> dict[str, float]:
    return dict(zip(_STAGES, values, strict=True))


def _slow(scores: dict[str, float], year: str) -> dict[str, float]:
    """Search the moves as the rules say them."""
    start = _HEAD_START[year]
    found = None
    for a in range(-_AT_MOST, _AT_MOST + 1):
        for b in range(-_AT_MOST, _AT_MOST + 1):
            if abs(a) + abs(b) > _AT_MOST or a * b < 0:
                continue
            moved = {
                "safe_driving": scores["safe_driving"] + a,
                "crash_avoidance": scores["crash_avoidance"] - a - b,
                "crash_protection": scores["crash_protection"] + b,
            }
            levels = [moved[stage] + start[stage] for stage in _CHAIN]
            mean = sum(levels) / 3
            distance = sum((level - mean) ** 2 for level in levels)
            if found is None or distance < found[0] - 1e-9:
                found = (distance, moved)
    assert found is not None
    return {**found[1], "post_crash": scores["post_crash"]}


@settings(max_examples=80, deadline=None)
@given(values=st.lists(st.integers(0, 100), min_size=4, max_size=4), year=st.sampled_from(_YEARS))
def test_scores_after_balancing_stars_and_distances(plan: Plan, values: list[int], year: str) -> None:
    scores = _scores(*map(float, values))
    rating = _rated(plan, scores, year)
    (balance,) = stage_balances(rating)
    after = _slow(scores, year)
    assert balance.case == year
    assert [stage.name for stage in balance.stages] == list(_STAGES)
    for stage in balance.stages:
        lines = {stars: _FIVE_STARS[year][stage.name] - 10 * (5 - stars) for stars in (5, 4, 3, 2, 1)}
        assert dict(stage.thresholds) == lines
        assert stage.lower == stage.upper == scores[stage.name]
        assert stage.balanced == pytest.approx(after[stage.name])
        assert stage.moved == pytest.approx(after[stage.name] - scores[stage.name])
        reached = max((stars for stars, line in lines.items() if after[stage.name] >= line), default=0)
        assert stage.stars == reached
        if reached == 5:
            assert stage.next_star is None
        else:
            assert stage.next_star == (reached + 1, pytest.approx(lines[reached + 1] - after[stage.name]))
    fewest = min(stage.stars for stage in balance.stages if stage.stars is not None)
    assert balance.stars == rating.root.outcome == fewest
    limiting = {stage.name for stage in balance.limiting}
    assert limiting == ({s.name for s in balance.stages if s.stars == fewest} if fewest < 5 else set())
    assert balance.cap is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_says_all_of_it(plan: Plan, language: Language) -> None:
    # 2026: 60, 42 and 37 stand at 80, 52 and 37; five points go from Safe Driving to Crash Avoidance
    (balance,) = stage_balances(_rated(plan, _scores(60, 42, 37, 90)))
    drawn = check(balance_picture(balance, language), language)
    assert [name for name, _ in drawn.marked("data-stage")] == list(_STAGES)
    assert [node.get("data-stage") for _, node in drawn.marked("data-limits")] == ["crash_protection"]
    assert [amount for amount, _ in drawn.marked("data-moved")] == ["5"]
    assert len(drawn.marked("data-threshold")) == 4 * 5
    shown = set(drawn.texts)
    assert {"★★★★☆", "★★☆☆☆", "☆☆☆☆☆", "★★★★★"} <= shown
    assert {"1★ 20", "5★ 60", "5★ 80"} <= shown
    wanted = {
        "en": {
            "60 → 55 after balancing (−5)",
            "42 → 47 after balancing (+5)",
            "3 more for 1 star",
            "limits the car",
        },
        "zh": {"平衡后 60 → 55（−5）", "平衡后 42 → 47（+5）", "距 1 星差 3 分", "限制总评"},
    }[language]
    assert wanted <= shown
    for text in (*wanted, "2026"):
        assert text in drawn.picture.text + drawn.picture.title


def test_points_that_go_through_the_middle_are_told_twice(plan: Plan) -> None:
    # 2028, no offsets: what leaves the first stage and what reaches the third are two moves, each with its own arrow
    (balance,) = stage_balances(_rated(plan, _scores(90, 80, 70, 90), "2028"))
    after = _slow(_scores(90, 80, 70, 90), "2028")
    moved = [after[stage] - before for stage, before in zip(_CHAIN, (90, 80, 70), strict=True)]
    first, second = -moved[0], -(moved[0] + moved[1])
    drawn = check(balance_picture(balance, "en"), "en")
    expected = [f"{abs(amount):.0f}" for amount in (first, second) if amount]
    assert [amount for amount, _ in drawn.marked("data-moved")] == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_open_stage_shows_its_interval_and_no_balance(plan: Plan, language: Language) -> None:
    scores = _scores(60, 42, 37, 90)
    del scores["crash_avoidance"]
    (balance,) = stage_balances(_rated(plan, scores))
    assert balance.stars is None
    assert balance.limiting == ()
    assert all(stage.balanced is None for stage in balance.stages if stage.exchanges)
    drawn = check(balance_picture(balance, language), language)
    assert {"en": "between 0 and 100 points", "zh": "0 至 100 分之间"}[language] in drawn.texts
    assert {"en": "The car's stars are open.", "zh": "整车星级未定。"}[language] in drawn.texts
    assert not drawn.marked("data-moved")
    assert len(drawn.marked("data-threshold")) == 20


def test_without_a_year_there_are_no_thresholds_but_those_that_no_year_changes(plan: Plan) -> None:
    (balance,) = stage_balances(_rated(plan, _scores(60, 42, 37, 90), None))
    assert balance.case is None
    assert [len(stage.thresholds) for stage in balance.stages] == [0, 0, 0, 5]
    drawn = check(balance_picture(balance, "en"), "en")
    assert "Thresholds are not known: the test year is missing." in drawn.texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cap_is_named(plan: Plan, language: Language) -> None:
    rating = _rated(plan, _scores(95, 95, 95, 95), critical=True)
    (balance,) = stage_balances(rating)
    assert balance.stars == rating.root.outcome == 4
    assert balance.cap is not None
    drawn = check(balance_picture(balance, language), language)
    label = {"en": "A critical body region has no points", "zh": "某关键身体区域得分为零"}[language]
    assert label in drawn.picture.text


def test_a_stated_balance_is_not_explained_by_moves(plan: Plan) -> None:
    scores = _scores(60, 42, 37, 90)
    facts = [Fact(f"given:{stage}", score, "1") for stage, score in scores.items()]
    facts.append(Fact("car/test_year", 0.0, "1"))
    rating = rate(plan, facts, assumed={"stage_balance": 75.0})
    assert balancing(rating, "stage_balance").after == ()
    (balance,) = stage_balances(rating)
    assert all(stage.balanced is None for stage in balance.stages if stage.exchanges)
    check(balance_picture(balance, "en"), "en")


def test_only_a_node_that_balances_can_be_asked(plan: Plan) -> None:
    with pytest.raises(ValueError, match="post_crash"):
        balancing(_rated(plan, _scores(60, 42, 37, 90)), "post_crash")


def test_programmes_without_a_balance_have_no_picture() -> None:
    assert stage_balances(rate(compile_protocol(load_protocol("us-ncap-2011")), [])) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_never_taken_for_markup(language: Language) -> None:
    stage = Stage("s", HOSTILE, 10.0, 10.0, 100.0, ((1, 20.0),), 10.0, 0)
    balance = StageBalance(
        HOSTILE, HOSTILE["en"], (stage, replace(stage, name=HOSTILE["en"])), 1, 0, 5, HOSTILE
    )
    drawn = check(balance_picture(balance, language), language)
    assert HOSTILE[language] in drawn.texts
    assert "<script" not in drawn.picture.svg
    assert len(re.findall("<desc>", drawn.picture.svg)) == 1
