"""The programme of work: which cars and why, bought how, tested where, received when, and which edition is in force.

Belongs here: everything up to the evidence of a car. Does not: its rating (``assessments``) and review (``review``).
"""
