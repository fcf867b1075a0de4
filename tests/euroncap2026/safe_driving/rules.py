"""A slow, obvious reading of the protocol files of Safe Driving and Post-Crash: one car, plain numbers, one rule at a time.

`Scorer` walks the tree and gives every node a `Value`. It knows the meaning of the rule kinds, nothing of workbooks.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[3] / "src/carindex/protocols/euro-ncap/2026"

PASSED, FAILED, OPEN = "passed", "failed", "open"
MOST_COMPLETIONS = 1000


@cache
def read(stage: str, name: str) -> dict:
    """Return one file of a stage, with the files it refers to put in place."""
    content = yaml.safe_load((FOLDER / stage / name).read_text(encoding="utf-8"))
    return _with_files(stage, content)


def _with_files(stage: str, node: dict) -> dict:
    if set(node) == {"file"}:
        return read(stage, node["file"])
    children = node.get("children", {})
    return (
        node | {"children": {key: _with_files(stage, child) for key, child in children.items()}}
        if children
        else node
    )


def rounded(x: float, decimals: int, mode: str = "half_up") -> float:
    """Round half up (away from zero) or down to the floor, on the decimal number that is meant."""
    guard = Decimal(float(x)).quantize(Decimal(1).scaleb(-max(9, decimals + 4)), ROUND_HALF_UP)
    return float(
        guard.quantize(Decimal(1).scaleb(-decimals), {"half_up": ROUND_HALF_UP, "floor": ROUND_FLOOR}[mode])
    )


@dataclass(frozen=True)
class Value:
    """The score of a node, None while it is not assessed, and what it can still become."""

    score: float | None
    low: float
    high: float

    @staticmethod
    def of(score: float | None, points: float) -> Value:
        return Value(None, 0.0, points) if score is None else Value(score, score, score)

    def applied(self, change) -> Value:
        return Value(None if self.score is None else change(self.score), change(self.low), change(self.high))


class Scorer:
    """Scores one car.

    ``mode`` is "protocol" (what the rules say) or "calculator" (what version 5.4.9 computes); `touched` names the oddities
    of the calculator that decided something.
    """

    def __init__(self, stage: str, facts: dict, mode: str):
        if mode not in ("protocol", "calculator"):
            raise ValueError(mode)
        self.stage, self.facts, self.calculator = stage, facts, mode == "calculator"
        self.values: dict[str, Value] = {}
        self.labels: dict[str, str] = {}
        self.colours: dict[str, str] = {}
        self.touched: set[str] = set()
        self.enumerated: set[str] = (
            set()
        )  # nodes whose bounds are those of every completion of their missing facts

    # -- the tree

    def value(
        self, path: str, node: dict, gate: str = PASSED, missing: str | None = None, points: float = 0
    ) -> Value:
        plain, overlay = node, node.get("calculator", {})
        if self.calculator and "oddity" in overlay:
            node = node | overlay
        points = node.get("points", points)
        without, gate = self.gated(plain, gate, missing), self.gated(node, gate, missing)
        if gate != without:
            self.touched.add(node["oddity"])
        missing = node.get("missing", missing)
        result = self.by_kind(path, node, gate, missing, points)
        if node.get("never_assessed"):
            self.touched.add(node["oddity"])
            result = Value(None, 0.0, points)
        for step in node.get("adjust", []):
            result = self.adjusted(step, result, node)
        self.values[path] = result
        self.labels.setdefault(path, node.get("label", {}).get("en", ""))
        return result

    def gated(self, node: dict, gate: str, missing: str | None) -> str:
        """The state of the gates of a node: the first gate that is not passed decides, the outermost first."""
        for rule in node.get("requires", []):
            if gate != PASSED:
                return gate
            words = [self.facts.get(name, missing) for name in rule["facts"]]
            if None in words:
                gate = OPEN
            elif any(word not in rule["one_of"] for word in words):
                gate = FAILED
        return gate

    def by_kind(self, path: str, node: dict, gate: str, missing: str | None, points: float) -> Value:
        if "choose" in node:
            return self.chosen(path, node, gate, missing, points)
        if "children" in node:
            return self.combined(path, node, gate, missing)
        if gate == FAILED:
            return Value.of(0.0, points)
        if gate == OPEN:
            return Value.of(None, points)
        for kind in ("pass_fail", "lookup", "awarded", "table", "claimed", "test_points", "channels"):
            if kind in node:
                if not self.calculator and kind in WORDS:
                    return self.over_completions(kind, path, node, points)
                return Value.of(getattr(self, kind)(path, node, node[kind], missing, points), points)
        raise AssertionError(f"{path}: no rule")

    def over_completions(self, kind: str, path: str, node: dict, points: float) -> Value:
        """By the rules, a node of which facts are missing can be whatever one of their completions makes it."""
        rule = node[kind]
        names = [
            name
            for name in facts_of_rule(self.stage, kind, rule)
            if name not in self.facts and not self.never_tested(name)
        ]
        for name in names:
            self.touched.update(ODDITY_OF_MISSING.get(name.rsplit("/", 1)[-1], ()))
        words = [WORDS[kind][name.rsplit("/", 1)[-1]] for name in names]
        if math.prod(len(some) for some in words) > MOST_COMPLETIONS:
            return Value(None, 0.0, points)
        self.enumerated.add(path)
        known, found = self.facts, []
        for completion in itertools.product(*words):
            self.facts = known | {n: w for n, w in zip(names, completion, strict=True) if w is not None}
            score = getattr(self, kind)(path, node, rule, None, points)
            found += [0.0, points] if score is None else [score]
        self.facts = known
        low, high = min(found), max(found)
        if names and low == high and kind in ODDITY_OF_SETTLED:
            self.touched.add(ODDITY_OF_SETTLED[kind])
        return Value(low if low == high else None, low, high)

    def combined(self, path: str, node: dict, gate: str, missing: str | None) -> Value:
        children = node["children"]
        if node["combine"] == "share":
            return self.shared(path, node, gate, missing)
        parts = [self.value(f"{path}/{key}", child, gate, missing) for key, child in children.items()]
        scores = [part.score for part in parts]
        low, high = sum(part.low for part in parts), sum(part.high for part in parts)
        return Value(None if None in scores else sum(scores), low, high)

    def shared(self, path: str, node: dict, gate: str, missing: str | None) -> Value:
        """The points are shared equally by the children that apply to the car."""
        apply = {}
        for key, child in node["children"].items():
            holds = self.holds(child["applies_when"])
            if holds:
                apply[key] = child
        if not apply:  # how many there are is not known, or there are none; the calculator divides by zero
            self.touched.add("rear_seats_left_empty")
            return Value.of({FAILED: 0.0}.get(gate), node["points"])
        share = node["points"] / len(apply)
        parts = []
        for key, child in apply.items():
            part = self.value(f"{path}/{key}", child, gate, missing)
            part = self.values[f"{path}/{key}"] = part.applied(lambda x: x * share)
            parts.append(part)
        scores = [part.score for part in parts]
        return Value(
            None if None in scores else sum(scores),
            sum(part.low for part in parts),
            sum(part.high for part in parts),
        )

    def chosen(self, path: str, node: dict, gate: str, missing: str | None, points: float) -> Value:
        word = self.facts.get(node["choose"]["by"])
        case = node["choose"]["cases"].get(word)
        if (
            word is None
            and "undeclared" in node
            and node["undeclared"]["fact"] in self.facts
            and gate == PASSED
        ):
            self.touched.add(node["oddity"])
            return Value.of(float(node["undeclared"]["points"]), points)
        if case is None:  # not declared, or a word without a case of its own
            return Value.of({FAILED: 0.0, OPEN: None, PASSED: None}[gate], points)
        return self.value(path, case, gate, missing, points)

    def adjusted(self, step: dict, value: Value, node: dict) -> Value:
        if self.calculator:
            step = step | step.get("calculator", {})
        when = self.holds(step["when"], node) if "when" in step else True
        if when is None and self.calculator:  # the calculator compares with a word and finds it different
            self.touched.add("prepared_answer_removed" if "multiply" in step else "parameter_left_empty")
            when = False
        if when is False:
            return value
        if "set_to" in step:
            changed = Value.of(float(step["set_to"]), 0)
            if self.calculator and value.score is None and node.get("oddity") == "airbag_na_reaches_updates":
                self.touched.add(node["oddity"])
        elif "at_most" in step:
            changed = value.applied(lambda x: min(x, step["at_most"]))
            if changed.score is None and math.isclose(changed.low, changed.high, abs_tol=1e-9):
                if step.get("settles", True):
                    changed = Value(changed.low, changed.low, changed.low)
                else:
                    self.touched.add(step["oddity"])
        elif "multiply" in step:
            changed = value.applied(lambda x: x * step["multiply"])
        else:
            changed = value.applied(lambda x: rounded(x, step["round"]["decimals"], step["round"]["mode"]))
        if when is None:  # it is open whether the step applies
            low, high = min(value.low, changed.low), max(value.high, changed.high)
            return Value(value.score if value == changed else None, low, high)
        return changed

    def never_tested(self, name: str) -> bool:
        """Whether a fact is the measured value of a point that is predicted neither green nor orange."""
        fact, _, word = name.rpartition("/")
        predicted = self.facts.get(f"{fact}/prediction", "green")
        return word == "v_reduction" and predicted not in ("green", "orange")

    # -- conditions: True, False, or None while it is open

    def holds(self, condition: dict, node: dict | None = None, missing: str | None = None) -> bool | None:
        if "all" in condition:
            parts = [self.holds(part, node, missing) for part in condition["all"]]
            return False if False in parts else None if None in parts else True
        if "any" in condition:
            parts = [self.holds(part, node, missing) for part in condition["any"]]
            return True if True in parts else None if None in parts else False
        if "channel_lacking" in condition:
            return self.channel_lacking(node)
        fact = self.facts.get(condition["fact"], missing)
        if fact is None:
            return None
        if "equals" in condition:
            return fact == condition["equals"]
        if "one_of" in condition:
            return fact in condition["one_of"]
        return fact >= condition["at_least"]

    # -- rules on facts

    def pass_fail(self, path, node, rule, missing, points):
        word = self.facts.get(rule["fact"])
        if word is None and missing is not None:
            self.touched.add("prepared_answer_removed")
            word = missing
        if word is None:
            return None
        return float(rule.get("points", points)) if word == rule["equals"] else 0.0

    def lookup(self, path, node, rule, missing, points):
        word = self.facts.get(rule["fact"])
        return None if word is None or word not in rule["points"] else float(rule["points"][word])

    def awarded(self, path, node, rule, missing, points):
        own = node.get("missing_unless")
        if own is not None and own not in self.facts:
            self.touched.add(node["oddity"])
            return None
        for line in rule:
            holds = self.holds(line["when"])
            if holds is None and own is not None:
                self.touched.add(node["oddity"])
                holds = False
            if holds is None:
                return None
            if holds:
                return float(line["points"])
        return 0.0

    def table(self, path, node, rule, missing, points):
        table = read(self.stage, rule["file"])
        words = [self.facts.get(name) for name in table["columns"]]
        if None in words:
            return None
        letters = [
            next((letter for letter, same in table["words"].items() if word in same), "?") for word in words
        ]
        for line in table["lines"]:
            wanted = line["facts"].split()
            if self.calculator and "calculator" in line:
                if letters in (wanted, line["calculator"]["facts"].split()):
                    self.touched.add(line["calculator"]["oddity"])
                wanted = line["calculator"]["facts"].split()
            if letters == wanted:
                return float(line[rule["value"]])
        return 0.0

    def cells_of(self, rule, response):
        """The cells of a response in the groups that a `claimed` rule names."""
        return [
            cell for group in rule["cells"] for cell in monitoring_cells(self.stage)[group].get(response, [])
        ]

    def claimed(self, path, node, rule, missing, points):
        green, tests = {}, {}
        for response in rule["points"]:
            cells = self.cells_of(rule, response)
            green[response] = all(self.facts.get(f"{cell}/prediction") == "green" for cell in cells)
            tests[response] = [self.facts.get(f"{cell}/verification") for cell in cells]
        if rule.get("tests") == "ignored":
            tests = {response: [] for response in tests}
        drawn = [word for words in tests.values() for word in words if word != "not_selected"]
        if None in drawn:
            return None
        confirmed = {response: "FAIL" not in words for response, words in tests.items()}
        if "failed_warning" in rule and self.warning_failed(rule):
            if drawn:
                confirmed = dict.fromkeys(confirmed, "FAIL" not in drawn)
            else:
                for response in rule["failed_warning"]["costs"]:
                    confirmed[response] = False
        return sum(
            worth for response, worth in rule["points"].items() if green[response] and confirmed[response]
        )

    def warning_failed(self, rule) -> bool:
        """All cells of the warning claimed, every drawn test done, and one of them failed."""
        cells = self.cells_of(rule, "warning")
        words = [self.facts.get(f"{cell}/verification") for cell in cells]
        claimed = all(self.facts.get(f"{cell}/prediction") == "green" for cell in cells)
        return claimed and None not in words and "FAIL" in words

    def test_points(self, path, node, rule, missing, points):
        share = points / len(rule["points"])
        scores, coloured = [], []
        for name, point in rule["points"].items():
            fact = f"{rule['facts']}/{name}"
            predicted = self.facts.get(f"{fact}/prediction", "grey")
            if predicted != "grey":
                coloured.append(predicted)
            if predicted not in ("green", "orange"):
                continue
            measured = self.facts.get(f"{fact}/{rule['measured']}")
            if measured is None:
                colour = predicted
            elif isinstance(measured, str):  # the calculator reads a text as a value that reaches nothing
                colour = "red"
            elif measured > point["green_above"]:
                colour = "green"
            else:
                colour = "orange" if measured > rule["orange_above"] else "red"
            self.colours[fact] = colour
            scores.append(share * rule["worth"][colour])
        return sum(scores) if coloured else None

    def channels(self, path, node, rule, missing, points):
        word = self.facts.get(f"{rule['fact']}/result", missing)
        if f"{rule['fact']}/result" not in self.facts and missing is not None:
            self.touched.add("prepared_answer_removed")
        if word is None:
            return None
        both = all(
            self.facts.get(f"{rule['fact']}/{channel}/prediction") == "green"
            for channel in ("cloud", "direct")
        )
        return 0.0 if word != "PASS" else rule["both"] if both else rule["one"]

    def channel_lacking(self, node) -> bool | None:
        unsure = False
        for child in node["children"].values():
            fact = child["channels"]["fact"]
            channels = [self.facts.get(f"{fact}/{channel}/prediction") for channel in ("cloud", "direct")]
            result = self.facts.get(f"{fact}/result")
            if not self.calculator and (None in channels or result is None):
                # it may yet be red, or a PASS without both channels
                completed = [word or "green" for word in channels]
                if "red" not in completed and not (result == "PASS" and completed != ["green", "green"]):
                    unsure |= None in channels or completed != ["green", "green"]
                    continue
            if "red" in channels or (result == "PASS" and channels != ["green", "green"]):
                return True
        return None if unsure else False


# the words that a missing fact can be, as far as they make a difference
COLOURS, ANSWERS = ("green", "orange", "red", "grey"), ("PASS", "FAIL")
WORDS = {
    "awarded": {"path": ("Stays in lane", "Redirects", "Does not redirect")},
    "table": {"result": ANSWERS},
    "claimed": {"prediction": ("green", "red"), "verification": ("not_selected", *ANSWERS)},
    "test_points": {"prediction": COLOURS, "v_reduction": (0.0, 20.0, 500.0)},
    "channels": {"prediction": ("green", "red", "grey"), "result": ANSWERS},
}
ODDITY_OF_MISSING = {"prediction": ["prediction_left_empty"], "v_reduction": ["measured_value_left_empty"]}
# what the calculator leaves unassessed although the missing fact cannot change the points
ODDITY_OF_SETTLED = {
    "awarded": "turn_left_empty",
    "table": "presence_answer_left_empty",
    "claimed": "driver_monitoring_value_left_empty",
}


def facts_of_rule(stage: str, kind: str, rule) -> list[str]:
    """The facts that a rule looks at, whatever they say."""
    if kind == "awarded":
        parts = [part for line in rule for part in line["when"]["all"]]
        return list(dict.fromkeys(part["fact"] for part in parts))
    if kind == "table":
        return read(stage, rule["file"])["columns"]
    if kind == "channels":
        return [f"{rule['fact']}/{word}" for word in ("result", "cloud/prediction", "direct/prediction")]
    if kind == "test_points":
        return [
            f"{rule['facts']}/{name}/{word}"
            for name in rule["points"]
            for word in ("prediction", rule["measured"])
        ]
    responses = [*rule["points"], *(["warning"] if "failed_warning" in rule else [])]
    cells = [
        cell
        for response in responses
        for group in rule["cells"]
        for cell in monitoring_cells(stage)[group].get(response, [])
    ]
    what = ("prediction",) if rule.get("tests") == "ignored" else ("prediction", "verification")
    return [f"{cell}/{word}" for cell in cells for word in what]


@cache
def monitoring_cells(stage: str) -> dict:
    """Return group -> response -> names of cells, for every group of driver-monitoring-cells.yaml."""
    content = read(stage, "driver-monitoring-cells.yaml")
    words = {letter: response["key"] for letter, response in content["responses"].items()}
    groups: dict = {}

    def put(group, cell, letters):
        for letter in letters.split():
            groups.setdefault(group, {}).setdefault(words[letter], []).append(
                f"driver_monitoring/{cell}/{words[letter]}"
            )

    for table_key, table in content["tables"].items():
        for task_key, task in table["tasks"].items():
            task_path = f"{table_key}/{task_key}"
            if "cells" in task:
                put(task_path, task_path, task["cells"])
            for kind, cell in task.get("types", {}).items():
                put(f"{task_path}/{kind}", f"{task_path}/{kind}", cell["cells"])
            for movement_key, movement in task.get("movements", {}).items():
                group = f"{task_path}/{movement_key}"
                if "cells" in movement:
                    put(group, group, movement["cells"])
                for gaze, cell in movement.get("gaze", {}).items():
                    put(group, f"{group}/{gaze}", cell["cells"])
    return groups
