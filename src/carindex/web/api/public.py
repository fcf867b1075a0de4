"""What everybody may read: protocols, what differs between them, the crosswalk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from carindex.rating import Protocol, available_protocols
from carindex.rating.difference import differences
from carindex.rating.verification import DOUBTFUL, counts, rules_of
from carindex.web.api.access import Counted
from carindex.web.api.answers import After, Lang, Limit, json_answer, listed, page_answer, problems
from carindex.web.pages.crosswalk import MOST
from carindex.web.views.protocols import plan_of

router = APIRouter(dependencies=[Counted])
Name = Annotated[str, Path(max_length=80, description="Id of a protocol.")]
_LIST: dict[str, Any] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array"}, "next": {"type": ["string", "null"]}},
}
_OBJECT: dict[str, Any] = {"type": "object"}
SAID_LIST: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page of the list.", "content": {"application/json": {"schema": _LIST}}},
    304: {"description": "As the client has it."},
}
SAID: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document.", "content": {"application/json": {"schema": _OBJECT}}},
    304: {"description": "As the client has it."},
}


@router.get("/protocols", responses={**SAID_LIST, **problems(422, 401)})
def protocols(request: Request, _: Lang, after: After = None, limit: Limit = 50) -> Response:
    """List the protocols, as ``carindex protocols list --json`` does."""
    names, following = listed(available_protocols(), str, after, limit)
    return page_answer(request, [head(plan_of(name).protocol) for name in names], following, public=True)


@router.get("/protocols/{name}", responses={**SAID, **problems(404, 422, 401)})
def protocol(request: Request, name: Name) -> Response:
    """Return one protocol with its doubtful rules, as ``carindex protocols check --json`` has it."""
    found = plan_of(name).protocol
    doubtful = [
        {
            "path": rule.path,
            "part": rule.part,
            "name": None if rule.name is None else rule.name.get("en"),
            "level": rule.level,
            "source": rule.source,
        }
        for rule in rules_of(found)
        if rule.level in DOUBTFUL
    ]
    return json_answer(request, {**head(found), "doubtful": doubtful}, public=True)


@router.get("/protocols/{name}/facts", responses={**SAID_LIST, **problems(404, 422, 401)})
def facts(request: Request, name: Name, after: After = None, limit: Limit = 200) -> Response:
    """List the facts that a protocol asks for, with unit and possible values."""
    plan = plan_of(name)
    every = list(zip(plan.facts, plan.quantities, strict=True))
    found, following = listed(every, lambda item: item[0], after, limit)
    items = [
        {
            "name": fact,
            "unit": quantity.unit,
            "words": list(quantity.categories),
            "least": _finite(quantity.range[0]),
            "most": _finite(quantity.range[1]),
        }
        for fact, quantity in found
    ]
    return page_answer(request, items, following, public=True)


@router.get("/protocols/{name}/differences/{other}", responses={**SAID, **problems(404, 422, 401)})
def changes(request: Request, name: Name, other: Name) -> Response:
    """Return what differs between two protocols, entry by entry."""
    found = differences(plan_of(name).protocol, plan_of(other).protocol)
    items = [
        {"path": item.path, "field": item.field, "before": item.before, "after": item.after} for item in found
    ]
    return json_answer(request, {"first": name, "second": other, "differences": items}, public=True)


@router.get("/crosswalk", responses={**SAID, **problems(404, 422, 401)})
def crosswalk(
    request: Request,
    language: Lang,
    p: Annotated[list[str], Query(min_length=1, max_length=MOST, description="Ids of protocols.")],
    topic: Annotated[str | None, Query(max_length=80, min_length=1)] = None,
) -> Response:
    """Return protocols side by side, item by item, as ``carindex align crosswalk --json`` does."""
    from carindex.alignment.crosswalk import crosswalk as made
    from carindex.report.alignment.crosswalk import as_json

    plans = [plan_of(name) for name in dict.fromkeys(p)]
    return json_answer(request, as_json(made(plans, topic), language), public=True)


def head(protocol: Protocol) -> dict[str, Any]:
    """Return what a list says of a protocol."""
    own = protocol.head
    levels = counts(protocol)
    return {
        "id": protocol.id,
        "programme": own.programme,
        "edition": own.edition,
        "valid": own.valid,
        "source": own.source,
        "nodes": len(protocol.nodes),
        "rules": sum(levels.values()),
        "verified": dict(levels),
        "overlays": [str(layer.folder) for layer in protocol.overlays],
        "hash": protocol.hash,
    }


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
