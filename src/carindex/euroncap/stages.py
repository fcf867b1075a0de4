"""The stages of the programme, each with workbooks of its own: how their files are called, and the module of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import msgspec

from carindex.dossier.readers import Row
from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.messages import Finding, InputError

PROTOCOL = "euro-ncap-2026"
PROTOCOL_FOLDER = "protocols/euro-ncap/2026"


class StageBooks(Protocol):
    """What the module of a stage can do with its workbooks."""

    def blank(self) -> list[Page]:
        """Return the empty template."""

    def read(self, book: Book, *, calculator: bool = False) -> tuple[list[Row], list[Finding]]:
        """Return the facts of a prepared workbook, and what is wrong with it."""

    def prepare(self, book: Book, seed: int) -> tuple[list[Page], list[Finding]]:
        """Return the workbook that is prepared for testing, from a template with its predictions filled in."""

    def report(self, book: Book, rows: list[Row], scored: Scored) -> list[Page]:
        """Return the prepared workbook with its scores, colours and checks."""


class Stage(msgspec.Struct, frozen=True):
    """A stage: the beginning of its files' names, and the name of its module (and of its node in the protocol)."""

    prefix: str
    name: str

    @property
    def books(self) -> StageBooks:
        """The module of the stage, imported when it is needed."""
        return cast(StageBooks, import_module(f"carindex.euroncap.{self.name}"))

    @property
    def template(self) -> str:
        """File name of the blank workbook."""
        return f"{self.prefix}_template.xlsx"

    @property
    def prepared(self) -> str:
        """File name of the workbook that is prepared for testing."""
        return f"{self.prefix}_input.xlsx"

    @property
    def report(self) -> str:
        """File name of the report."""
        return f"{self.prefix}_report.xlsx"


STAGES = (
    Stage("cp", "crash_protection"),
    Stage("ca", "crash_avoidance"),
    Stage("sd", "safe_driving"),
    Stage("pc", "post_crash"),
    Stage("overall", "overall"),
)


def stage_of(word: str) -> Stage:
    """Return a stage by its name or the beginning of its files' names.

    Raises
    ------
    InputError
        When there is no such stage.
    """
    for stage in STAGES:
        if word.lower().replace("-", "_") in (stage.name, stage.prefix):
            return stage
    raise InputError(word, "euroncap.unknown_stage", stages=", ".join(stage.name for stage in STAGES))


def find(folder: Path, stages: Iterable[Stage], *, prepared: bool) -> Mapping[Stage, Path]:
    """Return the workbook of each stage that a folder holds: prepared for testing, or the template.

    Files are told by their names (``cp_….xlsx``); reports are left aside. Where a stage has both a template and a
    prepared workbook, the one that is asked for is taken.

    Raises
    ------
    InputError
        When the folder is none, or a stage has several workbooks and it cannot be told which is meant.
    """
    if not folder.is_dir():
        raise InputError(folder, "dossier.no_such_path")
    found = {}
    for stage in stages:
        files = [
            path
            for path in sorted(folder.glob(f"{stage.prefix}_*.xlsx"))
            if path.name != stage.report and not path.name.endswith("_report.xlsx")
        ]
        templates = [path for path in files if _is_template(path)]
        others = [path for path in files if path not in templates]
        wanted = (others or templates) if prepared else (templates or others)
        if len(wanted) > 1:
            names = ", ".join(path.name for path in wanted[1:])
            raise InputError(wanted[0], "euroncap.several_workbooks", stage=stage.name, others=names)
        if wanted:
            found[stage] = wanted[0]
    return found


def _is_template(path: Path) -> bool:
    return path.stem.endswith("template") and "preprocessed" not in path.stem
