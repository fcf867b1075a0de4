"""One file with everything: all tables and all kept files, to be restored into SQLite or PostgreSQL alike.

The file is a ZIP archive: ``manifest.json`` (form of the tables, counts, digests), a ``tables/NAME.jsonl`` each, and
the kept files. It holds password hashes and everything under embargo, so it is written for its owner alone. Restoring
is one transaction: either all of it is there afterwards, or nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Connection, LargeBinary, MetaData, Table, func, insert, select
from sqlalchemy.orm import Session

from carindex import __version__
from carindex.messages import InputError
from carindex.office.store import Office
from carindex.office.store.files import KeptFile, digest_of_file, place_of, put
from carindex.office.store.migrating import revisions, state_of, upgrade
from carindex.office.store.opening import writing
from carindex.office.store.transaction import AuditEntry, first_broken

_FORM = 1
_MANIFEST = "manifest.json"
_VERSION_TABLE = "alembic_version"
_BLOCK = 500


class BackedUp(msgspec.Struct, frozen=True):
    """What a backup holds: rows by table, kept files, the digest of the last audit entry."""

    tables: dict[str, int]
    files: int
    audit: str


def back_up(office: Office, target: Path) -> BackedUp:
    """Write everything into one file: one state of all records, whatever goes on meanwhile.

    Raises
    ------
    InputError
        When the file is there already or cannot be written, or a kept file is lost.
    """
    if target.exists():
        raise InputError(target, "office.backup_exists")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".backup", delete=False) as made:
            try:
                with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
                    done = _write(office, archive)
                made.flush()
                os.fsync(made.fileno())
                Path(made.name).replace(target)
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InputError(target, "office/store.not_kept", reason=error.strerror) from None
    return done


def _write(office: Office, archive: zipfile.ZipFile) -> BackedUp:
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    with office.engine.connect() as connection:
        heads = state_of(connection)
        for table in _tables(connection):
            name = f"tables/{table.name}.jsonl"
            sha, counts[table.name] = hashlib.sha256(), 0
            with archive.open(name, "w") as out:
                for row in connection.execute(select(table).order_by(*table.primary_key)):
                    line = json.dumps([_said(value) for value in row], ensure_ascii=False).encode() + b"\n"
                    sha.update(line)
                    out.write(line)
                    counts[table.name] += 1
            digests[name] = sha.hexdigest()
        columns = {table.name: [column.name for column in table.columns] for table in _tables(connection)}
        kept = list(connection.scalars(select(KeptFile.digest).order_by(KeptFile.digest)))
        audit = _last_audit(connection)
    for digest in kept:
        place = place_of(office.files, digest)
        if not place.is_file() or digest_of_file(place) != digest:
            raise InputError(place, "office/store.file_lost", digest=digest)
        archive.write(place, f"files/{digest}")
    manifest = {
        "form": _FORM,
        "program": f"carindex {__version__}",
        "heads": sorted(heads),
        "columns": columns,
        "counts": counts,
        "digests": digests,
        "files": len(kept),
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
    return BackedUp(counts, len(kept), audit)


def restore(office: Office, source: Path) -> BackedUp:
    """Restore a backup into an office that is empty, in one transaction; then bring its tables to the newest form.

    Parameters
    ----------
    office
        A new office: nothing was ever done in it.
    source
        The file.

    Raises
    ------
    InputError
        When the office is not empty, the file is no backup, was damaged or altered, or is of a newer program.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            return _read(office, archive, source)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise InputError(source, "office.no_backup", reason=str(error) or type(error).__name__) from None


def _read(office: Office, archive: zipfile.ZipFile, source: Path) -> BackedUp:
    manifest = json.loads(archive.read(_MANIFEST))
    if manifest["form"] != _FORM or not set(manifest["heads"]) <= set(revisions()):
        raise InputError(source, "office/store.newer", unknown=", ".join(map(str, manifest["heads"])))
    for name, digest in manifest["digests"].items():
        sha = hashlib.sha256()
        with archive.open(name) as lines:
            for block in iter(lambda lines=lines: lines.read(1 << 20), b""):  # type: ignore[misc]
                sha.update(block)
        if sha.hexdigest() != digest:
            raise InputError(f"{source}: {name}", "office.backup_damaged")
    files = sorted(name.removeprefix("files/") for name in archive.namelist() if name.startswith("files/"))
    if len(files) != manifest["files"]:
        raise InputError(f"{source}: files", "office.backup_damaged")
    for digest in files:
        _restore_file(office, archive, digest, source)
    with writing(office.engine).begin() as connection:
        _begin_at(connection, frozenset(manifest["heads"]))
        tables = {table.name: table for table in _tables(connection)}
        if set(tables) != set(manifest["counts"]):
            raise InputError(source, "office.backup_damaged")
        for name, table in tables.items():
            if connection.scalar(select(func.count()).select_from(table)):
                raise InputError(source, "office.not_empty")
            _fill(connection, table, manifest["columns"][name], archive.open(f"tables/{name}.jsonl"))
            if connection.scalar(select(func.count()).select_from(table)) != manifest["counts"][name]:
                raise InputError(f"{source}: {name}", "office.backup_damaged")
        upgrade(connection, "heads")
        with Session(connection) as session:
            broken = first_broken(session)
            kept = set(session.scalars(select(KeptFile.digest)))
        if broken is not None or kept != set(files):
            raise InputError(source, "office.backup_damaged")
        audit = _last_audit(connection)
    return BackedUp(manifest["counts"], len(files), audit)


def _begin_at(connection: Connection, heads: frozenset[str]) -> None:
    """Bring the empty tables of a new office to the form that a backup has."""
    if state_of(connection) == heads:
        return
    found = MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        if table.name != _VERSION_TABLE and connection.scalar(select(func.count()).select_from(table)):
            raise InputError("office", "office.not_empty")
    if connection.dialect.name == "postgresql":
        functions = connection.exec_driver_sql(
            "SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = current_schema() AND p.prorettype = 'trigger'::regtype"
        ).scalars()
        names = [str(name) for name in functions]
        found.drop_all(connection)
        for name in names:
            connection.exec_driver_sql(f"DROP FUNCTION {name}")
    else:
        found.drop_all(connection)
    for head in sorted(heads):
        upgrade(connection, head)


def _restore_file(office: Office, archive: zipfile.ZipFile, digest: str, source: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="carindex") as folder:
        file = Path(folder) / "file"
        with archive.open(f"files/{digest}") as kept, file.open("wb") as out:
            while block := kept.read(1 << 20):
                out.write(block)
        if digest_of_file(file) != digest:
            raise InputError(f"{source}: {digest}", "office.backup_damaged")
        put(office.files, file)


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as the database has them, each after those that it names."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _VERSION_TABLE]


def _fill(connection: Connection, table: Table, columns: list[str], lines: IO[bytes]) -> None:
    """Fill a table; rows that name others of it come after them, as keys sort by time."""
    binary = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
    rows: list[dict[str, Any]] = []
    for line in lines:
        row = dict(zip(columns, json.loads(line), strict=True))
        rows.append(
            {
                name: base64.b64decode(value) if name in binary and value is not None else value
                for name, value in row.items()
            }
        )
        if len(rows) == _BLOCK:
            connection.execute(insert(table), rows)
            rows = []
    if rows:
        connection.execute(insert(table), rows)
    if connection.dialect.name == "postgresql":
        for column in table.columns:  # numbers that the database gives go on after the last one
            if "nextval" in str(getattr(column.server_default, "arg", "")):
                last = connection.scalar(select(func.max(column)))
                sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
                connection.execute(select(func.setval(sequence, last or 1, last is not None)))


def _said(value: Any) -> Any:  # noqa: ANN401 - a value of a column
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _last_audit(connection: Connection) -> str:
    asked = select(AuditEntry.digest).order_by(AuditEntry.number.desc()).limit(1)
    return connection.scalar(asked) or ""
