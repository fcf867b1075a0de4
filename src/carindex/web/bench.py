"""An upload as the engine sees it: its evidence and its ratings, kept in memory while they are looked at.

What is uploaded never changes, so that what was made of it holds as long as it is there. Which person may see it was
decided before anything here is called.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from carindex.dossier.folder import Dossier, fact_of, load_dossier
from carindex.messages import Finding, InputError, Language
from carindex.office.store import Office
from carindex.office.workspace.models import Upload, UploadKind
from carindex.office.workspace.places import folder_of
from carindex.office.workspace.sniffing import root_of
from carindex.rating import Rating, available_protocols, rate
from carindex.rating.themes import lost_by_theme
from carindex.rating.together import unmistakable
from carindex.vocabulary import vocabulary
from carindex.web.views.protocols import plan_of

T = TypeVar("T")


class Kept:
    """The last things made, by key; each is made once, also where several ask for it at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made where it is not there."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return cast(T, self._made[key])
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._made:
                    return cast(T, self._made[key])
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._made[key] = made
                while len(self._made) > self.most:
                    self._made.popitem(last=False)
            return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._made.clear()


_evidence, _ratings, _charts = Kept(12), Kept(120), Kept(12)


@dataclasses.dataclass(frozen=True)
class Looked:
    """What somebody looks at: the upload, of several cars which one, and which test a recording alone is said to be."""

    office: Office
    upload: Upload
    car: str | None = None
    test: str | None = None

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What tells it from others."""
        return self.upload.key, self.car, self.test

    @property
    def folder(self) -> Path:
        """Folder on this machine that is never shown."""
        return folder_of(self.office, self.upload.key)


def tests_of_recordings() -> tuple[str, ...]:
    """Return the names of tests that a recording can be of."""
    return tuple(
        name for name, test in vocabulary().tests.items() if test.kind in ("frontal", "side", "rear")
    )


def evidence_of(looked: Looked) -> Dossier:
    """Return the evidence of an upload.

    Raises
    ------
    InputError
        When it cannot be used as a whole.
    """
    return _evidence.get(looked.key, lambda: _read(looked))


def _read(looked: Looked) -> Dossier:
    root = root_of(looked.office, looked.upload)
    kind = UploadKind(looked.upload.kind or "")
    if kind is UploadKind.WORKBOOKS:
        from carindex.euroncap.evidence import facts_of_folder

        found = facts_of_folder(root)
        if found is None:
            raise InputError(looked.upload.title, "web.no_workbooks")
        car = looked.car or found.car or looked.upload.title
        return Dossier(root, car, {}, (), found.facts, found.findings, found.inputs, {})
    if kind is UploadKind.RECORDING:
        return _recorded(looked, root)
    return load_dossier(root, looked.car)


def _recorded(looked: Looked, root: Path) -> Dossier:
    """Return a recording alone as evidence: facts only where somebody says which test it was."""
    from carindex.dossier.folder import RecordedTest
    from carindex.measures import measure, setup_from
    from carindex.recordings import read
    from carindex.recordings.quality import examine

    if looked.test is not None and looked.test not in tests_of_recordings():
        known = ", ".join(tests_of_recordings())
        raise InputError(looked.test[:60], "web.no_such_test", known=known)
    recording = read(root, eager=True)
    quality = examine(recording)
    if looked.test is None:
        measured = measure(recording, findings=quality)
    else:
        measured = measure(recording, setup_from(recording, test=looked.test), findings=quality)
    test = RecordedTest(
        "recording", looked.test or "", root, recording, measured, (*quality, *measured.findings)
    )
    facts = [fact_of(one, looked.test, root.name) for one in measured.values] if looked.test else []
    known_facts = {fact.name: fact for fact in reversed(facts) if fact is not None}
    return Dossier(
        root,
        looked.upload.title,
        {},
        (test,),
        tuple(known_facts.values()),
        test.findings,
        dict(recording.files),
        {},
    )


class Undrawn(dict[str, str]):
    """Charts of which only those of certain facts are drawn: what is not looked at costs nothing."""

    def __init__(self, drawn: dict[str, str], wanted: Sequence[str]) -> None:
        super().__init__()
        self.drawn, self.wanted = drawn, frozenset(wanted)

    def _is_wanted(self, key: object) -> bool:
        return str(key).partition(": ")[2] in self.wanted

    def __contains__(self, key: object) -> bool:
        return key in self.drawn or not self._is_wanted(key)

    def __setitem__(self, key: str, value: str) -> None:
        self.drawn[key] = value

    def __getitem__(self, key: str) -> str:
        return self.drawn.get(key, "") if self._is_wanted(key) else ""


def charts_of(looked: Looked) -> dict[str, str]:
    """Return the charts of an upload that were drawn so far."""
    return _charts.get(looked.key, dict[str, str])


def rating_of(
    looked: Looked, protocol: str, assumed: Mapping[str, float] | None = None, *, among: Sequence[str] = ()
) -> Rating:
    """Rate an upload under a protocol.

    Parameters
    ----------
    looked
        What is looked at.
    protocol
        Id of the protocol.
    assumed
        Points to assume for nodes.
    among
        Ids of all protocols that are looked at together: scores that are stated for none by name and that several
        could take then count in none.

    Raises
    ------
    InputError
        When there is no such protocol, or a score is assumed that cannot be.
    """
    if assumed:
        return _rate(looked, protocol, assumed, among)
    key = (*looked.key, protocol, tuple(among))
    return _ratings.get(key, lambda: _rate(looked, protocol, {}, among))


def _rate(looked: Looked, protocol: str, assumed: Mapping[str, float], among: Sequence[str]) -> Rating:
    evidence, plan = evidence_of(looked), plan_of(protocol)
    facts, ambiguous = list(evidence.facts), list[Finding]()
    if len(among) > 1:
        facts, ambiguous = unmistakable(evidence.facts, [plan_of(name) for name in among])
    return rate(
        plan,
        facts,
        car=evidence.car,
        assumed=assumed,
        findings=(*evidence.findings, *ambiguous),
        inputs=evidence.inputs,
    )


def every_rating(looked: Looked) -> list[Rating]:
    """Rate an upload under every protocol of the package."""
    names = available_protocols()
    return [rating_of(looked, name, among=names) for name in names]


def rating_json(looked: Looked, rating: Rating, language: Language) -> dict[str, Any]:
    """Return a rating as ``carindex rate --json`` has it, with no place on this machine in it."""
    document = {**rating.as_json(language), "used": rating.used, "lost_by_theme": dict(lost_by_theme(rating))}
    hidden: dict[str, Any] = without_places(document, looked.folder, evidence_of(looked).path)
    return hidden


def without_places(value: Any, *folders: Path) -> Any:  # noqa: ANN401 - plain values
    """Return plain values in which no text names a folder of this machine."""
    if isinstance(value, str):
        for folder in sorted(folders, key=lambda one: -len(str(one))):
            value = value.replace(f"{folder}/", "").replace(str(folder), folder.name)
        return value
    if isinstance(value, Mapping):
        return {
            without_places(key, *folders): without_places(entry, *folders) for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_places(entry, *folders) for entry in value]
    return value
