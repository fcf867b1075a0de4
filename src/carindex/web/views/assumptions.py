"""The points that somebody may assume for the nodes of a rating, and what a form says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from carindex.messages import InputError, Language
from carindex.rating import Rating
from carindex.report.wording import path_text, score_text

_FIELD = "a:"


@dataclass(frozen=True)
class Assumable:
    """A node whose points may be assumed: how it stands now, and what the form says (empty: nothing)."""

    path: str
    name: str
    now: str
    maximum: str
    value: str
    words: str


def assumable_nodes(rating: Rating, fields: Mapping[str, str], language: Language) -> list[Assumable]:
    """Return the nodes of a rating with points of their own, those first of which facts are missing."""
    found = []
    for node in rating.nodes:
        plan = rating.plan.nodes[node.path]
        if node.status == "not_applicable" or node.maximum <= 0 or (node.path == "" and node.children):
            continue
        depth = node.path.count("/")
        name = path_text(rating.plan, node.path, language)
        entry = Assumable(
            node.path,
            name,
            score_text(node, language),
            f"{node.maximum:.10g}",
            fields.get(_FIELD + node.path, ""),
            f"{name} {node.path}".lower(),
        )
        inner = bool(plan.parts)
        found.append((node.status != "missing", inner, depth, entry))
    found.sort(key=lambda item: item[:2])
    return [entry for *_, entry in found]


def assumed_of(fields: Mapping[str, str]) -> dict[str, float]:
    """Return the points that a form assumes, by node.

    Raises
    ------
    InputError
        When something is not a number.
    """
    found = {}
    for name, text in fields.items():
        if not name.startswith(_FIELD) or not text.strip():
            continue
        path = name.removeprefix(_FIELD)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(path, "web.not_points", text=text[:40])
        found[path] = value
    return found
