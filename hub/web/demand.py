"""“Bedarf melden”: a person's wishes, those of a centre's users, and the sums of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.catalogue import offers
from hub.catalogue.entitlement import Badge, Status
from hub.catalogue.offers import OfferView
from hub.identity.permissions import visible
from hub.models import Wish
from hub.network import demand
from hub.network.demand import Wanted
from hub.records import Kind
from hub.web import context, login, texts
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("demand", __name__)

LACKING = frozenset({Status.ELSEWHERE, Status.UPCOMING, Status.EXPIRED})
"""What a badge says of a work for which a licence would help."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the offer page says about reporting the need for its work."""

    site: str
    """The centre that would be asked; empty where the person has none."""
    centre: str
    reported: bool
    login_url: str
    """Where to log in, for somebody who is not."""


def need(view: OfferView, badge: Badge | None) -> Need | None:
    """For a medium that is licensed only elsewhere or no longer; None for any other offer."""
    if view.kind is not Kind.MEDIUM or badge is None:
        return None
    who = login.actor()
    lacking = badge.status in LACKING or (badge.status is Status.LOGIN and not who.logged_in)
    if not lacking:
        return None
    if not who.logged_in:
        here = url_for("offer.show", offer_id=view.id)
        return Need("", "", False, url_for("login.choose", weiter=here))
    if who.person_id is None:
        return None  # a pupil, about whom nothing is stored
    with context.the_hub().db.read() as session:
        asked = demand.wished(session, who.person_id, view.id)
    own = who.context.site if who.context and who.context.site else ""
    site = asked or own
    row = context.sites().get(site)
    return Need(site, row.name if row else "", asked is not None, "")


@pages.post("/<site>/bedarf/<int:number>")
def report(site: str, number: int) -> ResponseReturnValue:
    """A wish to this centre; pressing the button twice is one wish."""
    who = login.demand("wish.create", site)
    if who.person_id is None:
        abort(404)
    with context.the_hub().db.write() as session:
        detail = offers.offer(session, number)
        if detail is None or detail.offer.kind is not Kind.MEDIUM:
            abort(404)
        try:
            demand.report(session, who.person_id, number, site)
        except demand.TooMany:
            return redirect(url_for("demand.mine", _anchor="voll"), 303)
    return redirect(url_for("offer.show", offer_id=number, _anchor="bedarf"), 303)


@pages.get("/mein-bedarf")
def mine() -> ResponseReturnValue:
    who = login.demand("wish.read")
    assert who.person_id is not None
    with context.the_hub().db.read() as session:
        wishes = demand.own(session, who.person_id)
    names = {key: row.name for key, row in context.sites().items()}
    return render_template(
        "demand_own.html",
        wishes=[(one, names.get(one.site, one.site)) for one in wishes],
        full=len(wishes) >= demand.MOST_OF_ONE,
        crumbs=[Crumb(gettext("My requests for licences"))],
    )


@pages.post("/mein-bedarf/<int:number>/zuruecknehmen")
def withdraw(number: int) -> ResponseReturnValue:
    """Taking back what is not there (any more) changes nothing and is no mistake."""
    who = login.demand("wish.read")
    assert who.person_id is not None
    with context.the_hub().db.write() as session:
        demand.withdraw(session, who.person_id, number)
    return redirect(url_for("demand.mine"), 303)


@pages.get("/<site>/verwaltung/bedarf", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/bedarf.<form>")
def listing(site: str, form: str) -> ResponseReturnValue:
    """How many of a centre's users wish for which medium; never who."""
    login.demand("wish.read", site)
    with context.the_hub().db.read() as session:
        found = demand.at_site(session, site)
    if form != "html":
        return _file(form, f"bedarf-{site}", found)
    row = context.sites()[site]
    return render_template(
        "demand_site.html",
        centre=row,
        found=found,
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Requests for licences")),
        ],
    )


@pages.get("/netz/bedarf", defaults={"form": "html"})
@pages.get("/netz/bedarf.<form>")
def sums(form: str) -> ResponseReturnValue:
    """What the whole network wishes for, as far as nobody can be guessed by it."""
    who = login.demand("network.read")
    with context.the_hub().db.read() as session:
        found = demand.sums(session, visible(who, Wish, "network.read"))
    if form != "html":
        return _file(form, "bedarf-nrw", found.works)
    return render_template(
        "demand_network.html",
        found=found,
        smallest=demand.SMALLEST,
        crumbs=[
            Crumb(gettext("Network and figures"), url_for("network.overview")),
            Crumb(gettext("Requests for licences")),
        ],
    )


def _file(form: str, name: str, found: Sequence[Wanted]) -> ResponseReturnValue:
    if form not in FORMATS:
        abort(404)
    header = [
        gettext("Medium"),
        gettext("Persons"),
        gettext("Centres"),
        gettext("Latest request"),
        gettext("Address"),
    ]
    rows: list[list[Cell]] = [
        [
            one.title,
            one.persons,
            one.centres,
            texts.day(one.latest.astimezone(context.NETWORK_TIME).date()),
            context.public_address("offer.show", offer_id=one.offer_id),
        ]
        for one in found
    ]
    return download(form, name, header, rows)
