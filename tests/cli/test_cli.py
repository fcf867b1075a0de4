"""The commands as a user runs them: whole processes, their output, their exit status, their errors."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from carindex.rating import load_protocol

EXAMPLE = Path(__file__).parents[2] / "src" / "carindex" / "examples" / "toyota-camry-2018"
RECORDING = EXAMPLE / "tests" / "frontal" / "v10146.zip"
SAFERCAR = Path(__file__).parents[1] / "protocols" / "data" / "safercar_sample.csv"
PROTOCOL = "us-ncap-2011"


def run(*arguments, status=0, language="en"):
    environment = {**os.environ, "CARINDEX_LANG": language, "COLUMNS": "160"}
    program = "from carindex.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def dossier(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "car"))


def test_the_example_car_gets_its_published_stars_at_every_level(tmp_path):
    out = run("rate", EXAMPLE, "-p", PROTOCOL, "--json", tmp_path / "r.json")
    assert out.stdout == ""
    rating = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert rating["car"] == "Toyota Camry LE 2018"
    assert rating["outcome"] == {"stars": 5, "lower": 5, "upper": 5, "final": True}
    stars = {node["path"]: node["stars"] for node in rating["nodes"] if "stars" in node}
    published = set(stars)
    assert published == {"", "frontal", "frontal/driver", "frontal/passenger", "side", "side/front_seat",
                         "side/front_seat/side_barrier_driver", "side/front_seat/side_pole", "side/rear_seat",
                         "side/rear_seat/side_barrier_rear_passenger", "side_barrier", "rollover"}  # fmt: skip
    assert set(stars.values()) == {5}
    root = rating["nodes"][0]
    assert sum(loss["points"] for loss in rating["losses"]) == pytest.approx(
        root["max"] - root["score"], abs=1e-12
    )
    assert rating["missing"] == []
    head = next(node for node in rating["nodes"] if node["path"] == "frontal/driver/head")
    (hic,) = head["facts"]
    assert hic["value"] == pytest.approx(139.86, abs=0.01)
    assert "v10146.zip" in hic["from"]
    assert any(name.endswith("v10146.001") for name in rating["provenance"]["inputs"])
    assert all(len(digest) == 64 for digest in rating["provenance"]["inputs"].values())
    assert rating["provenance"]["protocol_hash"] == load_protocol(PROTOCOL).hash


def test_same_input_same_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        run("rate", EXAMPLE, "-p", PROTOCOL, "--json", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_criteria_json_to_standard_output():
    entries = json.loads(run("criteria", RECORDING, "--json", "-").stdout)
    by = {(entry["occupant"], entry["criterion"]): entry for entry in entries}
    driver, passenger = by["driver", "hic15"], by["front_passenger", "hic15"]
    assert (driver["dummy"], passenger["dummy"]) == ("h3_50m", "h3_05f")
    assert driver["value"] == pytest.approx(139.86, abs=0.005)
    assert (driver["t1"], driver["t2"]) == pytest.approx((0.0777, 0.0927))
    assert passenger["value"] == pytest.approx(334.95, abs=0.005)
    assert (passenger["t1"], passenger["t2"]) == pytest.approx((0.0678, 0.0828))
    assert by["driver", "chest_a3ms"]["value"] == pytest.approx(41.0, abs=0.05)
    assert by["driver", "femur_left"]["value"] == pytest.approx(-1923, abs=0.5)
    assert "t1" not in by["driver", "bric"]
    for entry in entries:
        assert {
            "occupant",
            "dummy",
            "criterion",
            "value",
            "unit",
            "channels",
            "filter",
            "method",
            "findings",
        } <= set(entry)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", RECORDING),
        ("inspect", EXAMPLE),
        ("criteria", RECORDING),
        ("rate", EXAMPLE, "-p", PROTOCOL, "--bounds"),
        ("explain", EXAMPLE, "-p", PROTOCOL, "--top", "3"),
        ("protocols", "list"),
        ("protocols", "show", PROTOCOL),
        ("protocols", "check"),
        ("protocols", "diff", PROTOCOL, PROTOCOL),
    ],
    ids=lambda arguments: " ".join(str(a) for a in arguments[:2]).replace(str(EXAMPLE), "car"),
)
def test_every_command_speaks_both_languages_and_no_colours_when_piped(arguments, language):
    out = run(*arguments, language=language)
    assert out.stdout.strip()
    assert "\x1b" not in out.stdout
    has_chinese = any("一" <= char <= "鿿" for char in out.stdout)
    assert has_chinese == (language == "zh")


def test_explanation_adds_up_and_names_the_cause():
    text = run("explain", EXAMPLE, "-p", PROTOCOL, "--top", "0").stdout
    assert "73 FR 40016" in text
    assert "HIC15" in text


def test_assumed_points_go_on_through_the_tree(tmp_path, dossier):
    lines = (dossier / "facts.csv").read_text("utf-8").splitlines()
    kept = [line for line in lines if "pole" not in line]
    (dossier / "facts.csv").write_text("\n".join(kept) + "\n", "utf-8")
    run("rate", dossier, "-p", PROTOCOL, "--json", tmp_path / "open.json")
    open_rating = json.loads((tmp_path / "open.json").read_text("utf-8"))
    # a pole test that goes as badly as can be (risk 1) leaves the front seat at 0.8 x 0.0352 + 0.2
    assert open_rating["outcome"] == {"stars": None, "lower": 4, "upper": 5, "final": False}
    assert any("side_pole" in name for name in open_rating["missing"])
    (tmp_path / "assume.json").write_text('{"side/front_seat/side_pole": 0.9}', "utf-8")
    run("rate", dossier, "-p", PROTOCOL, "--json", tmp_path / "r.json", "--assume", tmp_path / "assume.json")
    rating = json.loads((tmp_path / "r.json").read_text("utf-8"))
    status = {node["path"]: node["status"] for node in rating["nodes"]}
    assert status["side/front_seat/side_pole"] == status["side"] == status[""] == "assumed"
    assert status["frontal"] == "scored"
    assert rating["outcome"]["assumed"] is True
    assert not any("side_pole" in name for name in rating["missing"])


@pytest.mark.parametrize(
    ("content", "part"),
    [("[]", "assume.json"), ('{"side": "much"}', "side"), ('{"nowhere": 0.5}', "nowhere"), ('{"side": 2}', "side"), ("{", "assume.json")],
)  # fmt: skip
def test_assumptions_that_cannot_be(tmp_path, content, part):
    (tmp_path / "assume.json").write_text(content, "utf-8")
    out = run("rate", EXAMPLE, "-p", PROTOCOL, "--assume", tmp_path / "assume.json", status=2)
    assert part in out.stderr


def test_bad_facts_are_said_and_the_rest_is_rated(tmp_path, dossier):
    text = (dossier / "facts.csv").read_text("utf-8")
    (dossier / "facts.csv").write_text(text.replace("163.739", "a lot"), "utf-8")
    out = run("rate", dossier, "-p", PROTOCOL, "--json", tmp_path / "r.json", status=1)
    assert "facts.csv:8" in out.stderr
    assert "a lot" in out.stderr
    rating = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert "side_pole_oblique_32/driver/sid_iis/hic36" in rating["missing"]
    (node,) = [node for node in rating["nodes"] if node["path"] == "side/front_seat/side_pole/head"]
    assert (node["score"], node["lower"], node["upper"], node["status"]) == (None, 0.0, 1.0, "missing")


def test_a_dossier_whose_recording_is_broken_is_rated_without_it(tmp_path, dossier):
    (dossier / "tests" / "frontal" / "v10146.zip").write_bytes(b"PK\x03\x04 not an archive")
    out = run("rate", dossier, "-p", PROTOCOL, "--json", tmp_path / "r.json", status=1)
    assert "v10146.zip" in out.stderr
    rating = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert rating["outcome"]["final"] is False
    assert {node["path"]: node.get("stars") for node in rating["nodes"]}["side"] == 5


def test_a_channel_with_an_error_refuses_only_its_criteria(tmp_path, dossier):
    """Mislabel the driver's head x acceleration: the head is refused by name, everything else is rated."""
    archive = dossier / "tests" / "frontal" / "v10146.zip"
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    archive.unlink()
    channel = folder / "v10146" / "v10146.001"
    lines = [line.split("\t") for line in channel.read_text("ascii").splitlines()]
    channel.write_text(
        "\n".join(f"{t}\t{float(v) * 9.80665:.6f}" for t, v in lines) + "\n", "ascii"
    )  # m/s² labelled g
    shutil.move(folder / "v10146", dossier / "tests" / "frontal" / "v10146")
    test = dossier / "tests" / "frontal" / "test.toml"
    test.write_text(test.read_text("utf-8").replace("v10146.zip", "v10146"), "utf-8")
    out = run("rate", dossier, "-p", PROTOCOL, "--json", tmp_path / "r.json", status=1)
    assert "11HEAD0000H3ACX0" in out.stderr
    rating = json.loads((tmp_path / "r.json").read_text("utf-8"))
    nodes = {node["path"]: node for node in rating["nodes"]}
    assert nodes["frontal/passenger"]["stars"] == 5
    assert nodes["frontal/driver/chest"]["status"] == "scored"
    facts = nodes["frontal/driver/head"]["facts"]
    # the redundant sensor may stand in, with a warning; what must not happen is a HIC from the mislabelled channel
    assert not facts or facts[0]["value"] == pytest.approx(140, rel=0.1)


def test_a_run_on_the_test_track(tmp_path):
    """Gap and speeds of a run at 10 m/s without braking: 36 km/h at contact, warning 1.5 s before."""
    rows = ["# VUT width: 1.8 m", "# target width: 1.7 m"]
    rows.append("time [s],longitudinal gap [m],lateral offset [m],VUT speed [km/h],closing speed [m/s],FCW")
    rows += [f"{i / 100},{50 - i / 10},0,36,10,{int(i >= 350)}" for i in range(600)]
    (tmp_path / "run.csv").write_text("\n".join(rows), "utf-8")
    out = run("criteria", tmp_path / "run.csv", "--json", tmp_path / "c.json")
    assert out.stdout == ""
    found = {item["criterion"]: item for item in json.loads((tmp_path / "c.json").read_text("utf-8"))}
    assert found["v_rel_impact"]["value"] == pytest.approx(36)
    assert (found["v_rel_impact"]["unit"], found["v_rel_impact"]["occupant"]) == ("km/h", None)
    assert found["v_rel_impact"]["t1"] == pytest.approx(5)
    assert found["fcw_ttc"]["value"] == pytest.approx(1.5)
    assert {"channels", "filter", "method", "findings", "dummy"} <= set(found["fcw_ttc"])
    assert "相对碰撞速度" in run("criteria", tmp_path / "run.csv", language="zh").stdout
    bare = (tmp_path / "run.csv").read_text("utf-8").replace("VUT speed [km/h]", "VUT speed")
    (tmp_path / "run.csv").write_text(bare, "utf-8")
    out = run("criteria", tmp_path / "run.csv", "--json", tmp_path / "c.json", status=1)
    assert "VUT speed has no unit" in out.stderr


def test_import_and_batch(tmp_path):
    facts, out = tmp_path / "facts.csv", tmp_path / "out.parquet"
    run("import", "safercar", SAFERCAR, "-o", facts)
    run("batch", facts, "-p", PROTOCOL, "-o", tmp_path / "out.csv")
    run("batch", facts, "-p", PROTOCOL, "-o", out, "--memory", "256M")
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text("utf-8").splitlines()))
    assert len(rows) == len(list(csv.DictReader(SAFERCAR.read_text("utf-8").splitlines())))
    compared = [row for row in rows if row["stars:rollover"] and row["published:rollover"]]
    assert compared
    assert all(float(row["published:rollover"]) == int(row["stars:rollover"]) for row in compared)


def test_a_published_table_of_several_editions(tmp_path):
    table, facts, out = tmp_path / "history.csv", tmp_path / "facts.csv", tmp_path / "out.csv"
    table.write_text(
        "make,model,year,ao_pct,co_pct,vru_pct,sa_pct,stars\n"
        "A,One,2016,80,75,60,50,5\nA,Two,2020,80,80,60,70,5\nA,Few,2020\nB,New,2024,80,80,60,70,4\n"
    )
    done = run("import", "euroncap-history", table, "-o", facts, status=1)
    assert "history.csv:4" in done.stderr
    done = run("batch", facts, "-p", "euro-ncap-2020", "-o", out)
    assert "1 cars rated" in done.stdout
    assert "2 cars of other editions" in done.stdout
    rows = {row["car"]: row for row in csv.DictReader(out.read_text("utf-8").splitlines())}
    assert {car: row["stars"] for car, row in rows.items()} == {
        "A One 2016": "", "A Two 2020": "5", "B New 2024": ""}  # fmt: skip
    assert rows["A Two 2020"]["percent:adult_occupant"] == "80"
    assert rows["A Two 2020"]["findings"] == ""
    assert "euro-ncap-2023" in rows["B New 2024"]["findings"]
    # one of the cars alone, and only the cars of one year
    shown = run("rate", facts, "--car", "B New 2024", "-p", "euro-ncap-2023", "--json", "-").stdout
    assert json.loads(shown)["outcome"]["stars"] == 4
    run(
        "import",
        "euroncap-history",
        table,
        "-o",
        facts,
        "--where",
        "year=2024",
        "--where",
        "year=2016",
        status=1,
    )
    assert len(facts.read_text("utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("rate", "/nowhere", "-p", PROTOCOL),
        ("rate", EXAMPLE, "-p", "us-ncap-1066"),
        ("rate", EXAMPLE / "tests", "-p", PROTOCOL),
        ("rate", EXAMPLE),
        ("rate", EXAMPLE / "SOURCE.md", "-p", PROTOCOL),
        ("criteria", "/nowhere"),
        ("criteria", EXAMPLE / "SOURCE.md"),
        ("inspect", EXAMPLE / "car.toml"),
        ("batch", "/nowhere.csv", "-p", PROTOCOL, "-o", "/tmp/never.csv"),
        ("batch", SAFERCAR, "-p", PROTOCOL, "-o", "/tmp/never.csv"),
        ("batch", SAFERCAR, "-p", PROTOCOL, "-o", "/tmp/never.csv", "--memory", "lots"),
        ("import", "nothing", SAFERCAR, "-o", "/tmp/never.csv"),
        ("import", "safercar", EXAMPLE / "facts.csv", "-o", "/tmp/never.csv"),
        ("import", "safercar", SAFERCAR, "-o", "/tmp/never.csv", "--where", "MODEL"),
        ("import", "safercar", SAFERCAR, "-o", "/tmp/never.csv", "--where", "NO_SUCH=1"),
        ("protocols", "show", "nothing"),
        ("nonsense",),
    ],
    ids=lambda arguments: " ".join(str(a) for a in arguments)[:60].replace("/", "_"),
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_wrong_usage_and_unusable_input_end_in_one_line(arguments, language):
    out = run(*arguments, status=2, language=language)
    assert out.stderr.strip()
    assert out.stdout == ""


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    out = run("rate", EXAMPLE, "-p", PROTOCOL, "--json", tmp_path / "file" / "r.json", status=2)
    assert "r.json" in out.stderr
