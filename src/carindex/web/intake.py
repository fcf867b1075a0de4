"""Receiving uploads, for pages and API: begin, add a piece, complete; what is refused is said and removed."""

from __future__ import annotations

import shutil
from typing import Any

import msgspec

from carindex.messages import InputError, Language
from carindex.office.store import Actor
from carindex.office.workspace import uploads
from carindex.office.workspace.models import Upload
from carindex.office.workspace.places import folder_of
from carindex.office.workspace.receiving import receive, received
from carindex.office.workspace.sniffing import arrange
from carindex.office.workspace.unpacking import UnpackLimits
from carindex.office.workspace.uploads import UploadLimits, discard, finding_of, upload_of
from carindex.web.bench import without_places
from carindex.web.site import Site


class Announced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to come."""

    name: str
    size: int


class Beginning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What begins an upload."""

    files: list[Announced]
    title: str = ""


def beginning_of(content: bytes) -> Beginning:
    """Return what a request to begin an upload says.

    Raises
    ------
    InputError
        When it is not understood.
    """
    try:
        return msgspec.json.decode(content, type=Beginning)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError("upload", "web.not_understood", reason=str(error)) from None


def begin(site: Site, actor: Actor, said: Beginning) -> Upload:
    """Begin an upload of somebody."""
    limits = UploadLimits(site.settings.limits.upload, site.settings.limits.kept)
    with site.office.change(actor.person) as change:
        return uploads.begin(
            change, [(file.name, file.size) for file in said.files], limits, title=said.title
        )


def find(site: Site, actor: Actor, key: str) -> Upload:
    """Return an upload of somebody's own organisation."""
    with site.office.reading() as session:
        return upload_of(session, actor, key)


def add(site: Site, actor: Actor, key: str, number: int, offset: int, content: bytes) -> Upload:
    """Add a piece to a file of an upload."""
    upload = find(site, actor, key)
    receive(site.office, upload, number, offset, content)
    return upload


def complete(site: Site, actor: Actor, key: str) -> Upload:
    """Complete an upload that was received whole.

    Raises
    ------
    InputError
        When it was not, or it cannot be used: it is then refused, and its files are removed.
    """
    upload = find(site, actor, key)
    limits = site.settings.limits
    try:
        found = arrange(site.office, upload, UnpackLimits(limits.unpacked, limits.members, limits.ratio))
    except InputError as error:
        if error.code == "office/workspace.not_whole":
            raise
        folder = folder_of(site.office, key)
        place = without_places(error.place, folder / "files", folder / "unpacked", folder)
        said = InputError(place, error.code, **without_places(error.parameters, folder))
        with site.office.change(actor.person) as change:
            uploads.refuse(change, key, said.as_finding())
        discard(site.office, key)
        raise said from None
    with site.office.change(actor.person) as change:
        done = uploads.complete(change, key, found)
    shutil.rmtree(folder_of(site.office, key) / "parts", ignore_errors=True)
    return done


def remove(site: Site, actor: Actor, key: str) -> None:
    """Remove an upload with its files."""
    with site.office.change(actor.person) as change:
        uploads.remove(change, key)
    discard(site.office, key)


def as_json(site: Site, upload: Upload, language: Language) -> dict[str, Any]:
    """Return an upload as plain values."""
    receiving = upload.state == "receiving"
    return {
        "key": upload.key,
        "title": upload.title,
        "state": upload.state,
        "kind": upload.kind,
        "size": upload.size,
        "files": upload.files,
        "received": received(site.office, upload) if receiving else [entry["size"] for entry in upload.files],
        "begun": upload.begun.isoformat(),
        "finding": finding_of(upload.finding).as_json(language) if upload.finding else None,
    }
