"""All drawings of one rating, by subject."""

from __future__ import annotations

from dataclasses import dataclass

from carindex.messages import Language
from carindex.rating import Rating
from carindex.report.pictures.from_avoidance import matrices_of
from carindex.report.pictures.from_crash_tests import crash_colours, impact_maps_of, load_cases_of
from carindex.report.pictures.impact_map import impact_map_picture
from carindex.report.pictures.matrix import matrix_picture
from carindex.report.pictures.model import Picture
from carindex.report.pictures.occupants import load_case_picture
from carindex.report.pictures.words import said


@dataclass(frozen=True)
class Gallery:
    """Drawings of one subject; ``wide`` ones stand below each other, the others two beside each other."""

    key: str
    heading: str
    pictures: tuple[Picture, ...]
    wide: bool


def galleries(rating: Rating, language: Language) -> tuple[Gallery, ...]:
    """Return the drawings that a rating has; what nothing is known of is not drawn."""
    colours = crash_colours(rating)
    cases = tuple(
        load_case_picture(case, colours, language)
        for case in load_cases_of(rating)
        if any(region.colour for occupant in case.occupants for region in occupant.regions)
    )
    maps = tuple(
        impact_map_picture(drawn, palette, language)
        for drawn, palette in impact_maps_of(rating)
        if any(cell.colour or cell.verified for cell in drawn.cells)
    )
    matrices = tuple(
        matrix_picture(drawn, palette, language)
        for drawn, palette in matrices_of(rating)
        if any(cell and (cell.colour or cell.verified) for row in drawn.rows for cell in row.cells)
    )
    found = (
        Gallery("occupants", said("gallery_occupants", language), cases, wide=False),
        Gallery("impact-map", said("gallery_map", language), maps, wide=True),
        Gallery("matrices", said("gallery_matrices", language), matrices, wide=False),
    )
    return tuple(gallery for gallery in found if gallery.pictures)
