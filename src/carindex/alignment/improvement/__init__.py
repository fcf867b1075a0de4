"""The cheapest improvement: the smallest set of changes in facts that reaches an outcome, as a mixed-integer program.

`carindex.alignment.improvement.improve.improve` is the way in. What a protocol's rules are comes from its compiled
operations alone; every answer is rated again by the engine.
"""
