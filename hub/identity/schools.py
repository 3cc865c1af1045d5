"""The schools that a login names, held against those that the centre serves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from hub.errors import Denied
from hub.identity.actor import AT_SCHOOL
from hub.institutions import serving
from hub.records import Claims


def at_home(session: Session, site: str, claims: Claims, today: date) -> Claims:
    """The claims with only those schools that are open and served by this site.

    Who comes from elsewhere has no rights here: raises `Denied` when a login names schools, none
    of which is this site's. Where no school of the site is known, no list has been taken in and
    the login is believed.
    """
    at_school = AT_SCHOOL & set(claims.roles)
    if not claims.schools or not at_school or not serving.knows_schools(session, site):
        return claims
    served = serving.schools_served(session, site, claims.schools, today)
    if not served:
        named = ", ".join(claims.schools)[:200]
        raise Denied(f"This centre serves none of the schools that the login names: {named}.")
    return replace(claims, schools=tuple(one for one in claims.schools if one in served))
