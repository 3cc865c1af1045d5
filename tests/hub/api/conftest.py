from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.app import create_app
from tests.pages import filled_network
from tests.sources import Network


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    """The network of `tests.pages`, on either database."""
    with filled_network(database_url, tmp_path / "config") as filled:
        yield filled


@pytest.fixture
def app(net: Network) -> Flask:
    return create_app(net.hub)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
