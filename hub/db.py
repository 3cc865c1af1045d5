"""The database: one engine, transactions that say whether they read or write, migrations.

The same code runs on SQLite and PostgreSQL. What differs is kept here: pragmas and the kind of
transaction on SQLite, the driver on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """A connection pool and the two ways to use it: `read()` and `write()`."""

    def __init__(self, url: str) -> None:
        self.url = _normal_url(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect == "sqlite":
            self.engine = _sqlite_engine(self.url)
        elif self.dialect == "postgresql":
            self.engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=10)
        else:
            raise ValueError(f"HUB_DATABASE_URL: {self.dialect} is not supported")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent transaction that must not write."""
        with self.engine.connect() as connection, connection.begin():
            with Session(bind=connection, autoflush=False) as session:
                yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction may write; commits at the end, rolls back on error.

        On SQLite it begins with BEGIN IMMEDIATE: a transaction that only turns writer on its
        first write can lose updates or fail half-way.
        """
        with self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin(), Session(bind=connection) as session:
                yield session
                session.flush()

    def close(self) -> None:
        self.engine.dispose()


def in_list(connection: Connection | Session, parameter: str) -> sa.TextualSelect | sa.Select[Any]:
    """`column.in_(in_list(connection, "ids"))`: membership in a list bound as one JSON text.

    Unlike an expanding IN, the statement stays the same whatever the length of the list, so it
    is compiled and prepared once. Bind `json_list(values)`.
    """
    dialect = connection.get_bind().dialect.name if isinstance(connection, Session) else (
        connection.dialect.name)
    function = "json_each" if dialect == "sqlite" else "json_array_elements_text"
    bind = sa.bindparam(parameter, type_=sa.Text)
    if dialect == "postgresql":
        values = getattr(sa.func, function)(sa.cast(bind, sa.JSON)).column_valued("value")
        return sa.select(values)
    table = getattr(sa.func, function)(bind).table_valued("value")
    return sa.select(table.c.value)


def json_list(values: Collection[str] | Collection[int]) -> str:
    return json.dumps(list(values))


def migrate(database: Database, plugin_migrations: Collection[Path] = ()) -> None:
    """Bring the schema to the newest version: the hub's own and each plugin's branch."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    locations = [MIGRATIONS / "versions", *plugin_migrations]
    config.set_main_option("version_locations", "\n".join(map(str, locations)))
    if database.dialect == "sqlite" and database.url.database not in (None, "", ":memory:"):
        Path(str(database.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with _migration_engine(database).connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def _normal_url(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _migration_engine(database: Database) -> Engine:
    """On SQLite with foreign keys off: a batch migration copies and drops a table, and with
    ON DELETE CASCADE in force dropping the old copy deletes the rows that refer to it."""
    if database.dialect == "sqlite":
        return _sqlite_engine(database.url, foreign_keys=False, poolclass=NullPool)
    return database.engine


def _sqlite_engine(url: URL, *, foreign_keys: bool = True, **options: Any) -> Engine:
    engine = sa.create_engine(url, connect_args={"isolation_level": None}, **options)

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: Any, _record: Any) -> None:
        for pragma in (
            "busy_timeout=30000",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "temp_store=MEMORY",
            "cache_size=-32000",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
