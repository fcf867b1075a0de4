"""Every number of every protocol has a source and a verification level, and documents count them as they are."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from carindex.rating import available_protocols, load_protocol, schema
from carindex.rating.schema.node import Adjustment
from carindex.rating.schema.outcomes import OutcomeCap
from carindex.rating.verification import LEVELS, counts, rules_of

DOCS = Path(__file__).parents[2] / "docs"
# what a source says where nobody has read the rule; `published` may still hold, by results that it reproduces
UNREAD = re.compile(r"\brecalled\b|not known|taken for granted|hypothesis|not seen|inferred", re.IGNORECASE)
EVERY = available_protocols()


@pytest.fixture(scope="module", params=EVERY)
def protocol(request):
    return load_protocol(request.param)


def parts_of(node):
    """Everything of a node that may have a source and level of its own: adjustments, gates, caps."""
    spec = node.spec
    yield from spec.adjust
    yield from spec.gates
    if isinstance(spec.stars, schema.Stars):
        yield from spec.stars.caps


def mistakes(protocol):
    """What lacks a source or a level, by place; what names a source of its own must name its level, too."""
    head = protocol.head
    if not head.source:
        yield "no source of the protocol"
    for name, scale in head.scales.items():
        if not scale.source or scale.verified not in LEVELS:
            yield f"scales/{name}"
        for i, cap in enumerate(scale.stars.caps):
            if bool(cap.source) != bool(cap.verified):
                yield f"scales/{name}: cap {i}"
    for path, node in protocol.nodes.items():
        if not node.source or node.verified not in LEVELS:
            yield path
        for i, part in enumerate(parts_of(node)):
            source = part.source or node.source
            level = part.verified or node.verified
            if not source or level not in LEVELS or (part.source and not part.verified):
                yield f"{path}: {type(part).__name__} {i}"
            elif part.source and UNREAD.search(part.source) and level not in ("unverified", "published"):
                yield f"{path}: {type(part).__name__} {i} is {level}, but: {part.source}"
        if node.spec.precedents is not None:
            for case in node.spec.precedents.known:
                if not case.cars:
                    yield f"{path}: a precedent without its car"


def test_every_rule_has_a_source_and_a_level(protocol):
    assert list(mistakes(protocol)) == []


def test_what_is_open_counts_as_open_however_well_its_points_are_known(protocol):
    open_nodes = {path for path, node in protocol.nodes.items() if node.spec.open}
    assert {rule.path for rule in rules_of(protocol) if rule.level == "open"} == open_nodes


def test_every_rule_is_counted_once_with_its_source(protocol):
    rules = rules_of(protocol)
    assert all(rule.source and rule.level in LEVELS for rule in rules)
    assert sum(counts(protocol).values()) == len(rules)
    assert len({rule.path for rule in rules if rule.part == "rule"}) == len(protocol.nodes)
    own = sum(part.verified is not None for node in protocol.nodes.values() for part in parts_of(node))
    assert own == sum(rule.part in ("adjustment", "gate", "cap") for rule in rules)


@pytest.mark.parametrize(
    "part",
    [
        Adjustment(at_most=1, source="somewhere"),
        OutcomeCap(to=1, when=schema.Condition(fact="car/esc", equals="no"), source="somewhere"),
    ],
)
def test_a_part_with_a_source_and_no_level_would_be_found(part):
    """The check above bites: a cap or adjustment that says where it is from, but not how well that is verified."""
    protocol = load_protocol("us-ncap-2011")
    node = protocol.nodes[""]
    changed = (
        {"adjust": [part]}
        if isinstance(part, Adjustment)
        else {"stars": msgspec.structs.replace(protocol.scale(node.spec.stars), caps=[part])}
    )
    spec = msgspec.structs.replace(node.spec, **changed)
    doubted = msgspec.structs.replace(node, spec=spec)
    with_it = SimpleNamespace(head=protocol.head, nodes={**protocol.nodes, "": doubted})
    assert list(mistakes(protocol)) == []
    assert list(mistakes(with_it)) == [f": {type(part).__name__} 0"]


def test_documents_count_the_rules_as_they_are():
    """Tables of docs/protocols: published / text / unverified / open of each protocol."""
    found = {}
    for document in sorted((DOCS / "protocols").glob("*.md")):
        for line in document.read_text("utf-8").splitlines():
            match = re.match(r"\| `([a-z0-9-]+)` \|.*\| (\d+) / (\d+) / (\d+) / (\d+) \|$", line)
            if match:
                found[match[1]] = tuple(map(int, match.groups()[1:]))
    assert len(found) >= 19
    for name, numbers in found.items():
        of = counts(load_protocol(name))
        assert (of["published"], of["text"], of["unverified"], of["open"]) == numbers, name
    text = (DOCS / "verification.md").read_text("utf-8")
    of = counts(load_protocol("euro-ncap-2026"))
    assert f"{of['oracle']} of {sum(of.values())} rules" in text
    assert f"All {sum(counts(load_protocol('us-ncap-2011')).values())} rules are marked" in text
