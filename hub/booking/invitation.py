"""Bookings as calendar entries (RFC 5545), with the time zone that they are in."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from flask_babel import gettext
from icalendar import Calendar, Event

from hub.models import Booking

_GIVEN_UP = frozenset({"cancelled", "refused", "expired", "no_show"})


def event(booking: Booking, centre: str, zone: ZoneInfo, address: str) -> Event:
    """One booking; its UID stays the same, so that a later version replaces an earlier one."""
    entry = Event()
    entry.add("uid", f"{booking.reference}@booking")
    entry.add("dtstamp", booking.changed_at)
    entry.add("sequence", int((booking.changed_at - booking.created_at).total_seconds()))
    entry.add("dtstart", booking.starts_at.astimezone(zone))
    entry.add("dtend", booking.ends_at.astimezone(zone))
    entry.add("summary", booking.title)
    entry.add("location", centre)
    entry.add("description", gettext("Reference: %(reference)s", reference=booking.reference))
    entry.add("url", address)
    entry.add("status", _status(booking.state))
    return entry


def calendar(events: Iterable[Event], name: str = "") -> bytes:
    """A calendar of these entries with every time zone that they name."""
    document = Calendar()
    document.add("prodid", "-//Medienverbund NRW//Hub//DE")
    document.add("version", "2.0")
    document.add("method", "PUBLISH")
    if name:
        document.add("x-wr-calname", name)
    for one in events:
        document.add_component(one)
    document.add_missing_timezones()
    return bytes(document.to_ical())


def _status(state: str) -> str:
    if state in _GIVEN_UP:
        return "CANCELLED"
    return "TENTATIVE" if state == "requested" else "CONFIRMED"
