"""Wishes for licences: from a person to their centre, and summed up to the Landesmedienzentren.

A wish is one person's for one work, however many offers the work has and however often the button
is pressed. Whose it is stays with the person: a centre sees how many asked for a work, the
network's sums leave out works for which fewer than `SMALLEST` did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from hub.catalogue.offers import ids_parameter
from hub.db import in_list
from hub.models import Offer, Wish
from hub.models.base import now

SMALLEST = 5
"""Persons below whom the network's sums say nothing, so that nobody can be guessed."""
MOST = 500
"""Works in a list: those most wished for."""
MOST_OF_ONE = 200
"""Wishes that one person may have at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A work with the number of persons who wish for it, at one centre or in the network."""

    work_id: int
    offer_id: int
    """One of its offers, to name and to show it."""
    title: str
    persons: int
    centres: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class Sums:
    """What the network wishes for; `withheld` works are wished for by too few to be named."""

    works: tuple[Wanted, ...]
    withheld: int


@dataclass(frozen=True, slots=True)
class Own:
    """A wish of the person who looks at it."""

    offer_id: int
    title: str
    site: str
    created_at: datetime
    withdrawn: bool
    """Whether its centre no longer offers it."""


class TooMany(Exception):
    """The person has `MOST_OF_ONE` wishes already."""


def report(session: Session, person_id: int, offer_id: int, site: str) -> bool:
    """Enter a wish to this centre; False when the person already has one for this work.

    Raises `TooMany`.
    """
    if wished(session, person_id, offer_id):
        return False
    own = session.scalar(sa.select(sa.func.count()).where(Wish.person_id == person_id)) or 0
    if own >= MOST_OF_ONE:
        raise TooMany
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    entered = session.scalar(
        dialect.insert(Wish)
        .values(person_id=person_id, offer_id=offer_id, site_key=site, created_at=now())
        .on_conflict_do_nothing()
        .returning(Wish.offer_id)
    )
    return entered is not None


def withdraw(session: Session, person_id: int, offer_id: int) -> bool:
    """Take back the person's wish for the work of this offer; False when there is none."""
    gone = session.execute(
        sa.delete(Wish)
        .where(Wish.person_id == person_id, Wish.offer_id.in_(_siblings(offer_id)))
        .returning(Wish.offer_id)
        .execution_options(synchronize_session=False)
    )
    return bool(gone.all())


def wished(session: Session, person_id: int, offer_id: int) -> str | None:
    """The centre to which the person reported the need for the work of this offer."""
    return session.scalars(
        sa.select(Wish.site_key)
        .where(Wish.person_id == person_id, Wish.offer_id.in_(_siblings(offer_id)))
        .limit(1)
    ).one_or_none()


def own(session: Session, person_id: int) -> Sequence[Own]:
    """The person's wishes, the latest first."""
    rows = session.execute(
        sa.select(Wish.offer_id, Offer.title, Wish.site_key, Wish.created_at, Offer.withdrawn_at)
        .join(Offer, Offer.id == Wish.offer_id)
        .where(Wish.person_id == person_id)
        .order_by(Wish.created_at.desc(), Wish.offer_id)
    )
    return [Own(*row[:4], withdrawn=row[4] is not None) for row in rows]


def at_site(session: Session, site: str) -> tuple[Wanted, ...]:
    """What the users of a centre wish for, most wished for first."""
    return _wanted(session, Wish.site_key == site)


def sums(session: Session, visible: sa.ColumnElement[bool]) -> Sums:
    """What people wish for, of all wishes that are visible, as far as enough persons do."""
    persons = _persons(visible)
    few = sa.select(sa.func.count()).select_from(persons).where(persons.c.persons < SMALLEST)
    return Sums(_wanted(session, visible, SMALLEST), session.scalar(few) or 0)


def persons_of(
    session: Session, visible: sa.ColumnElement[bool], works: Sequence[int], least: int
) -> dict[int, int]:
    """How many persons wish for each of these works, of all wishes that are visible; left out
    where fewer than `least` do."""
    persons = sa.func.count(Wish.person_id.distinct())
    rows = session.execute(
        sa.select(Offer.work_id, persons)
        .join(Offer, Offer.id == Wish.offer_id)
        .where(visible, in_list(Offer.work_id.expression, "works"))
        .group_by(Offer.work_id)
        .having(persons >= least),
        {"works": ids_parameter(works)},
    )
    return {row.work_id: row[1] for row in rows}


def _siblings(offer_id: int) -> sa.Select[int]:
    """All offers, live or not, of the work that this offer belongs to."""
    other = aliased(Offer)
    work = sa.select(other.work_id).where(other.id == offer_id).scalar_subquery()
    return sa.select(Offer.id).where(Offer.work_id == work)


def _persons(condition: sa.ColumnElement[bool]) -> sa.Subquery:
    return (
        sa.select(
            Offer.work_id,
            sa.func.min(Offer.id).label("offer_id"),
            sa.func.count(Wish.person_id.distinct()).label("persons"),
            sa.func.count(Wish.site_key.distinct()).label("centres"),
            sa.func.max(Wish.created_at).label("latest"),
        )
        .join(Offer, Offer.id == Wish.offer_id)
        .where(condition)
        .group_by(Offer.work_id)
        .subquery()
    )


def _wanted(
    session: Session, condition: sa.ColumnElement[bool], least: int = 1
) -> tuple[Wanted, ...]:
    found = _persons(condition)
    rows = session.execute(
        sa.select(
            found.c.work_id,
            found.c.offer_id,
            Offer.title,
            found.c.persons,
            found.c.centres,
            found.c.latest,
        )
        .join(Offer, Offer.id == found.c.offer_id)
        .where(found.c.persons >= least)
        .order_by(found.c.persons.desc(), found.c.latest.desc(), found.c.work_id)
        .limit(MOST)
    )
    return tuple(Wanted(*row) for row in rows)
