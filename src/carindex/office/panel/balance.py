"""The balance of a panel: what speaks against an appointment, as findings, each with its figures.

Pure functions of members and rules; nothing is read or written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from carindex.messages import Finding
from carindex.office.panel.calendar import last_day, months_after
from carindex.office.panel.rules import PanelRules


class Member(msgspec.Struct, frozen=True):
    """A term of a member, as the balance sees it.

    ``family``: a name that is the same for all organisations that belong together; ``affiliation``: the kind of
    organisation.
    """

    person: str
    region: str
    field: str
    affiliation: str
    family: str | None
    begins: date
    ends: date

    def on(self, day: date) -> bool:
        """Whether the term covers a day."""
        return self.begins <= day <= self.ends


def against(rules: PanelRules, members: Sequence[Member], new: Member) -> list[Finding]:
    """Return what speaks against appointing a member, in the order of the rules; nothing: it is in balance.

    The composition is looked at on each day of the new term on which a term begins: the first day, and the first days
    of those that were appointed before to begin later.
    """
    found = [*_against_term(rules, members, new)]
    for day in sorted({new.begins, *(one.begins for one in members if new.begins <= one.begins <= new.ends)}):
        there = [one for one in (*members, new) if one.on(day)]
        found.extend(imbalances(rules, there, day, new))
    said: dict[tuple[str, object], Finding] = {}
    for one in found:  # the first day on which something is so says it for all
        said.setdefault((one.code, one.parameters.get("what")), one)
    return list(said.values())


def imbalances(
    rules: PanelRules, there: Sequence[Member], day: date, concerning: Member | None = None
) -> list[Finding]:
    """Return what is out of balance among the members of a day; only what concerns one of them where that is given."""
    found: list[Finding] = []
    count = len(there)
    if rules.seats is not None and count > rules.seats:
        found.append(_finding("seats", day, count=count, most=rules.seats))
    for share in rules.shares:
        if count < share.once:
            continue
        for value, number in sorted(Counter(getattr(one, share.of) for one in there).items()):
            concerned = concerning is None or getattr(concerning, share.of) == value
            if value and share.value in (None, value) and concerned and number > share.most * count:
                figures = {"number": number, "count": count, "most": f"{share.most:.0%}"}
                found.append(_finding("share", day, what=f"{share.of}: {value}", **figures))
    if rules.family is not None:
        families = Counter(one.family for one in there if one.family is not None)
        for family, number in sorted(families.items()):
            if number > rules.family and (concerning is None or concerning.family == family):
                found.append(_finding("family", day, what=family, number=number, most=rules.family))
    found.extend(_least(rules, there, day, concerning))
    return found


def _least(
    rules: PanelRules, there: Sequence[Member], day: date, concerning: Member | None
) -> Iterable[Finding]:
    """Yield what is missing of the seats that regions and fields have, as far as free seats cannot hold it.

    Who takes one of the missing seats is welcome also where it does not make up for all that is missing.
    """
    free = None if rules.seats is None else rules.seats - len(there)
    for of, least in (("region", rules.least.region), ("field", rules.least.field)):
        counts = Counter(getattr(one, of) for one in there)
        missing = {
            str(value): number - counts[value] for value, number in least.items() if number > counts[value]
        }
        needed = sum(missing.values())
        if not needed:
            continue
        if concerning is not None:
            value = getattr(concerning, of)
            serves = counts[value] <= dict(least).get(value, 0)
            if serves or free is None or needed <= free:
                continue
        names = ", ".join(f"{value} {number}" for value, number in sorted(missing.items()))
        yield _finding("least", day, what=names, of=of, free="-" if free is None else max(free, 0))


def _against_term(rules: PanelRules, members: Sequence[Member], new: Member) -> Iterable[Finding]:
    term = rules.term
    if term.years is not None and new.ends > last_day(new.begins, term.years):
        last = last_day(new.begins, term.years).isoformat()
        yield _finding("term_length", new.begins, years=term.years, last=last)
    own = [one for one in members if one.person == new.person]
    for one in own:
        if one.begins <= new.ends and new.begins <= one.ends:
            yield _finding(
                "term_overlaps", new.begins, begins=one.begins.isoformat(), ends=one.ends.isoformat()
            )
            return
    if term.consecutive is not None:
        together = _following(sorted([*own, new], key=lambda one: one.begins), new, term.pause_months)
        if together > term.consecutive:
            yield _finding("terms_consecutive", new.begins, number=together, most=term.consecutive)


def _following(terms: Sequence[Member], new: Member, pause_months: int) -> int:
    """Return how many terms follow each other, the new one among them."""
    chain: list[Member] = []
    for one in terms:
        if chain and not _follows(chain[-1], one, pause_months):
            if new in chain:
                break
            chain = []
        chain.append(one)
    return len(chain)


def _follows(before: Member, after: Member, pause_months: int) -> bool:
    """Whether a term begins before the pause after another one is over; without a pause: on the next day."""
    next_day = before.ends + timedelta(days=1)
    return after.begins <= next_day or after.begins < months_after(next_day, pause_months)


def _finding(name: str, day: date, **parameters: object) -> Finding:
    return Finding(
        f"office/panel.{name}", "error", day.isoformat(), None, {"day": day.isoformat(), **parameters}
    )
