"""The desk for programs of the staff, such as a scanner: today's work, hand out, take back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import abort

from hub.api import bearer, booking_schemas, own_schemas
from hub.api.blueprint import api
from hub.api.booking import explained
from hub.api.own import shown
from hub.booking import desk, items
from hub.booking.errors import BookingError
from hub.booking.items import Back, ItemError
from hub.booking.progress import MADE
from hub.identity.api_tokens import DESK, Bearer
from hub.identity.permissions import can
from hub.models import Booking
from hub.web import context

TAG = "Desk"


@api.resource(
    "/desk",
    booking_schemas.DeskSchema,
    example=booking_schemas.DESK,
    tag=TAG,
    problems=[HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN],
)
def show_desk(_: dict[str, Any]) -> dict[str, Any]:
    """What is to be done today

    At the token's site, for its staff; nobody's name is told. Needs a token.
    """
    who = _staff()
    with context.the_hub().db.read() as session:
        today = desk.today(session, who.site, context.now())
        return {
            name: [shown(row, who.actor.person_id) for row in rows]
            for name, rows in (
                ("pickups", today.pickups),
                ("returns", today.returns),
                ("overdue", today.overdue),
            )
        }


@api.action(
    "POST",
    "/desk/hand-out",
    booking_schemas.HandOutRequestSchema,
    own_schemas.BookingSchema,
    scope=DESK,
    sent=booking_schemas.HAND_OUT,
    example=booking_schemas.BOOKING,
    tag=TAG,
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT],
)
def hand_out(sent: dict[str, Any]) -> dict[str, Any]:
    """Hand out

    All pieces of a booking, by their inventory codes; what has none needs no codes.
    """
    who = _staff()
    try:
        with context.the_hub().db.write(queued=True) as session:
            row = session.scalar(
                sa.select(Booking).where(
                    Booking.reference == sent["booking"], Booking.site_key == who.site, MADE
                )
            )
            if row is None:
                abort(HTTPStatus.NOT_FOUND, "There is no such booking at the token's site.")
            items.hand_out(session, row, sent["codes"], who.actor.key, context.now())
            session.refresh(row)
            return shown(row, who.actor.person_id)
    except BookingError as error:
        abort(HTTPStatus.CONFLICT, explained(error, who.site))


@api.action(
    "POST",
    "/desk/take-back",
    booking_schemas.TakeBackRequestSchema,
    own_schemas.BookingSchema,
    scope=DESK,
    sent=booking_schemas.TAKE_BACK,
    example=booking_schemas.BOOKING,
    tag=TAG,
    problems=[HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT],
)
def take_back(sent: dict[str, Any]) -> dict[str, Any]:
    """Take a piece back

    By its inventory code alone; with the last one the booking is returned.
    """
    who = _staff()
    try:
        with context.the_hub().db.write(queued=True) as session:
            piece = items.find(session, who.site, sent["code"])
            if piece is None:
                abort(HTTPStatus.NOT_FOUND, "There is no such piece at the token's site.")
            row = items.holder(session, piece.id)
            if row is None or row.site_key != who.site:
                raise ItemError("not_out", piece.label)
            back = Back(piece.label, damage=sent["damage"], repair=sent["repair"])
            items.take_back(session, row, [back], who.actor.key, context.now())
            session.refresh(row)
            return shown(row, who.actor.person_id)
    except BookingError as error:
        abort(HTTPStatus.CONFLICT, explained(error, who.site))


def _staff() -> Bearer:
    who = bearer.demand()
    if not can(who.actor, "desk.use", who.site):
        abort(HTTPStatus.FORBIDDEN, "This is for the staff of the site.")
    return who
