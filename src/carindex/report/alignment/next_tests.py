"""Which test to run next, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.messages import Language
from carindex.report.alignment.planning_labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import fact_text, path_text, test_name
from carindex.vocabulary import CAR, GIVEN

if TYPE_CHECKING:
    from rich.text import Text

    from carindex.alignment.next_tests import Campaign, NextTest, NextTests, Outlook
    from carindex.rating import Plan

_NAMED = 12
"""Tests of a campaign that are named; the others are counted."""


def test_text(plan: Plan, name: str, language: Language) -> str:
    """Return the name of a missing test: of the vocabulary, the car itself, or a node whose score has to be stated."""
    if name.startswith(GIVEN):
        node = " › ".join(path_text(plan, name.removeprefix(GIVEN), language).split(" › ")[-2:])
        return label("stated_score", language, node=node)
    return label("car_itself", language) if name == CAR else test_name(name, language)


def show_next_tests(found: NextTests, language: Language) -> None:
    """Show what is missing, test by test, the most at stake for its cost first, and the campaigns."""
    console = screen()
    plan = found.plan
    console.print()
    console.print(words((label("next_title", language), "bold"), f"  {found.car}  {plan.protocol.id}"))
    for one in found.outlook:
        node = path_text(plan, one.path, language)
        console.print(f"  {label('next_now', language, node=node, outlook=_outlook(one))}")
    key = "next_risk" if plan.nodes[plan.protocol.root.path].node.counts == "risk" else "next_score"
    ends = {"lower": f"{found.lower:.4g}", "upper": f"{found.upper:.4g}", "maximum": f"{found.maximum:g}"}
    console.print(f"  {label(key, language, **ends)}")
    if not found.tests:
        console.print(words((label("nothing_missing", language), "bold green")))
    else:
        heading(console, label("missing_tests", language, count=len(found.tests)))
        columns: list[Column] = [
            label("test", language),
            (label("facts_missing", language), "right"),
            (label("closes", language), "right"),
            (label("stake", language), "right"),
            (label("cost", language), "right"),
            (label("per_cost", language), "right"),
            *([label("if_best", language), label("if_worst", language)] if len(found.outlook) == 1 else []),
        ]
        console.print(rows(table(columns), _tests(found, language)))
    heading(console, label("campaigns", language))
    for campaign in found.campaigns:
        console.print(
            words((_aim(plan, campaign, language), "bold"), f": {_cost(found, campaign, language)}")
        )
        named = (campaign.tests or ())[:_NAMED]
        for name in named:
            console.print(f"    {test_text(plan, name, language)}  ({name})")
        if len(campaign.tests or ()) > len(named):
            console.print(f"    … +{len(campaign.tests or ()) - len(named)}")
    if found.unordered:
        heading(console, label("unordered", language, count=len(found.unordered)))
        for name in found.unordered[:_NAMED]:
            console.print(f"    {fact_text(plan, name, language)}  ({name})")
        if len(found.unordered) > _NAMED:
            console.print(f"    … +{len(found.unordered) - _NAMED}")


def _tests(found: NextTests, language: Language) -> Iterator[Sequence[str | Text]]:
    for test in found.tests:
        yield (
            f"{test_text(found.plan, test.test, language)}\n{test.test}",
            str(len(test.facts)),
            _closes(test),
            f"{test.stake:.4g}",
            f"{test.cost:g}",
            f"{test.per_cost:.4g}",
            *((_outlook(test.at_best[0]), _outlook(test.at_worst[0])) if len(found.outlook) == 1 else ()),
        )


def _closes(test: NextTest) -> str:
    if abs(test.closes_most - test.closes_least) < 1e-9:
        return f"{test.closes_most:.4g}"
    return f"{test.closes_least:.4g} – {test.closes_most:.4g}"


def _outlook(one: Outlook) -> str:
    return str(one.lower) if one.lower == one.upper else f"{one.lower} – {one.upper}"


def _aim(plan: Plan, campaign: Campaign, language: Language) -> str:
    node = ""
    if campaign.path:
        node = label("of_node", language, node=path_text(plan, campaign.path, language))
    return label(f"aim_{campaign.aim}", language, outcome=campaign.outcome, node=node)


def _cost(found: NextTests, campaign: Campaign, language: Language) -> str:
    if campaign.tests is None:
        key = "campaign_never" if campaign.never else "campaign_open"
        return label(key, language, count=len(found.unordered))
    if not campaign.tests:
        return label("campaign_done", language)
    key = "campaign_cost" if campaign.optimal else "campaign_gap"
    said = {"count": len(campaign.tests), "cost": f"{campaign.cost:g}", "bound": f"{campaign.bound:g}"}
    return label(key, language, **said)
