"""Who may see and do what in a workspace: only people of the organisation that it belongs to."""

from __future__ import annotations

from carindex.messages import InputError
from carindex.office.store import Actor, Role
from carindex.office.store.transaction import not_allowed

WORKING = frozenset({Role.ENGINEER, Role.LABORATORY, Role.SECRETARY, Role.ADMINISTRATOR})
"""Roles that may upload and ask for work, each for the organisation of who holds it."""


def organisation_of(actor: Actor) -> str:
    """Return the organisation whose workspace somebody works in.

    Raises
    ------
    InputError
        When they hold no role for it, or belong to no organisation.
    """
    if actor.roles.isdisjoint(WORKING):
        raise not_allowed(actor, *WORKING)
    if actor.organisation is None:
        raise InputError(actor.name or "workspace", "office/workspace.no_organisation")
    return actor.organisation
