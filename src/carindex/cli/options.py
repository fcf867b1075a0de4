"""Options that commands share, and how every command ends: its JSON, its findings, its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from carindex.messages import Finding, InputError, Language, language_from, phrase, worst_severity

DONE, DONE_WITH_ERRORS, UNUSABLE = 0, 1, 2
"""Exit status: done; done, but findings of severity *error*; wrong usage or unreadable input."""

Command = TypeVar("Command", bound=Callable[..., None])

PATH = click.Path(path_type=Path)


def with_language(command: Command) -> Command:
    """Add ``--lang``; the command gets the language itself."""

    def chosen(_: click.Context, __: click.Parameter, value: str | None) -> Language:
        return language(value)

    help_text = "Language of texts: en or zh; the environment's by default."
    return click.option("--lang", "language", callback=chosen, metavar="en|zh", help=help_text)(command)


def with_json(command: Command) -> Command:
    """Add ``--json``."""
    help_text = "Write JSON to this file instead of showing tables ('-': standard output)."
    return click.option("--json", "json_file", type=PATH, help=help_text)(command)


def with_protocol(command: Command) -> Command:
    """Add ``-p`` for one protocol."""
    help_text = "Protocol: a name of `carindex protocols list`, or a folder."
    return click.option("-p", "--protocol", required=True, metavar="PROTOCOL", help=help_text)(command)


def with_overlays(command: Command) -> Command:
    """Add ``--protocols``: overlay folders, in force while the command runs."""

    def laid(ctx: click.Context, _: click.Parameter, value: tuple[Path, ...]) -> None:
        from carindex.rating.library import over

        ctx.with_resource(over(value))

    help_text = (
        "Folder of protocols that complete or correct others (`extends`); may be given several times, the last lies "
        "on top. Also the environment variable CARINDEX_PROTOCOLS."
    )
    return click.option(
        "--protocols",
        "overlays",
        type=PATH,
        multiple=True,
        metavar="DIR",
        expose_value=False,
        callback=laid,
        help=help_text,
    )(command)


def with_mode(command: Command) -> Command:
    """Add ``--as``: by the rules, or as the programme's own calculator computes."""
    choice = click.Choice(["protocol", "calculator"])
    help_text = "What the rules say, or what the programme's own calculator computes."
    option = click.option("--as", "mode", type=choice, default="protocol", show_default=True, help=help_text)
    return option(command)


def with_assumptions(command: Command) -> Command:
    """Add ``--assume`` and ``--car``."""
    command = click.option("--assume", type=PATH, help="JSON {node path: points} to assume.")(command)
    return click.option("--car", help="Which car, where a facts file has several.")(command)


def with_acceptance(command: Command) -> Command:
    """Add ``--accept``: evidence of other tests that may be taken over."""

    def chosen(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            return ()
        from carindex.alignment.reuse import accepted

        return accepted(value)

    help_text = (
        "Go on with evidence of other tests for what is missing: `equivalent`, or `indicative` as well. Everything "
        "that rests on it is marked."
    )
    return click.option("--accept", multiple=True, metavar="RELATION", callback=chosen, help=help_text)(
        command
    )


def language(text: str | None) -> Language:
    """Return the language asked for, by the option or else by the environment."""
    environment = (os.environ.get(name) for name in ("CARINDEX_LANG", "LC_ALL", "LANG"))
    return language_from(text or next((value for value in environment if value), "en"))


def language_of(arguments: list[str]) -> Language:
    """Return the language that a command line asks for, before it is parsed: errors need it too."""
    for i, argument in enumerate(arguments):
        if argument == "--lang" and i + 1 < len(arguments):
            return language(arguments[i + 1])
        if argument.startswith("--lang="):
            return language(argument.removeprefix("--lang="))
    return language(None)


def say(message: str, in_language: Language, **parameters: object) -> None:
    """Print a message of the catalogues."""
    click.echo(phrase(message, "found", in_language, parameters))


def write_json(json_file: Path, document: object) -> None:
    """Write a document as JSON, to standard output for ``-``.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    import msgspec

    write_text(
        json_file,
        msgspec.json.format(msgspec.json.encode(document, enc_hook=_plain), indent=1).decode() + "\n",
    )


def write_text(file: Path, text: str) -> None:
    """Write a text to a file, to standard output for ``-``.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(file, "campaign.not_written", reason=error.strerror) from None


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} in JSON output")


def end(findings: Iterable[Finding], in_language: Language, *, shown: bool) -> NoReturn:
    """End a command: say the errors where nothing has shown them, and set the exit status."""
    found = list(findings)
    if not shown:
        for finding in found:
            if finding.severity == "error":
                click.echo(finding.line(in_language), err=True)
    sys.stdout.flush()
    sys.exit(DONE_WITH_ERRORS if worst_severity(found) == "error" else DONE)
