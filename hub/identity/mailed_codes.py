"""Codes that are mailed: whoever brings one reads that address. Kept as hashes, used once."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import tokens
from hub.models import MailedCode
from hub.models.base import now

RESET, REGISTER, HEAD = "reset", "register", "head"
LIFE = {RESET: timedelta(hours=1), REGISTER: timedelta(hours=24)}
MOST = 3
"""Codes for one address that hold at the same time: nobody's mailbox is filled by others."""


def new(
    session: Session,
    purpose: str,
    site: str,
    email: str,
    *,
    person_id: int | None = None,
    account_id: int | None = None,
    until: datetime | None = None,
) -> str | None:
    """A code to be mailed to this address; None when it has enough of them. It holds `until` then,
    or for as long as codes of its purpose do.

    Earlier ones still hold: who asks in another's name must not make theirs worthless.
    """
    address, moment = email.casefold(), now()
    live = session.scalar(
        sa.select(sa.func.count())
        .select_from(MailedCode)
        .where(
            MailedCode.site_key == site,
            MailedCode.purpose == purpose,
            MailedCode.email == address,
            MailedCode.expires_at > moment,
        )
    )
    if (live or 0) >= MOST:
        return None
    code = tokens.new()
    session.add(
        MailedCode(
            code_hash=tokens.digest(code),
            purpose=purpose,
            site_key=site,
            email=address,
            person_id=person_id,
            account_id=account_id,
            expires_at=until or moment + LIFE[purpose],
        )
    )
    return code


def find(session: Session, purpose: str, site: str, code: str) -> MailedCode | None:
    """What the code stands for, as long as it holds."""
    row = session.get(MailedCode, tokens.digest(code))
    fits = row is not None and (row.purpose, row.site_key) == (purpose, site)
    return row if row is not None and fits and row.expires_at > now() else None


def use_up(session: Session, row: MailedCode) -> bool:
    """End all codes of the same purpose for this address; False when another was faster."""
    mine = session.scalar(
        sa.delete(MailedCode)
        .where(MailedCode.code_hash == row.code_hash)
        .returning(MailedCode.code_hash)
    )
    session.execute(
        sa.delete(MailedCode).where(
            MailedCode.site_key == row.site_key,
            MailedCode.purpose == row.purpose,
            MailedCode.email == row.email,
        )
    )
    return mine is not None
