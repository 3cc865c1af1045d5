"""OpenID Connect against a provider that signs for real: who gets in, and who does not."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws

from connectors.errors import ConnectorError, Malformed, Refused, TooLarge, Unreachable
from connectors.oidc import Provider as Client
from connectors.oidc_tokens import Checker, Keys, usable
from tests.servers import oidc_op
from tests.servers.oidc_op import CLIENT, SECRET, SUBJECT, Provider, key, sign

BACK = "https://hub.example/anmelden/borken/oidc/oidc/fertig"


@pytest.fixture
def op() -> Iterator[Provider]:
    with oidc_op.running() as provider:
        yield provider


def client(op: Provider, **changed: Any) -> Client:
    return Client(op.issuer, CLIENT, SECRET, internal_hosts=["127.0.0.1"], **changed)


def log_in(op: Provider, at: Client | None = None, **answer: str) -> dict[str, Any]:
    at = at or client(op)
    question = at.question(BACK)
    parameters = {k: v for k, v in op.authorise(question, **answer).items() if v != "-"}
    return at.answer(question, BACK, parameters, userinfo=False)


def test_whom_the_provider_vouches_for_is_let_in(op: Provider) -> None:
    op.claims = {"rolle": "LEHR", "schulkennung": ["DE-NW-900001"]}
    claims = log_in(op)
    assert claims["sub"] == SUBJECT
    assert claims["rolle"] == "LEHR"


def test_the_secret_goes_into_the_form_where_the_provider_wants_it(op: Provider) -> None:
    op.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert log_in(op)["sub"] == SUBJECT


def test_userinfo_adds_what_the_token_lacks_and_of_nobody_else(op: Provider) -> None:
    at = client(op)
    op.claims, op.userinfo = {"name": "Token"}, {"name": "Userinfo", "email": "ada@x.example"}
    question = at.question(BACK)
    claims = at.answer(question, BACK, op.authorise(question), userinfo=True)
    assert (claims["name"], claims["email"]) == ("Token", "ada@x.example")
    op.userinfo = {"sub": "somebody else"}
    question = at.question(BACK)
    with pytest.raises(Refused, match="somebody else"):
        at.answer(question, BACK, op.authorise(question), userinfo=True)


def test_no_question_is_like_another_and_settings_cannot_change_it(op: Provider) -> None:
    at = client(op, extra={"land": "nrw", "state": "mine", "redirect_uri": "https://evil"})
    one, other = at.question(BACK), at.question(BACK)
    assert one != other
    assert "land=nrw" in one
    assert "mine" not in one
    assert "evil" not in one


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"state": "another"}, "state"),
        ({"state": "-"}, "state"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": "-"}, "iss"),
        ({"code": "-"}, "no code"),
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": "-", "error": "access_denied\x07"}, "access_denied"),
    ],
)
def test_an_answer_to_no_question_is_refused(
    op: Provider, answer: dict[str, str], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        log_in(op, **answer)


def test_a_code_serves_once_and_only_with_the_browser_that_asked(op: Provider) -> None:
    at = client(op)
    question = at.question(BACK)
    answer = op.authorise(question)
    stranger = at.question(BACK)
    with pytest.raises(Refused, match="state"):
        at.answer(stranger, BACK, answer, userinfo=False)
    # Even with the right state in the address, the verifier of the thief is another.
    op.codes[answer["code"]]["state"] = "x"
    stolen = {**op.authorise(stranger), "code": answer["code"]}
    with pytest.raises(Refused, match="invalid_grant"):
        at.answer(stranger, BACK, stolen, userinfo=False)
    question = at.question(BACK)
    answer = op.authorise(question)
    at.answer(question, BACK, answer, userinfo=False)
    with pytest.raises(Refused, match="invalid_grant"):
        at.answer(question, BACK, answer, userinfo=False)


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "somebody"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": {"a": CLIENT}}, "aud"),
        ({"aud": [CLIENT, "other"]}, "azp"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"nonce": "replayed"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["x"]}, "nonce"),
        ({"exp": NOW - 100}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": NOW + 1000}, "future"),
        ({"iat": NOW - 5000}, "too old"),
        ({"nbf": NOW + 1000}, "not valid yet"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 4711}, "sub"),
        ({"sub": ["a", "b"]}, "sub"),
        ({"sub": "x" * 300}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"at_hash": "wrong"}, "access token"),
    ],
)
def test_a_token_that_says_something_wrong_lets_nobody_in(
    op: Provider, claims: dict[str, Any], message: str
) -> None:
    op.claims = claims
    with pytest.raises(Refused, match=message):
        log_in(op)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the provider's public key as the shared secret, which everybody has."""
    text = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(claims)}"
    mac = hmac.digest(key().as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def forged(claims: dict[str, Any]) -> str:
    """Signed with a key of one's own that claims to be the provider's."""
    return sign(claims, key(2), kid="k1")


def doubled(claims: dict[str, Any]) -> str:
    """Says `sub` twice, with a true signature."""
    text = json.dumps({**claims, "sub2": "admin"}).replace('"sub2"', '"sub"').encode()
    return jws.serialize_compact({"alg": "RS256", "kid": "k1"}, text, key(), algorithms=["RS256"])


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (unsigned, "alg"),
        (by_public_key, "alg"),
        (forged, "signature"),
        (doubled, "twice"),
        (lambda claims: sign(claims, alg="RS512"), "alg"),
        (lambda claims: sign(claims, typ="logout+jwt"), "kind"),
        (lambda claims: sign(claims)[:-8] + "AAAAAAAA", "signature"),
        (lambda claims: sign(claims).replace(".", "..", 1), "read"),
        (lambda claims: "x" * 900_000, "longer"),
        (lambda claims: sign({**claims, "more": "x" * 70_000}), "longer"),
        (lambda claims: "a.b.c", "read"),
        (lambda claims: "", "no token"),
        (lambda claims: None, "no token"),
        (lambda claims: {"id": 1}, "no token"),
        (lambda claims: "ä.ö.ü", "read"),
    ],
)
def test_a_token_that_is_no_true_one_lets_nobody_in(op: Provider, token: Any, message: str) -> None:
    op.token = token
    with pytest.raises(Refused, match=message):
        log_in(op, client(op, algorithms=usable(["RS256"])))


def test_an_answer_of_ten_megabytes_is_not_read(op: Provider) -> None:
    op.token = lambda claims: "x" * 10_000_000
    with pytest.raises(TooLarge):
        log_in(op)


def test_a_new_key_is_learnt_at_once_and_unknown_ones_cost_one_look(op: Provider) -> None:
    clock = [1000.0]
    at = client(op, clock=lambda: clock[0])
    log_in(op, at)
    op.published, op.token = [key(2)], lambda claims: sign(claims, key(2))
    assert log_in(op, at)["sub"] == SUBJECT, "though the keys were read a moment ago"
    looks = op.asked.count("/keys")
    op.token = lambda claims: sign(claims, key(1), kid="unknown")
    for _ in range(5):
        with pytest.raises(Refused, match="does not publish"):
            log_in(op, at)
    assert op.asked.count("/keys") == looks
    clock[0] += 61
    with pytest.raises(Refused, match="does not publish"):
        log_in(op, at)
    assert op.asked.count("/keys") == looks + 1


def test_a_token_without_key_id_is_tried_with_all(op: Provider) -> None:
    op.published = [key(2), key(1)]
    op.token = lambda claims: sign(claims, kid=None)
    assert log_in(op)["sub"] == SUBJECT


@pytest.mark.parametrize(
    ("discovery", "error", "message"),
    [
        ({"issuer": "https://evil.example"}, Refused, "calls itself https://evil.example"),
        ({"issuer": None}, Refused, "calls itself"),
        ({"token_endpoint": None}, Malformed, "token_endpoint"),
        ({"jwks_uri": ["x"]}, Malformed, "jwks_uri"),
        ({"token_endpoint": "ftp://x/y"}, Refused, "no TLS"),
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    op: Provider, discovery: dict[str, Any], error: type[Exception], message: str
) -> None:
    op.discovery = discovery
    with pytest.raises(error, match=message):
        client(op).question(BACK)


def test_a_provider_with_tls_keeps_it() -> None:
    at = Client("https://idp.example", CLIENT, SECRET)
    with pytest.raises(Refused, match="no TLS"):
        at._endpoint({"token_endpoint": "http://idp.example/token"}, "token_endpoint")


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({}, Malformed),
        ({"keys": {}}, Malformed),
        ({"keys": []}, Malformed),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}, Malformed),
        ({"keys": [{"kty": "RSA", "n": "AA", "kid": "k1"}, 7]}, Malformed),
        ({"keys": [{"kty": "RSA"}] * 51}, Malformed),
        ([], Malformed),
    ],
)
def test_keys_that_are_none_let_nobody_in(op: Provider, keys: Any, error: type[Exception]) -> None:
    op.answers["/keys"] = lambda handler: handler.say(keys)  # type: ignore[attr-defined]
    with pytest.raises(error):
        log_in(op)


def test_a_provider_that_is_down_is_unreachable(op: Provider) -> None:
    op.answers["/token"] = lambda handler: handler.say({}, 503)  # type: ignore[attr-defined]
    with pytest.raises(Unreachable):
        log_in(op)
    with pytest.raises(Unreachable):
        Client("http://127.0.0.1:9", CLIENT, SECRET, internal_hosts=["127.0.0.1"]).question(BACK)


def test_a_logout_names_who_it_was(op: Provider) -> None:
    at = client(op)
    assert at.logged_out(op.logout_token())["sub"] == SUBJECT
    assert at.logged_out(op.logout_token(sub=None, sid="s1"))["sid"] == "s1"
    for wrong in (
        {"events": {}},
        {"events": "logout"},
        {"nonce": "x"},
        {"sub": None},
        {"jti": None},
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"exp": NOW - 500},
    ):
        with pytest.raises(Refused):
            at.logged_out(op.logout_token(**wrong))
    with pytest.raises(Refused):
        at.logged_out(sign(op.id_claims("n")))


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
def test_whatever_is_no_token_is_refused(text: str) -> None:
    keys = Keys(lambda: {"keys": [key().as_dict(private=False)]})
    with pytest.raises(ConnectorError):
        Checker("https://idp.example", CLIENT, keys).id_token(text, "n")
