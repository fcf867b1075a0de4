"""The pages of a static edition: plain HTML with one style sheet, no scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from carindex.messages import LANGUAGES, Language
from carindex.office.site.content import Content, named
from carindex.office.site.wording import (
    car_name,
    day,
    labels_of,
    number,
    outcome_text,
    place,
    rating_in,
    small,
    word,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_MORE_STYLE = """
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{border-top:1px solid var(--line);margin-top:40px;padding-bottom:30px}
.kicker a{text-decoration:none}
.contents [aria-current]{font-weight:650;color:var(--ink)}
pre{background:var(--faint);padding:12px 16px;overflow-x:auto}
ol{margin:0;padding-left:1.2em}
.fixed{white-space:nowrap}
""" + "".join(f".tree th.in-{depth}{{padding-left:{1.15 * depth:.2f}rem}}\n" for depth in range(7))


def pages(content: Content) -> Iterator[tuple[str, str]]:
    """Yield every page with its place in the folder."""
    yield "index.html", _front()
    yield "style.css", _style()
    for language in LANGUAGES:
        for name in ("index", "rules", "records", "data", "verify"):
            title = word("title" if name == "index" else name, language)
            yield (
                f"{language}/{name}.html",
                _page(f"{name}.html", content, language, f"{name}.html", title, "../"),
            )
        signatures = {
            record["number"]: record["signature"] for record in map(json.loads, content.log.splitlines()[:-1])
        }
        for one in content.results:
            path = f"cars/{one.key}.html"
            title = car_name(one.document) or word("withdrawn_car", language)
            extra = {
                "one": one,
                "rating": rating_in(one.document, language),
                "where": partial(place, labels_of(rating_in(one.document, language))),
                "signature": signatures[one.history[-1]["record"]],
            }
            yield f"{language}/{path}", _page("car.html", content, language, path, title, "../../", extra)


def _page(
    template: str,
    content: Content,
    language: Language,
    path: str,
    title: str,
    up: str,
    extra: Mapping[str, Any] | None = None,
) -> str:
    return (
        _environment()
        .get_template(template)
        .render(
            content=content,
            language=language,
            path=path,
            title=title,
            up=up,
            word=lambda key, **parameters: word(key, language, **parameters),
            status=lambda said: word(f"status.{said}", language) if said in _STATUSES else said,
            **(extra or {}),
        )
    )


_STATUSES = frozenset({"scored", "missing", "not_applicable", "assumed"})


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("carindex.office.site", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "car_name": car_name,
        "day": day,
        "named": named,
        "number": number,
        "outcome_text": outcome_text,
        "small": small,
    }
    return made


def _style() -> str:
    return files("carindex.report").joinpath("templates", "report.css").read_text("utf-8") + _MORE_STYLE


def _front() -> str:
    links = "".join(
        f'<li><a href="{language}/index.html" lang="{"zh-Hans" if language == "zh" else "en"}">'
        f"{word('site', language)}</a></li>"
        for language in LANGUAGES
    )
    title = " · ".join(word("site", language) for language in LANGUAGES)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="style.css">\n</head>\n<body>\n'
        f'<main class="masthead"><h1>{title}</h1>\n<ul class="plain">{links}</ul></main>\n</body>\n</html>\n'
    )
