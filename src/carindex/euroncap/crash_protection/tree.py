"""The rules of Crash Protection as one tree: files read, and everything that a node inherits written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from carindex.euroncap.crash_protection.layout import of_file

STAGE = "crash_protection"
Tree = dict[str, Any]
_HANDED_DOWN = ("test", "occupant", "dummy", "predicted", "loadcase")
# what holds places of a file together, and what the programme's calculator does otherwise: nothing that a sheet prints
_LEFT_OUT = ("definitions", "calculator", "file")


def tree() -> Tree:
    """Return the stage; every node knows its ``path``."""
    return _resolved(of_file("stage.yaml"), STAGE, {})


def plain(data: Any) -> Any:  # noqa: ANN401 - plain data
    """Return data without what no sheet prints."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items() if key not in _LEFT_OUT}
    return [plain(item) for item in data] if isinstance(data, list) else data


def _resolved(node: Tree, path: str, handed: Tree) -> Tree:
    if "file" in node:
        node = of_file(node["file"])
    node = {**handed, **{key: value for key, value in node.items() if key not in _LEFT_OUT}, "path": path}
    handed = {word: node[word] for word in _HANDED_DOWN if word in node}
    for group in ("children", "capping_only"):
        if group in node:
            node[group] = {
                key: _resolved(child, f"{path}/{key}", handed) for key, child in node[group].items()
            }
    return node


def key_of(node: Tree) -> str:
    """Return the last part of a node's path."""
    return str(node["path"]).rsplit("/", 1)[-1]


def label_of(node: Tree) -> str:
    """Return a node's label as the sheets print it."""
    return str(node["label"]["en"])


def dummies(test: Tree) -> Iterator[Tree]:
    """Yield the dummies (and impactors) of a test, in the order of the sheets."""
    for child in test["children"].values():
        yield from [child] if _is_dummy(child) else child["children"].values()


def _is_dummy(node: Tree) -> bool:
    return bool({"seat", "dummy"} <= node.get("printed", {}).keys())


def criteria(node: Tree) -> Iterator[Tree]:
    """Yield the criteria of a node, at any depth."""
    if "criterion" in node:
        yield node
    for child in node.get("children", {}).values():
        yield from criteria(child)


def fact_of(quantity: str, node: Tree) -> str:
    """Return the full name of a quantity in the context of a node."""
    if "/" in quantity:
        return quantity
    if node.get("occupant") and node.get("dummy"):
        return f"{node['test']}/{node['occupant']}/{node['dummy']}/{quantity}"
    return f"{node['test']}/{quantity}"


def points_of(node: Tree) -> float | None:
    """Return the greatest score of a node, ``None`` where it depends on the headforms' grid."""
    if "rows" in node or any("rows" in child for child in node.get("children", {}).values()):
        return None
    if "points" in node:
        return float(node["points"])
    below = [points_of(child) for child in node.get("children", {}).values()]
    known = [value for value in below if value is not None]
    return float(sum(known)) if known else None
