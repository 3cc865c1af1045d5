"""Holds a page of a source against the catalogue: what is new, changed, unchanged, gone.

`look_up` reads what is stored already, `sift` sets aside what was read before, and `compare` holds
the rest against it. None needs a lock because only one run at a time works on a source.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import normalise, prepare, repeats
from hub.catalogue.prepare import Page, Prepared
from hub.catalogue.reading import source_hash
from hub.catalogue.works import effective
from hub.db import in_list, json_list
from hub.models import Offer
from hub.models.base import table
from hub.records import Change, Document, Reject


@dataclass(slots=True)
class Member:
    """A record that is new or differs from what is stored."""

    prepared: Prepared
    offer_id: int | None = None
    old_digest: str | None = None
    old_keys: tuple[str, ...] = ()
    work_id: int | None = None
    link_keys: str = ""
    apart: int | None = None

    @property
    def kind(self) -> str:
        return self.prepared.kind

    @property
    def keys(self) -> tuple[str, ...]:
        """Those that count (`works.effective`); the record's own are `prepared.keys`."""
        return effective(self.prepared.keys, self.link_keys, self.apart)


@dataclass(slots=True)
class Comparison:
    """A page held against the catalogue."""

    page: Page
    members: list[Member] = field(default_factory=list)
    unchanged: array[int] = field(default_factory=lambda: array("q"))
    """Ids of the offers that are as they were."""
    reread: list[tuple[Prepared, int]] = field(default_factory=list)
    """Record and id of unchanged offers that read the same although what the source sent, or what
    reads it, is another."""
    spared: array[int] = field(default_factory=lambda: array("q"))
    """Ids of live offers whose record cannot be read now: the source has them, so they stay."""
    deleted: array[int] = field(default_factory=lambda: array("q"))
    """Ids of the live offers that the source says are gone."""

    @property
    def added(self) -> int:
        return sum(member.old_digest is None for member in self.members)

    @property
    def changed(self) -> int:
        return len(self.members) - self.added


Stored = sa.Row[*tuple[Any, ...]]
"""Of an offer: id, source_id, content_hash, source_hash, match_keys, withdrawn_at."""


def names(page: Page) -> set[str]:
    """The source ids of which a page speaks."""
    return {*page.upserts, *page.deletes, *(reject.source_id for reject in page.rejects)}


def look_up(
    connection: Connection, site: str, plugin: str, names: Collection[str]
) -> dict[str, Stored]:
    """What is stored of these records, by source id."""
    if not names:
        return {}
    rows = connection.execute(
        _select_stored, {"site": site, "plugin": plugin, "names": json_list(names)}
    )
    return {row.source_id: row for row in rows}


def sift(
    changes: Sequence[Change], stored: Mapping[str, Stored]
) -> tuple[list[Change], array[int]]:
    """The changes that must be looked at, and the ids of offers whose documents were read before.

    Where a page speaks of a record more than once, all of it must be looked at, in its order.
    """
    rest: list[Change] = []
    unchanged = array("q")
    again = Counter(name for change in changes if (name := prepare.name(change)) is not None)
    for change in changes:
        if isinstance(change, Document):
            name = prepare.name(change) or ""
            row = stored.get(name)
            if (
                row is not None
                and row.withdrawn_at is None
                and row.source_hash
                and again[name] == 1
                and row.source_hash == source_hash(change)
            ):
                unchanged.append(row.id)
                continue
        rest.append(change)
    return rest, unchanged


def compare(
    page: Page, stored: Mapping[str, Stored], unchanged: array[int] | None = None
) -> Comparison:
    """Which of the page's records are new, changed, unchanged, and which deletions concern us.

    `stored` must know everything of the page that is stored; `unchanged` are offers of the page
    that were sifted out before.
    """
    result = Comparison(page)
    if unchanged is not None:
        result.unchanged.extend(unchanged)
    unread = {one.source_id for one in page.rejects if one.reason != repeats.TWICE}
    rejected = unread - page.upserts.keys()
    for name, prepared in page.upserts.items():
        row = stored.get(name)
        if row is None:
            result.members.append(Member(prepared))
        elif row.content_hash == prepared.digest and row.withdrawn_at is None:
            result.unchanged.append(row.id)
            if row.source_hash != prepared.source_hash:
                result.reread.append((prepared, row.id))
        else:
            result.members.append(
                Member(prepared, row.id, row.content_hash, tuple(row.match_keys.split()))
            )
    for said, ids in ((set(page.deletes), result.deleted), (rejected, result.spared)):
        for name in said:
            row = stored.get(name)
            if row is not None and row.withdrawn_at is None:
                ids.append(row.id)
    return result


def given_before(
    connection: Connection, found: Comparison, given: repeats.Given
) -> Iterator[Reject]:
    """The records that pages before this one brought under an id of this one."""
    again = {
        member.offer_id: member.prepared.source_id
        for member in found.members
        if member.offer_id is not None and member.offer_id in given
    }
    if again:
        for number, before in stored_records(connection, again).items():
            yield Reject(again[number], repeats.TWICE, prepare.shortened(before.record))


def differences(connection: Connection, found: Comparison) -> list[tuple[str, str, str, str]]:
    """Source id, field, old and new value of what the page would change."""
    known = [member for member in found.members if member.offer_id is not None]
    stored = stored_records(connection, [member.offer_id for member in known if member.offer_id])
    return [
        (member.prepared.source_id, *difference)
        for member in known
        for difference in normalise.differences(
            stored[member.offer_id or 0].record, member.prepared.text
        )
    ]


def stored_records(connection: Connection, offer_ids: Iterable[int]) -> dict[int, Stored]:
    """What is stored of these offers, by their ids."""
    rows = connection.execute(_select_records, {"offers": json_list(list(offer_ids))})
    return {row.id: row for row in rows}


_offer = table(Offer)

_select_stored = sa.select(
    _offer.c.id,
    _offer.c.source_id,
    _offer.c.content_hash,
    _offer.c.source_hash,
    _offer.c.match_keys,
    _offer.c.withdrawn_at,
).where(
    _offer.c.site_key == sa.bindparam("site"),
    _offer.c.plugin == sa.bindparam("plugin"),
    in_list(_offer.c.source_id, "names"),
)
_select_records = sa.select(
    _offer.c.id,
    _offer.c.work_id,
    _offer.c.kind,
    _offer.c.record,
    _offer.c.withdrawn_at,
    _offer.c.link_keys,
    _offer.c.apart,
).where(in_list(_offer.c.id, "offers"))
