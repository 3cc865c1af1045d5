"""EDMOND NRW (Bildungsmediathek NRW): the licensed media of the network, over ARIX.

What a centre may open is what ARIX shows in the context `NRW/<Standort>`: the Land licences and
its own. A Landesmedienzentrum, which has no Standort, asks in the context `NRW` alone. A centre
asks for the identifiers of that context too: what stands there is a Land licence, the rest is the
centre's. ARIX tells no changes, so every run lists everything and ends complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import marshmallow as ma
from lxml import etree

from connectors.arix import Arix, Condition, Credentials, NotLicensed
from connectors.errors import ConnectorError
from connectors.http import Client
from hub import Config, Plugin, Secret, SiteInfo, hookimpl
from hub.errors import Denied, Unavailable
from hub.formats import arix as arix_format
from hub.records import (
    Access,
    AccessMode,
    Change,
    Checkpoint,
    Grant,
    Offer,
    Person,
    Record,
    Reject,
    Scope,
    Upsert,
)
from plugins.common import about, translated

LINK_LIFE = timedelta(minutes=10)
"""How long a link of ARIX is taken to work; sessions there end after about 30 minutes."""
EXCERPT = 500


def _landing_template(text: str) -> None:
    """Refuse a template that is no address or has other places than those we can fill."""
    if not text:
        return
    known = re.compile(r"\{(?:land|standort|identifier)\}")
    try:
        host = urlsplit(text).hostname or ""
        parts = urlsplit(known.sub("x", text))
    except ValueError as error:
        raise ma.ValidationError("This is no address.") from error
    if parts.scheme not in ("http", "https") or not host or "{" in host:
        raise ma.ValidationError("An address begins with http:// or https:// and a host.")
    if re.search(r"[{}]", parts.geturl()):
        raise ma.ValidationError("Only {land}, {standort} and {identifier} are filled in.")


class EdmondConfig(Config):
    """Where the ARIX server is, as whom we ask, and how media are opened."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata=about(
            "Adresse",
            "Address",
            "Grundadresse des ARIX-Servers, ohne Kontext",
            "base address of the ARIX server, without the context",
        ),
    )
    land = ma.fields.String(
        validate=ma.validate.Regexp(r"^[A-Za-z]{2,3}$"),
        metadata=about("Land", "Land", "leer: das des Standorts", "empty: that of the site"),
    )
    standort = ma.fields.String(
        validate=ma.validate.Regexp(r"^[A-Za-z0-9]{0,10}$"),
        metadata=about(
            "Standortnummer",
            "Standort number",
            "leer: die des Medienzentrums, meist das Kfz-Kennzeichen",
            "empty: that of the centre, mostly its licence-plate code",
        ),
    )
    context_in_form = ma.fields.Boolean(
        load_default=False,
        metadata=about(
            "Kontext als Formularfeld",
            "Context as a form field",
            "statt an der Adresse; so will es der Testserver",
            "instead of in the address; the test server wants it so",
        ),
    )
    password = Secret(
        metadata=about(
            "Passwort",
            "Password",
            "Passphrase für Links oder Geheimnis des Clients",
            "passphrase for links, or the client's secret",
        )
    )
    client = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=100),
        metadata=about(
            "Client",
            "Client",
            "Name für die neuere Anmeldung (getpassphrase); sonst leer",
            "name for the newer sign-in (getpassphrase); else empty",
        ),
    )
    user_id = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=100),
        metadata=about(
            "Benutzer",
            "User",
            "für Server, die vor jedem Link eine Anmeldung verlangen; sonst leer",
            "for servers that demand a login before each link; else empty",
        ),
    )
    listing = ma.fields.String(
        load_default="search",
        validate=ma.validate.OneOf(["search", "harvest", "none"]),
        metadata=about(
            "Bestand lesen über",
            "List the stock by",
            "„harvest“ kennt nicht jeder Server",
            "not every server knows “harvest”",
            options={
                "search": ("Suche, Seite für Seite", "search, page by page"),
                "harvest": ("die Anweisung harvest", "the statement harvest"),
                "none": ("nicht lesen", "do not read it"),
            },
        ),
    )
    live_search = ma.fields.Boolean(
        load_default=False,
        metadata=about(
            "Live durchsuchen",
            "Search live",
            "bei jeder Suche fragen; für Bestände, die der Hub nicht lesen darf",
            "ask at each search; for stocks that the hub may not read",
        ),
    )
    page_size = ma.fields.Integer(
        load_default=200,
        validate=ma.validate.Range(1, 1000),
        metadata=about("Datensätze je Seite", "Records per page"),
    )
    landing_template = ma.fields.String(
        load_default="",
        validate=[ma.validate.Length(max=500), _landing_template],
        metadata=about(
            "Ersatzadresse",
            "Fallback address",
            "wohin geöffnet wird, wenn kein Link zu haben ist; "
            "Platzhalter {land}, {standort}, {identifier}",
            "where an offer opens when no link can be had; "
            "places are {land}, {standort}, {identifier}",
        ),
    )

    @ma.validates_schema
    def _sign_in_needs_a_password(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("client", "user_id"):
            if data.get(name) and data.get("password") is None:
                raise ma.ValidationError("Needs a password.", "password")


class Edmond(Plugin):
    """The ARIX catalogue of one site."""

    name: ClassVar[str] = "edmond"
    title = {"de": "EDMOND NRW", "en": "EDMOND NRW"}
    description = {
        "de": "Lizenzierte Online-Medien des Landes und des Medienzentrums über ARIX",
        "en": "Licensed online media of the Land and of the centre, over ARIX",
    }
    category = "catalogue"
    Config = EdmondConfig
    hosts = ("arix.datenbank-bildungsmedien.net",)

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._land = (config.get("land") or site.land).upper()
        self._standort = (config.get("standort") or site.standort).upper()
        context = f"{self._land}/{self._standort}" if self._standort else self._land
        # Lists are long and may take their time; what a person waits for may not.
        patient = Client(internal_hosts=site.internal_hosts, timeout=60.0, deadline=300.0)
        prompt = Client(internal_hosts=site.internal_hosts, timeout=8.0, deadline=15.0)
        self._listing = self._server(context, patient)
        self._land_listing = self._server(self._land, patient)
        self._live = self._server(context, prompt)
        self._land_live = self._server(self._land, prompt)

    def _server(self, context: str, client: Client) -> Arix:
        config = self.config
        password = config.get("password")
        return Arix(
            config["address"],
            context,
            client,
            credentials=Credentials(password.reveal(), config["client"], config["user_id"])
            if password
            else None,
            context_in_form=config["context_in_form"],
        )

    def _grant(self, identifier: str, of_the_land: set[str]) -> Grant:
        """Whose licence a record of our context has."""
        if not self._standort or identifier.upper() in of_the_land:
            return Grant(Scope.LAND, self._land)
        return Grant(Scope.SITE, self.site.key)

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Everything in the context, page by page; the cursor is the number of records behind."""
        if self.config["listing"] == "none":
            yield Checkpoint(None, complete=True)
            return
        start = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 10 else 0
        harvest = self.config["listing"] == "harvest"
        with translated():
            of_the_land = self._land_listing.identifiers() if self._standort else set()
            for page in self._listing.pages(
                harvest=harvest, start=start, count=self.config["page_size"]
            ):
                for element in page.records:
                    values = arix_format.fields(element)
                    identifier = values.get("identifier", "")
                    try:
                        record = arix_format.read(values, self._grant(identifier, of_the_land))
                    except ValueError as error:
                        yield Reject(identifier, str(error), repr(values)[:EXCERPT])
                    else:
                        sent = etree.tostring(element, encoding="unicode", with_tail=False)
                        yield Upsert(record, raw=sent)
                start += len(page.records)
                if page.more:
                    yield Checkpoint(str(start))
        if start < len(of_the_land):
            # ARIX tells no total, but what the Land has is part of what the centre has.
            raise Unavailable(
                f"The list ended after {start} records, but the Land alone has {len(of_the_land)}."
            )
        yield Checkpoint(None, complete=True)

    @hookimpl
    def catalogue_search(self, query: str, limit: int) -> Sequence[Record]:
        """Hits in titles and texts, asked live."""
        conditions = [Condition("text_fields", query)]
        with translated():
            page = self._live.search(conditions, count=limit)
            of_the_land: set[str] = set()
            if self._standort:
                # What the Land has comes in the same order, so its first hits are among ours.
                theirs = self._land_live.search(conditions, fields=("nr",), count=limit)
                of_the_land = {record.get("identifier", "").upper() for record in theirs.records}
        hits = []
        for element in page.records[:limit]:
            with suppress(ValueError):  # a record without a title is no hit
                grant = self._grant(element.get("identifier", ""), of_the_land)
                hits.append(arix_format.read(element, grant))
        return hits

    @hookimpl
    def catalogue_access(self, offer: Offer, person: Person | None) -> Access:
        """A link that works now: the website itself, what ARIX hands out, or the fallback address.

        ARIX is asked whether there is a licence in any case: its word counts, and it keeps the
        statistics of use.
        """
        record = offer.record
        if record.url and record.access is AccessMode.OPEN:
            return Access(record.url)
        with translated():
            try:
                return self._link(record.source_id)
            except NotLicensed:
                raise Denied(
                    f"Neither the Land nor {self.site.name} has a valid licence for this medium."
                ) from None
            except ConnectorError:
                if fallback := self._fallback(record.source_id):
                    return Access(fallback)
                raise

    def _link(self, identifier: str) -> Access:
        notch = self._live.notch(identifier)
        if not self.config.get("password") and (fallback := self._fallback(identifier)):
            return Access(fallback)
        link = self._live.link(notch)
        # An offer to buy opens nothing.
        for kind in ("direct", "download", "spool", "addons"):
            if address := link.addresses.get(kind):
                return Access(address, expires=datetime.now(UTC) + LINK_LIFE)
        raise NotLicensed("the link offers nothing to open")

    def _fallback(self, identifier: str) -> str:
        address: str = self.config["landing_template"]
        for place, text in (
            ("{land}", self._land),
            ("{standort}", self._standort),
            ("{identifier}", identifier),
        ):
            address = address.replace(place, quote(text, safe=""))
        return address

    @hookimpl
    def health(self) -> None:
        """Ask for one record; signs in where that is configured."""
        with translated():
            self._live.search(fields=("nr",), count=1)
