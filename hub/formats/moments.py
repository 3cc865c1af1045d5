"""Times as feeds write them: ISO 8601 in all its lengths, RFC 822."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache

_FRACTION = re.compile(r"(\.\d{6})\d+")
_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")


@lru_cache(maxsize=4096)
def moment(text: str, time_zone: tzinfo = UTC) -> datetime | None:
    """The time in UTC; what names no zone stands in `time_zone`; None when it is no time."""
    text = _FRACTION.sub(r"\1", text.strip())
    partial = _PARTIAL.fullmatch(text)
    try:
        if partial:
            found = datetime(int(partial[1]), int(partial[2] or 1), 1)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        aware = found.replace(tzinfo=time_zone) if found.tzinfo is None else found
        return aware.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
