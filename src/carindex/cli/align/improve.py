"""The command ``align improve``: the smallest set of changes that reaches a target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.options import PATH, end, with_json, with_language, with_overlays, write_json
from carindex.messages import InputError, Language

if TYPE_CHECKING:
    from carindex.alignment.improvement.improve import Request
    from carindex.alignment.improvement.levers import Effort
    from carindex.dossier import Fact
    from carindex.rating import Plan


@click.command()
@click.argument("path", type=PATH)
@click.option(
    "-p", "--protocol", "protocols", required=True, multiple=True, help="Protocol; may be repeated."
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    help="Stars or a grade (`5`, `G+`, `优秀`), also of one node (`NODE=G`): one for all protocols, or one for each.",
)
@click.option(
    "--target-score",
    "scores",
    type=float,
    multiple=True,
    help="A score of the whole car, instead of --target.",
)
@click.option(
    "--effort", "effort_file", type=PATH, help="YAML, JSON or CSV: what facts cost per unit, or `fixed`."
)
@click.option("--fixed", multiple=True, metavar="FACT", help="A fact that stays as it is; may be repeated.")
@click.option("--time-limit", type=click.FloatRange(min=1), default=8.0, show_default=True, help="Seconds.")
@click.option("--car", help="Which car, where a facts file has several.")
@with_overlays
@with_json
@with_language
def improve(
    path: Path,
    protocols: tuple[str, ...],
    targets: tuple[str, ...],
    scores: tuple[float, ...],
    effort_file: Path | None,
    fixed: tuple[str, ...],
    time_limit: float,
    car: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Find the smallest set of changes in facts that reaches a target, in one protocol or several at once.

    PATH is a dossier folder, a facts file (CSV, JSON, Parquet) or a folder of the programme's workbooks.
    """
    from carindex.alignment.improvement.improve import improve as improved
    from carindex.cli.rating import evidence
    from carindex.rating.compiled import compiled
    from carindex.rating.together import unmistakable

    plans = [compiled(name) for name in protocols]
    requests = _requests(plans, targets, scores)
    found = evidence(path, car)
    facts, findings = found.facts, found.findings
    if len(plans) > 1:
        kept, ambiguous = unmistakable(facts, plans)
        facts, findings = tuple(kept), (*findings, *ambiguous)
    effort = _effort(effort_file, fixed, facts)
    answer = improved(
        requests,
        facts,
        car=found.car,
        effort=effort,
        place=str(effort_file or "--fixed"),
        time_limit=time_limit,
    )
    findings = (*findings, *answer.findings)
    if json_file is not None:
        write_json(json_file, answer.as_json(language))
    else:
        from carindex.report.terminal.improvement import show_improvement

        show_improvement(answer, language)
    end(findings, language, shown=False)


def _requests(plans: list[Plan], targets: tuple[str, ...], scores: tuple[float, ...]) -> list[Request]:
    """Pair protocols and targets in their order; one target alone is for all."""
    from carindex.alignment.improvement.improve import Request

    if not targets and not scores:
        raise click.UsageError("--target or --target-score is missing")
    if targets and scores:
        raise click.UsageError("--target and --target-score exclude each other")
    asked: list[tuple[str | None, float | None]]
    asked = [(target, None) for target in targets] or [(None, score) for score in scores]
    if len(asked) == 1:
        asked *= len(plans)
    if len(asked) != len(plans):
        raise InputError("--target", "alignment.not_paired", protocols=len(plans), targets=len(asked))
    return [Request(plan, target, score) for plan, (target, score) in zip(plans, asked, strict=True)]


def _effort(file: Path | None, fixed: tuple[str, ...], facts: tuple[Fact, ...]) -> Effort:
    """Read efforts; a value that a fixed fact is said to have must be that of the evidence."""
    from carindex.alignment.improvement.levers import read_effort

    known = {fact.name: fact for fact in facts}
    names = []
    for text in fixed:
        name, equals, value = text.partition("=")
        if equals and name in known and value != str(known[name].word) and _number(value) != known[name].word:
            word = known[name].word
            raise InputError(f"--fixed {text}", "alignment.fixed_value", name=name, value=value, known=word)
        names.append(name)
    return read_effort(file, names)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
