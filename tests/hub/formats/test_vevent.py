"""When events take up a room: recurrence, exceptions, whole days, zones, and rules without end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.formats import vevent
from hub.formats.vevent import Occurrence, Unreadable

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 10, tzinfo=UTC)


def entry(*lines: str, more: tuple[str, ...] = ()) -> bytes:
    event = ("BEGIN:VEVENT", "UID:one", "DTSTAMP:20270101T000000Z", *lines, "END:VEVENT")
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//t", *event, *more, "END:VCALENDAR", "")
    return "\r\n".join(whole).encode()


def taken(content: bytes, start: datetime = START, end: datetime = END) -> list[str]:
    """The times in Berlin, `03-08 09:00-11:00`."""
    found = sorted(vevent.occurrences(content, start, end, BERLIN), key=lambda one: one.start)
    local = [(one.start.astimezone(BERLIN), one.end.astimezone(BERLIN)) for one in found]
    return [f"{begin:%m-%d %H:%M}-{finish:%m-%d %H:%M}" for begin, finish in local]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ("DTSTART;TZID=Europe/Berlin:20270308T090000", "DURATION:PT2H"),
            ["03-08 09:00-03-08 11:00"],
        ),
        (("DTSTART:20270308T090000", "DURATION:PT45M"), ["03-08 09:00-03-08 09:45"]),
        (("DTSTART;VALUE=DATE:20270308",), ["03-08 00:00-03-09 00:00"]),
        (
            ("DTSTART;VALUE=DATE:20270328", "DTEND;VALUE=DATE:20270329"),
            ["03-28 00:00-03-29 00:00"],
        ),
        (("DTSTART:20270308T090000Z",), []),
        (("DTSTART:20270308T090000Z", "DTEND:20270308T100000Z", "TRANSP:TRANSPARENT"), []),
        (("DTSTART:20270308T090000Z", "DTEND:20270308T100000Z", "STATUS:CANCELLED"), []),
        (
            ("DTSTART:20270308T090000Z", "DTEND:20270308T100000Z", "STATUS:TENTATIVE"),
            ["03-08 10:00-03-08 11:00"],
        ),
        (("DTSTART:20260308T090000Z", "DTEND:20260308T100000Z"), []),
        (  # weekly over the change of the clock, one date left out
            (
                "DTSTART;TZID=Europe/Berlin:20260105T140000",
                "DTEND;TZID=Europe/Berlin:20260105T150000",
                "RRULE:FREQ=WEEKLY;BYDAY=MO;INTERVAL=2",
                "EXDATE;TZID=Europe/Berlin:20270315T140000",
            ),
            ["03-01 14:00-03-01 15:00", "03-29 14:00-03-29 15:00"],
        ),
    ],
)  # fmt: skip
def test_when_an_event_takes_something_up(lines: tuple[str, ...], expected: list[str]) -> None:
    assert taken(entry(*lines)) == expected


def test_one_date_of_a_series_that_was_moved_counts_where_it_is_now() -> None:
    series = entry(
        "DTSTART:20270301T080000Z", "DTEND:20270301T090000Z", "RRULE:FREQ=WEEKLY;COUNT=3",
        more=(
            "BEGIN:VEVENT", "UID:one", "DTSTAMP:20270101T000000Z",
            "RECURRENCE-ID:20270308T080000Z", "DTSTART:20270310T120000Z",
            "DTEND:20270310T130000Z", "END:VEVENT",
        ),
    )  # fmt: skip
    assert [one[:11] for one in taken(series)] == ["03-01 09:00", "03-10 13:00", "03-15 09:00"]
    with pytest.raises(Unreadable, match="recur"):
        vevent.single(series, BERLIN)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"x" * (vevent.LARGEST + 1),
        entry("DTSTART:tomorrow", "DTEND:never"),
        entry("SUMMARY:no beginning"),
        *(
            entry("DTSTART:19000101T080000Z", "DTEND:19000101T090000Z", f"RRULE:{rule}")
            for rule in (
                "FREQ=SECONDLY",
                "FREQ=MINUTELY;INTERVAL=7",
                "FREQ=DAILY;BYSECOND=1,2,3",
                "FREQ=DAILY;INTERVAL=0",
                "COUNT=3",
            )
        ),
    ],
)
def test_what_cannot_be_worked_out_is_said_and_not_guessed(content: bytes) -> None:
    with pytest.raises(Unreadable):
        taken(content)


def test_our_own_event_is_read_back_and_a_change_keeps_what_others_wrote() -> None:
    moment = datetime(2027, 3, 8, 9, tzinfo=UTC)
    wanted = Occurrence("one@hub", moment, moment + timedelta(hours=2), "TENTATIVE")
    content = vevent.write(wanted, "Gebucht: Schule, Größe 3", "Zweck: Film; Ton", START)
    assert vevent.single(content, BERLIN) == wanted
    noted = content.replace(b"END:VEVENT", b"X-NOTE:Beamer\r\nEND:VEVENT")
    later = Occurrence("one@hub", moment, moment + timedelta(hours=3), "CONFIRMED")
    changed = vevent.changed(noted, later, START)
    assert vevent.single(changed, BERLIN) == later
    assert b"X-NOTE:Beamer" in changed
    assert b"SEQUENCE:1" in changed
