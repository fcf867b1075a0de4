"""The front of a car in lines, to be laid under and over a map of impact points.

The lines lie on the grid of wrap-around distance and column, not in space: every car has its windscreen and
bonnet at other distances, so they say roughly where a point is and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

from carindex.report.pictures.svg import FAINT, INK, LINE, element, path


@dataclass(frozen=True)
class Front:
    """Where the front lies: middle and half breadth, the height of row 0 and of a row, the lower end of the bumper."""

    middle: float
    half: float
    base: float
    row: float
    bumper: float

    def at(self, share: float, row: float) -> str:
        """Return a point: share of the half breadth to the right, height as a row."""
        return f"{self.middle + share * self.half:.1f} {self.base - row * self.row:.1f}"

    def low(self, share: float, below: float) -> str:
        """Return a point so far below the bumper's rows."""
        return f"{self.middle + share * self.half:.1f} {self.bumper + below:.1f}"


def car_body(front: Front) -> str:
    """Return the body and the mirrors, to lie below the points."""
    return "".join(_mirror(front, side) for side in (-1, 1)) + path(
        _outline(front), fill=FAINT, stroke=LINE, stroke_width=1.4
    )


def car_lines(front: Front) -> str:
    """Return the lines of the car, thin enough to lie above the points."""
    lines = (
        _outline(front),
        _windscreen(front),
        _bonnet(front),
        *_creases(front),
        _lamp(front, -1),
        _lamp(front, 1),
    )
    return element(
        "g", *(path(d) for d in lines), stroke=INK, stroke_opacity=0.42, stroke_width=1.1, fill="none"
    )


def _outline(front: Front) -> str:
    at, low = front.at, front.low
    return (
        f"M{at(-0.6, 17.9)}C{at(-0.3, 18.55)} {at(0.3, 18.55)} {at(0.6, 17.9)}"
        f"C{at(0.72, 17)} {at(0.84, 12.5)} {at(0.9, 10.4)}C{at(0.97, 9.4)} {at(1.0, 4)} {at(0.99, 0)}"
        f"L{low(0.97, -14)}Q{low(0.95, 10)} {low(0.78, 10)}L{low(-0.78, 10)}Q{low(-0.95, 10)} {low(-0.97, -14)}"
        f"L{at(-0.99, 0)}C{at(-1.0, 4)} {at(-0.97, 9.4)} {at(-0.9, 10.4)}"
        f"C{at(-0.84, 12.5)} {at(-0.72, 17)} {at(-0.6, 17.9)}Z"
    )


def _mirror(front: Front, side: int) -> str:
    at = front.at
    d = (
        f"M{at(side * 0.9, 11.0)}C{at(side * 0.95, 11.6)} {at(side * 1.03, 11.6)} {at(side * 1.03, 10.8)}"
        f"C{at(side * 1.03, 10.2)} {at(side * 0.97, 10.2)} {at(side * 0.92, 10.4)}Z"
    )
    return path(d, fill=FAINT, stroke=LINE, stroke_width=1)


def _windscreen(front: Front) -> str:
    """Return the glass; between it and the outline lie the A-pillars."""
    at = front.at
    return (
        f"M{at(-0.82, 10.2)}Q{at(0, 8.6)} {at(0.82, 10.2)}C{at(0.78, 12.5)} {at(0.66, 15.6)} {at(0.58, 16.4)}"
        f"Q{at(0, 17.2)} {at(-0.58, 16.4)}C{at(-0.66, 15.6)} {at(-0.78, 12.5)} {at(-0.82, 10.2)}Z"
    )


def _bonnet(front: Front) -> str:
    at = front.at
    return (
        f"M{at(-0.86, 9.2)}Q{at(0, 7.6)} {at(0.86, 9.2)}C{at(0.9, 6)} {at(0.86, 2)} {at(0.8, -0.3)}"
        f"Q{at(0, -1.15)} {at(-0.8, -0.3)}C{at(-0.86, 2)} {at(-0.9, 6)} {at(-0.86, 9.2)}Z"
    )


def _creases(front: Front) -> list[str]:
    at = front.at
    return [
        f"M{at(side * 0.4, 7.7)}C{at(side * 0.44, 5)} {at(side * 0.42, 2)} {at(side * 0.36, -0.4)}"
        for side in (-1, 1)
    ]


def _lamp(front: Front, side: int) -> str:
    """Return a headlamp between bonnet and bumper."""
    at = front.at
    return (
        f"M{at(side * 0.97, 0.2)}C{at(side * 0.9, -0.6)} {at(side * 0.8, -0.9)} {at(side * 0.66, -1.05)}"
        f"C{at(side * 0.72, -1.6)} {at(side * 0.9, -1.5)} {at(side * 0.97, -0.9)}Z"
    )
