"""What the drawings are made from: plain frozen values, filled by whoever knows where the colours come from.

Names of people's words are mappings of language to text. A colour is named by the word that the programme's
data uses for it and looked up in a `Palette`; ``None`` stands for what is not predicted, not measured or not
assessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Text = Mapping[str, str]


@dataclass(frozen=True)
class Paint:
    """A colour of a programme: its fill, its name, and the sign that says it where colour cannot.

    ``fill`` is ``#rrggbb``; ``sign`` is a letter or two, a character or two in Chinese. ``faint`` colours
    stand for what is not rated and are drawn lightly, so that they do not outweigh the rest.
    """

    fill: str
    label: Text
    sign: Text
    faint: bool = False


#: Colours of a programme by the words that its data uses, in the order in which a legend shows them.
Palette = Mapping[str, Paint]


@dataclass(frozen=True)
class Picture:
    """A finished drawing.

    Attributes
    ----------
    svg
        The drawing, with its title and description inside.
    title
        What it shows, in one line.
    text
        Everything it shows, in words.
    lines
        What should also stand below it as plain text: each tested point with prediction and measurement.
    width
        Width of its own coordinates; texts are about 11 of them high, so that this many pixels read well.
    """

    svg: str
    title: str
    text: str
    lines: tuple[str, ...]
    width: int


# -- occupants -----------------------------------------------------------------------------------------------

#: What a figure shows: an adult or a child in a seat; in a test of the seat alone, the neck or the head restraint.
FigureKind = Literal["adult", "child", "neck", "head_restraint"]


@dataclass(frozen=True)
class BodyRegion:
    """One rated region of an occupant.

    Attributes
    ----------
    parts
        Parts of the body that it covers, of `carindex.report.pictures.bodies.PARTS`.
    colour
        Word of the palette, ``None`` where it was not assessed.
    score, maximum
        Points; ``score`` is ``None`` while it is open.
    critical
        Whether no points here limit the outcome of the whole car.
    """

    name: str
    label: Text
    parts: tuple[str, ...]
    colour: str | None
    score: float | None
    maximum: float
    critical: bool = False


@dataclass(frozen=True)
class Occupant:
    """A dummy on a seat. ``seats`` has several entries where one entry speaks of several dummies."""

    name: str
    seats: tuple[str, ...]
    label: Text
    dummy: Text
    regions: tuple[BodyRegion, ...]
    score: float | None
    maximum: float
    kind: FigureKind = "adult"
    capped: bool = False


@dataclass(frozen=True)
class LoadCase:
    """A load case: who sat where. ``driver_at`` is the side of the steering wheel."""

    name: str
    label: Text
    occupants: tuple[Occupant, ...]
    driver_at: Literal["left", "right"] = "left"


# -- verification --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verified:
    """A tested point: measured colour and value.

    ``correct`` says whether it came out as predicted (tolerance counts), ``None`` where nothing was predicted
    or nobody has judged. ``value`` is as it should be read, unit apart.
    """

    colour: str | None
    value: str
    unit: str = ""
    quantity: Text | None = None
    correct: bool | None = None


# -- impact map ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MapCell:
    """An impact point: ``row`` from the bottom, ``column`` as the programme counts (left positive)."""

    row: int
    column: int
    colour: str | None
    verified: Verified | None = None


@dataclass(frozen=True)
class MapBand:
    """Rows that one headform is shot at, with the points of that region."""

    name: str
    label: Text
    rows: tuple[int, int]
    score: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class BumperPoint:
    """A point of a bumper row: what the prediction says of it, its colour, and whether its value is its own.

    ``word`` is the mark of the prediction (always tested, symmetric, inferred); ``inferred`` points take the
    value of another point.
    """

    column: int
    word: Text | None
    verified: Verified | None = None
    inferred: bool = False


@dataclass(frozen=True)
class BumperRow:
    """A row of leg impact points; rows are given from the highest on the car to the lowest."""

    name: str
    label: Text
    points: tuple[BumperPoint, ...]
    score: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class ImpactMap:
    """The front of a car with all its impact points.

    ``distances`` are the wrap-around distances of the rows from the bottom, in mm. ``columns`` runs from left
    to right.
    """

    label: Text
    distances: tuple[int, ...]
    columns: tuple[int, ...]
    cells: tuple[MapCell, ...]
    bands: tuple[MapBand, ...] = ()
    bumper: tuple[BumperRow, ...] = ()


# -- matrices ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixCell:
    """A cell of a prediction matrix; ``range`` says whether it is of the standard or the extended range."""

    range: Literal["standard", "extended"]
    colour: str | None
    verified: Verified | None = None


@dataclass(frozen=True)
class MatrixRow:
    """A row: its value on each row axis (empty where it has none) and its cells, ``None`` where there is no cell."""

    values: tuple[Text, ...]
    cells: tuple[MatrixCell | None, ...]


#: What became of a robustness layer: offered to the scenario, claimed, tested and held, tested and failed.
LayerState = Literal["offered", "claimed", "passed", "failed"]


@dataclass(frozen=True)
class Layer:
    """A robustness layer of a scenario; ``condition`` is what it was tested under."""

    name: str
    label: Text
    state: LayerState
    condition: str = ""


@dataclass(frozen=True)
class Matrix:
    """A prediction matrix with its axes, cells and robustness layers.

    ``row_axes`` name the values of `MatrixRow.values`; ``column_axis`` names ``columns``. ``points`` are
    name, score and maximum of the layers of points, where they are known.
    """

    name: str
    label: Text
    column_axis: Text
    columns: tuple[str, ...]
    row_axes: tuple[Text, ...]
    rows: tuple[MatrixRow, ...]
    layers: tuple[Layer, ...] = ()
    points: tuple[tuple[Text, float | None, float], ...] = ()


# -- stages --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A stage whose stars count.

    Attributes
    ----------
    lower, upper
        Bounds of its score; equal when nothing is missing.
    thresholds
        Stars and the score that they need in this car's test year, in ascending order; empty while the year
        is not known.
    balanced
        Score after balancing; ``None`` while it is open. A stage that takes no part keeps its score.
    stars
        What it reaches after balancing, ``None`` while open.
    """

    name: str
    label: Text
    lower: float
    upper: float
    maximum: float
    thresholds: tuple[tuple[int, float], ...]
    balanced: float | None
    stars: int | None
    exchanges: bool = True

    @property
    def moved(self) -> float:
        """Points that balancing gave (positive) or took (negative)."""
        return 0.0 if self.balanced is None or self.lower != self.upper else self.balanced - self.lower

    @property
    def next_star(self) -> tuple[int, float] | None:
        """The next star and the points that it still needs, ``None`` at the most stars or while open."""
        if self.balanced is None:
            return None
        open_lines = (
            (stars, line - self.balanced) for stars, line in self.thresholds if line > self.balanced
        )
        return next(open_lines, None)


@dataclass(frozen=True)
class StageBalance:
    """All stages of a car in the order of its tree, and what they come to.

    ``case`` is what chose the thresholds, such as the test year. ``stars`` is the car's outcome, ``None``
    while open; ``cap`` says what keeps it below the least of the stages.
    """

    label: Text
    case: str | None
    stages: tuple[Stage, ...]
    most_stars: int
    stars: int | None
    most_moved: int
    cap: Text | None = None

    @property
    def limiting(self) -> tuple[Stage, ...]:
        """The stages with the fewest stars; empty while one is open or where all have the most."""
        known = [stage.stars for stage in self.stages if stage.stars is not None]
        if len(known) < len(self.stages) or not known or min(known) == self.most_stars:
            return ()
        return tuple(stage for stage in self.stages if stage.stars == min(known))
