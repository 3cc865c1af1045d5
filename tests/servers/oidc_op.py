"""An OpenID provider that signs for real, and lies where a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwk, jwt

CLIENT, SECRET = "medienverbund", "geheim & länger als 'nichts'"
SUBJECT = "7f3c-pseudonym"


def key(number: int = 1) -> Any:
    """A pair of keys of the provider."""
    return _key(number)


@cache
def _key(number: int) -> Any:
    return jwk.RSAKey.generate_key(2048, {"kid": f"k{number}", "use": "sig"}, private=True)


def sign(claims: dict[str, Any], with_key: Any = None, **header: Any) -> str:
    """A token, signed with RS256 unless the header says otherwise."""
    used = with_key or key()
    full = {"alg": "RS256", "kid": used.kid, **header}
    full = {name: value for name, value in full.items() if value is not None}
    return jwt.encode(full, claims, used, algorithms=[full["alg"]])


@dataclass
class Provider:
    """What it says and does; tests change it."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Beyond those that every ID token has; None takes one away."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] = sign
    published: list[Any] = field(default_factory=lambda: [key()])
    discovery: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """By path: what is done in place of the usual."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Paths, in the order in which they were asked for."""

    def authorise(self, question: str, **changed: str) -> dict[str, str]:
        """As the browser would: follow the question, log in, and bring the answer back."""
        asked = {name: one[0] for name, one in parse_qs(urlsplit(question).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer, **changed}

    def id_claims(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": nonce, **self.claims,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def logout_token(self, **changed: Any) -> str:
        now = int(time.time())
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        claims = {
            "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT, "exp": now + 120, "iat": now,
            "jti": secrets.token_hex(8), "events": event, **changed,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return sign(claims, typ="logout+jwt")


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.provider.asked.append(path)
        if path in self.provider.answers:
            self.provider.answers[path](self)
        elif path == "/.well-known/openid-configuration":
            at = self.provider.issuer
            self.say(
                {
                    "issuer": at,
                    "authorization_endpoint": f"{at}/auth",
                    "token_endpoint": f"{at}/token",
                    "jwks_uri": f"{at}/keys",
                    "userinfo_endpoint": f"{at}/me",
                    "authorization_response_iss_parameter_supported": True,
                    **self.provider.discovery,
                }
            )
        elif path == "/keys":
            listed = [one.as_dict(private=False) for one in self.provider.published]
            self.say({"keys": [*listed, {"kty": "unknown"}]})
        elif path == "/me" and self.headers["Authorization"] == "Bearer access":
            self.say({"sub": SUBJECT, **self.provider.userinfo})
        else:
            self.say({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.provider.asked.append(path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if path in self.provider.answers:
            return self.provider.answers[path](self)
        form = {name: one[0] for name, one in parse_qs(body).items()}
        asked = self.provider.codes.pop(form.get("code", ""), None)
        if not self._is_client(form):
            return self.say({"error": "invalid_client"}, 401)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return self.say({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return self.say({"error": "invalid_grant"}, 400)
        token = self.provider.token(self.provider.id_claims(asked["nonce"]))
        return self.say({"access_token": "access", "token_type": "Bearer", "id_token": token})

    def _is_client(self, form: dict[str, str]) -> bool:
        kind, _, pair = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _, secret = base64.b64decode(pair).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def say(self, value: Any, status: int = 200) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def running() -> Iterator[Provider]:
    """The provider on a free port; it ends with the block."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = _Server(("127.0.0.1", 0), handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
