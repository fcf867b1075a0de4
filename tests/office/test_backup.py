"""Backup and restore: everything comes back, on either database, from either; a damaged copy brings nothing."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.office.conftest import person_in
from tests.office.test_review import Reviewed

from carindex.messages import InputError
from carindex.office.assessments.keeping import assessment_of, digest_of
from carindex.office.backup import back_up, restore
from carindex.office.board import board
from carindex.office.people.accounts import check_password, set_password
from carindex.office.people.persons import add_person
from carindex.office.programme.work import receive
from carindex.office.store import SYSTEM, AuditEntry, Organisation, Role, open_office
from carindex.office.store.files import lay_out
from carindex.office.store.models import all_tables
from carindex.office.store.plain import plain
from carindex.office.store.transaction import first_broken

PASSWORD = "four words make a password"


def everything(office):
    """Return all rows of all tables."""
    with office.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in all_tables().sorted_tables
        }


def filled(office, tmp_path):
    world = Reviewed(office)
    world.assign()
    with office.change(SYSTEM) as change:
        key = add_person(change, "Administrator A", login="admin", roles=(Role.ADMINISTRATOR,)).key
    set_password(office, None, key, PASSWORD)
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 100)
    with office.reading() as session:
        (order,) = board(session)[0].orders
    with world.change() as change:
        world.files = receive(change, order, tmp_path / "data.bin").files
    return world


def test_everything_comes_back(office, address, tmp_path, monkeypatch, request):
    """From SQLite into PostgreSQL and from PostgreSQL into SQLite."""
    world = filled(office, tmp_path)
    before = everything(office)
    done = back_up(office, tmp_path / "copy.zip")
    monkeypatch.setenv("CARINDEX_OFFICE_FILES", str(tmp_path / "other-files"))
    if "://" in address:
        target = str(tmp_path / "restored")
    else:
        from tests.office.conftest import _names, _sql

        base = request.getfixturevalue("postgresql")
        name = f"restored_{next(_names)}"
        _sql(base, f"CREATE DATABASE {name}")
        target = base.format(name=name)
    other = open_office(target, create=True, clock=office.clock)
    assert restore(other, tmp_path / "copy.zip") == done
    assert everything(other) == before
    assert done.files == 1
    with other.reading() as session:
        assert first_broken(session) is None
        assessment = assessment_of(session, world.assessment)
        assert assessment.digest == digest_of(assessment)
    assert (lay_out(other.files, world.files, tmp_path / "out") / "data.bin").read_bytes()[
        :3
    ] == b"\x00\x01\x02"
    check_password(other, "admin", PASSWORD)
    person_in(other, "Expert Z")  # work goes on
    other.close()


@pytest.fixture
def copy(lite, tmp_path):
    filled(lite, tmp_path)
    back_up(lite, tmp_path / "copy.zip")
    return tmp_path / "copy.zip"


def altered(source: Path, change) -> Path:
    """Write a backup again with its members changed."""
    target = source.with_name("altered.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def other_manifest(name, data, **more):
    return json.dumps({**json.loads(data), **more}) if name == "manifest.json" else data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name, data: data.replace(b"Expert A", b"Expert Z") if "person" in name else data, "damaged"),
        (lambda name, data: data[:-1] + b"!" if name.startswith("files/") else data, "damaged"),
        (lambda name, data: None if name.startswith("files/") else data, "damaged"),
        (lambda name, data: None if name == "manifest.json" else data, "cannot be read as a backup"),
        (lambda name, data: None if "audit" in name else data, "cannot be read as a backup"),
        (lambda name, data: other_manifest(name, data, heads=["later_9"]), "newer version"),
        (lambda name, data: other_manifest(name, data, form=2), "newer version"),
    ],
)
def test_a_damaged_copy_brings_nothing(copy, tmp_path, change, said):
    other = open_office(tmp_path / "other", create=True)
    with pytest.raises(InputError, match=said):
        restore(other, altered(copy, change))
    with other.reading() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0
        assert session.scalar(select(func.count()).select_from(Organisation)) == 0
    restore(other, copy)  # the whole one still can be
    other.close()


def test_what_is_no_backup_is_refused(lite, tmp_path):
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(InputError, match="cannot be read as a backup"):
        restore(lite, tmp_path / "text.zip")


def test_nothing_is_overwritten(lite, copy, tmp_path):
    with pytest.raises(InputError, match="there already"):
        back_up(lite, copy)
    with pytest.raises(InputError, match="not empty"):
        restore(lite, copy)
    assert copy.stat().st_mode & 0o077 == 0


def test_a_lost_file_is_told_before_it_is_too_late(lite, copy, tmp_path):
    shutil.rmtree(lite.files)
    with pytest.raises(InputError, match="missing"):
        back_up(lite, tmp_path / "second.zip")
    assert not (tmp_path / "second.zip").exists()
    assert not list(tmp_path.glob(".backup*"))


def test_a_copy_of_an_older_form_is_brought_to_the_newest(lite, copy, tmp_path, sqlite_template):
    """An office that stood before the review had tables: its copy is filled in at that form, then migrated."""
    from sqlalchemy import create_engine

    from carindex.office.store.keys import KeyMaker
    from carindex.office.store.migrating import newest, state_of, upgrade
    from carindex.office.store.opening import Office, _engine, writing

    engine = _engine(create_engine(f"sqlite:///{tmp_path}/old.sqlite").url)
    with writing(engine).begin() as connection:
        upgrade(connection, "programme_1")
        upgrade(connection, "people_1")
    old = Office(engine, tmp_path / "old-files", lite.clock, KeyMaker())
    key = person_in(old, "Expert A", Role.EXPERT)
    back_up(old, tmp_path / "old.zip")
    other = open_office(tmp_path / "other", create=True)
    restore(other, tmp_path / "old.zip")
    with other.engine.connect() as connection:
        assert state_of(connection) == newest()
    with other.reading() as session:
        assert plain(session.scalars(select(AuditEntry)).one())["subject"] == key
    old.close()
    other.close()
