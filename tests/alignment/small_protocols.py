"""Small protocols written to a folder, for tests that want every number known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from carindex.rating import Plan, compile_protocol, load_protocol

_HEAD = {
    "programme": {"en": "Invented", "zh": "虚构规程"},
    "edition": "1",
    "source": "invented for this test",
}


def written(folder: Path, name: str, root: dict[str, Any], **more: object) -> Plan:
    """Write a protocol with this tree and compile it."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    said = {"id": name, **_HEAD, **more, "root": {"source": "invented", "verified": "text", **root}}
    (place / "protocol.yaml").write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
    return compile_protocol(load_protocol(str(place)))


def leaf(
    key: str, fact: str, points: float, limits: tuple[float, float] = (100, 200), **more: object
) -> dict[str, Any]:
    """Return a criterion on a sliding scale."""
    label = {"en": key.replace("_", " ").capitalize(), "zh": key}
    return {"label": label, "points": points, "scale": {"fact": fact, "limits": list(limits)}, **more}
