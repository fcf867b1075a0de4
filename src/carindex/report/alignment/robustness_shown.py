"""How sure a rating is, on the terminal and as a page."""

from __future__ import annotations

from carindex.report.alignment.phrases import phrases
from carindex.report.alignment.robustness import OutcomeTable, RobustnessPage
from carindex.report.html import laid_out
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words

_FEW_FACTORS = 8
_FEW_CLIFFS = 12


def robustness_html(page: RobustnessPage) -> str:
    """Return the page."""
    return laid_out(
        "robustness.html",
        document=page,
        phrase=phrases("robustness", page.language),
        label=lambda key, **parameters: label(key, page.language, **parameters),
    )


def show_robustness(page: RobustnessPage) -> None:
    """Show probabilities, what carries the risk, and the nearest cliffs."""
    console = screen()
    phrase = phrases("robustness", page.language)
    console.print()
    console.print(words((page.heading, "bold")))
    console.print(page.subject)
    for severity, note in page.notes:
        console.print(words((note, "yellow" if severity == "warning" else "dim")))
    heading(console, phrase("probabilities"))
    for part in page.headline:
        _show_outcomes(part, page)
    if page.headline:
        console.print(words((phrase("probability_note"), "dim")))
    if page.parts:
        heading(console, phrase("parts"))
        lines = (
            (
                part.name,
                part.measured,
                "   ".join(f"{name} {said}" for name, said, _, _ in part.rows if said != "0 %"),
            )
            for part in page.parts
        )
        columns: list[Column] = [phrase("part"), phrase("measured"), phrase("exactly")]
        console.print(rows(table(columns), lines))
    if page.scores:
        heading(console, phrase("scores"))
        columns = [
            phrase("part"),
            *((phrase(k), "right") for k in ("measured", "mean", "sd")),
            phrase("p5_p95"),
        ]
        console.print(
            rows(
                table(columns),
                ((row.name, row.measured, row.mean, row.deviation, row.range) for row in page.scores),
            )
        )
    heading(console, phrase("risk_carriers"))
    for note in page.sobol:
        console.print(words((note, "dim")))
    for one in page.indices:
        console.print(one.name)
        if one.rows:
            columns = [phrase("factor"), (phrase("first"), "right"), (phrase("total"), "right")]
            console.print(rows(table(columns), one.rows[:_FEW_FACTORS]))
    heading(console, phrase("nearest"))
    console.print(words((page.cliff_note, "dim")))
    if page.cliffs:
        columns = [
            "",
            phrase("fact"),
            *((phrase(k), "right") for k in ("value", "edge", "in_sd", "beyond")),
            phrase("jumps"),
            phrase("published"),
        ]
        shown = page.cliffs[:_FEW_CLIFFS]
        console.print(
            rows(
                table(columns),
                (
                    (
                        "●" if c.matters else "",
                        c.fact,
                        c.value,
                        c.edge,
                        c.deviations,
                        c.beyond,
                        c.jumps,
                        c.published,
                    )
                    for c in shown
                ),
            )
        )
        more = page.more_cliffs + len(page.cliffs) - len(shown)
        if more:
            console.print(words((phrase("more_cliffs", count=more), "dim")))
    for severity, line in page.findings:
        console.print(words((f"{label(f'severity_{severity}', page.language)}: ", "dim"), line))


def _show_outcomes(part: OutcomeTable, page: RobustnessPage) -> None:
    console = screen()
    phrase = phrases("robustness", page.language)
    console.print(words((part.name, "bold"), "  ", phrase("as_measured", outcome=part.measured)))
    columns: list[Column] = [
        phrase("outcome"),
        *((k, "right") for k in (phrase("exactly"), "95 %", phrase("at_least"))),
    ]
    console.print(rows(table(columns), part.rows))
