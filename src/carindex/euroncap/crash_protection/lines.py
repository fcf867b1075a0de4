"""The rows of measured values: which printed row is which fact, taken from the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from carindex.euroncap.crash_protection.layout import CriteriaSheet, layout
from carindex.euroncap.crash_protection.tree import Tree, criteria, fact_of, label_of, plain
from carindex.rating import schema

Kind = Literal["criterion", "modifier", "excursion", "contact", "non_use"]


class Line(msgspec.Struct, frozen=True):
    """A row of a sheet of measured values.

    Attributes
    ----------
    sheet, labels
        Where it stands: the words of its first columns.
    kind, fact
        What it asks for.
    path
        Its node; of a modifier, the region that it is taken off, where it is step number ``modifier``.
    unit, size
        How its number is given: in which unit, and whether as the size of a compression, which is negative.
    limits
        Higher and lower performance limit and capping limit as printed; ``worked_out`` limits stand at 0 until
        a report.
    coupled
        Whether it caps only together with another.
    predicted
        Whether the manufacturer may predict its colour.
    """

    sheet: str
    labels: tuple[str, str, str, str, str]
    kind: Kind
    fact: str
    path: str
    unit: str | None = None
    size: bool = False
    limits: tuple[float | None, float | None, float | None] = (None, None, None)
    worked_out: bool = False
    coupled: bool = False
    predicted: bool = False
    modifier: int | None = None

    @property
    def only_caps(self) -> bool:
        """Whether it is a criterion that gives no points and can take them."""
        higher, lower, cap = self.limits
        return self.kind == "criterion" and higher is None and lower is None and cap is not None


def lines_of(part: CriteriaSheet, dummy: Tree) -> list[Line]:
    """Return the rows of a dummy, each body region's together and in the order of its sheet."""
    found = [
        *_measured(part, dummy),
        *_contact(part, dummy),
        *_capping_only(part, dummy),
        *_modifiers(part, dummy),
    ]
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in found:
        groups.setdefault(line.labels[:4], []).append(line)
    return [line for group in groups.values() for line in _ordered(group)]


def _labels(dummy: Tree, node: Tree, region: str, label: str) -> tuple[str, str, str, str, str]:
    printed = node.get("printed", {})
    return (
        dummy["loadcase"],
        printed.get("seat", dummy["printed"]["seat"]),
        dummy["printed"]["dummy"],
        printed.get("region", region),
        label,
    )


def _measured(part: CriteriaSheet, dummy: Tree) -> Iterator[Line]:
    """Yield criteria, excursions and answers, region by region."""
    excursion = layout().criteria.excursion
    for region in dummy["children"].values():
        name = label_of(region)
        for node in criteria(region):
            yield _criterion(part, dummy, node, name)
        if "choose" in region:
            at = _labels(dummy, {}, name, excursion.label)
            yield Line(part.sheet, at, "excursion", fact_of(excursion.fact, region), region["path"])
        for node in region.get("children", {}).values():
            if "near" in node:
                at = (node["loadcase"], *_labels(dummy, {}, name, excursion.label)[1:])
                yield Line(part.sheet, at, "excursion", fact_of(node["near"]["fact"], node), node["path"])
            if "pass_fail" in node:
                at = _labels(dummy, node, name, label_of(node))
                yield Line(part.sheet, at, "non_use", fact_of(node["pass_fail"]["fact"], node), node["path"])


def _criterion(part: CriteriaSheet, dummy: Tree, node: Tree, region: str) -> Line:
    rule = msgspec.convert(plain(node["criterion"]), schema.Criterion)
    higher, lower = (0.0, 0.0) if rule.limit is not None else rule.limits or (None, rule.gate)
    return Line(
        part.sheet,
        _labels(dummy, node, region, label_of(node)),
        "criterion",
        fact_of(rule.fact, node),
        node["path"],
        unit=rule.unit,
        size=rule.take == "compression",
        limits=(higher, lower, rule.cap),
        worked_out=rule.limit is not None,
        coupled=rule.cap_with is not None,
        predicted=part.predicted and rule.limits is not None,
    )


def _contact(part: CriteriaSheet, dummy: Tree) -> Iterator[Line]:
    label = layout().criteria.contact.label
    for step in dummy.get("adjust", []):
        if label is not None and label_of(step) == label:
            region = label_of(next(iter(dummy["children"].values())))
            fact = fact_of(step["when"]["fact"], dummy)
            yield Line(part.sheet, _labels(dummy, {}, region, label), "contact", fact, dummy["path"])


def _capping_only(part: CriteriaSheet, dummy: Tree) -> Iterator[Line]:
    for node in dummy.get("capping_only", {}).values():
        yield _criterion(part, dummy, node, "")


def _modifiers(part: CriteriaSheet, dummy: Tree) -> Iterator[Line]:
    for region in dummy["children"].values():
        for number, step in enumerate(region.get("adjust", [])):
            bands = step.get("deduct", {}).get("bands")
            if bands is None:
                continue
            at = _labels(dummy, step, label_of(region), label_of(step))
            yield Line(
                part.sheet,
                at,
                "modifier",
                fact_of(bands["fact"], region),
                region["path"],
                unit=bands.get("unit"),
                modifier=number,
            )


def _ordered(group: list[Line]) -> Iterator[Line]:
    """Yield the rows of a body region, those that are no criteria behind the row that they are to follow."""
    after = layout().criteria.after
    there = {line.labels[4] for line in group}
    moved = {
        line.labels: after[line.labels[4]]
        for line in group
        if line.kind != "criterion" and after.get(line.labels[4]) in there
    }
    for line in group:
        if line.labels in moved:
            continue
        yield line
        yield from (other for other in group if moved.get(other.labels) == line.labels[4])
