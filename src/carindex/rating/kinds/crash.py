"""Compile criteria, ladders and words near each other: what body regions of crash tests are made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import numpy as np

from carindex.rating import schema
from carindex.rating.asking import condition_facts, fact_name
from carindex.rating.kinds.kind import Kind
from carindex.vocabulary.names import PREDICTED

if TYPE_CHECKING:
    from carindex.rating.compile import Compiled, Compiler
    from carindex.rating.protocol import Node

SCHEME = "crash_tests"
PERCENT = 100.0


def scheme(compiler: Compiler) -> schema.CrashScheme:
    """Return what all crash tests of the protocol share."""
    return compiler.data(SCHEME, schema.CrashScheme)


def exact(value: float) -> Decimal:
    """Return the decimal number that a person wrote."""
    return Decimal(repr(float(value)))


def half_up(value: Decimal, decimals: int) -> float:
    """Round a decimal number, ties away from zero."""
    return float(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def thresholds(limits: tuple[float, float], colours: schema.Colours) -> list[float]:
    """Return the values that part the colours: thirds of the span, rounded as the programme rounds them."""
    higher, lower = exact(limits[0]), exact(limits[1])
    parts = len(colours.names) - 2
    return [
        half_up(higher + (lower - higher) * k / parts, colours.round["threshold"]) for k in range(parts + 1)
    ]


def granted(
    limits: tuple[float, float], colours: schema.Colours, tolerance: dict[str, float]
) -> tuple[list[float], list[float]]:
    """Return, for each predicted colour, between which values it is granted though another was measured."""
    edges = thresholds(limits, colours)
    decimals = colours.round["tolerance"]
    if "relative" in tolerance:
        part = exact(tolerance["relative"])
        below = [half_up(exact(edge) / (1 + part), decimals) for edge in edges]
        above = [half_up(exact(edge) / (1 - part), decimals) for edge in edges]
    else:
        span = exact(limits[1]) - exact(limits[0])
        step = half_up(span / (len(edges) - 1), decimals)
        margin = exact(half_up(exact(step) * exact(tolerance["share_of_step"]), decimals))
        below = [float(exact(edge) - margin) for edge in edges]
        above = [float(exact(edge) + margin) for edge in edges]
    return [-np.inf, *below], [*above, np.inf]


def _criterion_facts(rule: schema.Criterion, node: Node) -> Iterable[str]:
    name = fact_name(rule.fact, node)
    yield name
    if node.predicted and (rule.limits is not None):
        yield f"{name}/{PREDICTED}"
    if rule.limit is not None:
        yield rule.limit.line.fact
        if rule.limit.line.needs is not None:
            yield rule.limit.line.needs
    yield from condition_facts(rule.cap_when)


def _criterion(compiler: Compiler, rule: schema.Criterion, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    shared = scheme(compiler)
    colours = shared.colours
    fact = compiler.fact(rule.fact, node)
    divisor = compiler.divisor(fact, rule.unit, rule.take, node)
    scores = [colours.scores[rule.colours][name] for name in colours.names]
    facts = [fact]
    if rule.limit is not None:
        line = rule.limit.line
        source = compiler.fact(line.fact, node)
        needed = source if line.needs is None else compiler.fact(line.needs, node)
        facts.append(source)
        percent, colour, _, capped, has, limit = compiler.emit_many(
            "criterion_line",
            [compiler.raw(fact), compiler.raw(fact), compiler.raw(source), compiler.raw(needed)],
            6,
            divisor=divisor,
            slope=line.slope / compiler.divisor(source, line.unit, "value", node),
            intercept=line.intercept,
            blank=shared.blank,
        )
        compiler.publish(f"{node.path}#limit", limit)
    else:
        limits = rule.limits or (np.inf, np.inf)
        asked = (
            compiler.fact(f"{fact_name(rule.fact, node)}/{PREDICTED}", node)
            if _predicts(rule, node)
            else None
        )
        least, most = ([-np.inf] * 5, [-np.inf] * 5)
        if asked is not None:
            least, most = granted(limits, colours, colours.tolerance)
        percent, colour, check, capped, has = compiler.emit_many(
            "criterion",
            [compiler.raw(fact), compiler.nothing() if asked is None else compiler.raw(asked)],
            5,
            form="graded" if rule.limits is not None else "gate" if rule.gate is not None else "capping",
            blank=shared.blank,
            divisor=divisor,
            sign=1.0 if limits[0] <= limits[1] else -1.0,
            gate=np.nan if rule.gate is None else rule.gate,
            cap=np.inf if rule.cap is None else half_up(exact(rule.cap), colours.round["capping"]),
            decimals=float(colours.round["value"]),
            thresholds=thresholds(limits, colours) if rule.limits is not None else [np.inf] * 4,
            scores=scores,
            least=least,
            most=most,
        )
        if asked is not None:
            facts.append(asked)
            # a prediction is declared before testing; nobody waits for it afterwards
            compiler.asked_if[asked] = compiler.asked_unless[asked] = fact
            compiler.publish(f"{node.path}#check", check)
    applies = None if rule.limits is not None or rule.limit is not None else has
    if rule.shown_only:
        applies = compiler.constant(0.0)
    if rule.cap_when is not None:
        when, used = compiler.condition(rule.cap_when, node)
        facts.extend(used)
        capped = compiler.emit("minimum", [capped, compiler.unless_known(when, rule.cap_when, node)])
    if node.spec.applies_when is not None:
        when, _ = compiler.condition(node.spec.applies_when, node)
        when = compiler.unless_known(when, node.spec.applies_when, node)
        applies = when if applies is None else compiler.emit("minimum", [applies, when])
        if not shared.unassessed_caps:
            capped = compiler.emit("minimum", [capped, when])
        compiler.publish(f"{node.path}#assessed", when)
    compiler.publish(f"{node.path}#percent", percent)
    compiler.publish(f"{node.path}#colour", colour)
    if rule.cap is not None:
        compiler.publish(f"{node.path}#capped", capped)
        compiler.caps[node.path] = capped
    if applies is not None:
        compiler.publish(f"{node.path}#scores", applies)
    return Compiled("criterion", percent, facts=tuple(dict.fromkeys(facts)), applies=applies)


def _predicts(rule: schema.Criterion, node: Node) -> bool:
    return bool(node.predicted) and rule.limits is not None


def _ladder_facts(rule: list[schema.Step], node: Node) -> Iterable[str]:
    for step in rule:
        yield from condition_facts(step.when)


def _ladder(compiler: Compiler, rule: list[schema.Step], node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    flags: list[int] = []
    facts: list[int] = []
    reached = []
    for step in rule:
        flag, used = compiler.condition(step.when, node)
        facts.extend(used)
        flags.append(flag)
        reached.append(flags[0] if len(flags) == 1 else compiler.emit("minimum", flags))
    rises = np.diff([0.0, *(step.reaches for step in rule)])
    slot = compiler.emit("linear", reached, weights=tuple(rises), constant=0.0)
    return Compiled("ladder", slot, facts=tuple(dict.fromkeys(facts)))


def _near_facts(rule: schema.Near, node: Node) -> Iterable[str]:
    yield from (rule.fact, rule.to)


def _near(compiler: Compiler, rule: schema.Near, node: Node) -> Compiled:
    from carindex.rating.compile import Compiled

    here, there = compiler.fact(rule.fact, node), compiler.fact(rule.to, node)
    score, known = compiler.emit_many(
        "near",
        [compiler.raw(here), compiler.raw(there)],
        2,
        steps=rule.steps,
        order=float(len(rule.order)),
        points=rule.points,
        blank=scheme(compiler).blank,
    )
    return Compiled("near", score, facts=(here, there), applies=known)


def _whole(rule: object, spec: schema.Node) -> float:
    return PERCENT


CRASH_KINDS = {
    "criterion": Kind(_criterion_facts, _criterion, _whole),
    "ladder": Kind(_ladder_facts, _ladder, _whole),
    "near": Kind(_near_facts, _near, lambda rule, spec: rule.points),
}
