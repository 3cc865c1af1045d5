"""What benchmarks share: settings without a file, and processes of their own."""

from __future__ import annotations

import logging
import multiprocessing
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from hub import log
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Phase:
    """What a process took for its work, and what that gave."""

    seconds: float
    cpu_seconds: float
    """Of the process and its helper: what else runs on the machine counts little."""
    memory_mb: float
    """The most that the process held resident."""
    helper_memory_mb: float
    result: Any


def settings(database_url: str, folder: Path = Path()) -> Settings:
    """Those of a hub on this database; `folder` is where its files would be."""
    return Settings(
        database_url=database_url,
        secret_key="",
        base_url="http://127.0.0.1:8000",
        config=folder,
        var=folder,
        admin_email="bench@example.org",
    )


def alone(work: Callable[..., Any], *arguments: Any) -> Phase:
    """Run a phase in a process of its own and say what it took."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_timed, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        phase: Phase = ours.recv()
    except EOFError:
        raise RuntimeError(f"the phase {work.__name__} broke off") from None
    finally:
        process.join()
    return phase


@contextmanager
def serving(module: str, **options: int) -> Iterator[str]:
    """A provider of this package in a process of its own; gives the address that it prints."""
    command = [sys.executable, "-m", f"hub.benchmarks.{module}"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def cpu_seconds() -> float:
    """Processor time of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _timed(pipe: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    log.configure(logging.WARNING)
    started, used = perf_counter(), cpu_seconds()
    result = work(*arguments)
    seconds, used = perf_counter() - started, cpu_seconds() - used
    own, helper = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    pipe.send(Phase(seconds, used, own, helper, result))
