"""Which works a person gets at today, as a bitmap: the search's filter “usable for me”.

It says the same as `entitlement.usable` of each work, but asks the database for the few offers
that the person's licences and centres reach instead of judging every work. What was found stays
with the search's columns until the index changes.
"""

from __future__ import annotations

import functools
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.catalogue.columns import NONE, Bits, Columns
from hub.catalogue.entitlement import access_column
from hub.catalogue.reader import Reader
from hub.db import in_list, json_list
from hub.models import EnteredGrant, Offer, OfferGrant, WorkKey
from hub.records import AccessMode, Scope
from hub.site import LAND

OPEN = AccessMode.OPEN.value
LICENSED = AccessMode.LICENSED.value


def works(session: Session, columns: Columns, reader: Reader, today: date) -> Bits:
    """The works that the reader gets at today."""
    name = f"{today} {_name(reader)}"
    if kept := columns.usable.of([name]):
        return kept[name]
    dialect = session.get_bind().dialect.name
    parameters = {
        "today": today,
        "sites": json_list(sorted(reader.sites)),
        "members": json_list(sorted(reader.members)),
        "lands": json_list([LAND, LAND.lower()] if reader.sites else []),
        "schools": json_list(sorted(reader.schools)),
        "types": json_list(sorted(reader.school_types)),
        "roles": json_list(sorted(reader.roles | {role.capitalize() for role in reader.roles})),
        "narrowed": json_list(["", *sorted(reader.roles)]),
    }
    bits = columns.facets.get("access", {}).get(OPEN, NONE)
    ended = session.scalars(_ended(dialect), parameters).all()
    if ended:
        still = session.scalars(_still_open(dialect), {**parameters, "works": json_list(ended)})
        bits = (bits - Bits(ended)) | Bits(still.all())
    if reader.members:
        bits |= Bits(session.scalars(_at_hand(dialect), parameters).all())
    if reader.sites or reader.schools or reader.school_types or reader.roles:
        bits |= Bits(session.scalars(_licensed(dialect), parameters).all())
        bits |= Bits(session.scalars(_entered(dialect), parameters).all())
    columns.usable.add({name: bits})
    return bits


def _name(reader: Reader) -> str:
    parts = (reader.sites, reader.members, reader.schools, reader.school_types, reader.roles)
    return " / ".join(",".join(sorted(part)) for part in parts)


_today = sa.bindparam("today", type_=sa.Date)


def _term(grant: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        sa.or_(grant.valid_from.is_(None), grant.valid_from <= _today),
        sa.or_(grant.valid_until.is_(None), grant.valid_until > _today),
    )


def _reach(grant: Any) -> sa.ColumnElement[bool]:
    return sa.or_(
        *(
            sa.and_(grant.scope == scope.value, in_list(grant.value.expression, name))
            for scope, name in (
                (Scope.LAND, "lands"),
                (Scope.SITE, "sites"),
                (Scope.SCHOOL, "schools"),
                (Scope.SCHOOL_TYPE, "types"),
                (Scope.ROLE, "roles"),
            )
        )
    )


def _with_grant(*, valid: bool) -> sa.Exists:
    """Whether the offer has a licence of its own, or one that holds."""
    grant = aliased(OfferGrant)
    found = sa.exists().where(grant.offer_id == Offer.id)
    return found.where(_term(grant)) if valid else found


_HAS_GRANT, _HAS_VALID = _with_grant(valid=False), _with_grant(valid=True)
_UNLIMITED = sa.or_(~_HAS_GRANT, _HAS_VALID)
"""No term of its own, or one that holds."""


@functools.cache
def _ended(dialect: str) -> sa.Select[int]:
    """Works with an open offer none of whose terms holds."""
    return (
        sa.select(Offer.work_id)
        .distinct()
        .join(OfferGrant, OfferGrant.offer_id == Offer.id)
        .where(
            sa.or_(OfferGrant.valid_until <= _today, OfferGrant.valid_from > _today),
            Offer.withdrawn_at.is_(None),
            sa.func.coalesce(access_column(dialect), OPEN) == OPEN,
            ~_HAS_VALID,
        )
    )


@functools.cache
def _still_open(dialect: str) -> sa.Select[int]:
    """Those of the works that have another open offer."""
    return (
        sa.select(Offer.work_id)
        .distinct()
        .where(
            in_list(Offer.work_id.expression, "works"),
            Offer.withdrawn_at.is_(None),
            sa.func.coalesce(access_column(dialect), OPEN) == OPEN,
            _UNLIMITED,
        )
    )


@functools.cache
def _at_hand(dialect: str) -> sa.Select[int]:
    """What the person's centres lend, keep for booking, do on request, or open after login."""
    kind = sa.func.coalesce(access_column(dialect), OPEN)
    implied = sa.and_(kind == LICENSED, ~_HAS_GRANT, in_list(Offer.site_key.expression, "sites"))
    return (
        sa.select(Offer.work_id)
        .distinct()
        .where(
            in_list(Offer.site_key.expression, "members"),
            Offer.withdrawn_at.is_(None),
            sa.or_(sa.and_(kind.not_in((OPEN, LICENSED)), _UNLIMITED), implied),
        )
    )


@functools.cache
def _licensed(dialect: str) -> sa.Select[int]:
    return (
        sa.select(Offer.work_id)
        .distinct()
        .join(OfferGrant, OfferGrant.offer_id == Offer.id)
        .where(
            _reach(OfferGrant),
            _term(OfferGrant),
            Offer.withdrawn_at.is_(None),
            access_column(dialect) == LICENSED,
        )
    )


@functools.cache
def _entered(dialect: str) -> sa.Select[int]:
    return (
        sa.select(Offer.work_id)
        .distinct()
        .join(WorkKey, WorkKey.work_id == Offer.work_id)
        .join(EnteredGrant, EnteredGrant.key == WorkKey.key)
        .where(
            _reach(EnteredGrant),
            in_list(EnteredGrant.role.expression, "narrowed"),
            _term(EnteredGrant),
            Offer.withdrawn_at.is_(None),
            access_column(dialect) == LICENSED,
        )
    )
