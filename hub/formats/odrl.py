"""Policies of Schulconnex' licence extension (ODRL), read into licences.

A policy names a medium and permissions; a permission names whom it reaches and in which term:

- area: constraint `spatial eq <address>` (a Kreis or the Land, as a Wikidata address),
- school: refinement `urn:schulconnex:de:personenkontext:organisation:kennung eq NI_12345`,
- role: refinement `urn:schulconnex:de:personenkontext:rolle eq lehr`,
- term: `dateTime gteq … / lt …`, half-open.

What a permission says beyond that narrows it in a way that the hub does not know: it is refused
with its reason rather than read as more than it allows. The published samples contain `//`
comments, so these are taken out before the text is read as JSON.

Sources: Schulconnex, Lizenzerweiterung (`/v1/policies-info`); W3C ODRL Information Model 2.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LARGEST = 10_000_000
"""Characters of a document."""
MOST = 100_000
"""Policies of a document."""
LONGEST = 300
"""Characters of any name in it."""

ORGANISATION = "urn:schulconnex:de:personenkontext:organisation:kennung"
ROLE = "urn:schulconnex:de:personenkontext:rolle"
OPENING = frozenset({"use", "execute", "play", "stream", "display", "present", "read"})
"""Actions that open a medium; a permission only to print it, say, does not."""
CLOCK = ZoneInfo("Europe/Berlin")
"""The clock by which a term's days are counted."""


class NotOdrl(ValueError):
    """The document holds no policies; the message says why."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a permission reaches, all of it together, in the term [valid_from, valid_until)."""

    area: str = ""
    """An address such as `https://www.wikidata.org/wiki/Q5956`."""
    school: str = ""
    role: str = ""
    """In lower case."""
    valid_from: date | None = None
    valid_until: date | None = None
    concurrent: int | None = None
    """So many uses at the same time."""
    pool: int = 0
    """Which of the permissions of its policy that count uses: all whom one reaches share them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its identifier, the medium's, whom it reaches, and what could not be read."""

    number: int
    """Its place in the document, from 1."""
    uid: str
    target: str
    reaches: tuple[Reach, ...] = ()
    problems: tuple[str, ...] = ()


class _Refused(ValueError):
    """A permission that cannot be kept as it is meant."""


def read(text: str) -> list[Policy]:
    """The policies of a document: one, a list of them, or an object that holds such a list.

    Raises `NotOdrl` where the document as a whole cannot be read; whatever is wrong with a single
    policy stands in its `problems`.
    """
    if len(text) > LARGEST:
        raise NotOdrl(f"The document is longer than {LARGEST:,} characters.")
    try:
        data = json.loads(without_comments(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError) as error:
        raise NotOdrl(f"This is no JSON: {error}") from None
    found = _policies(data)
    if len(found) > MOST:
        raise NotOdrl(f"The document holds more than {MOST:,} policies.")
    return [_policy(number, one) for number, one in enumerate(found, 1)]


def without_comments(text: str) -> str:
    """The text without `// …` and `/* … */`, outside of strings; what is between stays apart."""
    parts, start, at, end = [], 0, 0, len(text)
    while at < end:
        char = text[at]
        if char == '"':
            at += 1
            while at < end and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
            at += 1
        elif char == "/" and text[at + 1 : at + 2] in ("/", "*"):
            parts.append(text[start:at])
            closing = "\n" if text[at + 1] == "/" else "*/"
            stop = text.find(closing, at + 2)
            at = end if stop < 0 else stop + (0 if closing == "\n" else 2)
            parts.append(" ")
            start = at
        else:
            at += 1
    parts.append(text[start:])
    return "".join(parts)


def _policies(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        if "permission" in data or "target" in data or "prohibition" in data:
            return [data]
        for name in ("policies", "policy", "@graph"):
            inner = data.get(name)
            if isinstance(inner, list):
                return inner
            if isinstance(inner, dict):
                return [inner]
    raise NotOdrl("No policies were found: an object with `target` and `permission`, or a list.")


def _policy(number: int, data: Any) -> Policy:
    if not isinstance(data, dict):
        return Policy(number, "", "", problems=("It is no object.",))
    uid = _name(data.get("uid", data.get("@id", "")))
    target = data.get("target")
    medium = _name(target.get("uid", target.get("@id", "")) if isinstance(target, dict) else target)
    problems = []
    if not uid:
        problems.append("It has no identifier (`uid`).")
    if not medium:
        problems.append("It names no medium (`target.uid`).")
    if data.get("prohibition"):
        problems.append("It holds a prohibition, which the hub does not understand.")
    permissions = _list(data.get("permission"))
    if not permissions:
        problems.append("It permits nothing.")
    if problems:
        return Policy(number, uid, medium, problems=tuple(problems))
    reaches: list[Reach] = []
    for pool, permission in enumerate(permissions):
        try:
            reaches += _reaches(permission, pool)
        except _Refused as refused:
            problems.append(str(refused))
    return Policy(number, uid, medium, tuple(dict.fromkeys(reaches)), tuple(problems))


def _reaches(permission: Any, pool: int) -> Iterator[Reach]:
    if not isinstance(permission, dict):
        raise _Refused("A permission is no object.")
    actions = {_action(one) for one in _list(permission.get("action"))}
    if not actions & OPENING:
        raise _Refused(f"It does not permit to open: {', '.join(sorted(actions)) or 'no action'}.")
    if permission.get("duty"):
        raise _Refused("It demands a duty, which the hub does not understand.")
    values: dict[str, list[str]] = {}
    start: date | None = None
    end: date | None = None
    concurrent: int | None = None
    for left, operator, right in _conditions(permission):
        match left, operator:
            case "dateTime", "gteq" | "gt":
                day = _begins(right)
                start = day if start is None else max(start, day)
            case "dateTime", "lt" | "lteq":
                day = _ends(right, whole=operator == "lteq")
                end = day if end is None else min(end, day)
            case "concurrentUses", "lteq" | "lt" | "eq":
                concurrent = max(_number(right) - (operator == "lt"), 0)
            case (("spatial" | "organisation" | "role"), ("eq" | "isAnyOf")):
                if left in values:
                    raise _Refused(f"It restricts {left} twice.")
                values[left] = [_name(one) for one in _list(right)]
                if not all(values[left]) or (operator == "eq" and len(values[left]) != 1):
                    raise _Refused(f"It does not say which {left} it means.")
            case _:
                raise _Refused(f"The restriction `{left} {operator}` is not understood.")
    if start is not None and end is not None and end <= start:
        raise _Refused(f"It ends ({end}) before it begins ({start}).")
    if "spatial" in values and "organisation" in values:
        raise _Refused("It restricts area and school together, which the hub cannot keep.")
    if not values:
        raise _Refused("It does not say whom it reaches: no area, school or role.")
    for area in values.get("spatial", [""]):
        for school in values.get("organisation", [""]):
            for role in values.get("role", [""]):
                counted = 0 if concurrent is None else pool
                yield Reach(area, school, role.lower(), start, end, concurrent, counted)


def _conditions(permission: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """All constraints of a permission and refinements of its assignee: operand, operator, value."""
    assignees = _list(permission.get("assignee"))
    if len(assignees) > 1:
        raise _Refused("It has several assignees, which the hub does not understand.")
    found = list(_list(permission.get("constraint")))
    for assignee in assignees:
        if not isinstance(assignee, dict):
            raise _Refused("It is for a named assignee, whom the hub does not know.")
        group = assignee.get("partOf")
        for holder in (assignee, *_list(group)):
            if not isinstance(holder, dict):
                raise _Refused("It is for a named group, which the hub does not know.")
            if holder.get("uid") or holder.get("@id"):
                raise _Refused("It is for a named person or group, whom the hub does not know.")
            found += _list(holder.get("refinement"))
    for one in found:
        if not isinstance(one, dict):
            raise _Refused("A restriction is no object.")
        left = _name(one.get("leftOperand"))
        names = {ORGANISATION: "organisation", ROLE: "role"}
        operand = names.get(left) or left.rpartition("/")[2].removeprefix("odrl:")
        operator = _name(one.get("operator")).rpartition("/")[2].removeprefix("odrl:")
        yield operand[:LONGEST], operator, one.get("rightOperand")


def _action(value: Any) -> str:
    return _name(value).rpartition("/")[2].removeprefix("odrl:")


def _begins(value: Any) -> date:
    """The first whole day of a term that begins at this moment."""
    moment = _moment(value)
    return moment.date() + timedelta(days=moment.time() > datetime.min.time())


def _ends(value: Any, *, whole: bool) -> date:
    """The first day that no longer lies wholly in a term up to this moment, itself included where
    `whole`; a last minute of a day means that day's end."""
    if whole and isinstance(value, str) and len(value) == 10:
        return _moment(value).date() + timedelta(days=1)
    moment = _moment(value)
    return (moment + timedelta(minutes=1)).date() if whole else moment.date()


def _moment(value: Any) -> datetime:
    text = _name(value)
    try:
        moment = datetime.fromisoformat(text)
        local = moment.replace(tzinfo=CLOCK) if moment.tzinfo is None else moment.astimezone(CLOCK)
        if not 1900 < local.year < 3000:
            raise ValueError
    except (ValueError, OverflowError):
        raise _Refused(f"{text[:40]!r} is no time.") from None
    return local


def _number(value: Any) -> int:
    text = _name(value)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _Refused(f"{text[:40]!r} is no number of uses.")
    return int(text)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _name(value: Any) -> str:
    """A text, number or reference as text; anything else is empty."""
    if isinstance(value, dict):
        value = value.get("@id", value.get("@value", ""))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = value if isinstance(value, str) else str(value) if abs(value) < 10**18 else ""
    text = text.strip()
    return text if len(text) <= LONGEST and text.isprintable() else ""
