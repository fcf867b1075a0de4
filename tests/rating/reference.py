"""A slow, obvious reading of a protocol: one car, plain Python numbers, no arrays, no compilation.

Written from the meaning of the rule kinds, not from the engine; the tests compare the two.
"""

from __future__ import annotations

import itertools
import math
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

_MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
    "truncate": ROUND_DOWN,
}


def rounded(x: float, decimals: int, mode: str = "half_up") -> float:
    """Round the decimal number that is meant: binary noise in the last places is taken away first."""
    exact = Decimal(repr(x)).quantize(Decimal(1).scaleb(-(decimals + 7)), ROUND_HALF_EVEN)
    return float(exact.quantize(Decimal(1).scaleb(-decimals), _MODES[mode]))


class Car:
    def __init__(self, protocol, facts):
        self.protocol = protocol
        self.facts = facts  # full name -> value
        self.memory = {}

    def fact(self, name, node):
        if "/" not in name:
            parts = [node.test, node.occupant, node.dummy] if node.occupant else [node.test]
            name = "/".join([*parts, name])
        return self.facts[name]

    def taken(self, rule, node):
        x = self.fact(rule.fact, node)
        if rule.take == "magnitude":
            x = abs(x)
        if rule.unit == "kN":
            x = x / 1000
        if rule.take == "compression":
            x = -x
        if rule.round is not None:
            x = rounded(x, rule.round.decimals, rule.round.mode)
        return x

    def leaf(self, spec, node, points):
        if spec.risk is not None:
            return self.risk(spec.risk, self.taken(spec.risk, node))
        if spec.scale is not None:
            x = self.taken(spec.scale, node)
            best, worst = spec.scale.limits
            full = spec.scale.points if spec.scale.points is not None else points
            share = (x - worst) / (best - worst)
            return full * min(1, max(0, share))
        if spec.curve is not None:
            x = self.taken(spec.curve, node)
            through = spec.curve.through
            if x <= through[0][0]:
                return through[0][1]
            for (x0, y0), (x1, y1) in itertools.pairwise(through):
                if x <= x1:
                    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
            return through[-1][1]
        if spec.bands is not None:
            x = self.taken(spec.bands, node)
            band = 0
            for limit in spec.bands.limits:
                if x > limit or (x == limit and spec.bands.on_limit == "upper"):
                    band += 1
            return spec.bands.values[band]
        if spec.lookup is not None:
            return spec.lookup.points[["no", "yes"][int(self.fact(spec.lookup.fact, node))]]
        if spec.pass_fail is not None:
            full = spec.pass_fail.points if spec.pass_fail.points is not None else points
            return (
                full
                if self.holds_for(spec.pass_fail, self.taken(spec.pass_fail, node))
                else spec.pass_fail.otherwise
            )
        return min(points, max(0, self.taken(spec.given, node)))

    @staticmethod
    def risk(risk, x):
        if risk.form == "lognormal":
            if x <= 0:
                return 0.0
            z = (math.log(x) - risk.mean) / risk.deviation
            return 0.5 * math.erfc(-z / math.sqrt(2))
        if risk.form == "weibull":
            return 1 - math.exp(-((max(0, x - risk.location) / risk.scale) ** risk.shape))
        if risk.log_above is not None:
            if x <= risk.log_above:
                return 1.0 if risk.slope < 0 else 0.0
            g = math.log(x - risk.log_above)
        elif risk.power is not None:
            g = max(0, x) ** risk.power
        else:
            g = x
        return 1 / (1 + math.exp(risk.intercept - risk.slope * g))

    @staticmethod
    def holds_for(rule, x):
        return (
            (rule.below is None or x < rule.below)
            and (rule.at_most is None or x <= rule.at_most)
            and (rule.at_least is None or x >= rule.at_least)
            and (rule.above is None or x > rule.above)
            and (rule.equals is None or ["no", "yes"][int(x)] == rule.equals)
        )

    def holds(self, condition, node):
        if condition.negate is not None:
            return not self.holds(condition.negate, node)
        if condition.all is not None:
            return all(self.holds(item, node) for item in condition.all)
        if condition.any is not None:
            return any(self.holds(item, node) for item in condition.any)
        if condition.node is not None:
            return self.holds_for(condition, rounded(self.score(condition.node), 9))
        if condition.stars_of is not None:
            return self.holds_for(condition, self.stars(condition.stars_of))
        x = self.fact(condition.fact, node)
        return self.holds_for(condition, x)

    def value(self, path):
        if path not in self.memory:
            self.memory[path] = self.adjusted(self.protocol.nodes[path])
        return self.memory[path]

    def score(self, path):
        node = self.protocol.nodes[path]
        return self.value(path) if node.counts == "points" else node.maximum - self.value(path)

    def adjusted(self, node):
        x = self.combined(node)
        for adjustment in node.spec.adjust:
            if adjustment.when is not None and not self.holds(adjustment.when, node):
                continue
            if adjustment.deduct is not None:
                amount = self.leaf(adjustment.deduct, node, adjustment.deduct.points or 0.0)
                x = x - amount if node.counts == "points" else x + amount
            elif adjustment.take_off is not None:
                x = x - adjustment.take_off if node.counts == "points" else x + adjustment.take_off
            elif adjustment.set_to is not None:
                x = adjustment.set_to
            elif adjustment.multiply is not None:
                x = x * adjustment.multiply
            elif adjustment.round is not None:
                x = rounded(x, adjustment.round.decimals, adjustment.round.mode)
            else:
                if adjustment.at_least is not None:
                    x = max(x, adjustment.at_least)
                if adjustment.at_most is not None:
                    x = min(x, adjustment.at_most)
        return x

    def most(self, node):
        """The greatest score of a node: a sum loses that of its parts that do not apply."""
        if node.spec.combine != "sum":
            return node.maximum
        counted = [
            c for c in node.children if c.spec.applies_when is None or self.holds(c.spec.applies_when, c)
        ]
        return sum(self.most(child) for child in counted)

    def combined(self, node):
        spec = node.spec
        if spec.choose is not None:
            word = ["no", "yes"][int(self.fact(spec.choose.by, node))]
            return self.leaf(spec.choose.cases[word], node, node.maximum)
        if spec.combine is None:
            return self.leaf(spec, node, node.maximum)
        children = [self.protocol.nodes[path] for path in ([c.path for c in node.children] or spec.of)]
        values = [self.value(child.path) for child in children]
        applies = [
            child.spec.applies_when is None or self.holds(child.spec.applies_when, child)
            for child in children
        ]
        weights = [(spec.weights or {}).get(child.key, 1.0) for child in children]
        if spec.combine == "worst":
            if node.counts == "points":
                scaled = [
                    v / c.maximum * node.maximum
                    for v, c, a in zip(values, children, applies, strict=True)
                    if a
                ]
                return min(scaled, default=node.maximum)
            return max((v for v, a in zip(values, applies, strict=True) if a), default=0.0)
        if spec.combine == "sum":
            return sum(v for v, a in zip(values, applies, strict=True) if a)
        if spec.combine == "weighted_share" and not all(applies):
            weights = [w / c.maximum for w, c in zip(weights, children, strict=True)]
        if spec.combine == "share" or (spec.combine != "demerits" and not all(applies)):
            possible = sum(w * self.most(c) for w, c, a in zip(weights, children, applies, strict=True) if a)
            reached = sum(w * v for w, v, a in zip(weights, values, applies, strict=True) if a)
            return node.maximum * reached / possible if possible else node.maximum
        if spec.combine == "weighted_share":
            rates = [w * v / c.maximum for w, v, c in zip(weights, values, children, strict=True)]
            return node.maximum * sum(rates) / (spec.over or sum(weights))
        if spec.combine == "mean":
            return sum(values) / len(values)
        if spec.combine == "weighted":
            return sum(w * v for w, v in zip(weights, values, strict=True)) / (spec.over or sum(weights))
        if spec.combine == "best":
            return sum(sorted(values, reverse=True)[: spec.best])
        if spec.combine == "joint_risk":
            return 1 - math.prod(1 - v for v in values)
        grades = [
            self.protocol.scale(child.spec.stars).grades[-1 - int(self.stars(child.path))]
            for child in children
        ]
        return sum(
            spec.demerits[child.key][grade]
            for child, grade, a in zip(children, grades, applies, strict=True)
            if a
        )

    def stars(self, path):
        node = self.protocol.nodes[path]
        spec = self.protocol.scale(node.spec.stars)
        rank = (lambda name: spec.grades[::-1].index(str(name))) if spec.grades else float
        measure = self.value(path)
        if spec.per_cent:
            measure = measure * (100.0 / node.maximum)
        if spec.divide_by is not None:
            measure = measure / spec.divide_by
        if spec.round is not None:
            measure = rounded(measure, spec.round.decimals, spec.round.mode)
        measure = rounded(measure, 9)  # a line is compared with what a person sees
        otherwise = 0 if spec.otherwise is None else rank(spec.otherwise)
        reached = [otherwise]
        lines = 0
        for kind, better in (
            ("below", lambda x, t: x < t),
            ("at_most", lambda x, t: x <= t),
            ("at_least", lambda x, t: x >= t),
            ("above", lambda x, t: x > t),
        ):
            for name, line in (getattr(spec, kind) or {}).items():
                lines += 1
                if better(measure, line):
                    reached.append(rank(name))
        limits = [max(reached)] if lines else []
        limits += [self.stars(other) for other in spec.balance or []]
        for name, floors in (spec.minima or {}).items():
            # whoever misses the minimum of an outcome gets at most the next lower one
            if any(rounded(self.score(other), 9) < floor for other, floor in floors.items()):
                every = {
                    otherwise,
                    *(
                        rank(n)
                        for k in ("below", "at_most", "at_least", "above")
                        for n in (getattr(spec, k) or {})
                    ),
                }
                limits.append(max([o for o in every if o < rank(name)], default=otherwise))
        result = min(limits)
        for cap in spec.caps:
            if self.holds(cap.when, node):
                lowered = max(result - (cap.lower_by or 0), otherwise)
                result = min(result, lowered if cap.to is None else rank(cap.to))
        return result
