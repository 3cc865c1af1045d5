"""Jobs carried by procrastinate: the form for PostgreSQL with many machines (`HUB_JOBS`).

The table `job` stays the book: procrastinate knows one lock per job where a source occupies several
hosts, lets a worker that was thought dead finish what another has in hand (its `finish_job` asks
for no worker), parks nothing, and measures silence by the clock of the server. So a job of ours
that is queued only sends a *turn* through procrastinate, in the same transaction, by a trigger:
whichever worker procrastinate gives it takes the next job out of the book. A turn that is lost
with its worker costs nothing, since a job that is taken from the dead is queued anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from hub.db import Database
from hub.jobs import queue
from hub.jobs.worker import TROUBLE, Worker
from hub.runtime import Hub
from hub.settings import PROCRASTINATE

if TYPE_CHECKING:
    from procrastinate import App

SCHEMA = "procrastinate"
"""Where its tables are, apart from those of the hub."""
ASIDE = "procrastinate_aside"
"""Where those of an older release are until nobody uses them."""
QUEUE = "hub"
TASK = "turn"
LOCK = int.from_bytes(b"hub turn")
"""Names the lock under which its tables are made; any number that nobody else uses."""

log = structlog.get_logger(__name__)


class Unsuitable(Exception):
    """procrastinate cannot carry the jobs of this hub; the message says why and what to do."""


def worker_for(hub: Hub) -> type[Worker]:
    """The kind of worker that the settings ask for, with what it needs in the database.

    Raises `Unsuitable`.
    """
    if hub.settings.jobs == PROCRASTINATE:
        install(hub.db)
        return CarriedWorker
    if hub.db.dialect == "postgresql":
        remove(hub.db)
    return Worker


def install(db: Database) -> None:
    """Make procrastinate's tables and the trigger as the installed release wants them.

    Tables of an older release are put aside and made anew: turns carry nothing, and where jobs
    wait without one, a worker sends it. Workers of the older release may still be running: what
    they have just asked for ends aside, their jobs at hand end as ever, and they take new ones
    where the new tables know their calls. Raises `Unsuitable`.
    """
    if db.dialect != "postgresql":
        raise Unsuitable(
            "HUB_JOBS=procrastinate needs a PostgreSQL database; leave it out, or set "
            "HUB_DATABASE_URL."
        )
    try:
        from procrastinate.schema import SchemaManager
    except ModuleNotFoundError as error:
        raise Unsuitable(
            "HUB_JOBS=procrastinate needs a package that is not installed: "
            'pip install "medienzentren-hub[postgres]"'
        ) from error
    release = max(path.stem for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with _alone(db) as connection:
        there = connection.scalar(_release)
        if there is not None and there > release:
            raise Unsuitable(
                f"procrastinate's tables in this database are those of a newer release ({there}) "
                f"than the one installed here ({release}). Install that release here too. To go "
                f"back to this one, end all workers and run DROP SCHEMA {SCHEMA} CASCADE; no job "
                "is lost."
            )
        if there != release:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
            if there is not None:
                connection.exec_driver_sql(f"ALTER SCHEMA {SCHEMA} RENAME TO {ASIDE}")
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            connection.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
            connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
            connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{release}'")
            connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
        connection.exec_driver_sql(_TRIGGER)
    with _alone(db) as connection:  # nobody comes here any more, so its locks keep nobody waiting
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")


@contextmanager
def _alone(db: Database) -> Iterator[sa.Connection]:
    """A transaction in which no other worker makes tables."""
    with db.write() as session:
        session.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        yield session.connection()


def remove(db: Database) -> None:
    """Send no more turns, if any were sent: nobody would take them."""
    with db.write() as session:
        if session.scalar(_sends):
            session.execute(sa.text("DROP TRIGGER turn ON job"))


class CarriedWorker(Worker):
    """A worker to which procrastinate brings the turns; all else is as with any other."""

    def __init__(self, hub: Hub, **options: Any) -> None:
        super().__init__(hub, **options)
        self._choosing = threading.Lock()
        """Held while a turn takes a job: in between it neither waits nor is at hand."""

    def run(self, *, once: bool = False, grace: float = 30.0) -> None:
        with self._carrier():
            super().run(once=once, grace=grace)
        self._wind_down(grace)  # of a job that a turn began meanwhile

    def _take(self) -> bool:
        """Jobs wait although no turn is on its way (a lane or a worker became free, a clock was
        set): send one. True when there is nothing to do."""
        with self._choosing, self._hub.db.read() as session:
            free = not self._at_hand()
            waits = not self._stopping and (
                queue.available(session) or queue.available(session, suspects=True)
            )
            sends = waits and not session.scalar(_on_its_way)
        if sends:
            with self._hub.db.write() as session:
                session.execute(_send)
        return free and not waits

    def _begin(self) -> Future[None] | None:
        with self._choosing:
            claim = self._claim()
            return self._start(claim) if claim else None

    @contextmanager
    def _carrier(self) -> Iterator[None]:
        """procrastinate's own worker, in a thread beside."""
        loop, ended = asyncio.new_event_loop(), asyncio.Event()
        with ThreadPoolExecutor(1, "claim") as claims:  # one at a time, as elsewhere
            thread = threading.Thread(
                target=_run, args=(loop, self._serve(claims, ended)), name=SCHEMA, daemon=True
            )
            thread.start()
            try:
                yield
            finally:
                self._stopping = True
                loop.call_soon_threadsafe(ended.set)
                thread.join(TROUBLE)

    async def _serve(self, claims: ThreadPoolExecutor, ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        async def turn() -> None:
            while (begun := await loop.run_in_executor(claims, self._begin)) is not None:
                await asyncio.shield(asyncio.wrap_future(begun))

        while not ended.is_set():
            app = _app(self._hub.db, self._parallel)
            app.task(name=TASK, queue=QUEUE)(turn)
            try:
                # Its connections are opened and closed undisturbed: half of them would stay.
                async with app.open_async():
                    await self._clear(app)
                    await _until(
                        ended,
                        app.run_worker_async(
                            queues=[QUEUE],
                            concurrency=self._parallel,
                            delete_jobs="always",
                            install_signal_handlers=False,
                            shutdown_graceful_timeout=0.1,
                            fetch_job_polling_interval=max(self._poll, 0.5),
                        ),
                    )
            except Exception as error:  # it lost its database, or failed: the jobs wait
                log.warning("worker.procrastinate", error=str(error))
                await _until(ended, asyncio.sleep(TROUBLE))

    async def _clear(self, app: App) -> None:
        """Forget the turns that died with their workers."""
        manager = app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._lease):
            await manager.finish_job(job, status=_failed(), delete_job=True)


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    try:
        loop.run_until_complete(serving)
    finally:
        loop.close()


async def _until(ended: asyncio.Event, working: Coroutine[Any, Any, None]) -> None:
    """Work until then, or until that ends by itself."""
    work, end = asyncio.ensure_future(working), asyncio.ensure_future(ended.wait())
    await asyncio.wait((work, end), return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


def _app(db: Database, parallel: int) -> App:
    from procrastinate import App, PsycopgConnector

    url = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
    more: dict[str, Any] = {"options": f"-c search_path={SCHEMA}"}
    # One connection listens, the others fetch and finish turns.
    connector = PsycopgConnector(conninfo=url, kwargs=more, min_size=1, max_size=parallel + 2)
    return App(connector=connector)


def _failed() -> Any:
    from procrastinate.jobs import Status

    return Status.FAILED


_TRIGGER = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.hub_send(at timestamptz) RETURNS void LANGUAGE sql
SET search_path = {SCHEMA} AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW('{QUEUE}', '{TASK}', 0, NULL, NULL, CAST('{{}}' AS jsonb), at)
    ]::procrastinate_job_to_defer_v1[])
$$;
CREATE OR REPLACE FUNCTION {SCHEMA}.hub_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {SCHEMA}.hub_send(NEW.run_at);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER turn AFTER INSERT OR UPDATE OF state ON job
FOR EACH ROW WHEN (NEW.state = 'queued') EXECUTE FUNCTION {SCHEMA}.hub_turn();
"""
_release = sa.text(f"""
    SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class
    WHERE oid = to_regclass('{SCHEMA}.procrastinate_jobs')
""")
"""The last migration of the release whose tables they are; empty where nobody wrote it down."""
_sends = sa.text(
    "SELECT EXISTS"
    " (SELECT 1 FROM pg_trigger WHERE tgname = 'turn' AND tgrelid = to_regclass('job'))"
)
_send = sa.text(f"SELECT {SCHEMA}.hub_send(NULL)")
_on_its_way = sa.text(f"""
    SELECT EXISTS (SELECT 1 FROM {SCHEMA}.procrastinate_jobs WHERE queue_name = '{QUEUE}'
    AND status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))
""")
