"""How good the data of a source is: for the centre, and to be sent to whoever supplies it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.catalogue import quality
from hub.catalogue.quality import Quality
from hub.connections import is_source
from hub.identity.permissions import can
from hub.jobs import link_checks, reports, sources
from hub.web import context, login, texts
from hub.web.field_words import field_word
from hub.web.offer import source_title
from hub.web.page import Crumb
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("quality", __name__, url_prefix="/<site>/verwaltung/plugins/<plugin>/qualitaet")

SHOWN = 20
"""Unknown codes and groups that the page shows; the file has all."""


@pages.get("")
def show(site: str, plugin: str) -> str:
    login.demand("run.read", site)
    found, title = _quality(site, plugin), source_title(plugin)
    return render_template(
        "quality.html",
        centre=context.sites()[site],
        plugin=plugin,
        title=title,
        found=found,
        links=_links(site, plugin),
        checker=link_checks.checker(context.the_hub().sites.site(site)),
        at_once=link_checks.AT_ONCE,
        may_start=can(login.actor(), "run.start", site),
        field_word=field_word,
        shown=SHOWN,
        today=context.today(),
        crumbs=[
            Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
            Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
            Crumb(title, url_for("connections.settings", site=site, plugin=plugin)),
            Crumb(gettext("Quality of the data")),
        ],
    )


@pages.post("/links")
def check_links(site: str, plugin: str) -> ResponseReturnValue:
    """Lets the next addresses be looked at; while a job is at it nothing happens."""
    login.demand("run.start", site)
    hub = context.the_hub()
    source = sources.source(hub, site, plugin)
    if source is None or not link_checks.checker(hub.sites.site(site)):
        abort(404)
    with hub.db.write() as session:
        reports.ask(session, source, link_checks.TASK)
    return redirect(url_for("quality.show", site=site, plugin=plugin, _anchor="links"), 303)


@pages.get("/tabelle.<form>")
def table(site: str, plugin: str, form: str) -> ResponseReturnValue:
    login.demand("run.read", site)
    if form not in FORMATS:
        abort(404)
    found = _quality(site, plugin)
    header = [
        gettext("Finding"),
        gettext("Entry"),
        gettext("Number"),
        gettext("Out of"),
        gettext("Record"),
    ]
    note = gettext(
        "Quality of the data of %(source)s at %(centre)s on %(day)s: %(number)s records.",
        source=source_title(plugin),
        centre=context.sites()[site].name,
        day=texts.day(context.today()),
        number=texts.number(found.total),
    )
    dead = _links(site, plugin).data.get("dead", [])
    rows: list[list[Cell]] = [
        *_rows(found),
        *([gettext("Dead link"), one["url"], 1, None, one["source_id"]] for one in dead),
    ]
    return download(form, f"{site}-{plugin}-qualitaet", header, rows, note)


def _links(site: str, plugin: str) -> reports.State:
    with context.the_hub().db.read() as session:
        return reports.state(session, site, plugin, link_checks.TASK)


def _rows(found: Quality) -> Iterator[list[Cell]]:
    for one in found.filled:
        yield [gettext("Field filled"), field_word(one.field), one.count, one.of, one.without]
    for codes in found.codes:
        for code in codes.unknown:
            what = f"{field_word(codes.field)}: {code.code}"
            yield [gettext("Unknown code"), what, code.count, None, code.source_id]
    for group in found.duplicates:
        ids = ", ".join(group.source_ids)
        yield [gettext("Given twice"), group.title, len(group.source_ids), None, ids]


def _quality(site: str, plugin: str) -> Quality:
    """What is known of a source of this site that is switched on or was once."""
    hub = context.the_hub()
    if not is_source(hub, site, plugin):
        abort(404)
    with hub.db.read() as session:
        return quality.quality(session, site, plugin)
