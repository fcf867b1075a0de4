"""Injury and vehicle criteria as pure functions: NumPy arrays in, NumPy numbers out, one module a topic.

Records are ``(n,)`` or ``(..., n)`` with time on the last axis and a constant sampling interval. Arguments
and results are in SI units (m/s², N, N·m, m, rad/s, s) except where a criterion is defined in another (g),
which the function says. A NaN in what a criterion needs gives NaN, never a number. Constants of dummies are
data (``constants.yaml``). Nothing here knows about files, cars or limits.
"""
