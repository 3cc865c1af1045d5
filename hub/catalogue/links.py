"""Links between offers: joining and parting works on the word of the matcher or of a person.

A link that joins gives both offers a key of its own (`link:17`, in `Offer.link_keys`), beside
those of their records, so that no sync can take it away. A split gives the offers that leave a
number (`Offer.apart`); the keys of their records then count among themselves only. So works stay
connected components of offers and keys. All that writes holds the lock of a page (`page.lock`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import apart, index, page, works
from hub.db import allocate, in_list, insert, json_list
from hub.models import Offer, WorkLink
from hub.models.base import now, table

AUTOMATIC, REVIEW, JOINED, APART = "automatic", "review", "joined", apart.APART
JOINING = (AUTOMATIC, JOINED)


class LinkError(Exception):
    """What was asked is not possible; the message says why and what to do."""


@dataclass(slots=True)
class Joining:
    """An offer as `works.assign` wants it."""

    kind: str
    keys: tuple[str, ...]
    work_id: int | None


def join(connection: Connection, one: int, other: int, who: str) -> int:
    """Make one work of those of two offers; returns the link. Raises `LinkError`."""
    page.lock(connection)
    left, right = _two(connection, one, other)
    if left.work_id == right.work_id:
        raise LinkError("These offers are one work already.")
    if left.kind != right.kind:
        raise LinkError("Only offers of the same kind can be one work.")
    row = _between(connection, left.id, right.id)
    against = _apart(connection, left.work_id, right.work_id, but=row.id if row else 0)
    if against:
        raise LinkError(
            f"Offers {against.left_id} and {against.right_id} of these works were parted by "
            f"{against.decided_by}; take that back first (hub works undo {against.id})."
        )
    link = _put(connection, left.id, right.id, JOINED, who)
    if row is not None and row.state == APART:
        _lift(connection, row.id)
    _tie(connection, link, left.id, right.id)
    return link


def keep_apart(connection: Connection, one: int, other: int, who: str) -> int:
    """Never make one work of these two again; parts them where they are. Raises `LinkError`."""
    page.lock(connection)
    left, right = _two(connection, one, other)
    if left.work_id == right.work_id:
        return _split(connection, left.work_id, [right.id], who)
    return _put(connection, left.id, right.id, APART, who)


def split(connection: Connection, offer_ids: Collection[int], who: str) -> int:
    """Take these offers out of their work, together; returns the link that keeps them apart.

    Raises `LinkError` where they are not of one work, or all of it.
    """
    page.lock(connection)
    rows = connection.execute(_select_offers, {"offers": json_list(offer_ids)}).all()
    if len(rows) != len(set(offer_ids)) or not rows:
        raise LinkError("There is no such offer.")
    if len({row.work_id for row in rows}) > 1:
        raise LinkError("These offers are not one work.")
    return _split(connection, rows[0].work_id, [row.id for row in rows], who)


def undo(connection: Connection, link_id: int, who: str) -> None:
    """Take a decision back: the pair waits for a person again. Raises `LinkError`."""
    page.lock(connection)
    row = connection.execute(_select_link, {"link": link_id}).one_or_none()
    if row is None or row.state == REVIEW:
        raise LinkError("There is no such decision.")
    _put(connection, row.left_id, row.right_id, REVIEW, who)
    if row.state == APART:
        _lift(connection, row.id)
    else:
        untie(connection, [row.id])


def tie_automatically(
    connection: Connection, one: int, other: int, judgement: Mapping[str, Any], version: int
) -> bool:
    """Join two offers on the matcher's word; False where a person has parted their works."""
    left, right = sorted((one, other))
    offers = {
        row.id: row
        for row in connection.execute(_select_offers, {"offers": json_list([one, other])})
    }
    if offers[left].work_id == offers[right].work_id:
        return True
    if _apart(connection, offers[left].work_id, offers[right].work_id):
        return False
    link = _put(connection, left, right, AUTOMATIC, "", judgement, version)
    _tie(connection, link, left, right)
    return True


def propose(
    connection: Connection, one: int, other: int, judgement: Mapping[str, Any], version: int
) -> None:
    """Show a pair to a person."""
    left, right = sorted((one, other))
    _put(connection, left, right, REVIEW, "", judgement, version)


def untie(connection: Connection, link_ids: Collection[int]) -> None:
    """Take the keys of these links from their offers, and part works that hung on them alone."""
    gone = {f"link:{link}" for link in link_ids}
    rows = connection.execute(_select_ends, {"links": json_list(link_ids)}).all()
    for row in rows:
        left = " ".join(key for key in row.link_keys.split() if key not in gone)
        connection.execute(_set_link_keys, {"offer": row.id, "to": left})
    _part(connection, {row.work_id for row in rows})


def _split(connection: Connection, work: int, leaving: list[int], who: str) -> int:
    members = connection.execute(_select_members, {"work": work}).all()
    gone = set(leaving)
    staying = [row.id for row in members if row.id not in gone]
    if not staying:
        raise LinkError("A work of which all offers leave would be the same again.")
    across = [
        row
        for row in connection.execute(_select_links, {"offers": json_list(leaving)})
        if (row.left_id in gone) != (row.right_id in gone)
    ]
    keys = {f"link:{row.id}" for row in across}
    for row in members:
        left = " ".join(key for key in row.link_keys.split() if key not in keys)
        if left != row.link_keys:
            connection.execute(_set_link_keys, {"offer": row.id, "to": left})
    for row in across:
        if row.state != APART:
            _put(connection, row.left_id, row.right_id, APART, who)
    left, right = sorted((min(staying), min(leaving)))
    link = _put(connection, left, right, APART, who)
    connection.execute(apart.SET, {"offers": json_list(leaving), "to": link})
    _part(connection, {work})
    return link


def _part(connection: Connection, work_ids: set[int]) -> None:
    founded = works.split(connection, work_ids)
    page.reindex(connection, work_ids | founded)


def _tie(connection: Connection, link: int, left: int, right: int) -> None:
    rows = connection.execute(_select_offers, {"offers": json_list([left, right])}).all()
    key = f"link:{link}"
    for row in rows:
        keys = dict.fromkeys([*row.link_keys.split(), key])
        connection.execute(_set_link_keys, {"offer": row.id, "to": " ".join(keys)})
    _assign(connection, [Joining(row.kind, (key,), row.work_id) for row in rows])


def _lift(connection: Connection, link: int) -> None:
    """Let the offers that this split set apart share their keys with all others again."""
    rows = connection.execute(_select_set_apart, {"link": link}).all()
    connection.execute(apart.SET, {"offers": json_list([row.id for row in rows]), "to": None})
    _assign(
        connection,
        [
            Joining(
                row.kind,
                works.effective(row.match_keys.split(), row.link_keys, None),
                row.work_id,
            )
            for row in rows
        ],
    )
    # The keys that they had among themselves are those of no work any more.
    after = connection.execute(_select_offers, {"offers": json_list([row.id for row in rows])})
    _part(connection, {row.work_id for row in after})


def _assign(connection: Connection, members: list[Joining]) -> None:
    if not members:
        return
    regrouped = works.assign(connection, members)
    index.drop(connection, regrouped.dissolved)
    parted = apart.enforce(connection)
    page.reindex(connection, (regrouped.joined | parted) - regrouped.dissolved)


def _two(connection: Connection, one: int, other: int) -> tuple[Any, Any]:
    rows = connection.execute(_select_offers, {"offers": json_list([one, other])}).all()
    if len(rows) != 2:
        raise LinkError("Two offers are needed that exist.")
    left, right = sorted(rows, key=lambda row: row.id)
    return left, right


def _between(connection: Connection, left: int, right: int) -> Any:
    return connection.execute(_select_pair, {"left": left, "right": right}).one_or_none()


def _apart(connection: Connection, work: int, other: int, but: int = 0) -> Any:
    """A decision that keeps an offer of the one work from one of the other."""
    parameters = {"one": work, "other": other, "but": but}
    return connection.execute(_select_apart, parameters).first()


def _put(
    connection: Connection,
    left: int,
    right: int,
    state: str,
    who: str,
    judgement: Mapping[str, Any] | None = None,
    version: int = 0,
) -> int:
    """Write down what is thought of a pair; without a judgement the one before stays."""
    row = _between(connection, left, right)
    said = {"state": state, "decided_by": who, "decided_at": now()}
    if judgement is not None:
        said |= {"score": judgement["score"], "reason": dict(judgement), "matcher": version}
    if row is not None:
        connection.execute(sa.update(_link).where(_link.c.id == row.id).values(said))
        return int(row.id)
    new = allocate(connection, _link, 1)[0]
    nothing = {"score": 0.0, "reason": {}, "matcher": 0}
    insert(connection, _link, [{"id": new, "left_id": left, "right_id": right, **nothing, **said}])
    return new


_offer, _link = table(Offer), table(WorkLink)
_right = _offer.alias()

_columns = (
    _offer.c.id, _offer.c.work_id, _offer.c.kind, _offer.c.site_key, _offer.c.match_keys,
    _offer.c.link_keys, _offer.c.apart,
)  # fmt: skip
_select_offers = sa.select(*_columns).where(in_list(_offer.c.id, "offers")).order_by(_offer.c.id)
_select_members = (
    sa.select(*_columns).where(_offer.c.work_id == sa.bindparam("work")).order_by(_offer.c.id)
)
_select_set_apart = sa.select(*_columns).where(_offer.c.apart == sa.bindparam("link"))
_select_link = sa.select(_link).where(_link.c.id == sa.bindparam("link"))
_select_pair = sa.select(_link).where(
    _link.c.left_id == sa.bindparam("left"), _link.c.right_id == sa.bindparam("right")
)
_select_links = sa.select(_link).where(
    sa.or_(in_list(_link.c.left_id, "offers"), in_list(_link.c.right_id, "offers"))
)
_select_ends = sa.select(*_columns).where(
    sa.or_(
        _offer.c.id.in_(sa.select(_link.c.left_id).where(in_list(_link.c.id, "links"))),
        _offer.c.id.in_(sa.select(_link.c.right_id).where(in_list(_link.c.id, "links"))),
    )
)
_pairs = _link.join(_offer, _offer.c.id == _link.c.left_id).join(
    _right, _right.c.id == _link.c.right_id
)
_select_apart = (
    sa.select(_link)
    .select_from(_pairs)
    .where(
        _link.c.state == APART,
        _link.c.id != sa.bindparam("but"),
        sa.or_(
            sa.and_(
                _offer.c.work_id == sa.bindparam("one"), _right.c.work_id == sa.bindparam("other")
            ),
            sa.and_(
                _offer.c.work_id == sa.bindparam("other"), _right.c.work_id == sa.bindparam("one")
            ),
        ),
    )
    .limit(1)
)
_set_link_keys = (
    sa.update(_offer)
    .where(_offer.c.id == sa.bindparam("offer"))
    .values(link_keys=sa.bindparam("to"))
)
