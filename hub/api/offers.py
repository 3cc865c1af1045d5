"""`offers`, `works` and `changes`: the catalogue itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import abort

from hub.api import examples, represent, schemas
from hub.api.blueprint import api
from hub.api.links import same
from hub.api.parameters import (
    ChangesParameters,
    OffersParameters,
    Position,
    WorksParameters,
    said,
)
from hub.api.problems import MEDIA_TYPE, Withdrawn
from hub.api.sites import known
from hub.catalogue import offers
from hub.web import context

TAG = "Catalogue"


@api.resource(
    "/offers",
    schemas.OffersSchema,
    example=examples.OFFERS,
    tag=TAG,
    query=OffersParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def list_offers(asked: dict[str, Any]) -> dict[str, Any]:
    """Live offers by id

    Following `next` meets every offer that is there all the while exactly once, also while others
    come and go.
    """
    known(asked.get("site"))
    with context.the_hub().db.read() as session:
        page = offers.listing(session, **asked)
        views = represent.dated(session, page.items)
    return {
        "items": [represent.offer(view) for view in views],
        "next": page.next and same(after=page.next),
    }


@api.resource(
    "/offers/<int(max=2147483647):offer_id>",
    schemas.OfferSchema,
    example=examples.OFFER,
    tag=TAG,
    path=[{"in": "path", "name": "offer_id", **said("Id of the offer."), "example": 17}],
    problems=[HTTPStatus.NOT_FOUND],
    described={
        HTTPStatus.GONE: {
            "schema": schemas.WithdrawnProblemSchema,
            "content_type": MEDIA_TYPE,
            "description": "Its site no longer offers it.",
            "example": examples.WITHDRAWN,
        }
    },
)
def get_offer(_: dict[str, Any], offer_id: int) -> dict[str, Any]:
    """One offer"""
    with context.the_hub().db.read() as session:
        detail = offers.offer(session, offer_id)
    if detail is None:
        abort(HTTPStatus.NOT_FOUND, f"There is no offer {offer_id}.")
    if detail.offer.withdrawn_at is not None:
        raise Withdrawn(schemas.TombstoneSchema().dump(represent.tombstone(detail.offer)))
    return represent.offer(detail.offer)


@api.resource(
    "/works",
    schemas.WorksSchema,
    example=examples.WORKS,
    tag=TAG,
    query=WorksParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def list_works(asked: dict[str, Any]) -> dict[str, Any]:
    """Works by id

    The same thing as several sites offer it, once, with everybody who offers it.
    """
    known(asked.get("site"))
    with context.the_hub().db.read() as session:
        page = offers.works(session, **asked)
        items = represent.dated_works(session, page.items)
    return {
        "items": [represent.work(item) for item in items],
        "next": page.next and same(after=page.next),
    }


@api.resource(
    "/works/<int(max=2147483647):work_id>",
    schemas.WorkSchema,
    example=examples.WORK,
    tag=TAG,
    path=[{"in": "path", "name": "work_id", **said("Id of the work."), "example": 12}],
    problems=[HTTPStatus.NOT_FOUND],
)
def get_work(_: dict[str, Any], work_id: int) -> dict[str, Any]:
    """One work"""
    with context.the_hub().db.read() as session:
        found = offers.work(session, work_id)
        if found is None:
            abort(HTTPStatus.NOT_FOUND, f"Nobody offers a work {work_id}.")
        (item,) = represent.dated_works(session, [found])
    return represent.work(item)


@api.resource(
    "/changes",
    schemas.ChangesSchema,
    example=examples.CHANGES,
    tag=TAG,
    query=ChangesParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def list_changes(asked: dict[str, Any]) -> dict[str, Any]:
    """Offers as they change

    For keeping a copy: follow `next` to the end, keep `later`, ask there again. Withdrawn offers
    come as tombstones. An offer that changes while it is read comes again.
    """
    known(asked.get("site"))
    after = asked.pop("cursor", None)
    with context.the_hub().db.read() as session:
        page = offers.changes(session, after=after, **asked)
        views = represent.dated(session, page.items)
    later = same()
    if views:
        last = Position.written((views[-1].changed_at, views[-1].id))
        later = same(cursor=last, since=None)
    return {
        "items": [represent.change(view) for view in views],
        "next": later if page.next else None,
        "later": later,
    }
