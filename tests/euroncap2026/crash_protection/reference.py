"""Crash Protection for one car, slowly: facts to every score that the programme's report prints.

``mode="protocol"`` does what the rules say, ``mode="calculator"`` what version 5.4.9 of the programme's calculator does. They differ by
the named `ODDITIES` and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import impact_points
from .criterion import Assessed, assess, half_up
from .structure import criteria, fact_name, occupants, stage, sub_elements
from .workbook import Facts, inspection_fact

ODDITIES = {
    "leg_worst_point": "femur and knee & tibia have the worst criterion of all points, not the mean over the points",
    "far_side_pelvis_and_lumbar": "the far-side modifiers of pelvis and lumbar spine are taken off no score",
    "cap_without_assessment": "HIC15 and Ares-3ms cap although the head has no contact and they are not assessed",
    "blank_inspection": "a body region whose inspection is blank has no points",
    "blank_capping_only": "a criterion that only caps and has no value is printed with a score of 0",
    "headform_without_cells": "where a band has no cells, the report leaves headform rows at 0 though the test is scored; "
    "the four-star cap reads those zeros",
    "third_row_needs_second_angle": "without a torso angle of the second row the third row's backset limits stay 0 as well",
    "blank_occupant_to_occupant": "far side, Pole-32: values that are missing are passed over",
}

SECOND_ROW_ANGLE = "head_restraint_static_rear/rear_second_row/hpm/torso_angle"


@dataclass
class Region:
    """A body region: ``score`` in per cent, before ``modifiers`` and inspection; ``points`` after them."""

    score: float | None = None
    modifiers: float = 0.0
    points: float | None = None
    maximum: float | None = None
    critical: bool = False


@dataclass
class Occupant:
    capped: bool = False
    points: float | None = None
    maximum: float | None = None


@dataclass
class Result:
    """Everything by path.

    ``modifiers``: colour of each measured modifier. ``zero``: critical regions without points. ``unprinted``: regions and dummies whose
    rows the calculator's report leaves as they were in the template.
    """

    criteria: dict[str, Assessed] = field(default_factory=dict)
    modifiers: dict[str, str] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    occupants: dict[str, Occupant] = field(default_factory=dict)
    tests: dict[str, float] = field(default_factory=dict)
    zero: list[str] = field(default_factory=list)
    unprinted: set[str] = field(default_factory=set)


def score(facts: Facts, mode: str = "protocol") -> Result:
    """The whole stage for one car."""
    return _Scorer(facts, set(ODDITIES) if mode == "calculator" else set()).run()


class _Scorer:
    def __init__(self, facts: Facts, oddities: set[str]) -> None:
        self.facts, self.oddities, self.result = facts, oddities, Result()

    def run(self) -> Result:
        for path in sub_elements():
            for occupant in occupants(path):
                for region in occupant["children"].values():
                    self.criteria_of(region)
                for node in occupant.get("capping_only", {}).values():
                    self.result.criteria[node["path"]] = self.criterion(node)
            for occupant in occupants(path):
                for region in occupant["children"].values():
                    self.region(region)
            for occupant in occupants(path):
                self.occupant(occupant)
            self.test(path)
        if "headform_without_cells" in self.oddities:
            self.leave_headform_rows()
        return self.result

    def leave_headform_rows(self) -> None:
        """Which headform rows are not printed, and so read as zeros.

        A band is there where it has a verification point (sampled or blue). Where a band with cells has none, the calculator adds all
        bands; a band without a score is then left as it was. Otherwise rows are printed in order up to the first band that is not there,
        and none at all, dummies included, where one of the two headforms has no band.
        """
        test = sub_elements()["vru_impact/head_impact"]
        kinds = test["grid"]["cells"]
        cells = impact_points.cells_of(self.facts, impact_points.HEADFORM)
        tested = impact_points.headform_points(self.facts)
        bands = [
            (d["path"], r["path"], r["rows"])
            for d in occupants("vru_impact/head_impact")
            for r in d["children"].values()
        ]
        coloured = {path for _, path, (first, last) in bands if any(first <= row <= last for row, _ in cells)}
        drawn = [point for point in tested if not kinds[cells[point]].get("mirrored")]
        there = {path for _, path, (first, last) in bands if any(first <= row <= last for row, _ in drawn)}
        if not coloured:
            return
        if coloured - there:
            left = {path for _, path, _ in bands} - coloured
        elif len({dummy for dummy, path, _ in bands if path in there}) < 2:
            left = {path for dummy, region, _ in bands for path in (dummy, region)}
        else:
            order = [path for _, path, _ in bands]
            stop = next((number for number, path in enumerate(order) if path not in there), len(order))
            left = set(order[stop:])
        self.result.unprinted = left
        self.result.zero += [path for _, path, _ in bands if path in left and path not in self.result.zero]

    # ---- conditions ----------------------------------------------------------------------------------------------------------
    def holds(self, when: dict[str, Any], node: dict[str, Any]) -> bool | None:
        """Whether a condition holds; None where its fact is not known."""
        if "any" in when:
            return any(self.holds(part, node) for part in when["any"])
        if "all" in when:
            return all(self.holds(part, node) for part in when["all"])
        if "negate" in when:
            return not self.holds(when["negate"], node)
        if "any_value_of" in when:
            return all(self.has_a_value(self.beside(node, path)) for path in when["any_value_of"])
        if "passed" in when:
            siblings = [self.result.criteria[f"{node['path']}/{key}"] for key in when["passed"]]
            return all(found.score is not None and found.score > 0 for found in siblings)
        if "node" in when:
            path = (
                f"{node['path'].rsplit('/', 1)[0]}/{when['node'][3:]}"
                if when["node"].startswith("../")
                else when["node"]
            )
            region = self.result.regions.get(path)
            return region is not None and region.score is not None and region.score <= when["at_most"]
        value = self.facts.get(fact_name(when["fact"], node))
        if value is None:
            return None
        if "equals" in when:
            return value == when["equals"]
        return half_up(value, 2) >= when["at_least"]

    @staticmethod
    def beside(node: dict[str, Any], path: str) -> dict[str, Any]:
        """The region beside a region that ``../name`` means."""
        parent, here = node["path"].rsplit("/", 1)[0], stage()
        for key in f"{parent}/{path[3:]}".split("/"):
            here = here["children"][key]
        return here

    def has_a_value(self, region: dict[str, Any]) -> bool:
        return any(fact_name(node["criterion"]["fact"], node) in self.facts for node in criteria(region))

    # ---- criteria ------------------------------------------------------------------------------------------------------------
    def criteria_of(self, region: dict[str, Any]) -> None:
        if "row" in region or "rows" in region:
            return
        nodes = criteria(region)
        for node in nodes:
            self.result.criteria[node["path"]] = self.criterion(node)
        for node in nodes:
            partner = node["criterion"].get("cap_with")
            if partner:  # green unless both have reached their limits
                both = [
                    self.result.criteria[f"{region['path']}/{key}"].capped
                    for key in (partner, node["path"].rsplit("/", 1)[-1])
                ]
                self.result.criteria[node["path"]].colour = "red" if all(both) else "green"

    def criterion(self, node: dict[str, Any]) -> Assessed:
        rule = dict(node["criterion"])
        if "limit" in rule:
            line = rule["limit"]["line"]
            angle = self.facts.get(fact_name(line["fact"], node))
            if (
                "third_row_needs_second_angle" in self.oddities
                and fact_name(line["fact"], node) != SECOND_ROW_ANGLE
            ):
                angle = angle if SECOND_ROW_ANGLE in self.facts else None
            limit = 0.0 if angle is None else line["slope"] * angle + line["intercept"]
            self.result.limits[node["path"]] = limit
            rule["limits"] = [limit, limit]
        name = fact_name(rule["fact"], node)
        value = self.facts.get(name)
        if value is not None and rule.get("take") == "compression":
            value = -value
        predicted = self.facts.get(f"{name}/predicted") if node.get("predicted") else None
        found = assess(rule, value, predicted)
        only_caps = "limits" not in rule and "gate" not in rule
        if rule.get("shown_only"):
            found.score = None
        if found.value is None and "gate" in rule:
            found.score = None
        if found.value is None and only_caps:
            watched = "blank_capping_only" in self.oddities and rule["fact"] != "head_peak"
            found.score = 0.0 if watched else None
        if "cap_when" in rule and self.holds(rule["cap_when"], node) is False:
            found.capped = False
        if "applies_when" in node and self.holds(node["applies_when"], node) is False:
            found.colour = found.score = found.check = None
            found.capped = found.capped and "cap_without_assessment" in self.oddities
        return found

    # ---- body regions --------------------------------------------------------------------------------------------------------
    def region(self, node: dict[str, Any]) -> None:
        rules = stage()["regions"]["round"]
        region = Region(critical=node.get("critical", False))
        self.result.regions[node["path"]] = region
        inspection: float | None = self.facts.get(inspection_fact(node))
        blank_is_none = "blank_inspection" in self.oddities and "row" not in node
        if node.get("inspection") == "none" or (inspection is None and not blank_is_none):
            inspection = 0.0
        inspection = half_up(inspection, rules["inspection"])

        if "rows" in node:
            found = impact_points.head_bands(self.facts).get(node["path"])
            if found is None:
                return
            region.score, region.maximum = half_up(found[0], rules["score"]), found[1]
        else:
            region.maximum = half_up(self.greatest(node), rules["maximum"])
            region.score = half_up(self.region_score(node), rules["score"])
        region.modifiers = self.deductions(node)
        if region.score is None or inspection is None:
            return
        left = max(max(region.score - region.modifiers, 0.0) - inspection, 0.0)
        if "geometry" in node.get("children", {}):
            share = node["weights"]
            passed = self.facts.get(fact_name("non_use_position", node)) == "pass" and region.score > 0
            left = left * share["geometry"] + (100 * share["non_use_position"] if passed else 0.0)
        region.points = half_up(left * region.maximum / 100, rules["points"])
        if region.critical and region.points == 0:
            self.result.zero.append(node["path"])

    def greatest(self, node: dict[str, Any]) -> float:
        for case in node.get("points_when", []):
            if self.holds(case["when"], node):
                return case["points"]
        return node["points"]

    def region_score(self, node: dict[str, Any]) -> float | None:
        if "row" in node:
            combine = (
                node.get("calculator", node)["combine"]
                if "leg_worst_point" in self.oddities
                else node["combine"]
            )
            return impact_points.leg_score(self.facts, node, combine)
        if "choose" in node:
            return self.excursion(node)
        if "ladder" in node:
            return self.ladder(node)
        children = node["children"]
        if "geometry" in children:
            return self.ladder(children["geometry"])
        if any("near" in child for child in children.values()):
            scores = [found for child in children.values() if (found := self.near(child)) is not None]
            return min(scores) if scores else None
        if "driver_hic15" in children:
            return self.occupant_to_occupant(node)
        found = [self.result.criteria[child["path"]] for child in children.values()]
        if node["combine"] == "mean":
            found = [
                self.result.criteria[child["path"]]
                for child in children.values()
                if "limits" in child["criterion"]
            ]
        scores = [criterion.score for criterion in found if criterion.score is not None]
        if not scores:
            return None
        return sum(scores) / len(scores) if node["combine"] == "mean" else min(scores)

    def occupant_to_occupant(self, node: dict[str, Any]) -> float:
        """All or nothing; a missing value is a failed one, except that the calculator passes over it."""
        scores: dict[str, list[float]] = {}
        for child in node["children"].values():
            found = self.result.criteria[child["path"]]
            if found.value is not None or "blank_occupant_to_occupant" not in self.oddities:
                scores.setdefault(child["occupant"], []).append(found.score)
        both = len(scores) == len({child["occupant"] for child in node["children"].values()})
        return 100.0 if both and all(value == 100 for values in scores.values() for value in values) else 0.0

    def ladder(self, node: dict[str, Any]) -> float:
        reached = 0.0
        for step in node["ladder"]:
            if not self.holds(step["when"], node):
                break
            reached = float(step["reaches"])
        return reached

    def excursion(self, node: dict[str, Any]) -> float | None:
        rule = node
        while "choose" in rule:
            if fact_name("farside_excursion", node) not in self.facts:
                # Nothing was given. The calculator prints 0 where a criterion of the head is blank as well.
                head = [n for n in self.capping_only_of(node) if n["printed"]["region"] == "Head"]
                scores = [self.result.criteria[n["path"]].score for n in head]
                return 0.0 if 0.0 in scores else None
            rule = rule["choose"]["cases"][self.facts[rule["choose"]["by"]]]
        return float(rule["lookup"]["points"][self.facts[fact_name("farside_excursion", node)]])

    @staticmethod
    def capping_only_of(region: dict[str, Any]) -> list[dict[str, Any]]:
        owner = region["path"].rsplit("/", 1)[0]
        for occupant in occupants("side_impact/farside"):
            if occupant["path"] == owner:
                return list(occupant["capping_only"].values())
        raise KeyError(owner)

    def near(self, node: dict[str, Any]) -> float | None:
        rule = node["near"]
        here, there = self.facts.get(fact_name(rule["fact"], node)), self.facts.get(rule["to"])
        if here is None:
            return None
        if here == there:
            return float(rule["points"])
        if here not in rule["order"] or there not in rule["order"]:
            return 0.0
        steps = abs(rule["order"].index(here) - rule["order"].index(there))
        return float(rule["points"]) if steps <= rule["steps"] else 0.0

    def deductions(self, node: dict[str, Any]) -> float:
        total = 0.0
        for number, step in enumerate(node.get("adjust", [])):
            rule = step["deduct"]["bands"]
            value = self.facts.get(fact_name(rule["fact"], node))
            if value is None:
                continue
            band = sum(value >= limit for limit in rule["limits"])
            taken = float(rule["values"][band])
            self.result.modifiers[f"{node['path']}/adjust/{number}"] = "red" if taken else "green"
            if not (
                "ignored" in step.get("calculator", {}) and "far_side_pelvis_and_lumbar" in self.oddities
            ):
                total += taken
        return total

    # ---- dummies and tests ---------------------------------------------------------------------------------------------------
    def occupant(self, node: dict[str, Any]) -> None:
        rules = stage()["occupants"]["round"]
        found = Occupant()
        self.result.occupants[node["path"]] = found
        regions = [self.result.regions[child["path"]] for child in node["children"].values()]
        if "points" in node:
            found.maximum = half_up(half_up(self.greatest(node), 5), rules["maximum"])
        else:
            found.maximum = half_up(sum(region.maximum or 0.0 for region in regions), rules["maximum"])
        found.capped = any(self.caps(step["when"], node) for step in node.get("adjust", []))
        points = [region.points for region in regions if region.points is not None]
        if points:
            found.points = 0.0 if found.capped else half_up(sum(points), rules["points"])

    def caps(self, when: dict[str, Any], node: dict[str, Any]) -> bool:
        if "capped" not in when:
            return bool(self.holds(when, node))
        if when["capped"] == "any":
            return self.any_cap(node["path"])
        return any(self.any_cap(path) for path in when["capped"])

    def any_cap(self, path: str) -> bool:
        capped = {
            p: found for p, found in self.result.criteria.items() if p.startswith(path + "/") and found.capped
        }
        coupled = [p for p in capped if p.endswith(("/t_hrc_start", "/t1_acceleration"))]
        return len(capped) > len(coupled) or len(coupled) == 2

    def test(self, path: str) -> None:
        rules = stage()["tests"]
        found = [self.result.occupants[node["path"]] for node in occupants(path)]
        scored = [occupant for occupant in found if occupant.points is not None]
        inspection = self.facts.get(f"{path.rsplit('/', 1)[-1]}/inspection", 0.0)
        points = sum(occupant.points for occupant in scored)
        points -= inspection * sum(occupant.maximum for occupant in scored) / 100
        self.result.tests[path] = half_up(max(points, rules["at_least"]), rules["round"]["points"])
