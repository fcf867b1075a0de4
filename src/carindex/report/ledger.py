"""What the losses of a rating add up to, in a sentence that a reader can check."""

from __future__ import annotations

from carindex.messages import Language
from carindex.rating import Rating
from carindex.report.labels import label
from carindex.report.wording import lost_text, percent, points


def total_loss(rating: Rating) -> float:
    """Return what the losses add up to: maximum minus the best possible score."""
    return rating.root.maximum - rating.root.upper


def adds_up(rating: Rating, language: Language) -> str:
    """Return the sentence that says what the losses add up to, and what is still open."""
    root = rating.root
    key = "adds_up" if root.counts == "points" else f"adds_up_{root.counts}"
    if root.score is None:
        key = f"{key}_open"
    if rating.protocol.root.apart:
        key = "adds_up_apart"
    return label(
        key,
        language,
        lost=lost_text(total_loss(rating), rating),
        maximum=points(root.maximum),
        best=points(root.upper),
        open=points(root.upper - root.lower),
        highest=percent(root.maximum - root.lower),
        most=points(root.maximum - root.lower),
    )
