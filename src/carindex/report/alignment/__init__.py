"""What comparisons of programmes look like: on the terminal, on a page, in print."""
