"""Search and offer lists of a centre inside its own web site: a page for an iframe, no cookie.

The frame needs no script of its host. `einbetten.js` is for hosts that prefer an element to an
iframe: `<medienverbund-angebote zentrum="borken" art="device" farbe="1b4f72">`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from flask import Blueprint, Response, abort, make_response, redirect, render_template, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from hub.booking import wording
from hub.catalogue import coming
from hub.catalogue.search import Query, Sort, search
from hub.records import Kind
from hub.site import SiteRow
from hub.web import colours, context, headers, presenting, recommendations, texts
from hub.web.language import LANGUAGES, language
from hub.web.page import LONGEST_QUERY, Crumb, asked_page, asked_text, pager
from hub.web.search import cards_of

pages = Blueprint("embedding", __name__)

PER_PAGE = 10
HEX = re.compile(r"[0-9a-f]{6}")
ELEMENT = "medienverbund-angebote"
PROFILE, RECOMMENDED, DATES = "steckbrief", "empfehlungen", "termine"
"""What is shown instead of a kind of offers, and the view of its frame."""
FRAMES = {
    PROFILE: "embedding.profile_frame",
    RECOMMENDED: "embedding.recommendations_frame",
    DATES: "embedding.dates_frame",
}


@pages.get("/einbetten/<site>")
def frame(site: str) -> BaseResponse:
    """The frame: search within the offers of one centre, or the list of one kind of them."""
    row = context.sites().get(site) or abort(404)
    options = _options(asked_text("art", 40), asked_text("farbe", 7))
    text = asked_text("q", LONGEST_QUERY)
    filters = {"site": frozenset([site])}
    if (endpoint := FRAMES.get(options.get("art", ""))) is not None:
        return redirect(url_for(endpoint, site=site, farbe=options.get("farbe")))
    if "art" in options:
        filters["kind"] = frozenset([options["art"]])
    query = Query(
        text=text,
        filters=filters,
        sort=Sort.RELEVANCE if text else Sort.NEWEST,
        page=asked_page(),
        per_page=PER_PAGE,
        language=language(),
    )
    with context.the_hub().db.read() as session:
        found = search(session, query)
        cards = cards_of(session, query, found)
    parameters = {"site": site, "q": text or None, **options}
    response = make_response(
        render_template(
            "embedded.html",
            centre=row,
            kind=options.get("art", ""),
            colour=options.get("farbe", ""),
            query=query,
            found=found,
            cards=cards,
            pager=pager(found.page, found.pages, "embedding.frame", parameters),
        )
    )
    headers.allow_framing(response)
    return response


@pages.get("/einbetten/<site>/steckbrief")
def profile_frame(site: str) -> Response:
    """The profile of a centre for a frame."""
    row = context.sites().get(site) or abort(404)
    with context.the_hub().db.read() as session:
        told = presenting.present(session, row)
    colour = _options("", asked_text("farbe", 7)).get("farbe", "")
    response = make_response(
        render_template("embedded_profile.html", centre=row, told=told, colour=colour)
    )
    headers.allow_framing(response)
    return response


@pages.get("/einbetten/<site>/empfehlungen")
def recommendations_frame(site: str) -> Response:
    """What a centre and the Landesmedienzentren recommend, for a frame."""
    row = context.sites().get(site) or abort(404)
    response = make_response(
        render_template(
            "embedded_recommendations.html",
            centre=row,
            teasers=recommendations.teasers(site),
            colour=_hex(asked_text("farbe", 7)),
        )
    )
    headers.allow_framing(response)
    return response


@pages.get("/einbetten/<site>/termine")
def dates_frame(site: str) -> Response:
    """The calendar of a centre for a frame: its coming trainings, month by month."""
    row = context.sites().get(site) or abort(404)
    zone = context.zone_of(site)
    with context.the_hub().db.read() as session:
        found = coming.dates(session, site, context.now())
    months = [
        (
            texts.month(month),
            [
                {
                    "offer_id": one.offer_id,
                    "title": one.title,
                    "time": wording.time(one.start, one.end, zone),
                    "place": one.place,
                }
                for one in dates
            ],
        )
        for month, dates in groupby(
            found, key=lambda one: one.start.astimezone(zone).date().replace(day=1)
        )
    ]
    response = make_response(
        render_template(
            "embedded_dates.html", centre=row, months=months, colour=_hex(asked_text("farbe", 7))
        )
    )
    headers.allow_framing(response)
    return response


@pages.get("/einbetten/farbe/<colour>.css")
def palette(colour: str) -> Response:
    """The accent colour of the frame as a style sheet: inline styles are forbidden everywhere."""
    if not HEX.fullmatch(colour):
        abort(404)
    accent = colours.readable(colour)
    response = Response(
        f":root {{ --action: #{accent}; }}\n.kern-btn--primary {{ background: #{accent}; }}\n"
        f".hub-card .kern-link {{ color: #{accent}; }}\n",
        content_type="text/css; charset=utf-8",
    )
    response.cache_control.max_age = 86_400
    response.cache_control.public = True
    return response


@pages.get("/einbetten/einbetten.js")
def element() -> Response:
    """The element for other web sites, at an address that stays the same."""
    response = Response(
        render_template("embedding.js", element=ELEMENT, languages=LANGUAGES),
        content_type="text/javascript; charset=utf-8",
    )
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control.max_age = 3600
    response.cache_control.public = True
    return response


@pages.get("/zentren/<site>/einbetten")
def builder(site: str) -> str:
    """What a centre copies into its own pages."""
    row = context.sites().get(site) or abort(404)
    kind = asked_text("art", 40)
    wanted = asked_text("farbe", 7)
    colour = _hex(wanted)
    options = _options(kind, wanted)
    return render_template(
        "embedding.html",
        centre=row,
        kind=options.get("art", ""),
        kinds=[(kind.value, texts.KINDS[kind]) for kind in Kind],
        colour=wanted,
        problem=gettext("Write a colour as six digits, for example 1b4f72.")
        if wanted and not colour
        else "",
        accent=colours.readable(colour) if colour else "",
        instead=[
            (PROFILE, gettext("The profile instead of offers")),
            (RECOMMENDED, gettext("Recommendations instead of offers")),
            (DATES, gettext("Coming dates of trainings, as a calendar")),
        ],
        frame=_address(row, options),
        snippets=_snippets(row, options),
        crumbs=[
            Crumb(gettext("Media centres"), url_for("centres.listing")),
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Show on your own web site")),
        ],
    )


def _hex(text: str) -> str:
    colour = text.lower().removeprefix("#")
    return colour if HEX.fullmatch(colour) else ""


def _options(kind: str, colour: str) -> dict[str, str]:
    """What the address of the frame says beside the centre; what makes no sense is left out."""
    known = {*Kind, *FRAMES}
    options = {"art": kind if kind in known else "", "farbe": _hex(colour)}
    return {name: value for name, value in options.items() if value}


def _address(row: SiteRow, options: Mapping[str, str]) -> str:
    """Where the frame is that these options ask for."""
    if (endpoint := FRAMES.get(options.get("art", ""))) is not None:
        more = {name: value for name, value in options.items() if name != "art"}
        return context.public_address(endpoint, site=row.key, **more)
    return context.public_address("embedding.frame", site=row.key, **options)


def _snippets(row: SiteRow, options: Mapping[str, str]) -> dict[str, str]:
    """The two pieces of HTML to copy, with addresses that hold outside this page too."""
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in sorted(options.items())
    )
    match options.get("art"):
        case "steckbrief":
            title = gettext("Profile of %(centre)s", centre=row.name)
        case "empfehlungen":
            title = gettext("Recommendations: %(centre)s", centre=row.name)
        case "termine":
            title = gettext("Coming dates: %(centre)s", centre=row.name)
        case _:
            title = gettext("Offers of %(centre)s", centre=row.name)
    frame = Markup(
        '<iframe src="{}" title="{}" width="100%" height="800" loading="lazy"></iframe>'
    ).format(_address(row, options), title)
    element = Markup('<script src="{}" defer></script>\n<{} zentrum="{}"{}></{}>').format(
        context.public_address("embedding.element"), ELEMENT, row.key, attributes, ELEMENT
    )
    # As text, which the page escapes once more: it is there to be copied.
    return {"iframe": str(frame), "element": str(element)}
