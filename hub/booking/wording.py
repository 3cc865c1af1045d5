"""Why a booking cannot be, in the words of the person: what happened, and what is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale, gettext, ngettext

from hub.booking.elsewhere import NotCancelled
from hub.booking.errors import (
    AgainstRules,
    BookingError,
    Full,
    HeadFirst,
    KeyReused,
    NotNow,
    Refusal,
    Unbookable,
)
from hub.booking.items import ItemError
from hub.booking.moving_elsewhere import NotMoved
from hub.booking.states import GIVEN

Told = Callable[[Refusal, str], str]


def explain(error: BookingError, zone: ZoneInfo) -> str:
    """The reason in whole sentences."""
    if isinstance(error, AgainstRules):
        return " ".join(refusal(one, zone) for one in error.refusals)
    if isinstance(error, Full):
        return _full(error, zone)
    if isinstance(error, NotNow):
        return gettext(
            "That is not possible any more: the booking is now “%(state)s”. Load the page again.",
            state=state(error.state),
        )
    if isinstance(error, HeadFirst):
        return gettext(
            "The head of the institution has not confirmed it yet. Wait for the answer, or note "
            "here that the confirmation was handed in."
        )
    if isinstance(error, KeyReused):
        return gettext(
            "This form was already sent, with other entries. Look at your bookings, and begin anew "
            "if something is missing there."
        )
    if isinstance(error, Unbookable):
        return UNBOOKABLE[error.reason]()
    if isinstance(error, NotCancelled):
        return gettext(
            "The system that keeps this booking could not be told yet. It is tried again; "
            "look here later. %(why)s",
            why=error.why,
        )
    if isinstance(error, NotMoved) and error.refused:
        return gettext(
            "The system that keeps this booking refused the change. %(why)s", why=error.why
        )
    if isinstance(error, NotMoved):
        return gettext(
            "The system that keeps this booking has not answered yet. It is asked again; until it "
            "agrees, the time of before holds. %(why)s",
            why=error.why,
        )
    if isinstance(error, ItemError):
        return _PIECES[error.reason](error)
    raise TypeError(type(error))


def refusal(one: Refusal, zone: ZoneInfo) -> str:
    """A rule that says no, in one or two sentences."""
    possible = day(one.possible, zone) if one.possible else ""
    return _RULES[one.code](one, possible)


def not_back(title: str, reference: str) -> str:
    """Why somebody is not forgotten yet."""
    return gettext("“%(title)s” (%(reference)s) is not back yet.", title=title, reference=reference)


def state(code: str) -> str:
    """A state for people."""
    return _STATES[code]()


def head(code: str, *, awaited: bool) -> str:
    """What the head of the institution said (`Booking.head`)."""
    if code == GIVEN:
        return gettext("has confirmed")
    return gettext("has not confirmed yet") if awaited else gettext("has not confirmed")


def happened(event: str, note: str) -> str:
    """What became of a booking (`BookingEvent.event`), with what was noted about it."""
    if event.startswith("undone:"):
        told = gettext("taken back: %(state)s", state=happened(event.removeprefix("undone:"), ""))
    elif event.startswith("reminded:"):
        told = gettext("reminded to bring it back")
    else:
        told = {
            "extended": gettext("extended"),
            "moved": gettext("moved to another time"),
            "head_given": gettext("confirmed by the head of the institution"),
            "upcoming": gettext("reminded that it begins soon"),
            "lapsed": gettext("the offer was not accepted in time"),
            "part_returned": gettext("partly brought back"),
        }.get(event) or state(event)
    return f"{told}: {note}" if note else told


def day(moment: datetime, zone: ZoneInfo, language: str = "") -> str:
    """`Mittwoch, 4. März 2027`, in this language or else in that of the page."""
    language = language or _language()
    pattern = "EEEE, d. MMMM y" if language == "de" else "EEEE, d MMMM y"
    return str(format_datetime(moment.astimezone(zone), pattern, locale=language))


def moment(when: datetime, zone: ZoneInfo, language: str = "") -> str:
    """`4. März 2027, 08:00`, in this language or else in that of the page."""
    language = language or _language()
    long = "d. MMMM y, HH:mm" if language == "de" else "d MMMM y, HH:mm"
    return str(format_datetime(when.astimezone(zone), long, locale=language))


def time(start: datetime, end: datetime, zone: ZoneInfo, language: str = "") -> str:
    """`4. März 2027, 08:00 bis 6. März 2027, 16:00`; a time within one day names it once.

    In this language (`de` or `en`), or else in that of the page.
    """
    language = language or _language()
    begin, finish = start.astimezone(zone), end.astimezone(zone)
    long = "d. MMMM y, HH:mm" if language == "de" else "d MMMM y, HH:mm"
    same = begin.date() == finish.date()
    first = format_datetime(begin, long, locale=language)
    last = format_datetime(finish, "HH:mm" if same else long, locale=language)
    return f"{first} {'bis' if language == 'de' else 'to'} {last}"


def _full(error: Full, zone: ZoneInfo) -> str:
    told = (
        ngettext(
            "Only %(num)d is free in this time.", "Only %(num)d are free in this time.", error.free
        )
        if error.free
        else gettext("Nothing is free in this time.")
    )
    if not error.alternatives:
        return told
    others = "; ".join(time(start, end, zone) for start, end in error.alternatives)
    return told + " " + gettext("Free would be: %(times)s.", times=others)


def _language() -> str:
    locale = get_locale()
    return locale.language if locale else "de"


_STATES: Mapping[str, Callable[[], str]] = {
    "cart": lambda: gettext("in the cart"),
    "waiting": lambda: gettext("on the waiting list"),
    "offered": lambda: gettext("offered to you"),
    "requested": lambda: gettext("requested"),
    "confirmed": lambda: gettext("confirmed"),
    "handed_out": lambda: gettext("handed out"),
    "returned": lambda: gettext("completed"),
    "refused": lambda: gettext("refused"),
    "cancelled": lambda: gettext("cancelled"),
    "expired": lambda: gettext("expired"),
    "no_show": lambda: gettext("not picked up"),
}
UNBOOKABLE: Mapping[str, Callable[[], str]] = {
    "gone": lambda: gettext("This is no longer offered."),
    "time": lambda: gettext("The end must be after the beginning."),
    "far": lambda: gettext("This date cannot be. Please check the year."),
    "past": lambda: gettext("This time is over."),
    "early": lambda: gettext("That can be noted when it has begun."),
    "cart": lambda: gettext("This cannot be put into the cart. Book it at once."),
    "waiting": lambda: gettext("You are on the waiting list for this already."),
    "never": lambda: gettext("There are not so many of it, so it makes no sense to wait."),
    "asked": lambda: gettext(
        "No mail was sent: enough links hold already, or it is too late to ask."
    ),
    "fixed": lambda: gettext(
        "It takes place at a time that the centre has set. Choose another of its dates."
    ),
    "other": lambda: gettext(
        "A booking cannot be turned into one of something else. Book that, and cancel this one."
    ),
    "quantity": lambda: gettext("The number must be at least 1 and not beyond all measure."),
}
_PIECES: Mapping[str, Callable[[ItemError], str]] = {
    "unknown": lambda one: gettext("There is no piece with the code %(code)s.", code=one.code),
    "not_lent": lambda _: gettext(
        "Only media and devices that the centre lends itself are handed out."
    ),
    "other_model": lambda one: gettext("%(code)s is not what was booked.", code=one.code),
    "not_usable": lambda one: gettext(
        "%(code)s is in repair, missing or retired. Take another one.", code=one.code
    ),
    "out": lambda one: gettext(
        "%(code)s is lent already. Take it back first, or take another one.", code=one.code
    ),
    "number": lambda one: ngettext(
        "%(num)d piece belongs to this booking; enter its code.",
        "%(num)d pieces belong to this booking; enter the code of each one once.",
        one.limit,
    ),
    "not_out": lambda one: gettext("%(code)s is not out on this booking.", code=one.code),
    "none": lambda _: gettext("Tick the pieces that came back."),
    "taken": lambda one: gettext("The code %(code)s is used already.", code=one.code),
    "code": lambda _: gettext("Please enter an inventory code."),
}
_RULES: Mapping[str, Told] = {
    "suspended": lambda one, _: (
        gettext("You may not borrow at present: %(reason)s", reason=one.limit)
        if one.limit
        else gettext("You may not borrow at present. Please ask the centre.")
    ),
    "not_allowed": lambda *_: gettext(
        "The centre does not lend this to private persons or bodies like yours."
    ),
    "not_registered": lambda *_: gettext(
        "This needs an institution that has named you as a borrower. Register under “My "
        "institutions”."
    ),
    "head": lambda *_: gettext(
        "The head of the institution confirms each date anew, so this cannot be moved. Book the "
        "other date, and cancel this one when that is confirmed."
    ),
    "most": lambda one, _: ngettext(
        "Only one at a time is lent.", "At most %(num)d at a time are lent.", _number(one)
    ),
    "cart": lambda one, _: gettext(
        "There are %(number)s things in your cart, more do not fit. Book them first.",
        number=one.limit,
    ),
    "templates": lambda one, _: gettext(
        "You have %(number)s templates, more are not possible. Delete one.", number=one.limit
    ),
    "most_open": lambda one, _: ngettext(
        "You have %(num)d open booking, more are not possible at the same time.",
        "You have %(num)d open bookings, more are not possible at the same time.",
        _number(one),
    ),
    "past": lambda _, possible: gettext("This day is over. Possible from: %(day)s.", day=possible),
    "lead": lambda one, possible: ngettext(
        "The centre needs %(num)d open day beforehand. Possible from: %(day)s.",
        "The centre needs %(num)d open days beforehand. Possible from: %(day)s.",
        _number(one),
        day=possible,
    ),
    "furthest": lambda one, possible: ngettext(
        "Bookings are possible %(num)d day ahead, until: %(day)s.",
        "Bookings are possible %(num)d days ahead, until: %(day)s.",
        _number(one),
        day=possible,
    ),
    "back_by": lambda _, possible: gettext("Everything has to be back by: %(day)s.", day=possible),
    "closed_first": lambda one, possible: _closed(
        gettext("The centre is closed on the first day"), one, possible
    ),
    "closed_last": lambda one, possible: _closed(
        gettext("The centre is closed on the last day"), one, possible
    ),
    "period": lambda _, possible: gettext(
        "The loan is too long. The last day possible is: %(day)s.", day=possible
    ),
    "hours": lambda one, _: gettext(
        "The centre is open on this day at: %(hours)s.", hours=one.limit
    ),
    "extensions": lambda one, _: (
        gettext(
            "The loan was already extended as often as possible (%(number)s).", number=one.limit
        )
        if one.limit
        else gettext("This cannot be extended.")
    ),
    "waiting": lambda *_: gettext("It cannot be extended: it is reserved for somebody else."),
    "unknown_year": lambda one, _: gettext(
        "The school holidays of %(year)s are not known here yet; nothing can be booked then.",
        year=one.limit,
    ),
}


def _number(one: Refusal) -> int:
    return one.limit if isinstance(one.limit, int) else 0


def _closed(what: str, one: Refusal, possible: str) -> str:
    told = f"{what} ({one.limit})." if one.limit else f"{what}."
    return f"{told} " + gettext("Next open day: %(day)s.", day=possible) if possible else told
