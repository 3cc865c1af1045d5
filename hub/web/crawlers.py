"""For search engines: what they may read, and the list of all offer pages.

The sitemap (sitemaps.org 0.9) is an index of parts, each a stretch of ids that begins where the
one before ended. A part is found by its first id, so its address stays as offers come and go.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from flask import Blueprint, Response, abort
from sqlalchemy.orm import Session

from hub.models import Offer
from hub.models.base import table
from hub.web import context

pages = Blueprint("crawlers", __name__)

PART = 20_000
"""Ids in one part, dead ones included; the protocol allows 50,000 addresses."""
BATCH = 1_000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
KEPT = "public, max-age=3600"

_offer = table(Offer)
_last = sa.select(sa.func.max(_offer.c.id))
_part = (
    sa.select(_offer.c.id, _offer.c.changed_at)
    .where(
        _offer.c.id > sa.bindparam("after"),
        _offer.c.id < sa.bindparam("end"),
        _offer.c.withdrawn_at.is_(None),
    )
    .order_by(_offer.c.id)
    .limit(BATCH)
)


@pages.get("/robots.txt")
def robots() -> Response:
    """Pages yes; what leads away, costs much or is meant for programs no."""
    lines = (
        "User-agent: *",
        "Disallow: /oeffnen/",
        "Disallow: /suche/live",
        "Disallow: /suche.csv",
        "Disallow: /suche.xlsx",
        "Disallow: /vorschlaege",
        "Disallow: /anmelden",
        "Disallow: /api/",
        "Disallow: /oai",
        "",
        f"Sitemap: {context.public_address('crawlers.index')}",
        "",
    )
    return _kept(Response("\n".join(lines), mimetype="text/plain"))


@pages.get("/sitemap.xml")
def index() -> Response:
    with context.the_hub().db.read() as session:
        last = session.scalar(_last) or 0
    parts = "".join(
        f"<sitemap><loc>{context.public_address('crawlers.part', number=number)}</loc></sitemap>"
        for number in range(last // PART + 1)
    )
    return _xml(f'<sitemapindex xmlns="{NAMESPACE}">{parts}</sitemapindex>')


@pages.get("/sitemap-<int:number>.xml")
def part(number: int) -> Response:
    if number > 2**31 // PART:
        abort(404)
    with context.the_hub().db.read() as session:
        if number * PART > (session.scalar(_last) or 0):
            abort(404)
        entries = "".join(_entries(session, number))
    if number == 0:
        entries = "".join(f"<url><loc>{address}</loc></url>" for address in _steady()) + entries
    return _xml(f'<urlset xmlns="{NAMESPACE}">{entries}</urlset>')


def _entries(session: Session, number: int) -> Iterator[str]:
    address = context.public_address
    # One address is built by the router; the others differ from it in the number alone.
    before, _, behind = address("offer.show", offer_id=2**31 - 1).partition(str(2**31 - 1))
    after, end = number * PART - 1, (number + 1) * PART
    while rows := session.execute(_part, {"after": after, "end": end}).all():
        for row in rows:
            day = row.changed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
            yield f"<url><loc>{before}{row.id}{behind}</loc><lastmod>{day}</lastmod></url>"
        after = rows[-1].id


def _steady() -> Iterator[str]:
    """Pages that are always there."""
    for endpoint in (
        "search.start",
        "recommendations.listing",
        "centres.listing",
        "network.overview",
    ):
        yield context.public_address(endpoint)
    for key in context.sites():
        yield context.public_address("centres.profile", site=key)


def _xml(content: str) -> Response:
    declared = f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n'
    return _kept(Response(declared, content_type="application/xml; charset=utf-8"))


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = KEPT
    return response
