"""The report as one page that opens without a network: template, style and pictures in a single file."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

from carindex.messages import Language
from carindex.report.labels import label

if TYPE_CHECKING:
    from jinja2 import Template

_PERCENT = re.compile(r"(?<=\d) %")
_NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"')


class Prepared(Protocol):
    """What a page shows, prepared for its template."""

    @property
    def language(self) -> Language:
        """The language that it is prepared in."""


def page(document: Prepared, template: str = "report.html") -> str:
    """Return a report, or a comparison of programmes, as HTML."""
    style = files("carindex.report").joinpath("templates", "report.css").read_text("utf-8")
    text = _template(template).render(
        document=document,
        label=lambda key, **parameters: label(key, document.language, **parameters),
        style=style,
    )
    # a figure and its per cent sign stay on one line
    return _PERCENT.sub("\N{NO-BREAK SPACE}%", text)


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("carindex.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # inside a page the SVG elements need no namespaces
    environment.filters["picture"] = lambda svg: Markup(_NAMESPACES.sub("", svg))
    return environment.get_template(name)
