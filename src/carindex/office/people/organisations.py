"""Organisations and what belongs together: a maker with its brands, an institute with its laboratories."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from carindex.messages import InputError, Language
from carindex.office.store import Change, Organisation, Role
from carindex.office.store.people import OrganisationKind
from carindex.office.wording import label

_COUNTRY = re.compile(r"[A-Z]{2}")


def add_organisation(
    change: Change,
    name: Mapping[str, str],
    kind: str,
    *,
    country: str | None = None,
    parent: str | None = None,
    example: bool = False,
) -> Organisation:
    """Add an organisation.

    Parameters
    ----------
    change
        The change; a secretary's or administrator's.
    name
        Its name a language; English at least.
    kind
        One of `OrganisationKind`.
    country
        ISO 3166-1 code of two letters.
    parent
        Key of the organisation it belongs to.
    example
        Whether it is invented; it is then always shown as an example.

    Raises
    ------
    InputError
        When the kind or country is not known, the name is empty or taken, or there is no such parent.
    """
    change.require(Role.SECRETARY, Role.ADMINISTRATOR)
    given = {language: text.strip() for language, text in name.items() if text.strip()}
    if "en" not in given:
        raise InputError("organisation", "office/people.no_name")
    place = given["en"]
    if kind not in list(OrganisationKind):
        raise InputError(place, "office/people.unknown_kind", kind=kind, known=", ".join(OrganisationKind))
    if country is not None and not _COUNTRY.fullmatch(country):
        raise InputError(place, "office/people.bad_country", country=country)
    if parent is not None:
        organisation_of(change.session, parent)
    if any(other.name["en"] == place for other in change.session.scalars(select(Organisation))):
        raise InputError(place, "office/people.name_taken")
    made = Organisation(name=given, kind=kind, country=country, parent=parent, example=example)
    change.add(made)
    details = {"name": given, "kind": kind, "country": country, "parent": parent, "example": example}
    change.record("organisation.added", made, details)
    return made


def organisation_of(session: Session, name: str) -> Organisation:
    """Return an organisation by its key or its name in any language.

    Raises
    ------
    InputError
        When there is none.
    """
    found = session.get(Organisation, name)
    if found is None:
        every = session.scalars(select(Organisation).order_by(Organisation.key))
        found = next((one for one in every if name in one.name.values()), None)
    if found is None:
        raise InputError(name, "office/people.unknown_organisation")
    return found


def family(session: Session, organisation: str) -> frozenset[str]:
    """Return the keys of all organisations that belong together with one: all below its topmost parent, and itself."""
    rows = session.execute(select(Organisation.key, Organisation.parent))
    parents = {row.key: row.parent for row in rows}

    def top(key: str) -> str:
        seen = {key}
        while (above := parents.get(key)) is not None and above not in seen:
            key = above
            seen.add(key)
        return key

    own = top(organisation)
    return frozenset(key for key in parents if top(key) == own)


def shown_name(organisation: Organisation, language: Language) -> str:
    """Return the name to show; an invented organisation is said to be an example."""
    name = organisation.name.get(language) or organisation.name["en"]
    return label("example", language).format(name=name) if organisation.example else name
