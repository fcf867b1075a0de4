"""People and organisations: who there is, who is affiliated with whom, who may do what, how they sign in.

Belongs here: records of people and organisations, roles, passwords, sessions and tokens. Does not: what an expert does
on the panel.
"""
