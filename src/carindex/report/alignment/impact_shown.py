"""The impact of a draft on the terminal and as a page."""

from __future__ import annotations

from carindex.report.alignment.impact import ImpactPage, PartPage
from carindex.report.alignment.phrases import phrases
from carindex.report.html import laid_out
from carindex.report.labels import label
from carindex.report.terminal.screen import Column, heading, rows, screen, table, words

_FEW = 10


def impact_html(page: ImpactPage) -> str:
    """Return the page."""
    return laid_out(
        "impact.html",
        document=page,
        phrase=phrases("impact", page.language),
        label=lambda key, **parameters: label(key, page.language, **parameters),
    )


def show_impact(page: ImpactPage) -> None:
    """Show what becomes of the cars, which rule did it, and the cars that change most."""
    console = screen()
    phrase = phrases("impact", page.language)
    console.print()
    console.print(words((page.heading, "bold")))
    console.print(page.subject)
    for part in page.parts:
        _show_part(part, page)
    if page.others:
        heading(console, phrase("parts"))
        columns: list[Column] = [phrase("part"), *((phrase(v), "right") for v in ("gain", "loss", "same"))]
        columns += [(phrase("open"), "right")]
        lines = (
            (
                name,
                *(str(counts[verdict]) for verdict in ("gain", "loss", "same")),
                str(counts["open_moved"] + counts["open_same"]),
            )
            for name, counts in page.others
        )
        console.print(rows(table(columns), lines))
    for severity, line in page.findings:
        console.print(words((f"{label(f'severity_{severity}', page.language)}: ", "dim"), line))


def _show_part(part: PartPage, page: ImpactPage) -> None:
    console = screen()
    phrase = phrases("impact", page.language)
    heading(console, part.name)
    console.print("   ".join(f"{said} {count}" for _, said, count in part.verdicts))
    if any(name in ("open_moved", "open_same") for name, _, _ in part.verdicts):
        console.print(words((phrase("open_note"), "dim")))
    if part.names:
        heading(console, phrase("matrix"))
        columns: list[Column] = ["", *((name, "right") for name in part.names)]
        lines = (
            [name, *(_cell(i, j, count) for j, count in enumerate(row))]
            for i, (name, row) in enumerate(zip(part.names, part.counts, strict=True))
        )
        console.print(rows(table(columns), lines))
        heading(console, phrase("distribution"))
        columns = [phrase("outcome"), *((phrase(k), "right") for k in ("before", "after", "change"))]
        console.print(
            rows(
                table(columns),
                (
                    (
                        pair.name,
                        f"{pair.amounts[0]:g}",
                        f"{pair.amounts[1]:g}",
                        f"{pair.amounts[1] - pair.amounts[0]:+g}".replace("+0", "0"),
                    )
                    for pair in part.pairs
                ),
            )
        )
    if part.shift:
        console.print(part.shift)
    heading(console, phrase("causes"))
    console.print(words((page.method, "dim")))
    if part.causes:
        for number, row in enumerate(part.causes, 1):
            console.print(words(f"{number}  ", (row.rule, "bold"), f"  {row.said}"))
        columns = [
            (phrase("rule"), "right"),
            *((phrase(k), "right") for k in ("gained", "lost", "needed", "alone")),
            (phrase("mean_score"), "right"),
        ]
        lines_causes = (
            (str(number), *map(str, (row.gained, row.lost, row.needed, row.alone)), row.score)
            for number, row in enumerate(part.causes, 1)
        )
        console.print(rows(table(columns), lines_causes))
    for name, count, cars in part.cars:
        what = phrase("first_of", shown=min(_FEW, len(cars)), count=count)
        heading(console, phrase("named", name=name, what=what))
        columns = [phrase("car"), phrase("outcome"), part.unit, phrase("by")]
        console.print(
            rows(table(columns), ((car.car, car.outcome, car.score, car.by) for car in cars[:_FEW]))
        )


def _cell(row: int, column: int, count: int) -> str:
    return str(count) if count or row == column else "·"
