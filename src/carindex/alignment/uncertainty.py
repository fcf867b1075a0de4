"""How much the facts of a car scatter: what the user says in a file, and what is assumed where he says nothing.

A file names facts (patterns with ``*`` are allowed) or quantities, each with a distribution; words with the probability
of each word; and groups of facts that scatter together, such as all that is measured in one crash. A fact named itself
counts before a pattern, a pattern before its quantity, all of them before what is assumed.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from carindex.dossier import checked_name
from carindex.kept import shipped
from carindex.messages import Finding, InputError
from carindex.rating import Plan
from carindex.units import ratio
from carindex.vocabulary import CAR, GIVEN, FactName, Quantity, vocabulary

Distribution = Literal["normal", "uniform", "lognormal"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)
_KEYS = frozenset({"source", "default", "facts", "quantities", "words", "groups"})
_ENTRY_KEYS = frozenset({"distribution", "sd", "source"})
_GROUP_KEYS = frozenset({"name", "facts", "by", "correlation", "source"})
_COLUMNS = ("name", "distribution", "sd", "group", "correlation")
_PATTERN = frozenset("*?[")
_EXPECTED = {"en": "YAML, JSON or CSV of distributions", "zh": "应为分布的 YAML、JSON 或 CSV 文件"}


class Spread(msgspec.Struct, frozen=True):
    """A distribution as it is written: its form, and its standard deviation, of the value or in a unit."""

    distribution: Distribution
    deviation: float
    relative: bool
    unit: str | None
    source: str
    assumed: bool = False


class Scatter(msgspec.Struct, frozen=True):
    """How one number scatters: standard deviation in the unit of its fact, around the value that was measured."""

    fact: int
    distribution: Distribution
    value: float
    deviation: float
    spread: Spread


class WordScatter(msgspec.Struct, frozen=True):
    """The probability of each word that a fact can be, in the order of its words."""

    fact: int
    probabilities: tuple[float, ...]
    source: str


class CorrelatedGroup(msgspec.Struct, frozen=True):
    """Facts that scatter together: any two have this correlation, in the sense of worse with worse."""

    name: str
    facts: tuple[int, ...]
    correlation: float


class Uncertainty(msgspec.Struct, frozen=True):
    """The scatter of one car's facts under one protocol; facts are numbered as the plan does.

    ``assumed``: how many of the scatters are assumptions of this tool; ``still``: known facts that do not scatter.
    """

    scatters: tuple[Scatter, ...]
    words: tuple[WordScatter, ...]
    groups: tuple[CorrelatedGroup, ...]
    still: int
    findings: tuple[Finding, ...] = ()

    @property
    def assumed(self) -> int:
        """How many facts scatter by an assumption of this tool."""
        return sum(scatter.spread.assumed for scatter in self.scatters)

    @property
    def facts(self) -> tuple[int, ...]:
        """Facts that scatter: numbers, then words."""
        return (*(scatter.fact for scatter in self.scatters), *(word.fact for word in self.words))


class Stated(msgspec.Struct, frozen=True):
    """What an uncertainty file says, before it meets a car."""

    place: str
    assumptions: bool
    facts: Mapping[str, Spread | None]
    patterns: tuple[tuple[str, Spread | None], ...]
    quantities: Mapping[str, Spread | None]
    words: Mapping[str, tuple[tuple[float, ...], str]]
    groups: tuple[tuple[str, tuple[str, ...], str, float], ...]


NOTHING_STATED = Stated("", True, {}, (), {}, {}, ())
"""What is taken without a file: the assumptions of this tool."""


def read_uncertainty(path: Path) -> Stated:
    """Read an uncertainty file, YAML, JSON or CSV by its ending.

    Raises
    ------
    InputError
        When it cannot be read, or says something that makes no sense: an unknown fact, quantity or distribution, a
        deviation that is no number or in a unit that does not fit, probabilities that do not add up to 1.
    """
    return _stated(_read(path), str(path))


def scatter_of(stated: Stated, plan: Plan, known: Mapping[int, float]) -> Uncertainty:
    """Return how the known facts of a car scatter.

    Parameters
    ----------
    stated
        What the file says.
    plan
        Compiled protocol.
    known
        Value of each known fact, by its number.

    Raises
    ------
    InputError
        When a fact stands in two groups.
    """
    scatters: list[Scatter] = []
    words: list[WordScatter] = []
    for fact, value in known.items():
        name, quantity = plan.facts[fact], plan.quantities[fact]
        if name in stated.words:
            probabilities, source = stated.words[name]
            words.append(WordScatter(fact, probabilities, source))
            continue
        if quantity.categories or fact in plan.idle:
            continue
        spread = _spread_for(stated, name, quantity)
        if spread is None or spread.deviation == 0.0:
            continue
        factor = abs(value) if spread.relative else ratio(spread.unit or quantity.unit, quantity.unit)
        deviation = spread.deviation * factor
        if deviation > 0.0:
            scatters.append(Scatter(fact, spread.distribution, value, deviation, spread))
    moving = [*(scatter.fact for scatter in scatters), *(word.fact for word in words)]
    groups = tuple(_groups(stated, plan, moving))
    return Uncertainty(
        tuple(scatters),
        tuple(words),
        groups,
        len(known) - len(moving),
        tuple(_unused(stated, plan, known)),
    )


def _spread_for(stated: Stated, name: str, quantity: Quantity) -> Spread | None:
    if name in stated.facts:
        return stated.facts[name]
    for pattern, spread in stated.patterns:
        if fnmatchcase(name, pattern):
            return spread
    key = "" if name.startswith(GIVEN) else FactName.parse(name).quantity
    if key in stated.quantities:
        return stated.quantities[key]
    return _assumed(name, quantity) if stated.assumptions else None


def _assumed(name: str, quantity: Quantity) -> Spread | None:
    """Return the scatter that this tool assumes of a fact."""
    if name.startswith(GIVEN):
        return None
    parsed = FactName.parse(name)
    if parsed.test == CAR or (parsed.cell is not None and parsed.quantity == "predicted"):
        return None
    data = shipped("alignment/scatter.yaml")
    kind = vocabulary().tests[parsed.test].kind
    for entry in data["entries"]:
        if kind not in entry["kinds"] or quantity.unit not in entry["units"]:
            continue
        if entry.get("occupants") and parsed.seat is None:
            continue
        deviation, relative, unit = _deviation(entry["sd"], quantity, "scatter.yaml")
        return Spread("normal", deviation, relative, unit, data["source"]["en"], assumed=True)
    return None


def _groups(stated: Stated, plan: Plan, moving: Sequence[int]) -> Iterator[CorrelatedGroup]:
    owner: dict[int, str] = {}
    for name, patterns, by, correlation in stated.groups:
        members: dict[str, list[int]] = {}
        for fact in moving:
            full = plan.facts[fact]
            if any(fnmatchcase(full, pattern) for pattern in patterns):
                members.setdefault(f"{name}{_part(full, by)}", []).append(fact)
        for key, facts in members.items():
            for fact in facts:
                if fact in owner:
                    place = f"{stated.place}: {plan.facts[fact]}"
                    raise InputError(place, "alignment.in_two_groups", first=owner[fact], second=key)
                owner[fact] = key
            if len(facts) > 1:
                yield CorrelatedGroup(key, tuple(facts), correlation)


def _part(name: str, by: str) -> str:
    """Return what tells the groups of one entry apart: the test, or test and occupant."""
    if by == "all" or name.startswith(GIVEN):
        return ""
    return occupant_of(name) if by == "occupant" else FactName.parse(name).test


def occupant_of(name: str) -> str:
    """Return test and occupant of a fact, its test alone where nobody sits."""
    if name.startswith(GIVEN):
        return name
    parsed = FactName.parse(name)
    return f"{parsed.test}/{parsed.seat}" if parsed.seat is not None else parsed.test


def _unused(stated: Stated, plan: Plan, known: Mapping[int, float]) -> Iterator[Finding]:
    """Yield a note for each fact that is named and does not count here: not asked for, or not known of the car."""
    names = {name: i for i, name in enumerate(plan.facts)}
    for name in (*stated.facts, *stated.words):
        code = None if names.get(name) in known else "not_known" if name in names else "not_asked"
        if code is not None:
            parameters = {"name": name, "protocol": plan.protocol.id}
            yield Finding(f"alignment.scatter_{code}", "warning", stated.place, None, parameters)
    for pattern, _ in stated.patterns:
        if not any(fnmatchcase(plan.facts[fact], pattern) for fact in known):
            yield Finding(
                "alignment.pattern_fits_nothing", "warning", stated.place, None, {"pattern": pattern}
            )


# -- the file ------------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(path, "dossier.unreadable", reason=reason, expected=_EXPECTED) from None
    ending = path.suffix.lower()
    if ending == ".csv":
        return _of_rows(text, str(path))
    if ending == ".json":
        try:
            data = json.loads(text)
        except ValueError as error:
            raise InputError(path, "dossier.unreadable", reason=error, expected=_EXPECTED) from None
    elif ending in (".yaml", ".yml"):
        import yaml

        try:
            data = yaml.load(text, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{path}:{mark.line + 1}" if mark is not None else path
            reason = getattr(error, "problem", None) or error
            raise InputError(place, "dossier.unreadable", reason=reason, expected=_EXPECTED) from None
    else:
        raise InputError(path, "dossier.unreadable", reason=path.suffix or "-", expected=_EXPECTED)
    if not isinstance(data, dict):
        raise InputError(path, "dossier.unreadable", reason=type(data).__name__, expected=_EXPECTED)
    return data


def _of_rows(text: str, place: str) -> dict[str, Any]:
    """Return what a CSV file says, in the shape of the others: a row a fact or quantity."""
    rows = csv.DictReader(text.splitlines())
    columns = [column.strip() for column in rows.fieldnames or ()]
    if "name" not in columns or not {*columns} <= {*_COLUMNS}:
        expected = ", ".join(_COLUMNS)
        raise InputError(
            f"{place}:1", "alignment.scatter_columns", found=", ".join(columns), expected=expected
        )
    data: dict[str, Any] = {"facts": {}, "quantities": {}, "groups": []}
    groups: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 2):
        cells = {(key or "").strip(): (value or "").strip() for key, value in row.items() if key is not None}
        name = cells.get("name", "")
        if not name:
            continue
        where = "facts" if "/" in name or name.startswith(GIVEN) or _PATTERN & set(name) else "quantities"
        if name in data[where]:
            raise InputError(f"{place}:{number}", "alignment.named_twice", name=name)
        data[where][name] = {key: cells[key] for key in ("distribution", "sd") if cells.get(key)}
        group = cells.get("group")
        if group:
            own = groups.setdefault(
                group, {"name": group, "facts": [], "correlation": cells.get("correlation")}
            )
            own["facts"].append(name if where == "facts" else f"*/{name}")
            if cells.get("correlation") != own["correlation"]:
                raise InputError(f"{place}:{number}", "alignment.correlations_differ", name=group)
    data["groups"] = list(groups.values())
    return data


def _stated(data: Mapping[str, Any], place: str) -> Stated:
    for key in data:
        if key not in _KEYS:
            raise _unknown(f"{place}: {key}", key, _KEYS)
    source = str(data.get("source") or place)
    facts: dict[str, Spread | None] = {}
    patterns: list[tuple[str, Spread | None]] = []
    for name, entry in _mapping(data, "facts", place).items():
        where = f"{place}: facts: {name}"
        if _PATTERN & set(name):
            patterns.append((name, _spread(entry, None, where, source)))
            continue
        full = checked_name(str(name), where)
        quantity = None if full.startswith(GIVEN) else vocabulary().quantities[FactName.parse(full).quantity]
        if quantity is not None and quantity.categories:
            raise InputError(where, "alignment.words_have_no_deviation", name=name)
        facts[full] = _spread(entry, quantity, where, source)
    quantities: dict[str, Spread | None] = {}
    for name, entry in _mapping(data, "quantities", place).items():
        where = f"{place}: quantities: {name}"
        if name not in vocabulary().quantities:
            kind = vocabulary().kinds["quantity"]
            raise InputError(where, "alignment.unknown_quantity", name=name, kind=kind)
        if vocabulary().quantities[name].categories:
            raise InputError(where, "alignment.words_have_no_deviation", name=name)
        quantities[name] = _spread(entry, vocabulary().quantities[name], where, source)
    default = data.get("default", "none")
    if default not in ("none", "assumed"):
        raise _unknown(f"{place}: default", str(default), ("none", "assumed"))
    return Stated(
        place,
        default == "assumed",
        facts,
        tuple(patterns),
        quantities,
        dict(_words(_mapping(data, "words", place), place, source)),
        tuple(_stated_groups(data.get("groups") or [], place)),
    )


def _mapping(data: Mapping[str, Any], key: str, place: str) -> Mapping[str, Any]:
    value = data.get(key) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: {key}", "rating.not_a_mapping")
    return value


def _spread(entry: object, quantity: Quantity | None, place: str, source: str) -> Spread | None:
    """Return a distribution; ``None`` for what does not scatter (``fixed``)."""
    if entry == "fixed":
        return None
    if isinstance(entry, str | int | float) and not isinstance(entry, bool):
        entry = {"sd": entry}
    if not isinstance(entry, Mapping):
        raise InputError(place, "alignment.no_distribution", found=entry)
    for key in entry:
        if key not in _ENTRY_KEYS:
            raise _unknown(place, str(key), _ENTRY_KEYS)
    form = entry.get("distribution", "normal")
    if form == "fixed":
        return None
    if form not in DISTRIBUTIONS:
        raise _unknown(f"{place}: distribution", str(form), (*DISTRIBUTIONS, "fixed"))
    if "sd" not in entry:
        raise InputError(place, "alignment.no_distribution", found=dict(entry))
    deviation, relative, unit = _deviation(entry["sd"], quantity, f"{place}: sd")
    return Spread(form, deviation, relative, unit, str(entry.get("source") or source))


def _deviation(text: object, quantity: Quantity | None, place: str) -> tuple[float, bool, str | None]:
    """Return a standard deviation: a number, whether it is a share of the value, and its unit."""
    number, _, unit = str(text).strip().partition(" ")
    if number.endswith("%"):
        number, unit = number[:-1], "%"
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    unit = unit.strip()
    if isinstance(text, bool) or not math.isfinite(value) or value < 0:
        raise InputError(place, "alignment.no_deviation", found=text)
    # of a quantity in per cent a deviation in per cent is one of the value all the same; "%" needs no other meaning
    if unit == "%":
        return value / 100.0, True, None
    if unit and quantity is not None:
        factor = ratio(unit, quantity.unit)
        if factor != factor:
            raise InputError(place, "dossier.unit_does_not_fit", unit=unit, expected=quantity.unit)
    elif unit:
        raise InputError(place, "alignment.unit_of_many", found=text)
    return value, False, unit or None


def _words(
    entries: Mapping[str, Any], place: str, source: str
) -> Iterator[tuple[str, tuple[tuple[float, ...], str]]]:
    for name, table in entries.items():
        where = f"{place}: words: {name}"
        full = checked_name(str(name), where)
        quantity = None if full.startswith(GIVEN) else vocabulary().quantities[FactName.parse(full).quantity]
        if quantity is None or not quantity.categories:
            raise InputError(where, "alignment.numbers_have_no_words", name=name)
        if not isinstance(table, Mapping):
            raise InputError(where, "rating.not_a_mapping")
        # YAML reads yes and no as truth values
        said = {{True: "yes", False: "no"}.get(word, word): share for word, share in table.items()}
        found = []
        for word in quantity.categories:
            share = said.pop(word, 0.0)
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise InputError(f"{where}: {word}", "alignment.no_probability", found=share)
            found.append(float(share))
        if said:
            expected = ", ".join(quantity.categories)
            raise InputError(where, "dossier.not_a_word", text=", ".join(map(str, said)), expected=expected)
        if not math.isclose(sum(found), 1.0, abs_tol=1e-9):
            raise InputError(where, "alignment.no_probability", found=f"Σ = {sum(found):g}")
        yield full, (tuple(found), source)


def _stated_groups(entries: object, place: str) -> Iterator[tuple[str, tuple[str, ...], str, float]]:
    if not isinstance(entries, list):
        raise InputError(f"{place}: groups", "alignment.no_group", found=type(entries).__name__)
    for number, entry in enumerate(entries, 1):
        where = f"{place}: groups: {number}"
        if not isinstance(entry, Mapping):
            raise InputError(where, "alignment.no_group", found=entry)
        for key in entry:
            if key not in _GROUP_KEYS:
                raise _unknown(where, str(key), _GROUP_KEYS)
        by = str(entry.get("by") or "all")
        if by not in ("all", "test", "occupant"):
            raise _unknown(f"{where}: by", by, ("all", "test", "occupant"))
        patterns = entry.get("facts") or (["*"] if by != "all" else [])
        patterns = [patterns] if isinstance(patterns, str) else patterns
        try:
            correlation = float(entry.get("correlation") or math.nan)
        except (TypeError, ValueError):
            correlation = math.nan
        if not patterns or not isinstance(patterns, list) or not 0 < correlation <= 1:
            raise InputError(where, "alignment.no_group", found=dict(entry))
        name = str(entry.get("name") or "")
        prefix = f"{name}: " if name and by != "all" else name or ("" if by != "all" else f"group {number}")
        yield prefix, tuple(map(str, patterns)), by, correlation


def _unknown(place: str, found: str, expected: Sequence[str] | frozenset[str]) -> InputError:
    return InputError(place, "alignment.unknown_entry", found=found, expected=", ".join(sorted(expected)))
