"""Tables of cars: the same rating as one by one, nothing lost, every refused cell named."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carindex.campaign.batch import memory_size, rate_table
from carindex.campaign.imports import write_facts
from carindex.dossier import read_facts
from carindex.dossier.published import import_table
from carindex.messages import InputError
from carindex.rating import compile_protocol, load_protocol, rate

SAMPLE = Path(__file__).parents[1] / "protocols" / "data" / "safercar_sample.csv"
HIC = "full_width_rigid_56/driver/h3_50m/hic15"
TENSION = "full_width_rigid_56/driver/h3_50m/neck_tension"
FEMUR = "full_width_rigid_56/driver/h3_50m/femur_left"
TIP = "rollover_resistance/tip_up"


@pytest.fixture(scope="module")
def plan():
    return compile_protocol(load_protocol("us-ncap-2011"))


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    path = tmp_path_factory.mktemp("facts") / "facts.csv"
    write_facts(import_table("safercar", SAMPLE), path)
    return path


def rows_of(path):
    if path.suffix == ".parquet":
        return [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in pq.read_table(path).to_pylist()
        ]
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def write(path, header, *rows, delimiter=","):
    lines = [delimiter.join(header), *(delimiter.join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("source", ["facts.csv", "facts.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
def test_every_car_is_rated_as_it_is_alone(plan, facts, tmp_path, source, target):
    if source.endswith("parquet"):
        write_facts(import_table("safercar", SAMPLE), tmp_path / source)
        table = tmp_path / source
    else:
        table = facts
    result = rate_table(plan, table, tmp_path / target)
    rows = rows_of(tmp_path / target)
    assert result.cars == len(rows) == len(rows_of(facts))
    assert result.final == sum(row["stars"] != "" for row in rows)
    for row in rows[::7]:
        alone = rate(plan, read_facts(facts, row["car"]).facts)
        assert row["stars"] == ("" if alone.root.outcome is None else str(alone.root.outcome))
        assert int(row["stars_lower"]) == alone.root.outcome_lower
        assert int(row["stars_upper"]) == alone.root.outcome_upper
        for node in alone.nodes:
            if f"score:{node.path}" in row:
                cell = row[f"score:{node.path}"]
                assert bool(cell) == (node.score is not None)
                assert not cell or float(cell) == pytest.approx(node.score, rel=1e-12)
            if node.path and f"stars:{node.path}" in row:
                assert row[f"stars:{node.path}"] == ("" if node.outcome is None else str(node.outcome))
        if alone.missing:
            assert "not known" in row["findings"]
        else:
            assert row["findings"] == ""


def test_published_outcomes_pass_through_unchanged(plan, facts, tmp_path):
    rate_table(plan, facts, tmp_path / "out.csv")
    original = list(csv.DictReader(SAMPLE.read_text("utf-8").splitlines()))
    for row, source in zip(rows_of(tmp_path / "out.csv"), original, strict=True):
        assert row["published:"] == source["OVERALL_STARS"]
        assert row["published:frontal/driver"] == source["FRNT_DRIV_STARS"]
        assert row["published:side_barrier"] == source["SIDE_BARRIER_STAR"]


def test_small_memory_gives_the_same_bytes(plan, facts, tmp_path):
    header, *body = facts.read_text("utf-8").splitlines()
    long = tmp_path / "long.csv"
    long.write_text("\n".join([header, *body * 100]) + "\n", "utf-8")
    rate_table(plan, long, tmp_path / "small.csv", memory=256 << 20)
    rate_table(plan, long, tmp_path / "large.csv", memory=4 << 30)
    small, large = rows_of(tmp_path / "small.csv"), rows_of(tmp_path / "large.csv")
    assert len(small) == len(large) == 100 * len(body)
    for one, other in zip(small, large, strict=True):
        for name in one:
            if name.startswith("score:") and one[name]:
                # exp and pow of an array may differ in the last place with the place in the array
                assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-14)
            else:
                assert one[name] == other[name]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        (HIC, "abc", ("abc", "a number")),
        (HIC, "-5", ("-5", "0")),
        (HIC, "inf", ("inf", "finite")),
        (HIC, "1,5", ("1,5", "a number")),
        (FEMUR, "1923", ("1923", "-inf")),
        (TIP, "perhaps", ("perhaps", "no, yes")),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_and_counts_as_unknown(
    plan, facts, tmp_path, column, cell, words
):
    rows = rows_of(facts)[:3]
    clean = write(tmp_path / "clean.csv", rows[0], *([f'"{v}"' for v in row.values()] for row in rows))
    rows[1][column] = cell
    dirty = write(tmp_path / "dirty.csv", rows[0], *([f'"{v}"' for v in row.values()] for row in rows))
    rows[1][column] = ""
    empty = write(tmp_path / "empty.csv", rows[0], *([f'"{v}"' for v in row.values()] for row in rows))
    for path in (clean, dirty, empty):
        rate_table(plan, path, path.with_suffix(".out.csv"))
    got = rows_of(dirty.with_suffix(".out.csv"))
    unknown = rows_of(empty.with_suffix(".out.csv"))
    assert column in got[1]["findings"]
    assert all(word in got[1]["findings"] for word in words)
    for name in got[1]:
        if name != "findings":
            assert got[1][name] == unknown[1][name]
    clean_rows = rows_of(clean.with_suffix(".out.csv"))
    assert got[0] == clean_rows[0]
    assert got[2] == clean_rows[2]


def test_units_in_brackets(plan, facts, tmp_path):
    rows = rows_of(facts)[:4]
    plain = write(tmp_path / "plain.csv", rows[0], *([f'"{v}"' for v in row.values()] for row in rows))
    header = [f"{name} [kN]" if name == TENSION else name for name in rows[0]]
    for row in rows:
        row[TENSION] = str(float(row[TENSION]) / 1000) if row[TENSION] else ""
    kilo = write(tmp_path / "kilo.csv", header, *([f'"{v}"' for v in row.values()] for row in rows))
    for path in (plain, kilo):
        rate_table(plan, path, path.with_suffix(".out.csv"))
    for one, other in zip(*(rows_of(p.with_suffix(".out.csv")) for p in (plain, kilo)), strict=True):
        assert one["stars"] == other["stars"]
        if one["score:frontal/driver"]:
            assert float(one["score:frontal/driver"]) == pytest.approx(float(other["score:frontal/driver"]))


def test_a_line_with_too_few_cells_stays_in_the_output(plan, tmp_path):
    table = write(
        tmp_path / "t.csv", ["car", HIC, TIP], ["one", "100", "no"], ["two", "100"], ["three", "", "no"]
    )
    result = rate_table(plan, table, tmp_path / "out.csv")
    rows = {row["car"]: row for row in rows_of(tmp_path / "out.csv")}
    assert set(rows) == {"one", "two", "three"}
    assert rows["two"]["stars_lower"] == ""
    assert "2 cells" in rows["two"]["findings"]
    assert [finding.code for finding in result.findings] == ["dossier.row_not_read"]


def test_only_unreadable_lines(plan, tmp_path):
    table = write(tmp_path / "t.csv", ["car", HIC, TIP], ["one", "100"])
    rate_table(plan, table, tmp_path / "out.csv")
    (row,) = rows_of(tmp_path / "out.csv")
    assert row["car"] == "one"
    assert "2 cells" in row["findings"]


def test_unknown_columns_are_said_and_left(plan, tmp_path):
    table = write(tmp_path / "t.csv", ["car", HIC, "colour"], ["one", "100", "red"])
    result = rate_table(plan, table, tmp_path / "out.csv")
    assert [(f.code, f.severity) for f in result.findings] == [("dossier.column_not_used", "warning")]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["name", HIC], "campaign.no_car_column"),
        (["car", "colour"], "campaign.no_fact_column"),
        (["car", HIC, HIC], "dossier.column_twice"),
        (["car", HIC, f"{HIC} [1]"], "dossier.column_twice"),
        (["car", f"{TENSION} [mm]"], "dossier.unit_does_not_fit"),
    ],
)
def test_tables_that_cannot_be_used(plan, tmp_path, header, code):
    table = write(tmp_path / "t.csv", header, ["1"] * len(header))
    with pytest.raises(InputError) as error:
        rate_table(plan, table, tmp_path / "out.csv")
    assert error.value.code == code


def test_files_that_are_no_tables(plan, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text(f"car,{HIC}\n")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "not.parquet").write_text("car,x\n")
    for name in ("empty.csv", "header.csv", "binary.csv", "not.parquet", "absent.csv"):
        with pytest.raises(InputError):
            rate_table(plan, tmp_path / name, tmp_path / "out.csv")
    good = write(tmp_path / "t.csv", ["car", HIC], ["one", "100"])
    with pytest.raises(InputError):
        rate_table(plan, good, tmp_path / "out.xlsx")


def test_semicolons_tabs_and_byte_order_marks(plan, tmp_path):
    expected = None
    for delimiter in (",", ";", "\t"):
        table = write(tmp_path / "t.csv", ["car", HIC, TIP], ["one", "100", "yes"], delimiter=delimiter)
        table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
        rate_table(plan, table, tmp_path / "out.csv")
        rows = rows_of(tmp_path / "out.csv")
        expected = expected or rows
        assert rows == expected


@pytest.mark.parametrize(("text", "size"), [("512M", 512 << 20), ("2g", 2 << 30), ("1.5 GiB", 3 << 29)])
def test_memory_sizes(text, size):
    assert memory_size(text) == size


@pytest.mark.parametrize("text", ["", "lots", "1K", "-2G"])
def test_memory_sizes_that_are_none(text):
    with pytest.raises(InputError):
        memory_size(text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.text(max_size=8), min_size=3, max_size=3))
def test_whatever_stands_in_the_cells_every_car_comes_out(plan, tmp_path, cells):
    table = pa.table({"car": ["one"], HIC: [cells[0]], TIP: [cells[1]], FEMUR: [cells[2]]})
    pq.write_table(table, tmp_path / "t.parquet")
    rate_table(plan, tmp_path / "t.parquet", tmp_path / "out.parquet")
    (row,) = rows_of(tmp_path / "out.parquet")
    assert row["car"] == "one"
    assert row["stars"] == ""


def test_scores_in_per_cent_and_cars_of_other_editions(tmp_path):
    plan = compile_protocol(load_protocol("euro-ncap-2020"))
    boxes = ["adult_occupant", "child_occupant", "vulnerable_road_users", "safety_assist"]
    header = ["car", "protocol", *(f"given:{box} [%]" for box in boxes)]
    table = write(
        tmp_path / "t.csv", header,
        ["own", "euro-ncap-2020", "80", "80", "60", "70"],
        ["any", "", "79", "80", "60", "70"],
        ["words", "euro-ncap-2020", "80", "80", "60", "a lot"],
        ["too much", "euro-ncap-2020", "80", "101", "60", "70"],
        ["other", "euro-ncap-2018", "80", "80", "60", "70"],
    )  # fmt: skip
    result = rate_table(plan, table, tmp_path / "out.csv")
    assert (result.cars, result.final, result.others) == (5, 2, 1)
    rows = {row["car"]: row for row in rows_of(tmp_path / "out.csv")}
    assert {car: row["stars"] for car, row in rows.items()} == {
        "own": "5", "any": "4", "words": "", "too much": "", "other": ""}  # fmt: skip
    assert rows["own"]["score:adult_occupant"] == "30.4"  # 80 % of 38 points
    assert rows["other"]["stars_lower"] == rows["other"]["score:"] == ""
    for car, said in (("words", "a lot"), ("too much", "101"), ("other", "euro-ncap-2018")):
        assert said in rows[car]["findings"]


def test_a_draft_rates_the_cars_of_the_edition_that_it_changes(tmp_path):
    draft = tmp_path / "draft"
    draft.mkdir()
    (draft / "protocol.yaml").write_text("id: my-draft\nextends: euro-ncap-2018\n")
    plan = compile_protocol(load_protocol(draft))
    table = write(
        tmp_path / "t.csv", ["car", "protocol", "given:adult_occupant"],
        ["a", "euro-ncap-2018", "30"], ["b", "euro-ncap-2020", "30"], ["c", "my-draft", "30"],
    )  # fmt: skip
    assert rate_table(plan, table, tmp_path / "out.csv").others == 1
