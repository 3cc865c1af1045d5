"""`hub run`: serve the hub with waitress."""

from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING

import click

from hub.cli import pass_hub

if TYPE_CHECKING:
    from types import FrameType

    from hub.runtime import Hub

THREADS = 8


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    type=click.IntRange(1, 65535),
)
@pass_hub
def command(hub: Hub, host: str, port: int) -> None:
    """Serve the hub until Ctrl-C or SIGTERM.

    Needs a database that `hub init` has set up, and HUB_SECRET_KEY.
    """
    problem = hub.keyring.problem()
    if problem:
        raise click.ClickException(problem)
    listener = listen(host, port)
    hub.serve_at(address(listener))
    serve(hub, listener)


def listen(host: str, port: int) -> socket.socket:
    """A socket on which the hub will serve; taken first, so that a busy port is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"{host}:{port} cannot be used: {error.strerror}. "
            f"Choose another port, for example: PORT={port + 1 if port < 65535 else 8000}"
        ) from error
    return listener


def serve(hub: Hub, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from waitress import create_server

    from hub.app import create_app

    server = create_server(
        create_app(hub),
        sockets=[listener],
        threads=THREADS,
        ident=None,
        # Behind a proxy that ends TLS the application itself reads the headers that it sets.
        clear_untrusted_proxy_headers=not hub.settings.base_url.startswith("https:"),
    )
    click.echo(f"Serving on {address(listener)} (Ctrl-C ends it)")
    if threading.current_thread() is threading.main_thread():  # `hub dev` serves from another
        signal.signal(signal.SIGTERM, _stop)
    try:
        server.run()
    finally:
        server.close()


def address(listener: socket.socket) -> str:
    """Where a browser on this machine reaches who serves on the socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    """The host as an address names it; who listens everywhere is found on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # nosec B104: it is compared
    return f"[{host}]" if ":" in host else host


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
