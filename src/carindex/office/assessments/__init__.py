"""Assessments: a car's evidence rated under one edition, kept as a snapshot that nothing can alter.

Rating again, with another engine, edition or evidence, makes a new snapshot; `difference` shows what changed.
"""
