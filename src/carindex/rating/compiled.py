"""Protocols ready to be evaluated, by name."""

from __future__ import annotations

from pathlib import Path

from carindex.kept import kept
from carindex.rating.plan import Plan


def compiled(name: str | Path, *, calculator: bool = False) -> Plan:
    """Load a protocol and compile it; one that comes with the package is kept from one start to the next.

    One that an overlay completes or replaces is made anew each time.

    Parameters
    ----------
    name, calculator
        As in `load_protocol`.

    Raises
    ------
    InputError
        When there is no such protocol, or one of its files says something that makes no sense.
    """

    def make() -> Plan:
        from carindex.rating.compile import compile_protocol
        from carindex.rating.load import load_protocol

        return compile_protocol(load_protocol(name, calculator=calculator))

    from carindex.rating.load import as_shipped

    if not as_shipped(str(name)):
        return make()
    return kept(f"{name}{'.calculator' if calculator else ''}", make)
