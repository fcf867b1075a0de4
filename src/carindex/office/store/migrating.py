"""Bring the tables of an office to their newest form, when it is opened.

Migrations lie in ``migrations/versions``, one file a step, numbered by subject; several lines of steps may stand beside
each other. A database whose form is newer than this program is left alone.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from carindex.messages import InputError

_FOLDER = Path(__file__).parent / "migrations"
_TABLE = "alembic_version"


@cache
def revisions() -> dict[str, tuple[str, ...]]:
    """Return all steps by name, each with those it follows; read without importing them."""
    found = {}
    for file in sorted((_FOLDER / "versions").glob("*.py")):
        said = file.read_text("utf-8")
        name = re.search(r'^revision = "(\w+)"', said, re.MULTILINE)
        before = re.search(r"^down_revision = (.+)$", said, re.MULTILINE)
        if name and before:
            found[name.group(1)] = tuple(re.findall(r'"(\w+)"', before.group(1)))
    return found


def newest() -> frozenset[str]:
    """Return the steps that no other follows."""
    followed = {before for all_before in revisions().values() for before in all_before}
    return frozenset(revisions()) - followed


def state_of(connection: Connection) -> frozenset[str]:
    """Return the steps that a database stands at; empty: it has none of our tables."""
    if not inspect(connection).has_table(_TABLE):
        return frozenset()
    return frozenset(connection.scalars(text(f"SELECT version_num FROM {_TABLE}")))


def to_newest(engine: Engine, *, create: bool, place: str) -> None:
    """Bring a database to the newest form, in one transaction; nothing is done where it is there already.

    Raises
    ------
    InputError
        When it has no office and none is to be made, or one that a newer program made.
    """
    from carindex.office.store.opening import writing

    with engine.connect() as connection:
        state = state_of(connection)
    _check(state, create=create, place=place)
    if state == newest():
        return
    with writing(engine).begin() as connection:
        _check(state_of(connection), create=create, place=place)  # another process may have been faster
        upgrade(connection, "heads")


def upgrade(connection: Connection, target: str) -> None:
    """Run the steps up to a target inside the transaction of a connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _check(state: frozenset[str], *, create: bool, place: str) -> None:
    if not state and not create:
        raise InputError(place, "office/store.no_office")
    unknown = state - set(revisions())
    if unknown:
        raise InputError(place, "office/store.newer", unknown=", ".join(sorted(unknown)))
