"""Reports for people: a page and a printed document; the terminal is in `carindex.report.terminal`.

Nothing here computes a score. What is shown is prepared once (`document`), laid out twice (`html`, `pdf`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from carindex.messages import LANGUAGES, Finding, InputError, Language
from carindex.rating import Rating

if TYPE_CHECKING:
    from carindex.alignment.readiness import Readiness
    from carindex.dossier.folder import Dossier

__all__ = ["write_comparison", "write_readiness", "write_reports"]


def write_reports(
    ratings: Sequence[Rating],
    dossier: Dossier,
    folder: Path,
    language: Language,
    *,
    both_languages: bool = False,
) -> list[Path]:
    """Write the report of a car as ``report.html`` and ``report.pdf``.

    Parameters
    ----------
    ratings
        Ratings of the same car, one a programme; all go into one report, a section each.
    dossier
        The evidence that they were made from.
    folder
        Where to write; made where it does not exist.
    language
        Language of the report.
    both_languages
        Also write it in the other language, ``report.en.html`` or ``report.zh.html`` and ``.pdf``; the
        pages link to each other.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InputError
        When the folder cannot be written to, or no font with Chinese characters is installed for a Chinese
        printed document; the page is written all the same.
    """
    from carindex.report.document import document_of
    from carindex.report.html import page
    from carindex.report.pdf import printed

    others = [other for other in LANGUAGES if other != language] if both_languages else []
    names = {language: "report", **{other: f"report.{other}" for other in others}}
    charts: dict[str, str] = {}
    written: list[Path] = []
    refused: InputError | None = None
    for this, name in names.items():
        linked = next((f"{names[other]}.html" for other in names if other != this), None)
        document = document_of(ratings, dossier, this, charts=charts, other_file=linked)
        files, problem = _both(folder, name, page(document), partial(printed, document))
        written += files
        refused = problem or refused
    if refused is not None:
        raise refused
    return written


def write_comparison(
    ratings: Sequence[Rating],
    unusable: Mapping[str, Finding],
    dossier: Dossier,
    folder: Path,
    language: Language,
    *,
    linked: bool = False,
) -> list[Path]:
    """Write the comparison of programmes as ``comparison.html`` and ``comparison.pdf``.

    Parameters
    ----------
    ratings
        Ratings of the same car, one a programme.
    unusable
        Protocols that could not be loaded, and why.
    dossier
        The evidence that the ratings were made from.
    folder
        Where to write; made where it does not exist.
    language
        Language of the comparison.
    linked
        Whether the report of the programmes that could use a fact is written beside it; the page then links to it.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InputError
        As in `write_reports`.
    """
    from carindex.report.comparison import comparison_of
    from carindex.report.html import page
    from carindex.report.pdf import printed_comparison

    made = comparison_of(ratings, unusable, dossier, language, linked=linked)
    written, refused = _both(
        folder, "comparison", page(made, "comparison.html"), lambda: printed_comparison(made)
    )
    if refused is not None:
        raise refused
    return written


def write_readiness(
    made: Readiness, dossier: Dossier, folder: Path, language: Language, *, both_languages: bool = False
) -> list[Path]:
    """Write the readiness of a car for a market as ``readiness.html`` and ``readiness.pdf``.

    Parameters
    ----------
    made
        The readiness.
    dossier
        The evidence that it was made from.
    folder
        Where to write; made where it does not exist.
    language
        Language of the report.
    both_languages
        Also write it in the other language, ``readiness.en.html`` or ``readiness.zh.html`` and ``.pdf``.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InputError
        As in `write_reports`.
    """
    from carindex.report.alignment.readiness import document_of
    from carindex.report.html import page
    from carindex.report.pdf import printed_readiness

    others = [other for other in LANGUAGES if other != language] if both_languages else []
    written: list[Path] = []
    for this, name in {language: "readiness", **{other: f"readiness.{other}" for other in others}}.items():
        document = document_of(made, dossier, this)
        files, refused = _both(
            folder, name, page(document, "readiness.html"), partial(printed_readiness, document)
        )
        written += files
        if refused is not None:
            raise refused
    return written


def _both(
    folder: Path, name: str, html: str, pdf: Callable[[], bytes]
) -> tuple[list[Path], InputError | None]:
    """Write a page and its printed form; a printed form that cannot be made does not keep the page from being there."""
    written = [_write(folder / f"{name}.html", html.encode())]
    try:
        content = pdf()
    except InputError as error:
        return written, error
    return [*written, _write(folder / f"{name}.pdf", content)], None


def _write(path: Path, content: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(path, "report.not_written", reason=error.strerror) from None
    return path
