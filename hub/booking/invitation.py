"""Bookings as calendar entries (RFC 5545), with the time zone that they are in."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from hub.models import Booking

_GIVEN_UP = frozenset({"cancelled", "refused", "expired", "no_show"})


def event(
    booking: Booking,
    place: str,
    zone: ZoneInfo,
    address: str,
    description: str,
    *,
    organizer: str = "",
) -> Event:
    """One booking; its UID stays the same, so that a later version replaces an earlier one.

    `organizer` is the mail address of who holds it, which a mailed entry needs (RFC 5546, 3.2).
    """
    entry = Event()
    entry.add("uid", f"{booking.reference}@booking")
    entry.add("dtstamp", booking.changed_at)
    entry.add("sequence", int((booking.changed_at - booking.created_at).total_seconds()))
    entry.add("dtstart", booking.starts_at.astimezone(zone))
    entry.add("dtend", booking.ends_at.astimezone(zone))
    entry.add("summary", booking.title)
    entry.add("location", place)
    entry.add("description", description)
    entry.add("url", address)
    entry.add("status", _status(booking.state))
    if organizer:
        entry.add("organizer", f"mailto:{organizer}")
    return entry


def calendar(events: Iterable[Event], name: str = "", *, method: str = "PUBLISH") -> bytes:
    """A calendar of these entries with every time zone that they name; with the method `CANCEL`
    it takes them out of the calendar of who gets it."""
    document = Calendar()
    document.add("prodid", "-//Medienverbund NRW//Hub//DE")
    document.add("version", "2.0")
    document.add("method", method)
    if name:
        document.add("x-wr-calname", name)
    for one in events:
        document.add_component(one)
    document.add_missing_timezones()
    return bytes(document.to_ical())


def _status(state: str) -> str:
    if state in _GIVEN_UP:
        return "CANCELLED"
    return "TENTATIVE" if state in ("waiting", "offered", "requested") else "CONFIRMED"
