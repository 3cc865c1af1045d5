"""procrastinate carries jobs only where it can, and in the transaction that queues them; its
tables follow its releases."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager

from hub import models
from hub.db import Database
from hub.jobs import courier, queue
from hub.jobs.tasks import Context
from hub.settings import PROCRASTINATE
from tests.hub.jobs.hands import at_work, put, run, until
from tests.sources import Network

TURNS = sa.text("SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'todo'")


def test_a_turn_is_sent_with_its_job(db: Database) -> None:
    if db.dialect == "sqlite":
        with pytest.raises(courier.Unsuitable, match="needs a PostgreSQL database"):
            courier.install(db)
        return
    courier.remove(db)  # nothing is there yet
    courier.install(db)
    courier.install(db)
    with db.write() as session:
        queue.enqueue(session, "note")
        assert session.scalar(TURNS) == 1
        session.rollback()
    with db.write() as session:
        assert session.scalar(TURNS) == 0
        queue.enqueue(session, "note")
    with db.read() as session:
        assert session.scalar(TURNS) == 1
    courier.remove(db)
    with db.write() as session:
        queue.enqueue(session, "note")
        assert session.scalar(TURNS) == 1, "in the form of the table nobody would take it"


def migrations(last: str) -> list[Path]:
    """Those of the installed release up to this one, from which an older release is built."""
    folder = Path(SchemaManager.get_migrations_path())
    found = [path for path in sorted(folder.glob("*.sql")) if path.stem <= last]
    assert found
    assert found[-1].stem == last
    return found


def make_tables(db: Database, release: list[Path]) -> None:
    """procrastinate's tables as they were made in that release.

    Each step is committed: a server of PostgreSQL 15 uses no value of an enumeration before.
    """
    with db.write() as session:
        session.execute(sa.text("CREATE SCHEMA procrastinate"))
    for path in release:
        with db.write() as session:
            connection = session.connection()
            connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
            connection.exec_driver_sql(path.read_text().replace("%", "%%"))


def columns(db: Database) -> set[str]:
    with db.read() as session:
        return set(
            session.scalars(
                sa.text(
                    "SELECT table_schema || ' ' || table_name || ' ' || column_name"
                    " FROM information_schema.columns"
                    " WHERE table_schema LIKE 'procrastinate%'"
                )
            )
        )


def states(net: Network) -> set[str]:
    with net.hub.db.read() as session:
        return set(session.scalars(sa.select(models.Job.state)))


def put_note(db: Database, what: str) -> None:
    with db.write() as session:
        queue.enqueue(session, "note", {"what": what})


def note(_: Context, arguments: Mapping[str, Any]) -> str:
    return "done"


@pytest.fixture
def carried(net: Network) -> Network:
    if net.hub.settings.jobs != PROCRASTINATE:
        pytest.skip("this is about procrastinate")
    return net


@pytest.mark.parametrize("last", ["00.00.00_01_initial", "02.14.01_01_add_indexes_for_fetch_job"])
def test_tables_of_old_releases_are_made_anew(carried: Network, last: str) -> None:
    db = carried.hub.db
    put(carried, "note")
    make_tables(db, migrations(last))
    old = columns(db)
    run(carried, tasks={"note": note}, schedules=lambda hub: [])
    assert states(carried) == {"finished"}
    upgraded = columns(db)
    assert upgraded != old
    with db.write() as session:
        session.execute(sa.text("DROP SCHEMA procrastinate CASCADE"))
    courier.install(db)
    assert columns(db) == upgraded


def test_a_release_comes_while_a_worker_of_the_one_before_is_at_work(
    carried: Network, tmp_path: Path
) -> None:
    db, ran = carried.hub.db, Counter[str]()
    held, free = threading.Event(), threading.Event()

    def hold(_: Context, arguments: Mapping[str, Any]) -> str:
        ran["hold"] += 1
        held.set()
        assert free.wait(60)
        return "done"

    def count(_: Context, arguments: Mapping[str, Any]) -> str:
        ran[arguments["what"]] += 1
        return "done"

    options: dict[str, Any] = {"tasks": {"hold": hold, "note": count}, "schedules": lambda hub: []}
    older = migrations("03.02.00_50_post_batch_defer_jobs")
    make_tables(db, older)
    with db.write() as session:
        session.execute(
            sa.text(f"COMMENT ON TABLE procrastinate.procrastinate_jobs IS '{older[-1].stem}'")
        )
    with ExitStack() as at_last:
        with pytest.MonkeyPatch.context() as patch:
            for path in older:
                (tmp_path / path.name).touch()
            patch.setattr(SchemaManager, "get_migrations_path", lambda: str(tmp_path))
            put(carried, "hold")
            at_last.enter_context(at_work(carried, parallel=1, **options))
        at_last.callback(free.set)
        assert held.wait(60)
        for what in ("one", "two"):
            put_note(db, what)
        run(carried, **options)  # it makes the tables of the new release
        assert ran == {"hold": 1, "one": 1, "two": 1}
        free.set()
        until(lambda: states(carried) == {"finished"})
        put_note(db, "three")
        until(lambda: ran["three"] and states(carried) == {"finished"})
    assert ran == {"hold": 1, "one": 1, "two": 1, "three": 1}
    assert {text.split()[0] for text in columns(db)} == {"procrastinate"}


def test_tables_of_a_newer_release_are_left_alone(db: Database) -> None:
    if db.dialect == "sqlite":
        pytest.skip("procrastinate is for PostgreSQL")
    courier.install(db)
    with db.write() as session:
        session.execute(
            sa.text("COMMENT ON TABLE procrastinate.procrastinate_jobs IS '99.00.00_01_pre_more'")
        )
        queue.enqueue(session, "note")
    with pytest.raises(courier.Unsuitable, match=r"newer release \(99.*DROP SCHEMA procrastinate"):
        courier.install(db)
    with db.write() as session:
        assert session.scalar(TURNS) == 1
        session.execute(sa.text("DROP SCHEMA procrastinate CASCADE"))  # as the message says
    courier.install(db)
    with db.write() as session:
        queue.enqueue(session, "note")
        assert session.scalar(TURNS) == 1


def test_a_worker_that_ends_while_it_opens_leaves_no_connection(
    carried: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, closing = PsycopgConnector.open_async, PsycopgConnector.close_async
    calls: list[str] = []
    ends = threading.Event()

    async def opens(self: PsycopgConnector, **options: Any) -> None:
        await opening(self, **options)
        calls.append("opened")
        ends.set()
        await asyncio.sleep(0.3)  # the end comes meanwhile

    async def closes(self: PsycopgConnector) -> None:
        await closing(self)
        calls.append("closed")

    monkeypatch.setattr(PsycopgConnector, "open_async", opens)
    monkeypatch.setattr(PsycopgConnector, "close_async", closes)
    with at_work(carried, schedules=lambda hub: []):
        assert ends.wait(60)
    assert calls == ["opened", "closed"]
