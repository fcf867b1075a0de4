"""Comparisons of programmes as one page that opens without a network."""

from __future__ import annotations

from carindex.alignment.crosswalk import Crosswalk
from carindex.messages import Language
from carindex.report.alignment.crosswalk import shown
from carindex.report.html import page


def crosswalk_page(made: Crosswalk, language: Language) -> str:
    """Return a crosswalk as an HTML heat map: the darker a cell, the more of the whole its item can cost."""
    return page(shown(made, language), "crosswalk.html")
