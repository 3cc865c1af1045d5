"""`search` and `suggest`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from hub.api import examples, represent, schemas
from hub.api.blueprint import api
from hub.api.language import language
from hub.api.links import same
from hub.api.parameters import SearchParameters, SuggestParameters
from hub.api.sites import known
from hub.catalogue import entitlement, offers
from hub.catalogue.search import FACETS, Facet, Query, Suggestion, search
from hub.catalogue.suggest import suggest
from hub.web import context

TAG = "Search"


@api.resource(
    "/search",
    schemas.SearchSchema,
    example=examples.SEARCH,
    tag=TAG,
    query=SearchParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def search_works(asked: dict[str, Any]) -> dict[str, Any]:
    """Search over all kinds of offers

    Values of one filter widen, several filters narrow the result. Never fails because of what
    was typed.
    """
    known(*asked["site"])
    query = Query(
        text=_printable(asked["q"]),
        filters={facet: frozenset(map(str, asked[facet])) for facet in FACETS if asked[facet]},
        sort=asked["sort"],
        page=asked["page"],
        per_page=asked["limit"],
        language=language(),
    )
    with context.the_hub().db.read() as session:
        found = search(session, query)
        # A page past the end holds nothing; the search itself would show the last one.
        hits = found.hits if query.page <= found.pages else ()
        shown = offers.by_ids(session, [hit.offer_id for hit in hits])
        views = {view.id: view for view in represent.dated(session, shown.values())}
        held = entitlement.holdings(session, [hit.work_id for hit in hits])
    site = asked["site"][0] if len(set(asked["site"])) == 1 else None
    return {
        "items": [
            represent.hit(views[hit.offer_id], held.get(hit.work_id, ()), site)
            for hit in hits
            if hit.offer_id in views
        ],
        "total": found.total,
        "page": query.page,
        "pages": found.pages,
        "next": same(page=query.page + 1) if query.page < found.pages else None,
        "facets": [_facet(facet) for facet in found.facets],
        "did_you_mean": found.did_you_mean and _suggestion(found.did_you_mean),
        "relaxed": [_suggestion(one) for one in found.relaxed],
    }


@api.resource(
    "/suggest",
    schemas.CompletionsSchema,
    example=examples.COMPLETIONS,
    tag=TAG,
    query=SuggestParameters,
)
def suggest_texts(asked: dict[str, Any]) -> dict[str, Any]:
    """Completions of what is being typed"""
    with context.the_hub().db.read() as session:
        return {"items": suggest(session, _printable(asked["q"]), asked["limit"])}


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _facet(facet: Facet) -> dict[str, Any]:
    return {
        "name": facet.name,
        "label": facet.label,
        "values": [
            {
                "code": one.value,
                "label": one.label,
                "count": one.count,
                "selected": one.selected,
            }
            for one in facet.values
        ],
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    without = {} if suggestion.keeps_filters else dict.fromkeys(FACETS)
    return {
        "q": suggestion.text,
        "total": suggestion.total,
        "keeps_filters": suggestion.keeps_filters,
        "url": same(q=suggestion.text, page=None, **without),
    }
