"""What a running site is given: where the office lies, how large things may be, how often one may ask.

Everything that varies between sites stands here; times come from `clock`, so that tests can set them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from carindex.office.store import Clock, utc_now

MIB = 1024**2


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
    api, api_signed_in
        Requests of the API from one address, and with one token.
    work
        Ratings and other computing asked for by one account.
    """

    api: tuple[int, float] = (600, 60.0)
    api_signed_in: tuple[int, float] = (1200, 60.0)
    work: tuple[int, float] = (240, 60.0)


@dataclass(frozen=True)
class Settings:
    """A site.

    Attributes
    ----------
    store
        Where the office's records are: a folder or the address of a database; ``None``: as the environment says.
    secure
        Whether the site is reached by HTTPS: cookies are then sent by HTTPS only.
    worker
        Whether long jobs are done by a process that the site starts.
    """

    store: str | None = None
    secure: bool = False
    worker: bool = True
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    clock: Clock = utc_now
