"""The commands of the office: the way of a car from candidate to approval, in both languages; errors in one line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from carindex.cli.main import app
from carindex.examples import camry
from carindex.messages import InputError


class Desk:
    """Runs commands in an office of its own."""

    def __init__(self, folder):
        self.env = {
            "CARINDEX_OFFICE": str(folder / "office"),
            "CARINDEX_OFFICE_BY": "admin",
            "CARINDEX_OFFICE_PASSWORD": "four words make a password",
            "COLUMNS": "200",
        }

    def run(self, *args, by=None, fails=None):
        env = {**self.env, **({"CARINDEX_OFFICE_BY": by} if by else {})}
        result = CliRunner().invoke(app, ["office", *map(str, args)], env=env)
        if fails is not None:
            assert isinstance(result.exception, InputError), result.output
            assert re.search(fails, result.exception.line("en")), result.exception.line("en")
            assert result.exception.line("zh") != result.exception.line("en")
            return result.exception
        assert result.exception is None, (result.output, result.exception)
        return result.output

    def json(self, *args, by=None):
        return json.loads(self.run(*args, "--json", "-", by=by))


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A folder with an office that has people, rules and experts whose terms are over; copied for each test."""
    folder = tmp_path_factory.mktemp("desk")
    docs = Path(__file__).parents[2] / "docs" / "office"
    found = Desk(folder)
    found.run("init", "--name", "Administrator A", "--login", "admin")
    found.run("organisations", "add", "Example Maker A", "--zh", "示例车企甲", "--kind", "maker", "--example")
    found.run("organisations", "add", "Example Laboratory A", "--kind", "laboratory", "--example")
    found.run("statute", "panel", docs / "panel-example.yaml")
    found.run("statute", "review", docs / "review-example.yaml")
    for name, region, field in (("a", "asia", "crash"), ("b", "europe", "health"), ("c", "africa", "health")):
        found.run("people", "add", f"Expert {name.upper()}", "--login", f"expert-{name}")
        found.run(
            "panel", "appoint", f"expert-{name}", "--region", region, "--field", field,
            "--from", "2020-01-01", "--to", "2022-12-31",
        )  # fmt: skip
    return folder


@pytest.fixture
def desk(furnished, tmp_path):
    shutil.copytree(furnished / "office", tmp_path / "office")
    return Desk(tmp_path)


def test_the_way_of_a_car(desk, tmp_path):
    # the terms of the examples are over by now: appointed again for as long as the rules allow
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    for name, region, field in (("a", "asia", "crash"), ("b", "europe", "health"), ("c", "africa", "health")):
        desk.run(
            "panel", "appoint", f"expert-{name}", "--region", region, "--field", field,
            "--from", today, "--to", today + timedelta(days=365),
        )  # fmt: skip
    key = desk.json(
        "candidate", "add", "us-ncap", "Example One", "--zh", "示例一号", "--maker", "示例车企甲",
        "--reason", "sales:12,000 in a year@example table", "--reason", "complaints:belts", "--example",
    )["key"]  # fmt: skip
    desk.run("candidate", "select", key, "--why", "sells well")
    vehicle = desk.json("buy", key, "--variant", "base", "--acquired", "market", "--on", today)["key"]
    order = desk.json(
        "order", vehicle, "full_width_rigid_56", "--laboratory", "Example Laboratory A", "-p", "us-ncap-2011"
    )
    assert order["protocol"] == "us-ncap-2011"
    with camry() as folder:
        desk.run("receive", order["key"], folder / "facts.csv")
        made = desk.json("assess", folder / "facts.csv", "--candidate", key)
    assert "nothing differs" in desk.run("again", made["key"])
    latest = desk.json("assessments")[-1]
    assert latest["previous"] == made["key"]
    whole = desk.json("assessments", latest["key"])
    assert whole["whole"] is True
    assert whole["rating"]["protocol"] == "us-ncap-2011"
    assert "没有差异" in desk.run("assessments", made["key"], latest["key"], "--lang", "zh")
    desk.run("review", "open", made["key"], fails="made anew since")
    review = desk.json("review", "open", latest["key"])["key"]
    assert len(desk.json("assign", review)["chosen"]) == 3
    desk.run("review", "comment", review, "please check", "--node", "frontal", by="expert-a")
    question = desk.json("vote", "pose", review, "pedal", "none", "minor", "--node", "frontal")["key"]
    for expert in ("expert-a", "expert-b"):
        desk.run("vote", "cast", question, "minor", "--why", "seen", by=expert)
    assert desk.json("vote", "show", question, by="expert-c") == []
    assert desk.json("vote", "show", question) == []
    assert desk.json("vote", "close", question)["outcome"] == "minor"
    assert len(desk.json("vote", "show", question)) == 2
    (agreed,) = desk.json("vote", "agreement")
    assert (agreed["ballots"], agreed["alpha"]) == (2, None)
    desk.run("review", "opinion", review, "approve", by="expert-a")
    desk.run("review", "conclude", review, "approve", fails=r"1 approvals, 2 needed")
    assert "尚缺" in desk.run("review", "show", review, "--lang", "zh")
    desk.run("review", "opinion", review, "approve", by="expert-b")
    assert desk.json("review", "conclude", review, "approve")["state"] == "approved"
    (entry,) = desk.json("status")
    assert (entry["step"], entry["orders"], entry["reasons"]) == (
        "approved",
        {order["key"]: "received"},
        ["sales", "complaints"],
    )
    shown = desk.run("status", "--lang", "zh")
    assert "示例一号" in shown
    assert "已批准" in shown
    assert vehicle in desk.run("status", key)
    shown = desk.json("review", "show", review)
    assert [one["text"] for one in shown["comments"]] == ["please check"]
    assert desk.json("audit", "--check")["whole"] is True
    actions = {one["action"] for one in desk.json("audit", "--last", "1000")}
    assert actions >= {
        "panel.appointed",
        "assessment.kept",
        "question.voted",
        "review.approved",
        "order.data_received",
    }
    done = desk.json("backup", tmp_path / "copy.zip")
    assert desk.json("restore", tmp_path / "copy.zip", "--office", tmp_path / "other") == done
    assert desk.json("status", "--office", tmp_path / "other") == [entry]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["status", "--office", "/nowhere/at/all"], "no office here"),
        (["status", "nothing"], "no such candidate"),
        (["people", "add", "X", "--role", "king"], "role king"),
        (["people", "role", "nobody", "expert"], "no such person"),
        (["organisations", "add", "X", "--kind", "shop"], "kind shop"),
        (["candidate", "add", "moon-ncap", "X", "--maker", "Example Maker A"], "no such programme"),
        (["candidate", "add", "us-ncap", "X", "--maker", "Example Maker A"], "no reason"),
        (
            ["candidate", "add", "us-ncap", "X", "--maker", "Nobody", "--reason", "sales:1"],
            "no such organisation",
        ),
        (
            ["candidate", "add", "us-ncap", "X", "--maker", "Example Maker A", "--reason", "sales"],
            "KIND:TEXT",
        ),
        (["receive", "x", "/nowhere"], "nowhere"),
        (["assess", "/nowhere", "-p", "us-ncap-2011"], "nowhere"),
        (["assess", ".", "-p", "moon-ncap"], "protocol"),
        (["review", "show", "x"], "no such review"),
        (["vote", "close", "x"], "no such question"),
        (["backup", "/"], "already"),
        (["restore", "/nowhere"], "nowhere"),
        (["init", "--name", "B", "--login", "b"], "not empty"),
        (["statute", "panel", "/nowhere"], "make no sense"),
        (["editions", "moon-ncap", "--on", "2026-01-01"], "no such programme"),
    ],
)
def test_errors_are_one_line(desk, args, said):
    desk.run(*args, fails=said)


def test_what_people_wrote_is_not_translated(desk):
    shown = desk.run(
        "people", "add", "proposed", "--login", "secretary", "--role", "secretary", "--lang", "zh"
    )
    assert "名称: proposed" in shown
    assert "登录名: secretary" in shown
    listed = desk.run("people", "list", "--lang", "zh")
    assert re.search(r"proposed +secretary .*秘书", listed)


def test_who_acts_must_be_known_and_allowed(desk):
    desk.run("people", "add", "X", by="nobody", fails="no such person")
    desk.run("people", "add", "X", by="expert-a", fails="roles held: expert")
    result = CliRunner().invoke(
        app, ["office", "people", "add", "X"], env={**desk.env, "CARINDEX_OFFICE_BY": ""}
    )
    assert result.exit_code == 2


def test_an_appointment_against_the_rules_says_all_reasons(desk):
    error = desk.run(
        "panel", "appoint", "expert-a", "--region", "asia", "--field", "crash",
        "--from", "2023-01-01", "--to", "2026-06-30", fails="longer than 3 years, the last day is 2025-12-31",
    )  # fmt: skip
    assert "超过 3 年" in error.line("zh")


def test_a_broken_log_is_an_error(desk):
    import sqlite3

    with sqlite3.connect(f"{desk.env['CARINDEX_OFFICE']}/office.sqlite") as connection:
        connection.execute("DROP TRIGGER audit_entry_no_update")
        connection.execute("UPDATE audit_entry SET action='nothing' WHERE number=3")
    connection.close()
    result = CliRunner().invoke(app, ["office", "audit", "--check"], env=desk.env)
    assert result.exit_code == 1
    assert "entry 3 of the audit log" in result.output


def test_every_word_shown_has_both_languages():
    from carindex.kept import shipped

    for name, words in shipped("office/labels.yaml").items():
        assert isinstance(name, str)
        assert set(words) == {"en", "zh"}, name
    for room in ("", "/store", "/people", "/programme", "/assessments", "/panel", "/review"):
        for name, parts in shipped(f"office{room}/messages.yaml").items():
            for part, words in parts.items():
                assert set(words) == {"en", "zh"}, (room, name, part)
                places = [set(re.findall(r"{(\w+)}", words[language])) for language in ("en", "zh")]
                assert places[0] == places[1], (room, name, part)
