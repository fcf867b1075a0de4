"""What an upload is, by its content: a dossier, a recording, workbooks or facts; anything else is refused.

The name of a file says nothing here but how its parts belong together. Archives are unpacked only by `unpacking`, which
checks every member.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from carindex.dossier.folder import CAR_FILE
from carindex.messages import InputError
from carindex.office.store import Office
from carindex.office.workspace.models import Upload, UploadKind
from carindex.office.workspace.places import folder_of
from carindex.office.workspace.receiving import missing_of, part_file
from carindex.office.workspace.unpacking import UnpackLimits, checked_zip, unpack

FILES, UNPACKED = "files", "unpacked"
_WORKBOOK_PART = "[Content_Types].xml"
_HEAD = 1 << 16


class Recognised(msgspec.Struct, frozen=True):
    """What an upload is, where in its folder it is read, and size and SHA-256 of every file as it came."""

    kind: UploadKind
    root: str
    files: Mapping[str, tuple[int, str]]


def arrange(office: Office, upload: Upload, limits: UnpackLimits) -> Recognised:
    """Put the files of an upload that was received whole in their places, and find out what they are.

    Raises
    ------
    InputError
        When a file is missing, dangerous, or nothing that can be read here.
    """
    missing = missing_of(office, upload)
    if missing:
        raise InputError(upload.title, "office/workspace.not_whole", missing=", ".join(missing[:5]))
    folder = folder_of(office, upload.key)
    kept: dict[str, tuple[int, str]] = {}
    for number, entry in enumerate(upload.files):
        place = folder / FILES / entry["name"]
        place.parent.mkdir(parents=True, exist_ok=True)
        part_file(office, upload, number).rename(place)
        kept[entry["name"]] = (entry["size"], _digest(place))
    kind, root = _kind(folder, list(kept), limits)
    return Recognised(kind, root.relative_to(folder).as_posix(), kept)


def root_of(office: Office, upload: Upload) -> Path:
    """Return where a completed upload is read.

    Raises
    ------
    InputError
        When it is not complete.
    """
    if upload.kind is None:
        raise InputError(upload.title, "office/workspace.not_complete", state=upload.state)
    folder = folder_of(office, upload.key)
    return _root(folder, [entry["name"] for entry in upload.files], UploadKind(upload.kind))


def _root(folder: Path, names: list[str], kind: UploadKind) -> Path:
    where = folder / UNPACKED if (folder / UNPACKED).is_dir() else folder / FILES
    if kind is UploadKind.DOSSIER:
        return min(where.rglob(CAR_FILE), key=lambda file: (len(file.parts), str(file))).parent
    if kind is UploadKind.WORKBOOKS:
        books = sorted(where.rglob("*.xlsx"))
        parents = [book.parent for book in books]
        return max(dict.fromkeys(parents), key=parents.count)
    return folder / FILES / names[0] if len(names) == 1 else folder / FILES


def _kind(folder: Path, names: list[str], limits: UnpackLimits) -> tuple[UploadKind, Path]:
    files = [folder / FILES / name for name in names]
    for file in files:
        if zipfile.is_zipfile(file):
            checked_zip(file, limits)
    archive = files[0] if len(files) == 1 and _is_archive(files[0]) else None
    if archive is not None:
        kind = _in_archive(archive, limits)
        if kind is not UploadKind.RECORDING:
            unpack(archive, folder / UNPACKED, limits)
    elif any(Path(name).name == CAR_FILE for name in names):
        kind = UploadKind.DOSSIER
    elif all(_is_workbook(file) for file in files):
        kind = UploadKind.WORKBOOKS
    elif len(files) == 1 and _is_facts(files[0]):
        kind = UploadKind.FACTS
    else:
        kind = UploadKind.RECORDING
    root = _root(folder, names, kind)
    if kind is UploadKind.RECORDING:
        from carindex.recordings import read

        read(root)
    return kind, root


def _is_workbook(file: Path) -> bool:
    if file.suffix.lower() != ".xlsx" or not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return _WORKBOOK_PART in archive.namelist()


def _is_archive(file: Path) -> bool:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return _WORKBOOK_PART not in archive.namelist()
    return tarfile.is_tarfile(file)


def _in_archive(archive: Path, limits: UnpackLimits) -> UploadKind:
    if zipfile.is_zipfile(archive):
        names = checked_zip(archive, limits)
    else:
        try:
            with tarfile.open(archive, mode="r:*") as opened:
                names = []
                for member in opened:
                    names.append(member.name)
                    if len(names) > limits.members:
                        raise InputError(
                            archive.name, "office/workspace.too_many_members", most=limits.members
                        )
        except (tarfile.TarError, OSError, EOFError) as error:
            raise InputError(archive.name, "office/workspace.damaged_archive", reason=error) from None
    if any(name.replace("\\", "/").rsplit("/", 1)[-1] == CAR_FILE for name in names):
        return UploadKind.DOSSIER
    if any(name.lower().endswith(".xlsx") for name in names):
        return UploadKind.WORKBOOKS
    return UploadKind.RECORDING


def _is_facts(file: Path) -> bool:
    """Whether a file names facts: by its first line, not by its ending, which only tells how to read it."""
    ending = file.suffix.lower()
    if ending in (".parquet", ".pq"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            names = set(pq.read_schema(file).names)
        except (pa.ArrowException, OSError):
            return False
        return "car" in names or {"name", "value"} <= names
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if b"\x00" in head:
        return False
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if ending == ".json":
        return text.startswith(("{", "["))
    if ending != ".csv":
        return False
    columns = {column.strip().strip('"') for column in text.splitlines()[0].replace(";", ",").split(",")}
    return "car" in columns or {"name", "value"} <= columns


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
