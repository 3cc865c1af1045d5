"""The contract of booking: a good plugin passes, each bad one is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import Plugin, hookimpl
from hub.errors import Rejected
from hub.records import Booking, BookingRequest, Kind, Offer, Person, Record, Slot
from hub.testing import BookingContract, site_with
from tests.hub.hostile import text

STOCK = 5
MONDAY = datetime(2027, 5, 3, 8, tzinfo=UTC)
OFFER = Offer(1, "teststadt", "cupboard", Record("c1", Kind.DEVICE, "Tablets", quantity=STOCK))
REQUEST = BookingRequest(OFFER, Person("p1"), MONDAY, MONDAY + timedelta(days=1), quantity=2)


class Cupboard(Plugin):
    """Five tablets, in memory."""

    name = "cupboard"
    title = text("Cupboard")
    description = text("Lends tablets")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.bookings: dict[str, Booking] = {}

    def free(self, start: datetime, end: datetime) -> int:
        taken = [
            one.quantity
            for one in self.bookings.values()
            if one.state == "confirmed" and one.start < end and start < one.end
        ]
        return STOCK - sum(taken)

    @hookimpl
    def booking_slots(self, offer: Offer, start: datetime, end: datetime) -> Sequence[Slot]:
        return [Slot(start, end, self.free(start, end))]

    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        if key not in self.bookings:
            if request.start >= request.end:
                raise Rejected("Das Ende liegt vor dem Anfang.")
            if request.quantity > self.free(request.start, request.end):
                raise Rejected("So viele sind nicht frei.")
            self.bookings[key] = Booking(
                key, request.offer, "confirmed", request.start, request.end, request.quantity
            )
        return self.bookings[key]

    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        self.bookings[booking.id] = replace(self.bookings[booking.id], state="cancelled")
        return self.bookings[booking.id]

    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        return self.bookings[booking.id]


class TestCupboard(BookingContract):
    plugin = Cupboard

    @pytest.fixture
    def booking_request(self) -> BookingRequest:
        return REQUEST


class Doubling(Cupboard):
    @hookimpl
    def booking_create(self, request: BookingRequest, key: str) -> Booking:
        return super().booking_create(request, f"{key}-{len(self.bookings)}")


class Overbooking(Cupboard):
    def free(self, start: datetime, end: datetime) -> int:
        return 100

    @hookimpl
    def booking_slots(self, offer: Offer, start: datetime, end: datetime) -> Sequence[Slot]:
        return [Slot(start, end, super().free(start, end))]


class Keeping(Cupboard):
    @hookimpl
    def booking_cancel(self, booking: Booking, key: str) -> Booking:
        return replace(booking, state="cancelled")


class Forgetful(Cupboard):
    @hookimpl
    def booking_state(self, booking: Booking) -> Booking:
        return replace(booking, state="requested")


class Naive(Cupboard):
    @hookimpl
    def booking_slots(self, offer: Offer, start: datetime, end: datetime) -> Sequence[Slot]:
        return [Slot(start.replace(tzinfo=None), end, 1)]


@pytest.mark.parametrize(
    ("plugin", "test", "complaint"),
    [
        (Doubling, "test_the_same_key_books_once", "booked twice"),
        (Overbooking, "test_more_than_there_is_is_rejected", "DID NOT RAISE"),
        (
            Keeping,
            "test_cancelling_gives_back_what_was_booked_and_may_be_repeated",
            "not free again",
        ),
        (Naive, "test_slots_lie_in_the_time_asked_for", "zone"),
    ],
)
def test_each_breach_is_found(
    plugin: type[Plugin], test: str, complaint: str, tmp_path: Path
) -> None:
    contract = type("Contract", (BookingContract,), {"plugin": plugin})()
    with pytest.raises((AssertionError, pytest.fail.Exception), match=complaint):
        getattr(contract, test)(site=site_with(plugin, {}, tmp_path), booking_request=REQUEST)


def test_a_state_that_changes_by_itself_is_found(tmp_path: Path) -> None:
    contract = type("Contract", (BookingContract,), {"plugin": Forgetful})()
    site = site_with(Forgetful, {}, tmp_path)
    booked = contract.create(site, REQUEST, "k")
    with pytest.raises(AssertionError, match="something else"):
        contract.test_its_state_can_be_asked_for(site, booked)
