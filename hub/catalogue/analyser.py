"""Analyses records for the search on a second core, once there are enough of them.

Starting a process costs about as long as analysing some thousand records, so small runs are
analysed in place. A helper process that dies is replaced by work in place: nothing is lost.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from hub.catalogue.analysis import Analysis, analyse
from hub.records import Record

ENOUGH = 500


def analyse_all(records: Sequence[Record]) -> list[Analysis]:
    """One analysis per record, in order."""
    return [analyse(record) for record in records]


class Analyser:
    """Hands records to the second core; `with` ends its process."""

    def __init__(self) -> None:
        self._seen = 0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Analyser:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, records: Sequence[Record]) -> Future[list[Analysis]]:
        """The analyses to come; ask for them with `result`."""
        self._seen += len(records)
        if self._pool is None and self._seen >= ENOUGH and (os.cpu_count() or 1) > 1:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context)
        if self._pool is not None:
            try:
                return self._pool.submit(analyse_all, records)
            except BrokenProcessPool:
                pass
        return in_place(records)


def in_place(records: Sequence[Record]) -> Future[list[Analysis]]:
    done: Future[list[Analysis]] = Future()
    done.set_result(analyse_all(records))
    return done


def result(pending: Future[list[Analysis]], records: Sequence[Record]) -> list[Analysis]:
    """The analyses, made in place where the second process has died meanwhile."""
    try:
        return pending.result()
    except BrokenProcessPool:
        return analyse_all(records)
