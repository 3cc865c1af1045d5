"""The worker: takes jobs from the queue, several at a time, and keeps schedules.

Each job runs in a thread of its own, so a slow one delays no other. One more thread gives signs
of life for all of them. Any number of workers may share a database.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub.jobs import queue, tasks
from hub.jobs.queue import Claim
from hub.jobs.schedule import Schedule, Scheduler
from hub.jobs.tasks import Context, Failed, Interrupted, Later, Task
from hub.models.base import now
from hub.runtime import Hub

TICK = 15.0
"""Seconds between two looks at the schedules."""
PAUSE = timedelta(minutes=10)
"""Before a job that failed is tried again; doubled each time."""
TROUBLE = 5.0
"""Seconds to wait when the database does not answer."""
SIGNS = 6
"""Signs of life per lease."""

NO_DATABASE = (sa.exc.DBAPIError, sa.exc.TimeoutError)
"""What is raised while the database is away or has no connection left."""

log = structlog.get_logger(__name__)

Outcome = Callable[[Session], bool]
"""Writes how a job ended; False when the job is no longer this worker's."""


@dataclass(slots=True)
class _Running:
    """A job that this worker has in hand."""

    claim: Claim
    lost: threading.Event = field(default_factory=threading.Event)
    ended: Future[None] = field(default_factory=Future)


class Worker:
    """One process's worker. `stop` may be called from a signal handler or another thread."""

    def __init__(
        self,
        hub: Hub,
        *,
        parallel: int = 4,
        lease: float = queue.LEASE,
        poll: float = 1.0,
        pause: timedelta = PAUSE,
        tasks: Mapping[str, Task] = tasks.TASKS,
        schedules: Callable[[Hub], list[Schedule]] = tasks.schedules,
    ) -> None:
        self._hub, self._parallel, self._lease, self._poll = hub, parallel, lease, poll
        self._pause, self._tasks, self._schedules = pause, tasks, schedules
        self._owner = f"{socket.gethostname()}:{os.getpid()}"
        self._scheduler = Scheduler(hub.db)
        self._watch = queue.Watch(lease)
        self._running: dict[int, _Running] = {}
        self._guard = threading.Lock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._ticked = -TICK
        self._stopping = False

    def stop(self) -> None:
        """Take no more jobs, let those at hand end after their page, then let `run` return."""
        self._stopping = True  # no lock, no event: a signal handler interrupts whoever holds one

    def run(self, *, once: bool = False, grace: float = 30.0) -> None:
        """Work until `stop`, or (`once`) until nothing is due any more.

        After `stop` the jobs at hand have `grace` seconds; what has not ended then goes back into
        the queue, and its thread ends with the process.
        """
        self._ended.clear()
        signs = threading.Thread(target=self._give_signs, name="heartbeat", daemon=True)
        signs.start()
        try:
            while not self._stopping:
                try:
                    idle = self._turn()
                except NO_DATABASE as error:
                    log.warning("worker.database", error=str(error))
                    time.sleep(TROUBLE)
                    continue
                if idle and once:
                    break
                self._wake.wait(self._poll)
                self._wake.clear()
            self._wind_down(grace)
        finally:
            self._ended.set()
            signs.join()

    def _turn(self) -> bool:
        """Look at schedules, other workers and the queue; True when there is nothing to do."""
        if time.monotonic() - self._ticked >= TICK:
            brought = self._scheduler.tick(self._schedules(self._hub), now())
            self._ticked = time.monotonic()
            if brought:
                log.info("jobs.due", jobs=brought)
        self._relieve()
        idle = not self._at_hand()  # before looking: a job that ends now may let another begin
        return self._take() and idle

    def _take(self) -> bool:
        """Begin the jobs that can be begun; True when there are none."""
        nothing = True
        while (claim := self._claim()) is not None:
            self._start(claim)
            nothing = False
        return nothing

    def _relieve(self) -> None:
        """Take jobs from workers that are dead."""
        with self._hub.db.read() as session:
            silent = self._watch.silent(queue.running(session), time.monotonic())
        if not silent:
            return
        with self._hub.db.write() as session:
            for job in queue.take_away(session, silent):
                log.error("job.worker_died", id=job.id, state=job.state, message=job.message)

    def _claim(self) -> Claim | None:
        at_hand = [one.claim for one in self._at_hand()]
        if self._stopping or len(at_hand) >= self._parallel:
            return None
        if any(claim.deaths >= queue.SUSPECT for claim in at_hand):
            return None
        with self._hub.db.read() as session:
            found = queue.available(session)
            suspects = found is None and not at_hand
            if suspects:
                found = queue.available(session, suspects=True)
        if found is None:
            return None
        with self._hub.db.write() as session:
            return queue.claim(session, self._owner, suspects=suspects)

    def _start(self, claim: Claim) -> Future[None]:
        """Work on it in a thread of its own; the future is done when that has ended."""
        running = _Running(claim)
        with self._guard:
            self._running[claim.id] = running
        log.info("job.started", id=claim.id, task=claim.task, **claim.arguments)
        threading.Thread(
            target=self._work, args=(running,), name=f"job {claim.id}", daemon=True
        ).start()
        return running.ended

    def _work(self, running: _Running) -> None:
        claim = running.claim
        try:
            outcome = self._perform(running)
            if not self._settle(running, outcome):
                log.warning("job.lost", id=claim.id)
        finally:
            with self._guard:
                # A job that was put back may have been taken anew since, by this very worker.
                if self._running.get(claim.id) is running:
                    del self._running[claim.id]
            running.ended.set_result(None)
            self._wake.set()

    def _perform(self, running: _Running) -> Outcome:
        """Run the task; what it raises decides what becomes of the job."""
        claim = running.claim

        def check() -> None:
            if self._stopping or running.lost.is_set():
                raise Interrupted

        task = self._tasks.get(claim.task)
        if task is None:
            return self._park(claim, f"This version of the hub has no task {claim.task}.")
        try:
            message = task(Context(self._hub, check), claim.arguments)
        except Interrupted:
            return lambda session: queue.put_back(session, claim, "It was interrupted.")
        except Later as later:
            until, why = later.until, str(later)
            return lambda session: queue.put_back(session, claim, why, run_at=until)
        except Failed as failure:
            why = str(failure)
            log.warning("job.failed", id=claim.id, attempt=claim.attempts, message=why)
            if claim.attempts >= queue.MAX_ATTEMPTS:
                return lambda session: queue.fail(session, claim, why)
            return self._again(claim, why)
        except BaseException as error:  # SystemExit too: nothing of a plugin ends the worker
            log.error("job.defect", id=claim.id, attempt=claim.attempts, exc_info=True)
            why = f"It broke off with {type(error).__name__}: {error}"[:500]
            if claim.attempts >= queue.MAX_ATTEMPTS:
                return self._park(claim, why)
            return self._again(claim, why)
        log.info("job.finished", id=claim.id, message=message)
        return lambda session: queue.finish(session, claim, message)

    def _again(self, claim: Claim, why: str) -> Outcome:
        run_at = now() + self._pause * int(2 ** (claim.attempts - 1))
        return lambda session: queue.put_back(session, claim, why, run_at=run_at, counted=True)

    def _park(self, claim: Claim, why: str) -> Outcome:
        hint = f"{why} Look for the cause, then `hub jobs retry {claim.id}`."
        return lambda session: queue.park(session, claim, hint)

    def _settle(self, running: _Running, outcome: Outcome) -> bool:
        """Write the outcome as soon as the database takes it, while the job is still ours."""
        while not running.lost.is_set():
            try:
                with self._hub.db.write() as session:
                    return outcome(session)
            except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
                log.warning("worker.database", error=str(error))
                running.lost.wait(TROUBLE)
        return False

    def _give_signs(self) -> None:
        while not self._ended.wait(self._lease / SIGNS):
            at_hand = {one.claim: one for one in self._at_hand()}
            if not at_hand:
                continue
            try:
                with self._hub.db.write() as session:
                    lost = queue.beat(session, at_hand)
            except NO_DATABASE as error:
                log.warning("worker.database", error=str(error))
                continue
            for claim in lost:
                at_hand[claim].lost.set()

    def _wind_down(self, grace: float) -> None:
        """Wait for the jobs at hand; what does not end in time is given back."""
        end = time.monotonic() + grace
        while (left := self._at_hand()) and time.monotonic() < end:
            self._wake.wait(min(self._poll, max(0.0, end - time.monotonic())))
            self._wake.clear()
        for running in left:
            running.lost.set()
            claim = running.claim
            log.warning("job.left", id=claim.id)
            try:
                with self._hub.db.write() as session:
                    queue.put_back(session, claim, "Its worker ended without waiting for it.")
            except NO_DATABASE as error:  # then its lease will tell
                log.warning("worker.database", error=str(error))

    def _at_hand(self) -> list[_Running]:
        with self._guard:
            return list(self._running.values())
