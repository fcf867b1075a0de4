"""Signing in and out, the own password, the own sessions and tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from carindex.messages import InputError
from carindex.office.people.accounts import check_password, limits, set_password
from carindex.office.people.persons import person_of
from carindex.office.people.sessions import SCOPES, bearers_of, begin_session, make_token, revoke
from carindex.office.store import Organisation
from carindex.office.wording import label as office_label
from carindex.report.wording import in_language
from carindex.web import forgery
from carindex.web.pages.forms import Sent, SignedIn, own_form
from carindex.web.site import address_of, site_of
from carindex.web.templating import language_of, page, to
from carindex.web.visitors import give_cookie, give_visit, take_cookie
from carindex.web.wording import label

router = APIRouter()

_NAME, _PASSWORD, _WORDS = (Form(max_length=120), Form(max_length=1024), Form(max_length=200))


@router.get("/sign-in")
def sign_in_page(request: Request, to: str = "") -> Response:
    """Show the form to sign in."""
    return _form(request, next_page=_inside(to))


@router.post("/sign-in", dependencies=[Depends(own_form)])
def sign_in(
    request: Request,
    login: Annotated[str, _NAME],
    password: Annotated[str, _PASSWORD],
    next_page: Annotated[str, _WORDS] = "",
) -> Response:
    """Sign in: a new session and a new visit, whatever the browser brought along."""
    site, language = site_of(request), language_of(request)
    try:
        person = check_password(site.office, login, password, address_of(request))
    except InputError as error:
        waits = error.code.endswith(".wait")
        return _form(
            request,
            said=error.line(language),
            login=login,
            next_page=_inside(next_page),
            status=429 if waits else 401,
        )
    with site.office.change(person) as change:
        secret = begin_session(change, person, request.headers.get("user-agent", "")[:200])
    answer = to(_inside(next_page) or f"/{language}/account")
    give_cookie(answer, site, secret)
    give_visit(answer, request, forgery.new_visit())
    return answer


@router.post("/sign-out")
def sign_out(request: Request, visitor: Sent) -> Response:
    """Sign out: the session ends for whoever has its secret."""
    site = site_of(request)
    with site.office.change(visitor.person) as change:
        revoke(change, visitor.bearing.key)
    answer = to(f"/{language_of(request)}/")
    take_cookie(answer, site)
    return answer


@router.get("/account")
def account(request: Request, visitor: SignedIn) -> Response:
    """Show who is signed in, with their sessions and tokens."""
    return _account(request, visitor)


@router.post("/account/password")
def change_password(
    request: Request,
    visitor: Sent,
    old: Annotated[str, _PASSWORD],
    new: Annotated[str, _PASSWORD],
    again: Annotated[str, _PASSWORD],
) -> Response:
    """Change the own password; all sessions and tokens end."""
    site, language = site_of(request), language_of(request)
    if new != again:
        return _account(request, visitor, wrong=label("passwords_differ", language), status=422)
    with site.office.reading() as session:
        login = person_of(session, visitor.person).login or ""
    try:
        check_password(site.office, login, old, address_of(request))
        set_password(site.office, visitor.person, visitor.person, new)
    except InputError as error:
        return _account(request, visitor, wrong=error.line(language), status=422)
    answer = to(f"/{language}/sign-in")
    take_cookie(answer, site)
    return answer


@router.post("/account/tokens")
def new_token(
    request: Request,
    visitor: Sent,
    note: Annotated[str, _WORDS],
    days: Annotated[int, Form(ge=1, le=3660)] = 90,
    scopes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a token for the API; it is shown this once."""
    site, language = site_of(request), language_of(request)
    try:
        with site.office.change(visitor.person) as change:
            secret = make_token(change, visitor.person, note, scopes or [], days)
    except InputError as error:
        return _account(request, visitor, wrong=error.line(language), status=422)
    return _account(request, visitor, secret=secret)


@router.post("/account/revoke")
def revoke_one(request: Request, visitor: Sent, bearer: Annotated[str, Form(max_length=40)]) -> Response:
    """End a session or token."""
    site = site_of(request)
    with site.office.change(visitor.person) as change:
        revoke(change, bearer)
    return to(f"/{language_of(request)}/account")


def _inside(path: str) -> str:
    """Return a path of this site, empty for anything that could lead elsewhere."""
    inside = path.startswith(("/en/", "/zh/")) and "//" not in path and "\\" not in path
    return path if inside and path.isprintable() else ""


def _form(
    request: Request, *, said: str = "", login: str = "", next_page: str = "", status: int = 200
) -> Response:
    visit = request.cookies.get(forgery.COOKIE) or forgery.new_visit()
    request.state.visit = visit
    answer = page(
        request,
        "account/sign_in.html",
        {"said": said, "login": login, "next_page": next_page},
        status=status,
    )
    give_visit(answer, request, visit)
    return answer


def _account(
    request: Request, visitor: SignedIn, *, wrong: str = "", secret: str = "", status: int = 200
) -> Response:
    site, language = site_of(request), language_of(request)
    with site.office.reading() as session:
        bearers = bearers_of(session, visitor.person)
        home = session.get(Organisation, visitor.actor.organisation or "")
        organisation = "" if home is None else in_language(home.name, language)
        if home is not None and home.example:
            organisation = office_label("example", language).format(name=organisation)
    now = site.office.clock()
    rows = [
        {
            "key": bearer.key,
            "kind": label(f"bearer_{bearer.kind}", language),
            "note": bearer.note,
            "scopes": ", ".join(bearer.scopes) if bearer.kind == "token" else "",
            "made": bearer.made.strftime("%Y-%m-%d %H:%M"),
            "ends": bearer.ends.strftime("%Y-%m-%d %H:%M"),
            "own": bearer.key == visitor.bearing.key,
        }
        for bearer in bearers
        if bearer.ends > now
    ]
    context = {
        "wrong": wrong,
        "secret": secret,
        "rows": rows,
        "organisation": organisation,
        "roles": [office_label(f"role.{role.value}", language) for role in sorted(visitor.actor.roles)],
        "scopes": SCOPES,
        "rule": limits(),
    }
    return page(request, "account/account.html", context, status=status)
