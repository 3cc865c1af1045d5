"""Logins to look around with: one for each role, with a password of this demonstration only.

The password is made when the demonstration is first loaded and lies in its folder, so none is
known beforehand, and no installation for real use ever has these accounts.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from hub.identity import accounts, people
from hub.identity.actor import NETWORK_ROLES, Role
from hub.models import Account, Site
from hub.runtime import Hub

ACTOR = "hub demo"
FILE = "password.txt"


@dataclass(frozen=True, slots=True)
class Login:
    """A login of the demonstration, at the site where its account is."""

    site: str
    login: str
    name: str
    role: Role


LOGINS = (
    Login("borken", "lehrkraft", "Svenja Ackermann", Role.TEACHER),
    Login("borken", "ausleihe", "Jens Wolters", Role.STAFF),
    Login("borken", "leitung", "Gudrun Tenbrink", Role.SITE_ADMIN),
    Login("muenster", "leitung", "Tarik Yıldız", Role.SITE_ADMIN),
    Login("lvr", "analyse", "Miriam Köster", Role.STATE_ANALYST),
    Login("lvr", "netz", "Robert Engels", Role.NETWORK_ADMIN),
)


def load(hub: Hub, folder: Path) -> str:
    """Create the accounts that are missing; returns their common password."""
    password = _password(folder)
    with hub.db.write() as session:
        known = set(session.execute(sa.select(Account.site_key, Account.login)).tuples())
        if not known:  # to look around needs no phone; who wants to see it switches it on
            session.execute(sa.update(Site).values(second_factor=False))
        for one in LOGINS:
            if (one.site, one.login) in known:
                continue
            person = people.add(session, name=one.name, email=f"{one.login}@{one.site}.example")
            accounts.put(session, one.site, person, one.login, password)
            site = None if one.role in NETWORK_ROLES else one.site
            people.grant(session, person.id, one.role, site, by=ACTOR)
    return password


def _password(folder: Path) -> str:
    file = folder / FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(12))
    return file.read_text()
