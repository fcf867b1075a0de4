"""The command ``carindex``: finds the module of a command, and turns errors in the input into one clear line."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn

import click

from carindex.cli.commands import Commands
from carindex.cli.options import UNUSABLE, language_of
from carindex.messages import InputError

_COMMANDS: Mapping[str, str] = {
    "inspect": "carindex.cli.recordings:inspect",
    "criteria": "carindex.cli.recordings:criteria",
    "lifecycle": "carindex.cli.life_cycle:lifecycle",
    "rate": "carindex.cli.rating:rate",
    "explain": "carindex.cli.rating:explain",
    "batch": "carindex.cli.tables:batch",
    "import": "carindex.cli.tables:import_",
    "euroncap": "carindex.cli.euroncap:euroncap",
    "protocols": "carindex.cli.protocols:protocols",
    "align": "carindex.cli.align:align",
    "office": "carindex.cli.office:office",
    "serve": "carindex.cli.serve:serve",
    "demo": "carindex.cli.rating:demo",
}


@click.group(cls=Commands.of(_COMMANDS), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="carindex")
def app() -> None:
    """Rate cars: evidence in, rating out, every point explained."""


def main() -> None:
    """Run the command line; errors in the input end in one clear line, never in a traceback."""
    # The arrays here are small: threads for linear algebra would cost more than they give.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A command builds its data once and ends: looking for cycles among them only costs time.
    gc.set_threshold(100_000, 50, 50)
    try:
        app()
    except InputError as error:
        click.echo(error.line(language_of(sys.argv)), err=True)
        _end(UNUSABLE)
    except BrokenPipeError:
        # the reader of our output went away, as `head` does: nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(0)
    except SystemExit as ended:
        _end(ended.code)


def _end(code: str | int | None) -> NoReturn:
    """End the process with an exit status, without taking apart one by one all that the command has built."""
    if not isinstance(code, int | None):
        sys.exit(code)
    atexit._run_exitfuncs()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code or 0)
