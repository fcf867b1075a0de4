"""Long work: which kinds there are, and the process that does it, one job at a time, apart from the server."""
