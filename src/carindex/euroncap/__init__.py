"""The workbooks of Euro NCAP's own calculator: blank, prepared for testing, and filled in as a report.

One module a stage. Belongs here: which cell of which sheet holds which fact or score, the choice of verification
points, reading and writing. Does not belong here: rules (`carindex.rating`, `carindex.protocols`).
"""
