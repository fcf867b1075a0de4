"""Recording formats, one module each, all of the same shape.

A format module has ``NAME``, ``recognises(source) -> bool`` (by content) and ``read(source, *, eager) ->
Recording``. A new format is a new module here and one line in ``recordings/read.py``.
"""
