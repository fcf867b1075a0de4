"""The bodies that are coloured: a seated occupant seen from the front, a seat with a neck seen from the side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from carindex.report.figures import LIMBS, SEAT, SHAPES
from carindex.report.pictures.svg import EMPTY, GRID, WHITE, element, number, path

#: Arms and feet are the first four and the last two of what belongs to no region of the older figure.
_ARMS, _FEET = LIMBS[:4], LIMBS[4:]
#: Outlines of each part, from the head down.
PARTS: Mapping[str, tuple[str, ...]] = {
    "head": (SHAPES["head"],),
    "neck": (SHAPES["neck"],),
    "chest": (SHAPES["chest"],),
    "abdomen": (SHAPES["abdomen"],),
    "pelvis": (SHAPES["pelvis"],),
    "femur": (SHAPES["right_femur"], SHAPES["left_femur"]),
    "knee": (SHAPES["right_knee"], SHAPES["left_knee"]),
    "lower_leg": (SHAPES["right_tibia"], SHAPES["left_tibia"]),
    "foot": _FEET,
}
#: Where the sign of a region stands: the first of these parts that the region covers, and the middle of it.
_SIGN_AT = (
    ("chest", 210.0, 160.0),
    ("head", 210.0, 56.0),
    ("pelvis", 210.0, 262.0),
    ("abdomen", 210.0, 226.0),
    ("femur", 180.0, 315.0),
    ("lower_leg", 169.0, 408.0),
    ("knee", 169.0, 356.0),
    ("neck", 210.0, 106.0),
    ("foot", 169.0, 458.0),
)
#: Height of the middle of each part, and how far it reaches to the right at that height.
_REACH: Mapping[str, tuple[float, float]] = {
    "head": (56, 240),
    "neck": (106, 224),
    "chest": (160, 258),
    "abdomen": (226, 259),
    "pelvis": (262, 266),
    "femur": (315, 279),
    "knee": (356, 282),
    "lower_leg": (408, 270),
    "foot": (460, 272),
}
#: Extent of the older figure that is kept: from the left arm to the right, from the top of the seat to the feet.
_LEFT, _TOP, _WIDTH, _HEIGHT = 106.0, 10.0, 208.0, 466.0


@dataclass(frozen=True)
class Placed:
    """A figure at a place: its left upper corner and its scale."""

    x: float
    y: float
    scale: float

    @property
    def width(self) -> float:
        """Width of the figure on the page."""
        return _WIDTH * self.scale

    @property
    def height(self) -> float:
        """Height of the figure on the page."""
        return _HEIGHT * self.scale

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the figure on the page."""
        return self.x + (x - _LEFT) * self.scale, self.y + (y - _TOP) * self.scale

    def reach(self, parts: tuple[str, ...]) -> tuple[float, float]:
        """Return the point at the right edge of the main part of a region, to which a line leads."""
        part = main_part(parts)
        y, x = _REACH[part]
        return self.point(x, y)

    def sign_at(self, parts: tuple[str, ...]) -> tuple[float, float]:
        """Return where the sign of a region stands."""
        part = main_part(parts)
        x, y = next((x, y) for name, x, y in _SIGN_AT if name == part)
        return self.point(x, y)

    def group(self, *content: str) -> str:
        """Return shapes of the figure, moved to its place."""
        moved = f"translate({number(self.x - _LEFT * self.scale)} {number(self.y - _TOP * self.scale)})"
        return element("g", *content, transform=f"{moved} scale({self.scale:.4g})")


def main_part(parts: tuple[str, ...]) -> str:
    """Return the part of a region that carries its sign."""
    return next(name for name, _, _ in _SIGN_AT if name in parts)


def seat_shapes() -> str:
    """Return the seat of a figure."""
    return "".join(path(d, fill=WHITE, stroke=GRID, stroke_width=3) for d in SEAT)


def child_seat_shapes() -> str:
    """Return the shell of a child seat around a figure."""
    shell = (
        "M150 6q60-12 120 0q16 6 15 22l-3 88q28 12 31 40l6 96q6 60-20 92"
        "h-178q-26-32-20-92l6-96q3-28 31-40l-3-88q-1-16 15-22z"
    )
    return path(shell, fill=WHITE, stroke=GRID, stroke_width=3)


def arm_shapes() -> str:
    """Return the arms of a figure, which are not rated."""
    return "".join(path(d, fill=EMPTY) for d in _ARMS)


# -- from the side -------------------------------------------------------------------------------------------

#: A seat with its head restraint, and the upper part of an occupant, 150 wide and 108 high.
SIDE_SEAT = "M97 60q13 1 14 14l5 34H86l-7-36q-1-12 18-12z"
SIDE_RESTRAINT = "M90 16q11-3 14 8l4 19q1 10-8 11-8 1-10-7l-6-19q-2-10 6-12z"
SIDE_POSTS = "M98 53l1 9"
SIDE_HEAD = (
    "M60 6c15-2 26 8 26 22 0 9-5 15-11 18-5 2-13 3-19 2-4-1-5-4-5-8l-4-1c-2 0-2-2-1-3"
    "l-5-2c-1-1-1-2 0-3l6-9C46 13 51 7 60 6z"
)
SIDE_NECK = "M60 50c6 0 12-1 17-4 0 7 3 13 8 17l-21 7c0-7-1-14-4-20z"
SIDE_CHEST = "M62 72l24-8c-7 8-5 22-2 44H42c1-17 8-31 20-36z"
