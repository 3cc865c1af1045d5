"""“Vergeblich gesucht”: words that found nothing, at a centre and in the network."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.network import missed
from hub.network.missed import Missed
from hub.web import context, login, texts
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("missed", __name__)


@pages.get("/<site>/verwaltung/vergeblich", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/vergeblich.<form>")
def of_site(site: str, form: str) -> ResponseReturnValue:
    """What a centre's own users searched for."""
    login.demand("wish.read", site)
    row = context.sites()[site]
    crumbs = [Crumb(row.name, url_for("centres.profile", site=site))]
    return _answer(site, form, row.name, crumbs)


@pages.get("/netz/vergeblich", defaults={"form": "html"})
@pages.get("/netz/vergeblich.<form>")
def of_network(form: str) -> ResponseReturnValue:
    """What everybody searched for."""
    login.demand("network.read")
    crumbs = [Crumb(gettext("Network and figures"), url_for("network.overview"))]
    return _answer(None, form, gettext("in the network"), crumbs)


def _answer(
    site: str | None, form: str, where: str, crumbs: Sequence[Crumb]
) -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        found = missed.listing(session, site)
    if form != "html":
        return _file(form, f"vergeblich-{site or 'nrw'}", found)

    def table(form: str) -> str:
        if site is None:
            return url_for("missed.of_network", form=form)
        return url_for("missed.of_site", form=form, site=site)

    return render_template(
        "missed.html",
        where=where,
        found=found,
        least=missed.SMALLEST,
        days=missed.LEAST_DAYS,
        kept=missed.KEPT.days,
        tables=[(one.upper(), table(one)) for one in FORMATS],
        crumbs=[*crumbs, Crumb(gettext("Searched for in vain"))],
    )


def _file(form: str, name: str, found: Sequence[Missed]) -> ResponseReturnValue:
    if form not in FORMATS:
        abort(404)
    header = [gettext("Words"), gettext("Searches"), gettext("Days"), gettext("Latest search")]
    rows: list[list[Cell]] = [
        [one.words, one.count, one.days, texts.day(one.latest)] for one in found
    ]
    return download(form, name, header, rows)
