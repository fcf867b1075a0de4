"""A prediction matrix as a coloured grid: standard range outlined, tested points marked, robustness layers below."""

from __future__ import annotations

from dataclasses import dataclass

from carindex.messages import Language
from carindex.report.pictures.model import Layer, Matrix, MatrixCell, Palette, Picture
from carindex.report.pictures.svg import (
    ACCENT,
    BAD,
    INK,
    LINE,
    SOFT,
    WHITE,
    breadth,
    element,
    line,
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
    tested_words,
)
from carindex.report.pictures.words import in_language, joined, said
from carindex.report.wording import points

_CELL_W, _CELL_H, _LEFT = 52.0, 25.0, 2.0
_LEAST, _SIZE = 440.0, 10.5
_LAYER_H = 27.0
_STATES = {
    "offered": "layer_offered",
    "claimed": "layer_claimed",
    "passed": "layer_passed",
    "failed": "layer_failed",
}


def matrix_picture(matrix: Matrix, palette: Palette, language: Language) -> Picture:
    """Return a prediction matrix with its robustness layers.

    Axes that say the same in every row stand above the grid; the others are columns beside it.

    Parameters
    ----------
    matrix
        Axes, cells and layers.
    palette
        Colours that are predicted and measured.
    language
        Language of all texts.
    """
    grid = _grid(matrix, language)
    content = [
        *_heading(matrix, grid, language),
        *_cells(matrix, grid, palette, language),
        _outline(matrix, grid),
        *_signs(matrix, grid, palette, language),
    ]
    legend = Legend(_LEFT, grid.bottom + 12, grid.width - 2 * _LEFT)
    legend.add_palette(palette, language)
    legend.add(rect(1, 0.9, 22, 11.2, "none", stroke=INK, stroke_width=1.8), 24, said("standard", language))
    if any(cell.range == "extended" for _, _, cell in _each(matrix)):
        legend.add(
            rect(0.5, 0.5, 23, 12, "none", stroke=LINE, stroke_width=0.6), 24, said("extended", language)
        )
    legend.add_tested([cell.verified for _, _, cell in _each(matrix)], language)
    bottom, strip = _layers(matrix, legend.bottom + 12, grid.width, language)
    lines = _lines(matrix, palette, language)
    spoken = [*_spoken(matrix, palette, language), *(f"{entry}{_stop(language)}" for entry in lines)]
    title = in_language(matrix.label, language)
    return picture(
        int(grid.width), bottom + 2, title, spoken, [*content, *legend.parts, *strip], language, lines
    )


def _stop(language: Language) -> str:
    return "." if language == "en" else "。"


@dataclass(frozen=True)
class _Grid:
    """Where the parts of a matrix lie: which axes stand beside the grid, with their breadths, and which above."""

    beside: tuple[tuple[int, float], ...]
    above: tuple[str, ...]
    left: float
    top: float
    bottom: float
    width: float
    points: float

    def x(self, column: int) -> float:
        """Return the left edge of a column."""
        return self.left + column * _CELL_W

    def y(self, row: int) -> float:
        """Return the upper edge of a row."""
        return self.top + row * _CELL_H


def _grid(matrix: Matrix, language: Language) -> _Grid:
    beside: list[tuple[int, float]] = []
    above: list[str] = []
    for i, axis in enumerate(matrix.row_axes):
        values = [in_language(row.values[i], language) for row in matrix.rows]
        name = in_language(axis, language)
        if i and len(set(values)) == 1:
            above.append(f"{name} {values[0]}")
            continue
        names = (breadth(part, 9.5) for part in wrapped(name, 9.5, 62))
        widest = max(*names, *(breadth(value, _SIZE) for value in values))
        beside.append((i, max(40.0, widest + 10)))
    left = _LEFT + sum(width for _, width in beside)
    top = 34.0 + (16 if matrix.points else 0) + (14 if above else 0)
    bottom = top + len(matrix.rows) * _CELL_H
    width = max(_LEAST, left + len(matrix.columns) * _CELL_W + 4)
    return _Grid(tuple(beside), tuple(above), left, top, bottom, width, 12.0)


def _heading(matrix: Matrix, grid: _Grid, language: Language) -> list[str]:
    parts = []
    y = grid.points
    if matrix.points:
        shown = " · ".join(
            f"{in_language(name, language)} {'–' if score is None else points(score)} / {points(most)}"
            for name, score, most in matrix.points
        )
        parts.append(text(_LEFT, y, shown, size=10, bold=True))
        y += 16
    if grid.above:
        parts.append(text(_LEFT, y, " · ".join(grid.above), size=10, fill=SOFT))
        y += 14
    middle = grid.left + len(matrix.columns) * _CELL_W / 2
    axis = in_language(matrix.column_axis, language)
    if breadth(axis, 10) > len(matrix.columns) * _CELL_W + 20:
        parts.append(text(grid.left + 2, y, axis, size=10, fill=SOFT))
    else:
        parts.append(text(middle, y, axis, size=10, fill=SOFT, anchor="middle"))
    for i, value in enumerate(matrix.columns):
        parts.append(text(grid.x(i) + _CELL_W / 2, grid.top - 6, value, size=9.5, anchor="middle"))
    x = _LEFT
    for i, width in grid.beside:
        names = wrapped(in_language(matrix.row_axes[i], language), 9.5, 62)
        parts.extend(
            text(x, grid.top - 6 - 11 * (len(names) - 1 - at), name, size=9.5, fill=SOFT)
            for at, name in enumerate(names)
        )
        for at, row in enumerate(matrix.rows):
            parts.append(
                text(x, grid.y(at) + _CELL_H / 2 + 3.6, in_language(row.values[i], language), size=_SIZE)
            )
        x += width
    return parts


def _each(matrix: Matrix) -> list[tuple[int, int, MatrixCell]]:
    return [
        (i, j, cell)
        for i, row in enumerate(matrix.rows)
        for j, cell in enumerate(row.cells)
        if cell is not None
    ]


def _place(matrix: Matrix, row: int, column: int, language: Language) -> str:
    values = [words for value in matrix.rows[row].values if (words := in_language(value, language))]
    axis = in_language(matrix.column_axis, language)
    return joined([*values, f"{axis} {matrix.columns[column]}"], language)


def _cells(matrix: Matrix, grid: _Grid, palette: Palette, language: Language) -> list[str]:
    parts = []
    for i, j, cell in _each(matrix):
        paint = palette.get(cell.colour or "")
        told = f"{_place(matrix, i, j, language)} ({said(cell.range, language)}): {predicted_words(paint, language)}"
        parts.append(
            cell_shape(
                grid.x(j) + 0.75,
                grid.y(i) + 0.75,
                _CELL_W - 1.5,
                _CELL_H - 1.5,
                paint,
                tip(told),
                data_cell=f"{i}/{j}",
                data_range=cell.range,
            )
        )
    return parts


def _signs(matrix: Matrix, grid: _Grid, palette: Palette, language: Language) -> list[str]:
    parts = []
    for i, j, cell in _each(matrix):
        x, y = grid.x(j), grid.y(i) + _CELL_H / 2
        paint = palette.get(cell.colour or "")
        if cell.verified is None:
            parts.append(cell_sign(x + _CELL_W / 2, y, paint, 11, language))
            continue
        parts.append(cell_sign(x + 8.5, y, paint, 10, language))
        parts.append(pill(x + 17, y - 7.5, 32, 15, cell.verified, palette, language))
    return parts


def _outline(matrix: Matrix, grid: _Grid) -> str:
    """Return the outline of the standard range: every edge between one of its cells and anything else."""
    standard = {(i, j) for i, j, cell in _each(matrix) if cell.range == "standard"}
    edges = []
    for i, j in sorted(standard):
        x, y = grid.x(j), grid.y(i)
        if (i - 1, j) not in standard:
            edges.append(f"M{x:.1f} {y:.1f}h{_CELL_W:.1f}")
        if (i + 1, j) not in standard:
            edges.append(f"M{x:.1f} {y + _CELL_H:.1f}h{_CELL_W:.1f}")
        if (i, j - 1) not in standard:
            edges.append(f"M{x:.1f} {y:.1f}v{_CELL_H:.1f}")
        if (i, j + 1) not in standard:
            edges.append(f"M{x + _CELL_W:.1f} {y:.1f}v{_CELL_H:.1f}")
    return path("".join(edges), stroke=INK, stroke_width=2, stroke_linecap="square") if edges else ""


# -- robustness ----------------------------------------------------------------------------------------------


def _layers(matrix: Matrix, y: float, width: float, language: Language) -> tuple[float, list[str]]:
    """Return the strip of the layers, two beside each other, each with a mark and its state in words."""
    if not matrix.layers:
        return y - 12, []
    claimed = sum(layer.state != "offered" for layer in matrix.layers)
    count = said("layers_count", language, claimed=claimed, offered=len(matrix.layers))
    title = said("layers", language)
    parts = [
        line(_LEFT, y, width - _LEFT, y, LINE, stroke_width=0.7),
        text(_LEFT, y + 16, title, size=10.5, bold=True),
        text(width - _LEFT, y + 16, count, size=10, fill=SOFT, anchor="end"),
    ]
    top = y + 26
    rows = (len(matrix.layers) + 1) // 2
    for i, layer in enumerate(matrix.layers):
        x = _LEFT + (i // rows) * (width / 2)
        parts.append(_layer(layer, x, top + (i % rows) * _LAYER_H, width / 2 - 24, language))
    return top + rows * _LAYER_H, parts


def _layer(layer: Layer, x: float, y: float, width: float, language: Language) -> str:
    state = _state(layer, language)
    fits = wrapped(state, 9, width)
    shown = fits[0] if len(fits) == 1 else f"{fits[0]} …"
    told = f"{in_language(layer.label, language)}: {state}"
    name = in_language(layer.label, language)
    return element(
        "g",
        tip(told),
        _mark(layer.state, x + 7, y + 9),
        text(x + 19, y + 9, name, size=10, fill=SOFT if layer.state == "offered" else INK),
        text(x + 19, y + 20, shown, size=9, fill=BAD if layer.state == "failed" else SOFT),
        data_layer=layer.name,
        data_state=layer.state,
    )


def _mark(state: str, x: float, y: float) -> str:
    if state == "offered":
        return element("circle", cx=x, cy=y, r=5, fill=WHITE, stroke=LINE, stroke_width=1.2)
    if state == "failed":
        return rect(x - 6, y - 6, 12, 12, BAD) + path(
            f"M{x - 3} {y - 3}l6 6M{x + 3} {y - 3}l-6 6", stroke=WHITE, stroke_width=1.8
        )
    ring = element("circle", cx=x, cy=y, r=6 if state == "passed" else 5, fill=ACCENT)
    return ring + (
        path(f"M{x - 3} {y}l2.2 2.4 4-4.8", stroke=WHITE, stroke_width=1.6) if state == "passed" else ""
    )


# -- words ---------------------------------------------------------------------------------------------------


def _spoken(matrix: Matrix, palette: Palette, language: Language) -> list[str]:
    parts = [said("matrix_spoken", language, rows=len(matrix.rows), columns=len(matrix.columns))]
    for name in ("standard", "extended"):
        colours = [cell.colour for _, _, cell in _each(matrix) if cell.range == name]
        if colours:
            counts = counts_words(colours, palette, language)
            parts.append(said("range_spoken", language, range=said(name, language), counts=counts))
    parts.extend(
        f"{in_language(layer.label, language)}: {_state(layer, language)}{_stop(language)}"
        for layer in matrix.layers
        if not layer.condition
    )
    return parts


def _lines(matrix: Matrix, palette: Palette, language: Language) -> list[str]:
    """Return each tested point, and each layer whose condition may not have had room in the drawing."""
    points_of = [
        tested_words(
            _place(matrix, i, j, language),
            predicted_words(palette.get(cell.colour or ""), language),
            cell.verified,
            palette,
            language,
        )
        for i, j, cell in _each(matrix)
        if cell.verified is not None
    ]
    return points_of + [
        f"{in_language(layer.label, language)}: {_state(layer, language)}"
        for layer in matrix.layers
        if layer.condition
    ]


def _state(layer: Layer, language: Language) -> str:
    return joined([said(_STATES[layer.state], language), layer.condition], language)
