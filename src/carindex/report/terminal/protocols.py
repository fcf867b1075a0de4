"""Protocols, their rules and how they differ, on the terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from typing import Protocol as Shape

from carindex.messages import Language, enumerated, statements
from carindex.rating import Node, Plan, Protocol, schema
from carindex.rating.verification import DOUBTFUL, LEVELS, Level, Rule, counts, rules_of
from carindex.report.labels import label
from carindex.report.rules import kind_name, kind_of, outcome_lines, rule_lines
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.translations import translated
from carindex.report.wording import entry, fact_text, in_language, points, unit_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

_STYLE = {"oracle": "green", "published": "green", "text": "cyan", "unverified": "yellow", "open": "red"}
_SIGN = {"oracle": "█", "published": "▓", "text": "▒", "unverified": "░", "open": "·"}
_BAR = 24
_WIDE = 130
"""On a screen of fewer columns, what a protocol is stands on two lines."""
_OVERLAID = "+"
"""Marks a protocol with its number of overlays, and a rule that one of them touched."""


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


_FACTS_SHOWN, _REASONS_SHOWN = 12, 24
"""So many facts, and reasons why rules are doubtful, are listed where not everything is asked for."""

_MANY, _FEW = 12, 3
"""More facts than this are not listed one by one, and how many then are."""


def show_protocols(protocols: Sequence[Protocol], language: Language) -> None:
    """Show all protocols: name, edition, validity, number of rules and how well these are verified.

    A protocol has one line, or two where the screen is narrow or its programme has a long name.
    """
    console = screen()
    wide = console.width >= _WIDE
    named = {
        key: label(key, language)
        for key in ("protocol", "edition", "programme", "valid", "rules", "verified")
    }
    columns: list[Column] = [
        (named["protocol"], "fixed"),
        f"{named['programme']} · {named['edition']}",
        (named["valid"], "fixed"),
        (named["rules"], "right"),
        (named["verified"], "fixed"),
    ]
    if not wide:
        columns = [
            (f"{named['protocol']}\n{named['edition']}", "fixed"),
            f"{named['programme']}\n{named['valid']}",
            (f"{named['verified']}\n{named['rules']}", "fixed"),
        ]

    def lines() -> Iterator[Sequence[str | Text]]:
        for protocol in protocols:
            head, levels = protocol.head, counts(protocol)
            name = _short(in_language(head.programme, language))
            edition, dates = translated(head.edition, language), _validity(head.valid, language)
            total = str(sum(levels.values()))
            if wide:
                yield _marked_id(protocol), f"{name} {edition}", "\n".join(dates), total, bar(levels)
            else:
                identity = words(_marked_id(protocol), f"\n{edition}")
                verified = words(_bar(levels), f"\n{total}: {_numbers(levels)}")
                yield identity, f"{name}\n{statements(dates, language)}", verified

    console.print(rows(table(columns), lines()))
    console.print(legend(language))
    if any(protocol.overlays for protocol in protocols):
        console.print(words((f"{_OVERLAID} ", "magenta"), label("overlaid_legend", language)))


def _marked_id(protocol: Protocol) -> Text:
    """Return the id of a protocol, marked where overlays complete or correct it."""
    return words(
        protocol.id, *((f" {_OVERLAID}{len(protocol.overlays)}", "magenta"),) * bool(protocol.overlays)
    )


def _short(programme: str) -> str:
    """Return the name of a programme without what it stands for, which its id and `show` say."""
    return re.sub(r" \(.*\)$", "", programme)


def _validity(valid: Mapping[str, str | list[int]], language: Language) -> list[str]:
    texts = []
    if "from" in valid or "to" in valid:
        texts.append(f"{valid.get('from', '…')} – {valid.get('to', '…')}")
    years = valid.get("model_years")
    if isinstance(years, list) and years:
        texts.append(label("model_years", language, years="–".join(str(year) for year in years)))
    return texts or ["–"]


def bar(counts: Mapping[Level, int]) -> Text:
    """Return one bar whose parts are as long as the counts say, and the counts; see `_bar`."""
    return words(_bar(counts), f" {_numbers(counts)}")


def _bar(counts: Mapping[Level, int]) -> Text:
    """Return one bar whose parts are as long as the counts say; whatever there is, however little, is seen."""
    total = sum(counts.values()) or 1
    length = {level: max(int(_BAR * counts[level] / total), counts[level] > 0) for level in LEVELS}
    # what rounding left over, or what small parts took, is the largest part's
    largest = max(LEVELS, key=lambda level: counts[level])
    length[largest] += _BAR - sum(length.values()) if any(length.values()) else 0
    return words(*((_SIGN[level] * length[level], _STYLE[level]) for level in LEVELS))


def _numbers(counts: Mapping[Level, int]) -> str:
    return "/".join(str(counts.get(level, 0)) for level in LEVELS)


def legend(language: Language) -> Text:
    """Return what the signs of a bar stand for."""
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
        words(
            (f"{in_language(head.programme, language)}, {translated(head.edition, language)}", "bold"),
            f" ({head.id})",
        )
    )
    console.print(entry(label("source", language), translated(head.source, language), language))
    if head.valid:
        console.print(
            entry(label("valid", language), statements(_validity(head.valid, language), language), language)
        )
    for name, scale in head.scales.items():
        lines = statements(outcome_lines(plan.protocol, scale.stars, language), language)
        mark = _mark(scale.verified, language)
        console.print(
            words((name, "bold"), f" {lines} · ", mark, (f" · {translated(scale.source, language)}", "dim"))
        )
    for top in (plan.protocol.root, *plan.protocol.beside):
        tree = Tree(_node_text(plan, top, language), guide_style="dim")
        _grow(tree, plan, top, language)
        console.print(tree)
    console.print(legend(language))


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
        else f" ({label(f'at_most_{node.counts}', language, points=points(node.maximum))})"
    )
    beside = f" ({label('beside', language)})" if node.beside and "/" not in node.path else ""
    parts: list[str | tuple[str, str]] = [(in_language(node.label, language), "bold"), most, beside]
    parts += [f"\n{line}" for line in rule_lines(plan, node_plan, language)]
    shown = node_plan.facts if len(node_plan.facts) <= _MANY else node_plan.facts[:_FEW]
    parts += [(f"\n{plan.facts[slot]}", "cyan") for slot in shown]
    if len(shown) < len(node_plan.facts):
        parts.append((f"\n… {len(node_plan.facts)}", "cyan"))
    level = "open" if node.spec.open else node.verified
    changed = any(node.path in layer.changes for layer in plan.protocol.overlays)
    overlaid = (f"{_OVERLAID} {label('overlaid', language)} · ", "magenta") if changed else ""
    return words(
        *parts, "\n", overlaid, _mark(level, language), (f" · {translated(node.source, language)}", "dim")
    )


def _mark(level: str, language: Language) -> tuple[str, str]:
    return f"{_SIGN[level] * 2} {label(f'verified_{level}', language)}", _STYLE[level]


def show_checks(plans: Sequence[Plan], language: Language) -> None:
    """Show that protocols hold together, one line each, and how much of each is open or not verified."""
    console = screen()
    columns: list[Column] = [
        (label("protocol", language), "fixed"),
        (label("count_open", language), "right"),
        (label("count_unverified", language), "right"),
        (label("facts", language), "right"),
        (label("verified", language), "fixed"),
    ]

    def lines() -> Iterator[Sequence[str | Text]]:
        for plan in plans:
            levels = counts(plan.protocol)
            amounts = (levels["open"], levels["unverified"], len(plan.facts))
            yield [_marked_id(plan.protocol), *map(str, amounts), bar(levels)]

    console.print(rows(table(columns), lines()))
    console.print(legend(language))
    console.print(label("checks_passed", language, count=len(plans)))


def show_check(plan: Plan, language: Language, *, everything: bool = False) -> None:
    """Show that a protocol holds together and what of it is still open; rules by kind, facts asked for.

    ``everything`` lists all facts and doubtful rules, however many.
    """
    console = screen()
    protocol = plan.protocol
    heading(console, entry(protocol.id, label("check_passed", language), language))
    for layer in protocol.overlays:
        text = label("overlaid_by", language, folder=layer.folder, count=len(layer.changes))
        console.print(words((f"{_OVERLAID} {text}", "magenta")))
    levels = counts(protocol)
    console.print(entry(label("verified", language), _bar_of(levels, language), language))
    console.print(bar(levels))
    _show_doubtful(console, plan, language, everything)
    kinds = Counter(kind_of(spec) for node in protocol.nodes.values() for spec in _specs(node))
    lines = (
        (kind_name(kind, language), str(count))
        for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    )
    console.print(rows(table([label("kind_of_rule", language), (label("count", language), "right")]), lines))
    forms = {kind: count for kind, count in kinds.items() if kind.startswith("risk_")}
    text = enumerated(
        (f"{kind_name(kind, language)} {count}" for kind, count in sorted(forms.items())), language
    )
    console.print(label("named_formulas", language, count=len(forms), forms=text or "–"))
    heading(console, label("facts_asked", language, count=len(plan.facts)))
    shown = len(plan.facts) if everything else min(len(plan.facts), _FACTS_SHOWN)
    facts = (
        (name, fact_text(plan, name, language), unit_text(quantity.unit))
        for name, quantity in zip(plan.facts[:shown], plan.quantities[:shown], strict=True)
    )
    columns: list[Column] = [label("fact_name", language), label("fact", language), label("unit", language)]
    console.print(rows(table(columns), facts))
    _more(console, len(plan.facts) - shown, language)


def _show_doubtful(console: Console, plan: Plan, language: Language, everything: bool) -> None:
    """List what the programme's own document would settle: rules that are not known, then those not verified.

    Rules that are doubtful for the same reason are one line, unless everything is asked for.
    """
    rules = rules_of(plan.protocol)
    for level in DOUBTFUL:
        found = [rule for rule in rules if rule.level == level]
        key = f"doubtful_{level}" if found else f"doubtful_no_{level}"
        heading(console, label(key, language, count=len(found)))
        reasons: dict[object, list[Rule]] = {}
        for place, rule in enumerate(found):
            reasons.setdefault(place if everything else rule.source, []).append(rule)
        shown = [*reasons.values()] if everything else [*reasons.values()][:_REASONS_SHOWN]
        columns: list[Column] = [
            (label("count", language), "right"),
            label("node", language),
            label("name", language),
            label("source", language),
        ]
        lines = (
            (
                str(len(same)),
                words(
                    *((f"{_OVERLAID} ", "magenta"),) * any(rule.changed for rule in same),
                    same[0].path or "/",
                    " …" if len(same) > 1 else "",
                ),
                _rule_name(plan, same[0], language),
                translated(same[0].source, language),
            )
            for same in shown
        )
        if shown:
            console.print(rows(table(columns), lines))
        _more(console, len(found) - sum(map(len, shown)), language)


def _rule_name(plan: Plan, rule: Rule, language: Language) -> str:
    name = "" if rule.name is None else in_language(rule.name, language)
    if rule.part == "rule":
        return in_language(plan.nodes[rule.path].node.label, language)
    return f"{label(f'part_{rule.part}', language)} {name}".strip()


def _more(console: Console, count: int, language: Language) -> None:
    if count > 0:
        console.print(words((label("more_with_all", language, count=count), "dim")))


def _specs(node: Node) -> Iterator[schema.Node]:
    yield node.spec
    if node.spec.choose is not None:
        yield from node.spec.choose.cases.values()
    for adjustment in node.spec.adjust:
        if adjustment.deduct is not None:
            yield adjustment.deduct


def _bar_of(counts: Mapping[Level, int], language: Language) -> str:
    return enumerated(
        (f"{label(f'verified_{level}', language)} {counts[level]}" for level in LEVELS if counts.get(level)),
        language,
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
