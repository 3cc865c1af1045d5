"""JSON over HTTP: what counts as an answer, and what is asked for again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from connectors import http
from connectors.errors import Malformed, Unreachable

LONGEST_PAUSE = 120.0
"""Seconds that we wait because a server asks for it; for longer ones the error is handed up."""

T = TypeVar("T")
_HTML = re.compile(rb"\s*(?:<!doctype\s+html|<html)\b", re.IGNORECASE)


def decode(response: http.Response) -> Any:
    """The value that an answer holds.

    Raises `Unreachable` for a page meant for people, which stands there while a server is under
    maintenance, and `Malformed` for anything else that is no JSON.
    """
    place = http.shown(response.url)
    if _HTML.match(response.content[:2000]):
        raise Unreachable(
            f"{place} sent a page for people in place of JSON; it may be under maintenance"
        )
    try:
        return json.loads(response.content)
    except RecursionError:
        raise Malformed(f"{place} sent JSON that is nested too deeply") from None
    except ValueError:
        raise Malformed(f"{place} sent what is no JSON, or only the beginning of it") from None


def patiently(attempt: Callable[[], T], attempts: int, sleep: Callable[[float], None]) -> T:
    """What an attempt gives; repeated when it fails in a way that may pass.

    `Unreachable` and `Malformed` may pass; pauses are those that the server asks for, else 1, 2,
    4 seconds and so on.
    """
    for number in range(attempts - 1):
        try:
            return attempt()
        except (Unreachable, Malformed) as error:
            wanted = error.retry_after if isinstance(error, Unreachable) else None
            if (wanted or 0) > LONGEST_PAUSE:
                raise
            sleep(2.0**number if wanted is None else wanted)
    return attempt()
