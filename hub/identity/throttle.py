"""Slows guessing down: after a few failed logins each further one has to wait longer."""

from __future__ import annotations

import hmac
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.models import LoginThrottle
from hub.models.base import now

FREE = 5
"""Failures in a row that cost nothing."""
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)
NETWORK_FACTOR = 10
"""A school has one address for all its teachers, so a network may fail that much more often."""


def keys(secret: str, account: str, network: str) -> tuple[str, str]:
    """Names for the account and the network of an attempt that tell nobody who they are."""
    return _key(secret, "account", account), _key(secret, "network", network)


def wait(session: Session, names: tuple[str, str]) -> timedelta:
    """How long the next attempt still has to wait."""
    moment = now()
    rows = {row.key_hash: row for row in session.scalars(_rows(names))}
    waits = [timedelta(0)]
    for name, free in zip(names, (FREE, FREE * NETWORK_FACTOR), strict=True):
        row = rows.get(name)
        if row is not None and row.failures >= free:
            pause = min(timedelta(seconds=2 ** min(row.failures - free, 20)), LONGEST)
            waits.append(row.last_at + pause - moment)
    return max(waits)


def failed(session: Session, names: tuple[str, str]) -> None:
    """Count a failed attempt; what was long ago is forgotten."""
    moment = now()
    session.execute(sa.delete(LoginThrottle).where(LoginThrottle.last_at < moment - FORGOTTEN))
    for name in sorted(names):
        session.execute(_COUNT, {"key": name, "now": moment})


def succeeded(session: Session, names: tuple[str, str]) -> None:
    """The account begins anew; the network does not, or one account would free it for others."""
    session.execute(sa.delete(LoginThrottle).where(LoginThrottle.key_hash == names[0]))


def _key(secret: str, kind: str, value: str) -> str:
    return hmac.digest(secret.encode(), f"{kind}:{value}".encode(), "sha256").hex()


def _rows(names: tuple[str, str]) -> sa.Select[LoginThrottle]:
    return sa.select(LoginThrottle).where(LoginThrottle.key_hash.in_(names))


_COUNT = sa.text(
    "INSERT INTO login_throttle (key_hash, failures, last_at) VALUES (:key, 1, :now)"
    " ON CONFLICT (key_hash) DO UPDATE SET failures = login_throttle.failures + 1,"
    " last_at = excluded.last_at"
).bindparams(sa.bindparam("now", type_=LoginThrottle.__table__.c.last_at.type))
