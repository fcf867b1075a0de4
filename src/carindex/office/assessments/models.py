"""The table of assessments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from carindex.office.store.base import Code, Json, Large, Record, link


class Assessment(Record):
    """A rating as it was made: of which files, under which protocol, by which engine, with all that it says.

    Attributes
    ----------
    car
        Name of the car.
    candidate
        The candidate of the programme of work, where there is one.
    previous
        The assessment that this one is made anew from.
    protocol, protocol_hash, mode
        The edition, the digest of its files, and whether it was applied as the rules or as the calculator has it.
    engine
        Version of the program.
    root
        How the evidence is laid out again: ``folder``, ``file``.
    files
        Digests of all files of the dossier, by path.
    outcome
        The outcome, as in ``rate --json``.
    rating
        The whole of ``rate --json``, a document a language.
    digest
        SHA-256 of all of this: what a publication signs.
    """

    __tablename__ = "assessment"
    __table_args__ = (Index("ix_assessment_car", "car"),)

    car: Mapped[str] = mapped_column(Text)
    candidate: Mapped[str | None] = link("candidate")
    previous: Mapped[str | None] = link("assessment")
    protocol: Mapped[str] = mapped_column(String(80), index=True)
    protocol_hash: Mapped[str] = mapped_column(String(64))
    mode: Mapped[Code]
    engine: Mapped[Code]
    root: Mapped[Code]
    files: Mapped[Json]
    outcome: Mapped[Json]
    rating: Mapped[Large]
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    by: Mapped[str | None] = link("person")
