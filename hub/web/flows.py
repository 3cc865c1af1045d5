"""What flows from a centre to the Landesmedienzentren: shown to it first, then switched on."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.identity.permissions import can
from hub.models import Booking
from hub.network import flows, statistics, suppression
from hub.network.statistics import Split
from hub.web import context, login, texts
from hub.web.page import Crumb
from hub.web.statistics import NAMES, asked_year, definitions, site_names, tables, years

pages = Blueprint("flows", __name__, url_prefix="/<site>/verwaltung/weitergabe")


@pages.get("")
def show(site: str) -> str:
    """The very figures, as the pages of the network would have them with this centre."""
    who = login.demand("statistics.read", site)
    row = context.sites()[site]
    zone, now = context.NETWORK_TIME, context.now()
    with context.the_hub().db.read() as session:
        since = flows.since(session, site)
        own = Booking.site_key == site
        known = years(statistics.first_day(session, own, site), zone)
        year = asked_year(known)
        with_it = flows.sites_on(session, also=site)
        everybody = Booking.site_key.in_(with_it)
        counted = flows.counted(session, year, zone, now, everybody, with_it)
        alone = flows.counted(session, year, zone, now, own, [site])
    named = suppression.withheld(counted).splits[Split.SITE][site]
    shown = suppression.everything(alone)
    return render_template(
        "flows.html",
        centre=row,
        since=texts.moment(since, row.time_zone) if since else "",
        may_switch=can(who, "flow.switch", site),
        named_rows=[
            (NAMES[one](), gettext("withheld") if number is None else texts.number(number))
            for one, number in named.items()
        ],
        shown=shown,
        year=str(year),
        years=[(str(one), str(one)) for one in known],
        names={measure: name() for measure, name in NAMES.items()},
        definitions=definitions(),
        tables=[one for one in tables(shown, site_names()) if one.id != Split.SITE],
        smallest=suppression.SMALLEST,
        done=request.args.get("fertig", "")[:3],
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Statistics"), url_for("statistics.of_site", site=site)),
            Crumb(gettext("What flows to the Landesmedienzentrum")),
        ],
    )


@pages.post("")
def switch(site: str) -> ResponseReturnValue:
    who = login.demand("flow.switch", site)
    on = request.form.get("an") == "1"
    with context.the_hub().db.write() as session:
        flows.switch(session, site, on, who.key)
    return redirect(url_for("flows.show", site=site, fertig="an" if on else "aus"), 303)
