"""The database: migrations that meet, and addresses that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from hub.db import MIGRATIONS, Database, is_current

MIGRATE = "import sys; from hub.db import Database, migrate; migrate(Database(sys.argv[1]))"


@pytest.fixture
def empty_url(database_url: str) -> str:
    """The address of a database without any table."""
    database = Database(database_url)
    if database.dialect == "sqlite":
        Path(str(database.url.database)).unlink()
    else:
        with database.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    database.close()
    return database_url


def test_migrations_follow_one_another() -> None:
    script = ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS / "versions")])
    assert len(script.get_heads()) == 1, "two changes began from the same one"


def test_the_newest_version_is_known_without_alembic(database_url: str) -> None:
    """Of which a web process needs nothing else, and which takes ten megabytes."""
    script = (
        "import sys; from hub.app import create_app; from hub.db import Database, is_current; "
        f"assert is_current(Database({database_url!r})); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("versions", [[], ["0001"], ["0060", "0055"]])
def test_another_version_is_not_current(db: Database, versions: list[str]) -> None:
    with db.write() as session:
        session.execute(sa.text("DELETE FROM alembic_version"))
        for version in versions:
            session.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{version}')"))
    assert not is_current(db)
    with db.write() as session:
        session.execute(sa.text("DROP TABLE alembic_version"))
    assert not is_current(db)


def test_migrations_that_start_together_wait_for_each_other(empty_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_url], stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    endings = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert endings == [("", 0)] * len(started)
    database = Database(empty_url)
    assert is_current(database)
    database.close()
