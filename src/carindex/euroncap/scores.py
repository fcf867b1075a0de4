"""Score sheets that all stages have: tests, categories and scenarios, found by their printed labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carindex.euroncap.cells import Book
from carindex.euroncap.pages import Page
from carindex.euroncap.scored import Scored
from carindex.euroncap.tables import Table, page_of, put_value
from carindex.rating.matrices import word

SHEETS = {
    "Test Scores": ("Stage", "Stage element", "Stage subelement"),
    "Category Scores": ("Stage", "Stage element", "Stage subelement", "Category"),
    "Scenario Scores": ("Stage", "Stage element", "Stage subelement", "Category", "Scenario"),
}


def rounded(value: float | None, decimals: int = 3) -> float | int | None:
    """Round a score as the programme prints it, ties away from zero; whole numbers without decimals."""
    if value is None:
        return None
    from decimal import ROUND_HALF_UP, Decimal

    seen = Decimal(value).quantize(Decimal(1).scaleb(-max(9, decimals + 4)), ROUND_HALF_UP)
    shown = float(seen.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    return int(shown) if shown.is_integer() else shown


def fill_scores(
    book: Book,
    pages: Sequence[Page],
    sheet: str,
    labels: Sequence[str],
    score: Callable[[tuple[str, ...]], float | int | None],
) -> None:
    """Fill the column Score of a sheet: ``score`` gives the number to print for the labels of a row."""
    table = Table(book.sheet(sheet), labels, ("Score",))
    page = page_of(pages, sheet)
    for row in table.rows():
        put_value(page, row.number, table.columns["Score"], score(row.labels))


def node_of(labels: Sequence[str]) -> str:
    """Return the path that printed labels name: each in small letters, everything else an underscore."""
    return "/".join(word(label) for label in labels)


def printed_score(scored: Scored, path: str) -> float | int | None:
    """Return a node's points as they are printed, nothing while they are open."""
    try:  # before rules between stages, which a stage's own report does not know
        return rounded(scored.named(f"{path}#reported"))
    except KeyError:
        return rounded(scored.score(path))
