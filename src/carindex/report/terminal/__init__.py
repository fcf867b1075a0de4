"""What the command line shows: tables and trees on a terminal, the same as plain text when piped.

One function a command. Nothing here computes anything; `rich` is imported when something is shown.
"""

from carindex.report.terminal.comparison import show_comparison
from carindex.report.terminal.life_cycle import show_life_cycle
from carindex.report.terminal.protocols import (
    show_check,
    show_checks,
    show_differences,
    show_protocol,
    show_protocols,
)
from carindex.report.terminal.ratings import show_losses, show_rating
from carindex.report.terminal.recordings import show_criteria, show_findings, show_recording

__all__ = [
    "show_check",
    "show_checks",
    "show_comparison",
    "show_criteria",
    "show_differences",
    "show_findings",
    "show_life_cycle",
    "show_losses",
    "show_protocol",
    "show_protocols",
    "show_rating",
    "show_recording",
]
