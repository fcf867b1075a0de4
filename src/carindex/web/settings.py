"""What a running site is given: where the office lies, how large things may be, how often one may try.

Everything that varies between sites stands here; times come from `clock`, so that tests can set them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

MIB = 1024**2


def now() -> datetime:
    """Return the present time: the one clock of a running site."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Limits:
    """How large and how many things may be.

    Attributes
    ----------
    request
        Bytes of any request but a chunk of an upload.
    chunk, upload
        Bytes of a chunk, and of a whole upload.
    unpacked, members, ratio
        Bytes and files that an archive may unpack to, and how many times its own size.
    kept
        Bytes of all uploads of an organisation together.
    """

    request: int = 1 * MIB
    chunk: int = 8 * MIB
    upload: int = 512 * MIB
    unpacked: int = 2048 * MIB
    members: int = 20_000
    ratio: float = 200.0
    kept: int = 8192 * MIB


@dataclass(frozen=True)
class Rates:
    """How often one may do something: so many times in so many seconds.

    Attributes
    ----------
    sign_in
        Failed attempts for one account, or from one address.
    api, api_signed_in
        Requests of the API from one address, and with one token.
    work
        Ratings and other computing asked for by one account.
    """

    sign_in: tuple[int, float] = (5, 300.0)
    api: tuple[int, float] = (600, 60.0)
    api_signed_in: tuple[int, float] = (1200, 60.0)
    work: tuple[int, float] = (240, 60.0)


@dataclass(frozen=True)
class Settings:
    """A site.

    Attributes
    ----------
    store
        Where the office's records are: a folder, a file or a database URL.
    folder
        Where uploads lie.
    secure
        Whether the site is reached by HTTPS: cookies are then sent by HTTPS only.
    session_idle, session_length
        Seconds after which a session ends: without a request, and at the latest.
    worker
        Whether long jobs are done by a process that the site starts.
    """

    store: str
    folder: Path
    secure: bool = False
    session_idle: float = 2 * 3600.0
    session_length: float = 12 * 3600.0
    worker: bool = True
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    clock: Callable[[], datetime] = now
