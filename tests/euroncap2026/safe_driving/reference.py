"""Safe Driving, one car, from its facts: the slow and obvious scorer that the engine is compared with.

`facts_of` (workbook.py) reads a workbook into facts; `score` computes every printed number of the stage from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .rules import Scorer, Value, read, rounded
from .workbook import facts_of, reading_of

__all__ = ["Result", "fact_names", "facts_of", "prepared_limits", "reading_of", "score"]

SPEED_CONTROL = "vehicle_assistance/speed_assistance/speed_control_function"


@dataclass
class Result:
    """Printed scores by node path (None: not assessed), colours of test points by fact, oddities that decided something."""

    scores: dict[str, float | None]
    colours: dict[str, str]
    touched: set[str]
    values: dict[str, Value] = field(default_factory=dict)
    enumerated: set[str] = field(default_factory=set)


def score(facts: dict, mode: str = "protocol") -> Result:
    """Score Safe Driving from facts, in ``mode`` "protocol" or "calculator"."""
    scorer = Scorer("safe-driving", facts, mode)
    for key, child in read("safe-driving", "safe-driving.yaml")["children"].items():
        scorer.value(key, child)
    scores = {path: printed(value) for path, value in scorer.values.items()}
    scores[f"{SPEED_CONTROL}/speedometer_accuracy"] = speedometer_line(scorer, facts, mode)
    return Result(scores, scorer.colours, scorer.touched, scorer.values, scorer.enumerated)


def printed(value: Value) -> float | None:
    return None if value.score is None else rounded(value.score, 3)


def speedometer_line(scorer: Scorer, facts: dict, mode: str) -> float | None:
    """What an inaccurate speedometer takes off the speed control function, printed as a line of its own."""
    function = scorer.values[f"{SPEED_CONTROL}/speed_control_function"].score
    if function is None and mode == "calculator":
        # a car without such a function has the line at 0; one whose function was not tested has it open
        fitted = facts.get("speed_assistance/speed_control_function/type_of_system") in ("iACC", "ISL")
        gate = facts.get("speed_assistance/slif_general_requirements/result")
        return None if fitted or gate is None else 0.0
    whole = scorer.values[SPEED_CONTROL].score
    if "speed_assistance/speed_control_function/speedometer_accuracy" not in facts:
        scorer.touched.add("prepared_answer_removed")
    return None if whole is None or function is None else rounded(whole - function, 3)


def prepared_limits(facts: dict) -> dict[str, str]:
    """Prepare PASS or FAIL for each line of advanced speed limits from the predictions by country."""
    content = read("safe-driving", "speed-limit-countries.yaml")
    verdicts: dict[str, str] = {}
    for column, how in content["columns"].items():
        words = {
            (group, country): facts.get(
                f"speed_assistance/advanced_speed_limit/{column}/{country}/prediction", "empty"
            )
            for group, members in content["groups"].items()
            for country in members["countries"]
        }
        good = [word in ("green", "empty") for word in words.values()]
        passed = sum(good) >= content["share_of_all_lines"] * len(words)
        for (group, _), word in words.items():
            if content["groups"][group]["none_failing"] and word not in ("green", "empty"):
                passed = False
        if not passed or how["for"] not in verdicts:
            verdicts[how["for"]] = "PASS" if passed else "FAIL"
    return verdicts


def fact_names() -> list[str]:
    """Return the names of all facts of Safe Driving, in the order of the files: the columns of a facts table."""
    from .rules import monitoring_cells

    names = [fact for part in read("safe-driving", "inputs.yaml")["sheets"] for fact in part["facts"]]
    for groups in monitoring_cells("safe-driving").values():
        for cells in groups.values():
            names += [f"{cell}/{word}" for cell in cells for word in ("prediction", "verification")]
    limits = read("safe-driving", "speed-limit-countries.yaml")
    for i, column in enumerate(limits["columns"]):
        for group in limits["groups"].values():
            for country, line in group["countries"].items():
                if line["cells"].split()[i] == "x":
                    names.append(f"speed_assistance/advanced_speed_limit/{column}/{country}/prediction")
    part = read("safe-driving", "inputs.yaml")["hazards"]
    for hazard, how in part["hazards"].items():
        for line in part["lines"]:
            if line["direction"] != "sending" or how["sending"]:
                names.append(
                    f"speed_assistance/local_hazards/{hazard}/{line['direction']}/{line['channel']}/prediction"
                )
    for category in read("safe-driving", "acc-performance.yaml")["children"].values():
        for node in category.get("children", {}).values():
            if "test_points" in node:
                rule = node["test_points"]
                for name in rule["points"]:
                    names += [
                        f"{rule['facts']}/{name}/prediction",
                        f"{rule['facts']}/{name}/{rule['measured']}",
                    ]
    return names
