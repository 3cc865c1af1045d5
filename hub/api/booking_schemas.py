"""What is sent to book and at the desk, and what is answered; with examples."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from hub.api import examples
from hub.api.answer_fields import Answer
from hub.api.own_schemas import BookingSchema
from hub.api.parameters import Moment, Number, Parameters, said
from hub.booking import items
from hub.booking.contacts import LONGEST
from hub.booking.ledger import MOST
from hub.booking.steps import LONGEST_TEXT
from hub.web.booking_check import FULFILMENTS

_FAR = "2027-03-15T08:00:00+01:00"
_LATER = "2027-03-17T16:00:00+01:00"


def _quantity(**options: Any) -> fields.Integer:
    return fields.Integer(
        strict=True,
        validate=validate.Range(1, MOST),
        metadata=said("How many.", 2),
        **options,
    )


def _text(description: str, longest: int, *examples_: str, **options: Any) -> fields.String:
    return fields.String(
        validate=validate.Length(max=longest), metadata=said(description, *examples_), **options
    )


class AvailabilityParameters(Parameters):
    start = Moment(
        data_key="from", required=True, metadata=said("From when on (ISO 8601).", "2027-03-15")
    )
    end = Moment(data_key="to", required=True, metadata=said("Until when.", "2027-03-17"))
    quantity = Number(
        load_default=1,
        validate=validate.Range(1, MOST),
        metadata=said("How many are wanted; 1 unless asked otherwise.", 2),
    )


class FreeSchema(Answer):
    starts_at = fields.AwareDateTime(data_key="from", metadata=said("From when on."))
    ends_at = fields.AwareDateTime(data_key="to", metadata=said("Until when."))
    free = fields.Integer(metadata=said("How many are free.", 3))


class AvailabilitySchema(Answer):
    """What is free. Whether the rules of the centre let it be booked, booking says."""

    enough = fields.Boolean(metadata=said("Whether as many as wanted are free throughout."))
    free = fields.Integer(metadata=said("How many are free throughout.", 2))
    items = fields.List(
        fields.Nested(FreeSchema), metadata=said("How many are free from moment to moment.")
    )


class ContactRequestSchema(Parameters):
    name = _text("Name.", LONGEST, "Svenja Ackermann", required=True)
    email = _text("Address for mail.", LONGEST, "ackermann@schule.example", required=True)
    phone = _text("Telephone number.", LONGEST, load_default="")


class BookingRequestSchema(Parameters):
    """What is to be booked in the owner's name."""

    offer = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(1, 2**31 - 1),
        metadata=said("Id of the offer, which is one of the token's site.", 17),
    )
    starts_at = Moment(required=True, metadata=said("From when on (ISO 8601).", _FAR))
    ends_at = Moment(required=True, metadata=said("Until when.", _LATER))
    quantity = _quantity(load_default=1)
    institution = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        metadata=said("Number of the institution in whose name; null is privately.", 4),
    )
    fulfilment = fields.String(
        load_default=FULFILMENTS[0],
        validate=validate.OneOf(FULFILMENTS),
        metadata=said("How it changes hands.", FULFILMENTS[0]),
    )
    note = _text("A message to the centre; no names of pupils.", LONGEST_TEXT, load_default="")
    answers = fields.Dict(
        keys=fields.String(validate=validate.Length(max=60)),
        values=fields.String(validate=validate.Length(max=1_000)),
        load_default=dict,
        metadata=said("What the form of this kind asks, code to text.", {"purpose": "Trickfilm"}),
    )
    contact = fields.Nested(
        ContactRequestSchema,
        load_default=None,
        allow_none=True,
        metadata=said("How the centre reaches the owner; needed where it does not know yet."),
    )


class MoveRequestSchema(Parameters):
    """Another time or number; what is left out stays."""

    starts_at = Moment(metadata=said("From when on (ISO 8601).", _FAR))
    ends_at = Moment(metadata=said("Until when.", _LATER))
    quantity = _quantity()
    offer = fields.Integer(
        strict=True,
        validate=validate.Range(1, 2**31 - 1),
        metadata=said(
            "Another date of the same course, where another system keeps the bookings: the id of "
            "its offer. It takes place at its own time.",
            17,
        ),
    )


class NothingRequestSchema(Parameters):
    """An empty object."""


class HandOutRequestSchema(Parameters):
    """What is handed out."""

    booking = _text("Reference of the booking.", 20, "K7M2P9QX", required=True)
    codes = fields.List(
        fields.String(validate=validate.Length(1, items.LONGEST_CODE)),
        load_default=list,
        validate=validate.Length(max=500),
        metadata=said("Inventory code of each piece that belongs to it.", ["BOR-1"]),
    )


class TakeBackRequestSchema(Parameters):
    """One piece that comes back."""

    code = _text("Inventory code of the piece.", items.LONGEST_CODE, "BOR-1", required=True)
    damage = _text("What is broken.", 1_000, "Display gesprungen", load_default="")
    repair = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata=said("Whether somebody has to mend it before it is lent again.", True),
    )


class DeskSchema(Answer):
    """What is to be done today."""

    pickups = fields.List(
        fields.Nested(BookingSchema), metadata=said("To be handed out, or taking place.")
    )
    returns = fields.List(fields.Nested(BookingSchema), metadata=said("Due back today."))
    overdue = fields.List(fields.Nested(BookingSchema), metadata=said("Due back before."))


BOOKING: examples.Example = examples.BOOKINGS["items"][0]
AVAILABILITY: examples.Example = {
    "enough": True,
    "free": 2,
    "items": [
        {
            "from": "2027-03-15T00:00:00+00:00",
            "to": "2027-03-17T00:00:00+00:00",
            "free": 2,
        }
    ],
}
ORDER: examples.Example = {
    "offer": 17,
    "starts_at": _FAR,
    "ends_at": _LATER,
    "quantity": 2,
    "institution": None,
    "fulfilment": FULFILMENTS[0],
    "note": "",
    "answers": {},
    "contact": {"name": "Svenja Ackermann", "email": "ackermann@schule.example", "phone": ""},
}
MOVE: examples.Example = {"starts_at": _FAR, "ends_at": _LATER, "quantity": 1}
HAND_OUT: examples.Example = {"booking": "K7M2P9QX", "codes": ["BOR-1"]}
TAKE_BACK: examples.Example = {"code": "BOR-1", "damage": "", "repair": False}
DESK: examples.Example = {"pickups": [BOOKING], "returns": [], "overdue": []}
