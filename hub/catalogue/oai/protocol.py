"""Requests of OAI-PMH: which arguments a verb takes, what they may be, and what else is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
LONGEST = 2_000
"""Characters of an argument."""


class Code(StrEnum):
    """The errors of the protocol."""

    BAD_ARGUMENT = "badArgument"
    BAD_TOKEN = "badResumptionToken"
    BAD_VERB = "badVerb"
    NO_SUCH_FORMAT = "cannotDisseminateFormat"
    NO_SUCH_ITEM = "idDoesNotExist"
    NOTHING = "noRecordsMatch"
    NO_FORMATS = "noMetadataFormats"
    NO_SETS = "noSetHierarchy"


class Problem(Exception):
    """The request is answered with an error of the protocol."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose arguments are those of its verb and well formed."""

    verb: str
    arguments: Mapping[str, str]
    start: datetime = EARLIEST
    """`from`: the first moment of the range."""
    end: datetime = LATEST
    """The first moment after `until`."""

    def get(self, name: str) -> str:
        return self.arguments.get(name, "")


@dataclass(frozen=True, slots=True)
class _Verb:
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumable: bool = field(default=False)


_LIST = _Verb(frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), True)
_VERBS = {
    "Identify": _Verb(),
    "ListMetadataFormats": _Verb(optional=frozenset({"identifier"})),
    "ListSets": _Verb(resumable=True),
    "GetRecord": _Verb(frozenset({"identifier", "metadataPrefix"})),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
}

# What the protocol's schema lets stand in the attributes of `request`.
_NAME = r"[A-Za-z0-9\-_.!~*'()]+"
_FORMS = {
    "metadataPrefix": re.compile(_NAME),
    "set": re.compile(rf"{_NAME}(?::{_NAME})*"),
    "identifier": re.compile(r"(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+"),
    "resumptionToken": re.compile(r"[\x20-\x7e]+"),
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def read(pairs: Iterable[tuple[str, str]]) -> Request:
    """The request that these arguments make, in the order and number in which they came.

    Raises `Problem` badVerb or badArgument, after which `request` may carry no attributes.
    """
    given = list(pairs)
    names = [name for name, _ in given]
    if names.count("verb") != 1:
        raise Problem(Code.BAD_VERB, "One verb is needed." if "verb" in names else "No verb.")
    arguments = dict(given)
    name = arguments.pop("verb")
    verb = _VERBS.get(name)
    if verb is None:
        raise Problem(Code.BAD_VERB, f"The verb must be one of {', '.join(_VERBS)}.")
    repeated = {one for one in names if names.count(one) > 1}
    if repeated:
        raise _bad(f"Given more than once: {_listed(repeated)}.")
    _check_names(name, verb, arguments)
    for one, text in arguments.items():
        form = _FORMS.get(one)
        if form is not None and not (len(text) <= LONGEST and form.fullmatch(text)):
            raise _bad(f"{one} is not well formed.")
    start, end = _range(arguments.get("from"), arguments.get("until"))
    return Request(name, {"verb": name, **arguments}, start, end)


def _check_names(name: str, verb: _Verb, arguments: Mapping[str, str]) -> None:
    given = arguments.keys()
    if verb.resumable and "resumptionToken" in given:
        if len(given) > 1:
            raise _bad("A resumptionToken stands alone, without other arguments.")
        return
    if unknown := given - verb.required - verb.optional:
        raise _bad(f"{name} does not take: {_listed(unknown)}.")
    if missing := verb.required - given:
        raise _bad(f"{name} also needs: {_listed(missing)}.")


def _range(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """From the first moment of `from` to the first one after `until`."""
    if start and end and len(start) != len(end):
        raise _bad("from and until must have the same granularity.")
    first = EARLIEST if start is None else _moment("from", start)[0]
    if end is None:
        return first, LATEST
    last, span = _moment("until", end)
    if last < first:
        raise _bad("from must not be later than until.")
    return first, last + span if last < LATEST - span else LATEST


def _moment(name: str, text: str) -> tuple[datetime, timedelta]:
    """The moment at which a date begins, and how long it lasts."""
    for form, span in ((_DAY, timedelta(days=1)), (_SECOND, timedelta(seconds=1))):
        if form.fullmatch(text):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                break
            return moment.replace(tzinfo=UTC), span
    raise _bad(f"{name} must be a date, YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ in UTC.")


def _bad(message: str) -> Problem:
    return Problem(Code.BAD_ARGUMENT, message)


def _listed(names: Iterable[str]) -> str:
    """Names for a message; what somebody typed is quoted only where it looks like a name."""
    known = (name if re.fullmatch(r"[A-Za-z]{1,40}", name) else "…" for name in names)
    return ", ".join(sorted(known))
