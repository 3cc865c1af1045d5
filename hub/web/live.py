"""Live search: what sources say that may not be harvested, beside the results of the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from hub.catalogue import entitlement, live
from hub.catalogue.access import is_address
from hub.catalogue.live import LiveHit, LiveResults, Source
from hub.records import AccessMode
from hub.web import context, texts
from hub.web.offer import source_title
from hub.web.page import LONGEST_QUERY, Crumb, asked_text

pages = Blueprint("live", __name__, url_prefix="/suche")

LONGEST_KEY = 40
TARGET = "live-treffer"
"""Where htmx puts the hits on the search page."""


@dataclass(frozen=True, slots=True)
class LiveCard:
    """A live hit as it is shown; `url` is empty for what cannot be opened without its centre."""

    title: str
    subtitle: str
    kind: str
    summary: str
    text: str
    url: str
    host: str
    badge: texts.BadgeText | None
    site: str
    centre: str
    source: str
    """Where it comes from, in words."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The link to the live search for what a visitor looks for."""

    url: str
    where: str


def offered(text: str, sites: Sequence[str]) -> Offered | None:
    """The live search at these sites, or at the Landesmedienzentren; None if nobody answers."""
    if not text:
        return None
    asked = live.sources(context.the_hub().sites, sites)
    if not asked:
        return None
    url = url_for("live.results", q=text, zentrum=sorted(sites) or None)
    return Offered(url, _where(asked))


@pages.get("/live")
def results() -> Response:
    text = asked_text("q", LONGEST_QUERY)
    sites = [key[:LONGEST_KEY] for key in request.args.getlist("zentrum")[: live.MOST_SITES]]
    if not text:
        return redirect(url_for("search.results", zentrum=sites or None), 303)
    hub = context.the_hub()
    asked = live.sources(hub.sites, sites)
    found = live.search(hub.db, hub.sites, asked, text, context.now())
    fragment = request.headers.get("HX-Target") == TARGET
    response = make_response(
        render_template(
            "live_result.html" if fragment else "live.html",
            fragment=fragment,
            text=text,
            heading=gettext("Live search for “%(text)s”", text=text),
            asked=_where(asked),
            summary=_summary(found, asked),
            notes=_notes(found),
            cards=_cards(found.hits),
            back=url_for("search.results", q=text, zentrum=sites or None),
            crumbs=[
                Crumb(gettext("Search"), url_for("search.results", q=text, zentrum=sites or None)),
                Crumb(gettext("Live search")),
            ],
        )
    )
    response.vary.add("HX-Target")
    return response


def _where(asked: Sequence[Source]) -> str:
    names = _names()
    return ", ".join(dict.fromkeys(names.get(source.site, source.site) for source in asked))


def _names() -> dict[str, str]:
    return {key: texts.short_name(row.name) for key, row in context.sites().items()}


def _summary(found: LiveResults, asked: Sequence[Source]) -> str:
    """What came of it, in one sentence."""
    if not asked:
        return gettext("No source of these centres can be searched live.")
    if not found.answered:
        return gettext("No source could be searched live just now.")
    if found.hits:
        number = len(found.hits)
        return ngettext(
            "%(number)s more result, found live.",
            "%(number)s more results, found live.",
            number,
            number=texts.number(number),
        )
    if found.known:
        return gettext("The live search found nothing that is not among the results already.")
    return gettext("The live search found nothing.")


def _notes(found: LiveResults) -> list[str]:
    """Which sources gave nothing, and why, without blaming anybody."""
    names = _names()
    now = context.now()
    notes = [
        gettext("%(source)s does not answer just now.", source=_source(source, names))
        for source in found.failed
    ]
    notes += [
        gettext(
            "%(source)s has failed repeatedly and is asked again from %(moment)s.",
            source=_source(source, names),
            moment=texts.as_of(until, now),
        )
        for source, until in found.paused.items()
    ]
    return notes


def _source(source: Source, names: Mapping[str, str]) -> str:
    return f"{source_title(source.plugin)} ({names.get(source.site, source.site)})"


def _cards(hits: Sequence[LiveHit]) -> list[LiveCard]:
    names = _names()
    return [_card(hit, names) for hit in hits]


def _card(hit: LiveHit, names: Mapping[str, str]) -> LiveCard:
    record, first = hit.record, hit.sources[0]
    holding = entitlement.Holding(0, 0, first.site, record.access, record.grants)
    badge = entitlement.badge([holding], context.today(), first.site)
    opens = record.access is AccessMode.OPEN and is_address(record.url)
    return LiveCard(
        title=record.title,
        subtitle=record.subtitle,
        kind=str(texts.KIND[record.kind]),
        summary=texts.summary(record),
        text=record.description,
        url=record.url if opens else "",
        host=record.url.split("/")[2] if opens else "",
        badge=texts.badge_text(badge, names) if badge else None,
        site=first.site,
        centre=names.get(first.site, first.site),
        source=", ".join(_source(source, names) for source in hit.sources),
    )
