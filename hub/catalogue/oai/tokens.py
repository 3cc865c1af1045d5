"""Resumption tokens: where a list goes on, and all that it was asked for.

A token carries everything itself, so nothing is kept for a harvest in progress, tokens never
expire, and any process can go on with any list. The place is the (datestamp, id) of the last
record given, not a number of records: it stays right while records come, go and change.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.catalogue.oai.protocol import Code, Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Token:
    """The list asked for, the last record given, and how many were given of how many."""

    verb: str
    scope: str
    """The repository: "" or a site's key."""
    prefix: str
    set: str
    start: datetime
    end: datetime
    """The range, half open."""
    moment: datetime
    id: int
    given: int
    total: int


def write(token: Token) -> str:
    """As text of letters, digits, `-` and `_`, which passes through any harvester unharmed."""
    fields = (
        _VERSION,
        token.verb,
        token.scope,
        token.prefix,
        token.set,
        (token.start - _EPOCH) // _MICROSECOND,
        (token.end - _EPOCH) // _MICROSECOND,
        (token.moment - _EPOCH) // _MICROSECOND,
        token.id,
        token.given,
        token.total,
    )
    text = json.dumps(fields, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, verb: str, scope: str) -> Token:
    """The token that `write` made for this verb of this repository; raises `Problem`."""
    try:
        padded = text + "=" * (-len(text) % 4)
        fields = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if fields[:3] != [_VERSION, verb, scope]:
            raise ValueError("of another list")
        prefix, set_, *numbers = fields[3:]
        if type(prefix) is not str or type(set_) is not str:
            raise ValueError("no name")
        if not all(type(one) is int for one in numbers):
            raise ValueError("no number")
        start, end, moment = (_EPOCH + one * _MICROSECOND for one in numbers[:3])
        number, given, total = numbers[3:]
        if not 0 <= number < 2**31 or min(given, total) < 1:
            raise ValueError("no place of a list")
        token = Token(verb, scope, prefix, set_, start, end, moment, number, given, total)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Problem(
            Code.BAD_TOKEN, "This resumptionToken is none of this list. Begin the list anew."
        ) from None
    if write(token) != text:
        raise Problem(Code.BAD_TOKEN, "This resumptionToken is damaged. Begin the list anew.")
    return token
