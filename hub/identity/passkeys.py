"""Security keys and passkeys as the second factor (Web Authentication Level 3), beside the app.

A key signs for this hub's host alone, so what it gives on a copied login page is worth nothing
here. It joins the codes of an app and never replaces them: who has no script, or lost the key,
still has a way in.

The challenge is not stored. It follows from the token of the login session, which is random, known
to this browser only and replaced by the login that the signature completes.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
import webauthn
from sqlalchemy.orm import Session
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.identity.second_factor import ISSUER
from hub.models import Passkey, SecondFactor
from hub.models.base import now

MOST = 10
"""Keys of one person."""
LONGEST_NAME = 60
LONGEST_ANSWER = 20_000
"""Characters of what a browser sends for its key."""
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What the library lets through of an answer that is no answer."""


class KeyRefused(Exception):
    """The key was not taken; `reason` is `invalid`, `known` or `many`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ceremony:
    """Where a key signs: the hub's host, in the login session of one browser."""

    origin: str
    host: str
    challenge: bytes


def ceremony(base_url: str, secret_key: str, purpose: str, token: str) -> Ceremony | None:
    """The ceremony of this browser for a purpose (`add` or `log in`); None where the hub has no
    name that a key could sign for, but an address in digits (WebAuthn §5.1.2, effective domain)."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        challenge = hmac.digest(
            secret_key.encode(), f"passkey/{purpose}/{token}".encode(), "sha256"
        )
        return Ceremony(f"{parts.scheme}://{parts.netloc}", host, challenge)
    return None


def of_person(session: Session, person_id: int) -> Sequence[Passkey]:
    return session.scalars(
        sa.select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)
    ).all()


def options_to_add(session: Session, where: Ceremony, person_id: int, name: str) -> str:
    """What the browser needs to make a key for the person, as JSON (§5.4)."""
    options = webauthn.generate_registration_options(
        rp_id=where.host,
        rp_name=ISSUER,
        user_id=person_id.to_bytes(8),
        user_name=name or "Konto",
        challenge=where.challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.DISCOURAGED,
        ),
        exclude_credentials=_descriptors(of_person(session, person_id)),
    )
    return webauthn.options_to_json(options)


def add(session: Session, where: Ceremony, person_id: int, answer: str, name: str) -> Passkey:
    """Take the key that the browser made (§7.1).

    Raises `KeyRefused`: also where the codes of an app are not in force, which come first.
    """
    app = session.get(SecondFactor, person_id, with_for_update=True)
    if app is None or app.confirmed_at is None or len(answer) > LONGEST_ANSWER:
        raise KeyRefused("invalid")
    if len(of_person(session, person_id)) >= MOST:
        raise KeyRefused("many")
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=where.challenge,
            expected_rp_id=where.host,
            expected_origin=where.origin,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise KeyRefused("invalid") from error
    credential = made.credential_id
    if session.scalar(sa.select(Passkey.id).where(Passkey.credential == credential)):
        raise KeyRefused("known")
    row = Passkey(
        person_id=person_id,
        credential=credential,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=" ".join(name.split())[:LONGEST_NAME],
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def options_to_log_in(where: Ceremony, keys: Sequence[Passkey]) -> str:
    """What the browser needs to let one of these keys sign, as JSON (§5.5)."""
    options = webauthn.generate_authentication_options(
        rp_id=where.host,
        challenge=where.challenge,
        allow_credentials=_descriptors(keys),
        user_verification=UserVerificationRequirement.DISCOURAGED,
    )
    return webauthn.options_to_json(options)


def check(session: Session, where: Ceremony, person_id: int, answer: str) -> bool:
    """Whether a key of this person signed (§7.2); a counter that went back is a copied key."""
    if len(answer) > LONGEST_ANSWER:
        return False
    try:
        credential = parse_authentication_credential_json(answer)
    except (WebAuthnException, *_MALFORMED):
        return False
    row = session.scalars(
        sa.select(Passkey)
        .where(Passkey.person_id == person_id, Passkey.credential == credential.raw_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return False
    try:
        signed = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=where.challenge,
            expected_rp_id=where.host,
            expected_origin=where.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
        )
    except (WebAuthnException, *_MALFORMED):
        return False
    row.sign_count = signed.new_sign_count
    row.used_at = now()
    return True


def remove(session: Session, person_id: int, key: int) -> bool:
    """Take one key away; False when the person has no such key."""
    gone = session.execute(
        sa.delete(Passkey)
        .where(Passkey.person_id == person_id, Passkey.id == key)
        .returning(Passkey.id)
    ).all()
    return bool(gone)


def _descriptors(keys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential) for one in keys]
