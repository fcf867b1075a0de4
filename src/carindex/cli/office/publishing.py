"""The static edition: what the public may read as plain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from carindex.cli.office.asking import answer, with_office
from carindex.cli.options import PATH
from carindex.messages import Language

if TYPE_CHECKING:
    from carindex.office.store import Office


@click.command()
@click.option(
    "--site", type=PATH, required=True, help="Folder to write; an earlier edition in it is replaced."
)
@click.option("--licence", required=True, help="Licence of the data, as it is to be stated.")
@click.option("--url", default="", help="Where the edition will stand, for feeds.")
@with_office
def publish(
    office: Office, site: Path, licence: str, url: str, json_file: Path | None, language: Language
) -> None:
    """Write the public part as plain files: pages, feeds, open data, the signed log, checksums.

    For any web server, or a kiosk without a network. Nothing under embargo is in it.
    """
    from carindex.office.site.content import content_of
    from carindex.office.site.writing import write_site

    with office.reading() as session:
        content = content_of(session, licence, url)
    sums = write_site(content, site)
    said = {
        "site": str(site),
        "results": len(content.results),
        "files": len(sums) + 1,
        "key": content.keys[0],
    }
    answer(said, json_file, language)
