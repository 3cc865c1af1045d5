"""Codes of the desk: who brings one adds the login that they use to the account that it is for.

Nobody with power over a centre or the network gets one or brings one: else the staff could make
an admin's account theirs, or talk a colleague out of their own. They add logins while logged in to
both (`hub.identity.linking`).
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import audit, linking, privacy, tokens
from hub.identity.actor import FROM_LOGIN
from hub.models import DeskCode, Membership, Person
from hub.models.base import now
from hub.runtime import Hub

LIFE = timedelta(minutes=30)


class CodeRefused(Exception):
    """There is no code, or it joins nothing; `reason` is `unknown`, `same`, `staff` or `held`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def new(session: Session, person_id: int, site: str, *, by: str) -> str:
    """A code for this person, to be handed over in person; an earlier one no longer holds.

    Raises `CodeRefused` (`staff`).
    """
    if _has_power(session, person_id):
        raise CodeRefused("staff")
    code = tokens.readable()
    session.execute(sa.delete(DeskCode).where(DeskCode.person_id == person_id))
    session.add(
        DeskCode(
            code_hash=tokens.digest(tokens.plain(code)),
            person_id=person_id,
            site_key=site,
            expires_at=now() + LIFE,
        )
    )
    audit.note(session, by, site, "login.code", f"person:{person_id}")
    return code


def redeem(hub: Hub, person_id: int, typed: str) -> int:
    """Join the account of a person who is logged in to that of the code, which stays; returns
    whose that is. Raises `CodeRefused`."""
    digest = tokens.digest(tokens.plain(typed))
    with hub.db.read() as session:
        found = session.get(DeskCode, digest)
        if found is None or found.expires_at <= now():
            raise CodeRefused("unknown")
        if found.person_id == person_id:
            raise CodeRefused("same")
        if _has_power(session, person_id):
            raise CodeRefused("staff")
    held = privacy.held(hub, person_id)
    if held.plugins or held.failed:
        raise CodeRefused("held")
    with hub.db.write() as session:
        row = session.execute(
            sa.delete(DeskCode)
            .where(DeskCode.code_hash == digest)
            .returning(DeskCode.person_id, DeskCode.site_key)
        ).one_or_none()
        if row is None or session.get(Person, person_id) is None:
            raise CodeRefused("unknown")  # somebody was faster
        if _has_power(session, row.person_id) or _has_power(session, person_id):
            raise CodeRefused("staff")
        keep: int = row.person_id
        linking.merge(session, keep=keep, gone=person_id)
        key = session.get_one(Person, keep).key
        audit.note(session, key, row.site_key, "login.link", f"person:{keep}")
    return keep


def _has_power(session: Session, person_id: int) -> bool:
    """Whether the person has a role that no login gives."""
    harmless = [role.value for role in FROM_LOGIN]
    return bool(
        session.scalar(
            sa.select(sa.func.count()).where(
                Membership.person_id == person_id, Membership.role.not_in(harmless)
            )
        )
    )
