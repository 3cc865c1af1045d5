"""The contract of plugins that own bookings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from hub.errors import Rejected
from hub.records import Booking, BookingRequest, Slot
from hub.site import Site
from hub.testing.contract import PluginContract

STATES = frozenset(
    {
        "requested",
        "confirmed",
        "handed_out",
        "returned",
        "refused",
        "cancelled",
        "expired",
        "no_show",
    }
)
HOLDING = frozenset({"requested", "confirmed", "handed_out"})
"""States in which a booking takes its pieces away from others."""


class BookingContract(PluginContract):
    """What the hub relies on in a plugin that books.

    Give the fixture `booking_request`: something of the test data that can be booked, in a time in
    which it is free. Every test cancels what it booked.
    """

    @pytest.fixture
    def booking_request(self) -> BookingRequest:
        """What the tests book."""
        raise NotImplementedError("give the fixture booking_request")

    @pytest.fixture
    def booked(self, site: Site, booking_request: BookingRequest) -> Iterator[Booking]:
        """A booking that was just made."""
        booking = self.create(site, booking_request, "contract-" + uuid4().hex)
        yield booking
        self.cancel(site, booking)

    def create(self, site: Site, request: BookingRequest, key: str) -> Booking:
        """Book through the same guard as the hub."""
        booking = site.one(self.plugin.name, "booking_create", request=request, key=key)
        assert isinstance(booking, Booking), repr(booking)
        return booking

    def cancel(self, site: Site, booking: Booking) -> Booking:
        """Cancel through the same guard as the hub."""
        key = f"cancel-{booking.id}"
        cancelled = site.one(self.plugin.name, "booking_cancel", booking=booking, key=key)
        assert isinstance(cancelled, Booking), repr(cancelled)
        return cancelled

    def slots(self, site: Site, request: BookingRequest) -> list[Slot]:
        """What is free in the time of the request."""
        return list(
            site.one(
                self.plugin.name,
                "booking_slots",
                offer=request.offer,
                start=request.start,
                end=request.end,
                person=request.person,
            )
        )

    def free(self, site: Site, request: BookingRequest) -> int:
        """The fewest pieces that are free at any moment of the request."""
        return min((slot.free for slot in self.slots(site, request)), default=0)

    def test_slots_lie_in_the_time_asked_for(
        self, site: Site, booking_request: BookingRequest
    ) -> None:
        last = None
        for slot in self.slots(site, booking_request):
            assert isinstance(slot, Slot), repr(slot)
            assert slot.start.tzinfo is not None, "a time without its zone means nothing"
            assert slot.end.tzinfo is not None, "a time without its zone means nothing"
            assert slot.start < slot.end, "a slot ends after it begins"
            assert slot.free >= 0, "fewer than none cannot be free"
            assert slot.end > booking_request.start, "a slot before what was asked for"
            assert slot.start < booking_request.end, "a slot after what was asked for"
            assert last is None or slot.start >= last, "slots are in the order of time"
            last = slot.start

    def test_a_booking_is_what_was_asked_for(
        self, booking_request: BookingRequest, booked: Booking
    ) -> None:
        assert isinstance(booked.id, str), "the id of a booking is a text"
        assert booked.id, "a booking has an id"
        assert booked.state in HOLDING, f"{booked.state} after booking"
        assert (booked.start, booked.end) == (booking_request.start, booking_request.end)
        assert booked.quantity == booking_request.quantity
        assert booked.offer.id == booking_request.offer.id

    def test_the_same_key_books_once(self, site: Site, booking_request: BookingRequest) -> None:
        key = "contract-" + uuid4().hex
        before = self.free(site, booking_request)
        first = self.create(site, booking_request, key)
        try:
            again = self.create(site, booking_request, key)
            assert again.id == first.id, "asked twice with one key, it booked twice"
            after = self.free(site, booking_request)
            assert before - after == booking_request.quantity, (
                f"{before} were free, {booking_request.quantity} were booked, {after} are free"
            )
        finally:
            self.cancel(site, first)

    def test_its_state_can_be_asked_for(self, site: Site, booked: Booking) -> None:
        state = site.one(self.plugin.name, "booking_state", booking=booked)
        assert isinstance(state, Booking), repr(state)
        assert state.id == booked.id
        assert state.state in STATES, state.state
        assert state.state == booked.state, "it says something else than when it was booked"

    def test_cancelling_gives_back_what_was_booked_and_may_be_repeated(
        self, site: Site, booking_request: BookingRequest
    ) -> None:
        before = self.free(site, booking_request)
        booking = self.create(site, booking_request, "contract-" + uuid4().hex)
        assert self.cancel(site, booking).state == "cancelled"
        assert self.cancel(site, booking).state == "cancelled", "cancelled twice"
        assert self.free(site, booking_request) == before, "what was cancelled is not free again"

    def test_more_than_there_is_is_rejected(
        self, site: Site, booking_request: BookingRequest
    ) -> None:
        before = self.free(site, booking_request)
        with pytest.raises(Rejected) as raised:
            self.create(site, replace(booking_request, quantity=before + 1), uuid4().hex)
        assert str(raised.value), "why it was rejected is shown to the person"
        assert self.free(site, booking_request) == before, "what was rejected takes nothing"

    def test_a_time_that_ends_before_it_begins_is_rejected(
        self, site: Site, booking_request: BookingRequest
    ) -> None:
        ended = booking_request.start - timedelta(hours=1)
        with pytest.raises(Rejected):
            self.create(site, replace(booking_request, end=ended), uuid4().hex)
