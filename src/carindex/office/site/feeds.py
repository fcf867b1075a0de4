"""Feeds of publications: Atom (RFC 4287) and JSON Feed 1.1, one entry a version of a result, the latest first."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from carindex.messages import LANGUAGES, Language
from carindex.office.publication.results import PublicResult
from carindex.office.site.content import Content
from carindex.office.site.wording import car_name, outcome_text, word

_MOST = 100
_COLON: dict[Language, str] = {"en": ": ", "zh": "："}
_ATOM = "http://www.w3.org/2005/Atom"
_NAMES = uuid.UUID("5f0c3a52-6c0e-5d4e-9d3c-3b1f0f6e2a10")
"""Names of entries are made from this and the log's first key: the same in every copy of the edition."""


def feeds(content: Content) -> Iterator[tuple[str, str]]:
    """Yield every feed with its place in the folder."""
    for language in LANGUAGES:
        entries = list(_entries(content, language))
        yield f"feed.{language}.xml", _atom(content, language, entries)
        yield f"feed.{language}.json", _json(content, language, entries)


def _name(content: Content, what: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMES, f'{content.keys[0]}/{what}')}"


def _entries(content: Content, language: Language) -> Iterator[dict[str, Any]]:
    told = [(version["record"], one, version) for one in content.results for version in one.history]
    for record, one, version in sorted(told, key=lambda entry: -entry[0])[:_MOST]:
        kind = word(f"kind.{version['kind']}", language)
        yield {
            "id": _name(content, f"record/{record}"),
            "at": version["at"],
            "title": f"{_car(one, language)}{_COLON[language]}{kind}",
            "text": _text(one, version, language) or kind,
            "path": f"{language}/cars/{one.key}.html",
        }


def _car(one: PublicResult, language: Language) -> str:
    return car_name(one.document) or word("withdrawn_car", language)


def _text(one: PublicResult, version: dict[str, Any], language: Language) -> str:
    reason = str(version["reason"].get(language, ""))
    newest = version["version"] == one.version and one.document is not None
    # of a version that was replaced only the reason of what replaced it is told again
    said = [outcome_text((one.document or {}).get("outcome"))] if newest else []
    return _COLON[language].join([*said, reason] if reason else said)


def _atom(content: Content, language: Language, entries: list[dict[str, Any]]) -> str:
    ElementTree.register_namespace("", _ATOM)

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
        made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
        made.text = text or None
        return made

    feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"xml:lang": "zh-Hans" if language == "zh" else "en"})
    add(feed, "id", _name(content, f"feed/{language}"))
    add(feed, "title", f"{word('site', language)} · {word('title', language)}")
    add(feed, "updated", content.updated)
    add(feed, "rights", content.licence)
    add(add(feed, "author"), "name", word("site", language))
    add(feed, "link", rel="alternate", href=f"{content.address}{language}/index.html")
    if content.address:
        add(feed, "link", rel="self", href=f"{content.address}feed.{language}.xml")
    for one in entries:
        entry = add(feed, "entry")
        add(entry, "id", one["id"])
        add(entry, "title", one["title"])
        add(entry, "updated", one["at"])
        add(entry, "link", rel="alternate", href=f"{content.address}{one['path']}")
        add(entry, "summary", one["text"])
    ElementTree.indent(feed)
    return ElementTree.tostring(feed, encoding="unicode", xml_declaration=True).replace("'", '"', 4) + "\n"


def _json(content: Content, language: Language, entries: list[dict[str, Any]]) -> str:
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{word('site', language)} · {word('title', language)}",
        "language": "zh-Hans" if language == "zh" else "en",
        "items": [
            {
                "id": one["id"],
                "url": f"{content.address}{one['path']}",
                "title": one["title"],
                "content_text": one["text"],
                "date_published": one["at"],
            }
            for one in entries
        ],
    }
    if content.address:
        feed |= {
            "home_page_url": f"{content.address}{language}/index.html",
            "feed_url": f"{content.address}feed.{language}.json",
        }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"
