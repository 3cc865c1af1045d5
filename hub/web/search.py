"""Start page and search: one box over all kinds of offers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.catalogue import entitlement, offers, vocabulary
from hub.catalogue.reader import Reader
from hub.catalogue.search import (
    FACETS,
    Hit,
    Query,
    Results,
    Sort,
    Usable,
    marks,
    search,
    snippet,
)
from hub.catalogue.suggest import suggest
from hub.network import coverage, missed
from hub.records import Kind, Record
from hub.web import context, live, login, reading, recommendations, sheets, texts
from hub.web.language import language
from hub.web.opening import OPENING, Action, action
from hub.web.page import LONGEST_QUERY, asked_page, asked_text, pager

pages = Blueprint("search", __name__)

NEWEST = 4
"""How many new offers the start page shows."""
MOST_VALUES = 50
"""Filters that one address may carry; more is no search by a person."""

SORTS = {
    Sort.RELEVANCE: lazy_gettext("Relevance"),
    Sort.TITLE: lazy_gettext("Title"),
    Sort.NEWEST: lazy_gettext("Newest first"),
}
PARAMETERS = {
    "kind": "art",
    "site": "zentrum",
    "region": "region",
    "subject": "fach",
    "level": "stufe",
    "medium_type": "form",
    "access": "zugang",
    "competence": "kompetenz",
}
"""Facet name to its parameter in the address."""
USABLE, YES = "nutzbar", "ja"
"""The filter for what the person who asks gets at."""


@dataclass(frozen=True, slots=True)
class Card:
    """One hit as it is shown."""

    offer_id: int
    url: str
    kind: str
    title: Markup
    subtitle: Markup
    text: Markup
    summary: str
    centres: str
    badge: texts.BadgeText | None
    action: Action | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A chosen filter, and the address of the search without it."""

    facet: str
    label: str
    url: str


@pages.get("/")
def start() -> str:
    query = Query(sort=Sort.NEWEST, per_page=NEWEST, language=language())
    with context.the_hub().db.read() as session:
        covered = coverage.coverage(session, context.now())
        cards = cards_of(session, query, search(session, query), reading.reader())
    counts = {kind: sum(site.counts.get(kind, 0) for site in covered) for kind in Kind}
    read = [(site.as_of, site) for site in covered if site.as_of is not None]
    return render_template(
        "start.html",
        counts=counts,
        total=sum(counts.values()),
        cards=cards,
        latest=max(read, key=lambda one: one[0])[1] if read else None,
        offering=sum(site.total > 0 for site in covered),
        recommended=recommendations.teasers(most=recommendations.FEW),
    )


@pages.get("/suche")
def results() -> Response:
    query = asked()
    with context.the_hub().db.read() as session:
        found = search(session, query)
        cards = cards_of(session, query, found, reading.reader())
    if not found.total and not query.filters:
        _note_missed(query.text)
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    parameters = _parameters(query)
    suggestion = found.did_you_mean
    fragment = request.headers.get("HX-Target") == "ergebnis"
    response = make_response(
        render_template(
            "search_result.html" if fragment else "search.html",
            query=query,
            found=found,
            cards=cards,
            facets=found.facets,
            tags=_tags(query, found, names),
            sorts=SORTS,
            parameter=PARAMETERS,
            parameters=parameters,
            heading=_heading(query, found),
            pager=pager(found.page, found.pages, "search.results", parameters),
            relaxed=[(one, _url(query, one.text)) for one in found.relaxed],
            did_you_mean_url=_url(query, suggestion.text) if suggestion else "",
            live=_live(query),
            tables=[
                (form.upper(), url_for("takeaway.table", form=form, **parameters))
                for form in sheets.FORMATS
            ],
            usable=(USABLE, YES),
        )
    )
    response.vary.add("HX-Target")
    return response


def _note_missed(text: str) -> None:
    """Count words that found nothing; a search never waits or fails for that."""
    held = login.actor().context
    hub = context.the_hub()
    with suppress(OperationalError), hub.db.write() as session:
        missed.note(session, text, held.site or "" if held else "", context.now().date())


@pages.get("/vorschlaege")
def suggestions() -> str:
    """Completions of what is being typed, as a piece of HTML for the search box."""
    text = asked_text("q", LONGEST_QUERY)
    found: tuple[str, ...] = ()
    if len(text) >= 2:
        with context.the_hub().db.read() as session:
            found = suggest(session, text)
    return render_template("suggestions.html", suggestions=found)


def asked() -> Query:
    """The query in the address; whatever it cannot mean is left out."""
    filters = {}
    for facet in FACETS:
        values = request.args.getlist(PARAMETERS.get(facet, facet))[:MOST_VALUES]
        chosen = frozenset(v for v in values if v and v.isprintable() and len(v) <= 100)
        if chosen:
            filters[facet] = chosen
    order = request.args.get("sortierung", "")
    return Query(
        text=asked_text("q", LONGEST_QUERY),
        filters=filters,
        sort=Sort(order) if order in set(Sort) else Sort.RELEVANCE,
        page=asked_page(),
        language=language(),
        usable=_asked_usable(),
    )


def _asked_usable() -> Usable | None:
    """Whether only what the reader gets at is wanted; nobody in particular gets no such filter."""
    reader = reading.reader()
    if reader is None or request.args.get(USABLE) != YES:
        return None
    return Usable(reader, context.today())


def _parameters(query: Query) -> dict[str, Any]:
    """The query as parameters of an address, without the page."""
    parameters: dict[str, Any] = {"q": query.text} if query.text else {}
    for facet, values in query.filters.items():
        parameters[PARAMETERS.get(facet, facet)] = sorted(values)
    if query.usable is not None:
        parameters[USABLE] = YES
    if query.sort is not Sort.RELEVANCE:
        parameters["sortierung"] = query.sort.value
    return parameters


def _url(query: Query, text: str) -> str:
    """A search for another text; for the same one without the filters."""
    parameters = {} if text == query.text else _parameters(query)
    return url_for("search.results", **{**parameters, "q": text or None})


def _live(query: Query) -> live.Offered | None:
    """The live search belongs to the first page of a search for words; it knows one filter."""
    if query.page > 1 or query.usable or not set(query.filters) <= {"site"}:
        return None
    return live.offered(query.text, sorted(query.filters.get("site", ())))


def _heading(query: Query, found: Results) -> str:
    hits = texts.count_hits(found.total)
    if query.text:
        return gettext("%(hits)s for “%(text)s”", hits=hits, text=query.text)
    return hits


def _tags(query: Query, found: Results, names: Mapping[str, str]) -> list[Tag]:
    known = {
        (facet.name, value.value): (facet.label, value.label)
        for facet in found.facets
        for value in facet.values
    }
    tags = []
    parameters = _parameters(query)
    if query.usable is not None:
        without = {name: value for name, value in parameters.items() if name != USABLE}
        tags.append(Tag("", gettext("usable for me"), url_for("search.results", **without)))
    for facet, values in query.filters.items():
        parameter = PARAMETERS.get(facet, facet)
        for value in sorted(values):
            rest = [other for other in parameters[parameter] if other != value]
            facet_label, label = known.get(
                (facet, value), ("", vocabulary.label(facet, value, language()))
            )
            if facet == "site":
                facet_label, label = "", names.get(value, value)
            url = url_for("search.results", **{**parameters, parameter: rest})
            tags.append(Tag(facet_label, label, url))
    return tags


def cards_of(
    session: Session, query: Query, found: Results, reader: Reader | None = None
) -> list[Card]:
    """The hits of this page as cards, with the badges of this reader: two statements, whatever
    their number."""
    shown = offers.by_ids(session, [hit.offer_id for hit in found.hits])
    held = entitlement.holdings(session, [hit.work_id for hit in found.hits])
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    chosen = query.filters.get("site", frozenset())
    site = next(iter(chosen)) if len(chosen) == 1 else None
    cards = []
    for hit in found.hits:
        if hit.offer_id in shown:
            record = shown[hit.offer_id].record
            holdings = held.get(hit.work_id, ())
            badge = entitlement.badge(holdings, context.today(), site, reader)
            cards.append(_card(hit, record, found, holdings, badge, names))
    return cards


def _card(
    hit: Hit,
    record: Record,
    found: Results,
    holdings: tuple[entitlement.Holding, ...],
    badge: entitlement.Badge | None,
    names: Mapping[str, str],
) -> Card:
    sites = tuple(dict.fromkeys(holding.site for holding in holdings))
    alone = sites[0] if len(sites) == 1 else ""
    return Card(
        offer_id=hit.offer_id,
        url=url_for("offer.show", offer_id=hit.offer_id),
        kind=str(texts.KIND[record.kind]),
        title=marked(record.title, found.terms),
        subtitle=marked(record.subtitle, found.terms),
        text=marked(snippet(record.description, found.terms), found.terms),
        summary=texts.summary(record),
        centres=(names.get(alone, alone) if alone else texts.count_centres(len(sites))),
        badge=texts.badge_text(badge, names, sites[0] if len(sites) == 1 else "")
        if badge
        else None,
        action=action(badge, record) if badge and badge.status in OPENING else None,
    )


def marked(text: str, terms: frozenset[str]) -> Markup:
    """The text, escaped, with the found words in `<mark>`."""
    parts, end = [], 0
    for start, stop in marks(text, terms):
        parts += [escape(text[end:start]), Markup("<mark>"), escape(text[start:stop])]
        parts.append(Markup("</mark>"))
        end = stop
    return Markup("").join([*parts, escape(text[end:])])
