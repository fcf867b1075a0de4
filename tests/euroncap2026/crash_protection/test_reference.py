"""The crash-protection reference against the programme's own calculator, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from .criterion import half_up
from .impact_points import cells_of
from .reference import ODDITIES, score
from .report_cells import Name, differences, filled, reference_scores, report_scores
from .structure import DATA, criteria, fact_name, occupants, rows, sheet_of, stage, sub_elements
from .workbook import UnreadableCellError, every_fact, facts_of

HERE = Path(__file__).parent / "data"
SEEDS = range(10, 26)
PELVIS_LEG, FAR_SIDE, HEAD = "vru_impact/pelvis_leg_impact", "side_impact/farside", "vru_impact/head_impact"


def case(shared: Path, seed: int) -> Path:
    return shared / f"oracle/euroncap2026/cases/case_{seed:05d}"


def official(folder: Path) -> dict[Name, Any]:
    report = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["domains"]["cp"]
    return report_scores(report)[0]


def unnested(nested: dict[str, dict[str, Any]]) -> dict[Name, Any]:
    return {(path, field): value for path, fields in nested.items() for field, value in fields.items()}


def stored(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


GOOD_FACTS, GOOD_REPORT = stored("good_car_facts.json"), unnested(stored("good_car_report.json"))
EDITED = {car["car"]: car for car in stored("edited_cars.json")}


def edited(name: str) -> dict[str, Any]:
    """Facts of an edited car."""
    facts = {**GOOD_FACTS, **EDITED[name]["facts"]}
    return {fact: value for fact, value in facts.items() if value is not None}


# ---- calculator mode -----------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_every_scoring_cell_of_a_ready_car(shared: Path, seed: int) -> None:
    facts = facts_of(case(shared, seed) / "cp_input.xlsx", "calculator")
    theirs = official(case(shared, seed))
    assert len(theirs) > 2000
    assert differences(reference_scores(facts, score(facts, "calculator")), theirs) == {}


def test_good_car() -> None:
    assert differences(reference_scores(GOOD_FACTS, score(GOOD_FACTS, "calculator")), GOOD_REPORT) == {}


@pytest.mark.parametrize("name", EDITED)
def test_edited_car(name: str) -> None:
    facts, car = edited(name), EDITED[name]
    theirs = {name: value for name, value in GOOD_REPORT.items() if name[0] not in car["absent"]} | unnested(
        car["report"]
    )
    assert differences(reference_scores(facts, score(facts, "calculator")), theirs) == {}


# ---- protocol mode -------------------------------------------------------------------------------------------------------------


def touched(facts: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Oddities that a car's facts can touch, and the beginnings of the names that each may change."""
    found: dict[str, tuple[str, ...]] = {"leg_worst_point": (PELVIS_LEG,)}
    limits = {"pubic_force": 2.8, "lumbar_shear_fy": 2, "lumbar_axial_fz": 3.5, "lumbar_moment_mx": 120}
    for test in ("farside_aemdb", "farside_pole"):
        if any(
            facts.get(f"{test}/driver/worldsid_50m/{quantity}", 0) >= limit
            for quantity, limit in limits.items()
        ):
            found["far_side_pelvis_and_lumbar"] = (FAR_SIDE,)
    for fact, value in facts.items():
        head = facts.get(f"{fact.rsplit('/', 1)[0]}/head_peak", 999)
        if fact.endswith(("/hic15", "/head_a3ms")) and half_up(head, 2) < 80 and value >= 80:
            found["cap_without_assessment"] = ("frontal_impact/", "side_impact/mdb")
    rows_of_points = {row for row, _ in cells_of(facts, "vru_headform")}
    if not all(rows_of_points & set(band) for band in (range(6), range(6, 12), range(12, 19))):
        found["headform_without_cells"] = (HEAD,)
    return found


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_protocol_differs_only_by_named_oddities(shared: Path, seed: int) -> None:
    facts = facts_of(case(shared, seed) / "cp_input.xlsx", "protocol")
    beginnings = touched(facts)
    assert beginnings.keys() <= ODDITIES.keys()
    allowed = tuple(beginning for group in beginnings.values() for beginning in group)
    for path, _ in differences(reference_scores(facts, score(facts)), official(case(shared, seed))):
        assert path.startswith(allowed), path


def test_good_car_is_the_same_by_protocol_but_for_the_legs() -> None:
    found = differences(reference_scores(GOOD_FACTS, score(GOOD_FACTS)), GOOD_REPORT)
    assert {path for path, _ in found} <= {
        PELVIS_LEG,
        *(f"{PELVIS_LEG}/lower_leg{rest}" for rest in ("", "/femur", "/knee_tibia")),
    }


def test_one_bad_leg_point_costs_its_share_by_protocol_and_everything_by_calculator() -> None:
    facts = dict(GOOD_FACTS)
    columns = sorted(column for row, column in cells_of(facts, "vru_lower_legform") if row == 1)
    for column in columns:  # every point tested and good, but one
        facts[f"vru_lower_legform/1_{column}/cell"] = "t"
        facts |= {f"vru_lower_legform/1_{column}/femur_moment_f{n}": 200 for n in (1, 2, 3)}
    facts[f"vru_lower_legform/1_{columns[0]}/femur_moment_f2"] = 500
    femur = f"{PELVIS_LEG}/lower_leg/femur"
    assert score(facts, "calculator").regions[femur].score == 0
    assert score(facts).regions[femur].score == pytest.approx(
        100 * (len(columns) - 1) / len(columns), abs=1e-5
    )


def test_far_side_modifiers_count_by_protocol() -> None:
    facts = edited(
        "farside_pelvis_lumbar"
    )  # all four at their limits, in both main tests: 4 x 25 % of 2 points, twice
    assert score(facts, "calculator").tests[FAR_SIDE] == 10
    assert score(facts).tests[FAR_SIDE] == 6


def test_what_is_not_assessed_does_not_cap_by_protocol() -> None:
    driver = "frontal_impact/offset/mpdb_50/driver"
    facts = edited("no_contact_but_hic_over_cap")
    assert score(facts, "calculator").occupants[driver].capped
    assert not score(facts).occupants[driver].capped
    assert score(facts).occupants[driver].points == 5


def test_blank_inspection_deducts_nothing_by_protocol() -> None:
    region = "frontal_impact/offset/mpdb_50/driver/head_neck"
    facts = edited("inspection_blank_region")
    assert score(facts, "calculator").regions[region].points is None
    assert score(facts).regions[region].points == 1.25


def test_missing_value_of_far_side_occupants_is_not_passed_over_by_protocol() -> None:
    facts = edited("farside_occupants_one_blank")
    assert score(facts, "calculator").tests[FAR_SIDE] == 10
    assert score(facts).tests[FAR_SIDE] == 8


def test_headform_without_child_cells_keeps_its_printed_rows_by_protocol() -> None:
    facts = edited("headform_no_child_cells")
    by_calculator, by_protocol = score(facts, "calculator"), score(facts)
    assert by_calculator.tests[HEAD] == by_protocol.tests[HEAD] > 8
    assert f"{HEAD}/adult_headform/adult" in by_calculator.zero  # this zero would keep the car at four stars
    assert by_protocol.zero == []


def test_third_row_has_its_own_angle_by_protocol() -> None:
    third = "rear_impact/whiplash/static_rear/rear_third_row/neck"
    facts = edited("static_rear_no_angle")
    assert score(facts, "calculator").regions[third].score == 50
    assert score(facts).regions[third].score == 100


# ---- four-star cap -------------------------------------------------------------------------------------------------------------


def test_critical_regions_without_points() -> None:
    assert score(GOOD_FACTS).zero == []
    assert set(score(edited("regions_zero"), "calculator").zero) == {
        "frontal_impact/fw/fwdb_35/driver/chest_abdomen",
        "side_impact/mdb/aemdb_60/driver/pelvis",
        "side_impact/farside/pole_32/driver_and_front_passenger/head",
    }
    # a lower leg is not critical, and a dummy that is capped without a region at zero is not either
    assert score(edited("lower_leg_offset_zero")).zero == []
    assert score(edited("pole_direct_contact"), "calculator").zero == []


# ---- reading a workbook --------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(
    ("sheet", "cell", "text"),
    [
        ("CP - Frontal Offset", "J3", "abc"),
        ("CP - Frontal Offset", "I3", "Purple"),
        ("CP - Frontal Offset", "J8", "low"),
        ("CP - Side Farside", "I9", "Brown"),
        ("CP - Side Pole", "J5", "perhaps"),
        ("CP - Rear Whiplash", "I41", "maybe"),
        ("CP - Body region scores", "I2", "none at all"),
        ("Input parameters", "E7", "sometimes"),
        ("CP - VRU Head Impact", "J2", "Purple"),
        ("CP - VRU Pelvis & Leg Impact", "K2", "high"),
    ],
)
def test_unreadable_cell_is_refused_with_its_place(
    shared: Path, tmp_path: Path, sheet: str, cell: str, text: str
) -> None:
    book = openpyxl.load_workbook(case(shared, 20) / "cp_input.xlsx")
    book[sheet][cell] = text
    book.save(tmp_path / "cp_input.xlsx")
    with pytest.raises(UnreadableCellError) as refused:
        facts_of(tmp_path / "cp_input.xlsx")
    assert all(word in str(refused.value) for word in ("cp_input.xlsx", sheet, cell, text))


@pytest.mark.shared
def test_the_calculator_reads_text_in_a_criterion_as_zero(shared: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(case(shared, 20) / "cp_input.xlsx")
    book["CP - Frontal Offset"]["J3"] = "abc"
    book["CP - Frontal Offset"]["J5"] = None
    book.save(tmp_path / "cp_input.xlsx")
    facts = facts_of(tmp_path / "cp_input.xlsx", "calculator")
    assert facts["frontal_mpdb_50/driver/thor_50m/hic15"] == 0
    assert "frontal_mpdb_50/driver/thor_50m/neck_shear" not in facts


# ---- the data ------------------------------------------------------------------------------------------------------------------


@pytest.mark.shared
def test_limits_are_those_that_the_sheets_print(shared: Path) -> None:
    report = json.loads((case(shared, 10) / "expected.json").read_text(encoding="utf-8"))["domains"]["cp"]
    nodes = {}
    for path in sub_elements():
        for dummy in occupants(path):
            for node in [*criteria(dummy), *dummy.get("capping_only", {}).values()]:
                nodes[node["path"]] = node["criterion"]
    seen = 0
    for path in sub_elements():
        sheet = sheet_of(path)
        if path.startswith("vru_impact"):
            continue
        for row in filled(report[sheet], ("Loadcase", "Seat position", "Dummy", "Body region")):
            rule = rows()[
                (sheet, *(row[n] for n in ("Loadcase", "Seat position", "Dummy", "Body region", "Criteria")))
            ]
            printed = (row["HPL"], row["LPL"], row.get("Capping"))
            if rule.kind != "criterion":
                assert printed == (None, None, None)
                continue
            written = nodes[rule.path]
            if "limit" not in written:
                limits = tuple(written.get("limits", (None, written.get("gate"))))
                assert (*limits, written.get("cap")) == printed, rule.path
                seen += 1
    assert seen > 300


def test_maxima_add_up_at_every_level() -> None:
    assert sum(element["points"] for element in stage()["children"].values()) == stage()["points"] == 100
    for element in stage()["children"].values():
        assert sum(test["points"] for test in element["children"].values()) == element["points"]
    for path, test in sub_elements().items():
        if path == HEAD:
            continue
        assert sum(dummy["points"] for dummy in occupants(path)) == pytest.approx(test["points"], abs=1e-8), (
            path
        )
        for dummy in occupants(path):
            regions = sum(region["points"] for region in dummy["children"].values())
            assert regions == pytest.approx(dummy["points"], abs=1e-8), dummy["path"]


def test_every_printed_row_has_a_fact_of_its_own() -> None:
    facts = [row.fact for row in rows().values()]
    assert len(facts) == len(set(facts)) == 375


def test_no_key_of_a_file_is_written_twice() -> None:
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), (node.start_mark, keys)
        return loader.construct_mapping(node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    files = sorted(DATA.glob("*.yaml"))
    assert len(files) == 13
    for file in files:
        yaml.load(file.read_text(encoding="utf-8"), Strict)


def test_labels_are_in_both_languages() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "label" in node:
                assert node["label"].keys() == {"en", "zh"}
                assert all(node["label"].values())
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(stage())


def test_conditions_name_nodes_that_exist() -> None:
    virtual = sub_elements()["frontal_impact/sled_vt"]["children"]["virtual_high"]["children"]["driver"][
        "children"
    ]
    steps = virtual["lower_leg_foot_ankle"]["ladder"][0]["when"]["all"][0]["negate"]["any"]
    known = {
        region["path"]
        for path in sub_elements()
        for dummy in occupants(path)
        for region in dummy["children"].values()
    }
    assert {step["node"] for step in steps} <= known
    assert len(steps) == 8


def test_fact_names_are_completed_from_the_node() -> None:
    driver = occupants("frontal_impact/offset")[0]
    assert fact_name("hic15", driver) == "frontal_mpdb_50/driver/thor_50m/hic15"
    assert fact_name("car/third_seat_row", driver) == "car/third_seat_row"


@pytest.mark.shared
def test_every_input_of_a_workbook_is_in_the_list_of_facts(shared: Path) -> None:
    names = every_fact()
    assert len(names) == len(set(names))
    for seed in (10, 15, 23):
        assert facts_of(case(shared, seed) / "cp_input.xlsx").keys() <= set(names)
    assert GOOD_FACTS.keys() <= set(names)
