"""“Was viele haben”: media that many centres have and others lack, in the network or for one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.identity.permissions import visible
from hub.models import Wish
from hub.network import lacking
from hub.network.lacking import Lacking
from hub.web import context, login
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("lacking", __name__)


@pages.get("/netz/fehlend", defaults={"form": "html"})
@pages.get("/netz/fehlend.<form>")
def of_network(form: str) -> ResponseReturnValue:
    """What many centres have and many lack."""
    who = login.demand("network.read")
    wishes = visible(who, Wish, "network.read")
    crumbs = [Crumb(gettext("Network and figures"), url_for("network.overview"))]
    return _answer(None, form, gettext("in the network"), crumbs, wishes)


@pages.get("/<site>/verwaltung/fehlend", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/fehlend.<form>")
def of_site(site: str, form: str) -> ResponseReturnValue:
    """What many centres have and this one lacks."""
    login.demand("wish.read", site)
    row = context.sites()[site]
    crumbs = [Crumb(row.name, url_for("centres.profile", site=site))]
    return _answer(site, form, row.name, crumbs, Wish.site_key == site)


def _answer(
    site: str | None,
    form: str,
    where: str,
    crumbs: Sequence[Crumb],
    wishes: sa.ColumnElement[bool],
) -> ResponseReturnValue:
    centres = [key for key, row in context.sites().items() if row.kind == "centre"]
    with context.the_hub().db.read() as session:
        found = lacking.listing(session, centres, wishes, site)
    if form != "html":
        return _file(form, f"fehlend-{site or 'nrw'}", found)

    def table(form: str) -> str:
        if site is None:
            return url_for("lacking.of_network", form=form)
        return url_for("lacking.of_site", form=form, site=site)

    return render_template(
        "lacking.html",
        where=where,
        found=found,
        site=site,
        most=lacking.MOST,
        tables=[(one.upper(), table(one)) for one in FORMATS],
        crumbs=[*crumbs, Crumb(gettext("What many have"))],
    )


def _file(form: str, name: str, found: Sequence[Lacking]) -> ResponseReturnValue:
    if form not in FORMATS:
        abort(404)
    header = [
        gettext("Medium"), gettext("Centres that have it"), gettext("Centres that lack it"),
        gettext("Persons who ask for it"), gettext("Address"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            one.title, one.having, one.lacking, "" if one.persons is None else one.persons,
            context.public_address("offer.show", offer_id=one.offer_id),
        ]
        for one in found
    ]  # fmt: skip
    return download(form, name, header, rows)
