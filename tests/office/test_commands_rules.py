"""The commands of consensus, publication, records and the static edition, as a user runs them, in both languages."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from carindex.cli.main import app
from carindex.examples import camry
from carindex.messages import InputError

LICENCE = ("--licence", "CC BY 4.0 (example)")
WHY = ("--why", "example reason", "--why-zh", "示例理由")
DRAFT = """extends: us-ncap-2011
changes:
  "":
    note: {en: "An example's note", zh: "示例说明"}
"""


class Desk:
    """Runs commands in an office of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "CARINDEX_OFFICE": str(folder / "office"),
            "CARINDEX_OFFICE_BY": "admin",
            "CARINDEX_OFFICE_PASSWORD": "four words make a password",
            "COLUMNS": "200",
        }

    def run(self, *args, by=None, fails=None, status=0):
        env = {**self.env, **({"CARINDEX_OFFICE_BY": by} if by else {})}
        result = CliRunner().invoke(app, ["office", *map(str, args)], env=env)
        if fails is not None:
            assert isinstance(result.exception, InputError), result.output
            assert re.search(fails, result.exception.line("en")), result.exception.line("en")
            assert result.exception.line("zh") != result.exception.line("en")
            return result.output
        assert result.exit_code == status, (result.output, result.exception)
        return result.output

    def json(self, *args, by=None, status=0):
        return json.loads(self.run(*args, "--json", "-", by=by, status=status).split("\n\n")[0])

    def file(self, name: str, said) -> Path:
        file = self.folder / name
        file.write_text(said if isinstance(said, str) else yaml.safe_dump(said, allow_unicode=True), "utf-8")
        return file


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> tuple[Path, list[str]]:
    """A folder with an office that has people, rules, a log, and two approved assessments of the bundled car."""
    folder = tmp_path_factory.mktemp("rules")
    docs = Path(__file__).parents[2] / "docs" / "office"
    desk = Desk(folder)
    today = datetime.now(UTC).date()
    desk.run("init", "--name", "Administrator A", "--login", "admin")
    desk.run("organisations", "add", "Example Maker A", "--zh", "示例车企甲", "--kind", "maker", "--example")
    desk.run("organisations", "add", "Example Laboratory A", "--kind", "laboratory", "--example")
    desk.run("organisations", "add", "Example Index A", "--kind", "index", "--example")
    desk.run(
        "people",
        "add",
        "Engineer A",
        "--login",
        "engineer",
        "--role",
        "engineer",
        "--organisation",
        "Example Maker A",
    )
    rules = yaml.safe_load((docs / "publication-example.yaml").read_text("utf-8")) | {"notice_days": 0}
    desk.run("statute", "publication", desk.file("publication.yaml", rules))
    desk.run("statute", "panel", docs / "panel-example.yaml")
    desk.run("statute", "review", docs / "review-example.yaml")
    for name, region, field in (("a", "asia", "crash"), ("b", "europe", "health"), ("c", "africa", "health")):
        desk.run("people", "add", f"Expert {name.upper()}", "--login", f"expert-{name}")
        desk.run(
            "panel", "appoint", f"expert-{name}", "--region", region, "--field", field,
            "--from", today, "--to", today + timedelta(days=365),
        )  # fmt: skip
    for name in "defg":
        desk.run("people", "add", f"Expert {name.upper()}", "--login", f"expert-{name}", "--role", "expert")
    candidate = desk.json(
        "candidate", "add", "us-ncap", "Example One", "--zh", "示例一号", "--maker", "示例车企甲",
        "--reason", "sales:12,000 in a year@example table", "--example",
    )["key"]  # fmt: skip
    desk.run("candidate", "select", candidate, "--why", "sells well")
    vehicle = desk.json("buy", candidate, "--variant", "base", "--acquired", "market", "--on", today)["key"]
    order = desk.json(
        "order", vehicle, "full_width_rigid_56", "--laboratory", "Example Laboratory A", "-p", "us-ncap-2011"
    )
    made = []
    with camry() as dossier:
        desk.run("receive", order["key"], dossier / "facts.csv")
        for path in (dossier, dossier / "facts.csv"):
            key = desk.json("assess", path, "--candidate", candidate, "-p", "us-ncap-2011")["key"]
            review = desk.json("review", "open", key)["key"]
            desk.run("assign", review)
            for expert in "ab":
                desk.run("review", "opinion", review, "approve", by=f"expert-{expert}")
            desk.run("review", "conclude", review, "approve")
            made.append(key)
    return folder, made


@pytest.fixture
def desk(furnished, tmp_path: Path) -> Desk:
    shutil.copytree(furnished[0] / "office", tmp_path / "office")
    found = Desk(tmp_path)
    found.assessments = furnished[1]
    return found


def released(desk: Desk) -> str:
    """Publish the car now; returns its result."""
    desk.run("key", "start")
    batch = desk.json("batch", "new", "Batch 1", "第一批")["key"]
    result = desk.json("batch", "add", batch, desk.assessments[0])["key"]
    desk.run("batch", "seal", batch, "--at", (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat())
    for _ in range(100):
        if desk.json("batch", "due"):
            break
    return result


def test_from_batch_to_a_site_that_anybody_can_verify(desk: Desk) -> None:
    desk.run("publish", "--site", desk.folder / "site", *LICENCE, fails="no log of publications")
    result = released(desk)
    assert desk.json("batch", "list")[0]["state"] == "released"
    assert "已发布" in desk.run("batch", "list", "--lang", "zh")
    shown = desk.json("result", "show", result)
    assert shown["document"]["outcome"]["stars"] == 5
    assert "Traceback" not in desk.run("result", "show", result)
    site = desk.folder / "site"
    assert desk.json("publish", "--site", site, *LICENCE)["results"] == 1
    log = desk.json("log", desk.folder / "log.jsonl")
    fingerprint = log["key"]
    for path in ([], [desk.folder / "log.jsonl"], [site], [desk.folder / "office"]):
        found = desk.json("verify", *path, "--key", fingerprint)
        assert (found["whole"], found["records"], found["keys"]) == (True, 3, [fingerprint])
    assert "whole: yes" in desk.run("verify")
    assert "完整: 是" in desk.run("verify", "--lang", "zh")
    page = (site / "zh" / "cars" / f"{result}.html").read_text("utf-8")
    assert "示例车企甲（示例）" in page
    assert "5 ★" in page
    # an altered page, a log cut off, another key: exit status 1, each said
    assert desk.run("verify", "--key", "0" * 64, status=1)
    (site / "en" / "index.html").write_text("<p>6 stars</p>", "utf-8")
    assert "not as it was written" in desk.run("verify", site, status=1)
    whole = (desk.folder / "log.jsonl").read_text("utf-8").splitlines(keepends=True)
    cut = desk.file("cut.jsonl", "".join((*whole[:2], whole[-1])))
    assert "the signed head counts 3" in desk.run("verify", cut, status=1)
    assert "签名的末尾记录为 3 条" in desk.run("verify", cut, "--lang", "zh", status=1)
    desk.run("verify", desk.folder / "none.jsonl", fails="cannot be read")
    desk.run("verify", desk.file("other.txt", "hello"), fails="nothing of a log")


def test_corrections_retests_and_appeals(desk: Desk) -> None:
    result = released(desk)
    appeal = desk.json("appeal", "file", result, "--grounds", "example", by="engineer")["key"]
    desk.run("appeal", "file", result, "--grounds", "example", fails="roles held")
    desk.run("appeal", "admit", appeal)
    decide = ("appeal", "decide", appeal, "--decision", "example", "--remedy", "correction", "--signed-by")
    desk.run(*decide, "expert-a", fails="signed by 1; at least 2")
    desk.run(*decide, "expert-a", "--signed-by", "expert-b")
    desk.run("appeal", "settle", appeal, fails="was not carried out")
    desk.run("result", "correct", result, desk.assessments[0], *WHY, fails="the same content")
    desk.run("result", "correct", result, desk.assessments[1], *WHY)
    assert desk.json("appeal", "settle", appeal)["state"] == "settled"
    assert desk.json("appeal", "list", "--late") == []
    desk.run("result", "retest", result, *WHY)
    before = desk.json("log", desk.folder / "before.jsonl")["records"]
    desk.run("result", "withdraw", result, *WHY)
    assert desk.json("result", "list")[0]["state"] == "withdrawn"
    desk.run("key", "rotate", "--why", "yearly")
    found = desk.json("verify", "--earlier", desk.folder / "before.jsonl")
    assert (found["whole"], found["records"]) == (True, before + 2)


def test_a_change_of_rules(desk: Desk) -> None:
    draft = desk.folder / "draft"
    draft.mkdir()
    (draft / "protocol.yaml").write_text(DRAFT, "utf-8")
    about = {
        "title": {"en": "A change", "zh": "一项修改"},
        "reason": "example",
        "statements": [{"id": "limit", "text": {"en": "The limit is right", "zh": "限值合适"}}],
        "things": ["frontal", "side"],
    }
    cars = desk.file("cars.csv", "car,full_width_rigid_56/driver/h3_50m/hic15\nExample 1,200\n")
    propose = ("consensus", "propose", draft, "-p", "us-ncap-2011", "--about")
    desk.run(*propose, desk.file("bad.yaml", {"title": {}}), fails="entries are missing")
    made = desk.json(*propose, desk.file("about.yaml", about))["proposal"]
    people = [f"expert-{x}" for x in "abcdefg"]
    desk.run("consensus", "ask", made, *people[:3], fails="3 experts; at least 7")
    desk.run("consensus", "ask", made, *people)
    desk.run("consensus", "open", made, "--days", 14, fails="not attached")
    try:
        from carindex.alignment import impact  # noqa: F401
    except ImportError:
        desk.run("consensus", "impact", made, "--cars", cars, fails="cannot work out")
        return
    assert desk.json("consensus", "impact", made, "--cars", cars)["cars"] == 1
    file = desk.file("answer.yaml", {"ratings": {"limit": 8}, "comparisons": [["frontal", "side", 3]]})
    for _ in range(2):
        opened = desk.json("consensus", "open", made, "--days", 14)["key"]
        for person in people:
            desk.run("consensus", "rate", opened, file, by=person)
        desk.run("consensus", "rate", opened, file, fails="not one of the panel")
        closed = desk.json("consensus", "close", opened)
    assert closed["statements"]["limit"]["next"] == "adopt"
    assert closed["weights"]["things"] == pytest.approx({"frontal": 0.75, "side": 0.25})
    assert "意见已定" in desk.run("consensus", "list", "--lang", "zh")
    said = desk.run("consensus", "show", made, "--json", "-")
    assert "secret" not in said
    assert "pseudonym" not in said
    first = (datetime.now(UTC) + timedelta(days=100)).date()
    edition = desk.json(
        "consensus", "adopt", made, "--edition", "us-ncap-next", "--label", "Next (example)", "--from", first
    )
    assert Path(edition["folder"][0], "protocol.yaml").read_text("utf-8").startswith("id: us-ncap-next\n")
    assert desk.json("consensus", "editions")[0]["written"] is False


def test_records(desk: Desk) -> None:
    report = desk.file("report.txt", "example evidence")
    said = ("--body", "Example body", "--standard", "ISO/IEC 17025", "--certificate", "E-1")
    desk.run(
        "laboratory",
        "accredit",
        "Example Laboratory A",
        *said,
        "--test",
        "full_width_rigid_56",
        "--from",
        "2026-01-01",
        "--file",
        report,
    )
    assert desk.json("laboratory", "list")[0]["tests"] == ["full_width_rigid_56"]
    entry = {
        "from": "full_width_rigid_56",
        "to": "frontal_full_width_rigid_55",
        "relation": "indicative",
        "errs": "cautious",
        "reason": {"en": "Example", "zh": "示例"},
        "source": "example",
    }
    draw = (
        "equivalence",
        "draw-up",
        "tests",
        desk.file("entry.yaml", entry),
        "--evidence",
        report,
        "--signatures",
        1,
    )
    verdict = desk.json(*draw)["key"]
    desk.run("equivalence", "sign", verdict, fails="roles held")
    desk.run("equivalence", "sign", verdict, by="expert-a")
    desk.run("equivalence", "write", desk.folder / "equivalences.yaml")
    assert (
        yaml.safe_load((desk.folder / "equivalences.yaml").read_text("utf-8"))["tests"][0]["errs"]
        == "cautious"
    )
    agreed = {
        "title": {"en": "A", "zh": "甲"},
        "scope": {"en": "B", "zh": "乙"},
        "parties": ["Example Index A"],
        "from": "2026-01-01",
    }
    desk.run("agreement", "record", desk.file("agreed.yaml", agreed), fails="fewer than two parties")
    agreed["parties"].append("Example Laboratory A")
    desk.run(
        "agreement",
        "record",
        desk.file("agreed.yaml", agreed | {"from": "soon"}),
        fails="entries are missing",
    )
    desk.run("agreement", "record", desk.file("agreed.yaml", agreed), "--file", report)
    held = {
        "title": {"en": "A", "zh": "甲"},
        "place": "Example city",
        "agenda": [{"en": "Opening", "zh": "开幕"}],
    }
    times = ("--starts", "2026-05-01T09:00+08:00", "--ends", "2026-05-01T17:00+08:00")
    meeting = desk.json("meeting", "record", "observation", desk.file("held.yaml", held), *times)["key"]
    desk.run("meeting", "documents", meeting, report)
    assert "技术观摩" in desk.run("meeting", "list", "--lang", "zh")
    desk.run("key", "start")
    desk.run("publish", "--site", desk.folder / "site", *LICENCE)
    page = (desk.folder / "site" / "en" / "records.html").read_text("utf-8")
    for word in ("Example Laboratory A (example)", "indicative", "Opening", "2026-05-01"):
        assert word in page


def test_every_command_is_in_the_help_and_takes_json() -> None:
    import click

    from carindex.cli.office import office

    def commands(group: click.Command, name: str = ""):
        if not isinstance(group, click.Group):
            yield name, group
            return
        context = click.Context(group)
        for own in group.list_commands(context):
            yield from commands(group.get_command(context, own), f"{name} {own}")

    mine = (
        "consensus",
        "batch",
        "result",
        "appeal",
        "key",
        "log",
        "verify",
        "publish",
        "laboratory",
        "equivalence",
        "agreement",
        "meeting",
        "paper",
    )
    found = [(name, one) for name, one in commands(office) if name.split()[0] in mine]
    assert len(found) > 50
    for name, one in found:
        assert one.help, name
        options = {option for parameter in one.params for option in parameter.opts}
        assert {"--json", "--lang"} <= options, name
