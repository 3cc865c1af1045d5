"""Signed answers of login services serve once: which ones were brought here before."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.models import UsedAnswer


def first_use(session: Session, issuer: str, number: str, ends: datetime) -> bool:
    """Whether the answer with this id was never brought before; from now on it was.

    It is kept until it `ends`: then the plugin refuses it anyway. Of two at once one is first.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    digest = hashlib.sha256(f"{issuer}\0{number}".encode()).hexdigest()
    statement = (
        dialect.insert(UsedAnswer)
        .values(digest=digest, expires_at=ends)
        .on_conflict_do_nothing()
        .returning(UsedAnswer.digest)
    )
    return session.scalar(statement) is not None
