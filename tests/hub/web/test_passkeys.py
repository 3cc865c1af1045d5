"""Security keys as the second factor: what a key signed counts, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

import cbor2
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webauthn.helpers import bytes_to_base64url

from hub.app import create_app
from hub.identity import passkeys
from hub.models import AuditEntry, LoginSession, Passkey, SecondFactor
from hub.models.base import now
from hub.runtime import Hub
from tests.hub.web.test_second_factor import LOGIN, PAGE, SETUP, client, hub, set_up
from tests.identities import send

__all__ = ["client", "hub"]

HOST, ORIGIN = "hub.example", "http://hub.example"
ADD, ASK = f"{SETUP}/schluessel", "/anmelden/code"


@pytest.fixture(autouse=True)
def named(hub: Hub) -> None:
    """The hub under a name."""
    hub.settings = replace(hub.settings, base_url=ORIGIN)


@dataclass
class Key:
    """A security key of software, which signs whatever it is told to."""

    number: bytes = b"key-1"
    count: int = 0
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def _data(self, host: str, credential: bytes = b"") -> bytes:
        self.count += 1
        flags = 0x41 if credential else 0x01
        head = hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.count)
        return head + credential

    def public(self) -> bytes:
        """COSE_Key of an elliptic curve (RFC 9053 section 7.1)."""
        point = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})

    def made(self, challenge: str, origin: str = ORIGIN, host: str = HOST) -> str:
        length = struct.pack(">H", len(self.number))
        data = self._data(host, bytes(16) + length + self.number + self.public())
        document = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer("webauthn.create", challenge, origin, attestationObject=document)

    def signed(self, challenge: str, origin: str = ORIGIN, host: str = HOST) -> str:
        data = self._data(host)
        told = hashlib.sha256(_client("webauthn.get", challenge, origin)).digest()
        signature = self.private.sign(data + told, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            "webauthn.get", challenge, origin, authenticatorData=data, signature=signature
        )

    def _answer(self, kind: str, challenge: str, origin: str, **parts: bytes) -> str:
        parts["clientDataJSON"] = _client(kind, challenge, origin)
        number = bytes_to_base64url(self.number)
        response = {name: bytes_to_base64url(part) for name, part in parts.items()}
        return json.dumps(
            {"id": number, "rawId": number, "type": "public-key", "response": response}
        )


def _client(kind: str, challenge: str, origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()


def options(client: FlaskClient, page: str) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', client.get(page).text)
    assert found, f"{page} asks for no key"
    read: dict[str, Any] = json.loads(unescape(found[1]))
    return read


def added(client: FlaskClient, key: Key, **more: Any) -> Any:
    answer = key.made(options(client, SETUP)["challenge"], **more)
    return send(client, SETUP, ADD, answer=answer, name=" Am  Bund ")


def begun(hub: Hub) -> FlaskClient:
    """Another browser with the right password, which is asked for the second factor."""
    other = create_app(hub).test_client()
    assert send(other, PAGE, **LOGIN).headers["Location"].startswith(ASK)
    return other


def test_a_key_logs_in_beside_the_codes_and_goes_with_them(hub: Hub, client: FlaskClient) -> None:
    assert "data-passkey" not in client.get(SETUP).text, "the codes of an app come first"
    assert send(client, SETUP, ADD, answer=Key().made("x")).status_code == 400
    set_up(client)
    key = Key()
    assert added(client, key).status_code == 303
    assert "Am Bund" in client.get(SETUP).text
    assert added(client, key).status_code == 400, "known"
    other = begun(hub)
    asked = options(other, ASK)
    assert [one["id"] for one in asked["allowCredentials"]] == [bytes_to_base64url(key.number)]
    answer = key.signed(asked["challenge"])
    done = send(other, ASK, answer=answer, weiter="/netz")
    assert (done.status_code, done.headers["Location"]) == (303, "/netz")
    assert send(begun(hub), ASK, answer=answer).status_code == 403, "signed for another login"
    with hub.db.read() as session:
        row = session.scalars(sa.select(Passkey)).one()
        assert (row.sign_count, row.used_at is not None) == (key.count, True)
        actions = session.scalars(sa.select(AuditEntry.action)).all()
        assert "passkey.add" in actions
    send(client, SETUP, f"{SETUP}/entfernen")
    with hub.db.read() as session:
        assert session.scalars(sa.select(Passkey)).all() == []


@pytest.mark.parametrize(
    "lie",
    [{"origin": "http://hub.example.org"}, {"host": "hub.example.org"}, {"challenge": "AAAA"}],
    ids=["origin", "host", "challenge"],
)
def test_what_was_signed_elsewhere_opens_nothing(
    hub: Hub, client: FlaskClient, lie: dict[str, str]
) -> None:
    set_up(client)
    key = Key()
    challenge = options(client, SETUP)["challenge"]
    answer = key.made(**{"challenge": challenge, **lie})
    refused = send(client, SETUP, ADD, answer=answer)
    assert refused.status_code == 400
    assert "nicht angenommen" in refused.text
    added(client, key)
    other = begun(hub)
    answer = key.signed(**{"challenge": options(other, ASK)["challenge"], **lie})
    assert send(other, ASK, answer=answer).status_code == 403
    assert other.get("/konto").status_code == 303


def test_a_copied_key_and_a_foreign_one_open_nothing(hub: Hub, client: FlaskClient) -> None:
    set_up(client)
    key = Key()
    added(client, key)
    other = begun(hub)
    challenge = options(other, ASK)["challenge"]
    copied = replace(key, count=-1)
    assert send(other, ASK, answer=copied.signed(challenge)).status_code == 403
    assert send(other, ASK, answer=Key().signed(challenge)).status_code == 403
    assert send(other, ASK, answer=Key(b"key-2").signed(challenge)).status_code == 403
    assert other.get("/konto").status_code == 303
    # Guessing is slowed down as with codes.
    answers = [send(other, ASK, answer="x").status_code for _ in range(5)]
    assert 429 in answers


def test_keys_are_the_persons_own_and_changed_after_a_fresh_login_only(
    hub: Hub, client: FlaskClient
) -> None:
    set_up(client)
    for number in range(passkeys.MOST):
        assert added(client, Key(b"key-%d" % number)).status_code == 303
    assert "data-passkey" not in client.get(SETUP).text
    with hub.db.write() as session:
        mine = session.scalars(sa.select(Passkey.id)).first()
        foreign = session.scalars(sa.select(sa.func.max(Passkey.id))).one() + 1
        session.execute(sa.update(LoginSession).values(proven_at=now().replace(year=2020)))
    away = send(client, SETUP, f"{ADD}/{mine}/entfernen")
    assert away.headers["Location"].startswith("/anmelden?weiter=")
    assert "Diesen Schlüssel entfernen" not in client.get(SETUP).text
    with hub.db.write() as session:
        session.execute(sa.update(LoginSession).values(proven_at=now()))
    assert send(client, SETUP, f"{ADD}/{foreign}/entfernen").status_code == 404
    assert send(client, SETUP, f"{ADD}/{mine}/entfernen").status_code == 303
    hub.settings = replace(hub.settings, base_url="http://127.0.0.1:8000")
    assert "data-passkey" not in client.get(SETUP).text, "a key signs for a name"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_PARTS = ("clientDataJSON", "attestationObject", "authenticatorData", "signature")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_a_browser_sends_is_an_answer_or_none(
    hub: Hub, client: FlaskClient, data: st.DataObject
) -> None:
    """Right answers with a part replaced by anything are refused or still right: nothing breaks."""
    where = passkeys.Ceremony(ORIGIN, HOST, b"challenge")
    key = Key()
    with hub.db.write() as session:
        number = session.scalars(sa.select(LoginSession.person_id)).first()
        assert number
        session.merge(
            SecondFactor(person_id=number, secret="", last_step=0, recovery=[], confirmed_at=now())
        )
        row = Passkey(
            person_id=number, credential=key.number, public_key=key.public(), sign_count=0,
            name="", created_at=now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        made = data.draw(st.sampled_from((key.made, key.signed)))
        answer = json.loads(made(bytes_to_base64url(where.challenge)))
        if data.draw(st.booleans()):
            noise = bytes_to_base64url(data.draw(st.binary(max_size=80)))
            answer["response"][data.draw(st.sampled_from(_PARTS))] = noise
        into = data.draw(st.sampled_from((answer, answer["response"])))
        into[data.draw(st.sampled_from((*into, *_PARTS)))] = data.draw(_JSON)
        text = json.dumps(answer)
        passkeys.check(session, where, number, text)
        with suppress(passkeys.KeyRefused):
            passkeys.add(session, where, number, text, "")
        session.rollback()
