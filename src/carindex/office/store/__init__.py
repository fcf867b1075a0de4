"""Where the office keeps its records: the database, its migrations, the audit log, kept files.

Belongs here: how records are kept and changed safely, and the few records that every other one names (people and
organisations). Does not: what a programme of work, a panel or a review is.

Every change is made inside ``with office.change(by=…) as change:``, one transaction, and says what it did through
`Change.record`; a change that says nothing is refused. Changes follow each other one at a time, so a rule that was
checked inside a change still holds when it is committed.
"""

from carindex.office.store.base import Base, Record
from carindex.office.store.clock import Clock, utc_now
from carindex.office.store.opening import Office, open_office
from carindex.office.store.people import Organisation, Person, Role, RoleHeld
from carindex.office.store.transaction import SYSTEM, Actor, AuditEntry, Change

__all__ = [
    "SYSTEM",
    "Actor",
    "AuditEntry",
    "Base",
    "Change",
    "Clock",
    "Office",
    "Organisation",
    "Person",
    "Record",
    "Role",
    "RoleHeld",
    "open_office",
    "utc_now",
]
