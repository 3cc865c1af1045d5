"""The fixtures that all tests stand on."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from hub import models
from hub.db import Database
from hub.models import Base
from tests import postgres
from tests.conftest import unavailable


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_gets_an_empty_migrated_database(db: Database, _again: int) -> None:
    with db.write() as session:
        tables = set(sa.inspect(session.connection()).get_table_names())
        assert set(Base.metadata.tables) <= tables
        assert "left_over" not in tables
        session.execute(sa.text("CREATE TABLE left_over (id INTEGER)"))


@pytest.mark.parametrize("_again", [1, 2, 3])
def test_what_a_test_wrote_is_gone_in_the_next(db: Database, _again: int) -> None:
    with db.write() as session:
        entry = models.AuditEntry(actor="", action="test", subject="")
        session.add(entry)
        session.flush()
        assert entry.id == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(models.AuditEntry)) == 1


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


def test_the_server_ends_with_a_run_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_TEST_POSTGRES", raising=False)
    run = Path(tempfile.mkdtemp(prefix="hub-tests-", dir="/tmp"))
    holds_the_lock = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'w'); "
        "fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds_the_lock, run / "alive"], stdout=subprocess.PIPE
    ) as tests:
        try:
            assert tests.stdout
            tests.stdout.readline()
            address = postgres.server(run)
            postgres.execute(address, "SELECT 1")
        except postgres.Unavailable as error:
            unavailable(str(error))
        finally:
            tests.kill()
    deadline = time.monotonic() + 20
    while run.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not run.exists()
    with pytest.raises(psycopg.OperationalError):
        postgres.execute(address, "SELECT 1")
    shutil.rmtree(run, ignore_errors=True)
