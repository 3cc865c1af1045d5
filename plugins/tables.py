"""Tables that a media centre keeps: devices, rooms, trainings, media, as CSV, XLSX or ODS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import marshmallow as ma

from connectors import files, http, tables
from hub import Config, Plugin, hookimpl
from hub.errors import Unavailable
from hub.formats import fieldmap
from hub.formats import table as format_table
from hub.formats.fieldmap import FieldMap, Words
from hub.records import Change, Checkpoint, Kind, Record, Reject, Upsert
from plugins.common import about, translated


class TableConfig(Config):
    """One table: where it is, what its rows are, which column means what."""

    file = ma.fields.String(
        validate=ma.validate.Length(1, 300),
        metadata=about(
            "Datei",
            "File",
            "Name im Dateiordner des Standorts (.csv, .xlsx, .ods)",
            "Name in the folder of the site's files (.csv, .xlsx, .ods)",
        ),
    )
    address = ma.fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        metadata=about("Adresse", "Address", "statt einer Datei", "instead of a file"),
    )
    name = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,39}$"),
        metadata=about(
            "Kurzname",
            "Short name",
            "bleibt fest, denn die Kennungen der Angebote beginnen mit ihm",
            "never changes, because the ids of its offers begin with it",
        ),
    )
    sheet = ma.fields.String(
        load_default="",
        validate=ma.validate.Length(max=100),
        metadata=about("Tabellenblatt", "Sheet", "leer: das erste", "empty: the first"),
    )
    kind = ma.fields.Enum(
        Kind,
        by_value=True,
        required=True,
        metadata=about(
            "Angebotsart",
            "Kind",
            "was jede Zeile anbietet; mit einer Zuordnung kann eine Spalte es anders sagen",
            "what each row offers; with a mapping a column may say otherwise",
        ),
    )
    columns = ma.fields.Dict(
        keys=ma.fields.String(validate=ma.validate.Length(1, 40)),
        values=ma.fields.String(validate=ma.validate.Length(max=200)),
        load_default=dict,
        metadata=about(
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
        metadata=about(
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
        metadata=about(
            "Vorgaben",
            "Defaults",
            "Feld → Text, wo die Zelle leer ist oder die Spalte fehlt",
            "field → text where the cell is empty or the column missing",
        ),
    )

    @ma.validates_schema
    def _known_fields(self, data: dict[str, Any], **_: Any) -> None:
        for part in ("columns", "defaults"):
            unknown = sorted(set(data.get(part, ())) - set(tables.FIELDS))
            if unknown:
                raise ma.ValidationError(
                    f"Unknown: {', '.join(unknown)}. Known: {', '.join(tables.FIELDS)}.", part
                )

    @ma.validates_schema
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if ("address" in data) == ("file" in data):
            raise ma.ValidationError("Give either an address or a file.", "file")


class TablesConfig(Config):
    """The tables of a site, and how much of them is read."""

    tables = ma.fields.List(
        ma.fields.Nested(TableConfig),
        required=True,
        validate=ma.validate.Length(1, 50),
        metadata=about(
            "Tabellen",
            "Tables",
            "je Tabelle eine Datei oder Adresse; die erste Zeile trägt die Überschriften",
            "a file or an address for each table; its first row holds the headings",
        ),
    )
    max_rows = ma.fields.Integer(
        load_default=50_000,
        validate=ma.validate.Range(1, 500_000),
        metadata=about("Höchstzahl der Zeilen je Tabelle", "Most rows of a table"),
    )
    max_megabytes = ma.fields.Integer(
        load_default=20,
        validate=ma.validate.Range(1, 200),
        metadata=about("Höchstgröße einer Datei in MB", "Largest size of a file in MB"),
    )
    timeout = ma.fields.Float(
        load_default=30.0,
        validate=ma.validate.Range(1, 300),
        metadata=about("Wartezeit in Sekunden", "Seconds to wait"),
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
    maps = tuple(dict.fromkeys((*tables.FIELDS, *fieldmap.CODED)))

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        """Every row of every table; only then is it complete.

        All tables are read before the first row is given, so that one that cannot be read lets
        nothing half-done happen.
        """
        read = [(config, *self._read(config)) for config in self.config["tables"]]
        total = sum(len(table.rows) for _, table, _ in read)
        yield Checkpoint(None, total=total)
        yield from self._vanished(table.headers for _, table, _ in read)
        for config, table, columns in read:
            yield from self._rows(config, table, columns)
        yield Checkpoint(None, complete=True, total=total)

    @hookimpl
    def health(self) -> None:
        for config in self.config["tables"]:
            self._read(config)

    @hookimpl
    def mapping_words(self) -> Iterator[tuple[str, Words]]:
        for config in self.config["tables"]:
            for row in self._table(config).rows:
                yield f"{config['name']}!{row.number}", _words(row)

    @hookimpl
    def mapping_record(self, place: str, words: Words, mapping: FieldMap) -> Record | Reject:
        name, _, number = place.rpartition("!")
        config = next((one for one in self.config["tables"] if one["name"] == name), None)
        if config is None:
            return Reject(place, f"There is no table “{name}” any more.")
        row = tables.Row(
            int(number), {header: "".join(texts[:1]) for header, texts in words.items()}
        )
        table = tables.Table("", "", (), "", "", 1, tuple(words), (row,), ())
        with translated(f"Table {name}"):
            columns = _columns(config, table, mapping)
        found = self._record(config, table, columns, row, mapping)
        return found or Reject(place, "The table says that it is not offered.")

    def _vanished(self, headers: Iterable[tuple[str, ...]]) -> Iterator[Reject]:
        """Columns of the mapping that no table has."""
        present = {header for some in headers for header in some}
        for rule in self.mapping.rules:
            if rule.sources and not present.intersection(rule.sources):
                missing = ", ".join(f"“{source}”" for source in rule.sources)
                yield Reject(
                    f"mapping {rule.field}",
                    f"{rule.field}: no table has the column {missing} of the mapping any more",
                )

    def _read(self, config: dict[str, Any]) -> tuple[tables.Table, dict[str, str]]:
        """A table and its columns; raises `Unavailable` or `Denied`, naming the table."""
        table = self._table(config)
        with translated(f"Table {config['name']}"):
            columns = _columns(config, table, self.mapping)
        if "title" not in columns and "title" not in _defaults(config, self.mapping):
            raise Unavailable(
                f"Table {config['name']}: no column is taken for the title. Say which one under "
                f"columns: {', '.join(table.headers)}."
            )
        return table, columns

    def _table(self, config: dict[str, Any]) -> tables.Table:
        limits = tables.Limits(
            bytes=self.config["max_megabytes"] * 1_000_000,
            unpacked=self.config["max_megabytes"] * 10_000_000,
            rows=self.config["max_rows"],
        )
        with translated(f"Table {config['name']}"):
            return tables.read(
                self._content(config, limits.bytes),
                sheet=config["sheet"],
                expected=[*filter(None, config["columns"].values()), *config["details"]],
                limits=limits,
            )

    def _content(self, config: dict[str, Any], max_bytes: int) -> bytes:
        if "file" in config:
            return files.read(files.inside(self.site.files, config["file"]), max_bytes)
        with http.Client(
            internal_hosts=self.site.internal_hosts,
            timeout=self.config["timeout"],
            max_bytes=max_bytes,
            retries=2,
        ) as client:
            return client.get(config["address"]).content

    def _rows(
        self, config: dict[str, Any], table: tables.Table, columns: dict[str, str]
    ) -> Iterator[Change]:
        seen: dict[str, int] = {}
        for row in table.rows:
            found = self._record(config, table, columns, row, self.mapping, seen)
            if isinstance(found, Record):
                words = _words(row)
                yield Upsert(found, words, _raw(words))
            elif found:
                yield found

    def _record(
        self,
        config: dict[str, Any],
        table: tables.Table,
        columns: dict[str, str],
        row: tables.Row,
        mapping: FieldMap,
        seen: dict[str, int] | None = None,
    ) -> Record | Reject | None:
        """What a row becomes; None for one that is not offered. `seen` gathers key → row."""
        where = f"{table.sheet or config['name']}!row {row.number}"
        excerpt = _excerpt(row)
        try:
            row = _translated(row, columns, mapping)
        except fieldmap.Unmapped as reason:
            return Reject(where, str(reason), excerpt)
        values, problems = tables.values(row, columns, _defaults(config, mapping))
        if problems:
            return Reject(where, "; ".join(map(str, problems)), excerpt)
        if values.get("offered") is False:
            return None
        key = format_table.key(values)
        first = seen.setdefault(key, row.number) if seen is not None else row.number
        if first != row.number:
            return Reject(
                where,
                f"the same as row {first}: both have {_named(values)}. Give each row a "
                "number of its own in a column for source_id.",
                excerpt,
            )
        shown = {
            name: tables.text(row.cells[name])
            for name in (tables.column(table, wanted) for wanted in config["details"])
            if name and row.cells[name] != ""
        }
        record = format_table.read(
            values,
            source_id=f"{config['name']}:{key}",
            kind=config["kind"],
            site=self.site.key,
            time_zone=ZoneInfo(self.site.time_zone),
            details=shown,
        )
        return Reject(where, record.reason, excerpt) if isinstance(record, Reject) else record


def _columns(config: dict[str, Any], table: tables.Table, mapping: FieldMap) -> dict[str, str]:
    """Field → header, as the mapping says, else the configuration, else the header itself.

    What the hub fills from the mapping is not read here as well.
    """
    chosen = dict(config["columns"])
    taken = list(config["details"])
    for rule in mapping.rules:
        found = next((source for source in rule.sources if source in table.headers), "")
        if rule.sources and not found and not rule.fixed:
            continue
        if rule.field in tables.FIELDS:
            chosen[rule.field] = "" if rule.field in fieldmap.CODED else found
        if rule.field in fieldmap.CODED:
            taken += [source for source in rule.sources if source in table.headers]
    return tables.mapping(table, chosen, taken=taken)


def _defaults(config: dict[str, Any], mapping: FieldMap) -> dict[str, str]:
    fixed = {
        rule.field: rule.fixed
        for rule in mapping.rules
        if rule.fixed and rule.field not in fieldmap.CODED
    }
    return {**config["defaults"], **fixed}


def _translated(row: tables.Row, columns: dict[str, str], mapping: FieldMap) -> tables.Row:
    """The row with those cells in our words that the mapping translates; raises `Unmapped`."""
    changed = {}
    for rule in mapping.rules:
        header = columns.get(rule.field, "")
        translates = rule.values or rule.separator
        if translates and header in rule.sources and rule.field not in fieldmap.CODED:
            changed[header] = fieldmap.text(rule, [tables.text(row.cells.get(header, ""))])
    return replace(row, cells={**row.cells, **changed}) if changed else row


def _words(row: tables.Row) -> Words:
    texts = ((name, tables.text(cell)) for name, cell in row.cells.items())
    return {name: (shown,) if shown else () for name, shown in texts}


def _raw(words: Words) -> str:
    """The row as an object of its filled columns."""
    return json.dumps(
        {name: text for name, texts in words.items() for text in texts}, ensure_ascii=False
    )


def _excerpt(row: tables.Row) -> str:
    filled = ((name, tables.text(cell)) for name, cell in row.cells.items())
    return " | ".join(f"{name}: {shown}" for name, shown in filled if shown)[:500]


def _named(values: dict[str, Any]) -> str:
    for name in ("source_id", "number", "isbn", "ean"):
        if values.get(name):
            return f"{name} “{values[name]}”"
    return f"the title “{values.get('title', '')}” and no other number, date or place"
