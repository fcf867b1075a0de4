"""What makes intervals wide, the next test and plans of tests, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from carindex.alignment.bounds import Name, NodeBounds
from carindex.alignment.campaign_plan import Choice, Decision, InAnyCase
from carindex.alignment.next_test import Candidate
from carindex.messages import Language
from carindex.rating import Rating
from carindex.report.alignment.next_test import (
    NextTests,
    amount,
    amounts,
    rank_text,
    test_text,
    tests_text,
)
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words
from carindex.report.wording import (
    counted,
    fact_text,
    in_language,
    path_text,
    percent,
    score_text,
    verdict_text,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_CAUSES = 3
"""So many causes are shown of a node."""
_LEAST_ROOM = 20
_OTHER_COLUMNS = 62


def show_wide(rating: Rating, found: Sequence[NodeBounds], language: Language) -> None:
    """Show which missing tests make the intervals of the whole and its parts wide."""
    wide = [node for node in found if _open(node)]
    if not wide:
        return
    console = screen()
    heading(console, label("wide_heading", language))
    columns: list[Column] = [
        label("node", language),
        label("wide_test", language),
        (label("wide_closes", language), "right"),
        (label("wide_if_worst", language), "right"),
        (label("wide_if_best", language), "right"),
    ]
    made = table(columns)
    for node in wide:
        rows(made, _wide_lines(rating, node, language))
    console.print(made)
    console.print(words((label("wide_note", language), "dim")))


def _open(node: NodeBounds) -> bool:
    return node.lower < node.upper or node.outcome[0] != node.outcome[1]


def _wide_lines(rating: Rating, node: NodeBounds, language: Language) -> Iterator[Sequence[str | Text]]:
    name: str | Text = words((path_text(rating.plan, node.path, language), "bold" if not node.path else ""))
    if not node.causes:
        yield [name, words((label("wide_no_single", language), "dim")), "", "", ""]
        return
    counts = rating.plan.nodes[node.path].node.counts
    for cause in node.causes[:_CAUSES]:
        what = (
            test_text(rating.plan, cause.test, language)
            if cause.fact is None
            else fact_text(rating.plan, cause.fact, language)
        )
        yield [
            name,
            what,
            amounts(cause.closes, counts),
            _interval(rating, node, cause.if_worst, cause.outcome_if_worst, language),
            _interval(rating, node, cause.if_best, cause.outcome_if_best, language),
        ]
        name = ""
    more = len(node.causes) - _CAUSES
    if more > 0:
        yield ["", words((label("wide_more", language, count=more), "dim")), "", "", ""]


def _interval(
    rating: Rating,
    node: NodeBounds,
    score: tuple[float, float],
    outcome: tuple[Name, Name],
    language: Language,
) -> str:
    """Return ``12 – 38`` points, a risk in per cent, or stars or grades where the node has them."""
    node_plan = rating.plan.nodes[node.path]
    if outcome[0] is not None or outcome[1] is not None:
        low, high = (_named(value, language) for value in outcome)
        sign = "" if node_plan.outcome is None or node_plan.outcome.grades else " ★"
        return f"{low if low == high else f'{low} – {high}'}{sign}"
    least, most = score
    if node_plan.node.counts != "points":
        least, most = node_plan.node.maximum - most, node_plan.node.maximum - least
    return amounts((least, most), node_plan.node.counts)


def _named(value: Name, language: Language) -> str:
    return label("no_star", language) if value is None else str(value)


def show_next(made: NextTests, language: Language) -> None:
    """Show the missing tests, the most valuable first, and the plans."""
    console, rating = screen(), made.rating
    head = rating.protocol.head
    protocol = f"{in_language(head.programme, language)}, {head.edition} ({rating.protocol.id})"
    car = rating.car or label("unnamed_car", language)
    console.print(words((label("next_title", language, car=car, protocol=protocol), "bold")))
    now = label(
        "next_now",
        language,
        outcome=verdict_text(rating, language),
        counted=counted(rating.root, language),
        score=score_text(rating.root, language),
    )
    console.print(now)
    if not made.candidates:
        console.print(words((label("next_nothing", language), "bold green")))
    else:
        if rating.final:
            console.print(label("next_final_but", language))
        _candidates(console, made, language)
    if made.final is not None:
        heading(console, label("plan_final" if rating.headline else "plan_final_score", language))
        _any_case(console, rating, made.final, language)
    for decision in made.decisions:
        _decision(console, rating, decision, language)


def _candidates(console: Console, made: NextTests, language: Language) -> None:
    rating = made.rating
    counts = rating.root.counts
    columns: list[Column] = [
        label("next_test", language),
        (label("next_facts", language), "right"),
        (label("next_closes", language, what=counted(rating.root, language).lower()), "right"),
        (label("next_stake", language), "right"),
        *([(label("next_steps", language), "right")] if rating.headline else []),
        *([label("next_decides", language)] if any(one.decides for one in made.candidates) else []),
        (label("next_cost", language), "right"),
        (label("next_per_cost", language), "right"),
    ]
    made_table = table(columns)
    decides = any(one.decides for one in made.candidates)
    for one in made.candidates:
        cells: list[str | Text] = [
            test_text(rating.plan, one.test, language) + ("" if one.reaches_ends else " *"),
            str(one.missing),
            amounts(one.closes, counts),
            amount(max(one.at_stake, one.secures), counts),
        ]
        if rating.headline:
            cells.append(_steps(one))
        if decides:
            cells.append(_decides(rating, one, language))
        rows(made_table, [[*cells, f"{one.cost:g}", percent(one.per_cost)]])
    console.print(made_table)
    console.print(words((label("next_note", language), "dim")))
    if not all(one.reaches_ends for one in made.candidates):
        console.print(words((label("next_ends", language), "dim")))
    without = sum(one.test in made.default_costs for one in made.candidates)
    if without == len(made.candidates):
        console.print(words((label("next_default_costs", language), "yellow")))
    elif without:
        console.print(words((label("next_some_costs", language, count=without), "yellow")))


def _steps(one: Candidate) -> str:
    low, high = (f"{value:g}" for value in one.outcome_closes)
    return low if low == high else f"{low} – {high}"


def _decides(rating: Rating, one: Candidate, language: Language) -> str:
    found = []
    for path in one.decides:
        name = path_text(rating.plan, path, language)
        always = path in one.decides_always
        found.append(label("next_always", language, node=name) if always else name)
    return ("；" if language == "zh" else "; ").join(found)


def _choice(console: Console, rating: Rating, choice: Choice, language: Language) -> None:
    text = label("plan_tests", language, count=len(choice.tests), cost=f"{choice.cost:g}")
    if choice.optimal:
        proof = label("plan_optimal", language)
    else:
        gap = f"{choice.cost - choice.at_least:.4g}"
        proof = label("plan_gap", language, least=f"{choice.at_least:.4g}", gap=gap)
    console.print(words((f"  {text}", ""), " · ", (proof, "green" if choice.optimal else "yellow")))
    for name in choice.tests:
        console.print(f"    {test_text(rating.plan, name, language)}")


def _any_case(console: Console, rating: Rating, found: InAnyCase, language: Language) -> None:
    _choice(console, rating, found.choice, language)
    needed = found.needed
    if needed.needed and not needed.unclear:
        console.print(words((f"  {label('plan_all_needed', language)}", "dim")))
    for key, names in (("plan_unclear", needed.unclear), ("plan_unneeded", needed.unneeded)):
        if names:
            text = label(key, language, tests=tests_text(rating.plan, names, language))
            console.print(words((f"  {text}", "dim")))
    if needed.open:
        console.print(words((f"  {label('plan_open', language)}", "yellow")))


def _decision(console: Console, rating: Rating, decision: Decision, language: Language) -> None:
    outcome = rating.plan.nodes[decision.question.path].outcome
    key = "decide_title" if outcome is not None and outcome.grades else "decide_title_stars"
    node = path_text(rating.plan, decision.question.path, language)
    heading(console, label(key, language, node=node, outcome=rank_text(rating.plan, decision)))
    if decision.answer is not None:
        said = "decide_yes_already" if decision.answer else "decide_no_already"
        console.print(words((f"  {label(said, language)}", "bold")))
        return
    for key, choice in (("decide_yes", decision.yes), ("decide_no", decision.no)):
        console.print(words((f"  {label(key, language)}", "bold")))
        if choice is None:
            console.print(f"    {label('decide_never', language)}")
            continue
        _choice(console, rating, choice, language)
    if decision.in_any_case is not None:
        console.print(words((f"  {label('decide_any', language)}", "bold")))
        _any_case(console, rating, decision.in_any_case, language)
