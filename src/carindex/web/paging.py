"""Lists in pages: so many at a time, with the way back and on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request

from carindex.messages import Language
from carindex.web.templating import query_of
from carindex.web.wording import label

T = TypeVar("T")


@dataclass(frozen=True)
class Pager:
    """Where a page of a list stands: addresses of its neighbours, empty where there is none, and its place in words."""

    previous: str
    next: str
    text: str


def paged(
    request: Request, items: Sequence[T], language: Language, *, size: int = 50
) -> tuple[Sequence[T], Pager]:
    """Return the part of a list that the query (``page=2``) asks for; what is no page is the first."""
    said = request.query_params.get("page", "1")
    last = max(1, -(-len(items) // size))
    at = min(int(said), last) if said.isdigit() and len(said) < 9 and int(said) > 0 else 1
    shown = items[(at - 1) * size : at * size]
    text = label(
        "shown_of",
        language,
        first=(at - 1) * size + 1 if items else 0,
        last=(at - 1) * size + len(shown),
        count=len(items),
    )
    return shown, Pager(
        query_of(request, page=at - 1 if at > 2 else None) if at > 1 else "",
        query_of(request, page=at + 1) if at < last else "",
        text,
    )
