"""The API: the JSON of the command line, pages by cursor, ETags, limits; and whatever Schemathesis thinks of."""

import json
import threading

import httpx
import pytest
import schemathesis
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from tests.web.conftest import LIMITS, running, token_of
from tests.web.test_access import sent
from tests.web.test_uploads import FACTS, camry_zip

from carindex.cli.protocols import check, list_
from carindex.cli.rating import rate
from carindex.cli.recordings import criteria
from carindex.examples import camry
from carindex.rating import available_protocols
from carindex.web.app import create_app
from carindex.web.settings import Rates, Settings
from carindex.web.throttle import Throttle


def said(command, *arguments) -> object:
    """What the command line says in JSON."""
    answer = CliRunner().invoke(command, [*map(str, arguments), "--json", "-"], catch_exceptions=False)
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def token(client) -> dict[str, str]:
    return token_of(client("engineer-a"), "read", "rate")


@pytest.fixture(scope="module")
def api(client):
    own = client()

    def get(path: str, **options) -> httpx.Response:
        return own.get(f"/api/v1/{path}", **options)

    return get


def every(api, path: str, **options) -> list:
    """All entries of a list, page by page."""
    found, after = [], None
    while True:
        answer = api(path, params={"limit": 7, **({"after": after} if after else {})}, **options)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 7
        assert ('rel="next"' in answer.headers.get("link", "")) == (page["next"] is not None)
        found.extend(page["items"])
        after = page["next"]
        if after is None:
            return found


def test_protocols_as_the_command_line_says(api):
    assert every(api, "protocols") == said(list_)
    for name in ("us-ncap-2011", "c-ncap-2024"):
        assert [api(f"protocols/{name}").json()] == said(check, name)
    assert len(available_protocols()) == len(every(api, "protocols"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ratings_and_criteria_as_the_command_line_says(client, api, token, language):
    key = sent(client("engineer-a"), [("car.zip", camry_zip(""))]).json()["key"]
    own = client("engineer-a")
    path = f"/api/v1/uploads/{key}/ratings?lang={language}"
    for protocol in ("us-ncap-2011", "c-ncap-2024"):
        answer = own.post(path, headers=token, content=json.dumps({"protocols": [protocol]}))
        found = answer.json()["items"]
        with camry() as folder:
            expected = said(rate, folder, "-p", protocol, "--lang", language)
            text = json.dumps(expected, ensure_ascii=False).replace(f"{folder}/", "")
        assert found == [json.loads(text)]
    with camry() as folder:
        recording = next(folder.rglob("*.zip"))
        expected = said(criteria, recording, "--lang", language)
    found = api(f"uploads/{key}/criteria?lang={language}", headers=token).json()["items"]
    assert [(one["occupant"], one["criterion"], one["value"]) for one in found] == [
        (one["occupant"], one["criterion"], one["value"]) for one in expected
    ]
    assert own.delete(f"/api/v1/uploads/{key}", headers=token).status_code == 204


def test_facts_are_rated_at_once(client, token):
    own = client("engineer-a")
    name = "full_width_rigid_56/driver/h3_50m/hic15"
    for facts, findings in (
        ({name: 140}, 0),
        ({name: {"value": 140, "unit": "1"}}, 0),
        ({name: "much"}, 1),
        ({"x/y": 1}, 1),
    ):
        body = {"protocols": ["us-ncap-2011"], "facts": facts}
        (rating,) = own.post("/api/v1/ratings", headers=token, content=json.dumps(body)).json()["items"]
        errors = [one for one in rating["findings"] if one["severity"] == "error"]
        assert len(errors) == findings
        assert rating["used"] == (not findings)
        assert "/tmp" not in json.dumps(rating)
    for body in (
        {},
        {"protocols": []},
        {"protocols": ["nothing"], "facts": {}},
        {"protocols": ["us-ncap-2011"], "facts": {}, "assumed": {"no": 1}},
    ):
        assert own.post("/api/v1/ratings", headers=token, content=json.dumps(body)).status_code in (404, 422)


def test_etags(api, token):
    for path in ("protocols", "results", "protocols/us-ncap-2011", "openapi.json"):
        answer = api(path)
        etag = answer.headers["etag"]
        assert api(path, headers={"if-none-match": etag}).status_code == 304
        assert api(path, headers={"if-none-match": f'W/"x", {etag}'}).status_code == 304
        assert api(path, headers={"if-none-match": '"x"'}).status_code == 200
    assert "no-store" in api("uploads", headers=token).headers["cache-control"]


def test_pages_hold_still_while_the_list_grows(client, api, token):
    own = client("engineer-a")
    keys = [sent(own, [(f"{i}.csv", FACTS)]).json()["key"] for i in range(4)]
    first = api("uploads", headers=token, params={"limit": 2}).json()
    more = sent(own, [("more.csv", FACTS)]).json()["key"]
    second = api("uploads", headers=token, params={"limit": 2, "after": first["next"]}).json()
    assert [one["key"] for one in (*first["items"], *second["items"])] == keys[::-1]
    for cursor in ("x", "eA", "é", ""):
        assert api("uploads", headers=token, params={"after": cursor}).status_code == 422
    for key in (*keys, more):
        own.form(f"/en/workspace/{key}/remove")


def test_too_many_requests(seeded):
    rates = Rates(api=(5, 60.0))
    app = create_app(Settings(worker=False, rates=rates, limits=LIMITS, clock=seeded.clock), seeded.office)
    with running(app) as site, httpx.Client(base_url=site) as one:
        statuses = [one.get("/api/v1/protocols?limit=1").status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        answer = one.get("/api/v1/protocols?limit=1", headers={"accept-language": "zh"})
        assert 0 < int(answer.headers["retry-after"]) <= 61
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "秒" in answer.json()["detail"]
        assert one.get("/en/protocols").status_code == 200


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 12)), max_size=60), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_the_throttle_against_a_plain_count(steps, most):
    now = 0.0
    throttle = Throttle(most, 10.0, lambda: now)
    taken: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in steps:
        now += pause
        recent = [at for at in taken[key] if at > now - 10]
        wait = throttle.take(key)
        assert (wait == 0) == (len(recent) < most)
        if wait:
            assert wait == sorted(recent)[-most] + 10 - now
        else:
            taken[key].append(now)


def test_many_threads_take_no_more_than_there_is():
    throttle = Throttle(50, 1000.0)
    got: list[float] = []
    threads = [
        threading.Thread(target=lambda: got.extend(throttle.take("x") for _ in range(40))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait == 0 for wait in got) == 50


def test_schemathesis(site, token):
    """A short run over all operations: no mistakes of the program, nothing answered that is not described."""
    schema = schemathesis.openapi.from_url(f"{site}/api/v1/openapi.json")
    failures = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def run(case) -> None:
            answer = case.call(headers=token)
            case.validate_response(
                answer,
                checks=[
                    schemathesis.checks.not_a_server_error,
                    status_code_conformance,
                    content_type_conformance,
                ],
            )

        try:
            run()
        except Exception as error:
            failures.append(f"{operation.label}: {str(error)[:400]}")
    assert not failures, "\n".join(failures)
