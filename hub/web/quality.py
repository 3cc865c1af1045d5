"""How good the data of a source is: for the centre, and to be sent to whoever supplies it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.catalogue import quality
from hub.catalogue.quality import Quality
from hub.connections import is_source
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
    return download(form, f"{site}-{plugin}-qualitaet", header, _rows(found), note)


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
