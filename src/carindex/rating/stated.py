"""What is stated of nodes in words: grades, which only the protocol knows the meaning of."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from carindex.dossier import Fact, value_from_text
from carindex.dossier.facts import counted_in
from carindex.messages import Finding, InputError
from carindex.rating.plan import Plan
from carindex.vocabulary import GIVEN


def worded(facts: Iterable[Fact], plan: Plan) -> tuple[list[Fact], list[Finding]]:
    """Return the facts with grades as the numbers that stand for them, and an error for each that its node cannot have.

    A node whose score only numbers its grades takes a word and no number, every other node a number and no word.
    """
    found, findings = [], []
    for fact in facts:
        path = fact.name.removeprefix(GIVEN)
        node_plan = plan.nodes.get(path) if fact.name.startswith(GIVEN) else None
        grades = node_plan.node.grades if node_plan is not None else ()
        if node_plan is not None and (grades or fact.said is not None):
            place = f"{fact.origin}: {fact.name}"
            try:
                if not grades:
                    raise InputError(
                        place, "dossier.not_a_number", text=fact.said, unit=counted_in(fact.unit)
                    )
                quantity = plan.quantities[plan.facts.index(fact.name)]
                text = f"{fact.value:g}" if fact.said is None else fact.said
                value = value_from_text(text, quantity, place)
            except InputError as error:
                findings.append(error.as_finding())
                continue
            assert value is not None
            fact = replace(fact, value=value, said=quantity.categories[round(value)])
        # a word whose meaning no node here knows is nothing to this protocol
        if fact.value == fact.value:
            found.append(fact)
    return found, findings
