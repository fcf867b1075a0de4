"""Tables whose rows can be added but never altered or removed, refused by the database itself; used by migrations."""

from __future__ import annotations

from sqlalchemy import Connection

_REFUSAL = "{table}: rows are permanent"


def append_only(connection: Connection, table: str) -> None:
    """Let a database refuse to alter or remove rows of a table."""
    said = _REFUSAL.format(table=table)
    if connection.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        return
    connection.exec_driver_sql(
        f"CREATE FUNCTION {table}_permanent() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_permanent BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_permanent()"
    )
