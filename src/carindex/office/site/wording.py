"""Words of the static edition, and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from carindex.kept import shipped
from carindex.messages import Language


def word(key: str, language: Language, **parameters: object) -> str:
    """Return a word of ``labels.yaml``, its placeholders filled in.

    Raises
    ------
    KeyError
        When there is none: a mistake in the program.
    """
    words = cast(Mapping[str, Mapping[str, str]], shipped("office/site/labels.yaml"))[key]
    return words[language].format(**parameters)


def day(moment: str) -> str:
    """Return the day of a moment in UTC."""
    return moment[:10]


def number(value: object) -> str:
    """Return a number for a table: at most three decimals, none that say nothing; nothing for none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "" if value is None else str(value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def small(value: object) -> str:
    """Return a number of which only the size counts: three digits that say something."""
    if not isinstance(value, float):
        return number(value)
    from numpy import format_float_positional

    return format_float_positional(value, precision=3, fractional=False, trim="-")


def labels_of(rating: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of a rating's nodes by their path."""
    return {node["path"]: str(node.get("label") or node["path"]) for node in rating.get("nodes") or ()}


def place(labels: Mapping[str, str], path: str) -> str:
    """Return where a node is: the labels on the way to it."""
    parts = path.split("/")
    ways = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return " › ".join(labels.get(way, way.rsplit("/", 1)[-1]) for way in ways)


def outcome_text(outcome: Mapping[str, Any] | None) -> str:
    """Return an outcome: stars, grade or score; an interval where it is not final."""
    if not outcome:
        return "–"
    kind = next((name for name in ("stars", "grade", "score") if name in outcome), None)
    value = outcome.get(kind) if kind else None
    if value is None:
        ends = [number(outcome.get(name)) for name in ("lower", "upper")]
        value = ends[0] if ends[0] == ends[1] else " – ".join(ends)
    return f"{number(value)} ★" if kind == "stars" else number(value)


def car_name(document: Mapping[str, Any] | None) -> str:
    """Return the name of a document's car."""
    car = (document or {}).get("car")
    return str(car.get("name", "")) if isinstance(car, Mapping) else str(car or "")


def rating_in(document: Mapping[str, Any] | None, language: Language) -> Mapping[str, Any]:
    """Return the rating of a document, ``rate --json``, in a language."""
    rating: Mapping[str, Any] = (document or {}).get("rating") or {}
    own = rating.get(language)
    return own if isinstance(own, Mapping) else rating
