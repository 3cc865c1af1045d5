"""What about persons is erased by its age alone; inactive accounts are `hub.identity.privacy`'s."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.identity.sessions import ABSOLUTE, IDLE
from hub.models import AuditEntry, LoginCode, LoginSession, Membership
from hub.models.base import Base

AUDIT = timedelta(days=365)
ENDED_ROLES = timedelta(days=90)
"""How long a role that ended is kept, so that a late login of a teacher changes nothing."""


def old(moment: datetime) -> tuple[tuple[type[Base], sa.Select[*tuple[Any, ...]]], ...]:
    """The rows of each table whose time is over at this moment."""
    over = sa.or_(LoginSession.seen_at < moment - IDLE, LoginSession.created_at < moment - ABSOLUTE)
    return (
        (LoginSession, sa.select(LoginSession.id).where(over)),
        (LoginCode, sa.select(LoginCode.code_hash).where(LoginCode.expires_at < moment)),
        (Membership, sa.select(Membership.id).where(Membership.valid_until < moment - ENDED_ROLES)),
        (AuditEntry, sa.select(AuditEntry.id).where(AuditEntry.at < moment - AUDIT)),
    )
