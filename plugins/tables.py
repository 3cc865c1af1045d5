"""Tables that a media centre keeps: devices, rooms, trainings, media, as CSV, XLSX or ODS."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from hub import Plugin
from hub.records import Kind


def _about(de: str, en: str, help_de: str = "", help_en: str = "") -> dict[str, Any]:
    """What people read beside a field, in both languages."""
    return {"label": {"de": de, "en": en}, "help": {"de": help_de, "en": help_en}}


class TableConfig(ma.Schema):
    """One table: where it is, what its rows are, which column means what."""

    file = ma.fields.String(
        validate=ma.validate.Length(1, 300),
        metadata=_about(
            "Datei",
            "File",
            "Name im Dateiordner des Standorts (.csv, .xlsx, .ods)",
            "Name in the folder of the site's files (.csv, .xlsx, .ods)",
        ),
    )
    address = ma.fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        metadata=_about("Adresse", "Address", "statt einer Datei", "instead of a file"),
    )
    name = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,39}$"),
        metadata=_about(
            "Kurzname",
            "Short name",
            "bleibt fest, denn die Kennungen der Angebote beginnen mit ihm",
            "never changes, because the ids of its offers begin with it",
        ),
    )
    sheet = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=100),
        metadata=_about("Tabellenblatt", "Sheet", "leer: das erste", "empty: the first"),
    )
    kind = ma.fields.Enum(
        Kind, by_value=True, required=True, metadata=_about("Angebotsart", "Kind")
    )
    columns = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(1, 40)),
        values=ma.fields.String(validate=ma.validate.Length(max=200)),
        load_default=dict,
        metadata=_about(
            "Spalten",
            "Columns",
            "Feld → Überschrift; was fehlt, wird aus den Überschriften erschlossen; "
            "leer: das Feld nicht füllen",
            "field → header; what is missing is proposed from the headers; "
            "empty: leave the field out",
        ),
    )
    details = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(1, 200)),
        load_default=list,
        metadata=_about(
            "Weitere Spalten",
            "More columns",
            "diese Spalten werden mit ihrer Überschrift gezeigt; andere bleiben verborgen",
            "these columns are shown under their headers; all others stay hidden",
        ),
    )
    defaults = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(1, 40)),
        values=ma.fields.String(validate=ma.validate.Length(max=2000)),
        load_default=dict,
        metadata=_about(
            "Vorgaben",
            "Defaults",
            "Feld → Text, wo die Zelle leer ist oder die Spalte fehlt",
            "field → text where the cell is empty or the column missing",
        ),
    )

    @ma.validates_schema
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if ("address" in data) == ("file" in data):
            raise ma.ValidationError("Give either an address or a file.", "file")


class TablesConfig(ma.Schema):
    """The tables of a site, and how much of them is read."""

    tables = ma.fields.List(
        ma.fields.Nested(TableConfig),
        required=True,
        validate=ma.validate.Length(1, 50),
        metadata=_about("Tabellen", "Tables"),
    )
    max_rows = ma.fields.Integer(
        load_default=50_000,
        validate=ma.validate.Range(1, 500_000),
        metadata=_about("Höchstzahl der Zeilen je Tabelle", "Most rows of a table"),
    )
    max_megabytes = ma.fields.Integer(
        load_default=20,
        validate=ma.validate.Range(1, 200),
        metadata=_about("Höchstgröße einer Datei in MB", "Largest size of a file in MB"),
    )
    timeout = ma.fields.Float(
        load_default=30.0,
        validate=ma.validate.Range(1, 300),
        metadata=_about("Wartezeit in Sekunden", "Seconds to wait"),
    )

    @ma.validates_schema
    def _names_differ(self, data: dict[str, Any], **_: Any) -> None:
        names = [table["name"] for table in data.get("tables", [])]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ma.ValidationError(f"Two tables have the name {', '.join(twice)}.", "tables")


class Tables(Plugin):
    """Tables of one site; together they are the whole of what the source offers."""

    name = "tables"
    title = {"de": "Tabellen (CSV, XLSX, ODS)", "en": "Tables (CSV, XLSX, ODS)"}
    description = {
        "de": "Übernimmt Geräte, Räume, Fortbildungen, Medien und alles andere aus Tabellen.",
        "en": "Takes in devices, rooms, trainings, media and anything else from tables.",
    }
    Config = TablesConfig
