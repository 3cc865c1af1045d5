"""Media that many centres have and others lack: what could be bought together.

How many centres have a work is counted for all works at once on the bitmaps of the search, in
binary: a work is in plane p where digit p of its number of centres is one (a carry-save adder).
Fifty-odd additions of bitmaps, whatever the number of offers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import columns
from hub.catalogue.columns import NONE, Bits
from hub.catalogue.offers import ids_parameter
from hub.db import in_list
from hub.models import Offer, SearchEntry
from hub.network import demand
from hub.records import Kind

MOST = 200
"""Works in the list."""
SHARE = 4
"""A work is listed that one in so many centres has, and one in so many lacks."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A medium with the number of centres that have it and lack it."""

    offer_id: int
    title: str
    having: int
    lacking: int
    persons: int | None
    """How many ask for it; None where that is nobody, or too few to be told."""


def planes(bitmaps: Iterable[Bits]) -> list[Bits]:
    """The number of bitmaps in which each work is, as the digits of a binary number."""
    digits: list[Bits] = []
    for carry in bitmaps:
        for place, digit in enumerate(digits):
            digits[place], carry = digit ^ carry, digit & carry
        if carry:
            digits.append(carry)
    return digits


def exactly(digits: Sequence[Bits], number: int, among: Bits) -> Bits:
    """Those of `among` that are in exactly so many bitmaps."""
    if number >> len(digits):
        return NONE
    for place, digit in enumerate(digits):
        among = among & digit if number >> place & 1 else among - digit
    return among


def listing(
    session: Session,
    centres: Collection[str],
    wishes: sa.ColumnElement[bool],
    site: str | None = None,
) -> Sequence[Lacking]:
    """The media that most of these centres have, of those that others lack; with `site` of those
    that this one lacks, whose own users' wishes may be counted however few they are."""
    cols = columns.current(session)
    by_site = cols.facets.get("site", {})
    media = cols.live & cols.facets.get("kind", {}).get(Kind.MEDIUM.value, NONE)
    if site is not None:
        media -= by_site.get(site, NONE)
    digits = planes(by_site.get(key, NONE) for key in centres)
    least = max(1, len(centres) // SHARE)
    most = len(centres) - 1 if site is not None else len(centres) - least
    ranked = (
        (work, number)
        for number in range(most, least - 1, -1)
        for work in exactly(digits, number, media)
    )
    found = dict(islice(ranked, MOST))
    asking = demand.persons_of(session, wishes, list(found), demand.SMALLEST if site is None else 1)
    return _told(session, found, asking, len(centres))


def _told(
    session: Session, found: dict[int, int], asking: dict[int, int], centres: int
) -> list[Lacking]:
    rows = session.execute(
        sa.select(SearchEntry.work_id, Offer.id, Offer.title)
        .join(Offer, Offer.id == SearchEntry.offer_id)
        .where(in_list(SearchEntry.work_id.expression, "works")),
        {"works": ids_parameter(list(found))},
    )
    named = {work: (offer, title) for work, offer, title in rows}
    return [
        Lacking(*named[work], number, centres - number, asking.get(work))
        for work, number in found.items()
        if work in named
    ]
