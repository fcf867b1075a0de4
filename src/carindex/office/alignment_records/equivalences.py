"""Verdicts on equivalence: what one test, seat, dummy or quantity says about another, with evidence and sign-off.

A verdict is an entry of ``vocabulary/equivalences.yaml``. Those that enough experts signed are written as a file of
that form (`as_file`), for the reuse of evidence; nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.alignment_records.laboratories import OFFICE, keep_documents
from carindex.office.alignment_records.models import Signature, Verdict, VerdictState
from carindex.office.people.organisations import family, organisation_of
from carindex.office.store import Change, Person, Role

Part = Literal["tests", "seats", "dummies", "quantities"]
PARTS: tuple[Part, ...] = ("tests", "seats", "dummies", "quantities")
Filled = Annotated[str, msgspec.Meta(min_length=1)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An entry as the file has it; its terms are explained there."""

    source_words: Filled | list[Filled] = msgspec.field(name="from")
    target_words: Filled | list[Filled] = msgspec.field(name="to")
    relation: Literal["equivalent", "indicative"]
    errs: Literal["cautious", "flattering", "open"]
    reason: dict[Literal["en", "zh"], Filled]
    source: Filled
    both: bool = False
    exact: bool = False
    take: Literal["greatest"] | None = None
    regions: list[str] = []
    tests: list[str] = []
    dummies: list[str] = []
    verified: Literal["oracle", "published", "text", "unverified"] = "unverified"


def draw_up(
    change: Change,
    part: str,
    entry: Mapping[str, Any],
    *,
    needed: int,
    evidence_from: str | None = None,
    files: Iterable[Path] = (),
) -> Verdict:
    """Draw up a verdict.

    Parameters
    ----------
    part
        What its words are: one of `PARTS`.
    entry
        The verdict, as an entry of the file.
    needed
        How many experts must sign it, by the organisation's rules.
    evidence_from
        Organisation whose tests it rests on: its people do not sign.
    files
        The evidence: reports, comparisons.

    Raises
    ------
    InputError
        When the entry is not of the form, a word is not known, or there is no evidence.
    """
    change.require(*OFFICE, Role.EXPERT)
    made = _checked(part, entry)
    if needed < 1:
        raise InputError("needed", "office/alignment_records.incomplete")
    kept = keep_documents(change, files)
    if not kept:
        raise InputError("evidence", "office/alignment_records.no_evidence")
    whose = None if evidence_from is None else organisation_of(change.session, evidence_from).key
    found = change.add(
        Verdict(
            part=part,
            entry=msgspec.to_builtins(made),
            evidence_from=whose,
            files=kept,
            needed=needed,
            state=VerdictState.DRAFT,
            made_at=change.at,
        )
    )
    change.record("equivalence.drawn_up", found, {"part": part, "entry": found.entry, "files": kept})
    return found


def sign(change: Change, verdict: str) -> Verdict:
    """Sign a verdict off: by an expert, once; with the last signature that is needed it holds.

    Raises
    ------
    InputError
        When the actor is no expert, belongs to whose tests it rests on, signed already, or it is not a draft.
    """
    change.require(Role.EXPERT)
    found = verdict_of(change.session, verdict)
    person = change.actor.person
    assert person is not None  # only people hold roles
    if found.state != VerdictState.DRAFT:
        raise InputError(verdict, "office/alignment_records.not_a_draft", state=found.state)
    home = change.session.get_one(Person, person).organisation
    if found.evidence_from is not None and home in family(change.session, found.evidence_from):
        raise InputError(change.actor.name, "office/alignment_records.conflict")
    if change.session.get(Signature, (verdict, person)) is not None:
        raise InputError(change.actor.name, "office/alignment_records.signed_already")
    change.add(Signature(verdict=verdict, person=person, at=change.at))
    wanted = select(func.count()).select_from(Signature).where(Signature.verdict == verdict)
    signed = change.session.scalar(wanted) or 0
    if signed >= found.needed:
        found.state = VerdictState.SIGNED
    change.record("equivalence.signed", found, {"signatures": signed, "state": found.state})
    return found


def revoke(change: Change, verdict: str, why: str) -> Verdict:
    """Revoke a verdict; the file written next no longer has it.

    Raises
    ------
    InputError
        When it was revoked already, or there is no reason.
    """
    change.require(*OFFICE)
    found = verdict_of(change.session, verdict)
    if found.state == VerdictState.REVOKED:
        raise InputError(verdict, "office/alignment_records.not_a_draft", state=found.state)
    if not why.strip():
        raise InputError(verdict, "office/alignment_records.incomplete")
    found.state, found.ended_why = VerdictState.REVOKED, why
    change.record("equivalence.revoked", found, {"why": why})
    return found


def verdict_of(session: Session, key: str) -> Verdict:
    """Return a verdict.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Verdict, key)
    if found is None:
        raise InputError(key, "office/alignment_records.unknown_record")
    return found


def verdicts(session: Session, state: VerdictState | None = None) -> tuple[Verdict, ...]:
    """Return verdicts, of one state or all, in the order they were drawn up."""
    wanted = select(Verdict).order_by(Verdict.key)
    return tuple(session.scalars(wanted if state is None else wanted.where(Verdict.state == state)))


def as_file(session: Session) -> dict[str, Any]:
    """Return the signed verdicts in the form of ``vocabulary/equivalences.yaml``.

    Each source names the verdict and the digests of its evidence.
    """
    out: dict[str, Any] = {part: [] for part in PARTS}
    for one in verdicts(session, VerdictState.SIGNED):
        evidence = ", ".join(f"{name} sha256:{digest}" for name, digest in sorted(one.files.items()))
        source = f"{one.entry['source']}; verdict {one.key}, {evidence}"
        out[one.part].append({**one.entry, "source": source})
    return {**out, "judged": []}


def _checked(part: str, entry: Mapping[str, Any]) -> Entry:
    if part not in PARTS:
        raise InputError(part, "office/alignment_records.unknown_part", known=", ".join(PARTS))
    try:
        made = msgspec.convert(dict(entry), Entry)
    except msgspec.ValidationError as error:
        raise InputError("entry", "office/alignment_records.bad_entry", reason=error) from None
    if made.reason.keys() != {"en", "zh"}:
        raise InputError("entry", "office/alignment_records.bad_entry", reason="reason: en, zh")
    unknown = [
        word for word in (*_words(made.source_words), *_words(made.target_words)) if not _known(part, word)
    ]
    unknown += [word for word in made.tests if not _known("tests", word)]
    unknown += [word for word in made.dummies if not _known("dummies", word)]
    if unknown:
        raise InputError(", ".join(unknown), "office/alignment_records.unknown_word", part=part)
    if set(_words(made.source_words)) & set(_words(made.target_words)):
        raise InputError("entry", "office/alignment_records.bad_entry", reason="from = to")
    return made


def _words(said: str | Sequence[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _known(part: Part | str, word: str) -> bool:
    from carindex.vocabulary import vocabulary

    words = vocabulary()
    known: Mapping[str, Any] = {
        "tests": words.tests,
        "seats": words.seats,
        "dummies": words.dummies,
        "quantities": words.quantities,
    }[part]
    return word in known
