"""Which facts carry the risk: variance-based indices of first and total order, by SALib.

The first-order index of a factor is the share of the variance of a result that goes when the factor is known; the
total index the share that stays while only the factor is not. A factor is a fact, or facts that scatter together: only
factors that are independent of each other have such indices, so a correlated group is one. Facts that cannot be told to
move the result are put together in one factor; where many are left, facts of one occupant or one test are.

References
----------
I. M. Sobol' (2001), Global sensitivity indices for nonlinear mathematical models and their Monte Carlo estimates,
Mathematics and Computers in Simulation 55, 271-280.
A. Saltelli (2002), Making best use of model evaluations to compute sensitivity indices, Computer Physics Communications
145, 280-297.
A. Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer Physics Communications 181,
259-270.
M. J. W. Jansen (1999), Analysis of variance designs for model output, Computer Physics Communications 117, 35-43.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from carindex.alignment.robustness import Progress, Subject, draw
from carindex.alignment.uncertainty import occupant_of
from carindex.rating.specialised import SpecialisedPlan
from carindex.vocabulary import GIVEN, FactName

Array = NDArray[np.float64]
Target = Literal["score_lower", "score_upper", "outcome_lower", "outcome_upper"]
Grouping = Literal["fact", "occupant", "test"]

# so many factors have indices of their own; of more, those of an occupant or a test go together
MOST_FACTORS = 30
# pairs of samples that differ in one factor only: a factor that moves the result in none of them is screened out
SCREENED_WITH = 32
_FEWEST, _MOST = 64, 8192
_MOST_NUMBERS = 30_000_000
_RESAMPLES = 200
_LEVEL = 0.95
_SCREENING = 1 << 40  # stream of random numbers apart from those of the samples
_EDGE = 1e-12


class Factor(msgspec.Struct, frozen=True):
    """Facts that have an index together, by their names; ``kind`` says why they are together."""

    name: str
    kind: Literal["fact", "group", "occupant", "test", "rest"]
    facts: tuple[str, ...]


class Index(msgspec.Struct, frozen=True):
    """First and total index of a factor, each with the half width of its 95 % interval."""

    factor: Factor
    first: float
    first_confidence: float
    total: float
    total_confidence: float


class Indices(msgspec.Struct, frozen=True):
    """The indices of one result, the greatest total index first; none where the result does not vary."""

    path: str
    target: Target
    deviation: float
    indices: tuple[Index, ...]


class Sensitivity(msgspec.Struct, frozen=True):
    """Which facts carry the risk.

    ``screened``: facts that moved nothing in `SCREENED_WITH` pairs of samples; they are the factor ``rest``.
    ``base``: size of the base sample; the protocol was evaluated ``evaluations`` times.
    """

    grouping: Grouping
    screened: tuple[str, ...]
    base: int
    evaluations: int
    results: tuple[Indices, ...]


class _Asked(msgspec.Struct, frozen=True):
    """A result that is asked for: node, target, row of the wanted slots, which bound, sign."""

    path: str
    target: Target
    row: int
    upper: bool


def sensitivity(
    subject: Subject, evaluations: int, seed: int, progress: Progress | None = None
) -> Sensitivity:
    """Work out which facts carry the risk.

    Parameters
    ----------
    subject
        The car.
    evaluations
        About how many evaluations to spend.
    seed
        Of the random numbers.
    progress
        Called with the share done and the number of evaluations.
    """
    wanted, asked = _asked(subject)
    some = subject.specialised(wanted)
    atoms = _atoms(subject)
    moving = _screened(subject, some, asked, atoms, seed)
    factors, grouping = _factors(subject, [atom for i, atom in enumerate(atoms) if moving[i]])
    still = [fact for i, (_, _, facts) in enumerate(atoms) if not moving[i] for fact in facts]
    named = [(_factor(subject, name, kind, facts), facts) for name, kind, facts in factors]
    if still:
        named.append((_factor(subject, "", "rest", still), still))
    screened = tuple(sorted(subject.plan.facts[subject.sampler.facts[fact]] for fact in still))
    if not factors:
        return Sensitivity(grouping, screened, 0, 0, tuple(_nothing(one) for one in asked))
    base = _base(evaluations, len(named), subject.sampler.numbers)
    if len(named) == 1:  # all the variance there is
        numbers = draw(subject.sampler, base, seed, _SCREENING)
        found = _results(some, asked, subject.sampler.values(numbers)[0])
        only = [_only(one, row, named[0][0]) for one, row in zip(asked, found, strict=True)]
        return Sensitivity(grouping, screened, base, base, tuple(only))
    values = _evaluated(subject, some, named, base, seed, progress)
    results = [_indices(one, values, named, seed) for one in asked]
    return Sensitivity(grouping, screened, base, base * (len(named) + 2), tuple(results))


def _asked(subject: Subject) -> tuple[list[int], list[_Asked]]:
    """Return the slots to work out and the results asked for: score and outcome of what is published of the car."""
    plan = subject.plan
    slots: list[int] = []
    asked: list[_Asked] = []
    open_ = bool(subject.rating.missing)
    for path in plan.headline or ("",):
        node = plan.nodes[path]
        if not (node.node.grades or node.node.apart):
            # where losses are counted the lower score is the upper value
            losing = node.node.counts != "points"
            asked.append(_Asked(path, "score_lower", len(slots), losing))
            if open_:
                asked.append(_Asked(path, "score_upper", len(slots), not losing))
            slots.append(node.value)
        if node.outcome is not None:
            asked.append(_Asked(path, "outcome_lower", len(slots), False))
            if open_:
                asked.append(_Asked(path, "outcome_upper", len(slots), True))
            slots.append(node.outcome.slot)
    return slots, asked


_Atom = tuple[str, str, list[int]]
"""Name, kind and facts (by their places in the sampler) of what must stay together."""


def _atoms(subject: Subject) -> list[_Atom]:
    """Return the independent factors there are: facts by themselves, and correlated groups."""
    sampler, plan = subject.sampler, subject.plan
    atoms: list[_Atom] = []
    of_group: dict[int, list[int]] = {}
    for i, fact in enumerate(sampler.facts):
        group = int(sampler.shared[i])
        if group < 0:
            atoms.append((plan.facts[fact], "fact", [i]))
            continue
        if group not in of_group:
            of_group[group] = []
            atoms.append((subject.uncertainty.groups[group].name, "group", of_group[group]))
        of_group[group].append(i)
    return atoms


def _screened(
    subject: Subject, some: SpecialisedPlan, asked: Sequence[_Asked], atoms: Sequence[_Atom], seed: int
) -> NDArray[np.bool_]:
    """Return which factors move a result in at least one pair of samples that differ in nothing else."""
    sampler = subject.sampler
    first, second = (draw(sampler, SCREENED_WITH, seed, _SCREENING + k) for k in (0, 1))
    base = _results(some, asked, sampler.values(first)[0])
    moving = np.zeros(len(atoms), bool)
    for i, (_, _, facts) in enumerate(atoms):
        if not some.reached[some.wanted].any():
            break
        changed = first.copy()
        numbers = sorted({number for fact in facts for number in sampler.inputs_of(fact)})
        changed[numbers] = second[numbers]
        moving[i] = bool((_results(some, asked, sampler.values(changed)[0]) != base).any())
    return moving


def _results(some: SpecialisedPlan, asked: Sequence[_Asked], values: Array) -> Array:
    """Return the results asked for, shape ``(asked, samples)``."""
    low, high = some.evaluate(values)
    return np.stack([(high if one.upper else low)[one.row] for one in asked])


def _factors(subject: Subject, atoms: Sequence[_Atom]) -> tuple[list[_Atom], Grouping]:
    """Return the factors that have an index of their own, few enough of them."""
    if len(atoms) <= MOST_FACTORS:
        return list(atoms), "fact"
    by_occupant = _together(subject, atoms, occupant_of, "occupant")
    if len(by_occupant) <= MOST_FACTORS:
        return by_occupant, "occupant"
    return _together(subject, atoms, _test_of, "test"), "test"


def _test_of(name: str) -> str:
    if name.startswith(GIVEN):
        return name
    test: str = FactName.parse(name).test
    return test


def _together(subject: Subject, atoms: Sequence[_Atom], part: Callable[[str], str], kind: str) -> list[_Atom]:
    """Put facts of one occupant or test together; correlated groups stay by themselves."""
    found: dict[str, _Atom] = {}
    for name, own, facts in atoms:
        if own == "group":
            found[f"group {name}"] = (name, own, list(facts))
            continue
        key = part(subject.plan.facts[subject.sampler.facts[facts[0]]])
        if key in found:
            found[key][2].extend(facts)
        else:
            found[key] = (key, kind, list(facts))
    # a part with a single fact is that fact
    return [(n, k, f) if len(f) > 1 else (_name(subject, f[0]), "fact", f) for n, k, f in found.values()]


def _name(subject: Subject, fact: int) -> str:
    return subject.plan.facts[int(subject.sampler.facts[fact])]


def _factor(subject: Subject, name: str, kind: str, facts: Sequence[int]) -> Factor:
    return Factor(name, kind, tuple(_name(subject, fact) for fact in facts))  # type: ignore[arg-type]


def _base(evaluations: int, factors: int, numbers: int) -> int:
    """Return the size of the base sample, a power of two."""
    most = min(_MOST, evaluations / (factors + 2), _MOST_NUMBERS / (numbers * (factors + 2)))
    return int(2 ** np.floor(np.log2(max(_FEWEST, most))))


def _problem(subject: Subject, named: Sequence[tuple[Factor, Sequence[int]]]) -> dict[str, Any]:
    """Return what SALib has to know: the independent numbers, and the factor that each belongs to."""
    sampler = subject.sampler
    owner: dict[int, int] = {}
    for number, (_, facts) in enumerate(named):
        owner |= dict.fromkeys((i for fact in facts for i in sampler.inputs_of(fact)), number)
    return {
        "num_vars": sampler.numbers,
        "names": [f"x{i}" for i in range(sampler.numbers)],
        "groups": [f"g{owner[i]:04d}" for i in range(sampler.numbers)],
        "bounds": [[0.0, 1.0]] * sampler.numbers,
    }


def _evaluated(
    subject: Subject,
    some: SpecialisedPlan,
    named: Sequence[tuple[Factor, Sequence[int]]],
    base: int,
    seed: int,
    progress: Progress | None,
) -> tuple[dict[str, Any], Array, Array]:
    """Return the problem, and lower and upper values of the wanted slots for Saltelli's sample."""
    from SALib.sample import sobol
    from scipy.special import ndtri

    problem = _problem(subject, named)
    points = sobol.sample(problem, base, calc_second_order=False, seed=seed).T
    count = points.shape[1]
    low = np.empty((len(some.wanted), count))
    high = np.empty_like(low)
    step = 4096
    for start in range(0, count, step):
        part = slice(start, min(count, start + step))
        values, _ = subject.sampler.values(ndtri(np.clip(points[:, part], _EDGE, 1.0 - _EDGE)))
        low[:, part], high[:, part] = some.evaluate(values)
        if progress is not None:
            progress(part.stop / count, part.stop)
    return problem, low, high


def _nothing(one: _Asked) -> Indices:
    return Indices(one.path, one.target, 0.0, ())


def _only(one: _Asked, values: Array, factor: Factor) -> Indices:
    """Return the indices of a result that only one factor moves."""
    if np.ptp(values) == 0.0:
        return _nothing(one)
    return Indices(one.path, one.target, float(values.std()), (Index(factor, 1.0, 0.0, 1.0, 0.0),))


def _indices(
    one: _Asked,
    values: tuple[dict[str, Any], Array, Array],
    named: Sequence[tuple[Factor, Sequence[int]]],
    seed: int,
) -> Indices:
    """Return the indices of one result."""
    from SALib.analyze import sobol

    problem, low, high = values
    result = (high if one.upper else low)[one.row]
    if np.ptp(result) == 0.0:
        return _nothing(one)
    found = sobol.analyze(
        problem,
        result,
        calc_second_order=False,
        num_resamples=_RESAMPLES,
        conf_level=_LEVEL,
        seed=seed,
    )
    # SALib gives indices in the order in which the groups first stand among the numbers
    order = [int(name[1:]) for name in dict.fromkeys(problem["groups"])]
    indices = [
        Index(
            named[number][0],
            *(float(found[key][i]) for key in ("S1", "S1_conf", "ST", "ST_conf")),
        )
        for i, number in enumerate(order)
    ]
    indices.sort(key=lambda index: (index.factor.kind == "rest", -index.total, index.factor.name))
    return Indices(one.path, one.target, float(result.std()), tuple(indices))
