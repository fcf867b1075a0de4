"""Read a protocol from its folder: include its files, resolve what nodes inherit, refuse what makes no sense.

A protocol folder holds ``protocol.yaml`` and the files it includes. An edition may extend another
(``extends: ID``) and list only ``changes``: node path to the fields that differ (``null`` takes a field or a
child away). A draft is such a folder anywhere on disk.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.asking import fact_name
from carindex.rating.check import check
from carindex.rating.kinds import KINDS
from carindex.rating.library import FILE, library, overlay_folders, read_mapping, shipped
from carindex.rating.protocol import DATA, ROOT, Layer, Node, Oddity, Protocol

# entries of a node that are no part of its rule
_WORDS = frozenset({"label", "source", "note", "theme", "children", "file"})
_INHERITED = ("test", "occupant", "dummy", "injury", "counts", "predicted", "missing")


def available_protocols() -> tuple[str, ...]:
    """Return the names of all protocols: those of this installation and those of the overlay folders, sorted."""
    return library().names


def shipped_folder(name: str) -> Path | None:
    """Return the folder of a protocol that comes with the package, ``None`` when there is none of that name."""
    return shipped().get(name)


def as_shipped(name: str) -> bool:
    """Whether a name is that of a protocol of the package that no overlay completes or replaces."""
    return name in shipped() and library().find(name) == shipped()[name]


def load_protocol(
    name: str | Path, *, calculator: bool = False, without: frozenset[str] = frozenset()
) -> Protocol:
    """Load a protocol by name, or from a folder.

    Parameters
    ----------
    name
        Name of a protocol that comes with the package or lies in an overlay folder, or its folder.
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
    return _load(_folder_of(name), overlay_folders(), calculator, without)


class Document(msgspec.Struct, frozen=True):
    """A whole protocol as plain data: files included, what it extends merged in.

    Attributes
    ----------
    data
        What the files say; not to be changed.
    hash
        SHA-256 of the files.
    layers
        The protocols that it is made of, itself first.
    place
        Its head file, for messages.
    """

    data: dict[str, Any]
    hash: str
    layers: tuple[Layer, ...]
    place: Path


def read_document(name: str | Path) -> Document:
    """Return what the files of a protocol say, before anything is made of it; see `load_protocol`."""
    return _read(_folder_of(name), overlay_folders())


def protocol_of(
    document: Document, *, calculator: bool = False, without: frozenset[str] = frozenset()
) -> Protocol:
    """Make a protocol of what its files say; parameters and errors as in `load_protocol`."""
    place = document.place
    oddities: list[Oddity] = []
    data = _as_computed(document.data, _InForce(calculator, without), (), oddities)
    head = _convert(data, schema.Protocol, place)
    root = _resolve(head.root, ROOT, head, None, str(place), beside=False)
    beside = tuple(
        _resolve(node, key, head, None, f"{place}: beside/{key}", beside=True)
        for key, node in head.beside.items()
    )
    nodes = {node.path: node for top in (root, *beside) for node in top.walk()}
    protocol = Protocol(
        head.id,
        head,
        root,
        beside,
        document.hash,
        str(place),
        nodes,
        calculator,
        tuple(oddities),
        document.layers,
    )
    check(protocol)
    return protocol


def _folder_of(name: str | Path) -> Path:
    folder = library().find(str(name))
    if folder is None:
        folder = Path(name)
        if not (folder / FILE).is_file():
            raise InputError(name, "rating.unknown_protocol", available=", ".join(available_protocols()))
    return folder


@dataclasses.dataclass
class _Reading:
    """What is gathered while the files of a protocol are read: their digest, and the protocols it is made of."""

    digest: Any = dataclasses.field(default_factory=hashlib.sha256)
    layers: list[Layer] = dataclasses.field(default_factory=list)


@cache
def _read(folder: Path, _overlays: tuple[Path, ...]) -> Document:
    reading = _Reading()
    data = _document(folder, folder / FILE, reading, ())
    return Document(data, reading.digest.hexdigest(), tuple(reading.layers), folder / FILE)


@lru_cache(maxsize=64)
def _load(folder: Path, overlays: tuple[Path, ...], calculator: bool, without: frozenset[str]) -> Protocol:
    return protocol_of(_read(folder, overlays), calculator=calculator, without=without)


def _document(
    folder: Path,
    place: Path,
    reading: _Reading,
    extending: tuple[Path, ...],
) -> dict[str, Any]:
    """Return the whole protocol as plain data: files included, the edition it extends merged in."""
    data = read_mapping(place, reading.digest)
    parent = data.pop("extends", None)
    changes = data.pop("changes", {})
    if not isinstance(changes, dict):
        raise InputError(f"{place}: changes", "rating.not_a_mapping")
    name = str(data.get("id") or parent or "")
    own = folder in shipped().values()
    reading.layers.append(Layer(name, folder, own, frozenset(str(path).strip("/") for path in changes)))
    if parent is not None:
        base_folder = library().parent(str(parent), folder, name) or (folder / str(parent)).resolve()
        base_place = base_folder / FILE
        if not base_place.is_file():
            raise InputError(place, "rating.unknown_parent", parent=parent)
        if base_folder in (folder, *extending):
            raise InputError(place, "rating.circle", path=parent)
        base = _document(base_folder, base_place, reading, (*extending, folder))
        data = _merged(base, data if own else _doubted_head(data, base))
        data["extended"] = [base["id"], *base.get("extended", [])]
    for key in ("root", "beside", "data"):
        if key in data:
            data[key] = _included(data[key], folder, reading.digest)
    for path, change in changes.items():
        _change(data, str(path), _included(change, folder, reading.digest), place, stated=own)
    return data


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
        data = {**read_mapping(place, digest), **rest}
        folder, within = place.parent, (*within, place)
    return {
        key: _included(value, folder, digest, within) for key, value in data.items() if key != "definitions"
    }


class _InForce(msgspec.Struct, frozen=True):
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


def _change(
    data: dict[str, Any],
    path: str,
    change: Any,  # noqa: ANN401 - any YAML value
    place: Path,
    *,
    stated: bool,
) -> None:
    """Put a change over the node at ``path``, which the edition it extends must have (or its parent).

    A rule given to an open node closes it. Unless levels are taken as ``stated``, a changed rule that does not say how
    it is verified is not: what was verified is the rule before the change.
    """
    if change is not None and not isinstance(change, dict):
        raise InputError(f"{place}: changes/{path}", "rating.not_a_mapping")
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
    change = change or {}  # nothing at the root: nothing changes
    if "open" not in change and any(change.get(rule) for rule in schema.RULES):
        change = {**change, "open": None}
    merged = _merged(node, change if stated else _doubted(change, node))
    node.clear()
    node.update(merged)


def _doubted(change: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a change of a node in which every changed rule that does not say how it is verified is marked."""
    change = dict(change)
    if "verified" in change:
        change["unstated"] = None
    elif not (_WORDS.issuperset(change) and node):
        change["unstated"] = True
    children = change.get("children")
    if isinstance(children, dict):
        before = node.get("children") or {}
        change["children"] = {
            key: _doubted(child, before.get(key) or {}) if isinstance(child, dict) else child
            for key, child in children.items()
        }
    return change


def _doubted_head(data: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a protocol that extends another one, changed rules marked as in `_doubted`."""
    data = dict(data)
    if isinstance(data.get("root"), dict):
        data["root"] = _doubted(data["root"], base.get("root") or {})
    if isinstance(data.get("beside"), dict):
        besides = {"children": data["beside"]}
        data["beside"] = _doubted(besides, {"children": base.get("beside") or {}})["children"]
    scales = data.get("scales")
    if isinstance(scales, dict):
        data["scales"] = {
            name: {"verified": "unverified", **scale} if isinstance(scale, dict) else scale
            for name, scale in scales.items()
        }
    return data


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
    # what is below inherits the level that the file states, not the doubt about a change of this rule
    level = "unverified" if spec.unstated else verified
    return replace(shell, children=children, watched=watched, maximum=maximum, grades=grades, verified=level)


def _given_grades(spec: schema.Node, head: schema.Protocol) -> tuple[str, ...]:
    """Return the grades of an open node that has no lines between them: the grade itself is what is given."""
    named = head.scales.get(spec.stars) if isinstance(spec.stars, str) else None
    stars = named.stars if named is not None else spec.stars
    if spec.open is not True or not isinstance(stars, schema.Stars) or stars.at_least or stars.above:
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
    if isinstance(spec.open, schema.OpenGrade) and spec.stars is not None:
        stars = head.scales[spec.stars].stars if isinstance(spec.stars, str) else spec.stars
        return float(len(stars.grades or ()) - 1)
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
        counts_of = (table.values() for table in spec.demerits.values())
        return sum(
            max(count[1] if isinstance(count, tuple) else count for count in table) for table in counts_of
        )
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
