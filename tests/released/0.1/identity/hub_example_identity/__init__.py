"""Example identity: a portal that vouches for its users with a signed answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import marshmallow as ma

from hub import Config, PersonalData, Plugin, Secret, hookimpl
from hub.errors import Denied
from hub.records import Claims, LoginMethod, Person

SIGNED = ("user", "name", "nonce")


class ExampleIdentityConfig(Config):
    """What a centre's admin sets."""

    portal = ma.fields.Url(
        required=True,
        schemes={"https"},
        require_tld=False,
        metadata={"label": {"de": "Anmeldeseite des Portals", "en": "The portal's login page"}},
    )
    key = Secret(
        required=True,
        metadata={
            "label": {"de": "Gemeinsamer Schlüssel", "en": "Shared key"},
            "help": {"de": "Mit ihm unterschreibt das Portal", "en": "The portal signs with it"},
        },
    )


class ExampleIdentity(Plugin):
    """Example identity."""

    name = "example_identity"
    title = {"de": "Example identity", "en": "Example identity"}
    description = {"de": "Anmeldung über ein Portal", "en": "Login by way of a portal"}
    category = "identity"
    hosts = ()  # the hub itself connects to nothing: the browser does
    personal_data = (
        PersonalData(
            what={"de": "Kennung und Name", "en": "identifier and name"},
            purpose={"de": "Anmeldung", "en": "login"},
            retention={"de": "bis zur Löschung der Person", "en": "until the person is erased"},
        ),
    )

    Config = ExampleIdentityConfig

    @hookimpl
    def identity_methods(self) -> Iterable[LoginMethod]:
        return [LoginMethod("portal", "Example identity")]

    @hookimpl
    def identity_begin(self, method: str, return_url: str) -> str:
        # The hub keeps this address for this browser, and the nonce with it.
        asked = {"nonce": secrets.token_urlsafe(16), "return": return_url}
        return f"{self.config['portal']}?{urlencode(asked)}"

    @hookimpl
    def identity_complete(self, method: str, parameters: Mapping[str, str]) -> Claims:
        if method != "portal":
            raise Denied("There is no such login method.")
        told = [parameters.get(name, "") for name in SIGNED]
        good = signature(self.config["key"].reveal(), told)
        if not hmac.compare_digest(good.encode(), parameters.get("signature", "").encode()):
            raise Denied("The portal's answer is not signed with the shared key.")
        user, name, nonce = told
        begun = parse_qs(urlsplit(parameters.get("hub.begin_url", "")).query)
        if not user or begun.get("nonce") != [nonce]:
            raise Denied("The portal's answer belongs to another browser or another login.")
        return Claims(issuer=self.config["portal"], subject=user, name=name)

    @hookimpl
    def personal_data_export(self, person: Person) -> Mapping[str, Any]:
        return {}  # everything that this plugin keeps about the person (Art. 15 DSGVO)

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        """Nothing is kept yet; whatever will be is erased here (Art. 17 DSGVO)."""


def signature(key: str, values: Iterable[str]) -> str:
    """What the portal writes under its answer."""
    text = urlencode(list(zip(SIGNED, values, strict=True)))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def answer_of(config: Mapping[str, Any], begin_url: str, user: str, name: str) -> dict[str, str]:
    """What the portal answers: for tests, and for those who write the portal's side."""
    (nonce,) = parse_qs(urlsplit(begin_url).query)["nonce"]
    signed = signature(config["key"], (user, name, nonce))
    told = {"user": user, "name": name, "nonce": nonce, "signature": signed}
    return {**told, "hub.begin_url": begin_url}
