"""The changes that one protocol makes to another, rule by rule, and the protocols in between.

Two whole documents are compared node by node, whatever way their files are written. A change is a rule that an expert
would name: how one node's value comes about, its adjustments, its stars, a line of stars that nodes share, a node that
is new or gone. A protocol with only some of the changes is an ordinary protocol, compiled and evaluated like any other.
Words, sources and levels of verification are no rules.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

import msgspec

from carindex.rating.load import Document, protocol_of
from carindex.rating.protocol import Protocol

Part = Literal["rule", "adjust", "stars", "conditions", "added", "removed", "scale", "data", "head"]
"""What of a node changes: how its value comes about, its adjustments, its stars, the conditions under which it counts,
all of it; or what nodes share: lines of stars, tables, an entry of the head."""

_NO_RULE = frozenset(
    {"label", "source", "note", "theme", "verified", "unstated", "measure", "names", "printed"}
)
_HEAD_NO_RULE = frozenset(
    {"id", "programme", "edition", "source", "valid", "note", "extended", "root", "beside", "scales", "data"}
)
_BELOW = ("children", "capping_only")
_PARTS: Mapping[str, Part] = {
    "adjust": "adjust",
    "stars": "stars",
    "requires": "conditions",
    "gates": "conditions",
    "applies_when": "conditions",
}


class Change(msgspec.Struct, frozen=True, order=True):
    """A rule that changes.

    Attributes
    ----------
    path
        The node; of what nodes share the name of the scale or table, and its entry.
    part
        What of it.
    before, after
        The entries that differ, as the files say them.
    """

    path: str
    part: Part
    before: Mapping[str, Any] = msgspec.field(default_factory=dict)
    after: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name that no other change of the same protocol has."""
        return f"{self.path or '/'}:{self.part}"


def changes(before: Document, after: Document) -> tuple[Change, ...]:
    """Return every rule that differs between two protocols, in the order of the tree."""
    first, second = before.data, after.data
    found = list(_node_changes(first.get("root"), second.get("root"), ""))
    tops = [document.get("beside") or {} for document in (first, second)]
    for key in dict.fromkeys((*tops[0], *tops[1])):
        found.extend(_node_changes(tops[0].get(key), tops[1].get(key), key))
    found.extend(_shared(first, second, "scales", "scale"))
    found.extend(_shared(first, second, "data", "data"))
    found.extend(
        Change(key, "head", _said(first, (key,)), _said(second, (key,)))
        for key in dict.fromkeys((*first, *second))
        if key not in _HEAD_NO_RULE and first.get(key) != second.get(key)
    )
    return tuple(found)


def with_changes(before: Document, after: Document, chosen: Collection[Change]) -> Protocol:
    """Return the protocol ``before`` with some of the changes that lead to ``after``.

    Raises
    ------
    InputError
        When the changes make no sense without others, such as a weight of a node that another change adds.
    """
    data = copy.deepcopy(before.data)
    for change in chosen:
        if change.part in ("scale", "data"):
            _put_shared(data, after.data, change)
        elif change.part == "head":
            _put(data, after.data, change.path)
        elif change.part in ("added", "removed"):
            _put_node(data, after.data, change.path)
        else:
            _put_part(data, after.data, change)
    return protocol_of(msgspec.structs.replace(before, data=data))


def _without_words(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """Return a value without what is said to people only."""
    if isinstance(value, dict):
        return {key: _without_words(item) for key, item in value.items() if key not in _NO_RULE}
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return value


def _node_changes(before: Any, after: Any, path: str) -> Iterator[Change]:  # noqa: ANN401
    if before is None or after is None:
        part: Part = "added" if before is None else "removed"
        yield Change(path, part, _own(before), _own(after))
        return
    parts: dict[Part, list[str]] = {}
    for field in dict.fromkeys((*before, *after)):
        if field in _NO_RULE or field in _BELOW:
            continue
        if _without_words(before.get(field)) != _without_words(after.get(field)):
            parts.setdefault(_PARTS.get(field, "rule"), []).append(field)
    for part, fields in parts.items():
        yield Change(path, part, _said(before, fields), _said(after, fields))
    for below in _BELOW:
        ours, theirs = before.get(below) or {}, after.get(below) or {}
        for key in dict.fromkeys((*ours, *theirs)):
            yield from _node_changes(ours.get(key), theirs.get(key), f"{path}/{key}" if path else key)


def _own(node: Any) -> dict[str, Any]:  # noqa: ANN401
    return {} if node is None else {key: value for key, value in node.items() if key not in _BELOW}


def _said(node: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {field: node[field] for field in fields if field in node}


def _shared(first: dict[str, Any], second: dict[str, Any], key: str, part: Part) -> Iterator[Change]:
    """Yield what differs of the scales or tables that nodes share, entry by entry where both have it."""
    ours, theirs = first.get(key) or {}, second.get(key) or {}
    for name in dict.fromkeys((*ours, *theirs)):
        before, after = ours.get(name), theirs.get(name)
        if part == "scale" and isinstance(before, dict) and isinstance(after, dict):
            before, after = before.get("stars"), after.get("stars")
        if not isinstance(before, dict) or not isinstance(after, dict):
            if _without_words(before) != _without_words(after):
                yield Change(name, part, {} if before is None else {name: before}, {name: after})
            continue
        for entry in dict.fromkeys((*before, *after)):
            if entry not in _NO_RULE and _without_words(before.get(entry)) != _without_words(
                after.get(entry)
            ):
                yield Change(f"{name}/{entry}", part, _said(before, (entry,)), _said(after, (entry,)))


def _put(target: dict[str, Any], source: Mapping[str, Any], key: str) -> None:
    if key in source:
        target[key] = copy.deepcopy(source[key])
    else:
        target.pop(key, None)


def _put_shared(data: dict[str, Any], after: Mapping[str, Any], change: Change) -> None:
    key = "scales" if change.part == "scale" else "data"
    name, slash, entry = change.path.partition("/")
    ours, theirs = data.setdefault(key, {}), after.get(key) or {}
    if not slash:
        _put(ours, theirs, name)
    elif change.part == "scale":
        _put(ours[name]["stars"], theirs[name]["stars"], entry)
    else:
        _put(ours[name], theirs[name], entry)


def _put_part(data: dict[str, Any], after: Mapping[str, Any], change: Change) -> None:
    node, other = _at(data, change.path), _at(after, change.path)
    for field in dict.fromkeys((*change.before, *change.after)):
        _put(node, other, field)


def _put_node(data: dict[str, Any], after: Mapping[str, Any], path: str) -> None:
    above, _, key = path.rpartition("/")
    if above or key in ((data.get("root") or {}).get("children") or {}):
        ours, theirs = _at(data, above), _at(after, above)
    else:
        ours, theirs = data["root"], after["root"]
        if key in (data.get("beside") or {}) or key in (after.get("beside") or {}):
            _put(data.setdefault("beside", {}), after.get("beside") or {}, key)
            return
    for below in _BELOW:
        if key in (ours.get(below) or {}) or key in (theirs.get(below) or {}):
            _put(ours.setdefault(below, {}), theirs.get(below) or {}, key)


def _at(data: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the node at a path of a document, below its root or beside it."""
    keys = path.split("/") if path else []
    node: dict[str, Any] = data["root"]
    if keys and keys[0] not in {key for below in _BELOW for key in node.get(below) or {}}:
        node, keys = data["beside"][keys[0]], keys[1:]
    for key in keys:
        node = next(group[key] for below in _BELOW if key in (group := node.get(below) or {}))
    return node
