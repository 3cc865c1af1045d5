"""OpenID Connect: the authorization code flow of a client that keeps a secret.

Discovery 1.0, Core 1.0, PKCE with S256 (RFC 7636), the issuer in the answer (RFC 9207). Nothing
has to be stored between leaving and coming back but the address to which the browser was sent:
`state` and `nonce` stand in it, and the PKCE verifier follows from the state and the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connectors import http
from connectors.errors import Malformed, Refused
from connectors.json_answers import decode
from connectors.oidc_tokens import ALGORITHMS, Checker, Keys, same

MAX_BYTES = 1_000_000
TIMEOUT, DEADLINE = 5.0, 12.0
"""Seconds: a person waits for it."""
DISCOVERY_LIVES = 3600.0
WELL_KNOWN = "/.well-known/openid-configuration"
PARAMETERS = frozenset(
    "response_type client_id redirect_uri scope state nonce code_challenge code_challenge_method "
    "response_mode request request_uri".split()
)
"""Parameters of the question that no setting may replace."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a provider says of itself (OpenID Connect Discovery 1.0 section 3)."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    names_itself: bool
    """Whether its answers carry `iss`; one that does so must always."""
    secret_in_form: bool
    """Whether it takes the client's secret in the form only."""


class Provider:
    """An OpenID provider as this client sees it; does no I/O until asked. Safe in threads."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        scopes: Collection[str] = ("openid",),
        extra: Mapping[str, str] | None = None,
        algorithms: frozenset[str] = ALGORITHMS,
        internal_hosts: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer, self.client_id = issuer, client_id
        self._secret = client_secret
        self._scopes = tuple(dict.fromkeys(("openid", *scopes)))
        self._extra = {k: v for k, v in (extra or {}).items() if k not in PARAMETERS}
        self._clock = clock
        self._lock = Lock()
        self._endpoints: tuple[float, Endpoints] | None = None
        self._http = http.Client(
            internal_hosts=internal_hosts,
            timeout=TIMEOUT,
            deadline=DEADLINE,
            max_bytes=MAX_BYTES,
            max_redirects=0,
        )
        self._tokens = Checker(issuer, client_id, Keys(self._fetch_keys, clock), algorithms)

    def question(self, return_url: str) -> str:
        """The address to which a browser is sent to log in."""
        state = secrets.token_urlsafe(32)
        parameters = {
            **self._extra,
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": return_url,
            "scope": " ".join(self._scopes),
            "state": state,
            "nonce": secrets.token_urlsafe(32),
            "code_challenge": create_s256_code_challenge(self._verifier(state)),
            "code_challenge_method": "S256",
        }
        endpoint = self.endpoints().authorization
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"

    def answer(
        self, question: str, return_url: str, parameters: Mapping[str, str], *, userinfo: bool
    ) -> dict[str, Any]:
        """The claims of whom the provider logged in; raises `Refused` unless all is as it must be.

        `question` is the address that this browser was sent to, `parameters` what came back.
        With `userinfo` the claims of that endpoint are added where the ID token lacks them.
        """
        asked = {name: values[0] for name, values in parse_qs(urlsplit(question).query).items()}
        state, nonce = asked.get("state", ""), asked.get("nonce", "")
        if not state or not nonce or not same(parameters.get("state"), state):
            raise Refused("the answer belongs to no login that began here (state)")
        if asked.get("code_challenge_method") != "S256" or not same(
            asked.get("code_challenge"), create_s256_code_challenge(self._verifier(state))
        ):
            raise Refused("the login that began here was not begun by this client")
        endpoints = self.endpoints()
        named = parameters.get("iss")
        if (named is not None or endpoints.names_itself) and named != self.issuer:
            raise Refused("the answer comes from another provider (iss)")
        if "error" in parameters:
            raise Refused(f"the provider said no: {_plain(parameters['error'])}")
        code = parameters.get("code", "")
        if not code:
            raise Refused("the answer holds no code")
        told = self._redeem(endpoints, code, return_url, state)
        access = told.get("access_token")
        access = access if isinstance(access, str) else ""
        claims = self._tokens.id_token(told.get("id_token"), nonce, access)
        if userinfo and endpoints.userinfo and access:
            more = self._userinfo(endpoints.userinfo, access)
            if more.get("sub") != claims["sub"]:
                raise Refused("the provider tells of somebody else than it logged in (sub)")
            claims = {**more, **claims}
        return claims

    def logged_out(self, token: str) -> dict[str, Any]:
        """The claims of a logout token (Back-Channel Logout 1.0); raises `Refused`."""
        return self._tokens.logout_token(token)

    def endpoints(self) -> Endpoints:
        """What the provider says of itself, kept for an hour."""
        with self._lock:
            if self._endpoints and self._clock() - self._endpoints[0] < DISCOVERY_LIVES:
                return self._endpoints[1]
            found = self._discover()
            self._endpoints = (self._clock(), found)
            return found

    def _discover(self) -> Endpoints:
        document = decode(self._http.get(self.issuer.rstrip("/") + WELL_KNOWN))
        if not isinstance(document, dict):
            raise Malformed("the provider's description is no JSON object")
        if document.get("issuer") != self.issuer:
            raise Refused(
                f"the provider calls itself {_plain(document.get('issuer'))}, "
                f"not {self.issuer}: the address must be the same, slash included"
            )
        methods = document.get("token_endpoint_auth_methods_supported")
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return Endpoints(
            self._endpoint(document, "authorization_endpoint"),
            self._endpoint(document, "token_endpoint"),
            self._endpoint(document, "jwks_uri"),
            self._endpoint(document, "userinfo_endpoint")
            if document.get("userinfo_endpoint")
            else "",
            document.get("authorization_response_iss_parameter_supported") is True,
            not basic and isinstance(methods, list) and "client_secret_post" in methods,
        )

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        """An address, with TLS where the issuer has it."""
        address = document.get(name)
        if not isinstance(address, str) or len(address) > 2_000:
            raise Malformed(f"the provider does not say its {name}")
        scheme = urlsplit(address).scheme
        if scheme != "https" and scheme != urlsplit(self.issuer).scheme:
            raise Refused(f"the provider's {name} has no TLS")
        return address

    def _redeem(
        self, endpoints: Endpoints, code: str, return_url: str, state: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_url,
            "code_verifier": self._verifier(state),
        }
        headers = {"Accept": "application/json"}
        if endpoints.secret_in_form:
            form |= {"client_id": self.client_id, "client_secret": self._secret}
        else:
            pair = f"{quote(self.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = self._http.post(
            endpoints.token, data=form, headers=headers, expect=(400, 401, 403)
        )
        told = decode(answer)
        if not isinstance(told, dict):
            raise Malformed("the provider's answer to the code is no JSON object")
        if answer.status != 200:
            raise Refused(f"the provider did not take the code: {_plain(told.get('error'))}")
        return told

    def _userinfo(self, address: str, access_token: str) -> dict[str, Any]:
        if not access_token.isprintable():
            raise Malformed("the provider's access token cannot be used")
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        more = decode(self._http.get(address, headers=headers))
        if not isinstance(more, dict):
            raise Malformed("what the provider tells of the person is no JSON object")
        return more

    def _fetch_keys(self) -> Any:
        return decode(self._http.get(self.endpoints().keys))

    def _verifier(self, state: str) -> str:
        """The PKCE verifier: known to whom has the secret and the state."""
        digest = hmac.digest(self._secret.encode(), b"pkce:" + state.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _plain(value: Any) -> str:
    """A word of the provider's that may stand in a message."""
    return "".join(c for c in str(value) if c.isprintable())[:100]
