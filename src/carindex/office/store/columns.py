"""Types of columns that mean the same in every database, and sort and hash the same."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator


def canonical(document: object) -> str:
    """Return a document as JSON whose text depends on its content only: what is hashed and signed."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def instant(at: datetime) -> str:
    """Return a moment as text in UTC, to the microsecond; such texts sort as the moments do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Moment(TypeDecorator[datetime]):
    """A moment with its zone, kept as text in UTC."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Keep a moment; one without a zone is a mistake in the program."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return instant(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Return a moment in UTC."""
        return None if value is None else datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)


class Day(TypeDecorator[date]):
    """A day, kept as text."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        """Keep a day."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """Return a day."""
        return None if value is None else date.fromisoformat(value)


class Document(TypeDecorator[Any]):
    """A small document of plain values, kept as canonical JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401 - whatever JSON can hold
        """Keep a document."""
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Return a document."""
        return None if value is None else json.loads(value)


class Packed(TypeDecorator[Any]):
    """A large document of plain values, such as a whole rating, kept as compressed canonical JSON."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ANN401
        """Keep a document."""
        return None if value is None else zlib.compress(canonical(value).encode(), 6)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Return a document."""
        return None if value is None else json.loads(zlib.decompress(value))
