"""All tables of the office together: what a backup holds, and what migrations must lead to."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import MetaData

from carindex.office.store.base import Base

_MODULES = (
    "carindex.office.workspace.models",
    "carindex.office.alignment_records.models",
    "carindex.office.consensus.models",
    "carindex.office.publication.models",
    "carindex.office.store.people",
    "carindex.office.store.transaction",
    "carindex.office.store.files",
    "carindex.office.people.models",
    "carindex.office.programme.models",
    "carindex.office.assessments.models",
    "carindex.office.statutes",
    "carindex.office.panel.models",
    "carindex.office.review.models",
)
"""Every module that has tables; a new room adds its own here."""


def all_tables() -> MetaData:
    """Return the tables of all rooms."""
    for module in _MODULES:
        import_module(module)
    return Base.metadata
