"""What the office's commands share: which office, who acts, and how an answer is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from carindex.cli.options import with_json, with_language, write_json
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.office.store import Office

Command = TypeVar("Command", bound=Callable[..., None])

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_KEY = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_OURS = frozenset(
    {"acquired", "in_force", "kind", "orders", "reasons", "region", "roles", "state", "step", "verdict"}
)
"""Columns whose values are words of ours; what people wrote is never translated."""

BY = "CARINDEX_OFFICE_BY"
"""Environment variable: login or key of the person who acts."""


def with_office(command: Command) -> Command:
    """Add ``--office``, ``--json`` and ``--lang``; the command gets the office opened."""

    def opened(ctx: click.Context, _: click.Parameter, value: str | None) -> Office:
        from carindex.office.store import open_office

        found = open_office(value)
        ctx.call_on_close(found.close)
        return found

    help_text = "Folder of the office, or address of its PostgreSQL database. [env: CARINDEX_OFFICE]"
    command = click.option("--office", "office", metavar="DIR|URL", callback=opened, help=help_text)(command)
    return with_language(with_json(command))


def with_actor(command: Command) -> Command:
    """Add ``--by`` to what `with_office` adds; the command gets the person's key as ``by``."""
    help_text = "Login or key of the person who acts. [env: CARINDEX_OFFICE_BY]"
    option = click.option("--by", metavar="PERSON", envvar=BY, required=True, help=help_text)
    return with_office(option(command))


def key_of(office: Office, person: str) -> str:
    """Return the key of a person.

    Raises
    ------
    InputError
        When there is none.
    """
    from carindex.office.people.persons import person_of

    with office.reading() as session:
        return person_of(session, person).key


class Day(click.ParamType[date]):
    """A day, as YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401
        """Return the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value}: YYYY-MM-DD", param, ctx)


def names(en: str, zh: str | None) -> dict[str, str]:
    """Return a name a language."""
    return {"en": en, **({"zh": zh} if zh else {})}


def reasons(texts: Sequence[str]) -> list[Any]:
    """Return reasons stated as KIND:TEXT[@SOURCE]."""
    from carindex.office.programme.work import Why

    found = []
    for text in texts:
        kind, colon, rest = text.partition(":")
        said, _, source = rest.partition("@")
        if not colon:
            raise InputError(
                text,
                "office/programme.bad_reason",
                known="sales, attention, complaints, application",
                text=text,
            )
        found.append(Why(kind.strip(), said.strip(), source.strip()))
    return found


def answer(document: Any, json_file: Path | None, language: Language) -> None:  # noqa: ANN401 - whatever was found
    """Show an answer: as JSON where that is asked for, else one record a block, or several as a table."""
    import msgspec

    plain = msgspec.json.decode(msgspec.json.encode(document, enc_hook=str))
    if json_file is not None:
        write_json(json_file, plain)
        return
    if isinstance(plain, list):
        _table([cast(Mapping[str, Any], row) for row in plain], language)
    else:
        for key, value in plain.items():
            click.echo(f"{_word(key, language)}: {_said(value, language, key)}")


def _table(rows: Sequence[Mapping[str, Any]], language: Language) -> None:
    from rich.console import Console
    from rich.table import Table

    from carindex.office.wording import label

    if not rows:
        click.echo(label("nothing", language))
        return
    columns = list(dict.fromkeys(key for row in rows for key in row))
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        whole = any(_KEY.fullmatch(str(row.get(column))) for row in rows)  # a key is copied, never folded
        shown.add_column(_word(column, language), overflow="fold", no_wrap=whole)
    for row in rows:
        shown.add_row(*(_said(row.get(column), language, column) for column in columns))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = 400  # in a file or pipe nothing is folded
    console.print(shown)


def _word(key: str, language: Language) -> str:
    from carindex.office.wording import has_label, label

    name = f"column.{key}"
    return label(name, language) if has_label(name) else key


def _said(value: Any, language: Language, column: str) -> str:  # noqa: ANN401
    """Return a value as people read it; ``column``: what it is, as only words of ours are translated."""
    from carindex.office.wording import has_label, label

    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return label("yes" if value else "no", language)
    if isinstance(value, Mapping):
        if "en" in value and set(value) <= {"en", "zh"}:
            return str(value.get(language) or value["en"])
        # the states of several records, by their keys, or the entries of a document
        return ", ".join(
            f"{_word(key, language)} {_said(one, language, column if column in _OURS else key)}"
            for key, one in value.items()
        )
    if isinstance(value, list):
        return ", ".join(_said(one, language, column) for one in value)
    if isinstance(value, str) and column in _OURS and has_label(f"word.{value}"):
        return label(f"word.{value}", language)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return f"{value[:10]} {value[11:16]} UTC"
    return f"{value:g}" if isinstance(value, float) else str(value)
