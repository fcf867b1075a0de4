"""The index organisation at work: programme of work, experts, reviews, consensus, batches, publication, records.

Everything is kept in a database and changed only through the functions of this package, which write the audit log.
Nothing here knows HTTP.
"""
