"""One car: what it is, its tests, its facts. A fact is a vocabulary name, a value, a unit and an origin.

Dossier folders, whose tests are measured when they are loaded, are in `carindex.dossier.folder`; published
tables in `carindex.dossier.published`.
"""

from carindex.dossier.facts import (
    Fact,
    checked_name,
    checked_value,
    quantity_of,
    stated_in_per_cent,
    value_from_text,
)
from carindex.dossier.readers import PROTOCOL, FactSet, read_facts, sha256, split_unit

__all__ = [
    "PROTOCOL",
    "Fact",
    "FactSet",
    "checked_name",
    "checked_value",
    "quantity_of",
    "read_facts",
    "sha256",
    "split_unit",
    "stated_in_per_cent",
    "value_from_text",
]
