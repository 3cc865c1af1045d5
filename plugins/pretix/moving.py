"""What is to be changed in an order of pretix so that it has another date or number of seats."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.errors import Rejected
from plugins.pretix.reading import Place


def seats_of(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The positions of an order that are not cancelled, in their order."""
    found = [one for one in order["positions"] if not one.get("canceled")]
    return sorted(found, key=lambda one: one["positionid"])


def change(order: Mapping[str, Any], shall: Place, quantity: int) -> dict[str, Any]:
    """The body of a request to `orders/<code>/change/`; empty where the order is so already.

    The first seat, which has the name of who booked, stays. Raises `Rejected` for what only those
    can change who look after the order there.
    """
    seats = seats_of(order)
    if any(one["item"] != shall.item for one in seats):
        raise Rejected(
            "Zu dieser Bestellung gehört in pretix noch anderes; ändern kann sie nur das "
            "Medienzentrum."
        )
    if len(seats) != quantity and Decimal(order["total"]):
        raise Rejected(
            "Diese Anmeldung kostet etwas. Wie viele Plätze es sind, kann nur das Medienzentrum "
            "ändern; den Termin können Sie selbst ändern."
        )
    seat = {"item": shall.item, "subevent": shall.date or None}
    wanted = {
        "patch_positions": [
            {"position": one["id"], "body": {"subevent": shall.date}}
            for one in seats[:quantity]
            if (one["subevent"] or 0) != shall.date
        ],
        "cancel_positions": [{"position": one["id"]} for one in seats[quantity:]],
        "create_positions": [seat] * (quantity - len(seats)),
    }
    return {name: parts for name, parts in wanted.items() if parts}
