"""Compile checks and claims: awards, tables of words, claimed responses, test points, channels."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from carindex.rating import schema
from carindex.rating.asking import condition_facts
from carindex.rating.kernels.checks import Claim, PointMatrix, WordLines
from carindex.rating.kinds.kind import Kind
from carindex.rating.plan import Answers, Detail

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler
    from carindex.rating.protocol import Node

PREDICTION, VERIFICATION, RESULT = "prediction", "verification", "result"
CELLS = "monitoring_cells"
AREA = "driver_monitoring"
CHANNELS = ("cloud", "direct")
LIMIT = "green_above"
COLOURS = ("green", "yellow", "orange", "brown", "red", "grey")


def _awarded_facts(rule: list[schema.Award], node: Node) -> Iterable[str]:
    for line in rule:
        yield from condition_facts(line.when)
    if node.spec.missing_unless is not None:
        yield node.spec.missing_unless


def _awarded(compiler: Compiler, rule: list[schema.Award], node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    facts: list[int] = []
    slot = compiler.constant(0.0)
    own = node.spec.missing_unless
    for line in reversed(rule):
        when, used = compiler.condition(line.when, node, unknown_fails=own is not None)
        facts.extend(used)
        slot = compiler.emit("choose", [when, slot, compiler.constant(line.points)])
    if own is not None:
        slot = compiler.unless_missing(compiler.fact(own, node), slot, node.maximum)
    return Compiled("awarded", slot, facts=tuple(dict.fromkeys(facts)))


def _most_awarded(rule: list[schema.Award], spec: schema.Node) -> float:
    return max(line.points for line in rule)


def _table_facts(rule: schema.WordTable, node: Node) -> Iterable[str]:
    yield from rule.columns


def _table(compiler: Compiler, rule: schema.WordTable, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    facts = [compiler.fact(name, node) for name in rule.columns]
    letters = list(rule.words)
    no_letter = len(letters)  # of a word that stands in no line
    sign_of = []
    for fact in facts:
        of_word = {word: i for i, letter in enumerate(letters) for word in rule.words[letter]}
        words = compiler.quantities[fact].categories
        sign_of.append(np.array([of_word.get(word, no_letter) for word in words], np.intp))
    worth = {
        tuple(letters.index(letter) for letter in line.facts.split()): float(getattr(line, rule.value))
        for line in rule.lines
    }
    signs = list(itertools.product(*(sorted(set(signs.tolist())) for signs in sign_of)))
    table = WordLines(
        tuple(sign_of), no_letter, np.array(signs, np.intp), np.array([worth.get(one, 0.0) for one in signs])
    )
    (slot,) = compiler.emit_many("word_table", facts, 1, table=table)
    if compiler.protocol.calculator:
        for fact in facts:
            slot = compiler.unless_missing(fact, slot, max(worth.values()))
    return Compiled("table", slot, facts=tuple(facts))


def _most_in_table(rule: schema.WordTable, spec: schema.Node) -> float:
    return max(float(getattr(line, rule.value)) for line in rule.lines)


def _monitoring(compiler: Compiler) -> schema.MonitoringCells:
    return compiler.data(CELLS, schema.MonitoringCells)


def _groups(compiler: Compiler) -> dict[str, dict[str, list[str]]]:
    if compiler.groups is None:
        compiler.groups = _monitoring(compiler).groups(AREA)
    return compiler.groups


def _cells_of(compiler: Compiler, rule: schema.Claimed, response: str) -> list[str]:
    return [cell for group in rule.cells for cell in _groups(compiler)[group].get(response, [])]


def claimed_facts(compiler: Compiler, rule: schema.Claimed) -> Iterable[str]:
    """Yield the facts of a claimed node: the cells' predictions and the outcomes of their drawn tests."""
    responses = [*rule.points, *(["warning"] if rule.failed_warning is not None else [])]
    for what in (PREDICTION, VERIFICATION):
        for response in responses:
            for cell in _cells_of(compiler, rule, response):
                yield f"{cell}/{what}"


def _claimed(compiler: Compiler, rule: schema.Claimed, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    names = list(dict.fromkeys(claimed_facts(compiler, rule)))
    cells = [name.rsplit("/", 1)[0] for name in names if name.endswith(f"/{PREDICTION}")]
    facts = [compiler.fact(f"{cell}/{what}", node) for what in (PREDICTION, VERIFICATION) for cell in cells]

    def places(response: str) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return np.array([cells.index(cell) for cell in _cells_of(compiler, rule, response)], np.intp)

    predicted, outcome = (compiler.quantities[facts[i]].categories for i in (0, len(cells)))
    failed_warning = rule.failed_warning
    table = Claim(
        responses=tuple(places(response) for response in rule.points),
        worth=tuple(rule.points.values()),
        costs=tuple(
            failed_warning is not None and response in failed_warning.costs for response in rule.points
        ),
        warning=places("warning") if failed_warning is not None else np.zeros(0, np.intp),
        cells=len(cells),
        counted=rule.tests == "count",
        green=float(predicted.index("green")),
        not_selected=float(outcome.index("not_selected")),
        failed=float(outcome.index("FAIL")),
        blank=compiler.protocol.calculator,
    )
    slot, *lost = compiler.emit_many(
        "claimed", [compiler.raw(fact) for fact in facts], 1 + len(rule.points), table=table
    )
    labels = {str(one["key"]): one["label"] for one in _monitoring(compiler).responses.values()}
    details = []
    for response, where in zip(rule.points, lost, strict=True):
        own = tuple(facts[i + shift] for i in places(response) for shift in (0, len(cells)))
        details.append(Detail(labels[response], where, Answers(own, ("green", "not_selected", "PASS"))))
    return Compiled("claimed", slot, facts=tuple(facts), details=tuple(details))


def _points_facts(rule: schema.TestPoints, node: Node) -> Iterable[str]:
    for what in (PREDICTION, rule.measured):
        for name in rule.points:
            yield f"{rule.facts}/{name}/{what}"


def _points(compiler: Compiler, rule: schema.TestPoints, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    facts = [compiler.fact(name, node) for name in _points_facts(rule, node)]
    count = len(rule.points)
    table = PointMatrix(
        green_above=np.array([float(point[LIMIT]) for point in rule.points.values()]),
        orange_above=rule.orange_above,
        worth=np.array([rule.worth.get(colour, 0.0) for colour in COLOURS]),
        points=node.maximum,
        blank=compiler.protocol.calculator,
    )
    slots = compiler.emit_many("test_points", [compiler.raw(f) for f in facts], 1 + 2 * count, table=table)
    details = []
    for i, (name, point) in enumerate(rule.points.items()):
        compiler.publish(f"{rule.facts}/{name}#colour", slots[1 + i])
        limits = (("green", float(point[LIMIT])), ("orange", rule.orange_above))
        said = " – ".join(str(value) for column, value in point.items() if column != LIMIT)
        label = {"en": said, "zh": said}
        details.append(
            Detail(
                label,
                slots[1 + count + i],
                Answers((facts[i], facts[count + i]), ("green", "orange"), limits),
            )
        )
    return Compiled("test_points", slots[0], facts=tuple(facts), details=tuple(details))


def _channel_facts(rule: schema.Channels, node: Node) -> Iterable[str]:
    yield f"{rule.fact}/{RESULT}"
    yield from (f"{rule.fact}/{channel}/{PREDICTION}" for channel in CHANNELS)


def _is(compiler: Compiler, name: str, word: str, node: Node, *, known: bool) -> int:
    """Return the slot that is 1 where a fact is a word; where it must be known for that, 0 while it is missing."""
    slot, (fact,) = compiler.condition(schema.Condition(fact=name, equals=word), node)
    return compiler.emit("minimum", [slot, compiler.known(fact)]) if known else slot


def _channels(compiler: Compiler, rule: schema.Channels, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    result, *channels = _channel_facts(rule, node)
    sure = compiler.protocol.calculator
    both = compiler.emit("minimum", [_is(compiler, name, "green", node, known=sure) for name in channels])
    worth = compiler.emit("choose", [both, compiler.constant(rule.one), compiler.constant(rule.both)])
    passed = _is(compiler, result, "PASS", node, known=node.missing is not None)
    slot = compiler.emit("product", [passed, worth], factor=1.0)
    return Compiled("channels", slot, facts=tuple(compiler.fact(name, node) for name in (result, *channels)))


def channel_lacking(compiler: Compiler, node: Node) -> tuple[int, tuple[int, ...]]:
    """Return the slot that is 1 where a message of a category lacks a channel, and the facts that say so.

    A channel is red, or the message is a PASS without both channels being green.
    """
    flags: list[int] = []
    facts: list[int] = []
    sure = compiler.protocol.calculator
    for child in node.children:
        rule = child.spec.channels
        if rule is None:
            continue
        result, *channels = _channel_facts(rule, child)
        facts.extend(compiler.fact(name, child) for name in channels)
        flags.extend(_is(compiler, name, "red", child, known=sure) for name in channels)
        both = compiler.emit(
            "minimum", [_is(compiler, name, "green", child, known=sure) for name in channels]
        )
        lacking = compiler.emit("linear", [both], weights=(-1.0,), constant=1.0)
        passed = _is(compiler, result, "PASS", child, known=child.missing is not None)
        flags.append(compiler.emit("minimum", [passed, lacking]))
    return compiler.emit("maximum", flags), tuple(facts)


CHECK_KINDS = {
    "awarded": Kind(_awarded_facts, _awarded, _most_awarded),
    "table": Kind(_table_facts, _table, _most_in_table),
    "claimed": Kind(lambda rule, node: (), _claimed, lambda rule, spec: sum(rule.points.values())),
    "test_points": Kind(_points_facts, _points),
    "channels": Kind(_channel_facts, _channels, lambda rule, spec: max(rule.both, rule.one)),
}
