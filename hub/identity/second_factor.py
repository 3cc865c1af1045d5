"""The second factor: six digits of an app, from the time and a secret (TOTP, RFC 6238).

A code counts once, and one step of 30 seconds before or after the present one. Ten recovery codes
help who lost the app; each works once.
"""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.identity import tokens
from hub.models import LoginSession, Passkey, SecondFactor
from hub.models.base import now
from hub.secrets import Keyring

ISSUER = "Medienverbund NRW"
STEP = 30
"""Seconds for which a code is shown."""
RECOVERY_CODES = 10


def is_set(session: Session, person_id: int) -> bool:
    """Whether logins of this person need a code."""
    row = session.get(SecondFactor, person_id)
    return row is not None and row.confirmed_at is not None


def begin(session: Session, keyring: Keyring, person_id: int) -> str:
    """A new secret, not in force before `confirm`; raises `ValueError` when one is in force."""
    row = session.get(SecondFactor, person_id)
    if row is not None and row.confirmed_at is not None:
        raise ValueError("there is a second factor")
    if row is None:
        row = SecondFactor(person_id=person_id, secret="", last_step=0, recovery=[])  # nosec B106
        session.add(row)
    secret = pyotp.random_base32()
    row.secret = keyring.encrypt(secret)
    return secret


def begun(session: Session, keyring: Keyring, person_id: int) -> str | None:
    """The secret that waits for its first code."""
    row = session.get(SecondFactor, person_id)
    return keyring.decrypt(row.secret) if row is not None and row.confirmed_at is None else None


def confirm(session: Session, keyring: Keyring, person_id: int, code: str) -> list[str] | None:
    """Put the secret in force with its first code: the recovery codes, shown once; or None.

    Ends the other sessions of the person, which began without it.
    """
    row = session.get(SecondFactor, person_id)
    if row is None or row.confirmed_at is not None or not _counts(session, keyring, row, code):
        return None
    codes = [tokens.readable() for _ in range(RECOVERY_CODES)]
    row.recovery = [tokens.digest(tokens.plain(one)) for one in codes]
    row.confirmed_at = now()
    return codes


def check(session: Session, keyring: Keyring, person_id: int, code: str) -> bool:
    """Whether the code counts, of the app or for recovery; it is used up by that."""
    row = session.get(SecondFactor, person_id, with_for_update=True)
    if row is None or row.confirmed_at is None:
        return False
    if _counts(session, keyring, row, code):
        return True
    digest = tokens.digest(tokens.plain(code))
    if digest not in row.recovery:
        return False
    row.recovery = [one for one in row.recovery if one != digest]
    return True


def remove(session: Session, person_id: int) -> bool:
    """Let the person log in without a code or key again; False when none was needed."""
    session.execute(sa.delete(Passkey).where(Passkey.person_id == person_id))
    gone = session.execute(
        sa.delete(SecondFactor)
        .where(SecondFactor.person_id == person_id)
        .returning(SecondFactor.person_id)
    ).all()
    return bool(gone)


def address(secret: str, name: str) -> str:
    """What the QR code holds, for the app (`otpauth://`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=name or "Konto", issuer_name=ISSUER)


def waiting(session: Session, token: str) -> LoginSession | None:
    """The session of this token that still lacks its code."""
    row = session.scalars(
        sa.select(LoginSession).where(LoginSession.token_hash == tokens.digest(token))
    ).one_or_none()
    return row if row is not None and row.waits else None


def _counts(session: Session, keyring: Keyring, row: SecondFactor, code: str) -> bool:
    typed = tokens.plain(code)
    totp = pyotp.TOTP(keyring.decrypt(row.secret))
    present = int(now().timestamp()) // STEP
    for step in (present - 1, present, present + 1):
        expected = totp.at(datetime.fromtimestamp(step * STEP, now().tzinfo))
        if hmac.compare_digest(expected.encode(), typed.encode()):
            used = session.execute(
                sa.update(SecondFactor)
                .where(SecondFactor.person_id == row.person_id, SecondFactor.last_step < step)
                .values(last_step=step)
                .returning(SecondFactor.person_id)
            ).all()
            return bool(used)
    return False
