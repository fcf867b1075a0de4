"""What the server logs: mistakes of the program, to standard error; never a query, header, form or cookie."""

from __future__ import annotations

import logging
import sys


def set_up() -> None:
    """Let the server log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
