"""Reviews and votes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import answer, key_of, with_actor, with_office
from carindex.cli.options import say
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.store import Office


@click.group()
def review() -> None:
    """Open reviews, comment, say an opinion, conclude."""


@review.command("open")
@click.argument("assessment")
@with_actor
def open_(office: Office, by: str, assessment: str, json_file: Path | None, language: Language) -> None:
    """Open the review of an ASSESSMENT."""
    from carindex.office.review.assigning import open_review
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = open_review(change, assessment)
    answer(plain(made), json_file, language)


@review.command()
@click.argument("key", metavar="REVIEW")
@with_office
def show(office: Office, key: str, json_file: Path | None, language: Language) -> None:
    """Show where a REVIEW stands: reviewers, what is missing, comments, votes and how far experts agree."""
    from carindex.office.review.assigning import review_of, reviewers
    from carindex.office.review.discussing import discussion, opinions, standing
    from carindex.office.review.voting import agreement, questions_of
    from carindex.office.store import Person
    from carindex.office.store.plain import plain

    with office.reading() as session:
        found = review_of(session, key)
        now = standing(session, found, office.clock().date())
        people = {
            one.person: session.get_one(Person, one.person).name for one in reviewers(session, found.key)
        }
        questions = questions_of(session, found.key)
        document = {
            **plain(found),
            "reviewers": people,
            "approvals": now.approvals,
            "objections": now.objections,
            "asking": now.asking,
            "silent": now.silent,
            "set_aside": now.set_aside,
            "unmet": [one.as_json(language) if json_file else one.text(language) for one in now.unmet],
        }
        comments = [plain(one) for one in discussion(session, found.key)]
        said = [plain(one) for one in opinions(session, found.key)]
        more = {
            "comments": comments,
            "opinions": said,
            "questions": [plain(one) for one in questions],
            "agreement": agreement(session, questions),
        }
    if json_file is not None:
        answer({**document, **more}, json_file, language)
        return
    named = ("approvals", "objections", "asking", "silent", "set_aside")
    answer(
        {
            **document,
            "reviewers": list(people.values()),
            **{name: [people[one] for one in getattr(now, name)] for name in named},
        },
        None,
        language,
    )
    for rows in more.values():
        if rows:
            click.echo()
            answer(rows, None, language)


@review.command()
@click.argument("key", metavar="REVIEW")
@click.argument("text")
@click.option("--node", help="Node of the rating tree, such as frontal/driver ('' for the whole).")
@click.option("--channel", help="Channel code.")
@click.option("--reply-to", help="Comment that it answers.")
@with_actor
def comment(
    office: Office,
    by: str,
    key: str,
    text: str,
    node: str | None,
    channel: str | None,
    reply_to: str | None,
    json_file: Path | None,
    language: Language,
) -> None:
    """Say something of a node or a channel."""
    from carindex.office.review import discussing
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = discussing.comment(change, key, text, node=node, channel=channel, reply_to=reply_to)
    answer(plain(made), json_file, language)


@review.command()
@click.argument("key", metavar="REVIEW")
@click.argument("verdict", type=click.Choice(["approve", "object", "ask"]))
@click.option("--why", default="", help="Why: needed for an objection or a question.")
@with_actor
def opinion(
    office: Office, by: str, key: str, verdict: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Approve, object or ask: a reviewer, for oneself."""
    from carindex.office.review.discussing import give_opinion
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = give_opinion(change, key, verdict, why)
    answer(plain(made), json_file, language)


@review.command()
@click.argument("key", metavar="REVIEW")
@click.argument("person")
@click.option("--why", required=True, help="Why: it is recorded.")
@with_actor
def excuse(
    office: Office, by: str, key: str, person: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Take a PERSON off a REVIEW."""
    from carindex.office.review import assigning
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = assigning.excuse(change, key, person, why)
    answer(plain(made), json_file, language)


@review.command()
@click.argument("key", metavar="REVIEW")
@click.argument("verdict", type=click.Choice(["approve", "return"]))
@click.option("--why", default="", help="Why: needed to return it.")
@with_actor
def conclude(
    office: Office, by: str, key: str, verdict: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Approve what was reviewed, or return it; refused, with all that is missing, before its rules are met."""
    from carindex.office.review import discussing
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = discussing.conclude(change, key, verdict, why)
    answer(plain(made), json_file, language)


@click.command()
@click.argument("key", metavar="REVIEW")
@click.option(
    "--field", "fields", multiple=True, help="Field that this review needs; may be given several times."
)
@with_actor
def assign(
    office: Office, by: str, key: str, fields: tuple[str, ...], json_file: Path | None, language: Language
) -> None:
    """Assign experts to a REVIEW by field, region and load, and say why each."""
    import msgspec

    from carindex.office.review import assigning
    from carindex.office.store import Person
    from carindex.office.wording import label

    with office.change(key_of(office, by)) as change:
        made = assigning.assign(change, key, fields=fields)
        people = {one: change.session.get_one(Person, one).name for one in made.left_out}
        people |= {one.person: change.session.get_one(Person, one.person).name for one in made.chosen}
    if json_file is not None:
        answer(made, json_file, language)
        return
    rows = [{"name": people[one.person], **msgspec.to_builtins(one)} for one in made.chosen]
    answer([{name: value for name, value in row.items() if name != "person"} for row in rows], None, language)
    for person, why in made.left_out.items():
        click.echo(f"{people[person]}: {label(f'left_out.{why}', language)}")
    if made.missing:
        say("office/review.too_few", language, missing=made.missing)


@click.group()
def vote() -> None:
    """Put discretionary modifiers to blind votes."""


@vote.command()
@click.argument("key", metavar="REVIEW")
@click.argument("modifier")
@click.argument("options", nargs=-1, required=True)
@click.option("--node", default="", help="Node of the rating tree that it concerns.")
@click.option(
    "--scale",
    default="nominal",
    show_default=True,
    help="nominal, or ordinal: options from least to greatest.",
)
@with_actor
def pose(
    office: Office,
    by: str,
    key: str,
    modifier: str,
    options: tuple[str, ...],
    node: str,
    scale: str,
    json_file: Path | None,
    language: Language,
) -> None:
    """Put a MODIFIER to the vote, with the OPTIONS to choose from."""
    from carindex.office.review import voting
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = voting.pose(change, key, node, modifier, options, scale=scale)
    answer(plain(made), json_file, language)


@vote.command()
@click.argument("question")
@click.argument("choice")
@click.option("--why", required=True, help="Why.")
@with_actor
def cast(
    office: Office, by: str, question: str, choice: str, why: str, json_file: Path | None, language: Language
) -> None:
    """Vote: a reviewer, for oneself. Nobody sees it before the vote is closed."""
    from carindex.office.review import voting
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = voting.vote(change, question, choice, why)
    answer(plain(made), json_file, language)


@vote.command()
@click.argument("question")
@with_actor
def close(office: Office, by: str, question: str, json_file: Path | None, language: Language) -> None:
    """Close a vote, and see its outcome."""
    from carindex.office.review import voting
    from carindex.office.store.plain import plain

    with office.change(key_of(office, by)) as change:
        made = voting.close(change, question)
    answer(plain(made), json_file, language)


@vote.command("show")
@click.argument("question")
@with_actor
def show_votes(office: Office, by: str, question: str, json_file: Path | None, language: Language) -> None:
    """Show the ballots that one may see: one's own, and all once the vote is closed."""
    from carindex.office.review import voting
    from carindex.office.store.plain import plain
    from carindex.office.store.transaction import actor_of

    with office.reading() as session:
        seen = voting.ballots_seen_by(session, actor_of(session, key_of(office, by)), question)
        answer([plain(one) for one in seen], json_file, language)


@vote.command("agreement")
@with_office
def agreement_(office: Office, json_file: Path | None, language: Language) -> None:
    """Show how far experts agree over all closed votes: Krippendorff's alpha, for each set of options."""
    from carindex.office.review.voting import agreement, all_questions

    with office.reading() as session:
        answer(agreement(session, all_questions(session)), json_file, language)
