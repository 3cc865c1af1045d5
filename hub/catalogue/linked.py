"""Read model of links between offers: what waits for a decision, what was decided, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import offers
from hub.catalogue.offers import OfferView
from hub.db import in_list, json_list
from hub.models import Offer, WorkLink
from hub.models.base import table

_JOINING = ("automatic", "joined")
MOST = 50
"""Links that one offer page or command tells of."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """A pair with both offers."""

    id: int
    left: OfferView
    right: OfferView
    state: str
    score: float
    reason: Mapping[str, Any]
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A page of pairs; `next` is the `after` of the following page, None on the last."""

    items: tuple[LinkView, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why offers are one work."""

    work_id: int
    offers: list[int]
    keys: dict[str, list[int]]
    """Keys of records that several of its offers share, and which."""
    links: tuple[LinkView, ...]
    """Links among its offers, and decisions that keep one of them from others."""


def listing(
    session: Session,
    *,
    state: str = "review",
    sites: Collection[str] | None = None,
    after: int = 0,
    limit: int = 20,
) -> LinkPage:
    """Pairs in this state, oldest first; with `sites` only those with an offer of one of them.

    Pairs of which an offer was withdrawn, or that are one work already, wait for nobody.
    """
    if after >= 2**31:
        return LinkPage((), None)
    query = _pairs.where(_link.c.state == state, _link.c.id > after)
    if state == "review":
        query = query.where(
            _left.c.withdrawn_at.is_(None),
            _right.c.withdrawn_at.is_(None),
            _left.c.work_id != _right.c.work_id,
        )
    if sites is not None:
        query = query.where(
            sa.or_(_left.c.site_key.in_(sorted(sites)), _right.c.site_key.in_(sorted(sites)))
        )
    rows = session.execute(query.order_by(_link.c.id).limit(limit + 1)).all()
    items = _views(session, rows[:limit])
    return LinkPage(items, rows[limit - 1].id if len(rows) > limit else None)


def one(session: Session, link_id: int) -> LinkView | None:
    rows = session.execute(_pairs.where(_link.c.id == link_id)).all() if link_id < 2**31 else []
    return next(iter(_views(session, rows)), None)


def why(session: Session, offer_id: int) -> Why | None:
    """What joins the work of this offer, live offers only; None where there is no such offer."""
    if offer_id >= 2**31:
        return None
    work = session.scalar(sa.select(Offer.work_id).where(Offer.id == offer_id))
    if work is None:
        return None
    members = session.execute(
        sa.select(Offer.id, Offer.match_keys, Offer.apart)
        .where(Offer.work_id == work, Offer.withdrawn_at.is_(None))
        .order_by(Offer.id)
    ).all()
    sharing: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for row in members:
        for key in row.match_keys.split():
            sharing[key, row.apart].append(row.id)
    ids = [row.id for row in members]
    rows = session.execute(
        _pairs.where(
            _link.c.state.in_((*_JOINING, "apart")),
            sa.or_(in_list(_link.c.left_id, "offers"), in_list(_link.c.right_id, "offers")),
        )
        .order_by(_link.c.id)
        .limit(MOST),
        {"offers": json_list(ids)},
    ).all()
    keys = {key: shared for (key, _), shared in sharing.items() if len(shared) > 1}
    return Why(work, ids, keys, _views(session, rows))


def in_short(reason: Mapping[str, Any]) -> str:
    """A judgement in one line: `text 0.98; same year, duration; only left: …`."""
    if not reason:
        return ""
    parts = [f"text {reason['text']}"]
    for label, name in (("same", "agree"), ("other", "differ"), ("caution", "cautions")):
        if reason[name]:
            parts.append(f"{label} {', '.join(reason[name])}")
    parts += [f"“{a}”/“{b}”" for a, b in reason["slips"]]
    for label, name in (("only left", "left_only"), ("only right", "right_only")):
        if reason[name]:
            parts.append(f"{label}: {' '.join(reason[name])}")
    parts += [f"{v['name']} {v['left'] or '–'}/{v['right'] or '–'}" for v in reason["vetoes"]]
    return "; ".join(parts)


def as_data(view: LinkView) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": view.id,
        "state": view.state,
        "score": view.score,
        "reason": dict(view.reason),
        "decided_by": view.decided_by,
        "decided_at": view.decided_at.isoformat(),
        **{
            side: {"offer": offer.id, "site": offer.site, "title": offer.record.title}
            for side, offer in (("left", view.left), ("right", view.right))
        },
    }


def _views(session: Session, rows: Collection[Any]) -> tuple[LinkView, ...]:
    found = offers.by_ids(session, [end for row in rows for end in (row.left_id, row.right_id)])
    return tuple(
        LinkView(
            id=row.id,
            left=found[row.left_id],
            right=found[row.right_id],
            state=row.state,
            score=row.score,
            reason=row.reason,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )
        for row in rows
    )


_link = table(WorkLink)
_left, _right = table(Offer).alias("first"), table(Offer).alias("second")
_pairs = (
    sa.select(_link)
    .join(_left, _left.c.id == _link.c.left_id)
    .join(_right, _right.c.id == _link.c.right_id)
)
