"""Rate a dossier for a snapshot: what `carindex rate` does, with everything that must be kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from carindex import __version__
from carindex.messages import LANGUAGES, InputError
from carindex.office.store.files import digest_of_file, files_below


class Rated(msgspec.Struct, frozen=True):
    """A dossier that was rated: where it is, its files as they were before and after, and what the rating says."""

    path: Path
    car: str
    protocol: str
    protocol_hash: str
    mode: str
    engine: str
    files: Mapping[str, str]
    rating: Mapping[str, Any]

    @property
    def outcome(self) -> Any:  # noqa: ANN401 - as in the JSON of a rating
        """The outcome."""
        return self.rating["en"]["outcome"]


def rate_dossier(path: Path, protocol: str, *, car: str | None = None, calculator: bool = False) -> Rated:
    """Rate a dossier folder, a facts file or a folder of workbooks under one protocol.

    Raises
    ------
    InputError
        When it cannot be used, there is no such protocol, or a file changed while it was rated.
    """
    from carindex.dossier.folder import CAR_FILE, load_dossier
    from carindex.rating.compiled import compiled
    from carindex.rating.rating import rate

    if not path.exists():
        raise InputError(path, "dossier.no_such_path")
    path = path.resolve()
    files = {name: digest_of_file(file) for name, file in files_below(path)}
    plan = compiled(protocol, calculator=calculator)
    dossier: Any = None
    if path.is_dir() and not (path / CAR_FILE).is_file():
        dossier = _workbooks(path, plan, calculator=calculator)
    if dossier is None:
        dossier = load_dossier(path, car)
    rating = rate(
        plan,
        dossier.facts,
        car=car or dossier.car,
        findings=dossier.findings,
        inputs=dossier.inputs,
        as_given=calculator,
    )
    if files != {name: digest_of_file(file) for name, file in files_below(path)}:
        raise InputError(path, "office/assessments.changed_meanwhile")
    return Rated(
        path,
        rating.car,
        plan.protocol.id,
        plan.protocol.hash,
        "calculator" if calculator else "protocol",
        __version__,
        files,
        {language: _plain(rating.as_json(language), path) for language in LANGUAGES},
    )


def _workbooks(path: Path, plan: Any, *, calculator: bool) -> Any:  # noqa: ANN401 - a plan; a FactSet or None
    from carindex.dossier.workbooks import LAYOUT_FILE
    from carindex.euroncap.evidence import facts_of_folder

    if not any((layer.folder / LAYOUT_FILE).is_file() for layer in plan.protocol.layers):
        return None
    return facts_of_folder(path, calculator=calculator)


def _plain(document: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401
    """Return a document of JSON's own values; where the dossier lay while it was rated is no part of it."""
    text = msgspec.json.encode(document, enc_hook=str).decode()
    folder = path if path.is_dir() else path.parent
    return json.loads(text.replace(json.dumps(f"{folder}/", ensure_ascii=False)[1:-1], ""))
