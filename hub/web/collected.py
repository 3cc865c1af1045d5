"""Entries of lists as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from hub.catalogue import entitlement
from hub.catalogue.collected import Collected
from hub.catalogue.reader import Reader
from hub.web import context, texts


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a list; `withdrawn` has neither centres nor a badge any more."""

    offer_id: int
    url: str
    address: str
    """The absolute address of its page, for paper."""
    kind: str
    title: str
    summary: str
    centres: str
    badge: texts.BadgeText | None
    withdrawn: bool
    note: str


def lines(items: Sequence[Collected], reader: Reader | None) -> list[Line]:
    """The entries with the badges of this reader; None: as everybody sees them."""
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    return [_line(one, reader, names) for one in items]


def _line(one: Collected, reader: Reader | None, names: dict[str, str]) -> Line:
    record, sites = one.offer.record, one.sites
    alone = sites[0] if len(sites) == 1 else ""
    badge = entitlement.badge(one.holdings, context.today(), reader=reader)
    return Line(
        offer_id=one.offer.id,
        url=url_for("offer.show", offer_id=one.offer.id),
        address=context.public_address("offer.show", offer_id=one.offer.id),
        kind=str(texts.KIND[record.kind]),
        title=record.title,
        summary=texts.summary(record),
        centres=names.get(alone, alone) if alone else texts.count_centres(len(sites)),
        badge=texts.badge_text(badge, names, alone) if badge else None,
        withdrawn=not sites,
        note=one.note,
    )
