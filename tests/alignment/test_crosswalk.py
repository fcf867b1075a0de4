"""Crosswalks: what stands in a cell is what the protocol says; a protocol that is added is in them."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest
from click.testing import CliRunner
from tests.alignment.small_protocols import leaf, written

from carindex.alignment.crosswalk import crosswalk
from carindex.alignment.items import Item, Limits, items_of
from carindex.cli.main import app
from carindex.messages import InputError
from carindex.rating import available_protocols
from carindex.rating.compiled import compiled


def _cells(protocols: list[str], item: Item) -> dict:
    made = crosswalk([compiled(name) for name in protocols])
    return next(dict(row.cells) for row in made.rows if row.item == item)


def test_a_cell_says_limits_points_and_share_of_the_protocol_file() -> None:
    item = Item("frontal_mpdb_50", "driver", "thor_50m", "hic15")
    cells = _cells(["euro-ncap-2023", "euro-ncap-2026", "us-ncap-2011"], item)
    (use,) = cells["euro-ncap-2023"].uses
    assert (use.limits.best, use.limits.worst, use.limits.cap, use.points) == (500.0, 700.0, 700.0, 4.0)
    assert use.share == pytest.approx(0.4 * 2 / 40)
    (use,) = cells["euro-ncap-2026"].uses
    assert (use.limits.best, use.limits.worst, use.limits.cap, use.points) == (500.0, 700.0, 700.0, 1.25)
    assert use.share == pytest.approx(1.25 / 400)
    assert cells["euro-ncap-2023"].standing == cells["euro-ncap-2026"].standing == "same"
    assert cells["us-ncap-2011"].standing == "none"


def test_a_modifier_in_per_cent_of_a_region_is_said_in_points() -> None:
    item = Item("frontal_mpdb_50", "driver", "thor_50m", "damage")
    (use,) = _cells(["euro-ncap-2026", "c-ncap-2024"], item)["euro-ncap-2026"].uses
    # 40 % of 1.25 points
    assert (use.kind, use.limits.best, use.limits.worst, use.points) == ("deduct", 0.42, 0.47, 0.5)


def test_related_evidence_stands_in_the_cell_with_its_reason() -> None:
    item = Item("full_width_rigid_56", "driver", "h3_50m", "hic15")
    cells = _cells(["us-ncap-2011", "c-ncap-2024"], item)
    cell = cells["c-ncap-2024"]
    assert (cell.standing, cell.errs) == ("indicative", "cautious")
    assert cell.counterpart == Item("frontal_full_width_rigid_55", "driver", "h3_50m", "hic15")
    assert "5 %" in cell.links[0].reason["en"]
    assert cells["us-ncap-2011"].standing == "only"


def test_same_is_said_of_shared_facts_and_of_nothing_else() -> None:
    plans = [compiled(name) for name in available_protocols()]
    asked = {plan.protocol.id: set(plan.facts) for plan in plans}
    for row in crosswalk(plans).rows:
        fact = row.item.fact
        for name, cell in row.cells.items():
            if fact is None or not cell.uses:
                continue
            sharing = [other for other in asked if other != name and row.cells[other].uses]
            assert (cell.standing == "same") == bool(sharing), (row.item, name)
            assert all(str(fact) in asked[other] for other in (name, *sharing))


def test_scenarios_of_one_name_that_share_no_cell_are_not_the_same() -> None:
    cells = _cells(["c-ncap-2024", "euro-ncap-2026"], Item("ccrs"))
    assert {cell.standing for cell in cells.values()} == {"alike"}
    assert not set(compiled("c-ncap-2024").facts) & {
        name for name in compiled("euro-ncap-2026").facts if name.startswith("ccrs/")
    }


def test_limits_of_a_row_are_in_one_unit() -> None:
    assert Limits(2.7, 3.3, 3.3, "kN").within("N") == Limits(2700.0, 3300.0, 3300.0, "N")
    made = crosswalk([compiled("euro-ncap-2023"), compiled("c-ncap-2024")], "neck")
    units = {row.item.test: row.unit for row in made.rows if row.item.quantity == "neck_tension"}
    assert units["frontal_mpdb_50"] == "kN"  # as the protocols write it
    assert units["rear_whiplash_mid"] == "N"


def test_a_new_protocol_stands_in_the_crosswalk(tmp_path) -> None:
    context = {
        "test": "full_width_rigid_56",
        "occupant": "driver",
        "dummy": "h3_50m",
        "label": {"en": "Car", "zh": "整车"},
    }
    children = {"head": leaf("head", "hic15", 6, (300, 900)), "neck": leaf("neck", "neck_tension", 2, (2, 4))}
    children["neck"]["scale"]["unit"] = "kN"
    plan = written(tmp_path, "invented", {**context, "combine": "sum", "children": children})
    made = crosswalk([compiled("us-ncap-2011"), plan])
    row = next(row for row in made.rows if row.item.quantity == "hic15" and row.item.seat == "driver")
    assert row.cells["us-ncap-2011"].standing == row.cells["invented"].standing == "same"
    (use,) = row.cells["invented"].uses
    assert (use.limits.best, use.limits.worst, use.points, use.share) == (300, 900, 6, 0.75)


@pytest.mark.parametrize(
    ("english", "chinese"), [("Head", "头部"), ("chest", "胸部"), ("side", "侧面碰撞"), ("HIC15", "hic15")]
)
def test_topics_in_both_languages(english: str, chinese: str) -> None:
    plans = [compiled("euro-ncap-2023"), compiled("c-ncap-2024")]
    first, second = ({row.item for row in crosswalk(plans, topic).rows} for topic in (english, chinese))
    assert first
    assert first & second
    everything = crosswalk(plans).rows
    assert len(first) < len(everything)


def test_an_unknown_topic_names_known_ones() -> None:
    with pytest.raises(InputError, match="head"):
        crosswalk([compiled("us-ncap-2011")], "upholstery")


def test_every_measured_fact_of_every_protocol_is_in_its_items() -> None:
    for name in available_protocols():
        plan = compiled(name)
        items = items_of(plan)
        for node_plan in plan.nodes.values():
            for rule in (node_plan.node.spec.scale, node_plan.node.spec.criterion, node_plan.node.spec.risk):
                if rule is None or node_plan.node.test is None or "/" in rule.fact:
                    continue
                found = [item for item in items if item.test == node_plan.node.test]
                assert any(item.quantity in (rule.fact, None) for item in found), (name, node_plan.node.path)


def test_the_command_writes_json_csv_and_a_page(tmp_path) -> None:
    files = {kind: tmp_path / f"out.{kind}" for kind in ("json", "csv", "html")}
    arguments = ["align", "crosswalk", "-p", "us-ncap-2011", "-p", "c-ncap-2024", "--topic", "head"]
    for kind, file in files.items():
        arguments += [f"--{kind}", str(file)]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    document = json.loads(files["json"].read_text("utf-8"))
    lines = list(csv.DictReader(StringIO(files["csv"].read_text("utf-8"))))
    page = files["html"].read_text("utf-8")
    row = next(row for row in document["rows"] if row["item"] == "full_width_rigid_56/driver/h3_50m/hic15")
    assert row["cells"]["c-ncap-2024"]["counterpart"] == "frontal_full_width_rigid_55/driver/h3_50m/hic15"
    assert document["tests"]["full_width_rigid_56"]["speed"] == 56.3
    told = [line for line in lines if line["item"] == row["item"]]
    assert {(line["protocol"], line["standing"]) for line in told} == {
        ("us-ncap-2011", "only"),
        ("c-ncap-2024", "indicative"),
    }
    assert 'data-item="full_width_rigid_56/driver/h3_50m/hic15"' in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(("width", "language"), [("100", "en"), ("140", "zh")])
def test_the_terminal_shows_it(width: str, language: str, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    protocols = ["euro-ncap-2023", "c-ncap-2024", "us-ncap-2011", "c-ncap-2021"]
    arguments = [
        "align",
        "crosswalk",
        *(part for name in protocols for part in ("-p", name)),
        "--topic",
        "chest",
    ]
    ran = CliRunner().invoke(app, [*arguments, "--lang", language])
    assert ran.exit_code == 0, ran.output
    assert "35 … 60 mm" in ran.output
    assert max(map(len, ran.output.splitlines())) <= int(width)
