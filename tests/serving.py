"""The hub behind a real server on a loopback port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask
from werkzeug.serving import make_server

from hub.app import create_app
from tests.sources import Network


@contextmanager
def served(net: Network) -> Iterator[str]:
    """Serve a network; the hub knows the address that it has, which is given."""
    server = make_server("127.0.0.1", 0, Flask("empty"), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    net.hub.settings = replace(net.hub.settings, base_url=address)
    net.hub.sites.address = address  # for plugins that are enabled from now on
    server.app = create_app(net.hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()
