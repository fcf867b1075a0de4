"""Templates to answers: what every page gets, and pictures that go into a page as they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from carindex import __version__
from carindex.messages import LANGUAGES, Language
from carindex.report.labels import label as report_label
from carindex.web import forgery
from carindex.web.site import site_of
from carindex.web.wording import TAGS, label

if TYPE_CHECKING:
    from jinja2 import Environment

_PERCENT = re.compile(r"(?<=\d) %")
_NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"')
_PUBLIC: tuple[tuple[str, str], ...] = (
    ("cars", "cars"),
    ("protocols", "protocols"),
    ("crosswalk", "crosswalk"),
    ("how_we_test", "how-we-test"),
)


@cache
def environment() -> Environment:
    """Return the templates, made once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("carindex.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # pictures are drawn by the report, every text in them escaped there; inside a page they need no namespaces
    made.filters["picture"] = lambda svg: Markup(_NAMESPACES.sub("", svg))
    return made


@cache
def asset_version() -> str:
    """Return a word that changes with the style and script files, so that browsers may keep them."""
    digest = hashlib.sha256(__version__.encode())
    for folder in (files("carindex.web") / "static", files("carindex.report") / "templates"):
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith((".css", ".js", ".svg")):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def language_of(request: Request) -> Language:
    """Return the language of a page, which the path begins with."""
    head = request.url.path.split("/", 2)[1]
    return "zh" if head == "zh" else "en"


def in_other(request: Request, language: Language) -> str:
    """Return the address of the same page in another language."""
    rest = request.url.path.split("/", 2)
    path = f"/{language}/{rest[2] if len(rest) > 2 and rest[1] in LANGUAGES else ''}"
    query = request.url.query if request.method == "GET" else ""
    return f"{path}?{query}" if query else path


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a page, or a piece of one."""
    language = language_of(request)
    visitor = getattr(request.state, "visitor", None)
    visit = request.cookies.get(forgery.COOKIE) or getattr(request.state, "visit", "")
    site = site_of(request)
    words: dict[str, Any] = {
        "language": language,
        "tag": TAGS[language],
        "tags": TAGS,
        "t": lambda key, in_language=language, **parameters: label(key, in_language, **parameters),
        "r": lambda key, **parameters: report_label(key, language, **parameters),
        "path": request.url.path,
        "navigation": _navigation(language, visitor),
        "other_languages": [(other, in_other(request, other)) for other in LANGUAGES if other != language],
        "visitor": visitor,
        "piece": bool(request.headers.get("hx-request")),
        "engine": f"carindex {__version__}",
        "version": asset_version(),
        "form_secret": forgery.secret_of(visit, site.key) if visit else "",
        "query": partial(query_of, request),
    }
    text = environment().get_template(template).render({**words, **(context or {})})
    return HTMLResponse(_PERCENT.sub("\N{NO-BREAK SPACE}%", text), status, dict(headers or {}))


def to(path: str) -> Response:
    """Return an answer that leads to another page of this site after something was done."""
    return RedirectResponse(path, status_code=303)


def _navigation(language: Language, visitor: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    found = [(key, f"/{language}/{path}") for key, path in _PUBLIC]
    if visitor is not None:
        if visitor.may_upload:
            found.append(("workspace", f"/{language}/workspace"))
        if visitor.in_office:
            found.append(("office", f"/{language}/office"))
    return found


def query_of(request: Request, **changed: object) -> str:
    """Return the query of the page with some entries changed; ``None`` and empty ones are left out."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in changed]
    for key, value in changed.items():
        several = value if isinstance(value, list | tuple) else [value]
        kept.extend((key, str(one)) for one in several if one not in (None, ""))
    return f"?{urlencode(kept)}" if kept else "?"
