"""Compile the rules on one fact: risks, scales, curves, bands, words, limits."""

from __future__ import annotations

import numpy as np

from carindex.messages import InputError
from carindex.rating import schema
from carindex.rating.protocol import Node
from carindex.rating.slots import SlotTable
from carindex.units import ratio
from carindex.vocabulary import Quantity, vocabulary

_SEEN = 9
"""Decimals of a worked-out value that count at a line: far finer than any rule, coarser than binary noise."""


class LeafRules(SlotTable):
    """Compiles rules on one fact, and what they share with others: units, rounding, comparisons."""

    def divisor(self, slot: int, unit: str | None, take: schema.Take, node: Node) -> float:
        """Return what a fact is divided by to have the unit and direction that a rule asks for."""
        quantity = self.quantities[slot]
        divisor = 1.0 if unit is None else ratio(unit, quantity.unit)
        if not np.isfinite(divisor):
            raise InputError(node.place, "rating.unit_does_not_fit", unit=unit, expected=quantity.unit)
        return -divisor if take == "compression" else divisor

    def input(self, rule: schema.FactRule, node: Node) -> tuple[int, float, tuple[int, ...]]:
        """Return slot and divisor of a rule's fact, rounded and turned as the rule says."""
        fact = self.fact(rule.fact, node)
        slot, divisor = fact, self.divisor(fact, rule.unit, rule.take, node)
        if rule.take == "magnitude":
            slot = self.emit("maximum", [slot, self.emit("linear", [slot], weights=(-1.0,), constant=0.0)])
        if rule.round is not None:
            slot = self.emit("linear", [slot], weights=(1.0 / divisor,), constant=0.0)
            slot, divisor = self.rounded(slot, rule.round), 1.0
        return slot, divisor, (fact,)

    def rounded(self, slot: int, rounding: schema.Rounding) -> int:
        """Return the slot of a rounded value."""
        return self.emit("rounding", [slot], decimals=rounding.decimals, mode=rounding.mode)

    def as_seen(self, slot: int) -> int:
        """Return the slot of a worked-out value as a person sees it, to be compared with a line.

        20.63 + 11.5 + 8.87 is 41, whatever binary fractions make of it, and reaches a line at 41. A fact is taken as
        it was given.
        """
        if self.level[slot] == 0:
            return slot
        if slot not in self.seen:
            self.seen[slot] = self.rounded(slot, schema.Rounding(decimals=_SEEN))
        return self.seen[slot]

    # -- rules on a fact -----------------------------------------------------------------------------------

    def leaf(self, spec: schema.Node, node: Node, points: float) -> tuple[str, int, tuple[int, ...]]:
        """Compile the rule of a leaf; returns its kind, its slot and the facts it uses."""
        if spec.never_assessed:
            return "open", self.open_value(points), ()
        if spec.choose is not None:
            return self._chosen(spec.choose, node, points)
        if spec.risk is not None:
            slot, divisor, facts = self.input(spec.risk, node)
            return "risk", self._risk(spec.risk, slot, divisor), facts
        if spec.scale is not None:
            slot, divisor, facts = self.input(spec.scale, node)
            high, low = spec.scale.limits
            full = spec.scale.points if spec.scale.points is not None else points
            xs, ys = ((high, low), (full, 0.0)) if high < low else ((low, high), (0.0, full))
            if high == low:  # a switch: all points below the limit
                return "scale", self._switch(slot, divisor, low, full, self.quantities[facts[0]]), facts
            return "scale", self.emit("curve", [slot], x=xs, y=ys, divisor=divisor), facts
        if spec.curve is not None:
            slot, divisor, facts = self.input(spec.curve, node)
            xs, ys = zip(*spec.curve.through, strict=True)
            return "curve", self.emit("curve", [slot], x=xs, y=ys, divisor=divisor), facts
        if spec.bands is not None:
            slot, divisor, facts = self.input(spec.bands, node)
            limits = spec.bands.limits
            if spec.bands.on_limit == "lower":
                limits = [float(np.nextafter(limit, np.inf)) for limit in limits]
            values = tuple(spec.bands.values)
            return (
                "bands",
                self.emit("steps", [slot], thresholds=tuple(limits), values=values, divisor=divisor),
                facts,
            )
        if spec.lookup is not None:
            fact = self.fact(spec.lookup.fact, node)
            words = self.quantities[fact].categories
            points_of = spec.lookup.points
            if not self.quantities[fact].shared and set(words) - set(points_of):
                missing = ", ".join(sorted(set(words) - set(points_of)))
                raise InputError(node.place, "rating.case_missing", word=missing, fact=spec.lookup.fact)
            slot = self.words(fact, tuple(points_of.get(word, 0.0) for word in words))
            if set(words) - set(points_of):
                other = self.words(fact, tuple(float(word not in points_of) for word in words))
                slot = self.emit("choose", [other, slot, self.open_value(points)])
            return "lookup", slot, (fact,)
        if spec.pass_fail is not None:
            slot, divisor, facts = self.input(spec.pass_fail, node)
            full = spec.pass_fail.points if spec.pass_fail.points is not None else points
            flag = self.compare(spec.pass_fail, slot, divisor, self.quantities[facts[0]], node)
            otherwise = spec.pass_fail.otherwise
            return (
                "pass_fail",
                self.emit("steps", [flag], thresholds=(0.5,), values=(otherwise, full), divisor=1.0),
                facts,
            )
        assert spec.given is not None
        slot, divisor, facts = self.input(spec.given, node)
        slot = self.emit("linear", [slot], weights=(1.0 / divisor,), constant=0.0)
        return "given", self.emit("clip", [slot], least=0.0, most=points), facts

    def _switch(self, slot: int, divisor: float, limit: float, points: float, quantity: Quantity) -> int:
        values = (0.0, points) if quantity.better == "higher" else (points, 0.0)
        return self.emit("steps", [slot], thresholds=(limit,), values=values, divisor=divisor)

    def words(self, slot: int, values: tuple[float, ...]) -> int:
        """Return the slot of the value that belongs to each word of a category."""
        thresholds = tuple(i + 0.5 for i in range(len(values) - 1))
        return self.emit("steps", [slot], thresholds=thresholds, values=values, divisor=1.0)

    def _risk(self, risk: schema.Risk, slot: int, divisor: float) -> int:
        if risk.form == "lognormal":
            return self.emit(
                "risk_lognormal", [slot], mean=risk.mean, deviation=risk.deviation, divisor=divisor
            )
        if risk.form == "weibull":
            return self.emit(
                "risk_weibull",
                [slot],
                scale=risk.scale,
                shape=risk.shape,
                location=risk.location,
                divisor=divisor,
            )
        transform = (
            "logarithm" if risk.log_above is not None else "power" if risk.power is not None else "none"
        )
        return self.emit(
            "risk_logistic",
            [slot],
            intercept=risk.intercept,
            slope=risk.slope,
            power=1.0 if risk.power is None else risk.power,
            origin=risk.log_above or 0.0,
            transform=transform,
            divisor=divisor,
        )

    # -- conditions ----------------------------------------------------------------------------------------

    def compare(
        self,
        rule: schema.Condition | schema.PassFail,
        slot: int,
        divisor: float,
        quantity: Quantity | None,
        node: Node,
    ) -> int:
        """Return the slot that is 1 where a value is what a condition asks for."""
        least, most = -np.inf, np.inf
        if rule.equals is not None:
            categories = quantity.categories if quantity is not None else ()
            if rule.equals not in categories:
                kind = vocabulary().kinds["value"]
                raise InputError(node.place, "rating.unknown_word", word=rule.equals, kind=kind)
            least = most = float(categories.index(rule.equals))
        if rule.at_least is not None:
            least = rule.at_least
        if rule.above is not None:
            least = float(np.nextafter(rule.above, np.inf))
        if rule.at_most is not None:
            most = rule.at_most
        if rule.below is not None:
            most = float(np.nextafter(rule.below, -np.inf))
        return self.emit("compare", [slot], least=least, most=most, divisor=divisor)

    def one_of(self, fact: int, words: list[str], node: Node) -> int:
        """Return the slot that is 1 where a fact is one of some words.

        Raises
        ------
        InputError
            When the fact cannot be one of them.
        """
        categories = self.quantities[fact].categories
        for word in words:
            if word not in categories:
                kind = vocabulary().kinds["value"]
                raise InputError(node.place, "rating.unknown_word", word=word, kind=kind)
        return self.words(fact, tuple(float(word in words) for word in categories))

    def _chosen(self, choice: schema.Choose, node: Node, points: float) -> tuple[str, int, tuple[int, ...]]:
        by = self.fact(choice.by, node)
        cases, facts = [], [by]
        for word in self.quantities[by].categories:
            if word not in choice.cases and self.quantities[by].shared:
                cases.append(self.open_value(points))  # a word of another check; nothing is said of it here
                continue
            if word not in choice.cases:
                raise InputError(node.place, "rating.case_missing", word=word, fact=choice.by)
            case = choice.cases[word]
            if case.lookup is not None and case.lookup.fact == choice.by and not case.never_assessed:
                cases.append(self.constant(case.lookup.points[word]))  # the word is known to be this one here
                continue
            _, slot, used = self.leaf(case, node, points)
            cases.append(slot)
            facts.extend(used)
        slot = self.emit("choose", [by, *cases])
        if self.protocol.calculator:  # nothing is assessed before it is said what there is to assess
            slot = self.unless_missing(by, slot, points)
        return "choose", slot, tuple(dict.fromkeys(facts))

    def unless_missing(self, fact: int, slot: int, points: float) -> int:
        """Return a value that is open, from nothing to ``points``, while a fact is missing."""
        return self.emit("choose", [self.known(fact), self.open_value(points), slot])

    def open_value(self, points: float) -> int:
        """Return the slot of a value of which nothing is known: anything from nothing to ``points``."""
        return self.emit("open_value", [0], points=points)

    def between(self, least: float, most: float) -> int:
        """Return the slot of a number of which only bounds are known."""
        return self.emit("linear", [self.open_value(most - least)], weights=(1.0,), constant=least)

    def graded(self, rule: schema.OpenGrade, node: Node) -> tuple[int, int]:
        """Return the slots of a node that takes a grade as a word, and of the word; open where it is no grade of it."""
        grades = self.protocol.scale(node.spec.stars).grades if node.spec.stars is not None else None
        if not grades:
            raise InputError(node.place, "rating.no_outcome", path=node.path)
        fact = self.fact(rule.grade, node)
        words = self.quantities[fact].categories
        missing = [grade for grade in grades if grade not in words]
        if missing:
            kind = vocabulary().kinds["value"]
            raise InputError(node.place, "rating.unknown_word", word=", ".join(missing), kind=kind)
        ranks = grades if node.counts != "points" else list(reversed(grades))
        slot = self.words(fact, tuple(float(ranks.index(word)) if word in ranks else 0.0 for word in words))
        if set(words) - set(grades):
            other = self.words(fact, tuple(float(word not in grades) for word in words))
            slot = self.emit("choose", [other, slot, self.open_value(node.maximum)])
        return slot, fact
