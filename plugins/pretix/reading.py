"""What the catalogue makes of events, dates and products of pretix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.formats import text
from hub.records import AccessMode, Change, Event, Kind, Offer, Record, Reject, Upsert


@dataclass(frozen=True, slots=True)
class Place:
    """What an offer is in pretix: `source_id` is `event:date:item`, the date 0 without a series."""

    event: str
    date: int
    item: int

    @classmethod
    def of(cls, offer: Offer) -> Place:
        event, _, rest = offer.record.source_id.partition(":")
        date, _, item = rest.partition(":")
        return cls(event, int(date), int(item))

    @property
    def orders(self) -> str:
        return f"events/{self.event}/orders/"

    @property
    def waiting(self) -> str:
        return f"events/{self.event}/waitinglistentries/"

    @property
    def source_id(self) -> str:
        return f"{self.event}:{self.date}:{self.item}"


def changes(
    place: Place,
    event: Mapping[str, Any],
    date: Mapping[str, Any],
    product: Mapping[str, Any],
    named: bool,
    quotas: Sequence[Mapping[str, Any]],
) -> Iterator[Change]:
    title = text.line(said(date["name"]) or said(event["name"]))
    if named:
        title = f"{title}: {text.line(said(product['name']))}"
    if product.get("has_variations"):
        yield Reject(place.source_id, "Products with variations cannot be booked from here.", title)
        return
    when = times(date)
    if when is None:
        yield Reject(place.source_id, "It has no end (date_to) after its beginning.", title)
        return
    if when[1] <= datetime.now(UTC):
        return
    sizes = [
        one["size"]
        for one in quotas
        if place.item in one["items"] and (one.get("subevent") or 0) == place.date
    ]
    known = [size for size in sizes if size is not None]
    where = text.line(said(date.get("location")) or said(event.get("location")))
    price = str(product.get("default_price") or "0.00")
    yield Upsert(
        Record(
            source_id=place.source_id,
            kind=Kind.TRAINING,
            title=title,
            description=text.plain(
                said(date.get("frontpage_text")) or said(product.get("description"))
            ),
            access=AccessMode.BOOKING,
            place=where,
            quantity=min(known, default=None),
            events=(Event(*when, where, min(known, default=None)),),
            cost="" if float(price) == 0 else f"{price.replace('.', ',')} {event['currency']}",
        )
    )


def lets_in(product: Mapping[str, Any]) -> bool:
    """Whether one takes part by it and may take it without more; not a lunch, not a voucher."""
    wants = ("require_voucher", "hide_without_voucher", "require_bundling", "require_membership")
    return bool(
        product.get("active")
        and product.get("admission")
        and not any(product.get(name) for name in wants)
    )


def times(date: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """When it takes place; None where it does not say until when."""
    try:
        start, end = (datetime.fromisoformat(date[name]) for name in ("date_from", "date_to"))
    except (KeyError, TypeError, ValueError):
        return None
    if None in (start.tzinfo, end.tzinfo) or not start < end:
        return None
    return start, end


def said(value: Any) -> str:
    """A text of pretix, which may be in several languages, in German where there is that."""
    if isinstance(value, Mapping):
        told = [value.get(one) for one in ("de", "de-informal", "en")] + list(value.values())
        return next((str(one) for one in told if one), "")
    return str(value) if value else ""
