"""A throw-away PostgreSQL cluster for tests, started as a user that is not root, reachable by a local socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOM = 3 << 30


def server_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest there is."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parent.parent.name)
    )
    if found:
        return found[-1].parent
    program = shutil.which("postgres")
    return Path(program).resolve().parent if program else None


@contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """Start a cluster; yields the address of its first database, without a name."""
    # a socket's path must be short; a database has hundreds of small files, quicker in memory where there is room
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=memory if roomy else "/tmp"))
    user = None
    if os.getuid() == 0:
        user = "postgres"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)

    def run(*command: str | Path) -> None:
        subprocess.run(
            [str(part) for part in command], user=user, check=True, capture_output=True, cwd=folder
        )

    data = folder / "data"
    run(
        programs / "initdb",
        "-D",
        data,
        "-A",
        "trust",
        "-U",
        "office",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=40"
    run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql://office@/{{name}}?host={folder}"
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
