"""What an identity provider says of itself: where to log in, and which keys are its own.

SAML 2.0 Metadata. Several signing certificates stand side by side while one replaces the other.
Certificates count as keys only: who may use them is said by where the metadata comes from.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from connectors import xml
from connectors.errors import Malformed, Refused
from connectors.saml_shape import DS, plain

MAX_BYTES = 1_000_000
LIVES = 3600.0
"""Seconds for which metadata from an address are kept."""
REFETCH_AFTER = 60.0
"""Seconds between two looks at them because of a signature by an unknown key."""
MOST_CERTIFICATES = 20
SMALLEST_RSA = 2048
"""Bits of a key."""
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"


@dataclass(frozen=True, slots=True)
class Idp:
    """An identity provider as its metadata describe it."""

    entity_id: str
    login: str
    """The address to which browsers are sent, by redirect."""
    certificates: tuple[str, ...]
    """Those of its signatures: DER, base64."""
    wants_signed: bool
    """Whether it takes signed requests only."""


def read(data: bytes, entity_id: str, may_lack_tls: Callable[[str], bool]) -> Idp:
    """The provider of this id in a document about one or many; raises `Malformed` or `Refused`.

    `may_lack_tls` says of a host whether its login page may be without TLS.
    """
    root = xml.parse(data, max_bytes=MAX_BYTES).root
    known = list(root.iter(f"{_MD}EntityDescriptor"))
    named = [one for one in known if one.get("entityID") == entity_id]
    if len(named) != 1:
        there = ", ".join(plain(one.get("entityID")) for one in known[:3]) or "nobody"
        raise Refused(
            f"the metadata do not describe {entity_id} once; they describe {there}: "
            "the id must be the same, slash included"
        )
    entity = named[0]
    for one in (entity, *entity.iterancestors()):
        _check_end(one.get("validUntil"))
    roles = [
        one
        for one in entity.findall(f"{_MD}IDPSSODescriptor")
        if _PROTOCOL in one.get("protocolSupportEnumeration", "").split()
    ]
    if len(roles) != 1:
        raise Malformed(f"the metadata do not describe {entity_id} as an identity provider")
    role = roles[0]
    _check_end(role.get("validUntil"))
    return Idp(
        entity_id,
        _login(role, may_lack_tls),
        _certificates(role),
        role.get("WantAuthnRequestsSigned") in ("true", "1"),
    )


def _check_end(until: str | None) -> None:
    if until is None:
        return
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        raise Malformed("the metadata say unreadably until when they are valid") from None
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    if end <= datetime.now(UTC):
        raise Refused(f"the metadata were valid until {plain(until)}; newer ones are needed")


def _login(role: etree._Element, may_lack_tls: Callable[[str], bool]) -> str:
    for one in role.findall(f"{_MD}SingleSignOnService"):
        address = one.get("Location", "")
        if one.get("Binding") != REDIRECT:
            continue
        parts = urlsplit(address)
        if not parts.hostname or len(address) > 2_000 or set(address) & set("<>\"' \\#"):
            raise Malformed("the metadata give no usable address of the login")
        if parts.scheme != "https" and not (
            parts.scheme == "http" and may_lack_tls(parts.hostname)
        ):
            raise Refused("the login page that the metadata name has no TLS")
        return address
    raise Refused("the provider takes no logins by redirect (HTTP-Redirect), which the hub needs")


def _certificates(role: etree._Element) -> tuple[str, ...]:
    """The usable ones, each once; what is meant for encryption alone proves nothing."""
    usable: dict[str, None] = {}
    for key in role.findall(f"{_MD}KeyDescriptor"):
        if key.get("use", "signing") != "signing":
            continue
        for one in list(key.iter(f"{DS}X509Certificate"))[:MOST_CERTIFICATES]:
            text = "".join((one.text or "").split())
            if _is_usable(text):
                usable[text] = None
    if not usable:
        raise Malformed("the metadata hold no certificate for signatures that could be used")
    return tuple(usable)[:MOST_CERTIFICATES]


def _is_usable(text: str) -> bool:
    try:
        key = x509.load_der_x509_certificate(base64.b64decode(text, validate=True)).public_key()
    except (binascii.Error, ValueError, TypeError):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= SMALLEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey)


class Kept:
    """Metadata as they were fetched: for an hour, or anew where a key is unknown.

    Anybody can send an answer with an unknown key, so that is done once a minute at most. May be
    used by several threads.
    """

    def __init__(self, fetch: Callable[[], Idp], clock: Callable[[], float]) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = Lock()
        self._kept: tuple[float, Idp] | None = None
        self._asked: float | None = None

    def get(self) -> Idp:
        with self._lock:
            if self._kept is None or self._clock() - self._kept[0] >= LIVES:
                self._kept = (self._clock(), self._fetch())
            return self._kept[1]

    def newer(self, than: Idp) -> Idp | None:
        """Metadata with other keys than these, if there are any now."""
        with self._lock:
            moment = self._clock()
            if self._asked is None or moment - self._asked >= REFETCH_AFTER:
                self._asked = moment
                self._kept = (moment, self._fetch())
            now = self._kept[1] if self._kept else than
            return now if now.certificates != than.certificates else None
