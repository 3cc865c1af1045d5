"""Running the code of plugins so that whatever it does stays its own problem.

Several plugins are asked at once, each in a daemon thread of its own, until a common deadline.
A thread cannot be stopped; so each plugin instance has a bulkhead, and once that many of its
calls hang it is not called again. What a plugin raises becomes a `Failure`, without secrets.
"""

from __future__ import annotations

import math
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from queue import Empty, SimpleQueue
from time import monotonic

import structlog

from hub.errors import Defect, Denied, PluginError, Rejected, Unavailable
from hub.secrets import Scrubber

BULKHEAD = 8
"""How many calls of one plugin instance may be under way at once."""
MAX_MESSAGE = 500

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a database refuses and a terminal obeys; plugins quote what other systems sent."""

log = structlog.get_logger(__name__)


class FailureKind(StrEnum):
    """Why a plugin gave no result."""

    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    REJECTED = "rejected"
    DEFECT = "defect"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a plugin gave no result, for people; `retry_after` in seconds where it is known."""

    kind: FailureKind
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One call into a plugin: what to run, its bulkhead, and what hides its secrets."""

    run: Callable[[], object]
    scrub: Scrubber = field(default_factory=lambda: Scrubber(()))
    bulkhead: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(BULKHEAD)
    )


def run_together(
    tasks: Mapping[str, Task], deadline: float
) -> tuple[dict[str, object], dict[str, Failure]]:
    """Run all tasks at once; results and failures by name after at most `deadline` seconds."""
    end = monotonic() + deadline
    answers: SimpleQueue[tuple[str, object]] = SimpleQueue()
    outcomes: dict[str, object] = {}
    waiting = set()
    for name, task in tasks.items():
        if not task.bulkhead.acquire(blocking=False):
            outcomes[name] = Failure(
                FailureKind.UNAVAILABLE, "It is still busy with earlier calls; try again later."
            )
            continue
        try:
            threading.Thread(
                target=_work, args=(name, task, answers), name=f"plugin-{name}", daemon=True
            ).start()
        except RuntimeError:  # the operating system gives no more threads
            task.bulkhead.release()
            outcomes[name] = Failure(FailureKind.UNAVAILABLE, "The hub is overloaded.")
        else:
            waiting.add(name)
    while waiting:
        try:
            name, outcome = answers.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        waiting.discard(name)
        outcomes[name] = outcome
    for name in waiting:
        outcomes[name] = Failure(FailureKind.TIMEOUT, f"No answer within {deadline:g} seconds.")
        log.warning("plugin.timeout", plugin=name, deadline=deadline)
    ordered = [(name, outcomes[name]) for name in tasks]
    return (
        {name: outcome for name, outcome in ordered if not isinstance(outcome, Failure)},
        {name: outcome for name, outcome in ordered if isinstance(outcome, Failure)},
    )


def _work(name: str, task: Task, answers: SimpleQueue[tuple[str, object]]) -> None:
    outcome: object
    try:
        outcome = task.run()
    except BaseException as error:  # SystemExit too: nothing of a plugin ends the hub
        outcome = failure_of(error, name, task.scrub)
    finally:
        task.bulkhead.release()
    answers.put((name, outcome))


def failure_of(error: BaseException, plugin: str, scrub: Scrubber) -> Failure:
    """What a plugin raised, told in the hub's terms; a defect is logged with its traceback."""
    kind = _kind(type(error))
    message = _UNPRINTABLE.sub("\ufffd", scrub(_text(error)))[:MAX_MESSAGE]
    if kind is FailureKind.DEFECT:
        log.error(
            "plugin.defect",
            plugin=plugin,
            traceback=scrub("".join(traceback.format_exception(error))),
        )
        if not isinstance(error, Defect):
            message = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return Failure(kind, message, _retry_after(error) if kind is FailureKind.UNAVAILABLE else None)


def plugin_error(error: BaseException, plugin: str, scrub: Scrubber) -> PluginError:
    """What a plugin raised as one of the hub's own exceptions, without cause or other state."""
    return error_of(failure_of(error, plugin, scrub), plugin)


def error_of(failure: Failure, plugin: str) -> PluginError:
    """The exception that says the same as the failure."""
    match failure.kind:
        case FailureKind.UNAVAILABLE | FailureKind.TIMEOUT:
            return Unavailable(failure.message, retry_after=failure.retry_after)
        case FailureKind.DENIED:
            return Denied(failure.message)
        case FailureKind.REJECTED:
            return Rejected(failure.message)
        case _:
            return Defect(f"The plugin {plugin} failed: {failure.message}")


def _kind(error: type[BaseException]) -> FailureKind:
    if issubclass(error, Unavailable):
        return FailureKind.UNAVAILABLE
    if issubclass(error, Denied):
        return FailureKind.DENIED
    if issubclass(error, Rejected):
        return FailureKind.REJECTED
    return FailureKind.DEFECT


def _retry_after(error: BaseException) -> float | None:
    try:
        seconds = float(error.retry_after)  # type: ignore[attr-defined]
    except BaseException:
        return None
    return seconds if math.isfinite(seconds) else None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""
