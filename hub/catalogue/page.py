"""Stores one page of a source: offers, grants, works, index, rejects, differences, counts, cursor.

`store` writes everything in one transaction, so a run that is killed has either taken in a page
together with its cursor, or nothing of it. Statements are built once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import apart, figures, index, indexing, normalise, raw, works
from hub.catalogue.compare import Comparison, Member, Stored, stored_records
from hub.catalogue.indexing import Described, Holding
from hub.db import allocate, in_list, insert, json_list
from hub.models import (
    Offer,
    OfferGrant,
    SyncChange,
    SyncPage,
    SyncReject,
    SyncRun,
    SyncSource,
)
from hub.models.base import now, table

MAX_KEPT = 10_000
"""Rejects and differences kept in full per run; beyond that they are only counted."""


class TakenOver(Exception):
    """Another process has taken the run over meanwhile, so this one must not write any more."""

    def __init__(self, run_id: int) -> None:
        super().__init__(f"Run {run_id} went on in another process; this one has stopped.")


def store(
    connection: Connection,
    site: str,
    plugin: str,
    run_id: int,
    term: int,
    found: Comparison,
) -> None:
    """Write a page. `term` says which taking-up of the run writes.

    Raises `TakenOver` if there was a later one.
    """
    lock(connection)
    moment = _datestamp(connection)
    differences = _write_offers(connection, site, plugin, found.members, moment)
    if found.reread:
        rows = [{"source_hash": one.source_hash, "offer": number} for one, number in found.reread]
        connection.execute(_note_source, rows)
        raw.keep(connection, {number: one.raw for one, number in found.reread})
    counts = {
        "run": run_id,
        "term": term,
        "now": now(),
        "added": found.added,
        "changed": found.changed,
        "unchanged": len(found.unchanged),
        "rejected": len(found.page.rejects),
        "total": found.page.checkpoint.total if found.page.checkpoint else None,
    }
    before = connection.execute(_count, counts).one_or_none()
    if before is None:
        raise TakenOver(run_id)
    if before.rejected - len(found.page.rejects) < MAX_KEPT:
        insert(
            connection,
            table(SyncReject),
            [{"run_id": run_id, **asdict(reject)} for reject in found.page.rejects],
        )
    if before.changed - found.changed < MAX_KEPT:
        insert(connection, table(SyncChange), [{"run_id": run_id, **row} for row in differences])
    seen = found.unchanged + found.spared
    seen.extend(member.offer_id for member in found.members if member.offer_id is not None)
    connection.execute(
        _insert_page,
        {
            "site_key": site,
            "plugin": plugin,
            "checkpoint": found.page.checkpoint is not None,
            "seen": seen.tobytes(),
            "deleted": found.deleted.tobytes(),
        },
    )
    if found.page.checkpoint is not None:
        connection.execute(
            _move_cursor, {"site": site, "name": plugin, "to": found.page.checkpoint.cursor}
        )


def withdraw(connection: Connection, offer_ids: Collection[int]) -> int:
    """Make tombstones of these offers where they still live; returns how many there were."""
    lock(connection)
    parameters = {"offers": json_list(offer_ids), "now": _datestamp(connection)}
    gone = connection.execute(_select_live, parameters).all()
    connection.execute(_withdraw, parameters)
    raw.drop(connection, offer_ids)
    fewer: Counter[figures.Figure] = Counter()
    for row in gone:
        fewer.subtract(figures.of_stored(row.site_key, row.kind, row.record))
    figures.change(connection, fewer)
    reindex(connection, {row.work_id for row in gone})
    return len(gone)


def reindex(connection: Connection, work_ids: Collection[int]) -> None:
    """Write the index entries of these works anew from their live offers."""
    indexing.renew(connection, work_ids, {})


def lock(connection: Connection) -> None:
    """One page at a time: works are shared by all sources, so two pages could found one twice.

    SQLite's write transaction is alone as it is.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_advisory_lock)


def _datestamp(connection: Connection) -> datetime:
    """Now, but later than every datestamp before, also when a clock was set back or two machines
    disagree: who reads changes in their order must not miss one. The lock is held."""
    latest: datetime | None = connection.scalar(_select_latest)
    moment = now()
    return moment if latest is None or latest < moment else latest + timedelta(microseconds=1)


def _write_offers(
    connection: Connection,
    site: str,
    plugin: str,
    members: list[Member],
    moment: datetime,
) -> list[dict[str, object]]:
    """Insert and update offers and what hangs on them; returns the fields that differ."""
    if not members:
        return []
    known = [member for member in members if member.offer_id is not None]
    stored = stored_records(connection, [member.offer_id for member in known if member.offer_id])
    fresh = [member for member in members if member.offer_id is None]
    for member in known:
        # A page of another source may have joined works since this page was compared.
        row = stored[member.offer_id or 0]
        member.work_id, member.link_keys, member.apart = row.work_id, row.link_keys, row.apart
    regrouped = works.assign(connection, members)
    for member, number in zip(fresh, allocate(connection, _offer, len(fresh)), strict=True):
        member.offer_id = number
    insert(
        connection,
        _offer,
        [
            {
                **_columns(member, moment),
                "site_key": site,
                "plugin": plugin,
                "source_id": member.prepared.source_id,
                "created_at": moment,
            }
            for member in fresh
        ],
    )
    if known:
        connection.execute(
            _update_offers,
            [{**_columns(member, moment), "offer": member.offer_id} for member in known],
        )
        changed_ids = [member.offer_id for member in known if member.offer_id]
        connection.execute(_delete_grants, {"offers": json_list(changed_ids)})
    raw.keep(
        connection,
        {member.offer_id or 0: member.prepared.raw for member in members},
        fresh={member.offer_id or 0 for member in fresh},
    )
    insert(
        connection,
        _grant,
        [
            {
                "offer_id": member.offer_id,
                "scope": grant.scope.value,
                "value": grant.value,
                "valid_from": grant.valid_from,
                "valid_until": grant.valid_until,
            }
            for member in members
            for grant in member.prepared.grants
        ],
    )
    figures.change(connection, _difference(site, members, stored))
    changed = {member.work_id or 0 for member in known}
    loosened = {m.work_id or 0 for m in known if set(m.old_keys) - set(m.prepared.keys)}
    parted = works.split(connection, loosened)
    if regrouped.joined:
        parted |= apart.enforce(connection)
    index.drop(connection, regrouped.dissolved)
    ready = {
        member.offer_id or 0: Described(
            member.prepared.title,
            member.prepared.modified,
            member.prepared.facets,
            member.prepared.analysis,
        )
        for member in members
        if member.prepared.analysis is not None
    }
    anew = regrouped.joined | changed | parted
    founded = regrouped.founded - anew
    holdings = [
        Holding(
            member.offer_id or 0,
            member.work_id or 0,
            site,
            member.prepared.access,
            member.prepared.text,
            moment,
        )
        for member in fresh
        if member.work_id not in anew
    ]
    indexing.found(connection, [one for one in holdings if one.work_id in founded], ready)
    indexing.extend(connection, [one for one in holdings if one.work_id not in founded])
    indexing.renew(connection, anew, ready)
    return [
        {"offer_id": member.offer_id, "field": name, "old": old, "new": new}
        for member in known
        for name, old, new in normalise.differences(
            stored[member.offer_id or 0].record, member.prepared.text
        )
    ]


def _difference(
    site: str, members: Iterable[Member], stored: Mapping[int, Stored]
) -> Counter[figures.Figure]:
    """What the members add to the figures, less what they counted before."""
    found: Counter[figures.Figure] = Counter()
    for member in members:
        one = member.prepared
        found.update(figures.of(site, one.kind, one.facets, one.access))
        before = stored.get(member.offer_id or 0)
        if before is not None and before.withdrawn_at is None:
            found.subtract(figures.of_stored(site, before.kind, before.record))
    return found


def _columns(member: Member, moment: datetime) -> dict[str, object]:
    return {
        "id": member.offer_id,
        "kind": member.kind,
        "title": member.prepared.title,
        "record": member.prepared.text,
        "content_hash": member.prepared.digest,
        "source_hash": member.prepared.source_hash,
        "match_keys": " ".join(member.prepared.keys),
        "work_id": member.work_id,
        "changed_at": moment,
        "withdrawn_at": None,
    }


_offer, _grant, _run = table(Offer), table(OfferGrant), table(SyncRun)
_source = table(SyncSource)

_advisory_lock = sa.text("SELECT pg_advisory_xact_lock(714001)")
_select_latest = sa.select(_offer.c.changed_at).order_by(_offer.c.changed_at.desc()).limit(1)
_select_live = sa.select(
    _offer.c.id, _offer.c.work_id, _offer.c.site_key, _offer.c.kind, _offer.c.record
).where(in_list(_offer.c.id, "offers"), _offer.c.withdrawn_at.is_(None))
_update_offers = (
    sa.update(_offer)
    .where(_offer.c.id == sa.bindparam("offer"))
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "kind",
                "title",
                "record",
                "content_hash",
                "source_hash",
                "match_keys",
                "work_id",
                "changed_at",
                "withdrawn_at",
            )
        }
    )
)
_note_source = (
    sa.update(_offer)
    .where(_offer.c.id == sa.bindparam("offer"))
    .values(source_hash=sa.bindparam("source_hash"))
)
_withdraw = (
    sa.update(_offer)
    .where(in_list(_offer.c.id, "offers"), _offer.c.withdrawn_at.is_(None))
    .values(withdrawn_at=sa.bindparam("now"), changed_at=sa.bindparam("now"))
)
_delete_grants = sa.delete(_grant).where(in_list(_grant.c.offer_id, "offers"))
_insert_page = sa.insert(table(SyncPage))
_count = (
    sa.update(_run)
    .where(
        _run.c.id == sa.bindparam("run"),
        _run.c.state == "running",
        _run.c.resumed == sa.bindparam("term"),
    )
    .values(
        heartbeat_at=sa.bindparam("now"),
        total=sa.func.coalesce(sa.bindparam("total", type_=sa.Integer), _run.c.total),
        **{
            name: _run.c[name] + sa.bindparam(name, type_=sa.Integer)
            for name in ("added", "changed", "unchanged", "rejected")
        },
    )
    .returning(_run.c.rejected, _run.c.changed)
)
_move_cursor = (
    sa.update(_source)
    .where(_source.c.site_key == sa.bindparam("site"), _source.c.plugin == sa.bindparam("name"))
    .values(cursor=sa.bindparam("to"))
)
