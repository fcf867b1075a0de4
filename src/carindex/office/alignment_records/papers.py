"""Papers whose figures anybody can make again: exact data, the command, and the digest of what it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex import __version__
from carindex.messages import InputError
from carindex.office.alignment_records.laboratories import OFFICE, keep_documents
from carindex.office.alignment_records.models import Paper
from carindex.office.store import Change, Office
from carindex.office.store.files import digest_of_file, lay_out, put

_COMMANDS = frozenset({"inspect", "criteria", "rate", "explain", "batch", "align", "lifecycle", "import"})
"""Commands of carindex that only read data and write what they are told to."""
_LONGEST_RUN = 3600.0


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure or table: the words after ``carindex`` that make it, and the file they write beside the data."""

    id: str
    command: list[str]
    output: str


class Reproduced(msgspec.Struct, frozen=True):
    """A figure made again: the digest it has now, and the one it should have."""

    id: str
    digest: str | None
    expected: str
    engine: str

    @property
    def same(self) -> bool:
        """Whether it came out byte by byte."""
        return self.digest == self.expected


class Made(msgspec.Struct, frozen=True):
    """Figures that came out of data: the files, and each figure with the digest of what its command wrote."""

    data: tuple[Path, ...]
    digests: dict[str, str]
    figures: tuple[tuple[Figure, str], ...]


def make(figures: Sequence[Figure], data: Iterable[Path]) -> Made:
    """Make figures from data, before they are recorded: it may take a while.

    Raises
    ------
    InputError
        When a command is none that only reads, or a figure does not come out.
    """
    for figure in figures:
        _check(figure)
    if not figures or len({figure.id for figure in figures}) != len(figures):
        raise InputError("figures", "office/alignment_records.bad_figure", reason="id")
    files = tuple(data)
    with tempfile.TemporaryDirectory(prefix="carindex-paper-") as made:
        store = Path(made)
        digests = {file.name: put(store, file) for file in files}
        found = []
        for figure in figures:
            digest = _made(store, digests, figure)
            if digest is None:
                raise InputError(figure.id, "office/alignment_records.figure_not_made")
            found.append((figure, digest))
    return Made(files, digests, tuple(found))


def add_paper(
    change: Change, title: Mapping[str, str], citation: str, made: Made, *, identifier: str | None = None
) -> Paper:
    """Record a paper: what came out of its data now is what its figures must be.

    Parameters
    ----------
    citation
        How to cite it.
    made
        From `make`.
    identifier
        DOI or another name.

    Raises
    ------
    InputError
        When texts are missing, or a file is no longer what the figures were made from.
    """
    change.require(*OFFICE)
    if not citation.strip() or not title.get("en") or not title.get("zh"):
        raise InputError("paper", "office/alignment_records.both_languages")
    kept = keep_documents(change, made.data)
    if kept != made.digests:
        raise InputError("data", "office/alignment_records.data_changed")
    figures = [{**msgspec.to_builtins(figure), "digest": digest} for figure, digest in made.figures]
    found = change.add(
        Paper(
            title=dict(title),
            citation=citation,
            identifier=identifier,
            engine=__version__,
            data=kept,
            figures=figures,
            added_at=change.at,
        )
    )
    change.record("paper.added", found, {"data": kept, "figures": figures})
    return found


def reproduce(office: Office, paper: str) -> tuple[Reproduced, ...]:
    """Make the figures of a paper again, from its kept data with this engine.

    Raises
    ------
    InputError
        When there is no such paper, or data were lost.
    """
    with office.reading() as session:
        found = session.get(Paper, paper)
    if found is None:
        raise InputError(paper, "office/alignment_records.unknown_record")
    out = []
    for said in found.figures:
        figure = Figure(said["id"], list(said["command"]), said["output"])
        _check(figure)
        out.append(
            Reproduced(figure.id, _made(office.files, found.data, figure), said["digest"], __version__)
        )
    return tuple(out)


def papers(session: Session) -> tuple[Paper, ...]:
    """Return all papers, the latest first."""
    return tuple(session.scalars(select(Paper).order_by(Paper.added_at.desc(), Paper.key)))


def _check(figure: Figure) -> None:
    """Refuse commands that do more than read data, and outputs outside the folder."""
    output = PurePosixPath(figure.output)
    if not figure.command or figure.command[0] not in _COMMANDS:
        known = ", ".join(sorted(_COMMANDS))
        raise InputError(figure.id, "office/alignment_records.bad_figure", reason=f"carindex {known}")
    words = [figure.output, *figure.command]
    # a word with a colon or an equals sign may hold a path as well
    outside = any(
        PurePosixPath(part).is_absolute() or ".." in PurePosixPath(part).parts
        for word in words
        for part in word.replace("=", "\n").splitlines()
    )
    if outside or not output.name or "\\" in figure.output:
        raise InputError(figure.id, "office/alignment_records.bad_figure", reason="path")


def _made(files: Path, data: Mapping[str, str], figure: Figure) -> str | None:
    """Run the command in a folder with nothing but the data; returns the digest of what it wrote."""
    with tempfile.TemporaryDirectory(prefix="carindex-paper-") as made:
        folder = lay_out(files, data, Path(made) / "paper")
        keep_out = ("CARINDEX_OFFICE", "CARINDEX_KEY_PASSPHRASE", "CARINDEX_PROTOCOLS", "CARINDEX_LANG")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(keep_out)}
        environment |= {"CARINDEX_LANG": "en", "TZ": "UTC"}
        try:
            subprocess.run(
                [sys.executable, "-m", "carindex", *figure.command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST_RUN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        output = folder / figure.output
        return digest_of_file(output) if output.is_file() and not output.is_symlink() else None
