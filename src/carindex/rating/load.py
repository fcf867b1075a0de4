"""Read a protocol from its folder: include its files, resolve what nodes inherit, refuse what makes no sense.

A protocol folder holds ``protocol.yaml`` and the files it includes. An edition may extend another
(``extends: ID``) and list only ``changes``: node path to the fields that differ (``null`` takes a field or a
child away). A draft is such a folder anywhere on disk.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import msgspec

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.asking import fact_name
from carindex.rating.check import check
from carindex.rating.kinds import KINDS
from carindex.rating.protocol import DATA, ROOT, Node, Oddity, Protocol

_INHERITED = ("test", "occupant", "dummy", "injury", "counts", "predicted", "missing")


def available_protocols() -> tuple[str, ...]:
    """Return the names of all protocols that come with this installation, sorted."""
    return tuple(sorted(_shipped()))


@cache
def _shipped() -> Mapping[str, Path]:
    """Folders of the protocols that come with the package, by protocol name."""
    base = Path(str(files("carindex").joinpath("protocols")))
    found = {}
    for file in sorted(base.glob("*/*/protocol.yaml")):
        match = re.search(r"^id:\s*(\S+)", file.read_text("utf-8"), re.MULTILINE)
        if match:
            found[match.group(1)] = file.parent
    return found


def shipped_folder(name: str) -> Path | None:
    """Return the folder of a protocol that comes with the package, ``None`` when there is none of that name."""
    return _shipped().get(name)


def load_protocol(
    name: str | Path, *, calculator: bool = False, without: frozenset[str] = frozenset()
) -> Protocol:
    """Load a protocol by name, or from a folder.

    Parameters
    ----------
    name
        Name of a protocol that comes with the package, or its folder.
    calculator
        Take the entries under ``calculator`` of its files instead of the rules beside them: what the programme's own
        calculator computes where that is not what the rules say.
    without
        Names of oddities of that calculator that are left out: there the rules stand.

    Raises
    ------
    InputError
        When there is no such protocol, or one of its files says something that makes no sense.
    """
    folder = _shipped().get(str(name))
    if folder is None:
        folder = Path(name)
        if not (folder / "protocol.yaml").is_file():
            raise InputError(name, "rating.unknown_protocol", available=", ".join(available_protocols()))
    return _load(folder, calculator, without)


@cache
def _whole(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the whole protocol as plain data, and the SHA-256 of its files."""
    digest = hashlib.sha256()
    return _document(folder, folder / "protocol.yaml", digest, ()), digest.hexdigest()


@lru_cache(maxsize=32)
def _load(folder: Path, calculator: bool, without: frozenset[str]) -> Protocol:
    place = folder / "protocol.yaml"
    oddities: list[Oddity] = []
    whole, digest = _whole(folder)
    data = _as_computed(whole, _InForce(calculator, without), (), oddities)
    head = _convert(data, schema.Protocol, place)
    root = _resolve(head.root, ROOT, head, None, str(place), beside=False)
    beside = tuple(
        _resolve(node, key, head, None, f"{place}: beside/{key}", beside=True)
        for key, node in head.beside.items()
    )
    nodes = {node.path: node for top in (root, *beside) for node in top.walk()}
    protocol = Protocol(head.id, head, root, beside, digest, str(place), nodes, calculator, tuple(oddities))
    check(protocol)
    return protocol


def _document(
    folder: Path,
    place: Path,
    digest: Any,  # noqa: ANN401 - a hashlib object
    extending: tuple[Path, ...],
) -> dict[str, Any]:
    """Return the whole protocol as plain data: files included, the edition it extends merged in."""
    data = _read(place, digest)
    parent = data.pop("extends", None)
    changes = data.pop("changes", {})
    if parent is not None:
        base_folder = _shipped().get(str(parent)) or (folder / str(parent)).resolve()
        base_place = base_folder / "protocol.yaml"
        if not base_place.is_file():
            raise InputError(place, "rating.unknown_parent", parent=parent)
        if base_folder in (folder, *extending):
            raise InputError(place, "rating.circle", path=parent)
        base = _document(base_folder, base_place, digest, (*extending, folder))
        data = _merged(base, data)
        data["extended"] = [base["id"], *base.get("extended", [])]
    for key in ("root", "beside", "data"):
        if key in data:
            data[key] = _included(data[key], folder, digest)
    for path, change in changes.items():
        _change(data, str(path), _included(change, folder, digest), place)
    return data


def _read(place: Path, digest: Any) -> dict[str, Any]:  # noqa: ANN401 - a hashlib object
    try:
        raw = place.read_bytes()
    except OSError as error:
        raise InputError(place, "rating.unreadable_protocol", reason=error.strerror) from None
    digest.update(raw)
    from carindex.rating.mapping import read_mapping  # a compiled protocol that is kept needs no YAML

    return read_mapping(raw, place)


def _included(data: Any, folder: Path, digest: Any, within: tuple[Path, ...] = ()) -> Any:  # noqa: ANN401
    """Replace every ``{file: NAME}`` by what the file says; entries beside ``file`` win over it.

    Names are relative to the file that they stand in. ``definitions`` only hold what other places of a file repeat.
    """
    if isinstance(data, list):
        return [_included(item, folder, digest, within) for item in data]
    if not isinstance(data, dict):
        return data
    if "file" in data:
        place = folder / str(data["file"])
        if place in within:
            raise InputError(place, "rating.circle", path=place.name)
        rest = {key: value for key, value in data.items() if key != "file"}
        data = {**_read(place, digest), **rest}
        folder, within = place.parent, (*within, place)
    return {
        key: _included(value, folder, digest, within) for key, value in data.items() if key != "definitions"
    }


@dataclass(frozen=True)
class _InForce:
    """Which oddities are computed: all, none, or all but some."""

    calculator: bool
    without: frozenset[str]

    def __call__(self, name: str) -> bool:
        return self.calculator and name not in self.without


def _as_computed(data: Any, in_force: _InForce, at: tuple[str, ...], oddities: list[Oddity]) -> Any:  # noqa: ANN401
    """Put what stands under ``calculator`` over its surroundings, or leave it out; note where, and its name."""
    if isinstance(data, list):
        return [_as_computed(item, in_force, at, oddities) for item in data]
    if not isinstance(data, dict):
        return data
    overlays = data.get("calculator")
    overlays = overlays if isinstance(overlays, list) else [overlays]
    if all(isinstance(overlay, dict) and "oddity" in overlay for overlay in overlays):
        data = {key: value for key, value in data.items() if key != "calculator"}
        for overlay in overlays:
            name = str(overlay["oddity"])
            oddities.append(Oddity("/".join(at), name))
            if in_force(name):
                data |= {key: value for key, value in overlay.items() if key != "oddity"}
    found = {}
    for key, value in data.items():
        if key in ("children", "capping_only", "beside") and isinstance(value, dict):
            found[key] = {k: _as_computed(v, in_force, (*at, k), oddities) for k, v in value.items()}
        elif key == "data" and not at and isinstance(value, dict):
            found[key] = {k: _as_computed(v, in_force, (f"{DATA}{k}",), oddities) for k, v in value.items()}
        else:
            found[key] = _as_computed(value, in_force, at, oddities)
    return found


def _merged(base: Any, over: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Return ``base`` with the entries of ``over`` put over it, mapping by mapping; ``null`` takes away."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    out = dict(base)
    for key, value in over.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = _merged(out.get(key), value)
    return out


def _change(data: dict[str, Any], path: str, change: Any, place: Path) -> None:  # noqa: ANN401
    """Put a change over the node at ``path``, which the edition it extends must have (or its parent)."""
    keys = [key for key in path.split("/") if key]
    node, parent = data["root"], None
    for i, key in enumerate(keys):
        children = node.setdefault("children", {})
        if key not in children and (i < len(keys) - 1 or change is None):
            raise InputError(f"{place}: changes/{path}", "rating.change_of_nothing", path=path)
        node, parent = children.setdefault(key, {}), children
    if change is None and parent is not None:
        del parent[keys[-1]]
        return
    merged = _merged(node, change)
    node.clear()
    node.update(merged)


def _convert(data: Any, kind: type[schema.Protocol], place: Path) -> schema.Protocol:  # noqa: ANN401
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        where = where.rstrip("`").removeprefix(".").replace("[...]", "") or "top"
        raise InputError(f"{place}: {where}", "rating.invalid_protocol", reason=reason) from None


def _resolve(
    spec: schema.Node, path: str, head: schema.Protocol, parent: Node | None, place: str, *, beside: bool
) -> Node:
    spec = _with_layers(spec, path.rsplit("/", 1)[-1], head)
    inherited = {
        name: getattr(spec, name) or (getattr(parent, name) if parent else None) for name in _INHERITED
    }
    counts = cast(schema.Counts, inherited["counts"] or head.counts)
    source = spec.source or (parent.source if parent else head.source)
    verified = spec.verified or (parent.verified if parent else "unverified")
    shell = Node(
        path=path,
        spec=spec,
        children=(),
        test=inherited["test"],
        occupant=inherited["occupant"],
        dummy=inherited["dummy"],
        injury=inherited["injury"],
        predicted=inherited["predicted"],
        missing=inherited["missing"],
        counts=counts,
        reported=any(_matches(path, pattern) for pattern in head.reported),
        maximum=0.0,
        source=source,
        verified=verified,
        beside=beside,
        place=place,
    )
    own = tuple(
        msgspec.structs.replace(
            requirement,
            facts=[fact_name(fact, shell) for fact in requirement.facts],
            missing=parent.missing if parent else None,
        )
        for requirement in spec.requires
    )
    shell = replace(
        shell,
        requires=(*(parent.requires if parent else ()), *own),
        gates=(*(parent.gates if parent else ()), *spec.gates),
    )
    children, watched = (
        tuple(
            _resolve(
                child,
                f"{path}/{key}" if path else key,
                head,
                shell,
                f"{place}: {key}" if place.endswith(".yaml") else f"{place}/{key}",
                beside=beside,
            )
            for key, child in group.items()
        )
        for group in (spec.children, spec.capping_only)
    )
    grades = _given_grades(spec, head)
    maximum = len(grades) - 1.0 if grades else _maximum(spec, head, counts, children)
    return replace(shell, children=children, watched=watched, maximum=maximum, grades=grades)


def _given_grades(spec: schema.Node, head: schema.Protocol) -> tuple[str, ...]:
    """Return the grades of an open node that has no lines between them: the grade itself is what is given."""
    named = head.scales.get(spec.stars) if isinstance(spec.stars, str) else None
    stars = named.stars if named is not None else spec.stars
    if not spec.open or not isinstance(stars, schema.Stars) or stars.at_least or stars.above:
        return ()
    return () if stars.below or stars.at_most else tuple(stars.grades or ())


def _matches(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, in which ``*`` stands for one part."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(b in ("*", a) for a, b in zip(parts, wanted, strict=True))


def _with_layers(spec: schema.Node, name: str, head: schema.Protocol) -> schema.Node:
    """Return a scenario with a node for each of its layers."""
    if not spec.matrices:
        return spec
    labels = head.data["avoidance"]["judging"]["layers"]
    children = {
        layer: schema.Node(label=labels[layer], points=points, layer=layer)
        for layer, points in spec.layers.items()
    }
    scenario = schema.Scenario(name=name, matrices=spec.matrices, low_speed=len(children) == 1)
    return msgspec.structs.replace(spec, children=children, combine="sum", scenario=scenario)


def _maximum(
    spec: schema.Node, head: schema.Protocol, counts: schema.Counts, children: tuple[Node, ...]
) -> float:
    """Return the greatest score of a node: stated by the file, or what its rule and children can reach.

    NaN where neither says; `check` refuses that once it has looked at the rules themselves.
    """
    if spec.points is not None:
        return spec.points
    if counts == "risk":
        return 1.0
    for rule in (spec.scale, spec.pass_fail):
        if rule is not None and rule.points is not None:
            return rule.points
    for field, kind in KINDS.items():
        rule = getattr(spec, field)
        if rule:
            most = kind.maximum(rule, spec)
            if most is not None:
                return most
    if spec.bands is not None:
        return max(spec.bands.values)
    if spec.curve is not None:
        return max(y for _, y in spec.curve.through)
    if spec.lookup is not None:
        return max(spec.lookup.points.values())
    maxima = [child.maximum for child in children]
    if spec.combine in ("sum", "apart"):
        return sum(maxima)
    if spec.combine == "demerits" and spec.demerits is not None:
        return sum(max(table.values()) for table in spec.demerits.values())
    if spec.combine == "best" and spec.best is not None:
        return sum(sorted(maxima, reverse=True)[: spec.best])
    if spec.combine == "weighted" and spec.weights is not None:
        total = sum(spec.weights.get(child.key, 0.0) * child.maximum for child in children)
        return total / (spec.over or sum(spec.weights.values()) or math.nan)
    if spec.combine in ("mean", "worst") and maxima:
        return maxima[0] if spec.combine == "worst" else sum(maxima) / len(maxima)
    if head.points is not None:
        return head.points
    return math.nan
