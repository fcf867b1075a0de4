"""Which tests are drawn: by rank of a hash, so that anyone can repeat a draw with pencil, paper and SHA-256.

Candidates of a draw are ranked by the SHA-256 of ``SEED/PURPOSE/NAME``; the least come first. Nothing depends on the
order of a file, on a random number generator or on the machine. What is drawn follows ``draw`` in ``workbook.yaml``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from carindex.euroncap.safe_driving.content import (
    AccScenario,
    MonitoringCell,
    acc_scenarios,
    monitoring_cells,
)
from carindex.euroncap.safe_driving.files import monitoring
from carindex.euroncap.safe_driving.layout import layout

GREEN = "green"
_NON_TRANSIENT = "non_transient"
_WARNING = "warning"


class ChosenTest(msgspec.Struct, frozen=True):
    """A test to be run: the predicted cell, the noise variable by its key, and the scenario."""

    cell: MonitoringCell
    noise: str | None
    scenario: str | None


class Selection(msgspec.Struct, frozen=True):
    """A draw: tests of driver monitoring in the order they are listed, words for test points by fact."""

    tests: tuple[ChosenTest, ...] = ()
    targets: Mapping[str, str] = msgspec.field(default_factory=dict)


class Urn(msgspec.Struct, frozen=True):
    """Ranks names by a seed."""

    seed: int

    def ranked(self, purpose: str, names: Iterable[str]) -> list[str]:
        """Return names in the order in which they are drawn."""
        return sorted(names, key=lambda name: self._hash(purpose, name))

    def _hash(self, purpose: str, name: str) -> str:
        return hashlib.sha256(f"{self.seed}/{purpose}/{name}".encode()).hexdigest()


Colours = Mapping[str, str | None]
Groups = Mapping[str, Mapping[str, Sequence[MonitoringCell]]]


def draw(colours: Colours, functional: Sequence[str], points: Colours, seed: int) -> Selection:
    """Draw the tests of a car.

    Parameters
    ----------
    colours
        Predicted colours of the driver-monitoring cells by name, ``None`` where none is predicted.
    functional
        Noise variables that are functional, by key.
    points
        Predicted colours of the test points of the adaptive cruise control, by fact.
    seed
        Same seed, same draw.
    """
    urn = Urn(seed)
    groups = eligible(colours)
    cells = [*_warnings(urn, groups), *_interventions(urn, groups)]
    others = _non_transient(urn, colours)
    scenario = {
        False: _scenario(urn, "scenario/transient"),
        True: _scenario(urn, f"scenario/{_NON_TRANSIENT}"),
    }
    ordered = [*(cell for table in _tables() for cell in _listed(cells, table)), *others]
    noise = _noise(urn, ordered, functional)
    tests = tuple(
        ChosenTest(cell, noise.get(cell.key), _scenario_of(cell, scenario[cell.table == _NON_TRANSIENT]))
        for cell in ordered
    )
    return Selection(tests, _targets(urn, points))


def eligible(colours: Colours) -> Groups:
    """Return the cells that may be drawn, by group and response.

    A red or empty cell spoils all cells of its group and response: the response is not claimed there.
    """
    groups: dict[str, dict[str, list[MonitoringCell]]] = {}
    for cell in monitoring_cells():
        groups.setdefault(cell.group, {}).setdefault(cell.response, []).append(cell)
    return {
        group: {
            response: [cell for cell in cells if colours.get(cell.name) == GREEN]
            for response, cells in responses.items()
            if all(colours.get(cell.name) not in (None, "red") for cell in cells)
        }
        for group, responses in groups.items()
        if responses
    }


def _tables() -> list[str]:
    return [key for key in monitoring().tables if key != _NON_TRANSIENT]


def _listed(cells: Iterable[MonitoringCell], table: str) -> list[MonitoringCell]:
    """Return the drawn cells of a table as they are listed: warnings first, each line by line."""
    own = [cell for cell in cells if cell.table == table]
    return sorted(own, key=lambda cell: (cell.response != _WARNING, cell.place))


def _warnings(urn: Urn, groups: Groups) -> list[MonitoringCell]:
    rule = layout().draw.warnings
    drawn = []
    for group, responses in groups.items():
        if not any(group.startswith(f"{task}/") for task in rule.tasks):
            continue
        cells = {cell.key: cell for cell in responses.get(_WARNING, [])}
        lines = sum(1 for cell in monitoring_cells() if cell.group == group and cell.response == _WARNING)
        keys = urn.ranked(f"warning/{group}", cells)[: math.ceil(lines * rule.share)]
        drawn += [cells[key] for key in keys]
    return drawn


# -- interventions -----------------------------------------------------------------------------------------


def _interventions(urn: Urn, groups: Groups) -> list[MonitoringCell]:
    picks = _responses(urn, groups)
    gazes = [
        sorted({cell.labels[3] for cell in groups[group][response] if cell.gaze is not None})
        for group, response in picks
    ]
    matched = _distinct(urn, [group for group, _ in picks], gazes)
    cells = []
    for i, (group, response) in enumerate(picks):
        candidates = {cell.key: cell for cell in groups[group][response]}
        if i in matched:
            candidates = {
                key: cell for key, cell in candidates.items() if cell.labels[3] == matched[i]
            } or candidates
        cells.append(candidates[urn.ranked("cell", candidates)[0]])
    return cells


def _responses(urn: Urn, groups: Groups) -> list[tuple[str, str]]:
    """Return which movement types are tested, and with which response: both responses about equally often."""
    rule = layout().draw.interventions
    open_groups = {
        group: [response for response in rule.responses if responses.get(response)]
        for group, responses in groups.items()
        if not group.startswith(f"{_NON_TRANSIENT}/")
    }
    open_groups = {group: claimed for group, claimed in open_groups.items() if claimed}
    counts = dict.fromkeys(rule.responses, 0)
    picks: list[tuple[str, str]] = []

    def fewest(claimed: Sequence[str]) -> str:
        ranked = urn.ranked(f"balance/{len(picks)}", claimed)
        return min(ranked, key=lambda response: counts[response])

    def pick(group: str, response: str) -> None:
        picks.append((group, response))
        counts[response] += 1
        del open_groups[group]

    first = [group for group in urn.ranked("group", open_groups) if group.split("/")[1] == rule.first]
    for group in [group for group in first if len(open_groups[group]) == 1]:
        pick(group, open_groups[group][0])
    for group in [group for group in first if group in open_groups]:
        pick(group, fewest(open_groups[group]))
    while len(picks) < rule.most and open_groups:
        response = fewest(rule.responses)
        ranked = urn.ranked("group", open_groups)
        claiming = [group for group in ranked if response in open_groups[group]]
        if not claiming:
            break
        pick(claiming[0], response)
    for group in urn.ranked("group", open_groups):
        if len(picks) < rule.most:
            pick(group, fewest(open_groups[group]))
    return picks


def _distinct(urn: Urn, names: Sequence[str], choices: Sequence[Sequence[str]]) -> dict[int, str]:
    """Return a choice for as many of the named as can each have one of their own (a greatest matching)."""
    taken: dict[str, int] = {}

    def seek(i: int, seen: set[str]) -> bool:
        for choice in urn.ranked(f"gaze/{names[i]}", choices[i]):
            if choice in seen:
                continue
            seen.add(choice)
            if choice not in taken or seek(taken[choice], seen):
                taken[choice] = i
                return True
        return False

    for i in range(len(names)):
        seek(i, set())
    return {i: choice for choice, i in taken.items()}


# -- non-transient states, scenarios, noise ----------------------------------------------------------------


def _non_transient(urn: Urn, colours: Colours) -> list[MonitoringCell]:
    rule = layout().draw.non_transient
    claimed = {cell.key: cell for cell in monitoring_cells() if colours.get(cell.name) == GREEN}
    keys = [key for key in rule.each if key in claimed]
    keys += urn.ranked("one of", [key for key in rule.one_of if key in claimed])[:1]
    return sorted((claimed[key] for key in keys), key=lambda cell: cell.place)


def _scenario(urn: Urn, purpose: str) -> str:
    rule = layout().draw.scenarios.forward
    kind = urn.ranked(f"{purpose}/kind", rule.kinds)[0]
    location = urn.ranked(f"{purpose}/location", [str(location) for location in rule.locations])[0]
    speed = urn.ranked(f"{purpose}/speed", [str(speed) for speed in rule.speeds])[0]
    return rule.text.format(kind=kind, location=location, speed=speed, target=rule.kinds[kind])


def _scenario_of(cell: MonitoringCell, forward: str) -> str | None:
    rule = layout().draw.scenarios
    if cell.response in rule.forward.responses:
        return forward
    return rule.lane.text if cell.response in rule.lane.responses else None


def _noise(urn: Urn, cells: Sequence[MonitoringCell], functional: Sequence[str]) -> dict[str, str]:
    """Return the noise variables of drawn tests, by the key of their cell."""
    rule = layout().draw.noise
    variables = [variable for variable in rule.variables if variable in functional]
    if not variables:
        return {}
    found: dict[str, str] = {}

    def put(purpose: str, tests: Sequence[str], most: int) -> None:
        ranked = urn.ranked(f"{purpose}/variable", variables)
        for i, key in enumerate(tests[:most]):
            found[key] = ranked[i % len(ranked)]

    for table in _tables():
        own = {cell.key: cell for cell in cells if cell.table == table}
        ranked = urn.ranked(f"noise/{table}", own)
        ranked.sort(key=lambda key: own[key].group in rule.last_resort)
        put(f"noise/{table}", ranked, rule.each_table)
    for most, tasks in rule.non_transient.items():
        own = {cell.key: cell for cell in cells if cell.table == _NON_TRANSIENT and cell.task in tasks}
        purpose = f"noise/{'+'.join(tasks)}"
        put(purpose, urn.ranked(purpose, own), most)
    return found


def _targets(urn: Urn, points: Colours) -> dict[str, str]:
    """Return the additional target of each tested point of the scenario that has one, shared equally."""
    rule = layout().draw.additional_target
    tested = [
        point.fact
        for scenario in acc_scenarios()
        if scenario.key == rule.scenario
        for point in scenario.points
        if points.get(point.fact) in layout().acc.tested
    ]
    first, second = rule.words
    ranked = urn.ranked("target", tested)
    return {fact: first if i < len(ranked) // 2 else second for i, fact in enumerate(ranked)}


def tested_points(points: Colours) -> list[tuple[AccScenario, list[int]]]:
    """Return the scenarios with the tested points of each, by their place in the matrix."""
    return [
        (
            scenario,
            [i for i, point in enumerate(scenario.points) if points.get(point.fact) in layout().acc.tested],
        )
        for scenario in acc_scenarios()
    ]
