"""The balance of the stages: scores before and after, what was moved, star thresholds, and what limits the car."""

from __future__ import annotations

from itertools import pairwise

from carindex.messages import Language
from carindex.report.pictures.model import Picture, Stage, StageBalance
from carindex.report.pictures.svg import (
    ACCENT,
    INK,
    LINE,
    SOFT,
    WARN,
    WHITE,
    breadth,
    element,
    line,
    path,
    picture,
    rect,
    text,
    wrapped,
)
from carindex.report.pictures.words import in_language, said
from carindex.report.wording import MINUS, STAR, points, stars_text

_WIDTH, _LEFT, _RIGHT = 480, 30.0, 8.0
_ROW, _BAR, _BAR_AT = 98.0, 18.0, 44.0
_PALE, _HATCH = "#c9d8ea", "#5d7ea8"


def balance_picture(balance: StageBalance, language: Language) -> Picture:
    """Return the stages of a car as bars on the scale of their stars.

    A bar shows the score before balancing: what balancing added is hatched beside it, what it took is hollow.
    The heavy line is the score that counts. Ticks are the thresholds of the stars.

    Parameters
    ----------
    balance
        The stages with their thresholds, and what they come to.
    language
        Language of all texts.
    """
    content = []
    limiting = balance.limiting
    for i, stage in enumerate(balance.stages):
        content.append(_stage(stage, i * _ROW + 4, stage in limiting, balance, language))
    content.extend(_arrows(balance))
    below = len(balance.stages) * _ROW + 14.0
    notes = _notes(balance, language)
    for note in notes:
        for words in wrapped(note, 11, _WIDTH - _LEFT - _RIGHT):
            content.append(text(_LEFT, below, words, size=11, fill=SOFT))
            below += 15
    title = in_language(balance.label, language)
    if balance.case is not None:
        title = said("balance_title", language, label=title, case=balance.case)
    spoken = [*(_spoken(stage, stage in limiting, balance, language) for stage in balance.stages), *notes]
    return picture(_WIDTH, below - 4, title, spoken, content, language)


def _span(stage: Stage) -> float:
    """Return the length of one point of a stage."""
    return (_WIDTH - _LEFT - _RIGHT) / stage.maximum


def _stage(stage: Stage, y: float, limits: bool, balance: StageBalance, language: Language) -> str:
    per_point = _span(stage)
    colour = WARN if limits else ACCENT
    top = y + _BAR_AT
    known = stage.lower == stage.upper
    before = stage.lower
    after = before if stage.balanced is None else stage.balanced

    def x(score: float) -> float:
        return _LEFT + score * per_point

    name = in_language(stage.label, language)
    parts = [
        text(_LEFT, y + 14, name, size=13, bold=True),
        text(_WIDTH - _RIGHT, y + 14, _stars(stage, balance), size=13, fill=colour, anchor="end"),
        rect(_LEFT, top, stage.maximum * per_point, _BAR, "#e9edf1"),
        rect(_LEFT, top, min(before, after) * per_point, _BAR, colour),
    ]
    if limits:
        parts.append(
            text(
                _LEFT + breadth(name, 13) + 12,
                y + 14,
                said("limits", language),
                size=11,
                fill=WARN,
                bold=True,
            )
        )
    if not known:
        parts.append(_hatched(x(stage.lower), top, x(stage.upper), LINE))
    elif after > before:
        parts.append(_hatched(x(before), top, x(after), _HATCH))
    elif after < before:
        parts.append(
            rect(
                x(after),
                top + 0.75,
                x(before) - x(after) - 0.75,
                _BAR - 1.5,
                WHITE,
                stroke=colour,
                stroke_width=1.5,
                stroke_dasharray="3 2",
            )
        )
    parts.append(_thresholds(stage, top, per_point))
    if stage.balanced is not None:
        at = x(after)
        parts.append(line(at, top - 3, at, top + _BAR + 3, INK, stroke_width=2.4))
    words, rest = _words(stage, language), _next(stage, language)
    parts.append(text(_LEFT, top + _BAR + 16, words, size=11))
    if rest:
        parts.append(
            text(_WIDTH - _RIGHT, top + _BAR + 16, rest, size=11, anchor="end", bold=limits, fill=colour)
        )
    return element("g", *parts, data_stage=stage.name, data_limits="yes" if limits else None)


def _hatched(start: float, top: float, end: float, colour: str) -> str:
    """Return a hatched stretch of a bar, its strokes cut at its ends."""
    strokes = []
    at = start - _BAR
    while at < end:
        low, high = max(0.0, start - at), min(_BAR, end - at)
        if high > low:
            strokes.append(f"M{at + low:.1f} {top + _BAR - low:.1f}L{at + high:.1f} {top + _BAR - high:.1f}")
        at += 4.5
    return rect(start, top, end - start, _BAR, _PALE) + path(
        "".join(strokes), stroke=colour, stroke_width=1.1
    )


def _thresholds(stage: Stage, top: float, per_point: float) -> str:
    parts = []
    for stars, score in stage.thresholds:
        x = _LEFT + score * per_point
        parts.append(line(x, top - 4, x, top + _BAR, WHITE, stroke_width=2.2))
        parts.append(line(x, top - 4, x, top + _BAR, SOFT, stroke_width=0.8, data_threshold=stars))
        parts.append(text(x, top - 7, f"{stars}{STAR} {points(score)}", size=8.5, fill=SOFT, anchor="middle"))
    return "".join(parts)


def _arrows(balance: StageBalance) -> list[str]:
    """Return the points that went from stage to stage along the chain, beside the bars."""
    chain = [(i, stage) for i, stage in enumerate(balance.stages) if stage.exchanges]
    parts = []
    carried = 0.0
    for (i, stage), (j, _) in pairwise(chain):
        # what the stages so far have lost has gone on to the next
        carried -= stage.moved
        if abs(carried) < 1e-9:
            continue
        start, end = (i, j) if carried > 0 else (j, i)
        y1, y2 = (at * _ROW + 4 + _BAR_AT + _BAR / 2 for at in (start, end))
        gap = 12 if y2 > y1 else -12
        y1, y2 = y1 + gap, y2 - gap
        parts.append(path(f"M{_LEFT - 4} {y1:.1f}H12V{y2:.1f}H{_LEFT - 5}", stroke=ACCENT, stroke_width=1.4))
        parts.append(path(f"M{_LEFT - 10} {y2 - 4:.1f}l6 4-6 4", stroke=ACCENT, stroke_width=1.4))
        middle = (y1 + y2) / 2
        amount = points(abs(carried))
        parts.append(rect(1, middle - 9, 22, 18, WHITE, stroke=ACCENT, stroke_width=1, rx=9))
        parts.append(
            text(12, middle + 4, amount, size=11, fill=ACCENT, anchor="middle", bold=True, data_moved=amount)
        )
    return parts


def _stars(stage: Stage, balance: StageBalance) -> str:
    return "" if stage.stars is None else stars_text(stage.stars, balance.most_stars)


def _stars_spoken(count: int, language: Language) -> str:
    if count < 2:
        return said("star_one" if count else "star_none", language)
    return said("stars_of", language, count=count)


def _words(stage: Stage, language: Language) -> str:
    if stage.lower != stage.upper:
        return said("between", language, low=points(stage.lower), high=points(stage.upper))
    score = points(stage.lower)
    if stage.balanced is None:
        return said("score_is", language, score=score)
    if not stage.exchanges:
        return said("outside", language, score=score)
    if not stage.moved:
        return said("unchanged", language, score=score)
    moved = f"+{points(stage.moved)}" if stage.moved > 0 else f"{MINUS}{points(-stage.moved)}"
    return said("after_balancing", language, before=score, after=points(stage.balanced), moved=moved)


def _next(stage: Stage, language: Language) -> str:
    if not stage.thresholds or stage.balanced is None:
        return ""
    following = stage.next_star
    if following is None:
        return said("all_stars", language)
    stars, lacking = following
    return said("to_next", language, points=points(lacking), stars=_stars_spoken(stars, language))


def _notes(balance: StageBalance, language: Language) -> list[str]:
    notes = []
    if balance.case is None:
        notes.append(said("no_case", language))
    if balance.stars is None:
        notes.append(said("car_open", language))
    elif balance.cap is not None:
        cap = in_language(balance.cap, language)
        notes.append(said("car_capped", language, stars=_stars_spoken(balance.stars, language), cap=cap))
    else:
        notes.append(said("car_stars", language, stars=_stars_spoken(balance.stars, language)))
    notes.append(said("moves_at_most", language, count=balance.most_moved))
    if any(stage.moved for stage in balance.stages):
        notes.append(said("moves_shown", language))
    return notes


def _spoken(stage: Stage, limits: bool, balance: StageBalance, language: Language) -> str:
    parts = [in_language(stage.label, language), _words(stage, language)]
    if stage.stars is not None:
        parts.append(_stars_spoken(stage.stars, language))
    parts.extend(
        part for part in (_next(stage, language), said("limits", language) if limits else "") if part
    )
    return (", ".join(parts) + ".") if language == "en" else ("，".join(parts) + "。")
