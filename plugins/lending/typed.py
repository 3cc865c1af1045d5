"""What staff type about a model or a piece, read and checked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from hub.booking import ledger
from hub.records import AccessMode, Carrier, Kind, Record

KINDS = (Kind.DEVICE, Kind.MEDIUM)
LONGEST_TITLE = 300
LONGEST_TEXT = 5_000
MOST_HOURS = 24 * 60
"""Kept free before or after a booking."""
SOURCE_ID = re.compile(r"m-[0-9a-f]{12}")
"""The number of a model that was put in by hand; its form carries it, so that a form that is sent
twice puts one model in."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A model as it was typed: what it is, how many, hours before and after, what is wrong."""

    record: Record
    number: int
    hours: tuple[int, int]
    errors: Mapping[str, str]


def new_id() -> str:
    return f"m-{secrets.token_hex(6)}"


def blank() -> Typed:
    """An empty form."""
    record = Record(new_id(), Kind.DEVICE, "", access=AccessMode.LOAN)
    return Typed(record, 1, (0, 0), {})


def model(form: MultiDict[str, str], before: Record) -> Typed:
    """A form of a model; what it does not ask stays as it was."""
    errors: dict[str, str] = {}
    title = line(form.get("titel", ""))
    if not title:
        errors["titel"] = gettext("Please enter a title.")
    number = _count(form.get("anzahl", "1"), ledger.MOST)
    if number is None:
        errors["anzahl"] = gettext("Please enter a number from 0 to %(most)s.", most=ledger.MOST)
    hours = []
    for name in ("davor", "danach"):
        count = _count(form.get(name) or "0", MOST_HOURS)
        if count is None:
            errors[name] = gettext("Please enter a number from 0 to %(most)s.", most=MOST_HOURS)
        hours.append(count or 0)
    kind, carrier = form.get("art", ""), form.get("traeger", "")
    record = replace(
        before,
        kind=Kind(kind) if kind in KINDS else Kind.DEVICE,
        title=title,
        subtitle=line(form.get("untertitel", "")),
        description=paragraphs(form.get("beschreibung", "")),
        audiences=tuple(dict.fromkeys(line(one)[:40] for one in form.getlist("zielgruppe")))[:20],
        keywords=tuple(listed(form.get("schlagwoerter", ""))[:50]),
        place=line(form.get("ort", "")),
        cost=line(form.get("kosten", "")),
        carrier=Carrier(carrier) if carrier in set(Carrier) - {Carrier.ONLINE} else None,
    )
    return Typed(record, number or 0, (hours[0], hours[1]), errors)


def line(text: str, longest: int = LONGEST_TITLE) -> str:
    """One line without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[: longest * 4])
    return " ".join(printable.split())[:longest]


def paragraphs(text: str) -> str:
    """Lines, without control characters."""
    lines = text[: LONGEST_TEXT * 2].splitlines()
    return "\n".join(line(one, LONGEST_TEXT) for one in lines).strip()[:LONGEST_TEXT]


def listed(text: str) -> list[str]:
    """Entries between commas, semicolons or line ends, each once."""
    found = (line(one) for one in re.split(r"[,;\n]", text[: LONGEST_TEXT * 2]))
    return list(dict.fromkeys(filter(None, found)))


def lines(text: str, most: int) -> list[str]:
    """Codes, one per line, at most one more than `most`, so that too many are noticed."""
    found = (line(one, 100) for one in text[: most * 200].splitlines())
    return list(filter(None, found))[: most + 1]


def _count(text: str, most: int) -> int | None:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        return None
    return int(text) if int(text) <= most else None
