"""The database: one engine, transactions that say whether they read or write, migrations.

The same code runs on SQLite and PostgreSQL. What differs is kept here: pragmas and the kind of
transaction on SQLite, the driver on PostgreSQL.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.functions import FunctionElement

from hub.models.base import UtcDateTime

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = int.from_bytes(b"hub mig.")
"""Names the lock that migrations hold on PostgreSQL; any number that nobody else uses."""


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
            raise ValueError(f"{self.dialect} is not supported")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent transaction that must not write."""
        with (
            self.engine.connect() as connection,
            connection.begin(),
            Session(bind=connection, autoflush=False) as session,
        ):
            yield session

    @contextmanager
    def write(self, *, queued: bool = False) -> Iterator[Session]:
        """A session whose transaction may write; commits at the end, rolls back on error.

        On SQLite it begins with BEGIN IMMEDIATE: a transaction that only turns writer on its
        first write can lose updates or fail half-way. Who waits for that looks again after a
        pause; `queued` waits in the kernel's queue instead, for many short transactions at once.
        """
        with (
            self._turn(queued),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
            Session(bind=connection) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def _turn(self, queued: bool) -> Iterator[None]:
        """Wait in line with the other processes and threads, where one writes at a time."""
        path = self.url.database
        if not queued or self.dialect != "sqlite" or path in (None, "", ":memory:"):
            yield
            return
        with Path(f"{path}.queue").open("w") as line:
            fcntl.flock(line, fcntl.LOCK_EX)  # ends with the file, also when the process is killed
            yield

    def close(self) -> None:
        self.engine.dispose()


class member_of(FunctionElement[bool]):
    """`member_of(column, bindparam("ids", type_=Text))`: is the column in a list bound as JSON?

    Unlike an expanding IN, the statement stays the same whatever the length of the list, so it
    is built and prepared once. Bind `json_list(values)`.
    """

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """As it is: inside AND, SQLAlchemy would write `… = 1`, which no index of SQLite serves."""
        return self


@compiles(member_of, "sqlite")
def _member_of_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(member_of, "postgresql")
def _member_of_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    kind = compiler.dialect.type_compiler_instance.process(next(iter(element.clauses)).type)
    return (
        f"{column} = ANY (ARRAY(SELECT CAST(value AS {kind})"
        f" FROM json_array_elements_text(CAST({values} AS JSON)) AS value))"
    )


def in_list(column: sa.ColumnElement[Any], parameter: str) -> member_of:
    """`member_of` with a parameter of that name."""
    return member_of(column, sa.bindparam(parameter, type_=sa.Text))


def json_list(values: Collection[str] | Collection[int]) -> str:
    """What `in_list` wants bound to its parameter."""
    return json.dumps(list(values))


def migrate(database: Database, plugins: Mapping[str, Path] | None = None) -> None:
    """Bring the schema to the newest version: the hub's own, then the branch of each plugin.

    `plugins` maps the name of a plugin to the folder of its migrations. Each branch has a version
    table of its own: one table for all would refuse every upgrade as soon as a plugin that once
    made tables is no longer installed.
    """
    if database.dialect == "sqlite" and database.url.database not in (None, "", ":memory:"):
        Path(str(database.url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = _migration_engine(database)
    with _one_at_a_time(engine):
        _upgrade(engine, MIGRATIONS / "versions", "alembic_version")
        for name, folder in sorted((plugins or {}).items()):
            _upgrade(engine, folder, f"alembic_version_{name}")


@contextmanager
def _one_at_a_time(engine: Engine) -> Iterator[None]:
    """Wait for the migrations of other processes: each migration is a transaction of its own, and
    which ones are missing is asked before the first."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection, connection.begin():
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            yield
        return
    path = engine.url.database
    if path in (None, "", ":memory:"):
        yield
        return
    with Path(f"{path}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file, also when the process is killed
        yield


def _upgrade(engine: Engine, versions: Path, version_table: str) -> None:
    from alembic import command  # here: no other process needs the ten megabytes that it takes

    config = _alembic(versions, version_table)
    with engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def _alembic(versions: Path, version_table: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    return config


def is_current(database: Database) -> bool:
    """Whether the hub's own tables are at the newest version."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return (
            set(connection.scalars(sa.text("SELECT version_num FROM alembic_version"))) == _heads()
        )


@cache
def _heads() -> set[str]:
    """The newest version that this code knows: the one that none of the migrations follows."""
    text = "\n".join(path.read_text() for path in (MIGRATIONS / "versions").glob("*.py"))
    revisions, followed = (
        set(re.findall(rf'^{name} = "(\w+)"$', text, re.MULTILINE))
        for name in ("revision", "down_revision")
    )
    return revisions - followed


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
            "cache_size=-16000",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def insert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns, at the speed of the driver.

    SQLAlchemy's own way looks at every value of every row; here the statement and the
    conversions that the columns need are worked out once per call.
    """
    if not rows:
        return
    dialect, columns = connection.dialect, list(rows[0])
    converters = [
        # Many rows carry the same moment, so each is converted once.
        (name, cache(convert) if isinstance(table.c[name].type, UtcDateTime) else convert)
        for name in columns
        if (convert := table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
    ]
    if converters:
        rows = [
            {**row, **{name: convert(row[name]) for name, convert in converters}} for row in rows
        ]
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    statement = (
        f"INSERT INTO {table.name} ({', '.join(columns)})"
        f" VALUES ({', '.join([mark] * len(columns))})"
    )
    connection.exec_driver_sql(statement, [tuple(row.values()) for row in rows])


_next_ids = sa.text(
    "SELECT nextval(pg_get_serial_sequence(:table, 'id'))"
    " FROM generate_series(1, CAST(:count AS integer))"
)


def allocate(connection: Connection, table: sa.Table, count: int) -> range | list[int]:
    """`count` ids for rows about to be inserted, so that rows can refer to each other at once.

    To be called in a write transaction: on SQLite it is alone, on PostgreSQL the sequence is.
    """
    if connection.dialect.name == "sqlite":
        last = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
        return range(last + 1, last + 1 + count)
    return list(connection.scalars(_next_ids, {"table": table.name, "count": count}))
