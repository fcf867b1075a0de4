"""Commands of the index organisation at work: the group ``office``.

Each command has a module of its own subject, imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from carindex.cli.commands import Commands

_COMMANDS: Mapping[str, str] = {
    "init": "carindex.cli.office.setting_up:init",
    "people": "carindex.cli.office.people:people",
    "organisations": "carindex.cli.office.people:organisations",
    "statute": "carindex.cli.office.setting_up:statute",
    "editions": "carindex.cli.office.programme:editions",
    "candidate": "carindex.cli.office.programme:candidate",
    "buy": "carindex.cli.office.programme:buy",
    "order": "carindex.cli.office.programme:order",
    "receive": "carindex.cli.office.programme:receive",
    "assess": "carindex.cli.office.assessments:assess",
    "again": "carindex.cli.office.assessments:again",
    "assessments": "carindex.cli.office.assessments:assessments",
    "panel": "carindex.cli.office.panel:panel",
    "review": "carindex.cli.office.review:review",
    "assign": "carindex.cli.office.review:assign",
    "vote": "carindex.cli.office.review:vote",
    "consensus": "carindex.cli.office.consensus:consensus",
    "batch": "carindex.cli.office.publication:batch",
    "result": "carindex.cli.office.publication:result",
    "appeal": "carindex.cli.office.publication:appeal",
    "key": "carindex.cli.office.publication:key_",
    "log": "carindex.cli.office.publication:log_",
    "verify": "carindex.cli.office.publication:verify",
    "publish": "carindex.cli.office.publishing:publish",
    "laboratory": "carindex.cli.office.records:laboratory",
    "equivalence": "carindex.cli.office.records:equivalence",
    "agreement": "carindex.cli.office.records:agreement",
    "meeting": "carindex.cli.office.records:meeting",
    "paper": "carindex.cli.office.records:paper",
    "status": "carindex.cli.office.setting_up:status",
    "audit": "carindex.cli.office.setting_up:audit",
    "backup": "carindex.cli.office.setting_up:backup",
    "restore": "carindex.cli.office.setting_up:restore",
}


@click.group(cls=Commands.of(_COMMANDS))
def office() -> None:
    """Run an index: from candidates to reviews, batches and publication; rules by consensus; everything recorded.

    The records are in a folder, or in PostgreSQL: --office or CARINDEX_OFFICE. Who acts is said by --by or
    CARINDEX_OFFICE_BY.
    """
