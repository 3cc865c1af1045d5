"""How values read on a page: numbers, days, moments, kinds, badges, in the language chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from flask import Flask
from flask_babel import gettext, lazy_gettext, ngettext

from hub import causes, models
from hub.booking.charges import Charge
from hub.catalogue import vocabulary
from hub.catalogue.entitlement import Badge, Status
from hub.identity.actor import Role
from hub.network.coverage import State
from hub.records import Entered, Grant, Kind, Record, Scope
from hub.web import reject_words
from hub.web.context import NETWORK_TIME
from hub.web.language import language

KIND = {
    Kind.MEDIUM: lazy_gettext("Medium"),
    Kind.DEVICE: lazy_gettext("Device"),
    Kind.ROOM: lazy_gettext("Room"),
    Kind.TRAINING: lazy_gettext("Training"),
    Kind.CONSULTING: lazy_gettext("Consulting"),
    Kind.PROJECT: lazy_gettext("Project"),
    Kind.PARENTS_EVENING: lazy_gettext("Parents’ evening"),
    Kind.SCOUTS: lazy_gettext("Media scouts"),
}
KINDS = {
    Kind.MEDIUM: lazy_gettext("Media"),
    Kind.DEVICE: lazy_gettext("Devices"),
    Kind.ROOM: lazy_gettext("Rooms"),
    Kind.TRAINING: lazy_gettext("Trainings"),
    Kind.CONSULTING: lazy_gettext("Consulting"),
    Kind.PROJECT: lazy_gettext("Projects"),
    Kind.PARENTS_EVENING: lazy_gettext("Parents’ evenings"),
    Kind.SCOUTS: lazy_gettext("Media scouts"),
}
STATE = {
    State.CURRENT: lazy_gettext("Up to date"),
    State.STALE: lazy_gettext("Stale"),
    State.ERROR: lazy_gettext("Error"),
    State.ABSENT: lazy_gettext("Not connected"),
}
ROLE = {
    Role.CITIZEN: lazy_gettext("Citizen"),
    Role.PUPIL: lazy_gettext("Pupil"),
    Role.EDUCATOR: lazy_gettext("Educator"),
    Role.TEACHER: lazy_gettext("Teacher"),
    Role.STAFF: lazy_gettext("Staff of the centre"),
    Role.SITE_ADMIN: lazy_gettext("Admin of the centre"),
    Role.STATE_ANALYST: lazy_gettext("State media centre"),
    Role.NETWORK_ADMIN: lazy_gettext("Admin of the network"),
}
STATE_MARK = {State.CURRENT: "✓", State.STALE: "!", State.ERROR: "✕", State.ABSENT: "–"}


def number(value: int) -> str:
    """`1234` as `1.234` (de) or `1,234` (en).

    Without Babel, whose rules cost a large table more than all the rest of its page.
    """
    grouped = f"{value:,}"
    return grouped.replace(",", ".") if language() == "de" else grouped


def day(value: date) -> str:
    """`4. März 2027` or `4 March 2027`."""
    pattern = "d. MMMM y" if language() == "de" else "d MMMM y"
    return str(format_date(value, pattern, locale=language()))


def month(value: date) -> str:
    """`März 2027`."""
    return str(format_date(value, "LLLL y", locale=language()))


def weekday(value: date, *, short: bool = False) -> str:
    """`Montag`, or `Mo`."""
    return str(format_date(value, "cccccc" if short else "cccc", locale=language()))


def moment(value: datetime, zone: str | ZoneInfo = NETWORK_TIME) -> str:
    """`4. März 2027, 05:12 Uhr` or `4 March 2027, 05:12`, by the clock of `zone`."""
    local = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    pattern = "d. MMMM y, HH:mm 'Uhr'" if language() == "de" else "d MMMM y, HH:mm"
    return str(format_datetime(local, pattern, locale=language()))


def as_of(value: datetime, now: datetime, zone: str | ZoneInfo = NETWORK_TIME) -> str:
    """`05:12 Uhr` when it was today, else day and time."""
    where = ZoneInfo(zone) if isinstance(zone, str) else zone
    local = value.astimezone(where)
    if local.date() != now.astimezone(where).date():
        return moment(value, where)
    pattern = "HH:mm 'Uhr'" if language() == "de" else "HH:mm"
    return str(format_time(local, pattern, tzinfo=where, locale=language()))


def count_hits(total: int) -> str:
    return ngettext("%(number)s result", "%(number)s results", total, number=number(total))


def count_offers(total: int) -> str:
    return ngettext("%(number)s offer", "%(number)s offers", total, number=number(total))


def count_centres(total: int) -> str:
    return ngettext("%(number)s centre", "%(number)s centres", total, number=number(total))


def duration(seconds: int) -> str:
    """`23 Minuten`, `1 Stunde 5 Minuten`."""
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    parts = []
    if hours:
        parts.append(ngettext("%(num)d hour", "%(num)d hours", hours))
    if minutes:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    return " ".join(parts)


def grades(first: int, last: int) -> str:
    if first == last:
        return gettext("Year %(first)d", first=first)
    return gettext("Years %(first)d–%(last)d", first=first, last=last)


def labels(facet: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """What people call these codes, each once; a code without a name goes by that above it."""
    return tuple(dict.fromkeys(_label(facet, code) for code in codes))


def _label(facet: str, code: str) -> str:
    for candidate in (code, *vocabulary.parents(facet, code)):
        text = vocabulary.label(facet, candidate, language())
        if text != candidate:
            return text
    return code


def summary(record: Record) -> str:
    """One line that tells two offers apart: form, length, years, subjects, number, place."""
    parts: list[str] = []
    if record.medium_type:
        parts.append(vocabulary.label("medium_type", record.medium_type, language()))
    if record.duration:
        parts.append(duration(record.duration))
    if record.year:
        parts.append(str(record.year))
    if record.grades:
        parts.append(grades(*record.grades))
    parts += labels("subject", record.subjects[:3])
    if record.quantity is not None:
        parts.append(quantity(record))
    if record.events:
        parts.append(moment(record.events[0].start))
    if record.place:
        parts.append(record.place)
    return " · ".join(parts)


def charge(found: Charge) -> list[tuple[str, str]]:
    """Rows of a summary list: what it costs, and where funding is found."""
    rows = [(gettext("Cost"), found.cost or gettext("free of charge"))]
    if found.cost:
        told = found.funding or gettext("Ask the centre, which looks for funding with you.")
        rows.append((gettext("Funding"), told))
    return rows


def quantity(record: Record) -> str:
    if record.quantity is None:
        return ""
    if record.kind is Kind.ROOM:
        return ngettext("%(num)d person", "up to %(num)d persons", record.quantity)
    if record.kind is Kind.TRAINING:
        return ngettext("%(num)d seat", "%(num)d seats", record.quantity)
    return ngettext("%(num)d piece", "%(num)d pieces", record.quantity)


@dataclass(frozen=True, slots=True)
class BadgeText:
    """A badge in words; `tone` is success, info, warning or danger and never the only sign."""

    text: str
    tone: str


def badge_text(badge: Badge, names: Mapping[str, str], beside: str = "") -> BadgeText:
    """What the badge says; `names` gives the short names of sites.

    Where the badge stands beside the name of the one site that it is about, `beside` is the key
    of that site, so that the name need not be said twice.
    """
    where = _where(badge.sites, names)
    if badge.sites == (beside,) and badge.status in _HERE:
        said, tone = _HERE[badge.status]
        return BadgeText(str(said), tone)
    match badge.status:
        case Status.OPEN:
            return BadgeText(gettext("Open now"), "success")
        case Status.GRANTED if badge.places is not None:
            return BadgeText(all_taken(badge.places), "warning")
        case Status.GRANTED:
            return BadgeText(gettext("Open for you"), "success")
        case Status.LOGIN:
            return BadgeText(gettext("With login"), "info")
        case Status.LOAN:
            return BadgeText(gettext("To borrow: %(where)s", where=where), "info")
        case Status.BOOKING:
            return BadgeText(gettext("To book: %(where)s", where=where), "info")
        case Status.REQUEST:
            return BadgeText(gettext("On request: %(where)s", where=where), "info")
        case Status.ELSEWHERE:
            if not where:
                return BadgeText(gettext("Not licensed in this network"), "warning")
            return BadgeText(gettext("Licensed only in: %(where)s", where=where), "warning")
        case Status.UPCOMING:
            text = gettext("Licensed from %(day)s", day=day(badge.day)) if badge.day else ""
            return BadgeText(text, "warning")
        case Status.EXPIRED:
            return BadgeText(gettext("Licence expired"), "danger")


def all_taken(places: int) -> str:
    """That as many use a medium as may at the same time."""
    if not places:
        return gettext("No places")
    return ngettext("The only place is taken", "All %(num)d places are taken", places)


_HERE = {
    Status.LOAN: (lazy_gettext("To borrow"), "info"),
    Status.BOOKING: (lazy_gettext("To book"), "info"),
    Status.REQUEST: (lazy_gettext("On request"), "info"),
    Status.ELSEWHERE: (lazy_gettext("Licensed only here"), "warning"),
}


def _where(sites: tuple[str, ...], names: Mapping[str, str]) -> str:
    """`Borken`, `Borken, Coesfeld`, `Borken und 5 weitere`."""
    known = [names.get(key, key) for key in sites]
    if len(known) <= 2:
        return ", ".join(known)
    rest = len(known) - 1
    return ngettext(
        "%(first)s and %(num)d more", "%(first)s and %(num)d more", rest, first=known[0]
    )


def short_name(name: str) -> str:
    """`Medienzentrum Kreis Borken` as `Kreis Borken`: in a list of centres the rest is known."""
    return name.removeprefix("Medienzentrum ").strip() or name


def institution_kind(row: models.Institution) -> str:
    """The Schulform of a school, else what kind of institution it is."""
    if row.school_form:
        return vocabulary.label("school_form", row.school_form, language())
    return vocabulary.label("institution_kind", row.kind, language())


def grant_text(grant: Grant, names: Mapping[str, str]) -> str:
    """A licence in words: whom it reaches and for how long."""
    match grant.scope:
        case Scope.LAND:
            whom = gettext("State licence %(land)s", land=grant.value)
        case Scope.SITE:
            site = names.get(grant.value, grant.value)
            whom = gettext("Licence of %(site)s", site=site)
        case Scope.SCHOOL:
            whom = gettext("School licence %(number)s", number=grant.value)
        case Scope.SCHOOL_TYPE:
            form = vocabulary.label("school_form", grant.value, language())
            whom = gettext("Licence for schools of type %(type)s", type=form)
        case Scope.ROLE:
            whom = gettext("Licence for role %(role)s", role=_role(grant.value))
    start = day(grant.valid_from) if grant.valid_from else ""
    if isinstance(grant, Entered) and grant.role:
        whom = gettext("%(licence)s, only for %(role)s", licence=whom, role=_role(grant.role))
    if isinstance(grant, Entered) and grant.concurrent is not None:
        whom = ngettext(
            "%(licence)s, one use at a time",
            "%(licence)s, %(num)d uses at a time",
            grant.concurrent,
            licence=whom,
        )
    # People name the last day of a term, not the first day after it.
    end = day(grant.valid_until - timedelta(days=1)) if grant.valid_until else ""
    if start and end:
        term = gettext("from %(start)s until %(end)s", start=start, end=end)
    elif start:
        term = gettext("from %(start)s", start=start)
    elif end:
        term = gettext("until %(end)s", end=end)
    else:
        return whom
    return f"{whom}, {term}"


_BROWSERS = {"Firefox/": "Firefox", "Edg/": "Edge", "OPR/": "Opera", "Chrome/": "Chrome",
             "Safari/": "Safari"}  # fmt: skip
_SYSTEMS = {"Android": "Android", "iPhone": "iOS", "iPad": "iPadOS", "Windows": "Windows",
            "Mac OS X": "macOS", "CrOS": "ChromeOS", "Linux": "Linux"}  # fmt: skip


def browser(agent: str) -> str:
    """What a browser and its system call themselves, as people call them."""
    names = [
        next((name for sign, name in signs.items() if sign in agent), "")
        for signs in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, names)) or gettext("unknown browser")


def _role(code: str) -> str:
    return vocabulary.label("licence_role", code.lower(), language())


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        number=number,
        day=day,
        month=month,
        weekday=weekday,
        moment=moment,
        hits=count_hits,
        offers=count_offers,
        centres=count_centres,
        summary=summary,
        institution_kind=institution_kind,
        short=short_name,
        browser=browser,
        cause=lambda message: causes.known(message, language()),
        reject_reason=reject_words.reason_words,
        reject_place=reject_words.place_words,
    )
    app.jinja_env.globals.update(
        KIND=KIND, KINDS=KINDS, ROLE=ROLE, STATE=STATE, STATE_MARK=STATE_MARK
    )
