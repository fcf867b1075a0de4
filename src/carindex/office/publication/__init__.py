"""Publication: batches with embargo, signed and chained records of what was published, corrections, appeals.

`signing`, `chain` and `exported` make and check the log without a database; `lifecycle` says which step may follow
which; the other modules keep batches, records and appeals.
"""
