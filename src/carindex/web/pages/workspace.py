"""The workspace of an organisation: uploads, what is in them, their ratings, and what would be if."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from carindex.messages import InputError
from carindex.office.workspace.jobs import ask, cancel, jobs_of, result_of
from carindex.office.workspace.models import Upload, UploadKind, UploadState
from carindex.office.workspace.sniffing import FILES
from carindex.office.workspace.uploads import finding_of, uploads_of
from carindex.rating import Rating
from carindex.report.evidence import SignalChart, finding_rows
from carindex.report.evidence import evidence_of as shown_evidence
from carindex.report.sections import section_of
from carindex.report.wording import test_name
from carindex.web import downloads, forgery, intake
from carindex.web.bench import (
    Looked,
    Undrawn,
    charts_of,
    every_rating,
    evidence_of,
    rating_json,
    rating_of,
    tests_of_recordings,
)
from carindex.web.faults import OldForm, status_of
from carindex.web.jobs.kinds import checked
from carindex.web.pages.forms import Sent, SignedIn, work_of
from carindex.web.site import Site, site_of
from carindex.web.templating import language_of, page, query_of, to
from carindex.web.views.assumptions import assumable_nodes, assumed_of
from carindex.web.views.jobs import shown_job
from carindex.web.views.protocols import listed, plan_of
from carindex.web.visitors import Visitor, visitor_of
from carindex.web.wording import label

router = APIRouter(prefix="/workspace")

_MIB = 1024**2
Said = Annotated[str | None, Query(max_length=200)]


def _size(count: int) -> str:
    return f"{count / _MIB:.1f} MiB" if count >= _MIB else f"{count / 1024:.1f} KiB"


@router.get("")
def workspace(request: Request, visitor: SignedIn) -> Response:
    """Show the uploads of the own organisation."""
    site, language = site_of(request), language_of(request)
    with site.office.reading() as session:
        found = uploads_of(session, visitor.actor)
        jobs = [job.upload for job in jobs_of(session, visitor.actor)]
    rows = [
        {
            "key": upload.key,
            "title": upload.title,
            "kind": label(f"upload_kind_{upload.kind}", language) if upload.kind else "",
            "size": _size(upload.size),
            "begun": upload.begun.strftime("%Y-%m-%d %H:%M"),
            "state": label(f"upload_state_{upload.state}", language),
            "complete": upload.state == UploadState.COMPLETE.value,
            "finding": finding_of(upload.finding).line(language) if upload.finding else "",
            "jobs": jobs.count(upload.key),
        }
        for upload in found
    ]
    limits = site.settings.limits
    return page(
        request,
        "workspace/list.html",
        {"rows": rows, "chunk": limits.chunk // 2, "most": _size(limits.upload)},
    )


# -- sending -------------------------------------------------------------------------------------------------


def _by_script(request: Request) -> Visitor:
    visitor = visitor_of(request)
    if not forgery.is_own(request, "", site_of(request).key):
        raise OldForm
    return visitor


ByScript = Annotated[Visitor, Depends(_by_script)]


async def _body(request: Request) -> bytes:
    return await request.body()


Content = Annotated[bytes, Depends(_body)]


def _told(request: Request, site: Site, upload: Upload, status: int = 200) -> Response:
    document = intake.as_json(site, upload, language_of(request))
    document["page"] = f"/{language_of(request)}/workspace/{upload.key}"
    return JSONResponse(document, status)


@router.post("/uploads")
def begin(request: Request, visitor: ByScript, said: Content) -> Response:
    """Begin an upload."""
    site = site_of(request)
    return _script(
        request,
        lambda: _told(request, site, intake.begin(site, visitor.actor, intake.beginning_of(said)), 201),
    )


@router.get("/uploads/{key}")
def state(request: Request, visitor: SignedIn, key: str) -> Response:
    """Return how much of an upload was received."""
    site = site_of(request)
    return _script(request, lambda: _told(request, site, intake.find(site, visitor.actor, key)))


@router.put("/uploads/{key}/chunks/{number}")
def chunk(
    request: Request,
    visitor: ByScript,
    key: str,
    number: int,
    content: Content,
    offset: Annotated[int, Query(ge=0)],
) -> Response:
    """Add a piece to a file."""
    site = site_of(request)
    try:
        upload = intake.add(site, visitor.actor, key, number, offset, content)
    except InputError as error:
        if error.code != "office/workspace.wrong_offset":
            return _problem(request, error)
        return _told(request, site, intake.find(site, visitor.actor, key), 409)
    return _told(request, site, upload)


@router.post("/uploads/{key}/complete")
def complete(request: Request, visitor: ByScript, key: str) -> Response:
    """Complete an upload."""
    site = site_of(request)
    return _script(request, lambda: _told(request, site, intake.complete(site, visitor.actor, key)))


def _script(request: Request, do: Any) -> Response:  # noqa: ANN401 - a function without arguments
    try:
        found: Response = do()
    except InputError as error:
        return _problem(request, error)
    return found


def _problem(request: Request, error: InputError) -> Response:
    said = error.line(language_of(request))
    return JSONResponse({"code": error.code, "detail": said}, status_of(error))


# -- looking -------------------------------------------------------------------------------------------------


def looked_at(request: Request, visitor: SignedIn, key: str, car: Said = None, test: Said = None) -> Looked:
    """Return the upload that a page is about, of the own organisation and complete."""
    site = site_of(request)
    upload = intake.find(site, visitor.actor, key)
    if upload.state != UploadState.COMPLETE.value:
        raise InputError(upload.title, "office/workspace.not_complete", state=upload.state)
    return Looked(site.office, upload, car or None, test or None)


At = Annotated[Looked, Depends(looked_at)]
Work = Depends(work_of)


def _frame(request: Request, looked: Looked, tab: str, heading: str) -> dict[str, Any]:
    base = f"/{language_of(request)}/workspace/{looked.upload.key}"
    view = query_of(request, signals=None)
    view = "" if view == "?" else view
    return {
        "upload": looked.upload,
        "heading": heading,
        "tab": tab,
        "base": base,
        "view": view,
        "car": looked.car or "",
        "test": looked.test or "",
        "tabs": [
            (name, f"{base}{path}{view}")
            for name, path in (("overview", ""), ("criteria", "/criteria"), ("jobs", "/jobs"))
        ],
    }


@router.get("/{key}", dependencies=[Work])
def overview(request: Request, looked: At) -> Response:
    """Show what an upload is, and what every programme says of it."""
    from carindex.report.comparison import comparison_of

    language, kind = language_of(request), looked.upload.kind
    context = _frame(request, looked, "overview", looked.upload.title)
    context |= {
        "files": [{**entry, "size": _size(entry["size"])} for entry in looked.upload.files],
        "cars": [],
        "tests": [(name, test_name(name, language)) for name in tests_of_recordings()]
        if kind == UploadKind.RECORDING.value
        else [],
        "document": None,
        "findings": (),
    }
    try:
        evidence = evidence_of(looked)
    except InputError as error:
        if error.code not in ("dossier.several_cars", "dossier.no_such_car"):
            raise
        context["cars"] = _cars(looked)
        return _without_paths(page(request, "workspace/overview.html", context), looked)
    if kind == UploadKind.FACTS.value:
        context["cars"] = _cars(looked)
    ratings = every_rating(looked) if evidence.facts else []
    context["heading"] = evidence.car or looked.upload.title
    context["findings"] = finding_rows(evidence.findings, evidence, language)
    if ratings:
        context["document"] = comparison_of(ratings, {}, evidence, language)
    return _without_paths(page(request, "workspace/overview.html", context), looked)


def _cars(looked: Looked) -> list[str]:
    from carindex.dossier.readers import table_of_text
    from carindex.office.workspace.sniffing import root_of

    root = root_of(looked.office, looked.upload)
    if root.suffix.lower() == ".json":
        return []
    names, rows = table_of_text(root)
    names = [name.strip() for name in names]
    if "car" not in names:
        return []
    at = names.index("car")
    return [str(row[at]) for row in rows[:2000] if len(row) > at]


@router.get("/{key}/criteria", dependencies=[Work])
def criteria(
    request: Request, looked: At, signals: Annotated[int | None, Query(ge=1, le=99)] = None
) -> Response:
    """Show all criteria of the recorded tests; the signals of one occupant when asked for."""
    language = language_of(request)
    evidence = evidence_of(looked)
    drawn = charts_of(looked)
    plain = shown_evidence([], evidence, language, Undrawn(drawn, ()))
    groups = plain.criteria
    charts: tuple[SignalChart, ...] = ()
    if signals is not None and signals <= len(groups):
        wanted = tuple(row.id for row in groups[signals - 1].rows)
        charts = shown_evidence([], evidence, language, Undrawn(drawn, wanted)).other_charts
    context = _frame(request, looked, "criteria", evidence.car or looked.upload.title)
    context |= {"evidence": plain, "charts": charts, "signals": signals}
    return _without_paths(page(request, "workspace/criteria.html", context), looked)


@router.get("/{key}/files/{number}")
def file(request: Request, looked: At, number: int) -> Response:
    """Return a file as it was uploaded."""
    if not 0 <= number < len(looked.upload.files):
        raise InputError(str(number), "office/workspace.no_such_file", count=len(looked.upload.files))
    name = looked.upload.files[number]["name"]
    content = (looked.folder / FILES / name).read_bytes()
    return downloads.attached(content, name.rsplit("/", 1)[-1], "application/octet-stream")


@router.get("/{key}/criteria.json", dependencies=[Work])
def criteria_json(request: Request, looked: At) -> Response:
    """Return all criteria."""
    content = downloads.as_json(downloads.criteria_json(looked, language_of(request)))
    return downloads.attached(content, "criteria.json", "application/json")


@router.get("/{key}/facts.csv", dependencies=[Work])
def facts_csv(looked: At) -> Response:
    """Return all facts."""
    return downloads.attached(downloads.facts_csv(looked), "facts.csv", "text/csv; charset=utf-8")


@router.get("/{key}/ratings.json", dependencies=[Work])
def ratings_json(request: Request, looked: At) -> Response:
    """Return all ratings."""
    language = language_of(request)
    found = [rating_json(looked, rating, language) for rating in every_rating(looked)]
    return downloads.attached(downloads.as_json(found), "ratings.json", "application/json")


@router.get("/{key}/report.zip", dependencies=[Work])
def report(request: Request, looked: At) -> Response:
    """Return the report of all programmes that can use a fact of the car."""
    ratings = [rating for rating in every_rating(looked) if rating.used]
    content = downloads.report_zip(looked, ratings, language_of(request))
    return downloads.attached(content, "report.zip", "application/zip")


@router.post("/{key}/remove")
def remove(request: Request, visitor: Sent, key: str) -> Response:
    """Remove an upload."""
    intake.remove(site_of(request), visitor.actor, key)
    return to(f"/{language_of(request)}/workspace")


@router.get("/{key}/jobs")
def jobs(request: Request, looked: At, visitor: SignedIn) -> Response:
    """Show the jobs of an upload; while one works, the page asks again."""
    language, site = language_of(request), site_of(request)
    with site.office.reading() as session:
        found = jobs_of(session, visitor.actor, looked.upload.key)
    rows = [shown_job(site.office, job, language) for job in found]
    context = _frame(request, looked, "jobs", looked.upload.title)
    context |= {"rows": rows, "working": any(row.working for row in rows), "heads": listed(language)}
    piece = bool(request.headers.get("hx-request"))
    return page(request, "workspace/job_rows.html" if piece else "workspace/jobs.html", context)


@router.post("/{key}/jobs", dependencies=[Work])
def ask_job(
    request: Request,
    visitor: Sent,
    key: str,
    kind: Annotated[str, Form(max_length=40)],
    protocol: Annotated[str, Form(max_length=80)] = "",
    samples: Annotated[int, Form(ge=100, le=1_000_000)] = 10_000,
    car: Annotated[str, Form(max_length=200)] = "",
    test: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Ask for a job."""
    site = site_of(request)
    settings: dict[str, Any] = {"car": car or None, "test": test or None}
    if kind == "robustness":
        plan_of(protocol)
        settings |= {"protocol": protocol, "samples": samples}
    with site.office.change(visitor.person) as change:
        ask(change, kind, key, checked(kind, settings))
    return to(f"/{language_of(request)}/workspace/{key}/jobs")


@router.post("/{key}/jobs/{job}/cancel")
def cancel_job(request: Request, visitor: Sent, key: str, job: str) -> Response:
    """Cancel a job."""
    with site_of(request).office.change(visitor.person) as change:
        cancel(change, job)
    return to(f"/{language_of(request)}/workspace/{key}/jobs")


@router.get("/{key}/jobs/{job}/result.json")
def job_result(request: Request, visitor: SignedIn, key: str, job: str) -> Response:
    """Return what came out of a job."""
    with site_of(request).office.reading() as session:
        document = result_of(session, visitor.actor, job)[language_of(request)]
    return downloads.attached(downloads.as_json(document), f"{job}.json", "application/json")


@router.get("/{key}/{protocol}", dependencies=[Work])
def rating(request: Request, looked: At, protocol: str) -> Response:
    """Show what one programme says of the car."""
    return _rating_page(request, looked, protocol, rating_of(looked, protocol), {})


@router.post("/{key}/{protocol}", dependencies=[Work])
async def what_if(request: Request, visitor: Sent, key: str, protocol: str) -> Response:
    """Show what the programme would say if points were as the form says; nothing is kept."""
    from starlette.concurrency import run_in_threadpool

    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}

    def made() -> Response:
        looked = looked_at(request, visitor, key, fields.get("car"), fields.get("test"))
        language = language_of(request)
        problem = ""
        try:
            assumed = assumed_of(fields)
            found = rating_of(looked, protocol, assumed)
        except InputError as error:
            if error.code not in (
                "web.not_points",
                "rating.assumed_not_possible",
                "rating.assumed_unknown_node",
            ):
                raise
            problem, assumed, found = error.line(language), {}, rating_of(looked, protocol)
        return _rating_page(request, looked, protocol, found, fields, problem=problem)

    return await run_in_threadpool(made)


def _rating_page(
    request: Request,
    looked: Looked,
    protocol: str,
    found: Rating,
    fields: dict[str, str],
    *,
    problem: str = "",
) -> Response:
    language = language_of(request)
    evidence = evidence_of(looked)
    section = section_of(found, evidence, language)
    context = _frame(request, looked, "", evidence.car or looked.upload.title)
    context |= {
        "section": section,
        "protocol": protocol,
        "assumable": assumable_nodes(found, fields, language),
        "problem": problem,
    }
    piece = bool(request.headers.get("hx-request"))
    name = "workspace/result.html" if piece else "workspace/rating.html"
    # a script puts only good answers into the page, so that a problem is said inside a good one
    return _without_paths(page(request, name, context, status=422 if problem and not piece else 200), looked)


@router.get("/{key}/{protocol}/rating.json", dependencies=[Work])
def one_json(request: Request, looked: At, protocol: str) -> Response:
    """Return one rating."""
    document = rating_json(looked, rating_of(looked, protocol), language_of(request))
    return downloads.attached(downloads.as_json(document), f"{protocol}.json", "application/json")


@router.get("/{key}/{protocol}/report.zip", dependencies=[Work])
def one_report(request: Request, looked: At, protocol: str) -> Response:
    """Return the report of one programme."""
    content = downloads.report_zip(looked, [rating_of(looked, protocol)], language_of(request))
    return downloads.attached(content, f"{protocol}.zip", "application/zip")


def _without_paths(made: Response, looked: Looked) -> Response:
    """Return a page in which no folder of this machine is named."""
    text = bytes(made.body).replace(f"{looked.folder}/files/".encode(), b"")
    text = text.replace(f"{looked.folder}/unpacked/".encode(), b"").replace(f"{looked.folder}/".encode(), b"")
    made.body = text
    made.headers["content-length"] = str(len(text))
    return made
