"""What can be taken along of an upload: its files, criteria, facts, ratings and reports."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from carindex.messages import Language
from carindex.rating import Rating
from carindex.report import write_reports
from carindex.web.bench import Looked, evidence_of, without_places

_EARLIEST = (1980, 1, 1, 0, 0, 0)


def attached(content: bytes, name: str, kind: str) -> Response:
    """Return a file that a browser keeps and never opens by itself."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"content-disposition": disposition, "x-content-type-options": "nosniff"}
    return Response(content, headers=headers, media_type=kind)


def as_json(document: Any) -> bytes:  # noqa: ANN401 - plain values
    """Return a document as the command line writes it."""
    return msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=1) + b"\n"


def criteria_json(looked: Looked, language: Language) -> list[Any]:
    """Return all criteria of an upload, as ``carindex criteria --json`` has those of one recording."""
    found = [entry for test in evidence_of(looked).tests for entry in test.measurements.as_json(language)]
    hidden: list[Any] = without_places(found, looked.folder)
    return hidden


def facts_csv(looked: Looked) -> bytes:
    """Return all facts of an upload as a facts file that can be rated again."""
    evidence = evidence_of(looked)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "value", "unit", "source"))
    for fact in evidence.facts:
        categories = () if fact.name.startswith("given:") else fact.quantity.categories
        value = fact.word if categories or fact.said is not None else repr(fact.value)
        source = without_places(fact.origin, looked.folder, evidence.path)
        writer.writerow((fact.name, value, "" if categories else fact.unit, source))
    return out.getvalue().encode()


def report_zip(looked: Looked, ratings: Sequence[Rating], language: Language) -> bytes:
    """Return the report of an upload, page and printed document in both languages, as one archive."""
    evidence = evidence_of(looked)
    packed = io.BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(write_reports(ratings, evidence, Path(folder), language)):
            content = file.read_bytes()
            if file.suffix == ".html":
                text = without_places(content.decode(), evidence.path, looked.folder)
                content = text.encode()
            archive.writestr(zipfile.ZipInfo(file.name, _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
