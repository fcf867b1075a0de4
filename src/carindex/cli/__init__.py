"""The command line: one thin command a job.

Each module below holds the commands of one subject; a module is imported when one of its commands is asked
for, and what a command needs is imported when it runs, so that asking for help costs nothing.
"""

from carindex.cli.main import main

__all__ = ["main"]
