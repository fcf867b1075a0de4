"""Levers that only one large operation brings together: matrices of predictions, impact points, claims, word tables.

What such an operation makes of hundreds of facts is neither linear nor a short table. Its levers are joined to one, a
*block*, that is one of several *options*: sets of changes found by trying every change of one place (a cell, an impact
point) by itself, taking those that win most for their effort first, and seeing what more and more of them give
together, until nothing more is won. The operation itself says what each option gives. A best answer among options need
not be the best of all: the gap is then worked out with a bound for which any effort in a block may give all it can.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from carindex.alignment.improvement.encoding import ENCODED
from carindex.alignment.improvement.levers import Lever
from carindex.alignment.improvement.slicing import Slice
from carindex.alignment.improvement.structure import HIGH, LOW, Analysis, Interval, Part
from carindex.rating.kernels import Array

_PASSES = 6
_SHOWN = 10
"""Options kept of the states that one pass goes through."""
_SMALL = 64
_FEW = 300

_BANDED = frozenset(
    {"criterion", "near", "claimed", "word_table", "steps", "compare", "choose", "minimum", "maximum"}
)

Values = Mapping[str, float]
"""New value of levers, by name; a lever that is not there stays as it is."""


@dataclass(frozen=True)
class Block:
    """Levers that are moved together, and what they may be moved to.

    ``options``: the first changes nothing. ``costs``: of each. ``exact``: they are all that are worth having.
    """

    levers: tuple[Lever, ...]
    options: tuple[Values, ...] = ({},)
    costs: tuple[float, ...] = (0.0,)
    exact: bool = False

    def assignment(self, option: float) -> dict[int, dict[int, Interval]]:
        """Return what an option puts into each part."""
        return put(self.options[round(option)], {lever.name: lever for lever in self.levers})


def put(values: Values, levers: Mapping[str, Lever]) -> dict[int, dict[int, tuple[float, float]]]:
    """Return what new values of levers put into each part."""
    found: dict[int, dict[int, tuple[float, float]]] = {}
    for name, value in values.items():
        for number, row in levers[name].rows.items():
            found.setdefault(number, {})[row] = (value, value)
    return found


def joined(analyses: Sequence[Analysis], count: int, words: Mapping[int, int]) -> list[set[int]]:
    """Return the sets of levers (by number, of ``count``) that have to be moved together.

    ``words``: how many words a lever has, for those that are words: an operation on a few of these is written by all
    their combinations.
    """
    owner = list(range(count))

    def top(lever: int) -> int:
        while owner[lever] != lever:
            lever = owner[lever]
        return lever

    touched: set[int] = set()
    for analysis in analyses:
        for operation in analysis.mixing:
            if operation.kernel in ENCODED:
                continue
            levers = {int(analysis.depends[slot]) for slot in operation.inputs if not analysis.constant(slot)}
            if min(levers) < 0:
                continue  # reads what several levers decide: relaxed
            few = len(levers) <= 3 and all(lever in words for lever in levers)
            if few and np.prod([words[lever] + 1 for lever in levers]) <= _SMALL:
                continue
            touched |= levers
            first = min(levers)
            for lever in levers:
                owner[top(lever)] = top(first)
    sets: dict[int, set[int]] = {}
    for lever in touched:
        sets.setdefault(top(lever), set()).add(lever)
    return list(sets.values())


def with_options(block: Block, analyses: Sequence[Analysis], number: int) -> Block:
    """Return a block with the options that are worth having.

    Parameters
    ----------
    block
        Levers.
    analyses
        What the goals hang on, the block counted as one lever.
    number
        Number of that lever.
    """
    judged = _Judge(block, analyses, number)
    every_way = _combinations(block)
    if every_way is not None:
        return _undominated(block, judged, every_way)
    by_name = {lever.name: lever for lever in block.levers}
    moves = _moves(block)
    state: dict[str, float] = {}
    options: dict[tuple[tuple[str, float], ...], float] = {(): 0.0}

    def cost(values: Values) -> float:
        return sum(by_name[name].weight(value) for name, value in values.items())

    here = float(judged([state])[0])
    for _ in range(_PASSES):
        tried = [(place, {**state, **move}) for place, move in moves if not move.items() <= state.items()]
        if not tried:
            break
        gains = judged([values for _, values in tried]) - here
        prices = np.array([max(cost(values) - cost(state), 1e-9) for _, values in tried])
        order = np.argsort(-gains / prices, kind="stable")
        taken: dict[str, dict[str, float]] = {}
        states: list[dict[str, float]] = []
        for k in order:
            place, values = tried[int(k)]
            if gains[k] <= 1e-12 or place in taken:
                continue
            taken[place] = {name: value for name, value in values.items() if state.get(name) != value}
            states.append({**(states[-1] if states else state), **taken[place]})
        if not states:
            break
        reached = judged(states)
        best = int(np.argmax(reached))
        if reached[best] <= here + 1e-12:
            break
        kept = sorted({best, *np.linspace(0, best, min(best + 1, _SHOWN)).round().astype(int).tolist()})
        for k in kept:
            options[tuple(sorted(states[k].items()))] = cost(states[k])
        state, here = states[best], float(reached[best])
    every = _everything(block)
    if judged([every])[0] > here + 1e-12:
        options[tuple(sorted(every.items()))] = cost(every)
    return replace(block, options=tuple(dict(some) for some in options), costs=tuple(options.values()))


class _Judge:
    """How much states of a block give: its slots, each in parts of what it can be, with the sign that helps."""

    def __init__(self, block: Block, analyses: Sequence[Analysis], number: int) -> None:
        self.levers = {lever.name: lever for lever in block.levers}
        self.parts: list[tuple[int, Part, list[int], Array]] = []
        for i, analysis in enumerate(analyses):
            slots = [slot for slot in analysis.frontier if analysis.depends[slot] == number]
            if not slots:
                continue
            part = analysis.part
            own = Slice(part.plan, slots, part.slice.stated)
            signs = {HIGH: 1.0, LOW: -1.0}
            spread = [max(float(analysis.high[slot] - analysis.low[slot]), 1e-9) for slot in slots]
            ways = np.array([signs.get(int(analysis.wanted[slot]), 0.0) for slot in slots])
            if not ways.any():
                ways = np.ones(len(slots))
            self.parts.append((i, replace(part, slice=own), slots, ways / np.array(spread)))

    def __call__(self, states: Sequence[Values]) -> Array:
        """Return what each state gives, ``(states,)``."""
        return np.asarray(self.each(states).sum(axis=0), np.float64)

    def each(self, states: Sequence[Values]) -> Array:
        """Return what each slot gives in each state, ``(slots, states)``; the more the better."""
        put_in = [put(values, self.levers) for values in states]
        rows = [np.zeros((1, len(states)))]
        for number, part, slots, ways in self.parts:
            low, high = part.picked([one.get(number, {}) for one in put_in], slots)
            decisive = np.where(ways[:, None] >= 0, low, high)
            rows.append(ways[:, None] * np.nan_to_num(decisive))
        return np.concatenate(rows)

    @property
    def banded(self) -> bool:
        """Whether all that is made of the levers goes by words and bands."""
        return all(
            operation.kernel in _BANDED
            for _, part, _, _ in self.parts
            for operation in part.slice.operations()
        )

    @property
    def one_way(self) -> bool:
        """Whether it is known of each slot which way it helps."""
        return all(bool((ways != 0).all()) for _, _, _, ways in self.parts)


def _combinations(block: Block) -> list[dict[str, float]] | None:
    """Return every combination of words and limits of a small block, ``None`` for a large one."""
    ways: list[list[float | None]] = []
    count = 1
    for lever in block.levers:
        if lever.words:
            own = [word for word in lever.words if word != lever.present]
        else:
            first, last = sorted((lever.best, lever.worst))
            near = {
                lever.on_step(limit + k * lever.step, better=True)
                for limit in lever.limits
                for k in (-1, 0, 1)
            }
            own = sorted({value for value in near | {lever.best} if first <= value <= last})
        ways.append([None, *own])
        count *= len(own) + 1
        if count > _FEW:
            return None
    names = [lever.name for lever in block.levers]
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in itertools.product(*ways)
    ]


def _undominated(block: Block, judged: _Judge, states: Sequence[dict[str, float]]) -> Block:
    """Return a block with the options that no cheaper one matches in everything that helps."""
    by_name = {lever.name: lever for lever in block.levers}
    costs = np.array([sum(by_name[n].weight(v) for n, v in state.items()) for state in states])
    gives = judged.each(states)
    # between limits nothing changes for operations that put numbers into bands
    exact = all(lever.words or lever.limits for lever in block.levers) and judged.banded
    kept: list[int] = []
    for k in np.argsort(costs, kind="stable"):
        own = gives[:, [k]]
        if kept:
            others = gives[:, kept]
            matched = (others >= own - 1e-12) if judged.one_way else np.abs(others - own) <= 1e-12
            if bool(matched.all(axis=0).any()):
                continue
        kept.append(int(k))
    unmoved = next(k for k, state in enumerate(states) if not state)
    kept = [unmoved, *(k for k in kept if k != unmoved)]
    return replace(
        block, options=tuple(states[k] for k in kept), costs=tuple(float(costs[k]) for k in kept), exact=exact
    )


def place_of(lever: Lever) -> str:
    """Return the place (cell, point, test) that a fact belongs to."""
    return lever.name.rpartition("/")[0]


def _moves(block: Block) -> list[tuple[str, dict[str, float]]]:
    """Return the changes of one place: a better word each, with and without numbers there as good as can be."""
    places: dict[str, list[Lever]] = {}
    for lever in block.levers:
        places.setdefault(place_of(lever), []).append(lever)
    found: list[tuple[str, dict[str, float]]] = []
    for place, levers in places.items():
        numbers = {lever.name: lever.best for lever in levers if not lever.words}
        if numbers:
            found.append((place, numbers))
        for lever in levers:
            for word in lever.words:
                if word == lever.present:
                    continue
                found.append((place, {lever.name: word}))
                if numbers:
                    found.append((place, {lever.name: word, **numbers}))
        best_words = {lever.name: lever.words[-1] for lever in levers if lever.words}
        if len(best_words) > 1:
            found.append((place, {**best_words, **numbers}))
    return found


def _everything(block: Block) -> dict[str, float]:
    return {lever.name: lever.words[-1] if lever.words else lever.best for lever in block.levers}
