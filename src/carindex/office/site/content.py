"""What a static edition holds: the public results, the adopted editions, the records of alignment, the log."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import Language
from carindex.office.alignment_records.equivalences import verdicts
from carindex.office.alignment_records.gatherings import meetings
from carindex.office.alignment_records.models import Accreditation, Agreement, VerdictState
from carindex.office.alignment_records.papers import papers
from carindex.office.consensus.adoption import editions
from carindex.office.publication.chain import Verification
from carindex.office.publication.log import lines_of, verify_log
from carindex.office.publication.results import PublicResult, public_results
from carindex.office.store import Organisation
from carindex.office.store.columns import instant


class Adopted(msgspec.Struct, frozen=True):
    """An edition of rules that was adopted."""

    name: str
    extends: str
    programme: str
    valid_from: str
    valid_to: str | None
    digest: str
    protocol_hash: str


class Content(msgspec.Struct, frozen=True):
    """Everything that a static edition holds.

    Attributes
    ----------
    updated
        Moment of the last record of the log: the edition's date, since nothing public changes without a record.
    results, editions, records
        What the pages show; ``records`` by kind, as plain values.
    log
        The log of publications, as its file.
    keys
        Fingerprints of its keys, the first first.
    licence
        Under which licence the data are.
    address
        Where the edition will stand, ending in ``/``; empty: nowhere in particular.
    """

    updated: str
    results: tuple[PublicResult, ...]
    editions: tuple[Adopted, ...]
    records: dict[str, tuple[dict[str, Any], ...]]
    log: str
    keys: tuple[str, ...]
    licence: str
    address: str


def content_of(session: Session, licence: str, address: str = "") -> Content:
    """Gather what the public may read.

    Raises
    ------
    InputError
        When there is no log: nothing was ever published.
    """
    log = "".join(lines_of(session))
    found: Verification = verify_log(session)
    names = {one.key: one for one in session.scalars(select(Organisation))}
    return Content(
        found.tip.at,
        public_results(session),
        tuple(
            Adopted(
                one.name,
                one.extends,
                one.programme,
                one.valid_from.isoformat(),
                None if one.valid_to is None else one.valid_to.isoformat(),
                one.digest,
                one.protocol_hash,
            )
            for one in editions(session)
        ),
        _records(session, names),
        log,
        found.keys,
        licence,
        address if not address or address.endswith("/") else f"{address}/",
    )


def named(name: dict[str, str], language: Language, *, example: bool) -> str:
    """Return an organisation's name to show; an invented one is said to be an example."""
    from carindex.office.wording import label

    text = name.get(language) or name["en"]
    return label("example", language).format(name=text) if example else text


def _records(session: Session, names: dict[str, Organisation]) -> dict[str, tuple[dict[str, Any], ...]]:
    def organisation(key: str) -> dict[str, str]:
        one = names[key]
        return {language: named(one.name, language, example=one.example) for language in ("en", "zh")}

    accreditations = session.scalars(select(Accreditation).order_by(Accreditation.key))
    agreements = session.scalars(select(Agreement).order_by(Agreement.valid_from, Agreement.key))
    return {
        "accreditations": tuple(
            {
                "laboratory": organisation(one.laboratory),
                "body": one.body,
                "standard": one.standard,
                "certificate": one.certificate,
                "tests": one.tests,
                "valid": _validity(one.valid_from, one.suspended_from or one.valid_to),
            }
            for one in accreditations
        ),
        "agreements": tuple(
            {
                "title": one.title,
                "scope": one.scope,
                "parties": [organisation(party) for party in one.parties],
                "valid": _validity(one.valid_from, one.valid_to),
            }
            for one in agreements
        ),
        "equivalences": tuple(
            {**one.entry, "part": one.part, "evidence": one.files}
            for one in verdicts(session, VerdictState.SIGNED)
        ),
        "meetings": tuple(
            {
                "kind": one.kind,
                "title": one.title,
                "place": one.place,
                "starts": instant(one.starts),
                "agenda": one.agenda,
            }
            for one in meetings(session)
        ),
        "papers": tuple(
            {
                "title": one.title,
                "citation": one.citation,
                "identifier": one.identifier,
                "engine": one.engine,
                "data": one.data,
                "figures": one.figures,
            }
            for one in papers(session)
        ),
    }


def _validity(first: Any, last: Any) -> str:  # noqa: ANN401 - days
    return f"{first.isoformat()} – {'' if last is None else last.isoformat()}"
