"""Taking over the set-up of another centre, by somebody who may configure at both."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import setup_copy
from hub.identity.permissions import can
from hub.setup_copy import Part
from hub.web import context, login
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_text

pages = Blueprint("setup_copy", __name__, url_prefix="/<site>/verwaltung/uebernehmen")

LONGEST_KEY = 40


@pages.get("")
def choose(site: str) -> str:
    login.demand("plugin.configure", site)
    source = asked_text("von", LONGEST_KEY)
    if not source:
        return _page(site, "", None)
    _demand_other(source, site)
    with context.the_hub().db.read() as session:
        found = setup_copy.parts(session, source, site)
    return _page(site, source, found)


@pages.post("")
def copy(site: str) -> ResponseReturnValue:
    actor = login.demand("plugin.configure", site)
    source = request.form.get("von", "")[:LONGEST_KEY]
    _demand_other(source, site)
    chosen = set(request.form.getlist("plugin"))
    done = setup_copy.copy(context.the_hub(), source, site, chosen, actor=actor.key)
    return _page(site, source, done, done=True)


def _demand_other(source: str, site: str) -> None:
    """The other centre exists only for who may configure there as well."""
    if source == site or source not in context.sites():
        abort(404)
    if not can(login.actor(), "plugin.configure", source):
        abort(404)


def _page(site: str, source: str, found: list[Part] | None, *, done: bool = False) -> str:
    sites = context.sites()
    others = [
        (key, row.name)
        for key, row in sites.items()
        if key != site and can(login.actor(), "plugin.configure", key)
    ]
    return render_template(
        "setup_copy.html",
        centre=sites[site],
        source=source,
        source_name=sites[source].name if source else "",
        others=others,
        found=[(one, source_title(one.plugin)) for one in found or ()],
        done=done,
        crumbs=[
            Crumb(sites[site].name, url_for("centres.profile", site=site)),
            Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
            Crumb(gettext("Take over a set-up")),
        ],
    )
