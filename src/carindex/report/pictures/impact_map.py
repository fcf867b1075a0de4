"""The impact map: predicted cells of the headforms and the rows of the legforms, over the front of a car."""

from __future__ import annotations

from carindex.messages import Language
from carindex.report.pictures.car_front import Front, car_body, car_lines
from carindex.report.pictures.model import BumperPoint, BumperRow, ImpactMap, MapBand, Palette, Picture
from carindex.report.pictures.svg import (
    GRID,
    INK,
    LINE,
    SOFT,
    element,
    fitted,
    ink_on,
    path,
    picture,
    rect,
    text,
    tip,
    wrapped,
)
from carindex.report.pictures.tested import (
    Legend,
    cell_shape,
    cell_sign,
    counts_words,
    pill,
    predicted_words,
    short,
    tested_words,
)
from carindex.report.pictures.words import in_language, joined, said
from carindex.report.wording import MINUS, points

_CELL_W, _CELL_H, _BUMPER_H = 33.0, 22.0, 24.0
_LABELS, _DISTANCES, _TOP, _RIGHT, _GAP = 86.0, 46.0, 40.0, 16.0, 26.0
#: How far the mirrors reach into the labels.
_MIRROR = 14.0


def impact_map_picture(drawn: ImpactMap, palette: Palette, language: Language) -> Picture:
    """Return the impact map of a car front.

    Parameters
    ----------
    drawn
        Cells, bands and bumper rows. Cells of the same place must not be given twice.
    palette
        The words that a cell may say with their fills, and the colours of measured points.
    language
        Language of all texts.
    """
    grid = _Grid(drawn)
    width = int(_LABELS + _DISTANCES + grid.width + _RIGHT)
    legend = Legend(_LABELS + _DISTANCES, grid.bumper_bottom + 26, grid.width)
    legend.add_palette(palette, language)
    legend.add_tested([cell.verified for cell in drawn.cells], language)
    if any(point.inferred for row in drawn.bumper for point in row.points):
        dashed = rect(0.5, 0.5, 23, 12, "none", stroke=INK, stroke_width=0.8, stroke_dasharray="2.5 2")
        legend.add(dashed, 24, said("legend_inferred", language))
    content = [
        car_body(grid.front),
        *_cells(drawn, grid, palette, language),
        *_bumper_cells(drawn, grid, palette),
        car_lines(grid.front),
        *_signs(drawn, grid, palette, language),
        *_bumper_signs(drawn, grid, palette, language),
        *_axes(drawn, grid, language),
        *legend.parts,
    ]
    title = in_language(drawn.label, language)
    lines = _lines(drawn, palette, language)
    spoken = [
        *_spoken(drawn, palette, language),
        *(f"{line}." if language == "en" else f"{line}。" for line in lines),
    ]
    return picture(width, legend.bottom + 4, title, spoken, content, language, lines)


class _Grid:
    """Where rows and columns lie."""

    def __init__(self, drawn: ImpactMap) -> None:
        self.rows, self.columns = len(drawn.distances), drawn.columns
        self.left, self.top = _LABELS + _DISTANCES, _TOP
        self.width, self.height = len(drawn.columns) * _CELL_W, self.rows * _CELL_H
        self.bottom = self.top + self.height
        self.bumper_top = self.bottom + _GAP
        self.bumper_bottom = self.bumper_top + len(drawn.bumper) * _BUMPER_H

    @property
    def front(self) -> Front:
        """The frame that the car is drawn in."""
        return Front(
            self.left + self.width / 2, self.width / 2, self.bottom - _CELL_H / 2, _CELL_H, self.bumper_bottom
        )

    def x(self, column: float) -> float:
        """Return the left edge of a column; fractions lie between columns, counted as the programme does."""
        return self.left + (self.columns[0] - column) * _CELL_W

    def y(self, row: float) -> float:
        """Return the upper edge of a row."""
        return self.top + (self.rows - 1 - row) * _CELL_H

    def middle(self, column: float) -> float:
        """Return the middle of a column."""
        return self.x(column) + _CELL_W / 2


def _column(column: int) -> str:
    return f"+{column}" if column > 0 else f"{MINUS}{-column}" if column < 0 else "0"


def _place(drawn: ImpactMap, row: int, column: int, language: Language) -> str:
    return said("point_spoken", language, distance=drawn.distances[row], column=_column(column))


def _cells(drawn: ImpactMap, grid: _Grid, palette: Palette, language: Language) -> list[str]:
    parts = []
    for cell in drawn.cells:
        paint = palette.get(cell.colour or "")
        told = f"{_place(drawn, cell.row, cell.column, language)}: {predicted_words(paint, language)}"
        parts.append(
            cell_shape(
                grid.x(cell.column) + 1,
                grid.y(cell.row) + 1,
                _CELL_W - 2,
                _CELL_H - 2,
                paint,
                tip(told),
                light=True,
                data_cell=f"{cell.row}/{cell.column}",
            )
        )
    return parts


def _signs(drawn: ImpactMap, grid: _Grid, palette: Palette, language: Language) -> list[str]:
    parts = []
    for cell in drawn.cells:
        x, y = grid.middle(cell.column), grid.y(cell.row) + _CELL_H / 2
        if cell.verified is None:
            parts.append(cell_sign(x, y, palette.get(cell.colour or ""), 9.5, language))
        else:
            parts.append(pill(x - 14.5, y - 7, 29, 14, cell.verified, palette, language))
    return parts


def _bumper_cells(drawn: ImpactMap, grid: _Grid, palette: Palette) -> list[str]:
    """Return the points of the legforms: no colour is predicted there, so the measured one fills the cell."""
    parts = []
    for i, row in enumerate(drawn.bumper):
        y = grid.bumper_top + i * _BUMPER_H
        for point in row.points:
            if point.word is None and point.verified is None:
                continue
            paint = palette.get(point.verified.colour or "") if point.verified else None
            place = f"{row.name}/{point.column}"
            parts.append(
                cell_shape(
                    grid.x(point.column) + 1, y + 1, _CELL_W - 2, _BUMPER_H - 2, paint, data_bumper=place
                )
            )
    return parts


def _bumper_signs(drawn: ImpactMap, grid: _Grid, palette: Palette, language: Language) -> list[str]:
    parts: list[str] = []
    for i, row in enumerate(drawn.bumper):
        y = grid.bumper_top + i * _BUMPER_H
        parts.extend(_bumper_sign(point, grid, y, palette, language) for point in row.points)
    return parts


def _bumper_sign(point: BumperPoint, grid: _Grid, y: float, palette: Palette, language: Language) -> str:
    x = grid.middle(point.column)
    mark = in_language(point.word, language) if point.word else ""
    if point.verified is None:
        size = fitted(mark, 9, 24)
        return text(x, y + 15.5, mark, size=size, fill=SOFT, anchor="middle") if mark else ""
    paint = palette.get(point.verified.colour or "")
    ink = ink_on(paint.fill) if paint else INK
    sign = in_language(paint.sign, language) if paint else "–"
    words = f"{sign} {short(point.verified.value)}".strip()
    parts = [
        text(x, y + 11, words, size=fitted(words, 8.5, 29), fill=ink, anchor="middle", bold=True),
        text(x, y + 20, mark, size=fitted(mark, 7.5, 24), fill=ink, anchor="middle"),
    ]
    if point.inferred:
        frame = rect(
            x - _CELL_W / 2 + 2,
            y + 2,
            _CELL_W - 4,
            _BUMPER_H - 4,
            "none",
            stroke=ink,
            stroke_width=0.8,
            stroke_dasharray="2.5 2",
        )
        parts.append(frame)
    return "".join(parts)


def _axes(drawn: ImpactMap, grid: _Grid, language: Language) -> list[str]:
    right = grid.left + grid.width
    parts = [
        text(grid.left, grid.top - 22, said("left", language), size=10, fill=SOFT),
        text(right, grid.top - 22, said("right", language), size=10, fill=SOFT, anchor="end"),
        text(grid.left - _MIRROR, grid.top - 6, said("map_rows", language), size=9, fill=SOFT, anchor="end"),
    ]
    parts.extend(
        text(grid.middle(column), grid.top - 6, _column(column), size=9, fill=SOFT, anchor="middle")
        for column in drawn.columns
    )
    for row, distance in enumerate(drawn.distances):
        y = grid.y(row) + _CELL_H / 2 + 3.2
        parts.append(text(grid.left - _MIRROR, y, str(distance), size=9, fill=SOFT, anchor="end"))
    parts.extend(_band(band, grid, language) for band in drawn.bands)
    for i, bumper in enumerate(drawn.bumper):
        parts.append(_row_name(bumper, grid, grid.bumper_top + i * _BUMPER_H, language))
    return parts


def _band(band: MapBand, grid: _Grid, language: Language) -> str:
    low, high = band.rows
    top, bottom = grid.y(high) + 1.5, grid.y(low) + _CELL_H - 1.5
    middle = (top + bottom) / 2
    edge = _LABELS - 4
    names = wrapped(in_language(band.label, language), 11, _LABELS - 14)
    parts = [
        path(f"M{edge + 5} {top}H{edge}V{bottom}H{edge + 5}", stroke=LINE, stroke_width=1),
        *(
            text(edge - 6, middle + 13 * (i - len(names) + 1) - 2, name, size=11, anchor="end", bold=True)
            for i, name in enumerate(names)
        ),
        text(edge - 6, middle + 12, _reached(band.score, band.maximum), size=10, anchor="end"),
    ]
    # the line between two headforms, across the grid
    parts.append(
        path(
            f"M{grid.left} {top - 1.5}H{grid.left + grid.width}",
            stroke=INK,
            stroke_width=0.9,
            stroke_dasharray="1 2",
        )
    )
    return element("g", *parts, data_band=band.name)


def _row_name(row: BumperRow, grid: _Grid, y: float, language: Language) -> str:
    names = in_language(row.label, language)
    edge = grid.left - 6
    size = fitted(names, 10.5, edge - 4)
    base = path(f"M{grid.left} {y + _BUMPER_H}H{grid.left + grid.width}", stroke=GRID, stroke_width=0.8)
    return (
        base
        + text(edge, y + 10.5, names, size=size, anchor="end", bold=True)
        + text(edge, y + 21, _reached(row.score, row.maximum), size=9, anchor="end")
    )


def _reached(score: float | None, maximum: float | None) -> str:
    if maximum is None:
        return ""
    return f"{'–' if score is None else points(score)} / {points(maximum)}"


def _spoken(drawn: ImpactMap, palette: Palette, language: Language) -> list[str]:
    parts = [said("map_spoken", language, rows=len(drawn.distances), columns=len(drawn.columns))]
    for band in drawn.bands:
        colours = [cell.colour for cell in drawn.cells if band.rows[0] <= cell.row <= band.rows[1]]
        name = joined([in_language(band.label, language), _reached(band.score, band.maximum)], language)
        parts.append(
            said("band_spoken", language, band=name, counts=counts_words(colours, palette, language))
        )
    parts.extend(
        said(
            "band_spoken",
            language,
            band=in_language(row.label, language),
            counts=_reached(row.score, row.maximum),
        )
        for row in drawn.bumper
        if row.maximum is not None
    )
    return parts


def _lines(drawn: ImpactMap, palette: Palette, language: Language) -> list[str]:
    """Return each tested point in words, from the top of the map down."""
    found = []
    for cell in sorted(drawn.cells, key=lambda cell: (-cell.row, -cell.column)):
        if cell.verified is not None:
            predicted = predicted_words(palette.get(cell.colour or ""), language)
            place = _place(drawn, cell.row, cell.column, language)
            found.append(tested_words(place, predicted, cell.verified, palette, language))
    for row in drawn.bumper:
        for point in row.points:
            if point.verified is not None:
                name = in_language(row.label, language)
                place = said("bumper_spoken", language, row=name, column=_column(point.column))
                mark = in_language(point.word, language) if point.word else ""
                mark = joined([mark, said("legend_inferred", language) if point.inferred else ""], language)
                found.append(tested_words(place, mark, point.verified, palette, language))
    return found
