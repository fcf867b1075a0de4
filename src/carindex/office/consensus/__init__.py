"""Consensus on rules: what a panel's ratings say, weights from comparisons in pairs, proposals and their rounds.

`ratings`, `stability`, `concordance`, `criteria` and `hierarchy` are pure functions on numbers; `proposals`, `rounds`
and `adoption` keep them in the office's database.
"""
