"""Check that a protocol makes sense before anything is compiled from it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.protocol import ROOT, Node, Protocol
from carindex.vocabulary import vocabulary

_RISK_NUMBERS = {
    "logistic": ("intercept", "slope"),
    "lognormal": ("mean", "deviation"),
    "weibull": ("scale", "shape"),
}


def check(protocol: Protocol) -> None:
    """Refuse a protocol whose rules are incomplete or contradict each other.

    Raises
    ------
    InputError
        For the first mistake found, with its place in the protocol's files.
    """
    for name, scale in protocol.head.scales.items():
        for error in _line_mistakes(scale.stars, f"{protocol.place}: scales/{name}"):
            raise error
    for node in protocol.nodes.values():
        for error in _mistakes(node, protocol):
            raise error


# combinations whose parts may drop out, and those that take parts whose greatest score differs from car to car
_DROPPING = ("share", "mean", "weighted", "weighted_share", "worst", "sum", "demerits")
_VARYING = ("share", "sum")


def varies(node: Node) -> bool:
    """Return whether a part of a sum may not apply, or something that it sums up: the sum can then reach less."""
    return node.spec.applies_when is not None or sum_varies(node)


def sum_varies(node: Node) -> bool:
    """Return whether a node is a sum of which parts may not apply."""
    return node.spec.combine == "sum" and any(varies(child) for child in node.children)


def slug(label: str) -> str:
    """Return the part of a path that a label gives: lower case, every other sign than letters and digits ``_``."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def _mistakes(node: Node, protocol: Protocol) -> Iterator[InputError]:
    spec = node.spec
    rules = [name for name in schema.RULES if getattr(spec, name)]
    if len(rules) != 1:
        kinds = ", ".join(schema.RULES)
        yield InputError(
            node.place, "rating.no_rule", count=len(rules), rules=", ".join(rules) or "-", kinds=kinds
        )
    # sheets print some criteria by one name that differ by more than their words
    if node.path and slug(node.label["en"]) != node.key and spec.criterion is None:
        yield InputError(node.place, "rating.key_is_not_label", key=node.key, slug=slug(node.label["en"]))
    if not (spec.source or node.source):
        yield InputError(node.place, "rating.no_source")
    if isinstance(spec.stars, str) and spec.stars not in protocol.head.scales:
        available = ", ".join(protocol.head.scales)
        yield InputError(node.place, "rating.not_found_scale", name=spec.stars, available=available)
    if spec.reads and not spec.open:
        yield InputError(node.place, "rating.reads_of_known_rule")
    if spec.precedents is not None and not node.children:
        yield InputError(node.place, "rating.no_children")
    if isinstance(spec.stars, schema.Stars):
        yield from _line_mistakes(spec.stars, node.place)
    if spec.theme is not None and spec.theme not in vocabulary().themes:
        yield InputError(
            node.place, "rating.not_a_theme", name=spec.theme, available=", ".join(vocabulary().themes)
        )
    if spec.combine is not None:
        yield from _combination_mistakes(node)
    if math.isnan(node.maximum) and not any(math.isnan(child.maximum) for child in node.children):
        yield InputError(node.place, "rating.no_maximum")
    deductions = [adjustment.deduct for adjustment in spec.adjust if adjustment.deduct is not None]
    for rule in (spec, *deductions):
        for case in (rule, *(rule.choose.cases.values() if rule.choose else ())):
            yield from _rule_mistakes(case, node)


def _line_mistakes(spec: schema.Stars, place: str) -> Iterator[InputError]:
    for lines in (spec.below, spec.at_most, spec.at_least, spec.above, *(spec.minima or {}).values()):
        for line in (lines or {}).values():
            if isinstance(line, tuple) and not line[0] < line[1]:
                yield InputError(place, "rating.not_between", first=line[0], second=line[1])
    named = {
        *(name for lines in (spec.below, spec.at_most, spec.at_least, spec.above) for name in lines or ()),
        *(spec.minima or ()),
    }
    unknown = [str(name) for name in spec.verified or () if name not in named]
    if unknown:
        yield InputError(place, "rating.no_such_line", name=", ".join(unknown))


def _combination_mistakes(node: Node) -> Iterator[InputError]:
    spec = node.spec
    if not node.children and not spec.of:
        yield InputError(node.place, "rating.no_children")
    counts = {child.counts for child in node.children}
    if len(counts) > 1 and spec.combine != "demerits":  # demerits look at the children's grades alone
        yield InputError(node.place, "rating.unequal_maxima", kinds=", ".join(sorted(counts)))
    for table in (spec.demerits or {}).values():
        for count in table.values():
            if isinstance(count, tuple) and count[0] > count[1]:
                yield InputError(node.place, "rating.not_ascending", limits=list(count))
    if spec.combine in ("weighted", "weighted_share"):
        keys = [path.rsplit("/", 1)[-1] for path in spec.of] or [child.key for child in node.children]
        if spec.weights is None or set(spec.weights) != set(keys):
            yield InputError(
                node.place,
                "rating.weights_do_not_fit",
                given=", ".join(spec.weights or {}) or "-",
                children=", ".join(keys),
            )
    for child in node.children:
        if child.spec.applies_when is not None and spec.combine not in _DROPPING:
            yield InputError(child.place, "rating.not_applicable_here", combine=spec.combine)
        # a sum that can reach less than its greatest score: what it counts in has to ask how much less
        if sum_varies(child) and spec.combine not in _VARYING:
            yield InputError(child.place, "rating.not_applicable_here", combine=spec.combine)
        if node.path == ROOT and spec.combine == "sum" and varies(child):
            yield InputError(child.place, "rating.not_applicable_here", combine=spec.combine)


def _rule_mistakes(spec: schema.Node, node: Node) -> Iterator[InputError]:
    if spec.risk is not None:
        missing = [name for name in _RISK_NUMBERS[spec.risk.form] if getattr(spec.risk, name) is None]
        if missing:
            yield InputError(
                node.place,
                "rating.incomplete_rule",
                rule=f"risk ({spec.risk.form})",
                missing=", ".join(missing),
            )
    if spec.bands is not None:
        limits = spec.bands.limits
        if sorted(set(limits)) != limits or len(spec.bands.values) != len(limits) + 1:
            yield InputError(node.place, "rating.not_ascending", limits=limits)
    if spec.curve is not None:
        xs = [x for x, _ in spec.curve.through]
        if sorted(set(xs)) != xs or len(xs) < 2:
            yield InputError(node.place, "rating.not_ascending", limits=xs)
