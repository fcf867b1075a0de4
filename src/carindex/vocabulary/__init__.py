"""The shared words, as data: tests, seats, dummies and quantities, each with English and Chinese names.

The words lie in YAML files beside this module; the code only loads, checks and looks them up. Nothing here
belongs to any one programme.
"""

from carindex.vocabulary.names import FactName, InvalidFactNameError
from carindex.vocabulary.words import (
    CAR,
    GIVEN,
    Dummy,
    Quantity,
    Seat,
    Test,
    Theme,
    Vocabulary,
    vocabulary,
)

__all__ = [
    "CAR",
    "GIVEN",
    "Dummy",
    "FactName",
    "InvalidFactNameError",
    "Quantity",
    "Seat",
    "Test",
    "Theme",
    "Vocabulary",
    "vocabulary",
]
