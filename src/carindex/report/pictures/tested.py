"""What impact maps and matrices share: cells of a colour, tested points in them, counts in words, and the legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from carindex.messages import Language
from carindex.report.pictures.model import Paint, Palette, Verified
from carindex.report.pictures.svg import (
    BAD,
    EMPTY,
    INK,
    SOFT,
    WHITE,
    breadth,
    element,
    fitted,
    ink_on,
    path,
    rect,
    text,
)
from carindex.report.pictures.words import in_language, joined, said
from carindex.report.wording import MINUS, with_unit

#: Opacity of colours that stand for what is not rated.
FAINT_OPACITY = 0.3
_NOTHING = "–"


def cell_shape(
    x: float,
    y: float,
    width: float,
    height: float,
    paint: Paint | None,
    *content: str,
    light: bool = False,
    **more: object,
) -> str:
    """Return the box of a cell in its colour; without one it is grey, ``light`` where a drawing lies behind."""
    faint = FAINT_OPACITY if (paint.faint if paint else light) else None
    fill = paint.fill if paint else EMPTY
    return element(
        "rect", *content, x=x, y=y, width=width, height=height, fill=fill, fill_opacity=faint, **more
    )


def cell_sign(x: float, y: float, paint: Paint | None, size: float, language: Language) -> str:
    """Return the sign of a cell around a point."""
    if paint is None:
        return text(x, y + 0.36 * size, _NOTHING, size=size, fill=SOFT, anchor="middle")
    ink = SOFT if paint.faint else ink_on(paint.fill)
    sign = in_language(paint.sign, language)
    size = fitted(sign, size, 22)
    return text(x, y + 0.36 * size, sign, size=size, fill=ink, anchor="middle", bold=not paint.faint)


def pill(
    x: float, y: float, width: float, height: float, verified: Verified, palette: Palette, language: Language
) -> str:
    """Return a tested point: the measured colour on white, its sign and value, a cross where it is not as predicted."""
    paint = palette.get(verified.colour or "")
    fill = paint.fill if paint else EMPTY
    sign = in_language(paint.sign, language) if paint else ""
    words = " ".join(part for part in (sign, short(verified.value)) if part)
    size = fitted(words, 9, width - 3)
    middle_x, middle_y = x + width / 2, y + height / 2
    parts = [
        rect(x, y, width, height, fill, rx=height / 2, stroke=WHITE, stroke_width=1.6),
        rect(
            x - 0.9,
            y - 0.9,
            width + 1.8,
            height + 1.8,
            "none",
            rx=height / 2 + 0.9,
            stroke=INK,
            stroke_width=0.7,
        ),
        text(
            middle_x, middle_y + 0.36 * size, words, size=size, fill=ink_on(fill), anchor="middle", bold=True
        ),
    ]
    if verified.correct is False:
        parts.append(cross(x + width - 1, y + 1))
    return element("g", *parts, data_measured=verified.colour or "")


def cross(x: float, y: float) -> str:
    """Return the mark of a point that did not come out as predicted."""
    arms = f"M{x - 2.4:.2f} {y - 2.4:.2f}l4.8 4.8M{x + 2.4:.2f} {y - 2.4:.2f}l-4.8 4.8"
    ground = element("circle", cx=x, cy=y, r=4.6, fill=WHITE, stroke=BAD, stroke_width=0.8)
    return ground + path(arms, stroke=BAD, stroke_width=1.5)


def short(value: str) -> str:
    """Return a value as it fits into a cell: no decimals from 100 on, at most two figures behind the point before."""
    try:
        size = float(value.replace(MINUS, "-"))
    except ValueError:
        return value
    shown = f"{size:.0f}" if abs(size) >= 100 else f"{size:.2f}" if abs(size) < 10 else f"{size:.1f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return shown.replace("-", MINUS)


def tested_words(place: str, predicted: str, verified: Verified, palette: Palette, language: Language) -> str:
    """Return a tested point in words: where, predicted, measured, and whether the one is the other."""
    paint = palette.get(verified.colour or "")
    measured = in_language(paint.label, language) if paint else said("not_assessed", language)
    quantity = in_language(verified.quantity, language) if verified.quantity else ""
    value = with_unit(verified.value, verified.unit)
    judged = {None: "", True: "as_predicted", False: "not_as_predicted"}[verified.correct]
    parts = [
        predicted,
        said("measured", language, colour=measured),
        f"{quantity} {value}".strip(),
        said(judged, language) if judged else "",
    ]
    return (
        f"{place}: {joined(parts, language)}" if language == "en" else f"{place}：{joined(parts, language)}"
    )


def predicted_words(paint: Paint | None, language: Language) -> str:
    """Return what was predicted."""
    if paint is None:
        return said("not_predicted", language)
    return said("predicted", language, colour=in_language(paint.label, language))


def counts_words(colours: Iterable[str | None], palette: Palette, language: Language) -> str:
    """Return how many cells have which colour, in the order of the palette."""
    counts = Counter(colour if colour in palette else None for colour in colours)
    named = [
        said("count_of", language, count=counts[word], colour=in_language(paint.label, language))
        for word, paint in palette.items()
        if counts[word]
    ]
    if counts[None]:
        named.append(said("count_of", language, count=counts[None], colour=said("not_predicted", language)))
    return joined(named, language)


class Legend:
    """Entries in rows from left to right; ``bottom`` is where the last row ends."""

    def __init__(self, x: float, y: float, width: float) -> None:
        self.left, self.width = x, width
        self.x, self.y = x, y
        self.parts: list[str] = []

    @property
    def bottom(self) -> float:
        """Where the rows end."""
        return self.y + 15

    def add(self, symbol: str, symbol_width: float, words: str) -> None:
        """Add an entry; ``symbol`` is drawn with its left upper corner at 0, 0 and is 13 high."""
        size = 10.0
        needed = symbol_width + 6 + breadth(words, size)
        if self.x > self.left and self.x + needed > self.left + self.width:
            self.x, self.y = self.left, self.y + 18
        moved = element("g", symbol, transform=f"translate({self.x:.1f} {self.y:.1f})")
        self.parts.append(moved + text(self.x + symbol_width + 5, self.y + 10, words, size=size, fill=SOFT))
        self.x += needed + 12

    def add_palette(self, palette: Palette, language: Language) -> None:
        """Add each colour with its sign."""
        for paint in palette.values():
            box = cell_shape(0, 0, 24, 13, paint) + cell_sign(12, 6.5, paint, 9, language)
            self.add(box, 24, in_language(paint.label, language))

    def add_tested(self, verified: Iterable[Verified | None], language: Language) -> None:
        """Add what marks a tested point, and the cross where one came out otherwise than predicted."""
        known = [point for point in verified if point is not None]
        if not known:
            return
        shape = rect(1, 0.5, 26, 12, EMPTY, rx=6, stroke=INK, stroke_width=0.8)
        self.add(
            shape + text(14, 9.6, "00", size=8.5, anchor="middle", bold=True),
            28,
            said("legend_tested", language),
        )
        if any(point.correct is False for point in known):
            self.add(cross(6, 6.5), 12, said("not_as_predicted", language))
