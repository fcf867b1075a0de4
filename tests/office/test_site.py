"""The static edition: the public part only, the same bytes every time, and every alteration found offline."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from tests.office.test_publication import NAME, WHY, Desk, desk_in

from carindex.messages import LANGUAGES, InputError
from carindex.office.publication.batches import Publishable, add_result, new_batch, release, seal
from carindex.office.publication.log import rotate
from carindex.office.publication.results import correct, order_retest, withdraw
from carindex.office.publication.signing import digest
from carindex.office.site.checking import is_site, verify_site
from carindex.office.site.content import content_of
from carindex.office.site.writing import files_of, write_site
from carindex.office.store import Office

LICENCE = "CC BY 4.0 (example)"
SECRET = "Secret car"


def rated(car: str, stars: int) -> dict:
    def rating(label: str) -> dict:
        return {
            "nodes": [
                {
                    "path": "",
                    "label": label,
                    "score": 0.9,
                    "max": 1.0,
                    "lower": 0.9,
                    "upper": 0.9,
                    "status": "scored",
                },
                {
                    "path": "frontal",
                    "label": label,
                    "score": None,
                    "max": 1,
                    "lower": 0.2,
                    "upper": 1,
                    "status": "missing",
                },
            ],
            "losses": [{"path": "frontal", "points": 0.1, "why": "<script>alert(1)</script>"}],
        }

    return {
        "car": {"name": car, "example": True},
        "protocol": "us-ncap-2011",
        "protocol_hash": "0" * 64,
        "engine": "0",
        "outcome": {"stars": stars, "lower": stars, "upper": stars},
        "files": {"car.toml": "1" * 64},
        "rating": {"en": rating("Overall"), "zh": rating("总分")},
    }


def filled(office: Office) -> tuple[Desk, dict[str, str]]:
    """An office with a published, a corrected, a withdrawn and a tested-again result, and one under embargo."""
    desk = desk_in(office)

    def publish(*cars: str, retest_of: str | None = None) -> list[str]:
        batch = desk.do(new_batch, NAME).key
        found = [Publishable(car, desk.maker, rated(car, 4), True) for car in cars]
        keys = [desk.do(add_result, batch, one, retest_of=retest_of).key for one in found]
        desk.do(seal, batch, office.clock() + timedelta(days=7))
        office.clock.forward(days=7)
        desk.do(release, batch)
        return keys

    plain, corrected, hidden = publish("Plain car", "Corrected car", "Withdrawn car")
    desk.do(correct, corrected, Publishable("new", desk.maker, rated("Corrected car", 3), True), WHY)
    desk.do(withdraw, hidden, WHY)
    desk.do(order_retest, plain, WHY)
    (again,) = publish("Plain car again", retest_of=plain)
    desk.do(rotate, "example", by=desk.admin)
    batch = desk.do(new_batch, {"en": "Secret batch", "zh": "秘密批次"}).key
    secret = desk.do(add_result, batch, Publishable(SECRET, desk.maker, rated(SECRET, 1), True)).key
    desk.do(seal, batch, office.clock() + timedelta(days=30))
    keys = {"plain": plain, "corrected": corrected, "hidden": hidden, "again": again, "secret": secret}
    return desk, keys


@pytest.fixture
def site(lite: Office, tmp_path: Path) -> tuple[Path, dict[str, str], Office]:
    _, keys = filled(lite)
    with lite.reading() as session:
        write_site(content_of(session, LICENCE, "https://example.org/index"), tmp_path / "site")
    return tmp_path / "site", keys, lite


class Page(HTMLParser):
    """Links, identifiers, unclosed elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_nothing_under_embargo_and_nothing_withdrawn_is_in_any_file(site) -> None:
    folder, keys, _ = site
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            for word in (SECRET.encode(), b"Secret batch", "秘密批次".encode(), keys["secret"].encode()):
                assert word not in data, file
            # the log says that it was there, signed and for good; no page, feed or table does
            if file.name != "publications.jsonl":
                assert b"Withdrawn car" not in data, file


def test_what_is_shown(site) -> None:
    folder, keys, _ = site
    for language in LANGUAGES:
        index = Page((folder / language / "index.html").read_text("utf-8"))
        text = " ".join(index.text)
        assert "Plain car again" in text
        assert {"en": "withdrawn", "zh": "已撤回"}[language] in text
        assert {"en": "(example)", "zh": "（示例）"}[language] in text
        page = (folder / language / "cars" / f"{keys['corrected']}.html").read_text("utf-8")
        assert "3 ★" in page
        assert WHY[language] in page
        assert "0.2 – 1" in page  # what is missing stays an interval
        assert "<script" not in page  # what a rating says is text
        assert "&lt;script" in page
        again = Page((folder / language / "cars" / f"{keys['again']}.html").read_text("utf-8"))
        assert f"{keys['plain']}.html" in again.links


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site) -> None:
    folder, _, _ = site
    pages = list(folder.rglob("*.html"))
    assert len(pages) == 1 + 2 * (5 + 4)
    for file in pages:
        page = Page(file.read_text("utf-8"))
        assert "script" not in page.tags
        assert page.tags.count("h1") == 1
        for link in page.links:
            assert not re.match(r"[a-z]+:", link), link
            if not link.startswith("#"):
                assert (file.parent / link).resolve().is_file(), (file, link)


def test_feeds(site) -> None:
    folder, keys, _ = site
    ns = {"a": "http://www.w3.org/2005/Atom"}
    for language in LANGUAGES:
        atom = ElementTree.fromstring((folder / f"feed.{language}.xml").read_bytes())
        ids = [one.text for one in atom.findall("a:entry/a:id", ns)]
        # four first publications, a correction, a withdrawal
        assert len(ids) == len(set(ids)) == 6
        log = (folder / "publications.jsonl").read_text("utf-8").splitlines()
        assert atom.find("a:updated", ns).text == json.loads(log[-2])["at"]  # the last record's moment
        links = [one.get("href") for one in atom.findall("a:entry/a:link", ns)]
        assert f"https://example.org/index/{language}/cars/{keys['plain']}.html" in links
        feed = json.loads((folder / f"feed.{language}.json").read_text("utf-8"))
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert [item["id"] for item in feed["items"]] == ids
        assert all(item["content_text"] and item["title"] for item in feed["items"])
        dates = [item["date_published"] for item in feed["items"]]
        assert dates == sorted(dates, reverse=True)


def test_open_data(site) -> None:
    folder, keys, _ = site
    rows = list(csv.DictReader(io.StringIO((folder / "data" / "results.csv").read_text("utf-8"))))
    by_key = {row["result"]: row for row in rows}
    assert by_key.keys() == {keys[name] for name in ("plain", "corrected", "hidden", "again")}
    assert (by_key[keys["corrected"]]["stars"], by_key[keys["corrected"]]["version"]) == ("3.0", "2")
    assert (by_key[keys["hidden"]]["state"], by_key[keys["hidden"]]["car"]) == ("withdrawn", "")
    table = pq.read_table(folder / "data" / "results.parquet")
    assert [row["result"] for row in table.to_pylist()] == [row["result"] for row in rows]
    assert table.schema.metadata[b"licence"].decode() == LICENCE
    nodes = pq.read_table(folder / "data" / "nodes.parquet").to_pylist()
    assert len(nodes) == 2 * 3
    assert {node["label_zh"] for node in nodes} == {"总分"}
    shown = json.loads((folder / "data" / "results" / f"{keys['plain']}.json").read_text("utf-8"))
    assert digest(shown["document"]) == shown["digest"]
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        sha, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha


def test_the_same_office_gives_the_same_bytes(site, tmp_path: Path) -> None:
    folder, _, office = site
    office.clock.forward(days=1)  # the time at which it is written is nowhere in it
    with office.reading() as session:
        write_site(content_of(session, LICENCE, "https://example.org/index/"), tmp_path / "again")
    assert (folder / "SHA256SUMS").read_bytes() == (tmp_path / "again" / "SHA256SUMS").read_bytes()


def test_alterations_are_found_offline(site) -> None:
    folder, keys, _ = site
    assert is_site(folder)
    assert verify_site(folder).whole

    def codes() -> set[str]:
        return {finding.code.split(".")[1] for finding in verify_site(folder).findings}

    def altered(name: str, change_of) -> set[str]:
        file = folder / name
        before = file.read_bytes()
        file.write_bytes(change_of(before))
        found = codes()
        file.write_bytes(before)
        return found

    page = f"en/cars/{keys['corrected']}.html"
    assert altered(page, lambda data: data.replace("3 ★".encode(), "5 ★".encode())) == {"altered"}
    assert altered("publications.jsonl", lambda data: data[: len(data) // 2])
    # who alters a result and its checksum too is found by the log
    name = f"data/results/{keys['corrected']}.json"
    data = (folder / name).read_bytes()
    forged = data.replace(b'"stars":3', b'"stars":5')
    assert forged != data
    sums = (folder / "SHA256SUMS").read_bytes()
    (folder / name).write_bytes(forged)
    old, new = (hashlib.sha256(some).hexdigest().encode() for some in (data, forged))
    (folder / "SHA256SUMS").write_bytes(sums.replace(old, new))
    assert codes() == {"not_signed"}
    (folder / name).unlink()
    (folder / "SHA256SUMS").write_bytes(re.sub(rb".*" + name.encode() + rb"\n", b"", sums))
    assert codes() == {"missing"}
    (folder / name).write_bytes(data)
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "more.html").write_text("x")
    assert codes() == {"unlisted"}


def test_a_folder_with_something_else_is_left_alone(site, tmp_path: Path) -> None:
    folder, _, office = site
    with office.reading() as session:
        content = content_of(session, LICENCE)
    other = tmp_path / "home"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(InputError):
        write_site(content, other)
    assert (other / "letter.txt").read_text() == "dear"
    write_site(content, folder)  # an earlier edition is replaced
    assert verify_site(folder).whole
    assert sorted(path.name for path in folder.parent.iterdir() if path.name.startswith(".")) == []


def test_an_office_that_published_nothing(lite: Office) -> None:
    with lite.reading() as session, pytest.raises(InputError):
        content_of(session, LICENCE)
    desk_in(lite)
    with lite.reading() as session:
        files = dict(files_of(content_of(session, LICENCE)))
    assert "Nothing has been published yet" in files["en/index.html"].decode()
