"""One car under several protocols at once: which stated scores belong to which of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from carindex.dossier import Fact
from carindex.messages import Finding
from carindex.rating.plan import Plan
from carindex.rating.rating import stated_for
from carindex.vocabulary import GIVEN


def unmistakable(facts: Iterable[Fact], plans: Sequence[Plan]) -> tuple[list[Fact], list[Finding]]:
    """Leave out scores that are stated for no protocol by name and that several protocols could take.

    Points of one programme are none of another, and nothing in ``given:PATH`` says whose they are where two have a
    node of that path; a protocol and an overlay of it under another id count as one.

    Returns
    -------
    tuple of list
        The facts that remain, and an error for each that was left out.
    """
    kept, findings = [], []
    for fact in facts:
        owner, path = stated_for(fact.name)
        takers = []
        if owner is None and fact.name.startswith(GIVEN):
            path = fact.name.removeprefix(GIVEN)
            takers = [plan.protocol for plan in plans if path in plan.nodes]
        if len({protocol.ids[-1] for protocol in takers}) < 2:
            kept.append(fact)
            continue
        names = ", ".join(protocol.id for protocol in takers)
        parameters = {"protocols": names, "example": f"{GIVEN}{takers[0].id}:{path}"}
        place = f"{fact.origin}: {fact.name}" if fact.origin else fact.name
        findings.append(Finding("rating.ambiguous_score", "error", place, None, parameters))
    return kept, findings
