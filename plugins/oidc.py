"""Login by OpenID Connect: VIDIS, Schulconnex, edupool, or any other provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow as ma
from flask import Blueprint, g, request

from connectors.oidc import Provider
from connectors.oidc_tokens import ALGORITHMS
from hub import Config, Plugin, Secret, SiteInfo, hookimpl, machine
from hub.errors import Denied, Unavailable
from hub.identity.sessions import Via, end_of_identity
from hub.records import Claims, LoginMethod
from plugins.common import about, translated
from plugins.oidc_profiles import PROFILES
from plugins.school_claims import LAENDER, ROLES, TOLD, at_schools_of, email, text

METHOD = "oidc"
pages = Blueprint("oidc", __name__)


@pages.post("/abmelden")
@machine
def logged_out() -> tuple[dict[str, str], int, dict[str, str]]:
    """The provider says that somebody logged out (Back-Channel Logout 1.0 section 2.5)."""
    plugin: Oidc = g.plugin
    kept = {"Cache-Control": "no-store"}
    try:
        plugin.end_sessions(request.form.get("logout_token", ""))
    except Denied as reason:
        return {"error": "invalid_request", "error_description": str(reason)}, 400, kept
    except Unavailable as reason:
        return {"error": "temporarily_unavailable", "error_description": str(reason)}, 503, kept
    return {}, 200, kept


class OidcConfig(Config):
    """Which provider, as which client, and how its claims are read."""

    profile = ma.fields.String(
        load_default="plain",
        validate=ma.validate.OneOf(sorted(PROFILES)),
        metadata=about(
            "Art des Dienstes",
            "Kind of service",
            "danach richtet sich, was Rollen und Schulen heißt",
            "it decides how roles and schools are read",
            options={
                "plain": ("ein anderer Dienst", "any other service"),
                "vidis": ("VIDIS", "VIDIS"),
                "schulconnex": ("Schulconnex", "Schulconnex"),
                "edupool": ("Anmeldung von edupool", "login of edupool"),
            },
        ),
    )
    issuer = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Aussteller",
            "Issuer",
            "genau wie der Dienst sich nennt, mit oder ohne Schrägstrich am Ende",
            "exactly as the service calls itself, with or without a slash at the end",
        ),
    )
    client_id = ma.fields.String(
        required=True,
        validate=ma.validate.Length(min=1, max=300),
        metadata=about(
            "Client-ID",
            "Client id",
            "Kennung, unter der der Anmeldedienst diesen Hub registriert hat",
            "the name under which the login service has registered this hub",
        ),
    )
    client_secret = Secret(
        required=True,
        metadata=about(
            "Client-Geheimnis",
            "Client secret",
            "gibt der Anmeldedienst bei der Registrierung zur Client-ID aus",
            "the login service hands it out with the client id at registration",
        ),
    )
    label = ma.fields.String(
        load_default="Schul-Login",
        validate=ma.validate.Length(min=1, max=60),
        metadata=about("Aufschrift der Schaltfläche", "Label of the button"),
    )
    scopes = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"^[\x21\x23-\x5b\x5d-\x7e]{1,100}$")),
        load_default=list,
        validate=ma.validate.Length(max=20),
        metadata=about("Weitere Scopes", "Further scopes"),
    )
    parameters = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Regexp(r"^[a-z_]{1,40}$")),
        values=ma.fields.String(validate=ma.validate.Length(max=200)),
        load_default=dict,
        metadata=about(
            "Weitere Parameter",
            "Further parameters",
            "bei edupool etwa land = nrw, um den Anmeldeort vorzuwählen",
            "for edupool such as land = nrw, to preselect the login place",
        ),
    )
    algorithms = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(sorted(ALGORITHMS))),
        load_default=lambda: ["RS256", "PS256", "ES256", "EdDSA"],
        validate=ma.validate.Length(min=1),
        metadata=about("Erlaubte Signaturen", "Signatures allowed"),
    )
    userinfo = ma.fields.Boolean(
        load_default=False,
        metadata=about(
            "Auch userinfo fragen",
            "Ask userinfo too",
            "für Dienste, deren ID-Token wenig sagt",
            "for services whose ID token says little",
        ),
    )
    role_claim = ma.fields.String(
        load_default="roles",
        validate=ma.validate.Length(max=200),
        metadata=about("Angabe der Rolle", "Claim of the role", "nur plain und edupool",
                       "plain and edupool only"),
    )  # fmt: skip
    role_map = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(min=1, max=200)),
        values=ma.fields.String(validate=ma.validate.OneOf(ROLES)),
        load_default=dict,
        metadata=about(
            "Rollen",
            "Roles",
            "Wert der Angabe = teacher, educator, citizen oder pupil; andere Werte geben nichts",
            "value of the claim = teacher, educator, citizen or pupil; other values give nothing",
        ),
    )
    school_claim = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=200),
        metadata=about("Angabe der Schule", "Claim of the school", "nur plain", "plain only"),
    )


class Oidc(Plugin):
    """Logs people in whom an OpenID provider vouches for."""

    name = "oidc"
    title = {"de": "Schul-Login (OpenID Connect)", "en": "School login (OpenID Connect)"}
    description = {
        "de": "Anmeldung über VIDIS, Schulconnex, edupool oder einen anderen OpenID-Dienst",
        "en": "Login by VIDIS, Schulconnex, edupool or another OpenID service",
    }
    category = "identity"
    Config = OidcConfig
    personal_data = (TOLD,)
    hosts = ("oidc.edupool.cloud",)
    blueprint = pages

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._profile = PROFILES[config["profile"]]
        self._land = LAENDER.get(site.land, site.land)
        self._provider = Provider(
            config["issuer"],
            config["client_id"],
            config["client_secret"].reveal(),
            scopes=(*self._profile.scopes, *config["scopes"]),
            extra={**self._profile.extra, **config["parameters"]},
            algorithms=frozenset(config["algorithms"]),
            internal_hosts=site.internal_hosts,
        )

    @hookimpl
    def identity_methods(self) -> Iterable[LoginMethod]:
        return [LoginMethod(METHOD, self.config["label"])]

    @hookimpl
    def identity_begin(self, method: str, return_url: str) -> str:
        if method != METHOD:
            raise Denied("There is no such login.")
        with translated(self.config["label"]):
            return self._provider.question(return_url)

    @hookimpl
    def identity_complete(self, method: str, parameters: Mapping[str, str]) -> Claims:
        if method != METHOD:
            raise Denied("There is no such login.")
        given = {name: value for name, value in parameters.items() if not name.startswith("hub.")}
        with translated(self.config["label"]):
            claims = self._provider.answer(
                parameters.get("hub.begin_url", ""),
                parameters.get("hub.return_url", ""),
                given,
                userinfo=self.config["userinfo"],
            )
        who = self._profile.read(claims, {**self.config, "school_land": self._land})
        schools = at_schools_of(self._land, who, demanded=self._profile.demands_school)
        contact = self._profile.gives_contact
        return Claims(
            issuer=self.config["issuer"],
            subject=claims["sub"],
            name=text(claims, "name") if contact else "",
            email=_email(claims) if contact else "",
            roles=who.roles,
            schools=schools,
        )

    def end_sessions(self, token: str) -> None:
        """End what a logout token ends; raises `Denied` or `Unavailable`."""
        with translated(self.config["label"]):
            claims = self._provider.logged_out(token)
        if "sub" not in claims or self.site.database is None:
            raise Denied("Only logouts that name a person (sub) can be followed.")
        with self.site.database.write() as session:
            end_of_identity(session, Via(self.config["issuer"], claims["sub"]))

    @hookimpl
    def health(self) -> None:
        with translated(self.config["label"]):
            self._provider.endpoints()


def _email(claims: Mapping[str, Any]) -> str:
    """The address, unless the provider itself says that nobody checked it."""
    return "" if claims.get("email_verified") is False else email(claims, "email")
