"""`recommendations`: what the Landesmedienzentren, and centres on their own pages, recommend."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import abort

from hub.api import recommendation_schemas as schemas
from hub.api import represent
from hub.api.blueprint import api
from hub.api.links import link
from hub.api.parameters import RecommendationsParameters, said
from hub.api.sites import known
from hub.catalogue.collected import Collected, collect
from hub.models import Recommendation
from hub.network import recommendations
from hub.web import context

TAG = "Network"


@api.resource(
    "/recommendations",
    schemas.RecommendationsSchema,
    example=schemas.RECOMMENDATIONS,
    tag=TAG,
    query=RecommendationsParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def list_recommendations(asked: dict[str, Any]) -> dict[str, Any]:
    """What is recommended now

    By the Landesmedienzentren, or with `site` on the pages of a site; all of it.
    """
    known(asked.get("site"))
    with context.the_hub().db.read() as session:
        found = recommendations.shown(session, context.today(), **asked)
    return {"items": [_recommendation(row) for row, _ in found]}


@api.resource(
    "/recommendations/<int(max=2147483647):number>",
    schemas.RecommendedSchema,
    example=schemas.RECOMMENDED,
    tag=TAG,
    path=[{"in": "path", "name": "number", **said("Id of the recommendation."), "example": 3}],
    problems=[HTTPStatus.NOT_FOUND],
)
def get_recommendation(_: dict[str, Any], number: int) -> dict[str, Any]:
    """One recommendation with its entries

    Also after its last day, until it is withdrawn.
    """
    with context.the_hub().db.read() as session:
        row = recommendations.find(session, number)
        if row is None or not recommendations.is_public(row, context.today()):
            abort(HTTPStatus.NOT_FOUND, f"There is no recommendation {number}.")
        entries = collect(session, [(offer_id, note) for offer_id, note in row.entries])
        return {**_recommendation(row), "entries": [_entry(one) for one in entries]}


def _recommendation(row: Recommendation) -> dict[str, Any]:
    return {
        "id": row.id,
        "site": {"key": row.site_key, "name": context.sites()[row.site_key].name},
        "title": row.title,
        "text": row.text,
        "subjects": row.subjects,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "size": len(row.entries),
        "changed_at": row.changed_at,
        "links": {
            "self": link("api.get_recommendation", number=row.id),
            "page": link("recommendations.show", number=row.id),
        },
    }


def _entry(one: Collected) -> dict[str, Any]:
    live = bool(one.holdings)
    return {
        "offer_id": one.offer.id,
        "work_id": one.offer.work_id,
        "kind": one.offer.kind,
        "title": one.offer.record.title,
        "note": one.note,
        "withdrawn": not live,
        "badge": represent.badge(one.holdings) if live else None,
        "links": {
            "offer": link("api.get_offer", offer_id=one.offer.id) if live else None,
            "page": link("offer.show", offer_id=one.offer.id),
        },
    }
