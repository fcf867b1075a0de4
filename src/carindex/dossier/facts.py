"""A fact: a name from the vocabulary, a value in the vocabulary's unit, and where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

import msgspec

from carindex.messages import Finding, InputError
from carindex.units import ratio
from carindex.vocabulary import GIVEN, FactName, InvalidFactNameError, Quantity, vocabulary

# A node's score as a test report states it; how much it can be is known where the node is.
_SCORE = Quantity(
    label={"en": "Score of the test report", "zh": "试验报告给出的得分"},
    unit="1",
    better="higher",
    range=(0.0, float("inf")),
)
# The same in per cent of the node's greatest score; how many points that is is known where the node is.
_RATE = Quantity(
    label={"en": "Score of the test report, per cent", "zh": "试验报告给出的得分率"},
    unit="%",
    better="higher",
    range=(0.0, 100.0),
)
# Words that people write where no value is known.
MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--"})
# Dashes and words that tables write for the same; a workbook of a programme has none of them.
_MISSING_IN_TABLES = frozenset(
    {"—", "–", "——", "---", "/", "n.a.", "不适用", "未测", "未测试", "未公布", "无数据"}
)
# Figures and signs as wide as a Chinese character, as Chinese tables have them, and the sign of negative numbers.
_HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x2212: 0x2D}
_WORDS_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("no", "n", "false", "0", "0.0", "否"), "no"),
        **dict.fromkeys(("yes", "y", "true", "1", "1.0", "是"), "yes"),
    }
)


class Fact(msgspec.Struct, frozen=True):
    """What is known about a car, once.

    Attributes
    ----------
    name
        Name made of words of the vocabulary, see `carindex.vocabulary.FactName`.
    value
        Value in ``unit``; the position of the word among the quantity's words where the value is a word.
    unit
        The vocabulary's unit of the quantity; ``%`` for a node's score that is stated in per cent.
    origin
        Where it came from, for people: a file and line, or file, channels, filter and method.
    details
        The same for machines: file, SHA-256, channels, filter, method, times.
    said
        The word that is stated of a node (``given:PATH``): a grade. Only the protocol knows what it stands for;
        until then the value is NaN.
    """

    name: str
    value: float
    unit: str
    origin: str = ""
    details: Mapping[str, object] = msgspec.field(default_factory=dict)
    said: str | None = None

    @property
    def quantity(self) -> Quantity:
        """What was measured."""
        return quantity_of(self.name, self.unit) if self.name.startswith(GIVEN) else quantity_of(self.name)

    @property
    def word(self) -> str | float:
        """The value as a word where the quantity has words, else the number."""
        if self.said is not None:
            return self.said
        categories = self.quantity.categories
        return categories[round(self.value)] if categories else self.value


def stated_in_per_cent(name: str, unit: str | None) -> bool:
    """Whether a fact is a node's score in per cent of its greatest one: ``given:PATH [%]``."""
    return unit == _RATE.unit and name.startswith(GIVEN)


@lru_cache(maxsize=1 << 16)
def quantity_of(name: str, unit: str | None = None) -> Quantity:
    """Return the quantity that a fact name speaks of; the unit tells a node's score in per cent from one in points.

    Raises
    ------
    carindex.vocabulary.InvalidFactNameError
        When the name is not made of words of the vocabulary.
    """
    if name.startswith(GIVEN):
        return _RATE if stated_in_per_cent(name, unit) else _SCORE
    return vocabulary().quantities[FactName.parse(name).quantity]


def checked_name(text: str, place: str) -> str:
    """Return a fact name in its canonical spelling.

    Raises
    ------
    InputError
        When it is not made of words of the vocabulary; the nearest known words are suggested.
    """
    if text.startswith(GIVEN):
        return text.strip()
    try:
        return str(FactName.parse(text))
    except InvalidFactNameError as error:
        words = vocabulary()
        known: dict[str, Iterable[str]] = {
            "test": words.tests,
            "seat": words.seats,
            "dummy": words.dummies,
            "quantity": words.quantities,
        }
        candidates = list(known.get(error.kind, ()))
        near = get_close_matches(error.word, candidates, n=3) or candidates[:3]
        raise InputError(
            place,
            "dossier.unknown_fact",
            name=text,
            word=error.word,
            kind=words.kinds[error.kind],
            near=", ".join(near) or "full_width_rigid_56/driver/h3_50m/hic15",
        ) from None


def half_width(text: str) -> str:
    """Return a text with the figures, letters and signs of half width."""
    return text.translate(_HALF_WIDTH)


def says_nothing(text: str) -> bool:
    """Whether a text is one that people write where no value is known."""
    return text.lower() in MISSING_WORDS or text in _MISSING_IN_TABLES


def number_from_text(text: str) -> float:
    """Return the number that a text spells as people write it.

    Raises
    ------
    ValueError
        When it is none; what only a programming language takes for one (``8_5``) is none.
    """
    if "_" in text:
        raise ValueError(text)
    return float(text)


def counted_in(unit: str) -> str | Mapping[str, str]:
    """Return a unit for a message; what has none is said to be a number without unit."""
    return {"en": "no unit", "zh": "无单位"} if unit == "1" else unit


def stated_word(name: str, value: object) -> str | None:
    """Return the word that is stated of a node, ``None`` for a number, for nothing and for facts of other kinds."""
    text = half_width(value).strip() if isinstance(value, str) and name.startswith(GIVEN) else ""
    if says_nothing(text):
        return None
    try:
        number_from_text(text)
    except ValueError:
        return text
    return None


def value_from_text(text: str, quantity: Quantity, place: str, unit: str | None = None) -> float | None:
    """Return the value that a text spells, in the quantity's unit; ``None`` when it says that none is known.

    Raises
    ------
    InputError
        When the text is neither a number nor a word of the quantity, the unit does not fit, or the value is
        physically impossible. Nothing is ever read as zero because it could not be read.
    """
    cleaned = half_width(text).strip()
    if quantity.categories and cleaned.endswith(".0"):
        cleaned = cleaned.removesuffix(".0")  # a year that a table keeps as a number
    cleaned = quantity.also.get(cleaned, cleaned)
    if cleaned in quantity.categories:  # "N/A" can be an answer
        return float(quantity.categories.index(cleaned))
    if says_nothing(cleaned):
        return None
    if quantity.categories:
        spelled = {word.lower(): word for word in quantity.categories}
        known = _WORDS_OF if quantity.kind == "boolean" else spelled
        word = known.get(cleaned.lower(), cleaned)
        if word not in quantity.categories:
            expected = ", ".join(quantity.categories)
            raise InputError(place, "dossier.not_a_word", text=text, expected=expected)
        return float(quantity.categories.index(word))
    try:
        value = number_from_text(half_width(text))
    except ValueError:
        raise InputError(place, "dossier.not_a_number", text=text, unit=counted_in(quantity.unit)) from None
    return checked_value(value, quantity, place, unit)


def checked_value(value: float, quantity: Quantity, place: str, unit: str | None = None) -> float:
    """Return a number in the quantity's unit, refused when it is not possible.

    Raises
    ------
    InputError
        When the unit does not fit or the value lies outside what is physically possible.
    """
    if unit:
        factor = ratio(unit, quantity.unit)
        if factor != factor:
            raise InputError(place, "dossier.unit_does_not_fit", unit=unit, expected=quantity.unit)
        value *= factor
    least, most = quantity.range
    if not least <= value <= most or value in (float("inf"), float("-inf")):
        raise InputError(place, "dossier.not_possible", **impossible(value, quantity.unit, quantity.range))
    return value


def impossible(value: float, unit: str, between: tuple[float, float]) -> dict[str, str]:
    """Return what a message says of a value outside of what is possible."""
    least, most = between
    shown = f"{value:g}" if unit == "1" else f"{value:g} {unit}"
    return {"value": shown, "least": f"{least:g}", "most": "∞" if most == float("inf") else f"{most:g}"}


def plausibility(name: str, value: float, place: str) -> Finding | None:
    """Return a warning when a value is possible but far from what tests give."""
    quantity = quantity_of(name)
    if quantity.plausible is None or quantity.plausible[0] <= value <= quantity.plausible[1]:
        return None
    least, most = quantity.plausible
    parameters = {"name": name, "value": f"{value:g}", "unit": quantity.unit, "least": least, "most": most}
    return Finding("dossier.not_plausible", "warning", place, None, parameters)
