"""What comparisons of programmes look like: prepared once, for the terminal, tables and pages."""
