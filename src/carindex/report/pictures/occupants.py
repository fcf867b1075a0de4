"""The occupants of a load case on their seats: each body region in its colour, with its sign and its points."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from carindex.messages import Language
from carindex.report.pictures import bodies
from carindex.report.pictures.model import BodyRegion, LoadCase, Occupant, Palette, Picture
from carindex.report.pictures.svg import (
    BAD,
    EMPTY,
    FAINT,
    GRID,
    INK,
    LINE,
    SOFT,
    WHITE,
    element,
    ink_on,
    line,
    path,
    picture,
    rect,
    text,
    tip,
    wrapped,
)
from carindex.report.pictures.words import in_language, joined, said
from carindex.report.wording import points

#: Row and column of each seat in a plan whose front is at the top, for a driver at the left.
_SEATS = {
    "driver": (0, 0),
    "front_passenger": (0, 1),
    "behind_driver": (1, 0),
    "rear_left": (1, 0),
    "behind_passenger": (1, 1),
    "rear_right": (1, 1),
    "rear_second_row": (1, 0),
    "rear_third_row": (2, 0),
}
_COLUMN, _MARGIN, _BONNET, _HEAD = 226, 14, 52, 40
_FIGURE, _CHILD, _SIDE = 0.43, 0.36, 116
_NAME, _POINTS, _GAP = 10.5, 12.5, 7.0
#: Height of the sign on a region, by its main part; on the others there is room for the full height.
_SIGN, _SMALL_SIGNS = 11.0, {"neck": 7.0, "abdomen": 8.5, "pelvis": 9.5, "foot": 7.0}


def load_case_picture(case: LoadCase, palette: Palette, language: Language) -> Picture:
    """Return the occupants of a load case.

    Occupants that sit in a car are drawn on their seats in its plan, tests of a seat alone side by side from
    the side.

    Parameters
    ----------
    case
        Who sat where, and how each region came out.
    palette
        Colours by the words that the regions name; a region without a colour is grey.
    language
        Language of all texts.
    """
    if all(occupant.kind in ("neck", "head_restraint") for occupant in case.occupants):
        width, height, content = _beside(case, palette, language)
    else:
        width, height, content = _plan(case, palette, language)
    spoken = [_spoken(occupant, palette, language) for occupant in case.occupants]
    return picture(width, height, in_language(case.label, language), spoken, content, language)


def _spoken(occupant: Occupant, palette: Palette, language: Language) -> str:
    regions = " ".join(
        said(
            "region_spoken",
            language,
            region=in_language(region.label, language),
            colour=_colour_name(region, palette, language),
            points=_points(region, language),
        )
        for region in occupant.regions
    )
    head = said(
        "occupant_spoken",
        language,
        seat=in_language(occupant.label, language),
        dummy=in_language(occupant.dummy, language),
        points=joined(
            [
                _reached(occupant.score, occupant.maximum, language),
                said("capped", language) if occupant.capped else "",
            ],
            language,
        ),
    )
    return f"{head} {regions}"


def _reached(score: float | None, maximum: float, language: Language) -> str:
    return said("open", language) if score is None else f"{points(score)} / {points(maximum)}"


def _points(region: BodyRegion, language: Language) -> str:
    reached = _reached(region.score, region.maximum, language)
    return joined([reached, said("no_points", language)] if _vetoes(region) else [reached], language)


def _vetoes(region: BodyRegion) -> bool:
    """Whether a critical region has no points, which limits the whole car."""
    return region.critical and region.score == 0


def _colour_name(region: BodyRegion, palette: Palette, language: Language) -> str:
    paint = palette.get(region.colour or "")
    return in_language(paint.label, language) if paint else said("not_assessed", language)


# -- on the seats of a car -----------------------------------------------------------------------------------


def _plan(case: LoadCase, palette: Palette, language: Language) -> tuple[int, float, list[str]]:
    placed = _placed(case)
    rows = max(row for row, _ in placed) + 1
    width = 2 * _COLUMN + 3 * _MARGIN
    adult = bodies.Placed(0, 0, _FIGURE)
    content = []
    y = float(_BONNET)
    for row in range(rows):
        children = [
            occupant.kind == "child" for (at_row, _), (occupant, _) in placed.items() if at_row == row
        ]
        scale = _CHILD if children and all(children) else _FIGURE
        for column in (0, 1):
            x = _MARGIN + column * (_COLUMN + _MARGIN)
            at = bodies.Placed(x, y + _HEAD, scale)
            if (row, column) in placed:
                occupant, speaks = placed[row, column]
                own = _CHILD if occupant.kind == "child" else _FIGURE
                # a child sits in the middle of the seat that an adult would fill
                at = bodies.Placed(x + (adult.width - bodies.Placed(0, 0, own).width) / 2, y + _HEAD, own)
                content.append(_occupant(occupant, at, x, y, speaks, palette, language))
            else:
                middle = at.point(210, 0)[0]
                empty = text(
                    middle, at.y + 84, said("no_dummy", language), size=9.5, fill=SOFT, anchor="middle"
                )
                content.append(at.group(bodies.seat_shapes()) + empty)
        y += _HEAD + bodies.Placed(0, 0, scale).height + 18
    height = y + 14
    return width, height, [_car(width, height, language), *content]


def _placed(case: LoadCase) -> dict[tuple[int, int], tuple[Occupant, bool]]:
    """Return who sits where, and whether this is the figure that is spoken of.

    Seats that the plan does not know take the free places behind the front row.
    """
    placed: dict[tuple[int, int], tuple[Occupant, bool]] = {}
    elsewhere: list[tuple[Occupant, bool]] = []
    for occupant in case.occupants:
        for i, seat in enumerate(occupant.seats):
            if seat not in _SEATS or _SEATS[seat] in placed:
                elsewhere.append((occupant, i == 0))
                continue
            placed[_SEATS[seat]] = (occupant, i == 0)
    for entry in elsewhere:
        free = next((row, column) for row in count(1) for column in (0, 1) if (row, column) not in placed)
        placed[free] = entry
    if case.driver_at == "right":
        return {(row, 1 - column): entry for (row, column), entry in placed.items()}
    return placed


def _car(width: float, height: float, language: Language) -> str:
    """Return the outline of the car from above, front at the top, which says where the seats are."""
    left, right, bottom = 2.0, width - 2.0, height - 2.0
    middle = width / 2
    shell = (
        f"M{left} 86C{left} 30 {left + 70} 3 {middle} 3S{right} 30 {right} 86"
        f"V{bottom - 46}Q{right} {bottom} {right - 56} {bottom}H{left + 56}Q{left} {bottom} {left} {bottom - 46}Z"
    )
    screen = f"M{left + 46} 44Q{middle} 14 {right - 46} 44"
    rear = f"M{left + 52} {bottom - 12}H{right - 52}"
    arrow = f"M{middle} 8v12M{middle - 3.5} 12l3.5-4 3.5 4"
    return "".join(
        (
            path(shell, fill=FAINT, stroke=GRID, stroke_width=1.5),
            path(screen, stroke=GRID, stroke_width=1.5),
            path(rear, stroke=GRID, stroke_width=1.5),
            path(arrow, stroke=LINE, stroke_width=1.2),
            text(middle + 8, 18, said("front_of_car", language), size=9.5, fill=SOFT),
        )
    )


def _occupant(
    occupant: Occupant,
    at: bodies.Placed,
    x: float,
    y: float,
    speaks: bool,
    palette: Palette,
    language: Language,
) -> str:
    """Return a figure with what is said of it; the second dummy of an entry is coloured and not spoken of again."""
    child = occupant.kind == "child"
    seat = bodies.child_seat_shapes() if child else bodies.seat_shapes()
    rated = {part: region for region in occupant.regions for part in region.parts}
    shapes = [seat, bodies.arm_shapes()]
    shapes.extend(
        path(d, fill=EMPTY) for part, outlines in bodies.PARTS.items() if part not in rated for d in outlines
    )
    for region in occupant.regions:
        paint = palette.get(region.colour or "")
        fill = paint.fill if paint else EMPTY
        outline = "".join(path(d, fill=fill) for part in region.parts for d in bodies.PARTS[part])
        name = f"{occupant.name}/{region.name}" if speaks else None
        told = tip(_told(region, palette, language))
        shapes.append(element("g", told, outline, fill=fill, data_region=name))
    signs = "".join(_sign(region, at, palette, language) for region in occupant.regions if region.colour)
    return "".join((at.group(*shapes), signs, _beside_figure(occupant, at, x, y, speaks, palette, language)))


def _told(region: BodyRegion, palette: Palette, language: Language) -> str:
    name = in_language(region.label, language)
    return f"{name}: {_colour_name(region, palette, language)} · {_points(region, language)}"


def _sign(region: BodyRegion, at: bodies.Placed, palette: Palette, language: Language) -> str:
    paint = palette.get(region.colour or "")
    if paint is None:
        return ""
    x, y = at.sign_at(region.parts)
    sign = in_language(paint.sign, language)
    size = _SMALL_SIGNS.get(bodies.main_part(region.parts), _SIGN)
    return text(x, y + 0.36 * size, sign, size=size, fill=ink_on(paint.fill), anchor="middle", bold=True)


def _beside_figure(
    occupant: Occupant,
    at: bodies.Placed,
    x: float,
    y: float,
    speaks: bool,
    palette: Palette,
    language: Language,
) -> str:
    if not speaks:
        lines = wrapped(said("rated_together", language), _NAME, _SIDE)
        return "".join(
            text(x + _COLUMN - _SIDE, at.y + 30 + 13 * i, words, size=_NAME, fill=SOFT)
            for i, words in enumerate(lines)
        )
    parts = [_heading(occupant, x, y, _COLUMN, language)]
    side = x + _COLUMN - _SIDE
    below = at.y - 6.0
    for region in occupant.regions:
        names = wrapped(in_language(region.label, language), _NAME, _SIDE)
        note = wrapped(said("no_points", language), 9.5, _SIDE) if _vetoes(region) else []
        tall = 12 * len(names) + 15 + 11 * len(note)
        reach_x, reach_y = at.reach(region.parts)
        top = max(below + _GAP, reach_y - tall / 2)
        below = top + tall
        level = top + 12 * len(names) + 6.5
        parts.append(
            path(
                f"M{reach_x:.1f} {reach_y:.1f}L{side - 14:.1f} {level:.1f}H{side - 4:.1f}",
                stroke=LINE,
                stroke_width=0.7,
            )
        )
        parts.extend(
            text(side, top + 9 + 12 * i, words, size=_NAME, fill=SOFT) for i, words in enumerate(names)
        )
        parts.append(_chip(region, side, level, palette, language))
        parts.extend(
            text(side, level + 17 + 11 * i, words, size=9.5, fill=BAD) for i, words in enumerate(note)
        )
    return "".join(parts)


def _chip(region: BodyRegion, x: float, level: float, palette: Palette, language: Language) -> str:
    """Return the colour of a region with its sign, and its points, on one line."""
    paint = palette.get(region.colour or "")
    fill = paint.fill if paint else EMPTY
    sign = in_language(paint.sign, language) if paint else "–"
    return "".join(
        (
            rect(x, level - 6.5, 19, 13, fill),
            text(x + 9.5, level + 3.4, sign, size=9.5, fill=ink_on(fill), anchor="middle", bold=True),
            text(
                x + 25, level + 4.4, _reached(region.score, region.maximum, language), size=_POINTS, bold=True
            ),
        )
    )


def _heading(occupant: Occupant, x: float, y: float, width: float, language: Language) -> str:
    reached = _reached(occupant.score, occupant.maximum, language)
    capped = said("capped", language) if occupant.capped else ""
    return "".join(
        (
            text(x, y + 14, in_language(occupant.label, language), size=12.5, bold=True),
            text(x, y + 28, in_language(occupant.dummy, language), size=10, fill=SOFT),
            text(x + width, y + 14, reached, size=12.5, anchor="end", bold=True, fill=BAD if capped else INK),
            text(x + width, y + 28, capped, size=10, anchor="end", fill=BAD, bold=True) if capped else "",
        )
    )


# -- seats alone, from the side ------------------------------------------------------------------------------


def _beside(case: LoadCase, palette: Palette, language: Language) -> tuple[int, float, list[str]]:
    width = 2 * _COLUMN + 3 * _MARGIN
    pitch = _HEAD + 112.0
    rows = (len(case.occupants) + 1) // 2
    content: list[str] = []
    for i, occupant in enumerate(case.occupants):
        x = _MARGIN + (i % 2) * (_COLUMN + _MARGIN)
        content.append(_small(occupant, x, (i // 2) * pitch, palette, language))
    return width, rows * pitch + 6, content


def _small(occupant: Occupant, x: float, y: float, palette: Palette, language: Language) -> str:
    region: BodyRegion | None = occupant.regions[0] if occupant.regions else None
    paint = palette.get(region.colour or "") if region else None
    fill = paint.fill if paint else EMPTY
    neck = occupant.kind == "neck"
    shapes: Sequence[str] = (
        path(bodies.SIDE_SEAT, fill=FAINT, stroke=LINE, stroke_width=1),
        path(bodies.SIDE_POSTS, stroke=LINE, stroke_width=2),
        path(bodies.SIDE_RESTRAINT, fill=FAINT if neck else fill, stroke=LINE, stroke_width=1),
        path(bodies.SIDE_HEAD, fill=EMPTY if neck else WHITE, stroke=None if neck else GRID),
        path(bodies.SIDE_CHEST, fill=EMPTY if neck else WHITE, stroke=None if neck else GRID),
        path(bodies.SIDE_NECK, fill=fill if neck else WHITE, stroke=None if neck else GRID),
    )
    name = f"{occupant.name}/{region.name}" if region else None
    told = tip(_told(region, palette, language)) if region else ""
    figure = element(
        "g", told, *shapes, transform=f"translate({x - 30:.4g} {y + _HEAD:.4g})", data_region=name, fill=fill
    )
    side = x + _COLUMN - _SIDE
    parts = [_heading(occupant, x, y, _COLUMN, language), figure]
    if region is not None:
        start = (x + 42, y + _HEAD + 56) if neck else (x + 77, y + _HEAD + 32)
        level = y + _HEAD + 46.0
        parts.append(line(start[0], start[1], side - 4, level, LINE, stroke_width=0.7))
        parts.append(text(side, level - 12, in_language(region.label, language), size=_NAME, fill=SOFT))
        parts.append(_chip(region, side, level, palette, language))
        if _vetoes(region):
            notes = wrapped(said("no_points", language), 9.5, _SIDE)
            parts.extend(
                text(side, level + 18 + 11 * i, words, size=9.5, fill=BAD) for i, words in enumerate(notes)
            )
    return "".join(parts)
