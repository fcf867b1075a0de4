"""What one programme's evidence says under another's rules: comparison, reuse, planning, improvement, risk, change.

Everything here asks the one engine of `carindex.rating`; nothing here knows how an answer is shown, or which
programmes exist.
"""
