"""The store: changes are whole or nothing, say what they did, follow each other; the log cannot be altered unseen."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from tests.office.conftest import person_in

from carindex.messages import InputError
from carindex.office.store import SYSTEM, AuditEntry, Office, Person, Role, open_office
from carindex.office.store.columns import canonical
from carindex.office.store.keys import KeyMaker
from carindex.office.store.migrating import newest
from carindex.office.store.transaction import first_broken


def entries(office: Office) -> list[AuditEntry]:
    with office.reading() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))


def test_a_change_and_its_entry_are_committed_together(office, clock):
    key = person_in(office, "Expert A", Role.EXPERT)
    (entry,) = entries(office)
    assert (entry.number, entry.kind, entry.subject, entry.at) == (1, "person", key, clock.now)
    with office.reading() as session:
        assert session.get(Person, key).name == "Expert A"


def test_an_error_undoes_the_change_and_its_entry(office):
    def fail() -> None:
        with office.change(SYSTEM) as change:
            change.record("test.person", change.add(Person(name="Expert A")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert entries(office) == []
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_a_change_that_says_nothing_is_refused(office):
    with pytest.raises(RuntimeError, match="without a word"), office.change(SYSTEM) as change:
        change.add(Person(name="Expert A"))
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_reading_cannot_change(office):
    with office.reading() as session:
        session.add(Person(key="0" * 26, name="Expert A"))
        with pytest.raises(RuntimeError, match="cannot change"):
            session.flush()


@pytest.mark.parametrize("act", ["UPDATE audit_entry SET action='x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_to_alter_the_log(office, act):
    person_in(office, "Expert A")
    with pytest.raises(DBAPIError, match="permanent"), office.change(SYSTEM) as change:
        change.session.execute(text(act))


@pytest.mark.parametrize(
    ("act", "broken"),
    [
        ("UPDATE audit_entry SET actor='01AAAAAAAAAAAAAAAAAAAAAAAA' WHERE number=2", 2),
        ("UPDATE audit_entry SET details='{\"a\":1}' WHERE number=3", 3),
        ("DELETE FROM audit_entry WHERE number=2", 2),
        ("UPDATE audit_entry SET at='2020-01-01T00:00:00.000000Z' WHERE number=1", 1),
    ],
)
def test_an_entry_altered_behind_the_back_is_found(lite, act, broken):
    for name in "ABC":
        person_in(lite, f"Expert {name}")
    with lite.reading() as session:
        assert first_broken(session) is None
    with lite.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_entry_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_entry_no_delete")
        connection.exec_driver_sql(act)
    with lite.reading() as session:
        assert first_broken(session) == broken


def test_changes_from_several_threads_follow_each_other(office):
    def work() -> None:
        for _ in range(5):
            with office.change(SYSTEM) as change:
                seen = change.session.scalar(select(func.count()).select_from(Person))
                change.record("test.person", change.add(Person(name=f"Expert {seen}")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.number for entry in entries(office)] == list(range(1, 21))
    with office.reading() as session:
        # each change saw all that were before it
        assert sorted(session.scalars(select(Person.name))) == sorted(f"Expert {i}" for i in range(20))
        assert first_broken(session) is None


def test_keys_sort_in_the_order_they_were_made():
    keys, at = KeyMaker(), datetime(2026, 1, 1, tzinfo=UTC)
    made = [keys.next(at) for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert all(len(key) == 26 for key in made)
    assert made[-1] < keys.next(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_roles_are_those_held_at_the_time_of_the_change(office):
    key = person_in(office, "Expert A", Role.EXPERT)
    with office.change(key) as change:
        change.require(Role.EXPERT, Role.SECRETARY)
        with pytest.raises(InputError) as refused:
            change.require(Role.SECRETARY)
        assert refused.value.code == "office/store.not_allowed"
        assert "expert" in refused.value.line("zh")
    with office.change(SYSTEM) as change:
        change.session.get(Person, key).active = False
        change.record("test.left", key)
    with pytest.raises(InputError, match="no active person"), office.change(key):
        pass
    with office.change(None) as change, pytest.raises(InputError):
        change.require(Role.EXPERT)


def test_no_office_is_made_unasked(tmp_path):
    with pytest.raises(InputError, match="no office here"):
        open_office(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    office = open_office(tmp_path / "nothing", create=True)
    office.close()
    open_office(tmp_path / "nothing").close()


def test_an_office_of_a_newer_program_is_left_alone(lite):
    with lite.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('later_9')")
    with pytest.raises(InputError, match="newer version"):
        open_office(lite.engine.url.render_as_string(), create=True)


@pytest.mark.parametrize("where", ["mysql://a:secret@h/d", "post gres://a:secret@h", "oracle+x://secret"])
def test_a_bad_address_is_refused_and_not_repeated(where):
    with pytest.raises(InputError) as refused:
        open_office(where)
    assert "secret" not in refused.value.line("en")


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path):
    with pytest.raises(InputError, match="cannot be used") as refused:
        open_office(f"postgresql://a:secret@/d?host={tmp_path}")
    assert "secret" not in refused.value.line("zh")


def test_migrated_tables_are_those_of_the_models(office):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from carindex.office.store.models import all_tables

    with office.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, all_tables()) == []
        assert frozenset(context.get_current_heads()) == newest()


def test_canonical_json_depends_on_content_only():
    assert canonical({"b": 1, "a": "汽"}) == canonical({"a": "汽", "b": 1}) == '{"a":"汽","b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})
