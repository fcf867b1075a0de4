"""The command ``serve``: the pages and the API of an office."""

from __future__ import annotations

import socket

import click

from carindex.cli.options import say, with_language
from carindex.messages import InputError, Language


@click.command()
@click.option(
    "--office",
    metavar="FOLDER|URL",
    help="Folder of the office (made where there is none), or a PostgreSQL address. Also CARINDEX_OFFICE.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Port to listen at."
)
@click.option(
    "--https",
    "secure",
    is_flag=True,
    help="The site is reached by HTTPS, through a server before this one: cookies are then sent by HTTPS only.",
)
@click.option("--no-worker", is_flag=True, help="Do no long jobs here.")
@with_language
def serve(
    office: str | None, host: str, port: int, secure: bool, no_worker: bool, language: Language
) -> None:
    """Serve the pages and the API of an office, until interrupted."""
    import uvicorn

    from carindex.web.app import create_app
    from carindex.web.logging import set_up
    from carindex.web.settings import Settings

    _check_free(host, port)
    app = create_app(Settings(office, secure=secure, worker=not no_worker))
    set_up()
    say("web.serving", language, address=f"http://{host}:{port}/")
    # what a server before this one says of the client is believed only from this machine
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=secure,
        forwarded_allow_ips="127.0.0.1",
        timeout_keep_alive=20,
        limit_concurrency=400,
    )


def _check_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened at, before an office is made for it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind((host, port))
    except OSError as error:
        raise InputError(f"{host}:{port}", "web.address_taken", reason=error.strerror or str(error)) from None
