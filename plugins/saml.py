"""Login by SAML 2.0, such as the identity provider of a municipality or of a school authority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, g, url_for

from connectors.saml import PERSISTENT, Assertion, KeyPair, ServiceProvider, key_pair
from hub import Config, Plugin, Secret, SiteInfo, hookimpl, public
from hub.errors import Denied
from hub.identity.replay import first_use
from hub.records import Claims, LoginMethod
from plugins.common import about, translated
from plugins.school_claims import LAENDER, ROLES, TOLD, at_schools_of, configured, email, text

METHOD = "saml"
LONGEST_SUBJECT = 190
"""Characters: with the attribute's name it fits into an account's key."""
OIDS = {
    "displayName": "urn:oid:2.16.840.1.113730.3.1.241",
    "eduPersonAffiliation": "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
    "eduPersonUniqueId": "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",
    "mail": "urn:oid:0.9.2342.19200300.100.1.3",
    "pairwise-id": "urn:oasis:names:tc:SAML:attribute:pairwise-id",
    "subject-id": "urn:oasis:names:tc:SAML:attribute:subject-id",
}
"""What attributes are called on the wire whose short names people know."""

pages = Blueprint("saml", __name__)


@pages.get("/metadata")
@public
def description() -> Response:
    """What this site says of itself to the identity provider."""
    plugin: Saml = g.plugin
    back = url_for("login.complete", site=g.site.key, plugin=plugin.name, method=METHOD, lang=None)
    return Response(
        plugin.describe(plugin.site.hub + back),
        mimetype="application/samlmetadata+xml",
        headers={"Content-Disposition": f'inline; filename="{g.site.key}.xml"'},
    )


def _attribute(de: str, en: str, default: str, help_de: str, help_en: str) -> ma.fields.String:
    return ma.fields.String(
        load_default=default,
        validate=ma.validate.Regexp(r"^[\x21-\x7e]{0,100}$"),
        metadata=about(de, en, help_de, help_en),
    )


_ID = ma.validate.Regexp(r"^[^\s<>&\"']{1,200}$")


class SamlConfig(Config):
    """Which provider, where it describes itself, and what its attributes mean."""

    idp = ma.fields.String(
        required=True,
        validate=_ID,
        metadata=about(
            "Entity-ID des Dienstes",
            "Entity id of the service",
            "genau wie der Dienst sich in seinen Metadaten nennt",
            "exactly as the service calls itself in its metadata",
        ),
    )
    metadata_url = ma.fields.Url(
        load_default="",
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse der Metadaten",
            "Address of the metadata",
            "mit https; neue Zertifikate des Dienstes gelten dann von selbst",
            "with https; new certificates of the service then hold by themselves",
        ),
    )
    metadata = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=100_000),
        metadata={
            **about(
                "Metadaten des Dienstes (XML)",
                "Metadata of the service (XML)",
                "nur wo es keine Adresse gibt; bei neuen Zertifikaten hier erneuern",
                "only where there is no address; renew them here when certificates change",
            ),
            "long": True,
        },
    )
    label = ma.fields.String(
        load_default="Login des Trägers",
        validate=ma.validate.Length(min=1, max=60),
        metadata=about("Aufschrift der Schaltfläche", "Label of the button"),
    )
    entity_id = ma.fields.String(
        load_default="",
        validate=ma.validate.Regexp(r"^[^\s<>&\"']{0,200}$"),
        metadata=about(
            "Eigene Entity-ID",
            "Entity id of this site",
            "leer: die Adresse der eigenen Metadaten, <Hub>/<Zentrum>/saml/metadata",
            "empty: the address of its own metadata, <hub>/<site>/saml/metadata",
        ),
    )
    key = Secret(
        metadata=about(
            "Eigener Schlüssel (PEM, RSA)",
            "Key of this site (PEM, RSA)",
            "nötig, wenn der Dienst signierte Anfragen verlangt oder verschlüsselt antwortet",
            "needed where the service demands signed requests or encrypts its answers",
        )
    )
    certificate = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=20_000),
        metadata={**about("Zertifikat dazu (PEM)", "Its certificate (PEM)"), "long": True},
    )
    subject = _attribute(
        "Unveränderliches Kennzeichen",
        "Attribute that never changes",
        "",
        "leer: die NameID, wenn sie dauerhaft ist (persistent); sonst etwa eduPersonUniqueId "
        "oder pairwise-id",
        "empty: the NameID if it is persistent; otherwise such as eduPersonUniqueId or pairwise-id",
    )
    name = _attribute(
        "Attribut des Namens", "Attribute of the name", "displayName",
        "leer: der Name wird nicht übernommen", "empty: the name is not taken over",
    )  # fmt: skip
    email = _attribute(
        "Attribut der E-Mail-Adresse", "Attribute of the e-mail address", "mail",
        "leer: die Adresse wird nicht übernommen", "empty: the address is not taken over",
    )  # fmt: skip
    role_claim = _attribute(
        "Attribut der Rolle", "Attribute of the role", "eduPersonAffiliation",
        "leer: die Anmeldung gibt keine Rolle", "empty: the login gives no role",
    )  # fmt: skip
    role_map = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(min=1, max=200)),
        values=ma.fields.String(validate=ma.validate.OneOf(ROLES)),
        load_default=dict,
        metadata=about(
            "Rollen",
            "Roles",
            "Wert des Attributs = teacher, educator, citizen oder pupil; andere geben nichts",
            "value of the attribute = teacher, educator, citizen or pupil; others give nothing",
        ),
    )
    school_claim = _attribute(
        "Attribut der Schule", "Attribute of the school", "",
        "mit Schulnummern; leer: die Anmeldung nennt keine Schule",
        "with Schulnummern; empty: the login names no school",
    )  # fmt: skip

    @ma.validates_schema
    def _one_way_to_the_metadata(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data.get("metadata_url")) == bool(data.get("metadata")):
            raise ma.ValidationError("Give either an address or the XML.", "metadata_url")

    @ma.validates_schema
    def _key_with_certificate(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("key") is None) != (not data.get("certificate")):
            raise ma.ValidationError("Give key and certificate, or none of them.", "certificate")


class Saml(Plugin):
    """Logs people in whom a SAML identity provider vouches for."""

    name = "saml"
    title = {"de": "Login des Trägers (SAML)", "en": "Login of the municipality (SAML)"}
    description = {
        "de": "Anmeldung über einen SAML-Dienst, etwa des Schulträgers oder einer Föderation",
        "en": "Login by a SAML service, such as that of the municipality or of a federation",
    }
    category = "identity"
    Config = SamlConfig
    personal_data = (TOLD,)
    blueprint = pages

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._land = LAENDER.get(site.land, site.land)
        secret = config.get("key")
        keys: KeyPair | None = None
        if secret is not None:
            keys = key_pair(secret.reveal(), config["certificate"])
        self._provider = ServiceProvider(
            config["entity_id"] or f"{site.hub}/{site.key}/saml/metadata",
            config["idp"],
            config["metadata_url"] or config["metadata"],
            keys=keys,
            wants_name_id=not config["subject"],
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
        with translated(self.config["label"]):
            said = self._provider.answer(
                parameters.get("hub.begin_url", ""),
                parameters.get("hub.return_url", ""),
                parameters,
            )
        claims = self._claims(said)
        self._use_up(said)
        return claims

    @hookimpl
    def health(self) -> None:
        with translated(self.config["label"]):
            self._provider.idp()

    def describe(self, return_url: str) -> str:
        """The metadata of this site, for the provider."""
        return self._provider.description(return_url)

    @property
    def _issuer(self) -> str:
        # Whom to trust under which id is each centre's own word: its people are nobody else's.
        return f"saml:{self.site.key}:{self.config['idp']}"

    def _claims(self, said: Assertion) -> Claims:
        config = self.config
        given = {one: self._values(said, one) for one in set(_named(config))}
        who = configured(given, {**config, "school_land": self._land})
        schools = at_schools_of(self._land, who)
        single = {one: values[0] for one, values in given.items() if len(values) == 1}
        return Claims(
            issuer=self._issuer,
            subject=self._subject(said),
            name=text(single, config["name"]),
            email=email(single, config["email"]),
            roles=who.roles,
            schools=schools,
        )

    def _subject(self, said: Assertion) -> str:
        """Who it is: one value that is never given to anybody else, or nobody is let in."""
        wanted = self.config["subject"]
        if wanted:
            found, prefix = self._values(said, wanted), f"{wanted}="
        elif said.name_id and said.name_id_format != PERSISTENT:
            raise Denied(
                "The login gives a NameID that may change or change hands "
                f"({said.name_id_format[:100] or 'without format'}): make it persistent there, or "
                "name an attribute that never changes in the settings."
            )
        else:
            found, prefix = tuple(filter(None, [said.name_id])), ""
        what = wanted or "NameID"
        if len(found) != 1:
            raise Denied(f"The login gives {len(found)} values of {what} instead of one.")
        if not found[0].isprintable() or not 0 < len(found[0]) <= LONGEST_SUBJECT:
            raise Denied(f"The login gives a {what} that cannot be used.")
        return prefix + found[0]

    def _values(self, said: Assertion, name: str) -> tuple[str, ...]:
        """The values of an attribute by the name that the settings or the wire have for it."""
        return said.attributes.get(name) or said.attributes.get(OIDS.get(name, ""), ())

    def _use_up(self, said: Assertion) -> None:
        if self.site.database is None:
            raise Denied("Without a database nobody knows whether the answer was used before.")
        ends = datetime.fromtimestamp(said.ends, UTC)
        with self.site.database.write() as session:
            if not first_use(session, self._issuer, said.id, ends):
                raise Denied("The answer was brought here before; each logs in once.")


def _named(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes that the settings name."""
    fields = ("name", "email", "role_claim", "school_claim")
    return tuple(config[one] for one in fields if config[one])
