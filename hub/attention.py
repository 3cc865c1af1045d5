"""Mail to the admins of a site about what has needed a person for a while, once per cause.

A cause is a state of a plugin. It counts from the first look that finds it until the plugin is
well again; a run that is under way, or a pause, says neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import causes
from hub.connections import Connection, State, connections
from hub.identity import people
from hub.identity.actor import Role
from hub.mail import letters
from hub.models import Attention, Person
from hub.runtime import Hub
from hub.site import SiteRow

TASK = "attention"
UNDECIDED = frozenset({State.RUNNING, State.PAUSED})
"""States in which nobody knows yet whether what was wrong is over."""


def look(hub: Hub, moment: datetime, check: Callable[[], None]) -> str:
    """Note what needs a person at every site, and write to the admins about what is due.

    Returns how much. `check` raises when the work must be left.
    """
    noted = mails = 0
    for row in hub.sites.directory():
        check()
        found = connections(hub, row.key)
        with hub.db.write() as session:
            known = _note(session, row.key, found, moment)
            noted += len(known)
            if hub.settings.mail_url:
                wait = timedelta(hours=hub.settings.attention_hours)
                due = [one for one in known if one.told_at is None and one.since <= moment - wait]
                mails += _tell(session, hub.settings.base_url, row, due, found, moment)
    return f"{noted} causes that need a person, {mails} mails."


def _note(
    session: Session, site: str, found: Iterable[Connection], moment: datetime
) -> list[Attention]:
    """What needs a person now; what is well again is forgotten, its causes with it."""
    stored: dict[str, dict[str, Attention]] = {}
    for row in session.scalars(sa.select(Attention).where(Attention.site_key == site)):
        stored.setdefault(row.plugin, {})[row.cause] = row
    present = []
    for one in found:
        causes = stored.pop(one.plugin, {})
        if one.needs_a_person:
            row = causes.get(one.state.value) or Attention(
                site_key=site, plugin=one.plugin, cause=one.state.value, since=moment
            )
            session.add(row)
            present.append(row)
        elif one.state not in UNDECIDED:
            for row in causes.values():
                session.delete(row)
    for causes in stored.values():  # plugins that are gone
        for row in causes.values():
            session.delete(row)
    return present


def _tell(
    session: Session,
    address: str,
    site: SiteRow,
    due: Sequence[Attention],
    found: Iterable[Connection],
    moment: datetime,
) -> int:
    """One mail to each admin about all that is due; without an admin who has an address it stays
    due."""
    if not due:
        return 0
    by_name = {one.plugin: one for one in found}
    zone = ZoneInfo(site.time_zone)
    about = sha256(
        ",".join(f"{row.plugin}:{row.cause}:{row.since.isoformat()}" for row in due).encode()
    ).hexdigest()[:32]
    written = 0
    for admin in people.colleagues(session, site.key):
        if Role.SITE_ADMIN not in admin.roles:
            continue
        person = session.get_one(Person, admin.person_id)
        spoken = person.language if person.language in letters.LANGUAGES else letters.LANGUAGES[0]
        titles = [by_name[row.plugin].title.get(spoken) or row.plugin for row in due]
        causes = [
            _WORDS[spoken].format(
                title=title,
                since=row.since.astimezone(zone).strftime("%d.%m.%Y, %H:%M"),
                **_said(by_name[row.plugin], spoken),
                message=_message(by_name[row.plugin].reason, spoken),
                link=address + _page(site.key, by_name[row.plugin]),
            )
            for title, row in zip(titles, due, strict=True)
        ]
        written += letters.write_to(
            session,
            person,
            "attention",
            key=f"attention:{site.key}:{person.key}:{about}",
            site_key=site.key,
            values={
                "centre": site.name,
                "titles": ", ".join(titles),
                "causes": "\n\n".join(causes),
            },
        )
    if written:
        for row in due:
            row.told_at = moment
    return written


def _page(site: str, one: Connection) -> str:
    """Where it is mended: its settings, or the run to be looked at."""
    if one.state is State.MISCONFIGURED or one.last is None:
        return f"/{site}/verwaltung/plugins/{one.plugin}"
    return f"/{site}/verwaltung/laeufe/{one.last.id}"


def _said(one: Connection, language: str) -> dict[str, str]:
    """Cause and fix: of what stopped the last run, where that is known, else of the state."""
    found = causes.known(one.reason, language) if one.state is State.FAILED else None
    cause, fix = found or _SAYS[one.state][language]
    return {"cause": cause, "fix": fix.removesuffix(".")}


def _message(reason: str, language: str) -> str:
    """What whoever stopped says, in a line of its own; nothing where it says nothing."""
    return f"{_MESSAGE[language]}: {reason}\n" if reason else ""


_MESSAGE = {"de": "Meldung", "en": "Message"}
_WORDS = {
    "de": "{title} (seit {since} Uhr)\nUrsache: {cause}\n{message}Was hilft: {fix}:\n{link}",
    "en": "{title} (since {since})\nCause: {cause}\n{message}What helps: {fix}:\n{link}",
}
_SAYS: dict[str, dict[str, tuple[str, str]]] = {
    State.MISCONFIGURED: {
        "de": (
            "Die Einstellungen passen nicht mehr, deshalb ist die Anbindung aus.",
            "Prüfen Sie die Einstellungen und speichern Sie sie neu",
        ),
        "en": (
            "The settings no longer fit, so the connection is off.",
            "Check the settings and save them anew",
        ),
    },
    State.HELD: {
        "de": (
            "Ein Lauf würde ungewöhnlich viele Angebote entfernen und wartet auf eine"
            " Entscheidung.",
            "Sehen Sie nach, ob die Quelle vollständig ist, und geben Sie den Lauf frei oder"
            " lehnen Sie ihn ab",
        ),
        "en": (
            "A run would withdraw unusually many offers and waits for a decision.",
            "See whether the source is whole, and release or refuse the run",
        ),
    },
    State.FAILED: {
        "de": (
            "Der letzte Lauf ist fehlgeschlagen; Angebote aus dieser Quelle veralten.",
            "Sehen Sie im Lauf die Ursache nach; abgelaufene Zugangsdaten geben Sie neu ein",
        ),
        "en": (
            "The last run failed; offers from this source grow out of date.",
            "Look for the cause in the run; enter expired credentials anew",
        ),
    },
    State.STUCK: {
        "de": (
            "Der letzte Lauf gibt kein Lebenszeichen mehr.",
            "Stoßen Sie das Einlesen neu an; hilft das nicht, fragen Sie den Betrieb",
        ),
        "en": (
            "The last run gives no sign of life any more.",
            "Let the source be read again; if that does not help, ask whoever runs the hub",
        ),
    },
}
"""Cause and fix in words, for every state that needs a person."""
