"""The crash-protection rules as one tree, and which printed row of the programme's sheets each rule stands for.

Reads the YAML files, follows ``file:``, hands test, occupant, dummy, prediction and source down the tree, and completes names of facts.
Nothing is scored here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parents[3] / "src/carindex/protocols/euro-ncap/2026/crash-protection"
INHERITED = ("test", "occupant", "dummy", "predicted", "loadcase", "source", "verified")


@cache
def stage() -> dict[str, Any]:
    """The whole tree; every node knows its ``path`` and what it inherits."""
    return {**_file("scheme.yaml"), **_resolved(_file("stage.yaml"), "", {})}


def _file(name: str) -> dict[str, Any]:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


def _resolved(node: dict[str, Any], path: str, handed: dict[str, Any]) -> dict[str, Any]:
    if "file" in node:
        node = _file(node["file"])
    node = dict(node)
    for word in INHERITED:
        if word in handed:
            node.setdefault(word, handed[word])
    node["path"] = path
    handed = {word: node[word] for word in INHERITED if word in node}
    for group in ("children", "capping_only"):
        if group in node:
            node[group] = {
                key: _resolved(child, f"{path}/{key}".strip("/"), handed)
                for key, child in node[group].items()
            }
    return node


def sub_elements() -> dict[str, dict[str, Any]]:
    """Path to node of the nine sub-elements (tests), in the programme's order."""
    return {
        node["path"]: node
        for element in stage()["children"].values()
        for node in element["children"].values()
    }


def sheet_of(sub_element: str) -> str:
    """Name of the sheet on which the measured values of a sub-element stand."""
    element, _ = sub_element.split("/")
    words = stage()["children"][element]["label"]["en"].split()
    return f"CP - {words[0]} {sub_elements()[sub_element]['label']['en']}"


def fact_name(quantity: str, node: dict[str, Any]) -> str:
    """The full name of a quantity in the context of a node."""
    if "/" in quantity:
        return quantity
    if node.get("occupant") and node.get("dummy"):
        return f"{node['test']}/{node['occupant']}/{node['dummy']}/{quantity}"
    return f"{node['test']}/{quantity}"


def is_occupant(node: dict[str, Any]) -> bool:
    """Whether a node is a dummy on a seat (or an impactor): what the sheet of dummy scores lists."""
    return {"seat", "dummy"} <= node.get("printed", {}).keys()


def occupants(sub_element: str) -> list[dict[str, Any]]:
    """Nodes of the dummies of a sub-element, in the order of the sheets."""
    found = []
    for child in sub_elements()[sub_element]["children"].values():
        found += [child] if is_occupant(child) else list(child["children"].values())
    return found


@dataclass(frozen=True)
class Row:
    """A printed row of a sheet of measured values.

    ``kind``: criterion, modifier (a deduction), or the name of another input.
    """

    sheet: str
    loadcase: str
    seat: str
    dummy: str
    region: str
    label: str
    kind: str
    fact: str
    path: str

    @property
    def key(self) -> tuple[str, ...]:
        return (self.sheet, self.loadcase, self.seat, self.dummy, self.region, self.label)


@cache
def rows() -> dict[tuple[str, ...], Row]:
    """All printed rows of occupants (the impact points of the VRU sheets are not rows of rules)."""
    found: dict[tuple[str, ...], Row] = {}

    def add(
        sheet: str, dummy: dict, region: str, label: str, kind: str, fact: str, path: str, **other: str
    ) -> None:
        printed = {**dummy["printed"], "loadcase": dummy["loadcase"], **other}
        row = Row(
            sheet, printed["loadcase"], printed["seat"], printed["dummy"], region, label, kind, fact, path
        )
        assert row.key not in found, row
        found[row.key] = row

    for sub_element in sub_elements():
        sheet = sheet_of(sub_element)
        if sub_element.startswith("vru_impact"):
            continue
        for dummy in occupants(sub_element):
            for region in dummy["children"].values():
                name = region["label"]["en"]
                for node in criteria(region):
                    seat = {"seat": node["printed"]["seat"]} if "printed" in node else {}
                    fact = fact_name(node["criterion"]["fact"], node)
                    add(sheet, dummy, name, node["label"]["en"], "criterion", fact, node["path"], **seat)
                for number, step in enumerate(region.get("adjust", [])):
                    fact = fact_name(step["deduct"]["bands"]["fact"], region)
                    printed = step.get("printed", {}).get("region", name)
                    add(
                        sheet,
                        dummy,
                        printed,
                        step["label"]["en"],
                        "modifier",
                        fact,
                        f"{region['path']}/adjust/{number}",
                    )
                if "choose" in region:
                    fact = fact_name("farside_excursion", region)
                    add(sheet, dummy, name, "Farside excursion", "excursion", fact, region["path"])
                for run in region.get("children", {}).values():
                    if "near" in run:
                        fact = fact_name(run["near"]["fact"], run)
                        add(
                            sheet,
                            dummy,
                            name,
                            "Farside excursion",
                            "excursion",
                            fact,
                            run["path"],
                            loadcase=run["loadcase"],
                        )
                if "geometry" in region.get("children", {}):
                    node = region["children"]["non_use_position"]
                    fact = fact_name(node["pass_fail"]["fact"], node)
                    add(sheet, dummy, name, node["label"]["en"], "non_use_position", fact, node["path"])
            for node in dummy.get("capping_only", {}).values():
                fact = fact_name(node["criterion"]["fact"], node)
                add(
                    sheet,
                    dummy,
                    node["printed"]["region"],
                    node["label"]["en"],
                    "criterion",
                    fact,
                    node["path"],
                )
            for step in dummy.get("adjust", []):
                if step["label"]["en"] == "Direct contact with pole":
                    fact = fact_name(step["when"]["fact"], dummy)
                    add(sheet, dummy, "Head", step["label"]["en"], "contact", fact, dummy["path"])
    return found


def criteria(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Criteria below a node, at any depth."""
    if "criterion" in node:
        return [node]
    return [found for child in node.get("children", {}).values() for found in criteria(child)]
