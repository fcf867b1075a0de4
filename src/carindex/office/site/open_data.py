"""Open data of a static edition: tables of results and of their items as CSV and Parquet, each result as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from carindex.office.publication.results import PublicResult
from carindex.office.site.content import Content
from carindex.office.site.wording import car_name, rating_in
from carindex.office.store.columns import canonical

_TEXT, _NUMBER = pa.string(), pa.float64()
RESULTS = pa.schema(
    [
        ("result", _TEXT),
        ("version", pa.int64()),
        ("state", _TEXT),
        ("published_at", _TEXT),
        ("car", _TEXT),
        ("maker_en", _TEXT),
        ("maker_zh", _TEXT),
        ("example", pa.bool_()),
        ("batch_en", _TEXT),
        ("batch_zh", _TEXT),
        ("protocol", _TEXT),
        ("protocol_hash", _TEXT),
        ("engine", _TEXT),
        ("stars", _NUMBER),
        ("grade", _TEXT),
        ("outcome_lower", _TEXT),
        ("outcome_upper", _TEXT),
        ("retest_of", _TEXT),
        ("record", pa.int64()),
        ("sha256", _TEXT),
    ]
)
NODES = pa.schema(
    [
        ("result", _TEXT),
        ("version", pa.int64()),
        ("path", _TEXT),
        ("label_en", _TEXT),
        ("label_zh", _TEXT),
        ("score", _NUMBER),
        ("max", _NUMBER),
        ("lower", _NUMBER),
        ("upper", _NUMBER),
        ("status", _TEXT),
        ("verified", _TEXT),
    ]
)


def open_data(content: Content) -> Iterator[tuple[str, bytes]]:
    """Yield every file of open data with its place in the folder."""
    tables = {
        "results": pa.Table.from_pylist([_result(one) for one in content.results], schema=RESULTS),
        "nodes": pa.Table.from_pylist([row for one in content.results for row in _nodes(one)], schema=NODES),
    }
    for name, table in tables.items():
        yield f"data/{name}.csv", _csv(table)
        yield f"data/{name}.parquet", _parquet(table, content.licence)
    for one in content.results:
        yield f"data/results/{one.key}.json", (canonical(msgspec.to_builtins(one)) + "\n").encode()


def _result(one: PublicResult) -> dict[str, Any]:
    document = one.document or {}
    outcome = document.get("outcome") or {}
    stars = outcome.get("stars")
    return {
        "result": one.key,
        "version": one.version,
        "state": one.state,
        "published_at": one.published_at,
        "car": car_name(one.document) or None,
        "maker_en": one.maker.get("en"),
        "maker_zh": one.maker.get("zh"),
        "example": one.example,
        "batch_en": one.batch_name["en"],
        "batch_zh": one.batch_name["zh"],
        "protocol": document.get("protocol"),
        "protocol_hash": document.get("protocol_hash"),
        "engine": document.get("engine"),
        "stars": None if stars is None else float(stars),
        "grade": _text(outcome.get("grade")),
        "outcome_lower": _text(outcome.get("lower")),
        "outcome_upper": _text(outcome.get("upper")),
        "retest_of": one.retest_of,
        "record": one.history[-1]["record"],
        "sha256": one.digest,
    }


def _nodes(one: PublicResult) -> Iterator[dict[str, Any]]:
    english, chinese = rating_in(one.document, "en"), rating_in(one.document, "zh")
    names = {node["path"]: node.get("label") for node in chinese.get("nodes") or ()}
    for node in english.get("nodes") or ():
        yield {
            "result": one.key,
            "version": one.version,
            "path": node["path"],
            "label_en": node.get("label"),
            "label_zh": names.get(node["path"]),
            **{name: _number(node.get(name)) for name in ("score", "max", "lower", "upper")},
            "status": node.get("status"),
            "verified": node.get("verified"),
        }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


def _csv(table: pa.Table) -> bytes:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(["" if value is None else _cell(value) for value in row.values()])
    return out.getvalue().encode()


def _cell(value: object) -> object:
    """Return a cell; a text that a spreadsheet would take for a formula is shown as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "-", "\t", "\r"):
        return f"'{value}"
    return value


def _parquet(table: pa.Table, licence: str) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"licence": licence}), out, compression="zstd")
    return out.getvalue()
