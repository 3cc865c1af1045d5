"""The states of a booking: which hold something, and which may follow each other."""

from __future__ import annotations

from collections.abc import Mapping

STATES = (
    "waiting",
    "offered",
    "requested",
    "confirmed",
    "handed_out",
    "returned",
    "refused",
    "cancelled",
    "expired",
    "no_show",
)
CART = "cart"
"""The state of what is not booked yet but lies in a cart (`hub.booking.cart`): no step of a booking
leads there, and whoever reads bookings leaves it out by `hub.booking.progress.MADE`."""
HOLDING = frozenset({"offered", "requested", "confirmed", "handed_out"})
"""States in which a booking takes something away from others."""
OPEN = HOLDING | {"waiting"}
"""States that something still follows."""
NEXT: Mapping[str, frozenset[str]] = {
    "waiting": frozenset({"cancelled"}),
    "offered": frozenset({"requested", "confirmed", "cancelled"}),
    "requested": frozenset({"confirmed", "refused", "cancelled", "expired"}),
    "confirmed": frozenset({"handed_out", "returned", "cancelled", "refused", "no_show"}),
    "handed_out": frozenset({"returned"}),
}
"""The states that may follow; what is missing is an end. A room or a course that was confirmed and
took place is `returned` without having been handed out. Who waits is offered what becomes free, and
loses the offer in time, by `hub.booking.waiting` alone."""
AWAITED, GIVEN = "awaited", "given"
"""The confirmation by the head of the institution, where one is wanted (`Booking.head`)."""
