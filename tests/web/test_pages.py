"""Public pages: both languages, headers, nothing inline, nothing of what is under embargo or withdrawn."""

import re

import pytest
from tests.web.seeded import Seeded

from carindex.messages import LANGUAGES
from carindex.rating import available_protocols, load_protocol
from carindex.web.views.catalogue import slug_of
from carindex.web.wording import labels, preferred

CAMRY = slug_of("Maker A", "Toyota Camry LE 2018")
CORRECTED = slug_of("Maker B", "Example car B")
PATHS = (
    "/",
    "/cars",
    "/cars?q=camry&sort=name",
    f"/cars/{CAMRY}",
    f"/compare?car={CAMRY}&car={CORRECTED}",
    "/protocols",
    "/protocols/us-ncap-2011",
    "/protocol-changes?first=c-ncap-2021&second=c-ncap-2024",
    "/crosswalk?p=us-ncap-2011&topic=head",
    "/how-we-test",
    "/api",
    "/sign-in",
)
INLINE = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page(client, path, language):
    answer = client().get(f"/{language}{path}")
    assert answer.status_code == 200
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in answer.text
    assert not INLINE.search(answer.text)
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    # every page has its other language, under the same address but for the first part
    assert f'href="/{"en" if language == "zh" else "zh"}{path.split("?")[0]}' in answer.text


def test_words_in_both_languages():
    for key, texts in labels().items():
        assert set(texts) == set(LANGUAGES), key
        holes = [set(re.findall(r"{(\w+)", text)) for text in texts.values()]
        assert holes[0] == holes[1], key
        assert re.search("[\u4e00-\u9fff]", texts["zh"]), key


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de,zh;q=0.5,en;q=0.7", "en"),
        ("zh;q=x, en", "en"),
        ("fr", "en"),
    ],
)
def test_preferred_language(client, accepted, language):
    assert preferred(accepted) == language
    answer = client().get("/", headers={"accept-language": accepted})
    assert answer.headers["location"] == f"/{language}/"


def test_a_result_shows_what_was_published(client, seeded: Seeded):
    base = f"/en/cars/{CAMRY}/{seeded.published}"
    page = client().get(base).text
    # published by the programme (and by us, of the bundled car): risks of its frontal test, relative risk 0.50
    for text in (
        "★★★★★",
        "7.53",
        "12 of 12 published outcomes are equal",
        "Two wheels lift",
        'data-node="frontal/driver"',
    ):
        assert text in page
    drawings = client().get(f"{base}/drawings").text
    assert drawings.count("<svg") >= 5
    assert "/tmp" not in page + drawings
    proof = client().get(f"{base}/provenance").text
    assert "is whole" in proof
    assert "the same, in every number" in proof
    assert "carindex-publication-1" in proof


def test_corrected_and_withdrawn(client, seeded: Seeded):
    listed = client().get("/en/cars?state=withdrawn").text
    assert "Example car C" in listed
    assert "Example car B" not in listed
    slug = slug_of("Maker B", "Example car C")
    for part in ("", "/drawings", "/provenance"):
        page = client().get(f"/zh/cars/{slug}/{seeded.withdrawn}{part}").text
        assert "示例：试验车型配置有误。" in page
        assert "data-node=" not in page
        assert "hic15" not in page
    page = client().get(f"/en/cars/{CORRECTED}/{seeded.corrected}/provenance").text
    assert "first published" in page
    assert "Example: a value was typed wrongly." in page


def test_nothing_of_an_embargo_is_public(client, seeded: Seeded):
    secret = ("Example car D", "Example car E", seeded.embargoed_batch, "Batch 2 of 2026", seeded.in_review)
    slug = slug_of("Maker B", "Example car D under embargo")
    hidden = (
        f"/cars/{slug}",
        f"/cars/{slug}/{seeded.embargoed}",
        f"/cars/{CAMRY}/{seeded.embargoed}",
        f"/compare?car={slug}",
    )
    for path in (*PATHS, *hidden, "/cars?q=embargo"):
        answer = client().get(f"/en{path}")
        assert not [word for word in secret if word in answer.text], path
        assert (answer.status_code == 404) == (path in hidden)
    secret = (*secret, seeded.embargoed)
    for path in ("results", "results?limit=200", "log"):
        text = client().get(f"/api/v1/{path}").text
        assert not [word for word in secret if word in text]
    for path in (seeded.embargoed, f"{seeded.embargoed}/rating", seeded.in_review):
        assert client().get(f"/api/v1/results/{path}").status_code == 404


def test_the_catalogue_against_a_plain_look(client):
    cars = {
        "Toyota Camry LE 2018": "Maker A (example)",
        "Example car B": "Maker B (example)",
        "Example car C": "Maker B (example)",
    }
    for text in ("", "camry", "EXAMPLE", "maker b", "b maker", "nothing"):
        page = client().get("/en/cars", params={"q": text}).text
        for car, maker in cars.items():
            fits = all(word in f"{car} {maker}".casefold() for word in text.casefold().split())
            assert (f">{car}</a>" in page) == fits, (text, car)
    names = re.findall(r"<h2><a[^>]*>([^<]+)", client().get("/en/cars?sort=name").text)
    assert names == sorted(cars)


def test_every_protocol_has_its_page(client):
    for name in available_protocols():
        answer = client().get(f"/zh/protocols/{name}")
        assert answer.status_code == 200, name
        head = load_protocol(name).head
        assert str(head.edition) in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/en/nothing", 404),
        ("/zh/protocols/nothing", 404),
        ("/en/protocols/..%2f..%2fetc", 404),
        ("/en/cars/nothing", 404),
        ("/en/protocol-changes?first=x&second=y", 404),
        ("/en/protocol-changes", 422),
        ("/zh/crosswalk?p=" + "&p=".join(available_protocols()[:8]), 422),
        ("/en/static/../app.py", 404),
        ("/static/..%2fapp.py", 404),
        ("/zh/workspace", 401),
        ("/en/office", 401),
    ],
)
def test_what_is_not_there(client, path, status):
    answer = client().get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert not INLINE.search(answer.text)
    assert "content-security-policy" in answer.headers


def test_assets_are_kept(client):
    answer = client().get("/static/report.css?x")
    assert "immutable" in answer.headers["cache-control"]
    again = client().get("/static/report.css", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert "Zero-Clause BSD" in client().get("/static/vendor/htmx.LICENSE.txt").text


def test_head_is_get_without_its_body(client):
    for path in ("/en/cars", "/en/sign-in", "/api/v1/protocols"):
        answer = client().head(path)
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer.headers["content-length"] != "0"


def test_an_address_that_is_taken(site):
    from click.testing import CliRunner

    from carindex.cli.serve import serve
    from carindex.messages import InputError

    for port, host in ((site.rsplit(":", 1)[1], "127.0.0.1"), ("8080", "192.0.2.1")):
        with pytest.raises(InputError) as found:
            CliRunner().invoke(serve, ["--port", port, "--host", host], catch_exceptions=False)
        assert found.value.code == "web.address_taken"
