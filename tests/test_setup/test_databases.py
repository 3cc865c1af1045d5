"""The fixtures that all tests stand on."""

import socket

import pytest
import sqlalchemy as sa

from hub.db import Database
from hub.models import Base


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_gets_an_empty_migrated_database(db: Database, _again: int) -> None:
    with db.write() as session:
        tables = set(sa.inspect(session.connection()).get_table_names())
        assert set(Base.metadata.tables) <= tables
        assert "left_over" not in tables
        session.execute(sa.text("CREATE TABLE left_over (id INTEGER)"))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_no_address_of_the_network_is_in_reach(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(RuntimeError, match="tried to reach"):
        client.connect((host, 80))


def test_no_name_of_the_network_is_looked_up() -> None:
    with pytest.raises(RuntimeError, match="tried to reach"):
        socket.getaddrinfo("www.example.org", 80)


def test_this_machine_is_in_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
