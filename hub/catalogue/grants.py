"""Licences that people enter beside those of the sources: taken from policies, or by hand.

They hang on the match key of a medium, not on an offer, so a new run of a source leaves them
alone, and whoever offers the medium later finds them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import index, vocabulary
from hub.catalogue.identifiers import medium_key
from hub.formats import school_ids
from hub.formats.odrl import Policy, Reach
from hub.models import (
    AuditEntry,
    EnteredGrant,
    Institution,
    InstitutionSite,
    Offer,
    Site,
    WorkKey,
)
from hub.records import Scope
from hub.site import LAND

LAND_AREA = "https://www.wikidata.org/wiki/Q1198"
"""North Rhine-Westphalia."""
BY_HAND = "by hand"


class GrantError(Exception):
    """The licence was not entered; the message says why and what to do.

    `reason` is `medium` (no number), `unknown` (nobody offers it), `term`, `whom` or `gone`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one policy: how many licences it gave, and what could not be entered."""

    number: int
    policy: str
    medium: str
    entered: int
    problems: tuple[str, ...]


def take_in(
    session: Session,
    policies: Sequence[Policy],
    areas: Mapping[str, str],
    *,
    actor: str,
    origin: str,
) -> list[Line]:
    """Enter what the policies say; `areas` maps addresses of areas to keys of sites.

    A policy that was taken in before is replaced, unless nothing of it can be entered any more:
    then what it said before stays.
    """
    lines = []
    for policy in policies:
        problems = list(policy.problems)
        key = ""
        rows: list[Row] = []
        if policy.reaches:
            try:
                key = medium_of(session, policy.target)
            except GrantError as error:
                problems.append(str(error))
        for reach in policy.reaches if key else ():
            try:
                scope, value = _whom(session, reach, areas)
            except GrantError as error:
                problems.append(str(error))
                continue
            role = "" if scope is Scope.ROLE else reach.role
            term = reach.valid_from, reach.valid_until
            rows.append((key, scope, value, role, *term, reach.concurrent, reach.pool))
        entered = _replace(session, policy.uid, rows, actor=actor, origin=origin) if rows else 0
        lines.append(Line(policy.number, policy.uid, policy.target, entered, tuple(problems)))
    if any(line.entered for line in lines):
        index.touch(session.connection())
        _audit(session, actor, "grants.import", origin, {"policies": len(lines)})
    return lines


def enter(
    session: Session,
    medium: str,
    scope: Scope,
    value: str,
    *,
    actor: str,
    role: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
    site: str | None = None,
) -> int:
    """Enter one licence by hand; returns its number. Raises `GrantError`.

    With `site` it is that centre's to give: for its own area, or for a school that it serves.
    """
    key = medium_of(session, medium)
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise GrantError(
            "term", f"The licence ends ({valid_until}) before it begins ({valid_from})."
        )
    role = _role(role) if role else ""
    value = _known(session, scope, value)
    if site is not None and (scope, value) != (Scope.SITE, site):
        served = scope is Scope.SCHOOL and session.scalar(_schools(site).where(_id == value))
        if not served:
            raise GrantError("whom", f"The centre {site!r} does not serve {value!r}.")
    same = sa.select(EnteredGrant).where(
        EnteredGrant.policy == BY_HAND,
        EnteredGrant.key == key,
        EnteredGrant.scope == scope.value,
        EnteredGrant.value == value,
        EnteredGrant.role == role,
    )
    row = session.scalars(same).one_or_none()
    if row is None:
        row = EnteredGrant(key=key, scope=scope.value, value=value, role=role, policy=BY_HAND)
        session.add(row)
    row.valid_from, row.valid_until = valid_from, valid_until
    row.origin, row.entered_by = BY_HAND, actor
    session.flush()
    index.touch(session.connection())
    _audit(session, actor, "grants.add", f"grant:{row.id}", _shown(row), site)
    return row.id


def bought(
    session: Session,
    act: str,
    key: str,
    sites: Sequence[str],
    *,
    actor: str,
    valid_from: date | None,
    valid_until: date | None,
) -> None:
    """Enter a licence for the area of each of these sites in one act, which `act` names. Done twice
    it is done once; without sites it is taken back."""
    before = session.scalars(sa.select(EnteredGrant.value).where(EnteredGrant.policy == act)).all()
    rows: list[Row] = [
        (key, Scope.SITE, site, "", valid_from, valid_until, None, 0) for site in sites
    ]
    _replace(session, act, rows, actor=actor, origin=act)
    index.touch(session.connection())
    shown: dict[str, object] = {
        "key": key,
        "valid_from": str(valid_from or ""),
        "valid_until": str(valid_until or ""),
    }
    for site in sorted({*before, *sites}):
        action = "grants.add" if site in sites else "grants.remove"
        _audit(session, actor, action, act, shown, site)


def remove(session: Session, number: int, *, actor: str, site: str | None = None) -> None:
    """Take an entered licence away; with `site`, one that was entered by hand and is that centre's.
    Raises `GrantError`."""
    row = session.get(EnteredGrant, number)
    if row is not None and site is not None:
        theirs = sa.select(EnteredGrant.id).where(EnteredGrant.id == number, own(site))
        if row.policy != BY_HAND or session.scalar(theirs) is None:
            row = None
    if row is None:
        raise GrantError(
            "gone", f"There is no entered licence {number}; `hub grants list` shows them."
        )
    _audit(session, actor, "grants.remove", f"grant:{number}", _shown(row), site)
    session.delete(row)
    session.flush()
    index.touch(session.connection())


def listing(session: Session, *, after: int = 0, limit: int = 100) -> Sequence[EnteredGrant]:
    """Entered licences in the order of their numbers, from the first greater than `after`."""
    query = sa.select(EnteredGrant).where(EnteredGrant.id > after).order_by(EnteredGrant.id)
    return session.scalars(query.limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Listed:
    """An entered licence with the medium that it is for."""

    row: EnteredGrant
    title: str
    offer_id: int | None
    """One of the live offers of the medium; None where nobody offers it any more."""
    school: str
    """The name of the school, where the licence is for one."""

    @property
    def by_hand(self) -> bool:
        return self.row.policy == BY_HAND


def at_site(session: Session, site: str, *, before: int, limit: int) -> list[Listed]:
    """The entered licences of a centre's area and of the schools that it serves, latest first."""
    number = (
        sa.select(sa.func.min(Offer.id))
        .join(WorkKey, WorkKey.work_id == Offer.work_id)
        .where(WorkKey.key == EnteredGrant.key, Offer.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    query = (
        sa.select(EnteredGrant, number)
        .where(own(site), EnteredGrant.id < before)
        .order_by(EnteredGrant.id.desc())
        .limit(limit)
    )
    found = session.execute(query).all()
    titles = dict(
        session.execute(
            sa.select(Offer.id, Offer.title).where(Offer.id.in_({one for _, one in found}))
        ).all()
    )
    schools = dict(
        session.execute(
            sa.select(_id, Institution.name).where(
                _id.in_({row.value for row, _ in found if row.scope == Scope.SCHOOL.value})
            )
        ).all()
    )
    return [
        Listed(row, titles.get(offer, row.key), offer, schools.get(row.value, ""))
        for row, offer in found
    ]


def own(site: str) -> sa.ColumnElement[bool]:
    """What is a centre's own among the entered licences."""
    return sa.or_(
        sa.and_(EnteredGrant.scope == Scope.SITE.value, EnteredGrant.value == site),
        sa.and_(EnteredGrant.scope == Scope.SCHOOL.value, EnteredGrant.value.in_(_schools(site))),
    )


def _schools(site: str) -> sa.Select[str | None]:
    """The ids of the schools that a centre serves."""
    return (
        sa.select(_id)
        .join(InstitutionSite, InstitutionSite.institution_id == Institution.id)
        .where(InstitutionSite.site_key == site, _id.is_not(None))
    )


_id = Institution.school_id


def medium_of(session: Session, target: str) -> str:
    """The match key that a target such as `urn:issuer:medium:FWU-05511494` names."""
    tail = target.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    key = medium_key(tail)
    if key is None:
        raise GrantError("medium", f"{target!r} holds no number of a medium.")
    live = sa.select(Offer.id).where(Offer.work_id == WorkKey.work_id, Offer.withdrawn_at.is_(None))
    known = sa.select(WorkKey.work_id).where(WorkKey.key == key, live.exists())
    if session.scalars(known).first() is None:
        raise GrantError("unknown", f"Nobody offers the medium {tail!r}. Take in its source first.")
    return key


def _whom(session: Session, reach: Reach, areas: Mapping[str, str]) -> tuple[Scope, str]:
    if reach.role:
        _role(reach.role)
    if reach.school:
        return Scope.SCHOOL, _known(session, Scope.SCHOOL, reach.school)
    if reach.area in areas:
        return Scope.SITE, _known(session, Scope.SITE, areas[reach.area])
    if reach.area == LAND_AREA:
        return Scope.LAND, LAND
    if reach.area:
        raise GrantError(
            "whom",
            f"No centre is known for the area {reach.area}. Name it: --area {reach.area}=SITE",
        )
    return Scope.ROLE, reach.role


def _known(session: Session, scope: Scope, value: str) -> str:
    """The value as it is stored, if it names something that exists."""
    match scope:
        case Scope.LAND:
            if value.upper() != LAND:
                raise GrantError("whom", f"This hub is for {LAND}, not for {value!r}.")
            return LAND
        case Scope.SITE:
            if session.get(Site, value) is None:
                raise GrantError(
                    "whom", f"There is no site {value!r}; `hub sites list` shows them."
                )
            return value
        case Scope.SCHOOL:
            parsed = school_ids.known(value)
            found = parsed and session.scalar(
                sa.select(Institution.school_id).where(Institution.school_id == str(parsed))
            )
            if not found:
                raise GrantError(
                    "whom", f"There is no school {value!r}; `hub schools find` looks it up."
                )
            return str(found)
        case Scope.SCHOOL_TYPE:
            if vocabulary.label("school_form", value) == value:
                raise GrantError(
                    "whom", f"There is no Schulform {value!r}, such as 20 for Gymnasium."
                )
            return value
        case Scope.ROLE:
            return _role(value)


def _role(value: str) -> str:
    code = value.lower()
    if vocabulary.label("licence_role", code) == code:
        raise GrantError("whom", f"There is no role {value!r}, such as lehr or lern.")
    return code


Row = tuple[str, Scope, str, str, date | None, date | None, int | None, int]


def _replace(session: Session, policy: str, rows: Sequence[Row], *, actor: str, origin: str) -> int:
    session.execute(sa.delete(EnteredGrant).where(EnteredGrant.policy == policy))
    # The last one holds where a policy says two terms for the same persons.
    unique = {row[:4]: row for row in rows}
    for key, scope, value, role, start, end, concurrent, pool in unique.values():
        session.add(
            EnteredGrant(
                key=key,
                scope=scope.value,
                value=value,
                role=role,
                valid_from=start,
                valid_until=end,
                concurrent=concurrent,
                pool=pool,
                policy=policy,
                origin=origin,
                entered_by=actor,
            )
        )
    session.flush()
    return len(unique)


def _shown(row: EnteredGrant) -> dict[str, object]:
    return {
        "key": row.key,
        "scope": row.scope,
        "value": row.value,
        "role": row.role,
        "valid_from": str(row.valid_from or ""),
        "valid_until": str(row.valid_until or ""),
    }


def _audit(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    after: dict[str, object],
    site: str | None = None,
) -> None:
    session.add(
        AuditEntry(
            actor=actor, site_key=site, action=action, subject=subject, before=None, after=after
        )
    )
