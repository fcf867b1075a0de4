"""What a report shows, prepared once for the page and for the printed document, in one language.

Everything is text, a share for a bar, or a finished picture; the templates only lay it out. What belongs to
one rating is a `RatingSection`, what belongs to the car is an `Evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carindex import __version__
from carindex.messages import Finding, Language
from carindex.rating import Rating
from carindex.report.evidence import Evidence, FindingRow, evidence_of, finding_rows
from carindex.report.labels import label
from carindex.report.sections import RatingSection, section_of

if TYPE_CHECKING:
    from carindex.dossier.folder import Dossier

#: Entries of ``car.toml`` that are shown, in this order, where the car has them.
_IDENTITY = ("make", "model", "model_year", "body", "drivetrain", "market", "vin", "mass", "source")


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes
    ----------
    identity
        What the car is: name and value of each entry.
    sections
        One for each programme that rated the car.
    files
        Name and SHA-256 of every file that was read.
    other_language
        Name of the language and file of the same report in it, ``None`` where there is none.
    """

    language: Language
    title: str
    car: str
    identity: tuple[tuple[str, str], ...]
    sections: tuple[RatingSection, ...]
    evidence: Evidence
    findings: tuple[FindingRow, ...]
    engine: str
    files: tuple[tuple[str, str], ...]
    other_language: tuple[str, str] | None = None


def document_of(
    ratings: Sequence[Rating],
    dossier: Dossier,
    language: Language,
    *,
    charts: dict[str, str] | None = None,
    other_file: str | None = None,
) -> Document:
    """Prepare a report.

    Parameters
    ----------
    ratings
        Ratings of the same car, one a programme.
    dossier
        The evidence they were made from.
    charts
        Charts that are already drawn, by the fact they belong to; new ones are put in. Charts carry no words,
        so that reports in several languages share them.
    other_file
        File name of the same report in the other language.
    """
    charts = {} if charts is None else charts
    car = dossier.car or (ratings[0].car if ratings else "") or label("unnamed_car", language)
    findings: list[Finding] = [*dossier.findings]
    for rating in ratings:
        findings.extend(rating.findings)
    files: dict[str, str] = dict(dossier.inputs)
    for rating in ratings:
        files.update(rating.inputs)
    other: Language = "zh" if language == "en" else "en"
    return Document(
        language=language,
        title=label("report_title", language, car=car),
        car=car,
        identity=tuple(
            (label(f"identity_{key}", language), str(dossier.identity[key]))
            for key in _IDENTITY
            if dossier.identity.get(key) not in (None, "")
        ),
        sections=tuple(section_of(rating, dossier, language) for rating in ratings),
        evidence=evidence_of(ratings, dossier, language, charts),
        findings=finding_rows(findings, dossier, language),
        engine=f"carindex {__version__}",
        files=tuple(sorted(files.items())),
        other_language=(label("language_name", other), other_file) if other_file else None,
    )
