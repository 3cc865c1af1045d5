"""What the staff of a centre have before them: what waits today, and the way to every page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, current_app, render_template, url_for
from flask_babel import gettext, ngettext

from hub.booking import desk
from hub.connections import connections
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.network import purchases
from hub.web import context, login, menu
from hub.web.page import Crumb
from hub.web.places import Place, places

pages = Blueprint("overview", __name__, url_prefix="/<site>/verwaltung")


class Shown(NamedTuple):
    """A place as the page shows it."""

    label: str
    address: str
    purpose: str


class Waiting(NamedTuple):
    """Something that somebody has to do."""

    text: str
    address: str


@pages.get("")
def show(site: str) -> str:
    actor = login.demand("plugin.read", site)
    row = context.sites()[site]
    groups = [(title, _shown(actor, site, listed)) for title, listed in places()]
    return render_template(
        "overview.html",
        centre=row,
        waiting=_waiting(actor, site),
        groups=[group for group in groups if group[1]],
        booked=menu.bookings(site),
        menu=menu.entries(site, without=[address for address, _ in menu.bookings(site)]),
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Administration")),
        ],
    )


def _shown(actor: Actor, site: str, listed: Sequence[Place]) -> list[Shown]:
    """Those of the places that this person may open."""
    return [
        Shown(one.label, _address(one.endpoint, site), one.purpose)
        for one in listed
        if can(actor, one.action, site)
    ]


def _address(endpoint: str, site: str) -> str:
    """Where the page is, of the centre or of the network as a whole."""
    of_site = current_app.url_map.is_endpoint_expecting(endpoint, "site")
    return url_for(endpoint, site=site) if of_site else url_for(endpoint)


def _waiting(actor: Actor, site: str) -> list[Waiting]:
    hub = context.the_hub()
    with hub.db.read() as session:
        work = desk.counts(session, site, context.now())
        unanswered = 0
        if can(actor, "grant.manage", site):
            asked = purchases.asked(session, site, context.today())
            unanswered = sum(answer is None for _, answer in asked)
    at_desk = url_for("desk.today", site=site)
    found = [
        (
            work.requested,
            ngettext("%(num)d booking to decide", "%(num)d bookings to decide", work.requested),
            f"{at_desk}#anfragen",
        ),
        (
            work.overdue,
            ngettext("%(num)d loan overdue", "%(num)d loans overdue", work.overdue),
            f"{at_desk}#ueberfaellig",
        ),
        (
            work.returns,
            ngettext("%(num)d return due today", "%(num)d returns due today", work.returns),
            f"{at_desk}#rueckgaben",
        ),
        (
            work.pickups,
            ngettext(
                "%(num)d booking to hand out, or taking place today",
                "%(num)d bookings to hand out, or taking place today",
                work.pickups,
            ),
            f"{at_desk}#ausgaben",
        ),
    ]
    found.append(
        (
            unanswered,
            ngettext(
                "%(num)d joint purchase to answer", "%(num)d joint purchases to answer", unanswered
            ),
            url_for("purchases.of_site", site=site),
        )
    )
    broken = sum(one.needs_a_person for one in connections(hub, site))
    found.append(
        (
            broken,
            ngettext(
                "%(num)d connection needs your attention",
                "%(num)d connections need your attention",
                broken,
            ),
            url_for("connections.listing", site=site),
        )
    )
    return [Waiting(text, address) for number, text, address in found if number]
