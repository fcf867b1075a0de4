"""What all records have: a key that sorts by time, the types of their columns, names for their constraints."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import ForeignKey, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from carindex.office.store.columns import Day, Document, Moment, Packed
from carindex.office.store.keys import LENGTH

Code = Annotated[str, mapped_column(String(40))]
"""A short word of ours, such as a state or a kind."""
Json = Annotated[Any, mapped_column(Document)]
Large = Annotated[Any, mapped_column(Packed, deferred=True)]
"""A large document, read only when it is asked for."""
Words = Annotated[dict[str, str], mapped_column(Document)]
"""A text a language, ``{"en": …, "zh": …}``."""


class Base(DeclarativeBase):
    """All tables of the office."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment, date: Day, str: Text}


class Record(Base):
    """A record with a key; the key is given by `Change.add`."""

    __abstract__ = True

    key: Mapped[str] = mapped_column(String(LENGTH), primary_key=True)


def link(table: str, *, index: bool = True, unique: bool = False, primary_key: bool = False) -> Any:  # noqa: ANN401
    """Return a column that holds the key of a record of a table."""
    target = ForeignKey(f"{table}.key", ondelete="RESTRICT")
    return mapped_column(
        String(LENGTH), target, index=index and not unique, unique=unique, primary_key=primary_key
    )
