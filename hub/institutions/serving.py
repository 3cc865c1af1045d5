"""Which sites serve an institution: by its municipality, or as a person has set it.

A site names districts (5 digits) and municipalities (8 digits). The longest that fits decides,
and every site that names it serves: two centres may share a district. What a person has set for
an institution replaces all that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.db import in_list, insert, json_list
from hub.models.base import table

_link = models.InstitutionSite
_sites = sa.select(models.Site.key, models.Site.ags).order_by(models.Site.position)
_institutions = sa.select(models.Institution.id, models.Institution.municipality)
_links = sa.select(_link.institution_id, _link.site_key, _link.by_hand)
_unlink = sa.delete(_link).where(
    _link.institution_id == sa.bindparam("institution"),
    _link.site_key == sa.bindparam("site"),
    _link.by_hand.is_(False),
)
_of = (
    sa.select(_link.institution_id, _link.site_key)
    .join(models.Site, models.Site.key == _link.site_key)
    .where(in_list(table(_link).c.institution_id, "ids"))
    .order_by(models.Site.position)
)

_school = models.Institution
_served = (
    sa.select(_school.school_id)
    .join(_link, _link.institution_id == _school.id)
    .where(
        _link.site_key == sa.bindparam("site"),
        in_list(table(_school).c.school_id, "ids"),
        sa.or_(_school.closed_on.is_(None), _school.closed_on >= sa.bindparam("today")),
    )
)
_any_school = (
    sa.select(_school.id)
    .join(_link, _link.institution_id == _school.id)
    .where(_link.site_key == sa.bindparam("site"), _school.school_id.is_not(None))
    .limit(1)
)


def districts(session: Session) -> dict[str, tuple[str, ...]]:
    """The sites by district or municipality that they name."""
    found: dict[str, tuple[str, ...]] = {}
    for key, ags in session.execute(_sites):
        for one in ags:
            found[one] = (*found.get(one, ()), key)
    return found


def responsible(municipality: str, districts: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The sites of a Gemeindeschlüssel; empty when no site names it or its district."""
    return districts.get(municipality) or districts.get(municipality[:5]) or ()


def assign(session: Session) -> int:
    """Bring all links up to date with the districts; returns how many were made or taken away.

    To be called after institutions or the districts of sites have changed.
    """
    known = districts(session)
    present: dict[int, set[str]] = defaultdict(set)
    by_hand = set()
    for institution, site, manual in session.execute(_links):
        if manual:
            by_hand.add(institution)
        else:
            present[institution].add(site)
    new, gone = [], []
    for institution, municipality in session.execute(_institutions):
        wanted = set() if institution in by_hand else set(responsible(municipality, known))
        new += [
            {"institution_id": institution, "site_key": site, "by_hand": False}
            for site in sorted(wanted - present[institution])
        ]
        gone += [
            {"institution": institution, "site": site} for site in present[institution] - wanted
        ]
    if gone:
        session.connection().execute(_unlink, gone)
    insert(session.connection(), table(_link), new)
    return len(new) + len(gone)


def set_by_hand(session: Session, institution: int, sites: Iterable[str]) -> None:
    """From now on these sites serve the institution, whatever its district says."""
    session.execute(sa.delete(_link).where(_link.institution_id == institution))
    session.add_all(
        _link(institution_id=institution, site_key=site, by_hand=True)
        for site in dict.fromkeys(sites)
    )


def sites_of(session: Session, institutions: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The sites that serve each of these institutions, in the order of the network."""
    found: dict[int, tuple[str, ...]] = {}
    for institution, site in session.execute(_of, {"ids": json_list(institutions)}):
        found[institution] = (*found.get(institution, ()), site)
    return found


def schools_served(session: Session, site: str, numbers: Collection[str], today: date) -> set[str]:
    """Those of the Schulnummern that are open schools which the site serves."""
    ids = {f"DE-NW-{number}": number for number in numbers}
    found = session.scalars(_served, {"site": site, "ids": json_list(ids), "today": today})
    return {ids[one] for one in found if one is not None}


def knows_schools(session: Session, site: str) -> bool:
    """Whether any school is known that the site serves: without, nothing can be judged."""
    return session.scalar(_any_school, {"site": site}) is not None
