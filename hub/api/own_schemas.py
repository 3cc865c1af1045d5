"""What is answered to a token: whose it is, and the bookings at its site."""

from __future__ import annotations

from marshmallow import fields

from hub.api.answer_fields import (
    Answer,
    Term,
    listed,
    moment,
    next_page,
    number,
    one,
    text,
    texts,
)
from hub.api.parameters import said


class OwnSiteSchema(Answer):
    key = text("Key of the site.", "borken")
    name = text("Its name.", "Medienzentrum Kreis Borken")


class TokenSchema(Answer):
    name = text("What its owner calls it.", "Ausleihstatistik")
    expires_at = moment("When it ends.")
    scopes = texts("What it may besides reading: `bookings`, `desk`.", "bookings")


class MeSchema(Answer):
    """Who asks, and where."""

    person = text("Pseudonym of the owner in this hub.", "3f9a0c5d7e1b2a64")
    site = one(OwnSiteSchema, "The site at which the token holds.")
    roles = texts("Codes of the owner's roles at this site.", "staff")
    token = one(TokenSchema, "The token itself.")


class BookingLinksSchema(Answer):
    offer = fields.String(
        allow_none=True, metadata=said("What was booked; null where it is no offer any more.")
    )


class BookingSchema(Answer):
    """A booking, without whoever made it."""

    reference = text("What people call it.", "K7M2P9QX")
    kind = Term("kind", "Which of the eight kinds of offers was booked.")
    title = text("What was booked, as it was called then.", "iPad-Koffer (16 Geräte)")
    state = text(
        "requested, confirmed, handed_out, returned, refused, cancelled, expired or no_show.",
        "confirmed",
    )
    starts_at = moment("From when on.")
    ends_at = moment("Until when.")
    quantity = number("How many.", 1)
    own = fields.Boolean(metadata=said("Whether the token's owner booked it."))
    created_at = moment("When it was booked.")
    changed_at = moment("When it last changed.")
    links = one(BookingLinksSchema, "Where more is.")


class BookingsSchema(Answer):
    items = listed(BookingSchema, "The bookings, by age.")
    next = next_page()
