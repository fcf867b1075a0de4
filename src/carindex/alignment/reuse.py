"""Evidence taken over: facts of other tests in the place of facts that a protocol asks for and a car does not have.

Nothing is taken over that is not asked for, and every fact that was says so: in its origin, in its details (under
`carindex.rating.reused.REUSED`), and by a finding. Which evidence is worth something for which, and how much, is data:
``vocabulary/equivalences.yaml``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, TypeGuard

import msgspec

from carindex.dossier import Fact, quantity_of
from carindex.messages import Finding, InputError
from carindex.rating import Plan, Rating, rate
from carindex.rating.reused import REUSED
from carindex.vocabulary import GIVEN, FactName
from carindex.vocabulary.equivalences import Equivalence, Errs, Evidence, relations_to

Accepted = Literal["equivalent", "indicative"]
ACCEPTED: tuple[Accepted, ...] = ("equivalent", "indicative")
"""What can be accepted; who accepts the weaker accepts the stronger."""


class Reuse(msgspec.Struct, frozen=True):
    """A fact that can stand for one that is missing.

    Attributes
    ----------
    fact
        What the protocol would get: named as it asks, with an origin that says where the value is from.
    sources
        The facts of the car that the value is from; of several the greatest counts.
    relation, errs, links
        How strong that is, on which side it lies, and why; see `carindex.vocabulary.equivalences`.
    """

    fact: Fact
    sources: tuple[Fact, ...]
    relation: Accepted
    errs: Errs
    links: tuple[Equivalence, ...]

    @property
    def finding(self) -> Finding:
        """What has to be said of a rating that rests on it."""
        reasons = {
            language: ("。" if language == "zh" else ". ").join(link.reason[language] for link in self.links)
            for language in ("en", "zh")
        }
        return Finding(
            f"alignment.reused_{self.relation}",
            "note" if self.relation == "equivalent" else "warning",
            self.fact.name,
            None,
            {"sources": ", ".join(fact.name for fact in self.sources), "reason": reasons},
        )


def accepted(words: Collection[str]) -> tuple[Accepted, ...]:
    """Return the relations that are accepted: those named, and all that are stronger.

    Raises
    ------
    InputError
        When a word is no relation.
    """
    for word in words:
        if word not in ACCEPTED:
            raise InputError(f"--accept {word}", "alignment.unknown_relation", known=", ".join(ACCEPTED))
    weakest = max((ACCEPTED.index(word) for word in words if _is_accepted(word)), default=-1)
    return ACCEPTED[: weakest + 1]


def _is_accepted(word: str) -> TypeGuard[Accepted]:
    return word in ACCEPTED


def reusable(
    facts: Iterable[Fact], plan: Plan, accept: Collection[Accepted] = ACCEPTED
) -> Mapping[str, Reuse]:
    """Return what a car's facts can stand for under a protocol.

    Parameters
    ----------
    facts
        What is known of the car. Facts that are themselves taken over are no evidence.
    plan
        The protocol.
    accept
        Relations to look for.

    Returns
    -------
    Mapping
        By the name of each fact that the protocol asks for and the car lacks, the strongest evidence there is for it,
        in the order of the protocol. Of equally strong ones that with the fewest differences counts, of these the one
        whose value is worse.
    """
    known = {fact.name: fact for fact in facts if REUSED not in fact.details and fact.value == fact.value}
    found: dict[str, Reuse] = {}
    for name in plan.facts:
        if name in known or name.startswith(GIVEN):
            continue
        best = _best(name, known, accept)
        if best is not None:
            found[name] = best
    return found


def with_reused(facts: Iterable[Fact], reuses: Mapping[str, Reuse]) -> tuple[Fact, ...]:
    """Return a car's facts with those that are taken over; what the car has itself is never replaced."""
    own = tuple(facts)
    names = {fact.name for fact in own}
    return (*own, *(reuse.fact for name, reuse in reuses.items() if name not in names))


def rate_with_reuse(
    plan: Plan,
    facts: Iterable[Fact],
    accept: Collection[Accepted],
    *,
    findings: Iterable[Finding] = (),
    **options: Any,  # noqa: ANN401 - the options of `rate`
) -> tuple[Rating, Mapping[str, Reuse]]:
    """Rate a car with evidence taken over for what its own facts leave missing; ``options`` are those of `rate`.

    Returns
    -------
    tuple
        The rating, with a finding for each fact that was taken over, and what was taken over.
    """
    own, said = tuple(facts), tuple(findings)
    rating = rate(plan, own, findings=said, **options)
    missing = set(rating.missing) if accept else set()
    taken = (
        {name: reuse for name, reuse in reusable(own, plan, accept).items() if name in missing}
        if missing
        else {}
    )
    if taken:
        said = (*said, *(reuse.finding for reuse in taken.values()))
        rating = rate(plan, with_reused(own, taken), findings=said, **options)
    return rating, taken


def _best(name: str, known: Mapping[str, Fact], accept: Collection[Accepted]) -> Reuse | None:
    best: Reuse | None = None
    for evidence in relations_to(FactName.parse(name)):
        if evidence.relation not in accept or not all(source in known for source in evidence.names):
            continue
        made = _reuse(name, evidence, tuple(known[source] for source in evidence.names))
        if best is None:
            best = made
        elif (best.relation, len(best.links)) != (made.relation, len(made.links)):
            break
        elif _worse(made.fact, best.fact):
            best = made
    return best


def _worse(first: Fact, second: Fact) -> bool:
    higher_is_better = quantity_of(first.name).better == "higher"
    return first.value < second.value if higher_is_better else first.value > second.value


def _reuse(name: str, evidence: Evidence, sources: tuple[Fact, ...]) -> Reuse:
    relation = evidence.relation
    assert _is_accepted(relation)
    decisive = max(sources, key=lambda fact: fact.value)
    origin = f"reused: {relation}; {decisive.name}"
    if decisive.origin:
        origin = f"{origin} ({decisive.origin})"
    details: dict[str, object] = {
        REUSED: relation,
        "errs": evidence.errs,
        "sources": [fact.name for fact in sources],
        "reasons": [dict(link.reason) for link in evidence.links],
    }
    fact = Fact(name, decisive.value, quantity_of(name).unit, origin, details)
    return Reuse(fact, sources, relation, evidence.errs, evidence.links)
