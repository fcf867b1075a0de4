"""Charts of comparisons as our own SVG: matrices, pairs of bars, histograms. Words and colours are handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carindex.messages import Language
from carindex.report.pictures.model import Picture
from carindex.report.pictures.svg import (
    ACCENT,
    BAD,
    GRID,
    INK,
    SOFT,
    breadth,
    ink_on,
    line,
    picture,
    rect,
    text,
    tip,
)

BETTER = "#22665a"
_PALE = "#9fb6d2"
_WIDTH = 620
_STEP = 46


def _shade(colour: str, share: float) -> str:
    """Return a colour mixed with white: all of it at 1, hardly any at 0."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    weight = 0.12 + 0.88 * share
    return "#" + "".join(f"{round(255 + (part - 255) * weight):02x}" for part in parts)


def matrix_chart(
    names: Sequence[str],
    counts: Sequence[Sequence[int]],
    title: str,
    axes: tuple[str, str],
    tips: Sequence[Sequence[str]],
    language: Language,
) -> Picture:
    """Return a square matrix of counts as a heat map: equal on the diagonal, better above it, worse below it.

    Parameters
    ----------
    names
        Outcomes, the worst first.
    counts
        By outcome before (rows) and after (columns).
    axes
        What rows and columns are.
    tips
        What each cell says in words.
    """
    size, left, top = _STEP, max(breadth(name, 12) for name in names) + 34, 44
    most = max(1, *(count for row in counts for count in row))
    content = [
        text(left + size * len(names) / 2, 14, axes[1], size=12, fill=SOFT, anchor="middle"),
        text(
            12,
            top + size * len(names) / 2,
            axes[0],
            size=12,
            fill=SOFT,
            anchor="middle",
            transform=f"rotate(-90 12 {top + size * len(names) / 2:g})",
        ),
    ]
    for i, name in enumerate(names):
        content.append(text(left + size * (i + 0.5), top - 8, name, size=12, anchor="middle"))
        content.append(text(left - 8, top + size * (i + 0.5) + 4, name, size=12, anchor="end"))
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            colour = ACCENT if i == j else BETTER if j > i else BAD
            fill = _shade(colour, (count / most) ** 0.5) if count else "#f5f7f9"
            x, y = left + size * j, top + size * i
            content.append(rect(x + 1, y + 1, size - 2, size - 2, fill, tip(tips[i][j])))
            if count:
                middle = {"size": 12.5, "fill": ink_on(fill), "anchor": "middle", "bold": True}
                content.append(text(x + size / 2, y + size / 2 + 4.5, f"{count}", **middle))  # type: ignore[arg-type]
    spoken = [words for i, row in enumerate(tips) for j, words in enumerate(row) if counts[i][j]]
    width = round(left + size * len(names) + 12)
    return picture(width, top + size * len(names) + 8, title, spoken, content, language)


@dataclass(frozen=True)
class Pair:
    """Two bars beside each other: a name, two amounts, what they say; ``hatched``: of something open."""

    name: str
    amounts: tuple[float, float]
    said: tuple[str, str]
    hatched: bool = False


def pairs_chart(pairs: Sequence[Pair], title: str, names: tuple[str, str], language: Language) -> Picture:
    """Return pairs of bars, before above after."""
    left = min(220.0, max(breadth(pair.name, 12) for pair in pairs) + 14)
    room = _WIDTH - left - 70
    most = max((amount for pair in pairs for amount in pair.amounts), default=1.0) or 1.0
    content = [
        rect(left, 4, 11, 11, _PALE),
        text(left + 16, 14, names[0], size=12),
        rect(left + 32 + breadth(names[0], 12), 4, 11, 11, ACCENT),
        text(left + 48 + breadth(names[0], 12), 14, names[1], size=12),
    ]
    y = 26.0
    for pair in pairs:
        content.append(text(left - 8, y + 18, pair.name, size=12, anchor="end"))
        for k, (amount, said) in enumerate(zip(pair.amounts, pair.said, strict=True)):
            fill = (_PALE, ACCENT)[k]
            more = {"fill_opacity": 0.45, "stroke": fill} if pair.hatched else {}
            width = room * amount / most
            content.append(rect(left, y + 14 * k, max(width, 0.6), 12, fill, tip(said), **more))
            content.append(text(left + width + 6, y + 14 * k + 10.5, f"{amount:g}", size=11, fill=SOFT))
        y += 36
    spoken = [said for pair in pairs for said in pair.said]
    return picture(_WIDTH, y, title, spoken, content, language)


def histogram_chart(
    edges: Sequence[float],
    counts: Sequence[int],
    title: str,
    axis: str,
    tips: Sequence[str],
    language: Language,
    *,
    split: float | None = 0.0,
    better: str = "higher",
) -> Picture:
    """Return a histogram; bars beyond ``split`` on the better side are green, on the other side red.

    Parameters
    ----------
    edges, counts
        As of ``numpy.histogram``.
    axis
        What is counted, below the axis.
    tips
        What each bar says in words.
    split
        Where better and worse part; ``None``: one colour.
    better
        ``higher`` or ``lower``.
    """
    left, top, height, base = 52.0, 14.0, 190.0, 204.0
    room = _WIDTH - left - 16
    low, high = edges[0], edges[-1]
    scale = room / ((high - low) or 1.0)
    most = max(counts) or 1
    content = []
    for share in (0.5, 1.0):
        y = base - height * share
        content.append(line(left, y, left + room, y, GRID))
        content.append(text(left - 6, y + 4, f"{most * share:g}", size=11, fill=SOFT, anchor="end"))
    for i, count in enumerate(counts):
        if not count:
            continue
        middle = (edges[i] + edges[i + 1]) / 2
        fill = ACCENT
        if split is not None:
            inside = edges[i] <= split <= edges[i + 1]
            fill = ACCENT if inside else BETTER if (middle > split) == (better == "higher") else BAD
        x, width = left + (edges[i] - low) * scale, (edges[i + 1] - edges[i]) * scale
        tall = max(1.0, height * count / most)
        content.append(rect(x + 0.5, base - tall, max(width - 1, 0.8), tall, fill, tip(tips[i])))
    content.append(line(left, base, left + room, base, SOFT))
    for value in ticks(low, high):
        x = left + (value - low) * scale
        content.append(line(x, base, x, base + 4, SOFT))
        content.append(text(x, base + 17, f"{value:g}".replace("-", "−"), size=11, anchor="middle"))
    if split is not None and low < split < high:
        x = left + (split - low) * scale
        content.append(line(x, top, x, base, INK, stroke_dasharray="3 3"))
    content.append(text(left + room, base + 36, axis, size=12, fill=SOFT, anchor="end"))
    spoken = [words for words, count in zip(tips, counts, strict=True) if count]
    return picture(_WIDTH, base + 44, title, spoken, content, language)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Return round numbers between two others, about so many."""
    from math import ceil, floor, log10

    span = high - low
    if not span > 0:
        return [low]
    raw = span / about
    size = 10.0 ** floor(log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw * 0.999)
    first = ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) for i in range(floor(high / step + 1e-9) - first + 1)]


@dataclass(frozen=True)
class Bar:
    """A bar of a share: what is sure of it, what is possible, its interval, and what is written beside it."""

    name: str
    lower: float
    upper: float
    low: float
    high: float
    said: str
    strong: bool = False


def shares_chart(bars: Sequence[Bar], title: str, language: Language) -> Picture:
    """Return bars of shares from 0 to 1: full where sure, pale where possible, with a line for the interval."""
    left = min(240.0, max(breadth(bar.name, 12) for bar in bars) + 14)
    aside = max(breadth(bar.said, 11) for bar in bars) + 16
    room = _WIDTH + 60 - left - aside
    content = []
    for k in range(5):
        x = left + room * k / 4
        content.append(line(x, 6, x, 8 + 26 * len(bars), GRID))
        content.append(text(x, 24 + 26 * len(bars), f"{25 * k} %", size=11, fill=SOFT, anchor="middle"))
    for i, bar in enumerate(bars):
        y = 8 + 26 * i
        content.append(text(left - 8, y + 14, bar.name, size=12, anchor="end", bold=bar.strong))
        if bar.upper > bar.lower:
            content.append(rect(left, y + 3, max(room * bar.upper, 0.6), 15, "#c9d6e6", tip(bar.said)))
        if bar.lower > 0:
            content.append(rect(left, y + 3, max(room * bar.lower, 0.6), 15, ACCENT, tip(bar.said)))
        content.append(
            line(left + room * bar.low, y + 10.5, left + room * bar.high, y + 10.5, INK, stroke_width=1.4)
        )
        content.append(text(left + room + 10, y + 14, bar.said, size=11, fill=SOFT))
    spoken = [f"{bar.name}: {bar.said}" for bar in bars]
    return picture(_WIDTH + 60, 32 + 26 * len(bars), title, spoken, content, language)


@dataclass(frozen=True)
class TornadoBar:
    """Two indices of a factor, total behind first order, each with the half width of its interval."""

    name: str
    first: float
    total: float
    confidence: float
    said: str


def tornado_chart(
    bars: Sequence[TornadoBar], title: str, names: tuple[str, str], language: Language
) -> Picture:
    """Return the indices of factors as bars, the greatest first."""
    width = 900
    broadest = max(breadth(bar.name, 11.5) for bar in bars)
    left = min(520.0, broadest + 14)
    size = 11.5 * min(1.0, (left - 12) / broadest)
    room = width - left - 60
    most = max([0.05, *(bar.total + bar.confidence for bar in bars)])
    content = [
        rect(left, 4, 11, 11, _PALE),
        text(left + 16, 14, names[1], size=12),
        rect(left + 36 + breadth(names[1], 12), 4, 11, 11, ACCENT),
        text(left + 52 + breadth(names[1], 12), 14, names[0], size=12),
    ]
    for i, bar in enumerate(bars):
        y = 26 + 22 * i
        content.append(text(left - 8, y + 12, bar.name, size=size, anchor="end"))
        total, first = (room * max(0.0, value) / most for value in (bar.total, bar.first))
        content.append(rect(left, y, max(total, 0.6), 15, _PALE, tip(bar.said)))
        content.append(rect(left, y + 4, max(first, 0.6), 7, ACCENT, tip(bar.said)))
        low, high = (left + room * max(0.0, bar.total + k * bar.confidence) / most for k in (-1, 1))
        content.append(line(low, y + 7.5, high, y + 7.5, INK, stroke_width=1.2))
        content.append(text(max(left + total, high) + 6, y + 12, f"{bar.total:.2f}", size=11, fill=SOFT))
    return picture(width, 32 + 22 * len(bars), title, [bar.said for bar in bars], content, language)
