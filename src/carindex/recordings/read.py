"""`read`: any measured file to a `Recording`, the format recognised by content.

Here: opening the source, choosing the format, turning every failure into an `InputError`. Not here: formats.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from carindex.messages import InputError
from carindex.recordings.formats import iso_mme, mdf4, nhtsa_ev5, rde_exchange, table
from carindex.recordings.model import Recording
from carindex.recordings.sources import open_source

#: In the order they are asked. A table of numbers is the last resort: many files look like one.
FORMATS: tuple[ModuleType, ...] = (iso_mme, nhtsa_ev5, mdf4, rde_exchange)
LAST: tuple[ModuleType, ...] = (table,)


def read(path: Path | str, *, eager: bool = False) -> Recording:
    """Read a recording.

    Parameters
    ----------
    path
        Folder, archive (zip, tar, tar.gz, tar.xz) or one file (``.mme``, ``.chn``, ``.EV5``, CSV, Parquet,
        MDF4 …). The recording may lie in a folder below or inside the archive.
    eager
        Parse all samples now in one fast pass, instead of each channel's on first use.

    Returns
    -------
    Recording
        Channels in canonical units. What was wrong but survivable is in ``findings`` of the recording and,
        for samples, of its channels.

    Raises
    ------
    InputError
        Missing, empty, unreadable or dangerous file; unknown content; two recordings in one folder.
    """
    place = Path(path)
    source = open_source(place)
    found = [module for module in FORMATS if module.recognises(source)]
    if not found:
        found = [module for module in LAST if module.recognises(source)]
    if not found:
        names = ", ".join(module.NAME for module in (*FORMATS, *LAST))
        raise InputError(place, "recordings.unknown_format", formats=names, files=len(source.names))
    if len(found) > 1:
        raise InputError(
            place,
            "recordings.several_recordings",
            first=found[0].NAME,
            second=found[1].NAME,
            count=len(found),
        )
    recording: Recording = found[0].read(source, eager=eager)
    if eager:
        for channel in recording:
            _ = channel.values
    return recording
