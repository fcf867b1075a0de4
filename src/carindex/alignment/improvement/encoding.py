"""Which operations are written as constraints, and how: one entry for each kind."""

from __future__ import annotations

from collections.abc import Mapping

from carindex.alignment.improvement.curves import curve, curved, joint_risk
from carindex.alignment.improvement.encoder import Writer
from carindex.alignment.improvement.operations import (
    across,
    best_of,
    between,
    choose,
    clip,
    compare,
    compensate,
    linear,
    maximum,
    minimum,
    product,
    rounding,
    same,
    share,
    steps,
    worst_that_applies,
)

WRITERS: Mapping[str, Writer] = {
    "linear": linear,
    "minimum": minimum,
    "maximum": maximum,
    "clip": clip,
    "clip_open": clip,
    "rounding": rounding,
    "steps": steps,
    "compare": compare,
    "choose": choose,
    "between": between,
    "share": share,
    "share_of_varying": share,
    "worst_that_applies": worst_that_applies,
    "best_of": best_of,
    "product": product,
    "curve": curve,
    "risk_logistic": curved,
    "risk_lognormal": curved,
    "risk_weibull": curved,
    "joint_risk": joint_risk,
    "compensate": compensate,
    "across": across,
    "surely": same,
}

ENCODED = frozenset(WRITERS)
"""Operations that are written as constraints, exactly or as a relaxation."""
