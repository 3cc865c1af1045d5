"""Login with the name and password of a directory (LDAP), such as a municipality's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import marshmallow as ma

from connectors import files
from connectors.ldap import Directory, Entry
from hub import Config, PersonalData, Plugin, Secret, SiteInfo, hookimpl
from hub.errors import Denied
from hub.records import Claims, LoginMethod
from plugins.common import about, translated

ROLES = ("teacher", "educator", "citizen")
MAX_CA = 200_000


def _names_the_login(text: str) -> None:
    if text.count("{login}") < 1 or not (text.startswith("(") and text.endswith(")")):
        raise ma.ValidationError("A filter in brackets that holds {login}, such as (uid={login}).")


class LdapConfig(Config):
    """Which directory, how a person is found there, and which groups give a role."""

    host = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"^[A-Za-z0-9.:-]{1,200}$"),
        metadata=about(
            "Server",
            "Server",
            "Rechnername oder IP-Adresse des Verzeichnisses, ohne ldap://: ldap.schule.example",
            "host name or IP address of the directory, without ldap://: ldap.school.example",
        ),
    )
    port = ma.fields.Integer(
        load_default=0,
        validate=ma.validate.Range(0, 65535),
        metadata=about("Port", "Port", "0: 389, mit LDAPS 636", "0: 389, with LDAPS 636"),
    )
    ldaps = ma.fields.Boolean(
        load_default=False,
        metadata=about("LDAPS statt StartTLS", "LDAPS instead of StartTLS"),
    )
    ca_file = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=200),
        metadata=about(
            "Zertifikat der Zertifizierungsstelle",
            "Certificate of the authority",
            "Datei im Ordner des Zentrums; leer: die des Betriebssystems",
            "a file in the centre's folder; empty: those of the operating system",
        ),
    )
    bind_dn = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=500),
        metadata=about("DN des Dienstkontos", "DN of the service account"),
    )
    bind_password = Secret(
        metadata=about(
            "Passwort des Dienstkontos",
            "Its password",
            "des Kontos, das nur suchen darf; leer, wenn das Verzeichnis anonym durchsucht wird",
            "of the account that may only search; empty where anybody may search",
        )
    )
    base = ma.fields.String(
        required=True,
        validate=ma.validate.Length(min=1, max=500),
        metadata=about(
            "Suchbasis",
            "Search base",
            "Teil des Verzeichnisses, in dem die Konten liegen: ou=people,dc=schule,dc=example",
            "part of the directory that holds the accounts: ou=people,dc=school,dc=example",
        ),
    )
    user_filter = ma.fields.String(
        load_default="(uid={login})",
        validate=[ma.validate.Length(max=500), _names_the_login],
        metadata=about("Suchfilter", "Search filter"),
    )
    group_base = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=500),
        metadata=about(
            "Suchbasis der Gruppen",
            "Search base of groups",
            "leer: nur das Attribut memberOf",
            "empty: the attribute memberOf only",
        ),
    )
    group_roles = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(min=1, max=500)),
        values=ma.fields.String(validate=ma.validate.OneOf(ROLES)),
        load_default=dict,
        metadata=about(
            "Gruppen und Rollen",
            "Groups and roles",
            "DN der Gruppe = teacher, educator oder citizen; andere Gruppen geben nichts",
            "DN of the group = teacher, educator or citizen; other groups give nothing",
        ),
    )
    subject = ma.fields.String(
        load_default="entryUUID",
        validate=ma.validate.Regexp(r"^[A-Za-z][A-Za-z0-9-]{0,60}$"),
        metadata=about(
            "Unveränderliches Kennzeichen",
            "Attribute that never changes",
            "bei Active Directory objectGUID",
            "with Active Directory objectGUID",
        ),
    )
    label = ma.fields.String(
        load_default="Dienstkonto",
        validate=ma.validate.Length(min=1, max=60),
        metadata=about("Aufschrift der Schaltfläche", "Label of the button"),
    )

    @ma.validates_schema
    def _an_account_has_a_password(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("bind_dn") and data.get("bind_password") is None:
            raise ma.ValidationError("Needs a password.", "bind_password")


class Ldap(Plugin):
    """Logs people in whose password the directory takes."""

    name = "ldap"
    title = {"de": "Verzeichnisdienst (LDAP)", "en": "Directory (LDAP)"}
    description = {
        "de": "Anmeldung mit Benutzername und Passwort des Trägers, über StartTLS oder LDAPS",
        "en": "Login with the name and password of the municipality, over StartTLS or LDAPS",
    }
    category = "identity"
    Config = LdapConfig
    personal_data = (
        PersonalData(
            what={
                "de": "Kennzeichen im Verzeichnis, Name, E-Mail-Adresse, Rolle",
                "en": "identifier in the directory, name, e-mail address, role",
            },
            purpose={"de": "Anmeldung und Rechte", "en": "login and rights"},
            retention={
                "de": "bis das Konto gelöscht wird",
                "en": "until the account is deleted",
            },
        ),
    )

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._roles = {_folded(dn): role for dn, role in config["group_roles"].items()}

    @hookimpl
    def identity_methods(self) -> Iterable[LoginMethod]:
        return [LoginMethod("directory", self.config["label"], ("login", "password"))]

    @hookimpl
    def identity_complete(self, method: str, parameters: Mapping[str, str]) -> Claims:
        if method != "directory":
            raise Denied("There is no such login.")
        with translated(self.config["label"]):
            entry = self._directory().log_in(
                parameters.get("login", ""), parameters.get("password", "")
            )
        subject = entry.first(self.config["subject"])
        if not subject:
            raise Denied(f"The directory gives no {self.config['subject']} of the person.")
        return Claims(
            # A centre names its server as it likes: its people are nobody else's.
            issuer=f"ldap:{self.site.key}:{self.config['host'].lower()}",
            subject=subject[:300],
            name=(entry.first("displayName") or entry.first("cn"))[:300],
            email=entry.first("mail")[:300],
            roles=self._roles_of(entry),
        )

    @hookimpl
    def health(self) -> None:
        with translated(self.config["label"]):
            self._directory().check()

    def _roles_of(self, entry: Entry) -> tuple[str, ...]:
        found = (self._roles.get(_folded(group)) for group in entry.groups)
        return tuple(dict.fromkeys(role for role in found if role is not None))

    def _directory(self) -> Directory:
        config = self.config
        ca = None
        if config["ca_file"]:
            path = files.inside(self.site.files, config["ca_file"])
            ca = files.read(path, MAX_CA).decode("ascii", errors="replace")
        secret = config.get("bind_password")
        return Directory(
            config["host"],
            port=config["port"],
            ldaps=config["ldaps"],
            ca=ca,
            bind_dn=config["bind_dn"],
            bind_password=secret.reveal() if secret else "",
            base=config["base"],
            user_filter=config["user_filter"],
            group_base=config["group_base"],
            attributes=(config["subject"], "displayName", "cn", "mail"),
            internal_hosts=self.site.internal_hosts,
        )


def _folded(dn: str) -> str:
    """A distinguished name as it is compared: without capitals and blanks after commas."""
    return ",".join(part.strip() for part in dn.casefold().split(","))
