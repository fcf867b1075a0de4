"""A small writer of SVG: elements, texts that fit, inks that can be read on a fill."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from carindex.messages import Language
from carindex.report.pictures.model import Picture

#: The report's own colours.
INK, SOFT, LINE, FAINT, GRID = "#16202c", "#566270", "#9aa5b1", "#f5f7f9", "#dde2e8"
ACCENT, WARN, BAD, EMPTY = "#1d4e89", "#9a5b00", "#a8322d", "#dfe3e8"
WHITE, BLACK = "#ffffff", "#000000"
FONT = "Noto Sans CJK SC, sans-serif"
#: Mean breadth of a letter as a share of its height; capitals and figures run wider than small letters.
_SMALL, _WIDE, _CHINESE = 0.53, 0.6, 1.0
#: What a line may be broken between: a word with the spaces after it, or one Chinese character with a mark after it.
_PIECES = re.compile(r"[\u2e80-\uffff][，。、：；）]?|[^\s\u2e80-\uffff]+\s*|\s+")


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def element(name: str, *content: str, **attributes: object) -> str:
    """Return an element around finished content.

    Attributes that are ``None`` are left out; ``_`` in a name stands for ``-``; all values are escaped.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(content)}</{name}>" if content else f"<{name}{written}/>"


def _value(value: object) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return number(value)
    return escape(str(value))


def text(
    x: float,
    y: float,
    content: str,
    *,
    size: float = 11,
    fill: str = INK,
    anchor: str | None = None,
    bold: bool = False,
    **more: object,
) -> str:
    """Return a line of text; ``anchor`` is ``middle`` or ``end``, the start by default."""
    weight = 600 if bold else None
    return element(
        "text",
        escape(content, quote=False),
        x=x,
        y=y,
        font_size=size,
        fill=fill,
        text_anchor=anchor,
        font_weight=weight,
        **more,
    )


def rect(x: float, y: float, width: float, height: float, fill: str, *content: str, **more: object) -> str:
    """Return a rectangle."""
    return element("rect", *content, x=x, y=y, width=width, height=height, fill=fill, **more)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, **more: object) -> str:
    """Return a straight line."""
    d = f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"
    return element("path", d=d, fill="none", stroke=stroke, **more)


def path(d: str, *content: str, fill: str = "none", **more: object) -> str:
    """Return a path."""
    return element("path", *content, d=d, fill=fill, **more)


def tip(words: str) -> str:
    """Return what a pointer that rests on an element is told."""
    return element("title", escape(words, quote=False))


def breadth(words: str, size: float) -> float:
    """Return about how broad a text of a height is; rather too broad than too narrow."""
    return size * sum(
        _CHINESE if ord(letter) > 0x2E80 else _WIDE if letter.isupper() or letter.isdigit() else _SMALL
        for letter in words
    )


def fitted(words: str, size: float, width: float) -> float:
    """Return the height of a text, or less where it would be broader than a width."""
    needed = breadth(words, 1)
    return min(size, width / needed) if needed else size


def wrapped(words: str, size: float, width: float) -> list[str]:
    """Return a text in lines that fit a width: broken at spaces, between Chinese characters anywhere."""
    lines = [""]
    for piece in _PIECES.findall(words):
        if lines[-1] and breadth((lines[-1] + piece).rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    return [kept.strip() for kept in lines if kept.strip()] or [""]


def ink_on(fill: str) -> str:
    """Return white or black, whichever has the greater contrast on a fill."""
    light = _luminance(fill)
    return WHITE if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 else BLACK


def _luminance(fill: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as the contrast rules for web pages define it."""
    parts = [int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def picture(
    width: int,
    height: float,
    title: str,
    spoken: Sequence[str],
    content: Sequence[str],
    language: Language,
    lines: Sequence[str] = (),
) -> Picture:
    """Return a finished drawing with its title and its description in words."""
    words = " ".join(part for part in spoken if part)
    svg = element(
        "svg",
        element("title", escape(title, quote=False)),
        element("desc", escape(words, quote=False)),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
        lang="zh-Hans" if language == "zh" else "en",
        font_family=FONT,
    )
    return Picture(svg, title, words, tuple(lines), width)
