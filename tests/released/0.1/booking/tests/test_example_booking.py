"""The contract of example_booking, on a database of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub_example_booking import ExampleBooking
from hub.records import Booking, BookingRequest, Kind, Offer, Person, Record
from hub.testing import BookingContract, Site, hub_database, site_with

MONDAY = datetime(2027, 5, 3, 8, tzinfo=UTC)
TABLETS = Record("k1", Kind.DEVICE, "Tablet-Koffer", quantity=5)
CASE = Offer(1, "teststadt", "example_booking", TABLETS)
ERIKA = Person("p-1")


class TestExampleBooking(BookingContract):
    plugin = ExampleBooking

    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[Site]:
        with hub_database(tmp_path, ExampleBooking) as database:
            yield site_with(ExampleBooking, self.config, tmp_path, database=database)

    @pytest.fixture
    def booking_request(self) -> BookingRequest:
        return BookingRequest(CASE, ERIKA, MONDAY, MONDAY + timedelta(days=3), quantity=2)

    def test_what_it_keeps_is_exported_and_erased(self, site: Site, booked: Booking) -> None:
        plugin = site.plugins["example_booking"]
        assert [one["id"] for one in plugin.personal_data_export(ERIKA)["bookings"]]
        plugin.personal_data_erase(ERIKA)
        assert plugin.personal_data_export(ERIKA) == {"bookings": []}
