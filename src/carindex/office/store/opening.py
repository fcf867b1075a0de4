"""Open an office: where its records are, by one setting, brought to the newest form of its tables.

``CARINDEX_OFFICE`` or ``--office`` is a folder (SQLite, nothing to set up) or the address of a PostgreSQL database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session, UOWTransaction

from carindex.messages import InputError
from carindex.office.store.clock import Clock, utc_now
from carindex.office.store.keys import KeyMaker
from carindex.office.store.transaction import SYSTEM, Actor, AuditEntry, Change, actor_of

SETTING = "CARINDEX_OFFICE"
"""Environment variable: folder, or address of a PostgreSQL database."""
FILES_SETTING = "CARINDEX_OFFICE_FILES"
"""Environment variable: folder of kept files, where the records are in PostgreSQL."""
DATABASE = "office.sqlite"

_WRITING = "office_writing"
_SYNCHRONOUS = "FULL"
"""SQLite waits for the disk at each commit: what was committed is there after a loss of power."""
_ONE_AT_A_TIME = 0x0FF1CE
"""Name of the lock under which changes follow each other in PostgreSQL."""


class Office:
    """An open office.

    Attributes
    ----------
    engine
        Connections to its database.
    files
        Folder of kept files.
    clock
        Says the time of a change.
    keys
        Makes keys of records.
    """

    def __init__(self, engine: Engine, files: Path, clock: Clock, keys: KeyMaker) -> None:
        self.engine = engine
        self.files = files
        self.clock = clock
        self.keys = keys
        self._writing = engine.execution_options(**{_WRITING: True})

    @contextmanager
    def change(self, by: str | Actor | None) -> Iterator[Change]:
        """Make a change: one transaction, committed at the end, undone by any error.

        Parameters
        ----------
        by
            Key of the person who makes it, ``None`` for somebody not signed in, `SYSTEM` for the office itself.

        Raises
        ------
        InputError
            When that person is not known or no longer active.
        RuntimeError
            When something was changed and nothing said of it in the audit log: a mistake in the program.
        """
        with Session(self._writing, expire_on_commit=False) as session:
            touched = _watch(session)
            with session.begin():
                actor = by if isinstance(by, Actor) else actor_of(session, by)
                change = Change(self, session, actor, self.clock())
                yield change
                session.flush()
                silent = sorted(touched - change.unremarked)
                if silent and not change.entries:
                    raise RuntimeError(f"changed without a word in the audit log: {silent}")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read: one state of the records, seen throughout; nothing can be changed."""
        with Session(self.engine, expire_on_commit=False) as session:
            event.listen(session, "before_flush", _refuse)
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def open_office(
    where: str | Path | None = None,
    *,
    create: bool = False,
    clock: Clock = utc_now,
    chance: Callable[[int], int] | None = None,
) -> Office:
    """Open an office and bring its tables to the newest form.

    Parameters
    ----------
    where
        Folder, or address of a PostgreSQL database; ``CARINDEX_OFFICE`` by default, and else a folder of the user's.
    create
        Make the office where there is none.
    clock
        Says the time of changes.
    chance
        Random bits for keys, see `KeyMaker`.

    Raises
    ------
    InputError
        When there is no office, or none that can be used.
    """
    said = str(where) if where is not None else os.environ.get(SETTING, "")
    url, files = _place(said)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not create and not file.is_file():
            raise InputError(file.parent, "office/store.no_office")
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(file.parent, "office/store.unusable", reason=error.strerror) from None
    shown = url.render_as_string(hide_password=True)
    engine = _engine(url)
    try:
        from carindex.office.store.migrating import to_newest

        to_newest(engine, create=create, place=shown)
    except (DBAPIError, OSError) as error:
        engine.dispose()
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise InputError(shown, "office/store.unusable", reason=reason) from None
    return Office(engine, files, clock, KeyMaker() if chance is None else KeyMaker(chance))


def _place(said: str) -> tuple[URL, Path]:
    """Return the address of the database and the folder of kept files."""
    import platformdirs

    default = Path(platformdirs.user_data_dir("carindex", appauthor=False)) / "office"
    if "://" not in said:
        folder = Path(said) if said else default
        return URL.create("sqlite", database=str(folder / DATABASE)), folder / "files"
    try:
        url = make_url(said)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        # the address may hold a password: it is not repeated
        raise InputError("--office", "office/store.bad_address") from None
    if url.get_backend_name() not in ("postgresql", "sqlite"):
        raise InputError("--office", "office/store.bad_address")
    files = os.environ.get(FILES_SETTING, "")
    return url, Path(files) if files else default / "files"


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            engine = create_engine(url, pool_pre_ping=True)
        except ModuleNotFoundError:
            raise InputError("--office", "office/store.no_driver") from None
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = create_engine(url, connect_args={"timeout": 30})
    event.listen(engine, "connect", _connected_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _connected_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a connection of the driver
    connection.isolation_level = None  # transactions begin as we say, not at the first change
    for pragma in ("journal_mode=WAL", f"synchronous={_SYNCHRONOUS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITING):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def writing(engine: Engine) -> Engine:
    """Return an engine whose transactions may write, one at a time."""
    return engine.execution_options(**{_WRITING: True})


def _watch(session: Session) -> set[str]:
    """Return a set that fills with the tables a session changes, the audit log aside."""
    touched: set[str] = set()

    def note(session: Session, _: UOWTransaction) -> None:
        for record in (*session.new, *session.dirty, *session.deleted):
            if not isinstance(record, AuditEntry):
                touched.add(record.__tablename__)

    event.listen(session, "after_flush", note)
    return touched


def _refuse(session: Session, *_: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a reading session cannot change records")


__all__ = ["FILES_SETTING", "SETTING", "SYSTEM", "Office", "open_office", "writing"]
