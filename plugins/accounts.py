"""Local accounts of a site: for people who have no login of a school, and for the staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import marshmallow as ma

from hub import Config, PersonalData, Plugin, hookimpl
from hub.errors import Denied
from hub.identity import accounts
from hub.records import Claims, LoginMethod
from plugins.common import about

METHOD = "password"


class Accounts(Plugin):
    """Login name and password, kept by the hub."""

    name = "accounts"
    title = {"de": "Lokale Konten", "en": "Local accounts"}
    description = {
        "de": "Anmeldung mit Benutzername und Passwort, die dieses Zentrum vergibt.",
        "en": "Login with a name and password that this centre gives out.",
    }
    category = "identity"

    class Config(Config):
        registration = ma.fields.Boolean(
            load_default=False,
            metadata=about(
                "Registrierung",
                "Registration",
                "Alle dürfen sich mit ihrer E-Mail-Adresse selbst ein Konto anlegen. Es gilt als "
                "Konto von Bürgerinnen und Bürgern, bis Sie mehr vergeben.",
                "Everybody may make an account of their own with their e-mail address. It counts "
                "as a citizen's until you grant more.",
            ),
        )

    personal_data = (
        PersonalData(
            what={
                "de": "Name, E-Mail-Adresse, Benutzername, Passwort als Hash",
                "en": "name, e-mail address, login name, password as a hash",
            },
            purpose={"de": "Anmeldung", "en": "login"},
            retention={
                "de": "bis das Konto gelöscht wird",
                "en": "until the account is deleted",
            },
        ),
    )

    @hookimpl
    def identity_methods(self) -> Iterable[LoginMethod]:
        more = ("reset", "register") if self.config["registration"] else ("reset",)
        return [LoginMethod(METHOD, "Mit Passwort", ("login", "password"), more)]

    @hookimpl
    def identity_begin(self, method: str, return_url: str) -> str:
        return return_url  # the hub's own page asks for the fields of the method

    @hookimpl
    def identity_complete(self, method: str, parameters: Mapping[str, str]) -> Claims:
        if method != METHOD:
            raise Denied("There is no such login method.")
        if self.site.database is None:
            raise Denied("There is no database here.")
        claims = accounts.check(
            self.site.database,
            self.site.key,
            parameters.get("login", ""),
            parameters.get("password", ""),
        )
        if claims is None:
            raise Denied("Login name and password do not belong together.")
        return claims
