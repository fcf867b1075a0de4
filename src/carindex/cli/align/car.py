"""The evidence that planning commands work on: one car, as `rate` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carindex.messages import Finding

if TYPE_CHECKING:
    from carindex.dossier import Fact
    from carindex.rating import Plan


@dataclass(frozen=True)
class Evidence:
    """One car: its name, its facts, what was found while they were read."""

    car: str
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]


def evidence(path: Path, plans: Sequence[Plan], car: str | None = None) -> Evidence:
    """Return what is known of a car.

    Parameters
    ----------
    path
        Dossier folder, facts file, or folder of a programme's workbooks.
    plans
        Protocols that it is for; scores that several of them could take and that name none are left out.
    car
        Which car, where a facts file has several.

    Raises
    ------
    InputError
        When the path cannot be read.
    """
    from carindex.dossier.folder import CAR_FILE, load_dossier
    from carindex.rating.together import unmistakable

    found = None
    if path.is_dir() and not (path / CAR_FILE).is_file():
        from carindex.euroncap.evidence import facts_of_folder

        found = facts_of_folder(path)
    if found is None:
        dossier = load_dossier(path, car)
        name, facts, findings = dossier.car, dossier.facts, dossier.findings
    else:
        name, facts, findings = car or found.car, found.facts, found.findings
    if len(plans) > 1:
        kept, ambiguous = unmistakable(facts, plans)
        facts, findings = tuple(kept), (*findings, *ambiguous)
    return Evidence(name, facts, findings)
