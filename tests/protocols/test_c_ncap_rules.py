"""C-NCAP: criteria, driver assistance and emergency braking by hand; what every file must say."""

from __future__ import annotations

import re

import pytest

from carindex.rating import load_protocol

from .c_ncap import ALL, OCCUPANT, PLANS, rating


@pytest.fixture(scope="module")
def plans():
    return PLANS


# -- criteria --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("edition", "facts", "path", "points"),
    [
        # WorldSID rib 39 mm of 28/50: (50 - 39) / 22 * 4 = 2.0
        ("c-ncap-2021", {"side_aemdb_50/driver/worldsid_50m/rib_deflection": 39}, "side_impact/front_row/chest", 2.0),
        ("c-ncap-2024", {"side_scmdb_60/driver/worldsid_50m/rib_deflection": 28}, "side_impact/front_row/chest", 4.0),
        ("c-ncap-2024", {"side_scmdb_60/driver/worldsid_50m/rib_deflection": 50}, "side_impact/front_row/chest", 0.0),
        # pubic force 2.25 kN of 1.7/2.8: half of 4; SID-IIs pelvis 4.5 kN of 3.5/5.5: half of 1
        ("c-ncap-2021", {"side_pole_oblique_32/driver/worldsid_50m/pubic_force": 2250}, "side_pole_impact/front_row/pelvis", 2.0),
        ("c-ncap-2018", {"side_aemdb_50/rear_left/sid_iis/pelvic_force": 4500}, "side_impact/second_row/pelvis", 0.5),
        # child neck 2.1975 kN of 1.555/2.840: half of 1
        ("c-ncap-2021", {"frontal_full_width_rigid_50/rear_right/q3/neck_tension": 2197.5}, "full_width_frontal_impact/second_row_child/neck", 0.5),
        # rear neck: tension 2.16 kN of 1.7/2.62 is half, shear 1.2 kN and 36 Nm cost nothing; 0.4 points
        ("c-ncap-2021", {f"frontal_full_width_rigid_50/rear_left/h3_05f/{k}": v for k, v in (("neck_tension", 2160), ("neck_shear", 1200), ("neck_extension", 36))}, "full_width_frontal_impact/second_row/neck", 0.2),
        # rear chest 35.5 mm of 23/48: half of 2
        ("c-ncap-2018", {"frontal_odb_64/rear_left/h3_05f/chest_deflection": 35.5}, "offset_frontal_impact/second_row/chest", 1.0),
        ("c-ncap-2024", {"frontal_full_width_rigid_55/rear_left/h3_05f/chest_deflection": 35.5}, "full_width_frontal_impact/second_row/chest", 1.0),
        # NIC 19 of 8/30: half of 2
        ("c-ncap-2018", {"rear_whiplash_delta_v_20/driver/biorid_2/nic": 19}, "whiplash/front_row/nic", 1.0),
    ],
)  # fmt: skip
def test_criteria_by_hand(plans, edition, facts, path, points):
    assert rating(plans[edition], **facts).node(f"{OCCUPANT}/{path}").score == pytest.approx(points, abs=1e-9)


def frontal(driver, passenger, *, test="frontal_full_width_rigid_50", dummy="h3_50m"):
    facts = {f"{test}/driver/{dummy}/{k}": v for k, v in driver.items()}
    return facts | {f"{test}/front_passenger/{dummy}/{k}": v for k, v in passenger.items()}


def test_the_worse_of_driver_and_passenger_counts(plans):
    good = {"hic36": 300, "head_a3ms": 50}
    # HIC36 825 of 650/1000 is half; 3 ms 84 g of 72/88 a quarter: 5 * 0.25 = 1.25
    for one, other in ((good, {"hic36": 825, "head_a3ms": 84}), ({"hic36": 825, "head_a3ms": 84}, good)):
        rated = rating(plans["c-ncap-2018"], **frontal(one, other))
        assert rated.node(f"{OCCUPANT}/full_width_frontal_impact/front_row/head").score == pytest.approx(1.25)


def test_lower_leg_by_hand(plans):
    fine = {f"tibia_{what}_{side}": 0 for what in ("index", "force") for side in ("left", "right")}
    # right index 0.85 of 0.4/1.3 is half, left force 3.5 kN of 2/8 three quarters: half of 2 points in the full-width test
    facts = frontal(fine, {**fine, "tibia_index_right": 0.85, "tibia_force_left": 3500})
    assert rating(plans["c-ncap-2018"], **facts).node(f"{OCCUPANT}/full_width_frontal_impact/front_row/lower_leg").score == pytest.approx(1.0)  # fmt: skip


def test_thigh_is_full_up_to_the_higher_limits_and_open_above(plans):
    path = f"{OCCUPANT}/full_width_frontal_impact/front_row/thigh"
    fine = {"femur_left": -3800, "femur_right": -1000, "knee_slider_left": 6, "knee_slider_right": 0}
    assert rating(plans["c-ncap-2018"], **frontal(fine, fine)).node(path).score == 2
    for more in ({"femur_left": -3801}, {"knee_slider_left": 6.1}):
        node = rating(plans["c-ncap-2018"], **frontal(fine, {**fine, **more})).node(path)
        assert (node.lower, node.upper) == (0, 2)


def test_a_dummy_beyond_an_extreme_limit_has_no_points(plans):
    """The published pole test of 2021: 9.502 points of the regions became 0.000 because of the chest."""
    dummy = "side_pole_oblique_32/driver/worldsid_50m"
    fine = {f"{dummy}/hic15": 300, f"{dummy}/abdomen_deflection": 40, f"{dummy}/pubic_force": 1000}
    for rib, points in ((49.9, 4 * 3 + 4 * 0.1 / 22), (50, 12), (50.1, 0)):
        rated = rating(plans["c-ncap-2021"], **fine, **{f"{dummy}/rib_deflection": rib})
        assert rated.node(f"{OCCUPANT}/side_pole_impact/front_row").score == pytest.approx(points)


def test_points_of_regions_settle_a_dummy_unless_one_has_none(plans):
    path = f"{OCCUPANT}/side_pole_impact/front_row"
    given = {f"given:{path}/{region}": 2 for region in ("head", "chest", "abdomen", "pelvis")}
    assert rating(plans["c-ncap-2021"], **given).node(path).score == 8
    node = rating(plans["c-ncap-2021"], **{**given, f"given:{path}/chest": 0}).node(path)
    assert (node.lower, node.upper) == (0, 6)  # perhaps beyond the extreme limit


def test_deductions_of_a_test(plans):
    path = f"{OCCUPANT}/offset_frontal_impact"
    given = {f"given:{path}/front_row": 14, f"given:{path}/second_row": 3, "car/single_seat_row": 0}
    for taken, points in ((0, 17), (1.5, 15.5), (18, 0)):
        rated = rating(plans["c-ncap-2018"], **given, **{"frontal_odb_64/points_deducted": taken})
        assert rated.node(path).score == points
    node = rating(plans["c-ncap-2018"], **given).node(path)
    assert (node.lower, node.upper) == (0, 17)


# -- assistance and VRU, 2024 ----------------------------------------------------------------------------
ACTIVE = "active_safety/driver_assistance"


def score(plans, path, **facts):
    node = rating(plans["c-ncap-2024"], **facts).node(path)
    return node.score if node.score is not None else (node.lower, node.upper)


@pytest.mark.parametrize(
    ("passed", "points"),
    [
        (0, 0),
        (1, 0.3),
        (5, 1.5),
        (7, 2.1),
        (8, 3),
        (9, 3),
        (10, 3),
    ],  # eight of ten and more: all; else n / 10 of 3
)
def test_false_action(plans, passed, points):
    facts = {"aeb_false_activation/scenarios/runs_passed": passed}
    assert score(plans, f"{ACTIVE}/false_action", **facts) == pytest.approx(points)


CCRS = {"aeb_20": 0, "aeb_30": 0, "aeb_40": 0, "fcw_50": 0, "fcw_60": 0, "fcw_70": 0, "fcw_80": 0}


@pytest.mark.parametrize(
    ("impacts", "points"),
    [
        ({}, 3),
        # 40 km/h hit at 20: half of weight 2 lost, 10 of 11 weights: 3 * 10 / 11
        ({"aeb_40": 20}, 3 * 10 / 11),
        # 60 hit at 45: a quarter of weight 2; above 40 km/h the series stops, 70 and 80 (1 each) have nothing: 7.5 of 11
        ({"fcw_60": 45}, 3 * 7.5 / 11),
        # 60 hit at 40: a third of weight 2, the series goes on: (11 - 4/3) of 11
        ({"fcw_60": 40}, 3 * (11 - 4 / 3) / 11),
        # 20 hit at 16: 0.2 of weight 1, reduction 4 < 5: 30 and 40 have nothing
        ({"aeb_20": 16}, 3 * (0.2 + 6) / 11),
        # at 15 the reduction is 5: 0.25 of weight 1, the series goes on
        ({"aeb_20": 15}, 3 * (11 - 0.75) / 11),
        (dict.fromkeys(CCRS, 150), 0),
    ],
)
def test_ccrs(plans, impacts, points):
    facts = {f"ccrs/{point}_km_h/v_impact": v for point, v in {**CCRS, **impacts}.items()}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrs", **facts) == pytest.approx(points)


def test_a_stopped_series_needs_no_further_points(plans):
    facts = {"ccrs/aeb_20_km_h/v_impact": 20, "ccrs/fcw_50_km_h/v_impact": 50}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrs", **facts) == 0


@pytest.mark.parametrize(("ttc", "points"), [((1.7, 1.7), 1), ((1.7, 1.69), 0.5), ((1.69, 0), 0)])
def test_ccrh(plans, ttc, points):
    facts = {f"ccrh/fcw_{v}_km_h/fcw_ttc": t for v, t in zip((80, 120), ttc, strict=True)}
    assert score(plans, f"{ACTIVE}/car_to_car/ccrh", **facts) == points


@pytest.mark.parametrize(("ttc", "impact", "points"), [(1.7, 30, 1), (1.6, 0, 1), (1.6, 1, 0.5)])
def test_scpo_by_warning_or_avoidance(plans, ttc, impact, points):
    facts = {"cccscpo/fcw_60_km_h/fcw_ttc": 2, "cccscpo/fcw_60_km_h/v_impact": 0}
    facts |= {"cccscpo/fcw_50_km_h/fcw_ttc": ttc, "cccscpo/fcw_50_km_h/v_impact": impact}
    assert score(plans, f"{ACTIVE}/car_to_car/scpo", **facts) == points


def test_ccft_and_scp(plans):
    facts = {f"ccftap/aeb_{v}_km_h/v_impact": hit for v, hit in ((10, 0), (20, 0), (30, 0.1))}
    assert score(plans, f"{ACTIVE}/car_to_car/ccft", **facts) == pytest.approx(4 / 3)
    facts = {f"cccscp/{p}_km_h/v_impact": hit for p, hit in (("aeb_30", 0), ("aeb_40", 10), ("fcw_50", 25), ("fcw_60", 60))}  # fmt: skip
    # 1 + 2 * 0.75 + 0.5 + 0 = 3 of 5, of 2 points
    assert score(plans, f"{ACTIVE}/car_to_car/scp", **facts) == pytest.approx(1.2)


def test_hmi(plans):
    facts = {"aeb_interface/not_off_by_one_short_press/check": 1, "aeb_interface/additional_warning_channel/check": 0, "aeb_interface/reusable_pretensioner/check": 1}  # fmt: skip
    assert score(plans, f"{ACTIVE}/car_to_car/hmi", **facts) == 0.75


def test_of_seven_audited_points_six_count(plans):
    path = f"{ACTIVE}/audited_options"
    given = {"ldw": 1, "tsr": 1, "isls": 1, "bsd": 2, "dow": 1, "rcta": 1}
    assert score(plans, path, **{f"given:{path}/{k}": v for k, v in given.items()}) == 6
    given["bsd"] = 0
    assert score(plans, path, **{f"given:{path}/{k}": v for k, v in given.items()}) == 5


@pytest.mark.parametrize(
    ("late", "points"), [(None, 1), ("car_30_km_h", 0), ("scooter_20_km_h", 0), ("e_bike_15_km_h", 0)]
)
def test_dow_needs_all(plans, late, points):
    facts = {
        f"door_open_warning/{who}/ttc_warning": 1.7
        for who in ("car_30_km_h", "scooter_20_km_h", "e_bike_15_km_h")
    }
    facts["door_open_warning/active_180_s/check"] = 1
    if late:
        facts[f"door_open_warning/{late}/ttc_warning"] = 1.69
    assert score(plans, f"{ACTIVE}/audited_options/dow", **facts) == points


def test_rcta_bsd_ldw_lka_elk(plans):
    sides = [
        f"{who}_{side}"
        for who in ("child_5_km_h", "scooter_20_km_h", "e_bike_15_km_h")
        for side in ("left", "right")
    ]
    facts = {f"rear_cross_traffic_alert/{who}/fcw_ttc": 1.7 for who in sides}
    assert score(plans, f"{ACTIVE}/audited_options/rcta", **facts) == 1
    facts["rear_cross_traffic_alert/child_5_km_h_left/fcw_ttc"] = 1.0
    assert score(plans, f"{ACTIVE}/audited_options/rcta", **facts) == 0
    bsd = {
        f"blind_spot_detection/{who}_{what}/check": 1
        for who in ("car", "scooter")
        for what in ("overtaking", "merging")
    }
    assert score(plans, f"{ACTIVE}/audited_options/bsd", **bsd) == 2
    assert (
        score(
            plans, f"{ACTIVE}/audited_options/bsd", **{**bsd, "blind_spot_detection/scooter_merging/check": 0}
        )
        == 1
    )
    cells = [
        *(f"straight_{s}_{v}_m_s" for s in ("left", "right") for v in ("0.6", "0.7")),
        "curve_left",
        "curve_right",
    ]
    ldw = {f"lane_departure_warning_track/{cell}/check": float(i > 1) for i, cell in enumerate(cells)}
    assert score(plans, f"{ACTIVE}/audited_options/ldw", **ldw) == pytest.approx(4 / 6)
    lka = {f"lane_keeping_track/{line}_{side}_{v}_m_s/check": float(line == "solid") for line in ("solid", "dashed") for side in ("left", "right") for v in ("0.3", "0.5")}  # fmt: skip
    assert score(plans, f"{ACTIVE}/lane_support/lka", **lka) == 1
    assert score(plans, f"{ACTIVE}/lane_support/elk", **{"cc_elk_ovi/dashed_left_0.6_m_s/check": 1}) == 1


def test_active_rate_of_2024(plans):
    given = {ACTIVE: 18, "active_safety/headlamps": 7.5}
    # 18 / 24 * 71.4 + 7.5 / 10 * 28.6 = 53.55 + 21.45 = 75.00
    assert score(plans, "active_safety", **{f"given:{k}": v for k, v in given.items()}) == 75.0


@pytest.mark.parametrize(
    ("heads", "gazes", "rate_"),
    [
        # with head movement (weight 2): all six 100, each three 50, one all 25; without (weight 1): four, two
        ((6, 6), (4, 4), 100), ((3, 5), (4, 4), (2 * 50 + 100) / 3), ((6, 2), (0, 0), 50 / 3), ((5, 2), (4, 1), 25 / 3), ((2, 2), (1, 1), 0),
    ],
)  # fmt: skip
def test_long_distraction(plans, heads, gazes, rate_):
    facts = {}
    for kind, counts in (("head", heads), ("gaze", gazes)):
        for i, count in enumerate(counts, start=1):
            facts[f"driver_monitoring/long_distraction_{kind}/driver_{i}/runs_passed"] = count
    assert score(plans, "dms_long_distraction", **facts) == pytest.approx(rate_)


TWO = "vru_protection/emergency_braking_vru/two_wheeler"
PED = "vru_protection/emergency_braking_vru/pedestrian"


@pytest.mark.parametrize(
    ("impacts", "points"),
    [
        ((0, 0, 0), 3),
        # 40 hit at 10: 0.75 of weight 2; 60 hit at 40: reduction 20, all of weight 1: (1 + 1.5 + 1) / 4 * 3
        ((0, 10, 40), 2.625),
        # 60 hit at 40.1: reduction below 20, nothing: (1 + 2) / 4 * 3
        ((0, 0, 40.1), 2.25),
        # 20 hit at 17.5: reduction 2.5 < 3, the series stops with 0.125 of weight 1
        ((17.5, 0, 0), 3 * 0.125 / 4),
    ],
)
def test_cbnao(plans, impacts, points):
    facts = {f"cbnao/aeb_{v}_km_h/v_impact": hit for v, hit in zip((20, 40, 60), impacts, strict=True)}
    assert score(plans, f"{TWO}/cbnao_50", **facts) == pytest.approx(points)


def pedestrian(**more):
    points = {"cpla_25_day": 2, "cpla_25_night": 2, "cpnco_25": 2, "cpfao_25_day": 2, "cpfao_25_night": 2}
    points |= {"cpta_ln_50": 1, "cpta_lf_50": 1, "cpta_rf_50": 1}
    facts = {f"given:{PED}/{k}": v for k, v in (points | more).items()}
    shared = "frontal_collisions_pedestrian_cyclist"
    return facts | {f"{shared}/works_from_10_km_h/check": 1, f"{shared}/detects_walker_at_3_km_h/check": 1}


def test_pedestrian_scenarios_add_up_to_13_of_12(plans):
    """Full points everywhere are 12; anything less stays open by the one point that the notes do not explain."""
    assert score(plans, PED, **pedestrian()) == 12
    assert score(plans, PED, **pedestrian(cpnco_25=0)) == (10, 11)
    correction = {"frontal_collisions_pedestrian_cyclist/scenario_points/points_deducted": 0.5}
    assert score(plans, PED, **pedestrian(cpnco_25=0), **correction) == 10.5


@pytest.mark.parametrize("check", ["works_from_10_km_h", "detects_walker_at_3_km_h"])
def test_pedestrian_preconditions(plans, check):
    facts = pedestrian()
    facts[f"frontal_collisions_pedestrian_cyclist/{check}/check"] = 0
    assert score(plans, PED, **facts) == 0


# -- the files -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("edition", ALL)
def test_nothing_known_spans_everything(plans, edition):
    """Without any evidence each node can have anything from nothing to all of its points."""
    for node in rating(plans[edition]).nodes:
        assert node.lower == 0, node.path
        assert node.upper == pytest.approx(node.maximum, rel=1e-12), node.path


@pytest.mark.parametrize("edition", ALL)
def test_every_rule_has_source_level_and_chinese_label(edition):
    protocol = load_protocol(edition)
    for node in protocol.nodes.values():
        assert node.source, node.path
        assert node.spec.label["zh"], node.path
        # a label without Chinese is a name that both languages share
        if not re.search(r"[\u4e00-\u9fff]", node.label["zh"]):
            assert node.label["zh"].replace("+", "") in node.label["en"] + "（）", node.path
        if node.spec.open:
            assert node.verified == "unverified", node.path
        recalled = "recalled" in node.source or "not known" in node.source or "derived" in node.source
        assert not (recalled and node.verified in ("text", "published", "oracle")), node.path


def test_maxima_add_up(plans):
    # 70 points in 2018, 86 in 2021 (24 + 24 + 24 + 7 + 3 + 4, either side test), 113 in 2024
    whole = {"c-ncap-2018": 70, "c-ncap-2021": 86 + 24, "c-ncap-2024": 113}
    for edition, points in whole.items():
        node = plans[edition].nodes[OCCUPANT].node
        weights = node.spec.weights or {}
        assert sum(weights.get(child.key, 1) * child.maximum for child in node.children) == pytest.approx(
            points
        )
    assert plans["c-ncap-2024"].nodes[ACTIVE].node.maximum == 24
    assert plans["c-ncap-2024"].nodes[TWO].node.maximum == 12
