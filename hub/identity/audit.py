"""Entries of the audit log about people and rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub.models import AuditEntry


def note(
    session: Session,
    actor: str,
    site: str | None,
    action: str,
    subject: str,
    after: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what; `actor` is a pseudonym (`Actor.key`)."""
    session.add(
        AuditEntry(
            actor=actor,
            site_key=site,
            action=action,
            subject=subject,
            before=dict(before) if before else None,
            after=dict(after) if after else None,
        )
    )
