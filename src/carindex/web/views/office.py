"""What the office's pages show: names of people, reviews with their discussion, rounds in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from carindex.messages import Language
from carindex.office.review.discussing import discussion, opinions
from carindex.office.review.models import Review
from carindex.office.store import Person
from carindex.office.wording import has_label, label
from carindex.report.wording import in_language
from carindex.web.views.snapshot import PlainNode, nodes_of
from carindex.web.wording import label as web_label
from carindex.web.wording import labels


def names_of(session: Session, keys: Sequence[str | None]) -> dict[str, str]:
    """Return the names of people by their keys."""
    found = {}
    for key in dict.fromkeys(keys):
        person = session.get(Person, key) if key else None
        found[key or ""] = person.name if person is not None else web_label("the_office", "en")
    return found


def word(name: str, language: Language) -> str:
    """Return a word of the office, or of these pages; itself where there is none."""
    if has_label(name):
        return label(name, language)
    key = name.replace(".", "_")
    return web_label(key, language) if key in labels() else name.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Said:
    """A comment or opinion as it is shown."""

    key: str
    who: str
    at: str
    text: str
    verdict: str = ""
    reply_to: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class PinnedNode:
    """A node of the rating tree with what was said of it."""

    node: PlainNode
    comments: tuple[Said, ...]


def pinned(
    session: Session, review: Review, rating: Mapping[str, Any], language: Language
) -> tuple[tuple[PinnedNode, ...], tuple[Said, ...]]:
    """Return the nodes of a rating with their comments, and the comments that are pinned to channels."""
    comments = discussion(session, review.key)
    names = names_of(session, [one.person for one in comments])
    by_node: dict[str, list[Said]] = {}
    channels = []
    for one in comments:
        said = Said(
            one.key,
            names[one.person],
            one.at.strftime("%Y-%m-%d %H:%M"),
            one.text,
            reply_to=one.reply_to,
            channel=one.channel,
        )
        if one.node is None:
            channels.append(said)
        else:
            by_node.setdefault(one.node, []).append(said)
    nodes = tuple(PinnedNode(node, tuple(by_node.get(node.path, ()))) for node in nodes_of(rating, language))
    return nodes, tuple(channels)


def shown_opinions(session: Session, review: Review, language: Language) -> list[Said]:
    """Return the opinions of a review in words."""
    found = opinions(session, review.key)
    names = names_of(session, [one.person for one in found])
    return [
        Said(
            one.key,
            names[one.person],
            one.at.strftime("%Y-%m-%d %H:%M"),
            one.text,
            web_label(f"verdict_{one.verdict}", language),
        )
        for one in found
    ]


@dataclass(frozen=True)
class Statement:
    """A statement of a proposal and what rounds said of it: figures by round."""

    id: str
    text: str
    rounds: tuple[Mapping[str, Any] | None, ...]


def statements_of(
    statements: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any] | None], language: Language
) -> list[Statement]:
    """Return the statements of a proposal with the feedback of each closed round."""
    return [
        Statement(
            str(one["id"]),
            in_language(one["text"], language),
            tuple(None if result is None else result["statements"].get(one["id"]) for result in results),
        )
        for one in statements
    ]
