"""Which printed row of the crash-protection sheets stands for which rule and fact, by the protocol's tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from carindex.rating import load_protocol, schema
from carindex.rating.asking import fact_name
from carindex.rating.protocol import Node

STAGE = "crash_protection"


@dataclass(frozen=True)
class Printed:
    """A printed row: sheet, labels, what kind of input it holds, its fact and unit, and the rule's path.

    ``kind``: criterion, modifier, excursion, non_use_position or contact. ``take``: how the sheet's number becomes the
    fact. ``limits`` and ``cap`` as the sheet prints them.
    """

    sheet: str
    labels: tuple[str, ...]
    kind: str
    fact: str
    path: str
    unit: str | None = None
    take: str = "value"
    predicted: bool = False
    limits: tuple[float, float] | None = None
    number: int = 0


@dataclass(frozen=True)
class Dummy:
    """A dummy on a seat: its node, the printed labels of its test, load case, seat and dummy."""

    node: Node
    labels: tuple[str, str, str, str]


@cache
def tests() -> dict[str, Node]:
    """Return the nine tests by their printed names."""
    root = load_protocol("euro-ncap-2026").nodes[STAGE]
    return {test.label["en"]: test for element in root.children for test in element.children}


def sheet_of(test: Node) -> str:
    """Return the name of the sheet that holds a test's measured values."""
    element = load_protocol("euro-ncap-2026").nodes[test.path.rsplit("/", 1)[0]]
    return f"CP - {element.label['en'].split()[0]} {test.label['en']}"


def dummies(test: Node) -> Iterator[Dummy]:
    """Yield the dummies of a test in the order of the sheets."""

    def below(node: Node, loadcase: str | None) -> Iterator[Dummy]:
        for child in node.children:
            own = child.spec.loadcase or loadcase
            if child.spec.role == "occupant":
                printed = child.spec.printed or {}
                yield Dummy(child, (test.label["en"], own or "", printed["seat"], printed["dummy"]))
            else:
                yield from below(child, own)

    yield from below(test, test.spec.loadcase)


def regions(dummy: Dummy) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Yield the body regions of a dummy with their printed labels."""
    for region in dummy.node.children:
        yield region, (*dummy.labels, region.label["en"])


@cache
def printed_rows() -> dict[tuple[str, ...], Printed]:
    """Return all rows of occupants' sheets by sheet and labels (load case, seat, dummy, region, criterion)."""
    found: dict[tuple[str, ...], Printed] = {}
    for test in tests().values():
        if test.spec.grid is not None or any(n.spec.row is not None for n in test.walk()):
            continue
        sheet = sheet_of(test)
        for dummy in dummies(test):
            for row in _rows_of(sheet, dummy):
                found[(row.sheet, *row.labels)] = row
    return found


def _rows_of(sheet: str, dummy: Dummy) -> Iterator[Printed]:
    _, loadcase, seat, name = dummy.labels
    node = dummy.node

    def row(region: str, label: str, kind: str, owner: Node, fact: str, **more: object) -> Printed:
        printed = owner.spec.printed or {} if kind == "criterion" else {}
        labels = (
            str(more.pop("loadcase", loadcase)),
            str(printed.get("seat", seat)),
            name,
            str(printed.get("region", region)),
            label,
        )
        path = str(more.pop("path", owner.path))
        return Printed(sheet, labels, kind, fact_name(fact, owner), path, **more)  # type: ignore[arg-type]

    for region in node.children:
        title = region.label["en"]
        for one in (*region.walk(),):
            rule = one.spec.criterion
            if rule is not None:
                yield _criterion(row(title, one.label["en"], "criterion", one, rule.fact), one, rule)
            if one.spec.near is not None:
                case = one.spec.loadcase or loadcase
                yield row(title, "Farside excursion", "excursion", one, one.spec.near.fact, loadcase=case)
            if one.spec.pass_fail is not None:
                yield row(title, one.label["en"], "non_use_position", one, one.spec.pass_fail.fact)
        if region.spec.choose is not None:
            yield row(title, "Farside excursion", "excursion", region, "farside_excursion")
        for number, step in enumerate(region.spec.adjust):
            if step.deduct is None or step.deduct.bands is None or step.label is None:
                continue
            bands = step.deduct.bands
            made = row(
                str((step.printed or {}).get("region", title)),
                step.label["en"],
                "modifier",
                region,
                bands.fact,
                unit=bands.unit,
                take=bands.take,
                number=number,
            )
            yield made
    for watched in node.watched:
        rule = watched.spec.criterion
        if rule is not None:
            yield _criterion(row("", watched.label["en"], "criterion", watched, rule.fact), watched, rule)
    for step in node.spec.adjust:
        if (
            step.when is not None
            and step.when.fact is not None
            and step.label is not None
            and step.when.equals == "yes"
        ):
            yield row("Head", step.label["en"], "contact", node, step.when.fact)


def _criterion(row: Printed, node: Node, rule: schema.Criterion) -> Printed:
    return Printed(
        row.sheet,
        row.labels,
        row.kind,
        row.fact,
        row.path,
        rule.unit,
        rule.take,
        bool(node.predicted) and rule.limits is not None,
        rule.limits,
    )


@cache
def point_criteria() -> dict[str, tuple[str, str | None]]:
    """Return the quantity and unit of each printed criterion of an impact point."""
    found: dict[str, tuple[str, str | None]] = {"HIC15": ("hic15", None)}
    for test in tests().values():
        for node in test.walk():
            if node.spec.row is not None:
                for child in node.children:
                    rule = child.spec.criterion
                    if rule is not None:
                        found[child.label["en"]] = (rule.fact, rule.unit)
    return found
