"""Which impact points are tested: shares by largest remainder, and who is drawn by the rank of a hash.

Candidates are ranked by the SHA-256 of ``SEED/PURPOSE/NAME``, the least first, so that anyone can repeat a draw:
nothing depends on a random number generator, on the order of a file or on the machine.

Headforms: the points that verify predictions are shared among the bands in proportion to the cells that may be drawn,
then, within a band, among its colours. A share is rounded down; what is left over goes to the greatest remainders. A
band that has cells has at least one point. Legforms: for each impactor it is drawn whether the even or the odd
columns are tested; cells that need a test only if they are drawn then become cells that are tested on one side.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import permutations, product
from math import floor
from typing import TypeVar

from carindex.euroncap.crash_protection.content import content
from carindex.euroncap.crash_protection.points import Band, LegRow, Point

Key = TypeVar("Key", bound=Hashable)
# a row's cells that change when their column is drawn, and what they become
_IF_DRAWN, _ONE_SIDE = "sa", "st"


def _rank(seed: int, purpose: str, name: str) -> str:
    return hashlib.sha256(f"{seed}/{purpose}/{name}".encode()).hexdigest()


# -- headforms -----------------------------------------------------------------------------------------------


def candidates(cells: Mapping[Point, str]) -> dict[Band, list[Point]]:
    """Return the points of each band among which verification points are drawn; bands without any are left out."""
    grid = content().grid
    sampled = set(grid.sampled)
    found: dict[Band, list[Point]] = {}
    for row, column in product(grid.rows, grid.columns):
        if cells.get((row, column)) in sampled:
            found.setdefault(grid.band(row), []).append((row, column))
    return found


def draw_head(cells: Mapping[Point, str], number: int, seed: int) -> list[Point]:
    """Draw the points that verify the predictions of the headforms.

    Parameters
    ----------
    cells
        What each cell of the grid says, by key.
    number
        How many points to draw; all where there are not as many.
    seed
        Number that the draw depends on.

    Returns
    -------
    list
        Points, by band from the top, then by colour, each in the order of the grid.
    """
    bands = candidates(cells)
    shares = band_shares({band: len(points) for band, points in bands.items()}, number)
    drawn = []
    for band, points in bands.items():
        groups = _by_colour(cells, points)
        counts = colour_shares({cell: len(group) for cell, group in groups.items()}, shares[band])
        for cell, group in groups.items():
            ranked = sorted(
                group, key=lambda point: _rank(seed, f"headform/{cell}", f"{point[0]}_{point[1]}")
            )
            chosen = set(ranked[: counts[cell]])
            drawn += [point for point in group if point in chosen]
    return drawn


def _by_colour(cells: Mapping[Point, str], points: Iterable[Point]) -> dict[str, list[Point]]:
    groups: dict[str, list[Point]] = {key: [] for key in content().grid.sampled}
    for point in points:
        groups[cells[point]].append(point)
    return {key: group for key, group in groups.items() if group}


def band_shares(sizes: Mapping[Key, int], number: int) -> dict[Key, int]:
    """Share points among bands in proportion to their sizes.

    Where there are fewer points than bands, the greatest bands have one each.
    """
    total = sum(sizes.values())
    if number >= total:
        return dict(sizes)
    if number < len(sizes):
        greatest = sorted(sizes, key=lambda band: -sizes[band])[: max(number, 0)]
        return {band: int(band in greatest) for band in sizes}
    shares = _largest_remainder(sizes, number)
    for band in sizes:
        if not shares[band]:
            richest = max(sizes, key=lambda one: shares[one])
            shares[richest] -= 1
            shares[band] = 1
    return shares


def colour_shares(counts: Mapping[Key, int], number: int) -> dict[Key, int]:
    """Share a band's points among its colours in proportion to how often each was predicted."""
    return dict(counts) if number >= sum(counts.values()) else _largest_remainder(counts, number)


def _largest_remainder(sizes: Mapping[Key, int], number: int) -> dict[Key, int]:
    total = sum(sizes.values())
    # compared as whole numbers, so that equal remainders are equal
    shares = {key: floor(number * size / total) for key, size in sizes.items()}
    left = number - sum(shares.values())
    remainders = {key: number * size - shares[key] * total for key, size in sizes.items()}
    for key in sorted(sizes, key=lambda one: -remainders[one])[:left]:
        shares[key] += 1
    return shares


def is_fair(cells: Mapping[Point, str], drawn: Iterable[Point], number: int) -> bool:
    """Whether points are shared as the rules ask for; where remainders are equal, either may have the point."""
    bands = candidates(cells)
    points = list(drawn)
    if any(cells.get(point) not in content().grid.sampled for point in points):
        return False
    sizes = {band: len(found) for band, found in bands.items()}
    got = Counter(content().grid.band(point[0]) for point in points)
    if not _is_share(sizes, {band: got[band] for band in sizes}, number, band_shares):
        return False
    for band, found in bands.items():
        counts = {cell: len(group) for cell, group in _by_colour(cells, found).items()}
        chosen = Counter(cells[point] for point in points if content().grid.band(point[0]) == band)
        if not _is_share(counts, {cell: chosen[cell] for cell in counts}, got[band], colour_shares):
            return False
    return True


def _is_share(
    sizes: Mapping[Key, int],
    got: Mapping[Key, int],
    number: int,
    share: Callable[[Mapping[Key, int], int], Mapping[Key, int]],
) -> bool:
    """Whether a share is one that the rules allow: which of equal remainders comes first is free."""
    return any(share({key: sizes[key] for key in order}, number) == got for order in permutations(sizes))


# -- legforms ------------------------------------------------------------------------------------------------


def draw_legs(cells: Mapping[Point, str], seed: int) -> dict[Point, str]:
    """Draw which columns of the legforms are tested.

    Parameters
    ----------
    cells
        What each cell of the rows says, by key; a cell that says nothing is left out.
    seed
        Number that the draw depends on.

    Returns
    -------
    dict
        What each cell says after the draw.
    """
    after = dict(cells)
    for rows in impactors():
        parity = int(_rank(seed, "legform", rows[0].test)[-1], 16) % 2
        for leg in rows:
            for column in leg.columns:
                point = (leg.row, column)
                if cells.get(point) == _IF_DRAWN and _is_drawn(cells, rows, column, parity):
                    after[point] = _ONE_SIDE
    return after


def impactors() -> list[list[LegRow]]:
    """Return the rows of each impactor: rows of one impactor are one impact and share its draw."""
    found: dict[str, list[LegRow]] = {}
    for leg in content().legs:
        found.setdefault(leg.test, []).append(leg)
    return list(found.values())


def _is_drawn(cells: Mapping[Point, str], rows: Sequence[LegRow], column: int, parity: int) -> bool:
    """Whether a column is drawn: one of the parity that the impactor's first row has in its part of the car."""
    return column % 2 == parity and (rows[0].row, column) in cells


def legs_are_fair(cells: Mapping[Point, str]) -> bool:
    """Whether in each impactor's rows either the even or the odd columns have no cell left that waits for its draw."""
    for rows in impactors():
        waiting = {
            parity: any(
                cells.get((leg.row, column)) == _IF_DRAWN and _is_drawn(cells, rows, column, parity)
                for leg in rows
                for column in leg.columns
            )
            for parity in (0, 1)
        }
        first = [column for column in rows[0].columns if (rows[0].row, column) in cells]
        if all(waiting.values()) and len(first) > 1:
            return False
    return True
