"""Weights by the analytic hierarchy process: from comparisons in pairs, with their consistency.

Pure functions. A comparison says how many times as important one thing is as another, from 1/9 to 9; of n things there
are n (n - 1) / 2 comparisons, which make a reciprocal matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from carindex.messages import InputError
from carindex.office.consensus.constants import constants

Matrix = NDArray[np.float64]
_RECIPROCAL = 1e-6


class Weights(msgspec.Struct, frozen=True):
    """Weights of things, and how consistent the comparisons are that they come from.

    Attributes
    ----------
    weights
        One a thing, summing to 1.
    eigenvalue
        The principal eigenvalue of the matrix; n for consistent comparisons, else more.
    consistency_index, consistency_ratio
        (eigenvalue - n) / (n - 1), and that by the mean of random matrices; 0 for one or two things.
    consistent
        Whether the ratio is at most 0.10.
    """

    weights: tuple[float, ...]
    eigenvalue: float
    consistency_index: float
    consistency_ratio: float
    consistent: bool


def reciprocal_matrix(things: Sequence[str], comparisons: Mapping[tuple[str, str], float]) -> Matrix:
    """Return the matrix of comparisons in pairs, each given in either direction.

    Raises
    ------
    InputError
        When a pair is missing, given twice, of unknown things, or outside 1/9 to 9.
    """
    at = {thing: i for i, thing in enumerate(things)}
    if len(at) != len(things) or not things:
        raise InputError("things", "office/consensus.things_twice")
    matrix = np.eye(len(things))
    seen: set[frozenset[str]] = set()
    low, high = constants().hierarchy.scale
    for (first, second), value in comparisons.items():
        place, pair = f"{first} / {second}", frozenset((first, second))
        if first not in at or second not in at or first == second:
            raise InputError(place, "office/consensus.unknown_thing", things=", ".join(things))
        if pair in seen:
            raise InputError(place, "office/consensus.compared_twice")
        if not low - _RECIPROCAL <= value <= high + _RECIPROCAL:  # NaN too
            raise InputError(place, "office/consensus.not_a_comparison", value=value)
        seen.add(pair)
        matrix[at[first], at[second]], matrix[at[second], at[first]] = value, 1 / value
    for i, first in enumerate(things):
        for second in things[i + 1 :]:
            if frozenset((first, second)) not in seen:
                raise InputError(f"{first} / {second}", "office/consensus.not_compared")
    return matrix


def weights(matrix: ArrayLike) -> Weights:
    """Return the weights that a reciprocal matrix gives: its principal eigenvector, summing to 1.

    Parameters
    ----------
    matrix
        Shape ``(n, n)``, positive, ``a[j, i] = 1 / a[i, j]``.

    Raises
    ------
    InputError
        When it is no such matrix, or of more things than there is a random index for (15).

    References
    ----------
    Saaty, A scaling method for priorities in hierarchical structures, J. Math. Psychol. 15 (1977); The Analytic
    Hierarchy Process (1980).
    """
    values = np.asarray(matrix, dtype=float)
    method = constants().hierarchy
    square = values.ndim == 2 and values.shape[0] == values.shape[1] >= 1
    if not square or not (np.isfinite(values) & (values > 0)).all():
        raise InputError("matrix", "office/consensus.not_reciprocal")
    if not np.allclose(values * values.T, 1, rtol=_RECIPROCAL, atol=0):
        raise InputError("matrix", "office/consensus.not_reciprocal")
    n = len(values)
    if n > len(method.random_index):
        raise InputError("matrix", "office/consensus.too_many_things", most=len(method.random_index), count=n)
    eigenvalues, vectors = np.linalg.eig(values)
    first = int(np.argmax(eigenvalues.real))
    vector = np.abs(vectors[:, first].real)
    # the eigenvalue of a reciprocal matrix is never below n; rounding may say so
    principal = max(float(eigenvalues[first].real), float(n))
    index = (principal - n) / (n - 1) if n > 1 else 0.0
    random = method.random_index[n - 1]
    ratio = index / random if random else 0.0
    return Weights(
        tuple(float(value) for value in vector / vector.sum()),
        principal,
        index,
        ratio,
        ratio <= method.acceptable_ratio,
    )


def aggregated(matrices: Sequence[ArrayLike], shares: Sequence[float] | None = None) -> Matrix:
    """Return the comparisons of several experts as one matrix: the geometric mean, entry by entry.

    The geometric mean is the only one that keeps the matrix reciprocal (Aczél and Saaty 1983).

    Parameters
    ----------
    matrices
        One reciprocal matrix an expert, of the same things.
    shares
        Weight of each expert; equal where not given.

    Raises
    ------
    InputError
        When there is none, they differ in size, or the shares are not positive or not one an expert.
    """
    made = [np.asarray(matrix, dtype=float) for matrix in matrices]
    if not made or len({one.shape for one in made}) != 1:
        raise InputError("matrices", "office/consensus.matrices_differ")
    for one in made:
        weights(one)  # refuses what is no reciprocal matrix
    share = np.ones(len(made)) if shares is None else np.asarray(shares, dtype=float)
    if share.shape != (len(made),) or not (share > 0).all():
        raise InputError("shares", "office/consensus.bad_shares")
    logs = np.tensordot(share / share.sum(), np.log(np.stack(made)), axes=1)
    return np.asarray(np.exp(logs), dtype=np.float64)
