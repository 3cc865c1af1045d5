"""Signed tokens of an OpenID provider: which keys are its own, and which tokens are true.

OpenID Connect Core 1.0 section 3.1.3.7, RFC 7519, RFC 8725 (what goes wrong with such tokens),
OpenID Connect Back-Channel Logout 1.0 section 2.6.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError

from connectors.errors import Malformed, Refused

LONGEST_TOKEN = 60_000
"""Characters of a token."""
LONGEST_SUBJECT = 255
MOST_KEYS = 50
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) | frozenset(
    {"ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures with a pair of keys; `none` and those by a shared secret (HS…) are never accepted."""
SKEW = 60
"""Seconds that two clocks may differ."""
OLDEST = 600
"""Seconds since a token was issued."""
REFETCH_AFTER = 60.0
"""Seconds between two looks at the keys because of a key that nobody knows."""
KEYS_LIVE = 3600.0
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Keys:
    """The public keys of a provider: kept for an hour, looked at anew when a key is unknown.

    Anybody can send a token that names an unknown key, so that is done once a minute at most.
    May be used by several threads.
    """

    def __init__(
        self, fetch: Callable[[], Any], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = Lock()
        self._keys: list[Any] = []
        self._fetched: float | None = None
        self._asked: float | None = None
        """When it was last looked because of a key that nobody knew."""

    def named(self, kid: str | None) -> list[Any]:
        """The keys of this id, or all where a token names none; raises `Refused`."""
        with self._lock:
            moment = self._clock()
            if self._fetched is None or moment - self._fetched > KEYS_LIVE:
                self._refetch()
            found = self._with(kid)
            if not found and (self._asked is None or moment - self._asked > REFETCH_AFTER):
                self._asked = moment
                self._refetch()
                found = self._with(kid)
        if not found:
            raise Refused("the token is signed with a key that the provider does not publish")
        return found

    def _with(self, kid: str | None) -> list[Any]:
        return [key for key in self._keys if kid is None or key.kid == kid]

    def _refetch(self) -> None:
        self._keys = _public_keys(self._fetch())
        self._fetched = self._clock()


def _public_keys(document: Any) -> list[Any]:
    """The usable keys of a JWK set (RFC 7517); one that cannot be read is left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise Malformed("the provider's keys are no JWK set")
    keys = []
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        if one.get("kty") not in ("RSA", "EC", "OKP"):  # never a shared secret
            continue
        try:
            keys.append(jwk.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not keys:
        raise Malformed("the provider publishes no key that could be used")
    return keys


@dataclass(frozen=True, slots=True)
class Checker:
    """What must be true of every token of a provider for this client."""

    issuer: str
    client_id: str
    keys: Keys
    algorithms: frozenset[str] = ALGORITHMS
    now: Callable[[], float] = time.time

    def id_token(self, token: Any, nonce: str, access_token: str = "") -> dict[str, Any]:
        """The claims of an ID token that answers our question; raises `Refused`."""
        header, claims = self._claims(token)
        if str(header.get("typ", "JWT")).lower() not in ("jwt", "application/jwt"):
            raise Refused("the token is of another kind than an ID token")
        if not same(claims.get("nonce"), nonce):
            raise Refused("the token answers another question (nonce)")
        if claims.get("at_hash") is not None and access_token:
            expected = _half_hash(str(header["alg"]), access_token)
            if expected and not same(claims["at_hash"], expected):
                raise Refused("the access token is not the one that belongs to the ID token")
        _subject(claims)
        return claims

    def logout_token(self, token: Any) -> dict[str, Any]:
        """The claims of a logout token, with `sub` or `sid`, and `jti`; raises `Refused`."""
        header, claims = self._claims(token)
        kind = str(header.get("typ", "logout+jwt")).lower().removeprefix("application/")
        if kind not in ("logout+jwt", "jwt"):
            raise Refused("the token is of another kind than a logout token")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise Refused("the token does not say that somebody logged out")
        if "nonce" in claims:
            raise Refused("an ID token cannot log anybody out")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise Refused("the logout token has no id (jti)")
        if claims.get("sub") is None and not isinstance(claims.get("sid"), str):
            raise Refused("the logout token names nobody")
        if claims.get("sub") is not None:
            _subject(claims)
        return claims

    def _claims(self, token: Any) -> tuple[Mapping[str, Any], dict[str, Any]]:
        header, claims = self._verified(token)
        if claims.get("iss") != self.issuer:
            raise Refused("the token is from another provider (iss)")
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if not isinstance(audiences, list) or self.client_id not in audiences:
            raise Refused("the token is meant for somebody else (aud)")
        authorised = claims.get("azp")
        if (len(audiences) > 1 or authorised is not None) and authorised != self.client_id:
            raise Refused("the token was given to somebody else (azp)")
        now = self.now()
        if _moment(claims, "exp") + SKEW <= now:
            raise Refused("the token has expired")
        issued = _moment(claims, "iat")
        if issued - SKEW > now:
            raise Refused("the token was issued in the future; compare the clocks")
        if issued + OLDEST + SKEW <= now:
            raise Refused("the token is too old")
        if claims.get("nbf") is not None and _moment(claims, "nbf") - SKEW > now:
            raise Refused("the token is not valid yet")
        return header, claims

    def _verified(self, token: Any) -> tuple[Mapping[str, Any], dict[str, Any]]:
        if not isinstance(token, str) or not token:
            raise Refused("there is no token in the answer")
        if len(token) > LONGEST_TOKEN:
            raise Refused(f"the token is longer than {LONGEST_TOKEN} characters")
        registry = jws.JWSRegistry(algorithms=sorted(self.algorithms), strict_check_header=False)
        registry.max_header_length = 8_000
        registry.max_signature_length = 4_000
        try:
            header = jws.extract_compact(token.encode(), registry=registry).headers()
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Refused("the token cannot be read") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self.algorithms:
            raise Refused("the token is signed in a way that is not accepted (alg)")
        if kid is not None and not isinstance(kid, str):
            raise Refused("the token cannot be read")
        for key in self.keys.named(kid):
            try:
                content = jws.deserialize_compact(token.encode(), key, registry=registry).payload
            except (JoseError, ValueError, TypeError):
                continue
            return header, _object(content or b"")
        raise Refused("the signature of the token is wrong")


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object in which no name stands twice: readers differ in which one counts."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands twice")
        return found

    try:
        claims = json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused("the token cannot be read, or says something twice") from None
    if not isinstance(claims, dict):
        raise Refused("the token holds no claims")
    return claims


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise Refused(f"the token has no usable time ({name})")
    return float(value)


def _subject(claims: Mapping[str, Any]) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise Refused("the token does not say who it is (sub)")
    if not subject.isprintable():
        raise Refused("the token does not say who it is (sub)")


def _half_hash(algorithm: str, text: str) -> str:
    """`at_hash` of an access token; empty where the algorithm leaves the hash open."""
    digest = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}.get(
        algorithm[-3:]
    )
    if digest is None:
        return ""
    half = digest(text.encode()).digest()
    return base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()


def same(given: Any, expected: str) -> bool:
    """Whether two texts are the same, at the same cost wherever they differ."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def usable(algorithms: Collection[str]) -> frozenset[str]:
    """An allow-list of signatures; raises `ValueError` for one that is never accepted."""
    wrong = sorted(set(algorithms) - ALGORITHMS)
    if wrong or not algorithms:
        raise ValueError(f"these signatures are not accepted: {', '.join(wrong) or 'none named'}")
    return frozenset(algorithms)
