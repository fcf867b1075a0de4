"""The index organisation at work: programme of work, experts, reviews, consensus, batches, publication, records.

Everything is kept in a database and changed only through the functions of this package, which write the audit log.
Nothing here knows HTTP.

Functions that change something take a `Change` first (``with office.change(by=person) as change:``), those that only
read take a session (``with office.reading() as session:``). Times come from the clock that the office was opened with.
Each room below has its tables in ``models.py``, its messages in ``messages.yaml``, its words in ``labels.yaml`` and its
migrations in ``store/migrations/versions`` (named by room and number; the first one of a room follows ``store_1``).
"""
