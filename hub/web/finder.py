"""„Mein Medienzentrum finden“: by school, place or postcode."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask_babel import gettext

from hub.institutions import find
from hub.site import SiteRow
from hub.web import context, presenting
from hub.web.page import Crumb, asked_text

pages = Blueprint("finder", __name__, url_prefix="/zentren")

MOST = 30
"""Schools on the page; a search with more hits asks for another word."""
MANY = 5
"""More centres than this are no answer to "mine"."""


@pages.get("/finden")
def show() -> str:
    text = asked_text("q", find.LONGEST_QUERY)
    found = find.Found((), 0, ())
    if text:
        with context.the_hub().db.read() as session:
            found = find.find(session, text, context.today(), MOST)
    sites = context.sites()
    wanted = find.fold(text)
    named = [key for key, row in sites.items() if wanted and _is_at(row, wanted)]
    keys = [key for key in dict.fromkeys((*found.sites, *named)) if key in sites]
    with context.the_hub().db.read() as session:
        hours = presenting.opening(session, keys[:MANY])
    return render_template(
        "finder.html",
        text=text,
        found=found,
        centres=[sites[key] for key in keys[:MANY]],
        hours=hours,
        more=max(0, len(keys) - MANY),
        sites=sites,
        today=context.today(),
        crumbs=[
            Crumb(gettext("Media centres"), url_for("centres.listing")),
            Crumb(gettext("Find my media centre")),
        ],
    )


def _is_at(row: SiteRow, wanted: str) -> bool:
    """Whether the centre or a branch is at this place or has this postcode."""
    return any(
        wanted in (place.get("postcode"), find.fold(str(place.get("town", ""))))
        for place in (row.contact, *row.branches)
    )
