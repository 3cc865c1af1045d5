"""What is held about a person: handed over (DSGVO Art. 15, 20) and erased (Art. 17).

The hub's own tables are asked through their reference to `person`, so that none is forgotten; the
plugins of all sites through their hooks. Who has something on loan is not erased: the plugin that
knows of it raises `Rejected`, and its reason is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub.booking import retention as booking_retention
from hub.booking import wording
from hub.identity import audit, people, sessions
from hub.identity.actor import Actor
from hub.installed import Unusable, hooks_of
from hub.models import AuditEntry, Person
from hub.models.base import Base, now
from hub.runtime import Hub
from hub.site import Site

INACTIVE = timedelta(days=730)
"""An account in which nobody logged in for so long is erased."""
DEADLINE = 10.0
"""Seconds that the plugins of a site may take."""
CREDENTIALS = frozenset({"password", "token_hash", "code_hash", "secret", "recovery", "reply_to"})
"""Columns that are proofs, not statements about the person: never handed over."""

log = structlog.get_logger(__name__)


class Refused(Exception):
    """The person is not erased now; `reasons` say why, for the person.

    Each is a plugin's own words with the name of its site, or the code `last_admin`, or
    `unavailable` where a service could not be asked, or `broken` where a plugin is enabled but
    cannot run.
    """

    def __init__(self, reasons: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{where}: {why}" for where, why in reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Held:
    """Everything held about a person: by the hub's tables, and by site and plugin."""

    tables: Mapping[str, list[dict[str, Any]]]
    plugins: Mapping[str, Mapping[str, Any]]
    failed: tuple[tuple[str, str], ...]
    """Site and plugin that could not be asked just now."""

    def document(self) -> dict[str, Any]:
        """As JSON takes it; moments as ISO 8601."""
        return {
            "generated": now().isoformat(),
            "hub": self.tables,
            "centres": self.plugins,
            "not_reached": [f"{site}/{plugin}" for site, plugin in self.failed],
        }


def held(hub: Hub, person_id: int) -> Held:
    """Ask every table and every plugin; raises `LookupError` for a person who does not exist."""
    with hub.db.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise LookupError(person_id)
        tables = dict(_rows(session, person))
        record = _record(session, person)
    plugins: dict[str, dict[str, Any]] = {}
    failed = []
    for site in _sites(hub, "personal_data_export"):
        results, failures = site.each("personal_data_export", deadline=DEADLINE, person=record)
        if any(results.values()):
            plugins[site.key] = {name: data for name, data in results.items() if data}
        failed += [(site.key, plugin) for plugin in failures]
    failed += _broken(hub, "personal_data_export")
    return Held(tables, plugins, tuple(failed))


def erase(hub: Hub, person_id: int, *, by: str) -> None:
    """Erase a person everywhere; raises `Refused` and leaves the account, or `LookupError`.

    What a plugin erased before another refused stays erased; asking again goes on from there.
    """
    with hub.db.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise LookupError(person_id)
        pseudonym, record = person.key, _record(session, person)
        if people.is_last_admin(session, person_id):
            raise Refused((("", "last_admin"),))
        loans = booking_retention.on_loan(session, person_id)
    if loans:
        names = {row.key: row.name for row in hub.sites.directory()}
        raise Refused(
            tuple((names.get(site, site), wording.not_back(*what)) for site, *what in loans)
        )
    broken = _broken(hub, "personal_data_erase")
    names = {row.key: row.name for row in hub.sites.directory()}
    reasons = [(names[key], "broken") for key in dict.fromkeys(key for key, _ in broken)]
    for key, plugin in broken:
        log.warning("person.not_erased", site=key, plugin=plugin, kind="broken")
    for site in _sites(hub, "personal_data_erase"):
        _, failures = site.each("personal_data_erase", deadline=DEADLINE, person=record)
        for plugin, failure in failures.items():
            told = failure.message if failure.kind == "rejected" else "unavailable"
            reasons.append((site.row.name, told))
            log.warning("person.not_erased", site=site.key, plugin=plugin, kind=failure.kind)
    if reasons:
        raise Refused(tuple(reasons))
    with hub.db.write() as session:
        booking_retention.forget_person(session, person_id, now())
        session.execute(sa.delete(Person).where(Person.id == person_id))
        # What the person did stays in the log, by nobody; what was done to them says nothing more.
        entry = sa.update(AuditEntry)
        session.execute(entry.where(AuditEntry.actor == pseudonym).values(actor="erased"))
        session.execute(
            entry.where(AuditEntry.subject == f"person:{person_id}").values(subject="erased")
        )
        audit.note(session, "erased" if by == pseudonym else by, None, "person.erase", "erased")


def erase_inactive(hub: Hub, moment: datetime) -> int:
    """Erase the accounts in which nobody logged in for long; returns how many."""
    last = sa.func.coalesce(Person.seen_at, Person.created_at)
    with hub.db.read() as session:
        numbers = session.scalars(sa.select(Person.id).where(last < moment - INACTIVE)).all()
    erased = 0
    for number in numbers:
        try:
            erase(hub, number, by="hub")
        except (Refused, LookupError) as reason:
            log.info("person.kept", reason=str(reason))
        else:
            erased += 1
    return erased


def _sites(hub: Hub, hook: str) -> Iterator[Site]:
    for row in hub.sites.directory():
        site = hub.sites.site(row.key)
        if any(site.implements(plugin, hook) for plugin in site.plugins):
            yield site


def _broken(hub: Hub, hook: str) -> list[tuple[str, str]]:
    """Site and plugin that is enabled but cannot be asked: what it holds, nobody knows.

    One whose code cannot even be read may have the hook.
    """
    found = []
    for row in hub.sites.directory():
        for name in hub.sites.site(row.key).problems:
            try:
                asked = hook in hooks_of(hub.sites.installed.load(name))
            except Unusable:
                asked = True
            if asked:
                found.append((row.key, name))
    return found


def _record(session: Session, person: Person) -> Any:
    roles = sessions.roles_of(session, person.id)
    return Actor(person.id, person.key, person.name, roles, context=sessions.usual(roles)).record()


def _rows(session: Session, person: Person) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every row that refers to the person, by table, without what only proves who they are."""
    people_table = Person.__table__
    for table in Base.metadata.sorted_tables:
        if table is people_table:
            condition = table.c.id == person.id
        elif table is AuditEntry.__table__:
            condition = sa.or_(
                table.c.actor == person.key, table.c.subject == f"person:{person.id}"
            )
        else:
            keys = [key for key in table.foreign_keys if key.column.table is people_table]
            if not keys:
                continue
            condition = sa.or_(*(key.parent == person.id for key in keys))
        columns = [column for column in table.c if column.name not in CREDENTIALS]
        rows = session.execute(sa.select(*columns).where(condition)).mappings()
        found = [{name: _plain(value) for name, value in row.items()} for row in rows]
        if found:
            yield table.name, found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value
