"""``python -m carindex``: the command line, for environments in which the script ``carindex`` is not on the path."""

from carindex.cli import main

main()
