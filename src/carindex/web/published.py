"""A published result to look at: what was signed, and the same rated again from the kept files for its drawings.

What was published is shown as it was published. Where the kept files, rated again by this engine, give the very same
document, the rating is at hand with everything that draws it; where they do not, the page says so and shows the
published words and figures alone.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from carindex.dossier.folder import CAR_FILE, Dossier, load_dossier
from carindex.messages import InputError
from carindex.office.assessments.keeping import assessment_of
from carindex.office.assessments.models import Assessment
from carindex.office.publication.catalogue import Version, document_of, record_text, versions_of
from carindex.office.publication.chain import Verification
from carindex.office.publication.log import verify_log
from carindex.office.store import Office
from carindex.office.store.columns import canonical
from carindex.office.store.files import lay_out
from carindex.rating import Rating, rate
from carindex.rating.compiled import compiled
from carindex.web.bench import Kept, without_places

_kept, _logs = Kept(64), Kept(2)


@dataclasses.dataclass(frozen=True)
class Published:
    """A result: its document (of a withdrawn one none), its versions, and its rating where it is the same again."""

    key: str
    version: int
    state: str
    document: Mapping[str, Any] | None
    versions: tuple[Version, ...]
    rating: Rating | None
    dossier: Dossier | None

    def said(self, language: str) -> Mapping[str, Any]:
        """Return the rating as it was published, ``rate --json``, in a language."""
        rating = (self.document or {}).get("rating") or {}
        found: Mapping[str, Any] = rating.get(language, rating)
        return found


def published(office: Office, key: str) -> Published:
    """Return a published or withdrawn result.

    Raises
    ------
    InputError
        When there is none of that key that the public may read.
    """
    with office.reading() as session:
        result, _ = document_of(session, key)
        at = (id(office), key, result.version)
    return _kept.get(at, lambda: _read(office, key))


def _read(office: Office, key: str) -> Published:
    assessment: Assessment | None = None
    with office.reading() as session:
        result, document = document_of(session, key)
        versions = versions_of(session, key)
        if document is not None:
            try:
                assessment = assessment_of(session, result.source)
            except InputError:
                assessment = None
    rating, dossier = (None, None) if assessment is None else _again(office, assessment, document or {})
    return Published(key, result.version, result.state, document, versions, rating, dossier)


def _again(
    office: Office, assessment: Assessment, document: Mapping[str, Any]
) -> tuple[Rating | None, Dossier | None]:
    """Return the rating of the kept files where it says what was published, else nothing."""
    with tempfile.TemporaryDirectory(prefix="carindex") as folder:
        try:
            path = lay_out(office.files, assessment.files, Path(folder) / "dossier")
            if assessment.root == "file":
                path = path / next(iter(assessment.files))
            made, dossier = _rated(path, assessment)
        except (InputError, OSError):
            return None, None
        root = path if path.is_dir() else path.parent
        plain = json.loads(msgspec.json.encode(without_places(made.as_json("en"), root), enc_hook=str))
    rating = document.get("rating") or {}
    if canonical(plain) != canonical(rating.get("en", rating)):
        return None, None
    return made, dossier


def _rated(path: Path, assessment: Assessment) -> tuple[Rating, Dossier]:
    calculator = assessment.mode == "calculator"
    plan = compiled(assessment.protocol, calculator=calculator)
    dossier = None
    if path.is_dir() and not (path / CAR_FILE).is_file():
        from carindex.euroncap.evidence import facts_of_folder

        found = facts_of_folder(path, calculator=calculator)
        if found is not None:
            dossier = Dossier(path, found.car, {}, (), found.facts, found.findings, found.inputs, {})
    own = assessment.car if assessment.root == "file" else None
    dossier = dossier or load_dossier(path, own)
    made = rate(
        plan,
        dossier.facts,
        car=own or dossier.car,
        findings=dossier.findings,
        inputs=dossier.inputs,
        as_given=calculator,
    )
    # recordings are not looked at here, and their files are gone
    return made, dataclasses.replace(dossier, tests=())


def log_state(office: Office, record: int) -> Verification:
    """Return whether the log of publications, up to its last record, is whole; examined once for each state of it."""

    def made() -> Verification:
        with office.reading() as session:
            return verify_log(session)

    return _logs.get((id(office), record), made)


def signed_record(office: Office, number: int) -> str:
    """Return a record of the log as it was signed."""
    with office.reading() as session:
        return record_text(session, number)
