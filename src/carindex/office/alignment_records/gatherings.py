"""Agreements on mutual recognition, working groups, meetings and technology observations with their documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.alignment_records.equivalences import verdict_of
from carindex.office.alignment_records.laboratories import OFFICE, check_dates, keep_documents
from carindex.office.alignment_records.models import (
    Agreement,
    Meeting,
    MeetingKind,
    VerdictState,
    WorkingGroup,
)
from carindex.office.people.organisations import organisation_of
from carindex.office.people.persons import person_of
from carindex.office.store import Change

Text = Mapping[str, str]


def agree(
    change: Change,
    title: Text,
    scope: Text,
    parties: Collection[str],
    *,
    valid_from: date,
    valid_to: date | None = None,
    verdicts: Collection[str] = (),
    files: Iterable[Path] = (),
) -> Agreement:
    """Record an agreement on mutual recognition.

    Parameters
    ----------
    parties
        Keys or names of at least two organisations.
    verdicts
        Signed verdicts on equivalence that it rests on.
    files
        The agreement itself.

    Raises
    ------
    InputError
        When texts are missing, fewer than two parties agree, a verdict is not signed, or the dates make no sense.
    """
    change.require(*OFFICE)
    _check_texts("agreement", title, scope)
    found = sorted({organisation_of(change.session, party).key for party in parties})
    if len(found) < 2:
        raise InputError("agreement", "office/alignment_records.too_few_parties")
    for verdict in verdicts:
        state = verdict_of(change.session, verdict).state
        if state != VerdictState.SIGNED:
            raise InputError(verdict, "office/alignment_records.not_signed", state=state)
    check_dates(valid_from, valid_to)
    made = change.add(
        Agreement(
            title=dict(title),
            scope=dict(scope),
            parties=found,
            verdicts=sorted(set(verdicts)),
            valid_from=valid_from,
            valid_to=valid_to,
            files=keep_documents(change, files),
        )
    )
    change.record("agreement.recorded", made, {"parties": found, "files": made.files})
    return made


def recognised(session: Session, first: str, second: str, day: date) -> tuple[Agreement, ...]:
    """Return the agreements between two organisations that hold on a day."""
    wanted = select(Agreement).where(Agreement.valid_from <= day)
    wanted = wanted.where(Agreement.valid_to.is_(None) | (Agreement.valid_to >= day))
    both = {first, second}
    return tuple(one for one in session.scalars(wanted.order_by(Agreement.key)) if both <= set(one.parties))


def found_group(
    change: Change,
    name: Text,
    mandate: Text,
    *,
    organisations: Collection[str] = (),
    people: Collection[str] = (),
) -> WorkingGroup:
    """Found a working group.

    Raises
    ------
    InputError
        When texts are missing, or it has no member or one that is not known.
    """
    change.require(*OFFICE)
    _check_texts("group", name, mandate)
    made = change.add(
        WorkingGroup(
            name=dict(name),
            mandate=dict(mandate),
            organisations=sorted({organisation_of(change.session, one).key for one in organisations}),
            people=sorted({person_of(change.session, one).key for one in people}),
        )
    )
    if not made.organisations and not made.people:
        raise InputError("group", "office/alignment_records.incomplete")
    change.record("group.founded", made, {"organisations": made.organisations, "people": made.people})
    return made


def meet(
    change: Change,
    kind: str,
    title: Text,
    *,
    place: str,
    starts: datetime,
    ends: datetime,
    agenda: Sequence[Text],
    group: str | None = None,
    files: Iterable[Path] = (),
) -> Meeting:
    """Record a meeting or technology observation, before or after it is held.

    Raises
    ------
    InputError
        When the kind is not known, texts are missing, it ends before it starts, or there is no such group.
    """
    change.require(*OFFICE)
    if kind not in list(MeetingKind):
        raise InputError(kind, "office/alignment_records.unknown_kind", known=", ".join(MeetingKind))
    _check_texts("meeting", title, *agenda)
    if not place.strip() or not agenda:
        raise InputError("meeting", "office/alignment_records.incomplete")
    if ends < starts:
        raise InputError("meeting", "office/alignment_records.bad_dates", day=starts)
    if group is not None and change.session.get(WorkingGroup, group) is None:
        raise InputError(group, "office/alignment_records.unknown_record")
    made = change.add(
        Meeting(
            kind=kind,
            title=dict(title),
            place=place,
            starts=starts,
            ends=ends,
            group=group,
            agenda=[dict(item) for item in agenda],
            files=keep_documents(change, files),
        )
    )
    change.record("meeting.recorded", made, {"kind": kind, "files": made.files})
    return made


def add_documents(change: Change, meeting: str, files: Iterable[Path]) -> Meeting:
    """Add documents to a meeting: minutes, slides; none is ever replaced.

    Raises
    ------
    InputError
        When there is no such meeting, or it has a document of that name.
    """
    change.require(*OFFICE)
    found = change.session.get(Meeting, meeting)
    if found is None:
        raise InputError(meeting, "office/alignment_records.unknown_record")
    added = keep_documents(change, files)
    twice = sorted(found.files.keys() & added.keys())
    if twice:
        raise InputError(twice[0], "office/alignment_records.name_twice")
    found.files = {**found.files, **added}
    change.record("meeting.documents_added", found, {"files": added})
    return found


def meetings(session: Session, kind: MeetingKind | None = None) -> tuple[Meeting, ...]:
    """Return meetings, of one kind or all, the latest first."""
    wanted = select(Meeting).order_by(Meeting.starts.desc(), Meeting.key)
    return tuple(session.scalars(wanted if kind is None else wanted.where(Meeting.kind == kind)))


def _check_texts(place: str, *texts: Text) -> None:
    if any(not (text.get(language) or "").strip() for text in texts for language in ("en", "zh")):
        raise InputError(place, "office/alignment_records.both_languages")
