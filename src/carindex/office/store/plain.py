"""Records as plain values: the JSON of the command line and of the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import inspect

from carindex.office.store.base import Base
from carindex.office.store.columns import instant


def plain(record: Base) -> dict[str, Any]:
    """Return a record as plain values, without what is kept packed."""
    mapper = inspect(type(record))
    return {
        column.key: _plain(getattr(record, column.key))
        for column in mapper.column_attrs
        if not column.deferred
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
