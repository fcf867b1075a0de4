"""Attempts to see or do what one must not: other people's material, forged forms, stolen and old sessions."""

import io
import json
import logging
import re

import httpx
import pytest
from sqlalchemy import select
from tests.web.conftest import Client, token_of
from tests.web.seeded import PASSWORD, Seeded, facts_of

from carindex.office.store import AuditEntry
from carindex.office.workspace.jobs import ask
from carindex.office.workspace.models import Upload

FACTS = facts_of(300).encode()


def sent(client: Client, files: list[tuple[str, bytes]], title: str = "") -> httpx.Response:
    """Upload files as the page does; returns the last answer."""
    headers = {"x-csrf-token": client.secret}
    said = {"title": title, "files": [{"name": name, "size": len(content)} for name, content in files]}
    answer = client.post("/en/workspace/uploads", headers=headers, content=json.dumps(said))
    if answer.status_code != 201:
        return answer
    key = answer.json()["key"]
    for number, (_, content) in enumerate(files):
        for at in range(0, len(content), 1 << 20):
            piece = content[at : at + (1 << 20)]
            path = f"/en/workspace/uploads/{key}/chunks/{number}?offset={at}"
            answer = client.put(path, headers=headers, content=piece)
            assert answer.status_code == 200, answer.text
    return client.post(f"/en/workspace/uploads/{key}/complete", headers=headers)


@pytest.fixture(scope="module")
def upload(client) -> str:
    answer = sent(client("engineer-a"), [("facts.csv", FACTS)], "Own facts")
    assert answer.json()["kind"] == "facts"
    return answer.json()["key"]


def test_own_material_only(client, seeded: Seeded, upload):
    with seeded.office.change(seeded.people["engineer-a"]) as change:
        job = ask(change, "ratings", upload, {}).key
    paths = (
        f"/en/workspace/{upload}",
        f"/en/workspace/{upload}/criteria",
        f"/en/workspace/{upload}/us-ncap-2011",
        f"/en/workspace/{upload}/facts.csv",
        f"/en/workspace/{upload}/ratings.json",
        f"/en/workspace/{upload}/report.zip",
        f"/en/workspace/{upload}/files/0",
        f"/en/workspace/{upload}/jobs",
        f"/en/workspace/uploads/{upload}",
    )
    apis = (
        f"uploads/{upload}",
        f"uploads/{upload}/criteria",
        f"uploads/{upload}/findings",
        f"jobs/{job}",
        f"jobs/{job}/result",
    )
    for login in ("engineer-b", "secretary", "administrator"):
        other = client(login)
        for path in paths:
            answer = other.get(path)
            assert answer.status_code == 404, (login, path)
            assert "Own facts" not in answer.text
        assert upload not in other.get("/en/workspace").text
        for path in (
            f"{upload}/remove",
            f"{upload}/us-ncap-2011",
            f"{upload}/jobs",
            f"{upload}/jobs/{job}/cancel",
        ):
            assert other.form(f"/en/workspace/{path}", {"kind": "ratings"}).status_code == 404, (login, path)
        token = token_of(other, "read", "rate")
        for path in apis:
            assert other.get(f"/api/v1/{path}", headers=token).status_code == 404, (login, path)
        assert other.delete(f"/api/v1/uploads/{upload}", headers=token).status_code == 404
        assert other.delete(f"/api/v1/jobs/{job}", headers=token).status_code == 404
        assert upload not in other.get("/api/v1/uploads", headers=token).text
        assert job not in other.get("/api/v1/jobs", headers=token).text
    assert client("expert-a").get("/en/workspace").status_code == 403
    for path in paths:
        assert client().get(path).status_code == 401
    own = client("engineer-a")
    assert all(own.get(path).status_code == 200 for path in paths)
    assert own.get(f"/en/workspace/{upload}/files/0").content == FACTS
    assert own.form(f"/en/workspace/{upload}/jobs/{job}/cancel").status_code == 303


def test_the_office_is_for_its_people(client, seeded: Seeded):
    office = ("", "/reviews", f"/reviews/{seeded.review}", "/proposals", "/panel", "/batches", "/audit")
    for path in office:
        assert client("engineer-a").get(f"/en/office{path}").status_code == 403, path
        assert client().get(f"/en/office{path}").status_code == 401, path
        assert client("secretary").get(f"/zh/office{path}").status_code == 200, path
    for path in ("/batches", "/audit"):
        assert client("expert-a").get(f"/en/office{path}").status_code == 403
    # of the car's maker's rival: on the panel, but not assigned
    with seeded.office.reading() as session:
        from carindex.office.review.assigning import reviewers

        assigned = {one.person for one in reviewers(session, seeded.review)}
    logins = {key: login for login, key in seeded.people.items()}
    experts = {f"expert-{x}" for x in "abc"}
    for login in experts:
        seen = login in {logins[key] for key in assigned}
        assert client(login).get(f"/en/office/reviews/{seeded.review}").status_code == (200 if seen else 404)
        assert ("Example car E in review" in client(login).get("/en/office/reviews").text) == seen
    outsider = next(iter(experts - {logins[key] for key in assigned}))
    answer = client(outsider).form(f"/en/office/reviews/{seeded.review}/opinion", {"verdict": "approve"})
    assert answer.status_code == 403
    answer = client(outsider).form(
        f"/en/office/reviews/{seeded.review}/comments", {"node": "frontal", "text": "x"}
    )
    assert answer.status_code == 403
    # nobody but the secretary publishes, whatever form is sent
    for login in ("expert-a", "engineer-b"):
        for path in (
            f"results/{seeded.published}/withdraw",
            f"results/{seeded.published}/correct",
            f"batches/{seeded.embargoed_batch}/release",
        ):
            data = {"en": "x", "zh": "x", "assessment": seeded.in_review}
            assert client(login).form(f"/en/office/{path}", data).status_code == 403, (login, path)
    early = client("secretary").form(f"/en/office/batches/{seeded.embargoed_batch}/release")
    assert early.status_code == 422
    assert "2026-05-01" in early.text


def test_a_forged_form_does_nothing(client, upload):
    own = client("engineer-a")
    path = f"/en/workspace/{upload}/remove"
    assert own.post(path).status_code == 403
    assert own.post(path, data={"csrf": "0" * 64}).status_code == 403
    for header in ({"origin": "http://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert own.form(path, headers=header).status_code == 403
    other = client("engineer-b")
    assert own.post(path, data={"csrf": other.secret}).status_code == 403
    assert own.post("/en/workspace/uploads", content=b"{}").status_code == 403
    assert own.get(f"/en/workspace/{upload}").status_code == 200


def test_a_session_ends_for_whoever_has_it(site):
    with Client(base_url=site, timeout=60) as one:
        before = one.cookies.get("carindex_session")
        assert one.sign_in("engineer-b").status_code == 303
        secret = one.cookies["carindex_session"]
        assert before is None
        assert secret
        flags = next(
            value
            for value in one.post(
                "/en/sign-in", data={"csrf": one.secret, "login": "engineer-b", "password": PASSWORD}
            ).headers.get_list("set-cookie")
            if "carindex_session" in value
        )
        assert "HttpOnly" in flags
        assert "SameSite=lax" in flags
        one.learn("/en/account")
        secret = one.cookies["carindex_session"]
        assert one.form("/en/sign-out").status_code == 303
    with httpx.Client(base_url=site, cookies={"carindex_session": secret}) as thief:
        assert thief.get("/en/account").status_code == 401


def test_tokens_and_sessions_are_not_each_other(client):
    own = client("engineer-a")
    reading = token_of(own, "read")
    assert own.get("/api/v1/uploads").status_code == 401  # the cookie alone
    secret = reading["authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=own.base_url, cookies={"carindex_session": secret}) as other:
        assert other.get("/en/account").status_code == 401
    answer = own.post("/api/v1/uploads", headers=reading, content=b'{"files": [{"name": "a", "size": 1}]}')
    assert answer.status_code == 403
    assert "insufficient_scope" in answer.headers["www-authenticate"]
    assert own.get("/api/v1/uploads", headers={"authorization": "Bearer x"}).status_code == 401
    assert own.get("/api/v1/uploads", headers={"authorization": "Basic eDp5"}).status_code == 401
    page = own.get("/en/account").text
    assert secret not in page
    bearer = re.findall(r'name="bearer" value="(\w+)"', page)[0]
    assert client("engineer-b").form("/en/account/revoke", {"bearer": bearer}).status_code == 403
    assert own.form("/en/account/revoke", {"bearer": bearer}).status_code == 303
    assert own.get("/api/v1/uploads", headers=reading).status_code == 401


def test_passwords_are_not_guessed_nor_logged(site, seeded: Seeded, caplog):
    wrong = "a wrong passphrase indeed"
    with caplog.at_level(logging.DEBUG), Client(base_url=site, timeout=60) as one:
        answers = [one.sign_in("guessed", wrong).status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]
        assert one.sign_in("guessed").status_code == 429  # also with the right one
        unknown = one.sign_in("nobody at all", wrong)
        assert unknown.status_code == 401
        assert wrong not in unknown.text
    assert wrong not in caplog.text
    with seeded.office.reading() as session:
        said = json.dumps([entry.details for entry in session.scalars(select(AuditEntry))])
    assert wrong not in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/en//elsewhere",
        "/en/\\elsewhere",
        "javascript:x",
    ],
)
def test_signing_in_leads_nowhere_else(site, path):
    with Client(base_url=site, timeout=60) as one:
        one.learn("/en/sign-in")
        data = {"login": "engineer-b", "password": PASSWORD, "next_page": path}
        assert one.form("/en/sign-in", data).headers["location"] == "/en/account"


def test_text_of_people_is_only_text(client, seeded: Seeded):
    evil = "<script>alert(1)</script>"
    answer = sent(client("engineer-a"), [("facts.csv", FACTS)], evil)
    key = answer.json()["key"]
    for path in (
        "/en/workspace",
        f"/en/workspace/{key}/jobs",
        f"/en/workspace/{key}?car={evil}",
        f"/en/cars?q={evil}",
        f"/zh/crosswalk?topic={evil}",
    ):
        assert evil not in client("engineer-a").get(path).text, path
    with seeded.office.reading() as session:
        assert session.get_one(Upload, key).title == evil
    client("engineer-a").form(f"/en/workspace/{key}/remove")


def test_large_requests_are_refused(client):
    own = client("engineer-a")
    assert own.post("/en/sign-in", content=b"x" * (1 << 20) + b"x").status_code == 413

    def stream():
        for _ in range(40):
            yield b"x" * 65536

    answer = own.post(
        "/en/sign-in", content=stream(), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
    assert io.BytesIO(answer.content).read(3)
