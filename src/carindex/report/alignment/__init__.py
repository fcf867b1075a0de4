"""Comparisons for people: on the terminal and as pages. Nothing here computes anything."""
