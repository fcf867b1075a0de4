"""Rules that are known only from published results: what cars with such scores got."""

from __future__ import annotations

from carindex.rating.schema.parts import Struct


class Precedent(Struct, frozen=True, kw_only=True):
    """What a published car got: the score or grade of each part that applied to it, and the result.

    ``equals``, or where only so much was published ``at_least`` or ``at_most``. ``cars`` names it for people.
    """

    at: dict[str, float | str]
    cars: list[str]
    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    source: str | None = None

    @property
    def least(self) -> float:
        """The least result that the published one can be."""
        known = self.equals if self.equals is not None else self.at_least
        return float("-inf") if known is None else known

    @property
    def most(self) -> float:
        """The greatest result that the published one can be."""
        known = self.equals if self.equals is not None else self.at_most
        return float("inf") if known is None else known


class Precedents(Struct, frozen=True, kw_only=True):
    """The result lies between those of published cars that were nowhere better and nowhere worse.

    The one thing that is assumed of the rule, which is not known: a better part never makes the whole worse.
    ``between``: the least and greatest result there is.
    """

    between: tuple[float, float]
    known: list[Precedent]
