"""The rating of one car: a tree of scores that adds up, its outcome, its losses and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from carindex import __version__
from carindex.dossier import Fact, quantity_of, stated_in_per_cent
from carindex.messages import Finding, InputError, Language
from carindex.rating.compile import compile_protocol
from carindex.rating.evaluation import Evaluation, evaluate
from carindex.rating.explain import Share, losses
from carindex.rating.missing import missing_below, unknown_facts
from carindex.rating.plan import NodePlan, Plan
from carindex.rating.protocol import Protocol
from carindex.rating.reused import REUSED, resting_on
from carindex.rating.stated import worded
from carindex.rating.verification import DOUBTFUL, counts
from carindex.rating.words import reason
from carindex.vocabulary import GIVEN

if TYPE_CHECKING:
    from carindex.rating.oddities import Touched

Status = Literal["scored", "missing", "not_applicable", "assumed", "uncounted"]
"""``uncounted``: the node stands below one whose rule is not known, and counts in nothing."""


class RatedNode(msgspec.Struct, frozen=True):
    """One node of a rated tree.

    ``score``, ``stars``, ``grade`` and ``value`` are ``None`` while missing facts leave them open; ``lower``
    and ``upper`` always bound the score. ``value`` is what the node counts itself: a risk or demerits where
    the programme counts these, otherwise the score. ``numbered``: the score only numbers the grades. ``reused``: facts
    taken over from other tests (`REUSED`) that the node, or a node that it counts, rests on.
    """

    path: str
    label: Mapping[str, str]
    counts: str
    value: float | None
    score: float | None
    maximum: float
    lower: float
    upper: float
    measure: float | None
    measure_label: Mapping[str, str] | None
    outcome: str | int | float | None
    outcome_lower: str | int | float | None
    outcome_upper: str | int | float | None
    graded: bool
    status: Status
    facts: tuple[Fact, ...]
    missing: tuple[str, ...]
    source: str
    verified: str
    beside: bool
    children: tuple[str, ...]
    numbered: bool = False
    reused: tuple[str, ...] = ()
    contributions: Mapping[str, float] = msgspec.field(default_factory=dict)


class Loss(msgspec.Struct, frozen=True):
    """Points lost, at which node, why, and where the rule that took them is published."""

    path: str
    points: float
    why: Mapping[Language, str]
    source: str
    verified: str


class Rating(msgspec.Struct, frozen=True):
    """What a programme says of one car.

    The losses add up to maximum minus the best possible score (``upper``) of the root. ``oddities`` are those of the
    programme's own calculator that make a difference, where they were looked for.
    """

    car: str
    plan: Plan
    nodes: tuple[RatedNode, ...]
    losses: tuple[Loss, ...]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...]
    assumed: Mapping[str, float]
    inputs: Mapping[str, str]
    evaluation: Evaluation
    oddities: tuple[Touched, ...] = ()

    @property
    def protocol(self) -> Protocol:
        """The protocol that was applied."""
        return self.plan.protocol

    @property
    def root(self) -> RatedNode:
        """The whole car."""
        return self.nodes[0]

    def node(self, path: str) -> RatedNode:
        """Return a node by its path."""
        return next(node for node in self.nodes if node.path == path)

    @property
    def final(self) -> bool:
        """Whether nothing that is missing could change the outcome, or the score where there is none."""
        headline = self.headline
        return all(node.outcome is not None for node in headline) if headline else self.root.score is not None

    @property
    def headline(self) -> tuple[RatedNode, ...]:
        """The nodes whose stars or grades the programme publishes of the car: the root, or the topmost that have."""
        paths = self.plan.headline
        return tuple(node for node in self.nodes if node.path in paths)

    @property
    def reused(self) -> tuple[Fact, ...]:
        """The facts taken over from other tests that the rating rests on."""
        found = {fact.name: fact for node in self.nodes for fact in node.facts if REUSED in fact.details}
        return tuple(found.values())

    @property
    def used(self) -> bool:
        """Whether any fact of the car, or a score assumed, is of use here."""
        return bool(self.assumed) or any(node.facts for node in self.nodes)

    def losses_of(self, path: str) -> list[Share]:
        """Share out the loss of any node."""
        return losses(self.evaluation, path)

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """Return the rating as plain values: the JSON of ``carindex rate --json``."""
        root = self.root
        outcome: dict[str, Any] = {
            "grade" if root.graded else "stars": root.outcome,
            "lower": root.outcome_lower,
            "upper": root.outcome_upper,
            "final": self.final,
        }
        if self.assumed:
            outcome["assumed"] = True
        if self.reused:
            outcome["reused"] = [fact.name for fact in self.reused]
        several = {} if root.path in self.plan.headline else {"outcomes": [_brief(n) for n in self.headline]}
        said: dict[str, dict[str, Any]] = {}  # a fact stands at every node that asks for it
        overlays = [str(layer.folder) for layer in self.protocol.overlays]
        return {
            "car": self.car,
            "protocol": self.protocol.id,
            "mode": "calculator" if self.protocol.calculator else "protocol",
            "outcome": outcome,
            **several,
            "nodes": [_node_json(node, language, said) for node in self.nodes],
            "losses": [
                {
                    "path": loss.path,
                    "points": loss.points,
                    "why": loss.why[language],
                    "source": loss.source,
                    "verified": loss.verified,
                }
                for loss in self.losses
            ],
            "missing": list(self.missing),
            "assumed": dict(self.assumed),
            "oddities": [
                {"name": oddity.name, "label": oddity.label[language], "nodes": list(oddity.nodes)}
                for oddity in self.oddities
            ],
            "findings": [finding.as_json(language) for finding in self.findings],
            "provenance": {
                "engine": f"carindex {__version__}",
                "protocol_hash": self.protocol.hash,
                **({"overlays": overlays} if overlays else {}),
                "inputs": dict(self.inputs),
            },
        }


def rate(
    protocol: Protocol | Plan,
    facts: Iterable[Fact],
    *,
    car: str = "",
    assumed: Mapping[str, float] | None = None,
    findings: Sequence[Finding] = (),
    inputs: Mapping[str, str] | None = None,
    as_given: bool = False,
) -> Rating:
    """Rate one car.

    Parameters
    ----------
    protocol
        The protocol, compiled or not.
    facts
        What is known of the car; facts that the protocol does not ask for are left aside.
    car
        Name of the car.
    assumed
        Scores to assume for nodes, by path; every outcome that they touch is marked ``assumed``.
    findings
        What was found while the facts were gathered; passed on.
    inputs
        SHA-256 of the files that the facts came from.
    as_given
        Take facts outside their range as they are, as a programme's own calculator does.

    Raises
    ------
    InputError
        When a score is assumed for a node that does not exist, or one that it cannot have.
    """
    plan = protocol if isinstance(protocol, Plan) else compile_protocol(protocol)
    assumed = dict(assumed or {})
    evaluation, known, stated, impossible = _evaluated(plan, facts, assumed, as_given=as_given)
    findings = [*findings, *impossible]
    overrides = {**{path: fact.value for path, fact in stated.items()}, **assumed}
    touched = _touched(plan, assumed)
    unknown = unknown_facts(evaluation, known, overrides)
    missing = tuple(plan.facts[i] for i in unknown)
    below = missing_below(plan, frozenset(unknown))
    reused = resting_on(plan, [name for name, fact in known.items() if REUSED in fact.details])
    nodes = tuple(
        _rated(node, evaluation, known, overrides, touched, below[path], reused.get(path, ()))
        for path, node in plan.nodes.items()
    )
    levels = counts(plan.protocol)
    unverified = sum(levels[level] for level in DOUBTFUL)
    more = [Finding("rating.unverified_rules", "warning", plan.protocol.id, None, {"count": unverified})]
    laid = [
        Finding("rating.overlay", "note", str(layer.folder), None, {"id": plan.protocol.id})
        for layer in plan.protocol.overlays
    ]
    return Rating(
        car,
        plan,
        nodes,
        _ledger(evaluation, known, assumed, stated),
        missing,
        (*findings, *laid, *(more if unverified else ())),
        assumed,
        dict(inputs or {}),
        evaluation,
    )


def evaluate_facts(
    plan: Plan, facts: Iterable[Fact], *, as_given: bool = False
) -> tuple[Evaluation, tuple[Finding, ...]]:
    """Evaluate a protocol for one car without its explanation: all scores, and what is wrong with the facts.

    ``as_given`` takes facts outside their range as they are, as a programme's own calculator does.

    Scores that a report states (``given:PATH``) stand for the nodes they name, as in `rate`.
    """
    evaluation, _, _, findings = _evaluated(plan, facts, {}, as_given=as_given)
    return evaluation, tuple(findings)


def _evaluated(
    plan: Plan, facts: Iterable[Fact], assumed: Mapping[str, float], *, as_given: bool = False
) -> tuple[Evaluation, dict[str, Fact], dict[str, Fact], list[Finding]]:
    """Return the evaluation, the facts that can be, the scores that a report states, and the findings."""
    own = own_facts(plan.protocol, facts)
    facts, impossible = worded([_in_points(fact, plan) for fact in own], plan)
    if as_given:
        known = {fact.name: fact for fact in facts}
    else:
        known, outside = _possible(facts, plan)
        impossible.extend(outside)
    _check_assumed(assumed, plan)
    column = np.array([known[name].value if name in known else np.nan for name in plan.facts])
    stated = _stated(known, plan)
    reported = set(plan.facts)
    elsewhere = {
        path: _score_of(plan, path, fact.value)
        for path, fact in stated.items()
        if f"{GIVEN}{path}" not in reported
    }
    return evaluate(plan, column[:, None], {**elsewhere, **assumed}), known, stated, impossible


def _in_points(fact: Fact, plan: Plan) -> Fact:
    """Return a node's score that is stated in per cent as points of that node; any other fact as it is."""
    node_plan = plan.nodes.get(fact.name.removeprefix(GIVEN))
    if node_plan is None or not stated_in_per_cent(fact.name, fact.unit):
        return fact
    points = fact.value * node_plan.node.maximum / 100.0
    stated = {"stated": f"{fact.value:g} %", **fact.details}
    return msgspec.structs.replace(fact, value=points, unit=quantity_of(fact.name).unit, details=stated)


def _score_of(plan: Plan, path: str, stated: float) -> float:
    """Return the score of a node of which a report states the value: what demerits leave of the greatest score."""
    node = plan.nodes[path].node
    return node.maximum - stated if node.counts == "demerits" else stated


def own_facts(protocol: Protocol, facts: Iterable[Fact]) -> list[Fact]:
    """Return facts as a protocol knows them: a score stated for one protocol (``given:ID:PATH``) counts in no other."""
    found: dict[str, Fact] = {}
    for fact in facts:
        owner, path = stated_for(fact.name)
        if owner is None:
            found.setdefault(fact.name, fact)
        elif owner in protocol.ids:  # what is stated for this protocol goes before what is stated for any
            found[f"{GIVEN}{path}"] = msgspec.structs.replace(fact, name=f"{GIVEN}{path}")
    return list(found.values())


def stated_for(name: str) -> tuple[str | None, str]:
    """Return protocol and node of a score that is stated for one protocol, ``None`` and the name for other facts."""
    owner, colon, path = name.removeprefix(GIVEN).partition(":")
    return (owner, path) if name.startswith(GIVEN) and colon else (None, name)


def _brief(node: RatedNode) -> dict[str, Any]:
    """Return the outcome of a node as plain values."""
    return {
        "path": node.path,
        "grade" if node.graded else "stars": node.outcome,
        "lower": node.outcome_lower,
        "upper": node.outcome_upper,
    }


def _possible(facts: Iterable[Fact], plan: Plan) -> tuple[dict[str, Fact], list[Finding]]:
    """Return the facts that can be, and an error for each stated score that is more than its node can have."""
    known = {fact.name: fact for fact in facts}
    findings = []
    ranges = {name: quantity.range for name, quantity in zip(plan.facts, plan.quantities, strict=True)}
    for path, node_plan in plan.nodes.items():
        ranges.setdefault(f"{GIVEN}{path}", (0.0, node_plan.node.maximum))
    for name, (least, most) in ranges.items():
        fact = known.get(name)
        if fact is not None and not least <= fact.value <= most:
            value = {"value": f"{fact.value:g}", "unit": fact.unit, "least": least, "most": most}
            findings.append(Finding("dossier.not_possible", "error", f"{fact.origin}: {name}", None, value))
            del known[name]
    return known, findings


def _stated(known: Mapping[str, Fact], plan: Plan) -> dict[str, Fact]:
    """Return, by node, the scores that a test report states for nodes whose rule is known here as well."""
    found = {}
    for name, fact in known.items():
        path = name.removeprefix(GIVEN)
        if name.startswith(GIVEN) and path in plan.nodes and plan.nodes[path].node.spec.open is not True:
            found[path] = fact
    return found


def _check_assumed(assumed: Mapping[str, float], plan: Plan) -> None:
    for path, value in assumed.items():
        if path not in plan.nodes:
            raise InputError(path, "rating.assumed_unknown_node", path=path, protocol=plan.protocol.id)
        maximum = plan.nodes[path].node.maximum
        if not 0 <= value <= maximum:
            raise InputError(path, "rating.assumed_not_possible", path=path, value=value, maximum=maximum)


def _touched(plan: Plan, assumed: Mapping[str, float]) -> set[str]:
    """Return the assumed nodes and every node that counts them."""
    touched = set(assumed)
    grown = True
    while grown:
        grown = False
        for path, node_plan in plan.nodes.items():
            parts = [part for part, _, _ in node_plan.parts]
            if node_plan.node.spec.precedents is not None:
                parts = [child.path for child in node_plan.node.children]
            if path not in touched and not touched.isdisjoint(parts):
                touched.add(path)
                grown = True
    return touched


def _single(low: float, high: float) -> float | None:
    return low if low == high else None


def _greatest(node_plan: NodePlan, evaluation: Evaluation) -> float:
    """Return the greatest score of a node: where conditions change it and are not known yet, what the file states."""
    if node_plan.greatest is None:
        return node_plan.node.maximum
    low, high = (float(bound[node_plan.greatest][0]) for bound in (evaluation.low, evaluation.high))
    return low if low == high else node_plan.node.maximum


def _rated(
    node_plan: NodePlan,
    evaluation: Evaluation,
    known: Mapping[str, Fact],
    assumed: Mapping[str, float],
    touched: set[str],
    missing: tuple[str, ...],
    reused: tuple[str, ...],
) -> RatedNode:
    node = node_plan.node
    plan = evaluation.plan
    lower, upper = (float(bound[0]) for bound in evaluation.score(node.path))
    value_low, value_high = (float(bound[0]) for bound in evaluation.value(node.path))
    outcome = node_plan.outcome
    low = high = measure = None
    if outcome is not None:
        worst, best = (float(bound[0]) for bound in evaluation.outcome(node.path))
        low, high = outcome.name(worst), outcome.name(best)
        measure = _single(
            float(evaluation.low[outcome.measure][0]), float(evaluation.high[outcome.measure][0])
        )
    applies = 1.0 if node_plan.applies is None else float(evaluation.high[node_plan.applies][0])
    status: Status
    if applies == 0.0 or node.apart:
        status = "not_applicable"
    elif node.path in touched:
        status = "assumed"
    elif plan.below_open(node.path):
        status = "uncounted"
    else:
        status = "scored" if lower == upper else "missing"
    own = [f"{GIVEN}{node.path}", *(plan.facts[i] for i in node_plan.facts)]
    own = list(dict.fromkeys(own))
    return RatedNode(
        path=node.path,
        label=node.label,
        counts=node.counts,
        value=_single(value_low, value_high),
        score=_single(lower, upper),
        maximum=_greatest(node_plan, evaluation),
        lower=lower,
        upper=upper,
        measure=measure,
        measure_label=outcome.spec.measure if outcome else None,
        outcome=low if low == high else None,
        outcome_lower=low,
        outcome_upper=high,
        graded=bool(outcome and outcome.grades),
        status=status,
        facts=tuple(known[name] for name in own if name in known),
        missing=() if node.path in assumed else missing,
        source=node.source,
        verified=node.verified,
        beside=node.beside,
        children=tuple(child.path for child in node.children) if node.spec.row is None else (),
        numbered=bool(node.grades),
        reused=reused,
    )


def _ledger(
    evaluation: Evaluation,
    known: Mapping[str, Fact],
    assumed: Mapping[str, float],
    stated: Mapping[str, Fact],
) -> tuple[Loss, ...]:
    """Return the losses of the whole car, the greatest first; of a node whose score is stated there is one loss."""
    found: dict[tuple[str, ...], Loss] = {}
    for share in losses(evaluation):
        points = float(share.points[0])
        if points != 0.0:
            node = evaluation.plan.nodes[share.path].node
            step = share.adjustment.adjustment if share.adjustment is not None else None
            loss = Loss(
                share.path,
                points,
                reason(evaluation, share, known, assumed, stated),
                (step.source if step else None) or node.source,
                (step.verified if step else None) or node.verified,
            )
            # steps before a stated score are no reasons of their own
            same = (loss.path, *loss.why.values(), "" if share.path in stated else str(len(found)))
            found[same] = (
                msgspec.structs.replace(found[same], points=found[same].points + points)
                if same in found
                else loss
            )
    left = [loss for loss in found.values() if loss.points != 0.0]
    return tuple(sorted(left, key=lambda loss: (-loss.points, loss.path)))


def _node_json(node: RatedNode, language: Language, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    for fact in node.facts:
        if fact.name not in said:
            said[fact.name] = {
                "name": fact.name,
                "value": fact.word,
                "unit": fact.unit,
                "from": fact.origin,
            }
    entry: dict[str, Any] = {
        "path": node.path,
        "label": node.label.get(language) or node.label["en"],
        "counts": node.counts,
        "value": node.value,
        "score": node.score,
        "max": node.maximum,
        "lower": node.lower,
        "upper": node.upper,
        "status": node.status,
        "facts": [said[fact.name] for fact in node.facts],
        "missing": list(node.missing),
        "source": node.source,
        "verified": node.verified,
        "beside": node.beside,
    }
    if node.reused:
        entry["reused"] = list(node.reused)
    if node.outcome_lower is not None:
        entry["grade" if node.graded else "stars"] = node.outcome
        entry["outcome"] = {"lower": node.outcome_lower, "upper": node.outcome_upper}
    if node.measure_label is not None:
        entry["measure"] = {
            "label": node.measure_label.get(language) or node.measure_label["en"],
            "value": node.measure,
        }
    return entry
