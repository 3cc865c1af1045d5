"""What all tests share: an empty database of either kind, and no network beyond this machine."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, sync_playwright

from hub.db import Database, migrate
from tests import postgres, remembering, scoping

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
FORMS = (ROOT / "tests" / "hub", ROOT / "tests" / "hub" / "jobs")
"""Where tests are of code that differs with the database."""
RUN = pytest.StashKey[Path]()
ALIVE = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=DATABASES, help="run the database tests on this one only"
    )


def unavailable(reason: str) -> NoReturn:
    """What a test needs is not there: its reason to be skipped, but not in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


# One directory for the whole run, whatever number of processes it has. The first process holds a
# lock in it; when the lock is free, the run is over (see tests/postgres.py).


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[RUN] = Path(worker["hub_run"])
        return
    run = Path(tempfile.mkdtemp(prefix="hub-tests-", dir="/tmp"))  # short: it holds a socket
    config.stash[RUN] = run
    config.stash[ALIVE] = (run / "alive").open("w")
    fcntl.flock(config.stash[ALIVE], fcntl.LOCK_EX)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["hub_run"] = str(node.config.stash[RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    if ALIVE not in config.stash:
        return
    server_runs = (config.stash[RUN] / "postgres.address").exists()
    config.stash[ALIVE].close()
    if not server_runs:  # otherwise its keeper removes the directory
        shutil.rmtree(config.stash[RUN], ignore_errors=True)


def pytest_report_header() -> list[str]:
    if chromium_path() is None:
        return ["Chromium is missing, so browser tests cannot run: apt-get install chromium"]
    return []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        kinds = [chosen] if chosen else DATABASES
        metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "database_url" in names:
            item.add_marker("database")
        if "chromium" in names:
            item.add_marker("browser")


# Counting the lines that ran takes almost as long as running them. On PostgreSQL a test runs those
# that it ran on SQLite, and few more; they are counted where the two forms differ. A browser asks
# for pages that other tests have asked for too.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    plugin = item.config.pluginmanager.getplugin("_cov")
    chosen = getattr(item, "callspec", None)
    twin = chosen is not None and chosen.params.get("database_url") == "postgresql"
    again = twin and not item.config.getoption("--database") and item.path.parent not in FORMS
    counter = plugin and plugin.cov_controller
    if not counter or not (again or "chromium" in getattr(item, "fixturenames", ())):
        return (yield)
    counter.pause()
    try:
        return (yield)
    finally:
        counter.resume()


# Databases


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def sqlite_template(run_directory: Path) -> Path:
    """A migrated, empty database; copying it takes a millisecond, migrating a second."""
    template = run_directory / "template.sqlite3"
    with postgres.locked(run_directory / "template.sqlite3.lock"):
        if not template.exists():
            fresh = template.with_suffix(".new")
            _migrate(f"sqlite:///{fresh}")
            fresh.rename(template)
    return template


@pytest.fixture(scope="session")
def postgresql_server(run_directory: Path) -> str:
    try:
        return postgres.server(run_directory)
    except postgres.Unavailable as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def postgresql_template(run_directory: Path, postgresql_server: str) -> str:
    name = postgres.prefix(run_directory) + "template"
    done = run_directory / "template.postgresql"
    with postgres.locked(run_directory / "template.postgresql.lock"):
        if not done.exists():
            drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
            postgres.execute(postgresql_server, drop, f'CREATE DATABASE "{name}"')
            _migrate(postgres.with_database(postgresql_server, name))
            done.touch()
    return name


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


@pytest.fixture(scope="session")
def postgresql_databases(
    postgresql_server: str, postgresql_template: str
) -> Iterator[postgres.Databases]:
    databases = postgres.Databases(postgresql_server, postgresql_template)
    yield databases
    databases.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database of the test's own; the test runs on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "hub.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgresql_server")
    databases: postgres.Databases = request.getfixturevalue("postgresql_databases")
    with databases.one() as name:
        yield postgres.with_database(server, name)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session", autouse=True)
def _scoped() -> Iterator[None]:
    """No page may ask for persons without saying whose: see `tests.scoping`."""
    with scoping.watched():
        yield


@pytest.fixture(scope="session", autouse=True)
def _remembered() -> Iterator[None]:
    with remembering.remembered():
        yield


# Things that may be missing


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real records of other systems, which are no part of the project."""
    directory = ROOT.parent / "shared" / "data"
    if not directory.is_dir():
        pytest.skip("real records are not here: ../shared/data is missing")
    return directory


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program, for Playwright's `executable_path`."""
    path = chromium_path()
    if path is None:
        unavailable("Chromium is missing: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield program
        program.close()


@pytest.fixture(scope="session")
def vnu() -> list[str]:
    """The command that checks HTML: add options and files."""
    jar = ROOT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    if not jar.is_file():
        unavailable("The HTML checker is missing: make setup")
    if shutil.which("java") is None:
        unavailable("Java is missing, which the HTML checker needs: apt-get install default-jre")
    return ["java", "-jar", str(jar)]


# No test reaches beyond this machine. An audit hook sees every connection that Python code opens,
# whichever library asks for it.


class NetworkForbidden(RuntimeError):
    """Not an OSError: code that retries or contains network errors must not swallow it."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        if _is_address(host):  # needs no name server; connecting is what counts
            return
    else:
        return
    if not _is_local(host):
        raise NetworkForbidden(f"a test tried to reach {host}")


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


sys.addaudithook(_guard)
