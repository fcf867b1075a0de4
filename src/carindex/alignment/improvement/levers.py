"""The facts that may be changed to improve a car: how far, in which steps, and what a change costs.

A lever is one fact. It moves from what it is towards better only, and no further than the last limit that any rule has
for it: beyond that nothing changes any more. Its new value is a multiple of its *step*, a power of ten of at most a
ten-thousandth of its limits' span, so that an answer can be written down and checked by hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from carindex.kept import shipped
from carindex.messages import InputError
from carindex.rating.plan import Plan
from carindex.vocabulary import GIVEN, Quantity

_STEPS_OF_SPAN = 4
"""A step is no more than ``10 ** -4`` of a fact's span, and no more than a hundredth of what parts two limits."""

ASKED_WEIGHT = 1e-4
"""What asking something of a missing fact counts beside the effort of changes: so little that it only parts equals."""


class Effort(msgspec.Struct, frozen=True):
    """What changes cost, as the user has it.

    Attributes
    ----------
    per_unit
        Cost of one unit of a fact (in the vocabulary's unit), or of one step of its words.
    fixed
        Facts that stay as they are.
    couple
        Groups of facts that change together, by the same relative amount: new / old is one number in each group.
    """

    per_unit: Mapping[str, float] = {}
    fixed: frozenset[str] = frozenset()
    couple: tuple[tuple[str, ...], ...] = ()


class Lever(msgspec.Struct, frozen=True):
    """One fact that may change.

    Attributes
    ----------
    name
        Name of the fact; with the protocol in it (``given:ID:PATH``) where it is a node's score in one of several.
    rows
        Its slot in each protocol that reads it, by the number of the protocol.
    quantity
        What it is.
    present
        Its value, ``None`` while it is missing.
    words
        Values of the words that it may become, the worst first; empty for numbers.
    best, worst
        Ends of a number: what it may become at best; ``worst`` is ``present`` where that is known.
    step
        Unit in which a number moves.
    span
        From the first to the last limit that any rule has for it.
    price
        Cost of one unit, or of one step of its words.
    limits
        Values at which some rule changes, ascending.
    coupled
        Number of its group of coupled facts, −1 for none.
    """

    name: str
    rows: Mapping[int, int]
    quantity: Quantity
    present: float | None
    words: tuple[float, ...] = ()
    best: float = math.nan
    worst: float = math.nan
    step: float = 1.0
    span: float = 1.0
    price: float = 1.0
    limits: tuple[float, ...] = ()
    coupled: int = -1

    @property
    def rising(self) -> bool:
        """Whether more is better."""
        return self.best > self.worst

    def cost(self, value: float) -> float:
        """Return the effort of a new value; of a fact that is missing, how much is asked of it.

        A missing fact costs something as soon as it is asked for at all, and the more the further its value is from
        the worst limit.
        """
        if self.present is None:
            if self.words:
                return 1.0 + self.words.index(value) * 0.1
            return 1.0 + abs(value - self.worst) / self.span
        if self.words:
            return abs(self.words.index(value) - self.words.index(self.present)) * self.price
        return abs(value - self.present) * self.price

    def weight(self, value: float) -> float:
        """Return the effort of a new value, of a missing fact the little that asking something of it counts."""
        return self.cost(value) * (ASKED_WEIGHT if self.present is None else 1.0)

    def on_step(self, value: float, *, better: bool) -> float:
        """Return the multiple of the step next to a value, on its better or its worse side."""
        scaled = round(value / self.step, 6)
        whole = math.ceil(scaled) if self.rising == better else math.floor(scaled)
        return written(whole * self.step, self.step)


def written(value: float, step: float) -> float:
    """Return a multiple of a step as the number that its decimals spell."""
    decimals = max(0, -round(math.log10(step)))
    return round(value, decimals) + 0.0


@cache
def improvable() -> Mapping[str, tuple[str, ...]]:
    """Return the words, the worst first, of quantities that may be improved though no word is called better."""
    found: Mapping[str, Sequence[str]] = shipped("alignment/improvable.yaml")
    return {name: tuple(str(word) for word in words) for name, words in found.items()}


def words_of(name: str, quantity: Quantity) -> tuple[float, ...]:
    """Return the values of the words that a fact may be changed to, the worst first; empty where it may not be.

    Parameters
    ----------
    name
        Name of the fact.
    quantity
        What it is.
    """
    categories = quantity.categories
    if quantity.better == "higher":
        return tuple(float(i) for i in range(len(categories)))
    if quantity.better == "lower":
        return tuple(float(i) for i in reversed(range(len(categories))))
    ordered = improvable().get(name.rpartition("/")[2], ())
    return tuple(float(categories.index(word)) for word in ordered if word in categories)


def best_of(name: str, quantity: Quantity, present: float) -> float:
    """Return what a known fact could become at best, whatever the rules are; ``present`` where nobody says which way.

    Parameters
    ----------
    name, quantity
        The fact.
    present
        Its value.
    """
    if quantity.categories:
        words = words_of(name, quantity)
        return words[-1] if present in words else present
    if quantity.better == "none":
        return present
    side = 1 if quantity.better == "higher" else 0
    ends = [quantity.range[side], *([] if quantity.plausible is None else [quantity.plausible[side]])]
    finite = [end for end in ends if math.isfinite(end)] or [present]
    return max(present, *finite) if side else min(present, *finite)


def key_of(name: str, plan: Plan, several: bool) -> str:
    """Return the name of a fact among several protocols: a node's score is that of one protocol only."""
    if several and name.startswith(GIVEN):
        return f"{GIVEN}{plan.protocol.id}:{name.removeprefix(GIVEN)}"
    return name


_ONE_LIMIT = 1e-9


def span_of(limits: Sequence[float], quantity: Quantity, present: float | None) -> float:
    """Return the span that effort is measured in.

    From the first to the last limit; of a single limit its own size; where no rule has limits (a risk curve) the
    width of what is plausible.
    """
    # a limit and the next number that a computer can tell from it are one limit
    if len(limits) and limits[-1] - limits[0] > _ONE_LIMIT * max(1.0, abs(limits[0])):
        return float(limits[-1] - limits[0])
    if len(limits) and abs(limits[0]) > _ONE_LIMIT:
        return abs(float(limits[0]))
    if quantity.plausible is not None:
        return float(quantity.plausible[1] - quantity.plausible[0])
    return abs(present) if present else 1.0


def number_lever(
    name: str,
    rows: Mapping[int, int],
    quantity: Quantity,
    present: float | None,
    limits: Sequence[float],
    price: float | None,
    *,
    coupled: int = -1,
) -> Lever | None:
    """Return the lever of a number, ``None`` where nothing would change for the better.

    One that is coupled moves on beyond its own limits, because others may still have to move with it.
    """
    ends = quantity.plausible or quantity.range
    least, most = (max(quantity.range[0], ends[0]), min(quantity.range[1], ends[1]))
    span = span_of(limits, quantity, present)
    # fine enough for limits that lie close together
    gaps = [b - a for a, b in pairwise(limits) if b - a > 1e-6 * span]
    step = 10.0 ** (math.floor(math.log10(min([span, *(100.0 * gap for gap in gaps)]))) - _STEPS_OF_SPAN)
    first, last = (limits[0], limits[-1]) if len(limits) else (least, most)
    # one step past the limits: rules that ask for more than a limit are met there
    first, last = max(first - 2 * step, quantity.range[0]), min(last + 2 * step, quantity.range[1])
    better, worse = (last, first) if quantity.better == "higher" else (first, last)
    if coupled >= 0 and present is not None:
        better = min(better, least) if better < present else max(better, most)
    if not math.isfinite(better):
        better = most if quantity.better == "higher" else least
    if not (math.isfinite(better) and math.isfinite(worse)):
        return None
    worst = worse if present is None else present
    lever = Lever(
        name,
        rows,
        quantity,
        present,
        best=better,
        worst=worst,
        step=step,
        span=span,
        price=1.0 / span if price is None else price,
        limits=tuple(limits),
        coupled=coupled,
    )
    gains = better > worst if quantity.better == "higher" else better < worst
    return lever if gains else None


def word_lever(
    name: str, rows: Mapping[int, int], quantity: Quantity, present: float | None, price: float | None
) -> Lever | None:
    """Return the lever of a word, ``None`` where it has nothing better to become."""
    words = words_of(name, quantity)
    if present is None and not words:  # whatever it turns out to be, it has to be one of its words
        words = tuple(float(i) for i in range(len(quantity.categories)))
    if present is not None:
        if present not in words:
            return None
        words = words[words.index(present) :]
    if len(words) < 2 and (present is not None or not words):
        return None
    return Lever(name, rows, quantity, present, words=words, price=1.0 if price is None else price)


def check_names(effort: Effort, known: Mapping[str, float | None], place: str) -> None:
    """Refuse efforts for facts that no protocol reads, and what contradicts itself.

    Raises
    ------
    InputError
        For a fact that no protocol asked for reads; a fact with an effort that is fixed; a coupled fact that is fixed,
        missing, no number or 0, or stands in two groups.
    """
    from difflib import get_close_matches

    every = (*effort.per_unit, *effort.fixed, *(name for group in effort.couple for name in group))
    for name in every:
        if name not in known:
            near = ", ".join(get_close_matches(name, known, n=3)) or next(iter(known), "–")
            raise InputError(f"{place}: {name}", "alignment.fact_not_read", name=name, near=near)
    for name in effort.per_unit:
        if name in effort.fixed:
            raise InputError(f"{place}: {name}", "alignment.effort_of_fixed", name=name)
    seen: set[str] = set()
    for group in effort.couple:
        for name in group:
            if name in seen:
                raise InputError(f"{place}: {name}", "alignment.coupled_twice", name=name)
            seen.add(name)
            if not known[name]:
                raise InputError(f"{place}: {name}", "alignment.coupled_unknown", name=name)
        some = [name for name in group if name in effort.fixed]
        free = [name for name in group if name not in effort.fixed]
        if some and free:
            raise InputError(f"{place}: {some[0]}", "alignment.coupled_fixed", name=some[0], other=free[0])


def read_effort(path: Path | None, fixed: Sequence[str] = ()) -> Effort:
    """Read a file of efforts (YAML, JSON or CSV) and add facts that are fixed.

    YAML and JSON: ``{FACT: cost of one unit, or fixed; couple: [[FACT, FACT], …]}``. CSV: lines ``fact,effort``.

    Raises
    ------
    InputError
        When the file cannot be read, an effort is neither ``fixed`` nor a number from 0 on.
    """
    found = {} if path is None else _read(path)
    couple = found.pop("couple", [])
    if not isinstance(couple, list) or not all(
        isinstance(group, list) and len(group) > 1 and all(isinstance(name, str) for name in group)
        for group in couple
    ):
        raise InputError(f"{path}: couple", "alignment.not_couples", found=str(couple)[:60])
    per_unit: dict[str, float] = {}
    held = set(fixed)
    for name, value in found.items():
        if value == "fixed":
            held.add(str(name))
            continue
        try:
            price = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            price = math.nan
        if not (price >= 0 and np.isfinite(price)) or isinstance(value, bool):
            raise InputError(f"{path}: {name}", "alignment.not_an_effort", text=str(value))
        per_unit[str(name)] = price
    return Effort(per_unit, frozenset(held), tuple(tuple(group) for group in couple))


def _read(path: Path) -> dict[str, object]:
    from carindex.alignment.costs import read_mapping

    return read_mapping(path)
