"""What the protocol browser shows: the list, one protocol's rules with limits and sources, what differs in another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from carindex.messages import InputError, Language
from carindex.rating import Node, Plan, Protocol, available_protocols, load_protocol
from carindex.rating.compiled import compiled
from carindex.rating.difference import differences
from carindex.rating.verification import LEVELS, Level, counts
from carindex.report.labels import label as report_label
from carindex.report.rules import outcome_lines, rule_lines
from carindex.report.wording import in_language, path_text, points


@dataclass(frozen=True)
class Part:
    """Part of a verification bar: begins at ``start`` of its length and is ``share`` long."""

    level: Level
    start: float
    share: float
    count: int
    text: str


@dataclass(frozen=True)
class Head:
    """A protocol in the list."""

    id: str
    programme: str
    edition: str
    valid: str
    source: str
    hash: str
    rules: int
    bar: tuple[Part, ...]
    bar_text: str
    doubtful: int


@dataclass(frozen=True)
class RuleRow:
    """A node with its rule."""

    path: str
    depth: int
    name: str
    maximum: str
    lines: tuple[str, ...]
    facts: tuple[str, ...]
    source: str
    level: str
    level_text: str


@dataclass(frozen=True)
class Branch:
    """A branch of the tree below the whole car: its first row is the branch itself."""

    path: str
    name: str
    rows: tuple[RuleRow, ...]
    doubtful: int


@dataclass(frozen=True)
class ProtocolPage:
    """One protocol: ``whole`` is the rule of the whole car, the rest stands in branches."""

    head: Head
    whole: tuple[RuleRow, ...]
    branches: tuple[Branch, ...]
    scales: tuple[tuple[str, tuple[str, ...], str, str, str], ...]
    others: tuple[tuple[str, str], ...]
    asked: int


@dataclass(frozen=True)
class Change:
    """An entry that differs."""

    path: str
    name: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class DifferencePage:
    """What differs between two protocols."""

    first: Head
    second: Head
    changes: tuple[Change, ...]


@lru_cache(maxsize=64)
def plan_of(name: str) -> Plan:
    """Return a protocol that comes with the package, compiled, by its id; a folder is never taken for one.

    Raises
    ------
    InputError
        When there is no such protocol.
    """
    if name not in available_protocols():
        known = ", ".join(available_protocols())
        raise InputError(name, "web.no_such_protocol", available=known)
    return compiled(name)


def head_of(protocol: Protocol, language: Language) -> Head:
    """Prepare a protocol for the list."""
    head = protocol.head
    levels = counts(protocol)
    total = sum(levels.values())
    parts, start = [], 0.0
    for level in LEVELS:
        if levels[level]:
            share = levels[level] / total
            text = f"{report_label(f'verified_{level}', language)} {levels[level]}"
            parts.append(Part(level, start, share, levels[level], text))
            start += share
    return Head(
        id=protocol.id,
        programme=in_language(head.programme, language),
        edition=head.edition,
        valid=_valid(protocol, language),
        source=head.source,
        hash=protocol.hash,
        rules=total,
        bar=tuple(parts),
        bar_text=report_label(
            "bar_counts",
            language,
            good=levels["oracle"] + levels["published"],
            text=levels["text"],
            doubtful=levels["unverified"] + levels["open"],
        ),
        doubtful=levels["unverified"] + levels["open"],
    )


def _valid(protocol: Protocol, language: Language) -> str:
    valid = protocol.head.valid
    texts = []
    if "from" in valid or "to" in valid:
        texts.append(f"{valid.get('from', '…')} – {valid.get('to', '…')}")
    years = valid.get("model_years")
    if years:
        said = f"{years[0]}–{years[-1]}" if isinstance(years, list) else str(years)
        texts.append(report_label("model_years", language, years=said))
    return "; ".join(texts)


@lru_cache(maxsize=4)
def listed(language: Language) -> tuple[Head, ...]:
    """Return all protocols that come with the package."""
    return tuple(head_of(load_protocol(name), language) for name in available_protocols())


@lru_cache(maxsize=32)
def protocol_page(name: str, language: Language) -> ProtocolPage:
    """Prepare the page of a protocol.

    Raises
    ------
    InputError
        When there is no such protocol.
    """
    plan = plan_of(name)
    protocol = plan.protocol
    tops = (protocol.root, *protocol.beside)
    branches = [child for top in tops for child in (top.children if top is protocol.root else (top,))]
    own = head_of(protocol, language)
    return ProtocolPage(
        head=own,
        whole=(_row(plan, protocol.root, 0, language),),
        branches=tuple(_branch(plan, branch, language) for branch in branches if branch.path in plan.nodes),
        scales=tuple(
            (
                name,
                tuple(outcome_lines(protocol, scale.stars, language)),
                scale.source,
                scale.verified,
                report_label(f"verified_{scale.verified}", language),
            )
            for name, scale in protocol.head.scales.items()
        ),
        others=tuple(
            (head.id, f"{head.programme} {head.edition}")
            for head in sorted(listed(language), key=lambda head: head.programme != own.programme)
            if head.id != protocol.id
        ),
        asked=len(plan.facts),
    )


def _branch(plan: Plan, top: Node, language: Language) -> Branch:
    rows = tuple(
        _row(plan, node, depth, language) for node, depth in _walk(top, 0) if node.path in plan.nodes
    )
    doubtful = sum(row.level in ("open", "unverified") for row in rows)
    return Branch(top.path, in_language(top.label, language), rows, doubtful)


def _walk(node: Node, depth: int) -> Iterator[tuple[Node, int]]:
    yield node, depth
    for child in node.children:
        yield from _walk(child, depth + 1)


def _row(plan: Plan, node: Node, depth: int, language: Language) -> RuleRow:
    level = "open" if node.spec.open else node.verified
    node_plan = plan.nodes[node.path]
    return RuleRow(
        path=node.path,
        depth=depth,
        name=in_language(node.label, language),
        maximum=points(node.maximum) if node.counts == "points" else "",
        lines=tuple(rule_lines(plan, node_plan, language)),
        facts=tuple(plan.facts[slot] for slot in node_plan.facts),
        source=node.source,
        level=level,
        level_text=report_label(f"verified_{level}", language),
    )


@lru_cache(maxsize=16)
def difference_page(first: str, second: str, language: Language) -> DifferencePage:
    """Prepare what differs between two protocols.

    Raises
    ------
    InputError
        When there is no such protocol.
    """
    one, two = plan_of(first), plan_of(second)
    changes = tuple(
        Change(
            item.path,
            path_text(two if item.path in two.nodes else one, item.path, language) if item.path else "",
            item.field,
            _said(item.before, language),
            _said(item.after, language),
        )
        for item in differences(one.protocol, two.protocol)
    )
    return DifferencePage(head_of(one.protocol, language), head_of(two.protocol, language), changes)


def _said(value: object, language: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict) and value.keys() <= {"en", "zh"} and value:
        return in_language(value, language)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_said(entry, language)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(entry, language) for entry in value)
    return str(value)
