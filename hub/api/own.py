"""`me` and `bookings`: what a token is for, and what its owner may see of the bookings there."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from hub.api import bearer, examples, own_schemas
from hub.api.blueprint import api
from hub.api.links import link, same
from hub.api.parameters import BookingsParameters
from hub.booking import listing
from hub.identity.api_tokens import Bearer
from hub.identity.permissions import visible
from hub.models import Booking
from hub.web import context

TAG = "Own"


@api.resource(
    "/me", own_schemas.MeSchema, example=examples.ME, tag=TAG, problems=[HTTPStatus.UNAUTHORIZED]
)
def show_me(_: dict[str, Any]) -> dict[str, Any]:
    """What the token is for

    Needs a token.
    """
    who = bearer.demand()
    return {
        "person": who.actor.key,
        "site": {"key": who.site, "name": context.sites()[who.site].name},
        "roles": sorted({held.role.value for held in who.actor.roles}),
        "token": {
            "name": who.name,
            "expires_at": who.expires_at,
            "scopes": sorted(who.scopes),
        },
    }


@api.resource(
    "/bookings",
    own_schemas.BookingsSchema,
    example=examples.BOOKINGS,
    tag=TAG,
    query=BookingsParameters,
    problems=[HTTPStatus.UNAUTHORIZED],
)
def list_bookings(asked: dict[str, Any]) -> dict[str, Any]:
    """Bookings at the token's site

    The owner's own; for the staff of the site all of them. Nobody's name is told. Needs a token.
    """
    who = bearer.demand()
    if (key := asked.pop("key", None)) is not None:
        asked["key"] = booking_key(who, key)
    with context.the_hub().db.read() as session:
        page = listing.page(session, visible(who.actor, Booking, "booking.read"), who.site, **asked)
        items = [shown(row, who.actor.person_id) for row in page.items]
    return {"items": items, "next": page.next and same(after=page.next)}


def booking_key(who: Bearer, key: str) -> str:
    """What a program's key is called among those of the site: each owner has their own."""
    return f"api-{who.actor.person_id}-{key}"


def shown(row: Booking, person_id: int | None) -> dict[str, Any]:
    """A booking as it is answered to this person."""
    return {
        "reference": row.reference,
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "quantity": row.quantity,
        "own": row.person_id is not None and row.person_id == person_id,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "links": {"offer": row.offer_id and link("api.get_offer", offer_id=row.offer_id)},
    }
