"""Deadlines and conditions of publication as an organisation sets them: data with a date, never in the code.

There is none by default: what a maker may do, and how long it takes, is for each organisation to say.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError
from carindex.office.publication.models import Rules
from carindex.office.store import Change, Role
from carindex.office.store.columns import instant

Days = Annotated[int, msgspec.Meta(ge=0, le=3660)]


class PublicationRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an organisation's own rules say.

    Attributes
    ----------
    notice_days
        Between sealing a batch, from when makers see their own results, and its release, at least.
    file_days
        From publication of a result, or of its newest version, to the end of the time for an appeal.
    admit_days, decide_days, remedy_days
        From filing to admission or refusal; from there to the decision; from one for the maker to the remedy.
    open_appeals_hold_release
        Whether a batch with an open appeal against one of its results waits.
    signatures
        How many experts without a conflict of interest must sign a decision.
    source
        Where the organisation says so.
    """

    notice_days: Days
    file_days: Days
    admit_days: Days
    decide_days: Days
    remedy_days: Days
    open_appeals_hold_release: bool
    signatures: Annotated[int, msgspec.Meta(ge=1, le=100)]
    source: str


def rules_from(text: bytes, place: str | Path) -> PublicationRules:
    """Return rules from YAML.

    Raises
    ------
    InputError
        When it is none, or not of the form.
    """
    import yaml

    try:
        return msgspec.convert(yaml.load(text, yaml.CSafeLoader), PublicationRules)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        reason = str(error).replace("\n", " ")
        raise InputError(place, "office/publication.bad_rules", reason=reason) from None


def set_rules(change: Change, rules: PublicationRules, valid_from: datetime | None = None) -> Rules:
    """Set rules, in force from now or a later moment.

    Raises
    ------
    InputError
        When they were to hold for the past, or the actor is no administrator.
    """
    change.require(Role.ADMINISTRATOR)
    since = valid_from or change.at
    if since < change.at:
        raise InputError("rules", "office/publication.rules_backwards", now=instant(change.at))
    made = change.add(Rules(valid_from=since, content=msgspec.to_builtins(rules)))
    change.record("publication.rules_set", made, {"valid_from": instant(since), **made.content})
    return made


def rules_at(session: Session, at: datetime) -> tuple[str, PublicationRules]:
    """Return the rules in force at a moment, with their key.

    Raises
    ------
    InputError
        When none were set.
    """
    wanted = select(Rules).where(Rules.valid_from <= at).order_by(Rules.valid_from.desc(), Rules.key.desc())
    found = session.scalars(wanted.limit(1)).one_or_none()
    if found is None:
        raise InputError("rules", "office/publication.no_rules")
    return found.key, msgspec.convert(found.content, PublicationRules)


def rules_named(session: Session, key: str) -> PublicationRules:
    """Return the rules of a key."""
    found = session.get_one(Rules, key)
    return msgspec.convert(found.content, PublicationRules)
