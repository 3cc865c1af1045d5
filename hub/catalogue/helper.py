"""Puts the computing of a sync on a second core, once a source has given a whole page.

Starting the process costs as much as some thousand records, so small sources are worked on in
place. What cannot be handed over, and what a process that died has lost, is done in place too.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hub.catalogue.producer import PAGE

T = TypeVar("T")

_M_ARENA_MAX = -8
"""As glibc's malloc.h has it."""


@dataclass(frozen=True, slots=True)
class Pending(Generic[T]):
    """A result to come."""

    work: Callable[..., T]
    given: Sequence[Any]
    more: tuple[Any, ...]
    future: Future[T] | None

    def result(self) -> T:
        if self.future is not None:
            try:
                return self.future.result()
            except Exception:
                pass
        return self.work(self.given, *self.more)


class Helper:
    """A second process for pure functions of a list; `with` ends it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[..., T], given: Sequence[Any], *more: Any) -> Pending[T]:
        """Begin `work(given, *more)`; ask the pending for its result."""
        if len(given) >= PAGE and (os.cpu_count() or 1) > 1:
            with self._starting:
                if self._pool is None:
                    context = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(
                        max_workers=1, mp_context=context, initializer=_begin
                    )
        future = None
        if self._pool is not None and given:
            try:
                future = self._pool.submit(work, given, *more)
            except RuntimeError:  # it died, or is being ended
                future = None
        return Pending(work, given, more, future)


def tune_process() -> None:
    """For a process that does nothing but work through many records: look for garbage less often,
    and keep what is free in few places.

    A run makes many short-lived values and hardly a cycle among them; looking for cycles through
    everything that is loaded, every few hundred values, costs it a fifth of its time, and the more
    the longer it holds values. With an arena of memory for each thread, as glibc has it, it holds
    a quarter more than it needs.
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    with suppress(AttributeError, OSError):  # where there is another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _begin() -> None:
    """In the second process: end when the first is killed, which it would wait for forever."""
    tune_process()
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
