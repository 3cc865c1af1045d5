"""Opening an offer: may it be opened now, where does it lead, and how often is it opened.

Where an offer leads is asked at the moment of the click. The address that a plugin gives may be
good for one visitor and some minutes only: it is followed at once, never stored and never logged.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import entitlement
from hub.catalogue.entitlement import Status
from hub.catalogue.offers import OfferView
from hub.catalogue.reader import Reader
from hub.errors import Defect
from hub.formats.text import without_session
from hub.records import Access, AccessMode, Offer, Person
from hub.site import Site

HOOK = "catalogue_access"
DEADLINE = 8.0
"""Seconds that a source may take; a person waits before an empty page meanwhile."""

LONGEST_ADDRESS = 4_000

_count_use = sa.text(
    "INSERT INTO offer_use (day, offer_id, count) VALUES (:day, :offer_id, 1)"
    " ON CONFLICT (day, offer_id) DO UPDATE SET count = offer_use.count + 1"
).bindparams(sa.bindparam("day", type_=sa.Date))


def opens(view: OfferView, today: date, reader: Reader | None = None) -> bool:
    """Whether it may be opened today: by everybody, or by this reader."""
    if view.withdrawn_at is not None:
        return False
    badge = entitlement.badge([entitlement.holding(view)], today, reader=reader)
    return badge is not None and badge.status in (Status.OPEN, Status.GRANTED)


def fixed_address(site: Site, view: OfferView) -> str:
    """Where an offer that `opens` is found whoever asks; empty when its source must be asked.

    Whoever can tell is asked for what is licensed: the source knows whether the licence still
    holds, and counts its use.
    """
    licensed = view.record.access is AccessMode.LICENSED
    if licensed and (view.plugin not in site.plugins or site.implements(view.plugin, HOOK)):
        return ""
    return without_session(view.record.url) if is_address(view.record.url) else ""


def is_nowhere(site: Site, view: OfferView) -> bool:
    """Whether nobody can say where an offer is found: neither its record nor its plugin."""
    runs = view.plugin in site.plugins
    return not fixed_address(site, view) and runs and not site.implements(view.plugin, HOOK)


def resolve(site: Site, view: OfferView, person: Person | None) -> str:
    """The address that opens an offer now, for this person or somebody who is not logged in.

    To be called only for offers that `opens` and that are not nowhere. Raises what the plugin
    says (`Denied`, `Unavailable`, `Defect`, …).
    """
    address = fixed_address(site, view)
    if address:
        return address
    offer = Offer(view.id, view.site, view.plugin, view.record)
    access = site.one(view.plugin, HOOK, deadline=DEADLINE, offer=offer, person=person)
    if not isinstance(access, Access) or not is_address(access.url):
        raise Defect(f"The plugin {view.plugin} gave something else than a web address.")
    return access.url


def count_use(session: Session, offer_id: int, day: date) -> None:
    """One more opening on that day; by whom is nobody's business."""
    session.execute(_count_use, {"day": day, "offer_id": offer_id})


def is_address(url: object) -> bool:
    """Whether it is a web address with a host that can stand in a header as it is."""
    if not isinstance(url, str) or len(url) > LONGEST_ADDRESS:
        return False
    if any(c.isspace() or not c.isprintable() for c in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
