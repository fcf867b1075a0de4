"""Coverage of a protocol in words and figures, for the terminal, and as JSON."""

from __future__ import annotations

from typing import Any

from carindex import __version__
from carindex.alignment.coverage import REPORT, STATES, Coverage, Needed
from carindex.alignment.reuse import Reuse
from carindex.messages import Language
from carindex.rating import Rating
from carindex.report.labels import label
from carindex.report.wording import fact_text, in_language, outcome_text, percent, score_text, test_name
from carindex.vocabulary import CAR


def test_text(test: str, language: Language) -> str:
    """Return the name of a test; of the car as a whole, and of what only a report states."""
    if test == CAR:
        return label("coverage_car", language)
    return label("coverage_report", language) if test == REPORT else test_name(test, language)


def share_text(share: float | None) -> str:
    """Return a share of the whole, a dash where the rules give none."""
    return "–" if share is None else percent(share)


def outcome_line(rating: Rating, language: Language) -> str:
    """Return what a rating says: its stars or grades, and its score."""
    colon = "：" if language == "zh" else ": "
    said = []
    for node in rating.headline:
        of = f"{in_language(node.label, language)}{colon}" if node.path else ""
        said.append(f"{of}{outcome_text(rating, node, language)}")
    if rating.root.path in {node.path for node in rating.headline} or not said:
        said.append(score_text(rating.root, language))
    return ", ".join(part for part in said if part)


def relation_text(reuse: Reuse, language: Language) -> str:
    """Return the relation of evidence that is taken over, and on which side it lies."""
    relation = label(f"standing_{reuse.relation}", language)
    return (
        relation if reuse.relation == "equivalent" else f"{relation}; {label(f'errs_{reuse.errs}', language)}"
    )


def why_text(reuse: Reuse, language: Language) -> str:
    """Return why evidence is worth something."""
    return ("。" if language == "zh" else ". ").join(
        in_language(link.reason, language) for link in reuse.links
    )


def fact_name_text(made: Coverage, needed: Needed, language: Language) -> str:
    """Return a fact in words."""
    return fact_text(made.plan, needed.name, language)


def as_json(made: Coverage, language: Language) -> dict[str, Any]:
    """Return a coverage as plain values."""
    counts = {state: sum(one.state == state for one in made.needed) for state in STATES}
    return {
        "car": made.before.car,
        "protocol": made.plan.protocol.id,
        "accept": list(made.accept),
        "counts": {"needed": len(made.needed), **counts},
        "tests": [
            {
                "test": test.test or None,
                "label": test_text(test.test, language),
                "needed": sum(test.counts.values()),
                **test.counts,
                "share": test.share,
                "open": test.open,
                "open_after": test.open_after,
            }
            for test in made.tests
        ],
        "facts": [_fact(made, one, language) for one in made.needed],
        "outcome": made.before.as_json(language)["outcome"],
        "outcome_after": made.after.as_json(language)["outcome"],
        "bounds": [made.before.root.lower, made.before.root.upper],
        "bounds_after": [made.after.root.lower, made.after.root.upper],
        "findings": [finding.as_json(language) for finding in made.after.findings],
        "engine": f"carindex {__version__}",
    }


def _fact(made: Coverage, needed: Needed, language: Language) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": needed.name,
        "label": fact_text(made.plan, needed.name, language),
        "test": needed.test or None,
        "state": needed.state,
        "asked_by": [
            {"path": clause.path, "source": clause.source, "verified": clause.verified}
            for clause in needed.clauses
        ],
    }
    fact = needed.fact
    if fact is not None:
        found |= {"value": fact.word, "unit": fact.unit, "from": fact.origin}
    reuse = needed.reuse
    if reuse is not None:
        found["reuse"] = {
            "used": reuse.relation in made.accept,
            "relation": reuse.relation,
            "errs": reuse.errs,
            "value": reuse.fact.word,
            "unit": reuse.fact.unit,
            "sources": [
                {"name": fact.name, "value": fact.word, "unit": fact.unit, "from": fact.origin}
                for fact in reuse.sources
            ],
            "programmes": list(needed.programmes),
            "reasons": [
                {
                    "part": link.part,
                    "relation": link.relation,
                    "text": in_language(link.reason, language),
                    "source": link.source,
                    "verified": link.verified,
                }
                for link in reuse.links
            ],
        }
    return found
