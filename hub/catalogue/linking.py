"""Looks for the same works among offers that changed, a batch at a time (`matching`, `links`).

Which offers are to be looked at is told by their datestamp alone, so a sync does nothing for it.
For each work its representative (the offer that the index shows) is found under its block keys.
Judging runs in a transaction that only reads; what follows is written under the lock of a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from hub.catalogue import links, normalise, page
from hub.catalogue.matching import VERSION, blocks
from hub.catalogue.matching.pairing import ambiguous, best_by_source
from hub.catalogue.matching.scoring import Decision, Judgement, judge
from hub.catalogue.matching.text import Features, features
from hub.catalogue.matching.vectors import SAMPLE, Model
from hub.catalogue.matching.vetoes import vetoes
from hub.db import Database, in_list, insert, json_list
from hub.models import Offer, SearchEntry, WorkBlock, WorkLink, WorkMatching
from hub.models.base import table
from hub.records import Kind

BATCH = 100
GROWN = 4
"""The model is made anew when there are so many times more works than it was made for."""
MEMBERS = 20
"""Offers of each of two works that are held against each other before a machine joins them."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Report:
    """What a pass did."""

    offers: int = 0
    joined: int = 0
    review: int = 0
    parted: int = 0


@dataclass(slots=True)
class _One:
    """An offer as the pass sees it."""

    id: int
    work_id: int
    site: str
    features: Features


@dataclass(slots=True)
class _Batch:
    changed: set[int] = field(default_factory=set)
    withdrawn: set[int] = field(default_factory=set)
    works: set[int] = field(default_factory=set)
    to: tuple[datetime, int] = (_BEGIN, 0)


def run(db: Database, progress: Callable[[int], object] = lambda _: None) -> Report:
    """Look at every medium that changed since the last pass; `progress` gets how many."""
    report = Report()
    model = _model(db)
    while True:
        with db.read() as session:
            batch = _next(session)
        if batch is None:
            return report
        _reconsider(db, model, batch, report)
        with db.write() as session:
            ones = _enter(session.connection(), model, batch)
        with db.read() as session:
            found = _judge(session, model, ones)
        with db.write() as session:
            _apply(session.connection(), found, report)
            session.execute(_move, {"changed": batch.to[0], "offer": batch.to[1]})
        report.offers += len(batch.changed)
        progress(len(batch.changed))


def is_due(session: Session) -> bool:
    """Whether some medium has changed since the last pass."""
    return _next(session) is not None


def _model(db: Database) -> Model:
    """The stored model, or a new one where it is outgrown; then everything is looked at anew."""
    with db.read() as session:
        row = session.get(WorkMatching, 1)
        number = session.scalar(_count_works) or 0
        fits = row is not None and row.matcher == VERSION and number <= GROWN * max(row.works, 50)
        if row is not None and fits:
            return Model.load(row.model)
        step = max(1, number // SAMPLE)
        texts = [
            features(normalise.load(text)).all
            for text in session.scalars(
                _sample, {"step": step}, execution_options={"yield_per": BATCH}
            )
        ]
    model = Model.fit(texts)
    with db.write() as session:
        page.lock(session.connection())
        session.execute(sa.delete(_block))
        session.execute(sa.delete(table(WorkMatching)))
        session.add(
            WorkMatching(id=1, matcher=VERSION, model=model.dump(), works=number, offer_id=0)
        )
    return model


def _next(session: Session) -> _Batch | None:
    at = session.execute(_select_place).one_or_none()
    since = (at.changed_at or _BEGIN, at.offer_id) if at else (_BEGIN, 0)
    rows = session.execute(_select_changed, {"changed": since[0], "offer": since[1]}).all()
    if not rows:
        return None
    return _Batch(
        changed={row.id for row in rows},
        withdrawn={row.id for row in rows if row.withdrawn_at is not None},
        works={row.work_id for row in rows},
        to=(rows[-1].changed_at, rows[-1].id),
    )


def _reconsider(db: Database, model: Model, batch: _Batch, report: Report) -> None:
    """Judge the machine's own links of changed offers anew, and drop those that hold no more."""
    with db.read() as session:
        rows = session.execute(_select_own, {"offers": json_list(batch.changed)}).all()
        if not rows:
            return
        ends = _load(session.connection(), {end for r in rows for end in (r.left_id, r.right_id)})
    gone: list[int] = []
    for row in rows:
        if row.state == links.REVIEW:
            gone.append(row.id)  # found again below where it still holds
            continue
        left, right = ends.get(row.left_id), ends.get(row.right_id)
        # Without its source's word a link stays as it was: the offer may come back.
        if left and right:
            verdict = judge(left.features, right.features, model)
            if verdict.decision is not Decision.AUTOMATIC:
                gone.append(row.id)
    if not gone:
        return
    with db.write() as session:
        connection = session.connection()
        page.lock(connection)
        mine = connection.execute(_still_own, {"links": json_list(gone)}).all()
        tied = [row.id for row in mine if row.state == links.AUTOMATIC]
        if tied:
            links.untie(connection, tied)
        report.parted += len(tied)
        connection.execute(_delete_links, {"links": json_list([row.id for row in mine])})


def _enter(connection: Connection, model: Model, batch: _Batch) -> dict[int, _One]:
    """Enter the representatives of the batch's works under their keys, and forget the others."""
    page.lock(connection)  # two passes may be at work
    # A link that was dropped may have parted works.
    batch.works |= set(connection.scalars(_select_works, {"offers": json_list(batch.changed)}))
    speaking = set(connection.scalars(_select_speaking, {"works": json_list(batch.works)}))
    known = set(connection.scalars(_select_entered, {"works": json_list(batch.works)}))
    stale = (known | speaking) & batch.changed | (known - speaking)
    ones = _load(connection, speaking - (known - stale))
    connection.execute(_delete_blocks, {"offers": json_list(stale | ones.keys())})
    wanted = {one.id: blocks.keys(one.features, model) for one in ones.values()}
    fill = defaultdict(int, _fill(connection, {key for keys in wanted.values() for key in keys}))
    rows = []
    for number, keys in wanted.items():
        for key in keys:
            if fill[key] < blocks.FULLEST:
                fill[key] += 1
                rows.append({"key": key, "offer_id": number})
    insert(connection, _block, rows)
    return ones


def _fill(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """How many offers stand under each key."""
    rows = connection.execute(_count_blocks, {"keys": json_list(names)}).all()
    return {row.key: row.number for row in rows}


def _judge(
    session: Session, model: Model, ones: dict[int, _One]
) -> list[tuple[_One, _One, Judgement]]:
    """The pairs in which each is the other's best at the other site."""
    connection = session.connection()
    nearest = _candidates(connection, model, ones.values())
    loaded = _load(connection, {c for found in nearest.values() for c in found}) | ones
    chosen: list[tuple[_One, _One, Judgement, bool]] = []
    for number, candidates in nearest.items():
        one = ones[number]
        best = best_by_source(
            [
                (other, judge(one.features, loaded[other].features, model))
                for other in candidates
                if other in loaded
            ],
            lambda other: loaded[other].site,
        )
        chosen += [(one, loaded[o], verdict, unsure) for o, verdict, unsure in best.values()]
    back = _candidates(connection, model, {other.id: other for _, other, _, _ in chosen}.values())
    loaded |= _load(connection, {c for found in back.values() for c in found} - loaded.keys())
    pairs: dict[tuple[int, int], tuple[_One, _One, Judgement]] = {}
    for one, other, verdict, unsure in chosen:
        rivals = [
            (rival, judge(other.features, loaded[rival].features, model))
            for rival in back.get(other.id, ())
            if rival in loaded and loaded[rival].site == one.site and rival != one.id
        ]
        rivals.append((one.id, verdict))
        best_back = best_by_source(rivals, lambda rival: loaded[rival].site).get(one.site)
        if best_back is None or best_back[1].score > verdict.score:
            continue
        if unsure or best_back[2]:
            ambiguous(verdict)
        left, right = (one, other) if one.id < other.id else (other, one)
        if left is not one:
            verdict = judge(left.features, right.features, model)
            if unsure or best_back[2]:
                ambiguous(verdict)
        pairs[left.id, right.id] = (left, right, verdict)
    return [pairs[key] for key in sorted(pairs)]


def _candidates(connection: Connection, model: Model, ones: Iterable[_One]) -> dict[int, list[int]]:
    """Offers of other works at other sites that share the most telling keys, by offer."""
    wanted = {one.id: (one, blocks.keys(one.features, model)) for one in ones}
    fill = _fill(connection, {key for _, keys in wanted.values() for key in keys})
    chosen = {number: blocks.telling(keys, fill) for number, (_, keys) in wanted.items()}
    names = {key for keys in chosen.values() for key in keys}
    members: dict[str, list[int]] = defaultdict(list)
    # Fetched at once, and the offers apart from their keys: there are many rows per offer.
    for key, number in connection.execute(_select_blocks, {"keys": json_list(names)}).all():
        members[key].append(number)
    found = {number for numbers in members.values() for number in numbers}
    site, work = {}, {}
    for row in connection.execute(_select_places, {"offers": json_list(found)}).all():
        site[row.id], work[row.id] = row.site_key, row.work_id
    return {
        number: blocks.closest(
            (
                [o for o in members[key] if site[o] != one.site and work[o] != one.work_id],
                1 / (2 + len(members[key])),
            )
            for key in chosen[number]
        )
        for number, (one, _) in wanted.items()
    }


def _apply(
    connection: Connection, found: list[tuple[_One, _One, Judgement]], report: Report
) -> None:
    page.lock(connection)
    silent: set[int] = set()
    decided = {
        (row.left_id, row.right_id)
        for row in connection.execute(
            _select_decided, {"offers": json_list([left.id for left, _, _ in found])}
        )
    }
    for left, right, verdict in found:
        if (left.id, right.id) in decided:
            continue
        if verdict.decision is Decision.NONE:
            continue
        if verdict.decision is Decision.AUTOMATIC:
            if _members_agree(connection, left.id, right.id) and links.tie_automatically(
                connection, left.id, right.id, verdict.as_data(), VERSION
            ):
                report.joined += 1
                silent.add(left.id)
                continue
            verdict.cautions.append("members")
            verdict.decision = Decision.REVIEW
        links.propose(connection, left.id, right.id, verdict.as_data(), VERSION)
        report.review += 1
    joined = set(connection.scalars(_select_works, {"offers": json_list(silent)}))
    _forget(connection, joined)


def _forget(connection: Connection, work_ids: Collection[int]) -> None:
    """Of works that were joined only one offer speaks."""
    works = {"works": json_list(work_ids)}
    known = set(connection.scalars(_select_entered, works))
    speaking = set(connection.scalars(_select_speaking, works))
    connection.execute(_delete_blocks, {"offers": json_list(known - speaking)})


def _members_agree(connection: Connection, left: int, right: int) -> bool:
    """Whether no offer of the one work is vetoed by one of the other: what is alike in pairs need
    not be alike in a chain."""
    sides = [
        [features(normalise.load(text)) for text in connection.scalars(_select_side, {"offer": o})]
        for o in (left, right)
    ]
    return not any(vetoes(one, other) for one in sides[0] for other in sides[1])


def _load(connection: Connection, offer_ids: Collection[int]) -> dict[int, _One]:
    """Live offers by id."""
    return {
        row.id: _One(row.id, row.work_id, row.site_key, features(normalise.load(row.record)))
        for row in connection.execute(_select_records, {"offers": json_list(offer_ids)})
    }


_offer, _entry, _link = table(Offer), table(SearchEntry), table(WorkLink)
_block, _place = table(WorkBlock), table(WorkMatching)

_live = sa.and_(_offer.c.withdrawn_at.is_(None), _offer.c.kind == Kind.MEDIUM.value)
_count_works = sa.select(sa.func.count()).where(_entry.c.offer_id.is_not(None))
_sample = (
    sa.select(_offer.c.record)
    .join(_entry, _entry.c.offer_id == _offer.c.id)
    .where(_live, _entry.c.work_id % sa.bindparam("step", type_=sa.Integer) == 0)
    .order_by(_entry.c.work_id)
    .limit(SAMPLE)
)
_select_place = sa.select(_place.c.changed_at, _place.c.offer_id)
_move = sa.update(_place).values(changed_at=sa.bindparam("changed"), offer_id=sa.bindparam("offer"))
_select_changed = (
    sa.select(_offer.c.id, _offer.c.work_id, _offer.c.changed_at, _offer.c.withdrawn_at)
    .where(
        _offer.c.kind == Kind.MEDIUM.value,
        _offer.c.changed_at >= sa.bindparam("changed"),
        sa.or_(_offer.c.changed_at > sa.bindparam("changed"), _offer.c.id > sa.bindparam("offer")),
    )
    .order_by(_offer.c.changed_at, _offer.c.id)
    .limit(BATCH)
)
_select_works = sa.select(_offer.c.work_id).where(in_list(_offer.c.id, "offers")).distinct()
_select_speaking = (
    sa.select(_offer.c.id)
    .join(_entry, _entry.c.offer_id == _offer.c.id)
    .where(in_list(_entry.c.work_id, "works"), _live)
)
_select_entered = (
    sa.select(_block.c.offer_id)
    .join(_offer, _offer.c.id == _block.c.offer_id)
    .where(in_list(_offer.c.work_id, "works"))
    .distinct()
)
_delete_blocks = sa.delete(_block).where(in_list(_block.c.offer_id, "offers"))
_count_blocks = (
    sa.select(_block.c.key, sa.func.count().label("number"))
    .where(in_list(_block.c.key, "keys"))
    .group_by(_block.c.key)
)
_select_blocks = (
    sa.select(_block.c.key, _block.c.offer_id)
    .where(in_list(_block.c.key, "keys"))
    .order_by(_block.c.key, _block.c.offer_id)
)
_select_places = sa.select(_offer.c.id, _offer.c.site_key, _offer.c.work_id).where(
    in_list(_offer.c.id, "offers")
)
_select_records = sa.select(
    _offer.c.id, _offer.c.work_id, _offer.c.site_key, _offer.c.record
).where(in_list(_offer.c.id, "offers"), _live)
_machine = _link.c.state.in_((links.AUTOMATIC, links.REVIEW))
_of_offers = sa.or_(in_list(_link.c.left_id, "offers"), in_list(_link.c.right_id, "offers"))
_select_own = sa.select(_link).where(_machine, _link.c.decided_by == "", _of_offers)
_still_own = sa.select(_link.c.id, _link.c.state).where(
    _machine, _link.c.decided_by == "", in_list(_link.c.id, "links")
)
_delete_links = sa.delete(_link).where(in_list(_link.c.id, "links"))
_select_decided = sa.select(_link.c.left_id, _link.c.right_id).where(
    sa.or_(_link.c.state.in_((links.JOINED, links.APART)), _link.c.decided_by != ""),
    in_list(_link.c.left_id, "offers"),
)
_own_work = (
    sa.select(_offer.c.work_id).where(_offer.c.id == sa.bindparam("offer")).scalar_subquery()
)
_select_side = (
    sa.select(_offer.c.record)
    .where(_offer.c.work_id == _own_work, _live)
    .order_by(_offer.c.id)
    .limit(MEMBERS)
)
