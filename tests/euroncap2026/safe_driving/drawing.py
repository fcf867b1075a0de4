"""What every draw of tests must obey, said a second time and checked one by one; for our draws and the programme's own."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from carindex.euroncap.safe_driving.content import monitoring_cells

SCENARIO = re.compile(r"(CCRs|CMRs|CCRm), IL (25|50|75)%, VUT (30|40|50|60|70|80) km/h, Target (\d+) km/h")
SPEEDS = {"CCRs": "0", "CMRs": "0", "CCRm": "20"}
SUPPORTS = ("forward_support", "lane_support")
NOISE = ("dark_sunglasses", "face_mask", "cap", "hat")
TABLES = ("long_distraction", "short_distraction", "phone_use")


def claimed(colours: dict) -> dict:
    """(table, task, movement) -> response -> green cells, of responses that no red or empty cell spoils."""
    groups: dict = {}
    for cell in monitoring_cells():
        if cell.table in TABLES:
            of_response = groups.setdefault((cell.table, cell.task, cell.movement), {})
            of_response.setdefault(cell.response, []).append(cell)
    return {
        key: {
            response: [cell for cell in cells if colours.get(cell.name) == "green"]
            for response, cells in responses.items()
            if all(colours.get(cell.name) in ("green", "grey") for cell in cells)
        }
        for key, responses in groups.items()
    }


def violations(colours: dict, functional: list[str], tests: list) -> list[str]:
    """Say which rules a draw breaks; a test has a cell, a noise variable (key) and a scenario."""
    said = []
    if len({test.cell.name for test in tests}) != len(tests):
        said.append("a cell drawn twice")
    groups = claimed(colours)
    by_group: dict = {}
    for test in tests:
        if test.cell.table in TABLES:
            key = (test.cell.table, test.cell.task, test.cell.movement)
            by_group.setdefault(key, []).append(test.cell)
            if test.cell not in groups[key].get(test.cell.response, []):
                said.append(f"not claimed: {test.cell.name}")
    interventions = []
    for key, responses in groups.items():
        drawn = by_group.get(key, [])
        warnings = [cell for cell in drawn if cell.response == "warning"]
        lines = sum(
            (cell.table, cell.task, cell.movement, cell.response) == (*key, "warning")
            for cell in monitoring_cells()
        )
        if len(warnings) != min(math.ceil(lines / 2), len(responses.get("warning", []))):
            said.append(f"{len(warnings)} warnings of {key}")
        supports = [cell for cell in drawn if cell.response in SUPPORTS]
        interventions += supports
        if len(supports) > 1:
            said.append(f"{key}: more than one intervention")
        if key[1] == "driving_task" and not supports and any(responses.get(s) for s in SUPPORTS):
            said.append(f"{key}: no intervention")
    possible = [key for key, responses in groups.items() if any(responses.get(s) for s in SUPPORTS)]
    if len(interventions) != min(8, len(possible)):
        said.append(f"{len(interventions)} interventions, {len(possible)} movement types claimed")
    both = all(
        all(responses.get(s) for s in SUPPORTS) for key, responses in groups.items() if key in possible
    )
    counts = Counter(cell.response for cell in interventions)
    if both and abs(counts[SUPPORTS[0]] - counts[SUPPORTS[1]]) > 1:
        said.append(f"not balanced: {counts}")
    said += gaze(groups, interventions)
    said += non_transient(colours, tests)
    said += scenarios(tests)
    said += noise(functional, tests)
    return said


def gaze(groups: dict, interventions: list) -> list[str]:
    """Gaze locations are as different as the drawn movement types and responses allow."""
    choices = [
        {
            cell.labels[3]
            for cell in groups[cell_.table, cell_.task, cell_.movement][cell_.response]
            if cell.gaze
        }
        for cell_ in interventions
    ]
    best = 0
    for size in range(
        len(choices), 0, -1
    ):  # Hall: a set of picks can differ when every part of it has enough choices
        if any(
            all(
                len(set().union(*(choices[i] for i in part))) >= len(part)
                for count in range(1, size + 1)
                for part in itertools.combinations(chosen, count)
            )
            for chosen in itertools.combinations(range(len(choices)), size)
        ):
            best = size
            break
    used = {cell.labels[3] for cell in interventions if cell.gaze}
    return [] if len(used) == best else [f"{len(used)} different gaze locations, {best} are possible"]


def non_transient(colours: dict, tests: list) -> list[str]:
    green = {cell.key for cell in monitoring_cells() if colours.get(cell.name) == "green"}
    drawn = {test.cell.key for test in tests if test.cell.table == "non_transient"}
    each = {
        f"non_transient/{what}"
        for what in ("microsleep/warning", "sleep/warning", "unresponsive/emergency_function")
    }
    one_of = {f"non_transient/{what}/forward_and_lane_support" for what in ("microsleep", "sleep")}
    wrong = drawn & each != green & each or len(drawn & one_of) != min(1, len(green & one_of))
    return [f"non-transient: {sorted(drawn)}"] if wrong or drawn - each - one_of or drawn - green else []


def scenarios(tests: list) -> list[str]:
    said = []
    forward: dict = {"transient": set(), "non_transient": set()}
    for test in tests:
        response, text = test.cell.response, test.scenario
        if response == "lane_support":
            good = text == "LKA Dashed Line"
        elif response in ("forward_support", "forward_and_lane_support"):
            match = SCENARIO.fullmatch(str(text))
            good = match is not None and SPEEDS[match[1]] == match[4]
            forward["non_transient" if test.cell.table == "non_transient" else "transient"].add(text)
        else:
            good = text is None
        if not good:
            said.append(f"{test.cell.name}: scenario {text}")
    return said + [f"several scenarios: {texts}" for texts in forward.values() if len(texts) > 1]


def noise(functional: list[str], tests: list) -> list[str]:
    said = [
        f"noise {test.noise}"
        for test in tests
        if test.noise is not None and test.noise not in set(NOISE) & set(functional)
    ]
    for table in TABLES:
        own = [test for test in tests if test.cell.table == table]
        loud = [test for test in own if test.noise is not None]
        if len(loud) != min(3, len(own)):
            said.append(f"{len(loud)} tests of {table} under noise")
        shares = Counter(test.noise for test in loud)
        if loud and max(shares.values()) - min([shares[v] for v in set(NOISE) & set(functional)]) > 1:
            said.append(f"noise of {table} not shared: {shares}")
    for tasks, most in ((("microsleep", "sleep"), 2), (("unresponsive",), 1)):
        own = [test for test in tests if test.cell.table == "non_transient" and test.cell.task in tasks]
        if sum(test.noise is not None for test in own) != min(most, len(own)):
            said.append(f"noise of {tasks}")
    return said
