"""Protocols, their rules and how they differ, on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from typing import Protocol as Shape

from carindex.messages import Language
from carindex.rating import Node, Plan, Protocol, schema
from carindex.report.labels import label
from carindex.report.rules import kind_name, kind_of, outcome_lines, rule_lines
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import fact_text, in_language, points, unit_text

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

LEVELS = ("oracle", "published", "text", "unverified", "open")
_STYLE = {"oracle": "green", "published": "green", "text": "cyan", "unverified": "yellow", "open": "red"}
_SIGN = {"oracle": "█", "published": "▓", "text": "▒", "unverified": "░", "open": "·"}
_BAR = 24


class Difference(Shape):
    """What differs between two protocols at one place."""

    @property
    def path(self) -> str:
        """Path of the node."""

    @property
    def field(self) -> str:
        """What of the node differs."""

    @property
    def before(self) -> object:
        """What the first protocol says."""

    @property
    def after(self) -> object:
        """What the second protocol says."""


_MANY, _FEW = 12, 3
"""More facts than this are not listed one by one, and how many then are."""


def _levels(nodes: Iterable[Node]) -> Counter[str]:
    return Counter("open" if node.spec.open else node.verified for node in nodes)


def show_protocols(protocols: Sequence[Protocol], language: Language) -> None:
    """Show all protocols: name, edition, validity, number of rules and how well these are verified."""
    console = screen()
    columns: list[Column] = [
        (label("protocol", language), "fixed"),
        label("programme", language),
        label("edition", language),
        label("valid", language),
        (label("rules", language), "right"),
        (label("verified", language), "fixed"),
    ]
    lines = (
        (
            protocol.id,
            in_language(protocol.head.programme, language),
            protocol.head.edition,
            _validity(protocol.head.valid, language),
            str(len(protocol.nodes)),
            _bar(_levels(protocol.nodes.values())),
        )
        for protocol in protocols
    )
    console.print(rows(table(columns), lines))
    console.print(_legend(language))


def _validity(valid: Mapping[str, str | list[int]], language: Language) -> str:
    texts = []
    if "from" in valid or "to" in valid:
        texts.append(f"{valid.get('from', '…')} – {valid.get('to', '…')}")
    years = valid.get("model_years")
    if isinstance(years, list) and years:
        texts.append(label("model_years", language, years="–".join(str(year) for year in years)))
    return "; ".join(texts) or "–"


def _bar(counts: Mapping[str, int]) -> Text:
    """Return one bar whose parts are as long as the counts say, the remainder given to the largest parts."""
    total = sum(counts.values())
    exact = (
        {level: _BAR * counts.get(level, 0) / total for level in LEVELS}
        if total
        else dict.fromkeys(LEVELS, 0.0)
    )
    length = {level: int(part) for level, part in exact.items()}
    for level in sorted(LEVELS, key=lambda name: length[name] - exact[name]):
        if sum(length.values()) < _BAR and counts.get(level):
            length[level] += 1
    numbers = "/".join(str(counts.get(level, 0)) for level in LEVELS)
    return words(*((_SIGN[level] * length[level], _STYLE[level]) for level in LEVELS), f" {numbers}")


def _legend(language: Language) -> Text:
    parts: list[str | tuple[str, str]] = []
    for level in LEVELS:
        parts += [(f"{_SIGN[level] * 2} ", _STYLE[level]), f"{label(f'verified_{level}', language)}   "]
    return words(*parts)


def show_protocol(plan: Plan, language: Language) -> None:
    """Show the tree of a protocol: rule, limits, facts asked for, how well verified, source."""
    from rich.tree import Tree

    console = screen()
    head = plan.protocol.head
    console.print(
        words((f"{in_language(head.programme, language)}, {head.edition}", "bold"), f" ({head.id})")
    )
    console.print(f"{label('source', language)}: {head.source}")
    validity = _validity(head.valid, language)
    if validity != "–":
        console.print(f"{label('valid', language)}: {validity}")
    for name, scale in head.scales.items():
        lines = "; ".join(outcome_lines(plan.protocol, scale.stars, language))
        mark = _mark(scale.verified, language)
        console.print(words((name, "bold"), f" {lines} · ", mark, (f" · {scale.source}", "dim")))
    for top in (plan.protocol.root, *plan.protocol.beside):
        tree = Tree(_node_text(plan, top, language), guide_style="dim")
        _grow(tree, plan, top, language)
        console.print(tree)
    console.print(_legend(language))


def _grow(tree: Tree, plan: Plan, node: Node, language: Language) -> None:
    if node.spec.row is not None:  # its criteria hold for every point of the row
        return
    for child in (*node.children, *node.watched):
        _grow(tree.add(_node_text(plan, child, language)), plan, child, language)


def _node_text(plan: Plan, node: Node, language: Language) -> Text:
    """Return label and maximum of a node, its rule, the facts that it asks for, verification and source."""
    node_plan = plan.nodes[node.path]
    most = (
        ""
        if node.counts == "risk" or node.grades
        else f" ({label('at_most_points', language, points=points(node.maximum))})"
    )
    beside = f" ({label('beside', language)})" if node.beside and "/" not in node.path else ""
    parts: list[str | tuple[str, str]] = [(in_language(node.label, language), "bold"), most, beside]
    parts += [f"\n{line}" for line in rule_lines(plan, node_plan, language)]
    shown = node_plan.facts if len(node_plan.facts) <= _MANY else node_plan.facts[:_FEW]
    parts += [(f"\n{plan.facts[slot]}", "cyan") for slot in shown]
    if len(shown) < len(node_plan.facts):
        parts.append((f"\n… {len(node_plan.facts)}", "cyan"))
    level = "open" if node.spec.open else node.verified
    return words(*parts, "\n", _mark(level, language), (f" · {node.source}", "dim"))


def _mark(level: str, language: Language) -> tuple[str, str]:
    return f"{_SIGN[level] * 2} {label(f'verified_{level}', language)}", _STYLE[level]


def show_check(plan: Plan, language: Language) -> None:
    """Show that a protocol holds together: rules by kind, named formulas, verification, facts asked for."""
    console = screen()
    protocol = plan.protocol
    heading(console, f"{protocol.id}: {label('check_passed', language)}")
    kinds = Counter(kind_of(spec) for node in protocol.nodes.values() for spec in _specs(node))
    lines = (
        (kind_name(kind, language), str(count))
        for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    )
    console.print(rows(table([label("kind_of_rule", language), (label("count", language), "right")]), lines))
    forms = {kind: count for kind, count in kinds.items() if kind.startswith("risk_")}
    text = ", ".join(f"{kind_name(kind, language)} {count}" for kind, count in sorted(forms.items()))
    console.print(label("named_formulas", language, count=len(forms), forms=text or "–"))
    counts = _levels(protocol.nodes.values())
    console.print(words(f"{label('verified', language)}: ", _bar_of(counts, language)))
    console.print(_bar(counts))
    heading(console, label("facts_asked", language, count=len(plan.facts)))
    facts = (
        (name, fact_text(plan, name, language), unit_text(quantity.unit))
        for name, quantity in zip(plan.facts, plan.quantities, strict=True)
    )
    columns: list[Column] = [label("fact_name", language), label("fact", language), label("unit", language)]
    console.print(rows(table(columns), facts))


def _specs(node: Node) -> Iterator[schema.Node]:
    yield node.spec
    if node.spec.choose is not None:
        yield from node.spec.choose.cases.values()
    for adjustment in node.spec.adjust:
        if adjustment.deduct is not None:
            yield adjustment.deduct


def _bar_of(counts: Mapping[str, int], language: Language) -> str:
    return ", ".join(
        f"{label(f'verified_{level}', language)} {counts[level]}" for level in LEVELS if counts.get(level)
    )


def show_differences(differences: Iterable[Difference], language: Language) -> None:
    """Show what differs between two protocols, rule by rule."""
    console = screen()
    lines = [(item.path or "/", item.field, _said(item.before), _said(item.after)) for item in differences]
    if not lines:
        console.print(label("no_differences", language))
        return
    columns: list[Column] = [
        label("node", language),
        label("field", language),
        label("before", language),
        label("after", language),
    ]
    console.print(rows(table(columns), lines))
    console.print(label("differences_count", language, count=len(lines)))


def _said(value: object) -> str:
    return "–" if value is None else str(value)
