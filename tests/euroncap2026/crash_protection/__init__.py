"""Euro NCAP 2026, Crash Protection: the reference scorer and its proof against the programme's own calculator."""
