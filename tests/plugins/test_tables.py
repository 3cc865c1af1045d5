"""The tables plugin: inventories of every kind, good rows and bad ones."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
import xlsxwriter

from connectors.tables import FIELDS
from hub.errors import Denied, Unavailable
from hub.formats import table as format_table
from hub.records import AccessMode, Change, Checkpoint, Kind, Record, Reject, Upsert
from hub.testing import CatalogueContract, site_with
from plugins.tables import Tables, TablesConfig

DEVICES = """\
Inv.-Nr.;Bezeichnung;Anzahl;Zubehör;Verleihbar;Notiz
G-1;iPad-Koffer;16;Kabel, Stifte;ja;Akku schwach
G-2;Mikrofonset;4;;ja;
G-3;Beamer;2;;nein;
"""
TRAININGS = """\
Kurs-Nr;Titel;Datum;Uhrzeit;Plätze;Ort
K1;Trickfilm mit dem Tablet;12.03.2027;14:30–17:30 Uhr;20;MediaLab
K2;Podcast;Fr, 19. März 2027;9-12 Uhr;16;MediaLab
K3;Robotik;nach Absprache;;12;Makerspace
K1;Trickfilm;26.03.2027;;20;MediaLab
"""
ONE = {"name": "geraete", "file": "geraete.csv", "kind": "device"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "geraete.csv").write_text(DEVICES, encoding="cp1252")
    (tmp_path / "kurse.csv").write_text(TRAININGS, encoding="utf-8-sig")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Räume")
        sheet.write_row(0, 0, ["Räume des Medienzentrums"])
        sheet.write_row(2, 0, ["Raum", "Plätze", "Ausstattung"])
        sheet.write_row(3, 0, ["MediaLab", 12, "3D-Drucker"])
        sheet.write_row(4, 0, ["Studio", "viele", ""])
    (tmp_path / "raeume.xlsx").write_bytes(out.getvalue())
    return tmp_path


def changes(files: Path, *tables: Mapping[str, Any], **config: Any) -> list[Change]:
    site = site_with(Tables, {"tables": list(tables), **config}, files)
    return list(site.one("tables", "catalogue_changes", cursor=None))


def records(found: list[Change]) -> dict[str, Record]:
    return {one.record.source_id: one.record for one in found if isinstance(one, Upsert)}


def rejects(found: list[Change]) -> list[Reject]:
    return [one for one in found if isinstance(one, Reject)]


class TestContract(CatalogueContract):
    plugin = Tables
    config = {
        "tables": [
            {**ONE, "details": ["Zubehör"], "defaults": {"place": "Lager"}},
            {"name": "kurse", "file": "kurse.csv", "kind": "training"},
            {"name": "raeume", "file": "raeume.xlsx", "sheet": "Räume", "kind": "room"},
        ]
    }

    @pytest.fixture
    def site_files(self, files: Path) -> Path:
        return files


def test_several_tables_of_one_site(files: Path) -> None:
    found = changes(files, *TestContract.config["tables"])
    assert isinstance(found[-1], Checkpoint)
    assert found[-1].complete
    every = records(found)
    assert list(every) == ["geraete:G-1", "geraete:G-2", "kurse:K1", "kurse:K2", *list(every)[4:]]
    case = every["geraete:G-1"]
    assert (case.kind, case.title, case.quantity) == (Kind.DEVICE, "iPad-Koffer", 16)
    assert (case.place, case.access) == ("Lager", AccessMode.LOAN)
    assert case.details == {"Zubehör": "Kabel, Stifte"}
    assert "Akku" not in repr(every)  # columns that nobody named stay hidden
    (event,) = every["kurse:K1"].events
    assert event.start == datetime(2027, 3, 12, 13, 30, tzinfo=UTC)
    assert event.end == datetime(2027, 3, 12, 16, 30, tzinfo=UTC)
    assert (event.seats, event.place) == (20, "MediaLab")
    (room,) = [one for one in every.values() if one.kind is Kind.ROOM]
    assert (room.title, room.quantity) == ("MediaLab", 12)


def test_the_report_names_row_column_value_and_reason(files: Path) -> None:
    found = rejects(changes(files, *TestContract.config["tables"]))
    assert [(one.source_id, one.reason) for one in found] == [
        ("kurse!row 4", "Datum: neither a date nor a time (“nach Absprache”)"),
        (
            "kurse!row 5",
            "the same as row 2: both have source_id “K1”. Give each row a number of its own in a "
            "column for source_id.",
        ),
        ("Räume!row 5", "Plätze: no number (“viele”)"),
    ]
    assert found[0].excerpt.startswith("Kurs-Nr: K3 | Titel: Robotik")


def test_one_table_that_cannot_be_read_stops_everything(files: Path) -> None:
    (files / "kurse.csv").write_text("<html>Wartung</html>")
    with pytest.raises(Unavailable, match=r"Table kurse: .*web page"):
        changes(files, *TestContract.config["tables"])
    (files / "kurse.csv").unlink()
    with pytest.raises(Unavailable, match="Table kurse: .*not there"):
        changes(files, *TestContract.config["tables"])


@pytest.mark.parametrize(
    ("more", "error", "reason"),
    [
        ({"columns": {"title": "Modell"}}, Unavailable, "no column “Modell”"),
        ({"columns": {"title": ""}}, Unavailable, "no column is taken for the title"),
        ({"details": ["Farbe"]}, Unavailable, "no column “Farbe”"),
        ({"sheet": "Blatt 2"}, Unavailable, "no sheet"),
        ({"file": "../geraete.csv"}, Denied, "folder"),
    ],
)
def test_configurations_that_do_not_fit_the_file(
    files: Path, more: dict[str, Any], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=f"Table geraete: .*{reason}"):
        changes(files, {**ONE, **more})


def test_columns_can_be_named(files: Path) -> None:
    table = {
        **ONE,
        "columns": {"title": "Inv.-Nr.", "subtitle": "bezeichnung", "source_id": "", "offered": ""},
    }
    every = list(records(changes(files, table)).values())
    assert [(one.title, one.subtitle) for one in every][2] == ("G-3", "Beamer")


def test_limits_refuse_the_whole_table(files: Path) -> None:
    with pytest.raises(Unavailable, match="more than 2 rows"):
        changes(files, ONE, max_rows=2)


def test_a_media_list_with_licences(tmp_path: Path) -> None:
    (tmp_path / "medien.csv").write_text(
        "Mediennummer;Titel;Lizenz bis;Fach;FSK\n"
        "4970123;Der Wald;31.12.2027;Biologie;ab 6\n4670124;Das Moor;;Bio;\n"
    )
    every = records(changes(tmp_path, {"name": "m", "file": "medien.csv", "kind": "medium"}))
    wood, moor = every["m:4970123"], every["m:4670124"]
    assert (wood.access, moor.access) == (AccessMode.LICENSED, AccessMode.LOAN)
    assert [(grant.scope, grant.value, str(grant.valid_until)) for grant in wood.grants] == [
        ("site", "teststadt", "2028-01-01")
    ]
    assert (wood.subjects, wood.age_rating) == (("080",), "6")


def test_the_format_reads_every_field_of_the_connector() -> None:
    """A field that the connector proposes and the format forgets would vanish silently."""
    source = Path(format_table.__file__).read_text()
    assert [name for name in FIELDS if f'"{name}"' not in source] == ["offered"]


@pytest.mark.parametrize(
    "config",
    [
        {"tables": []},
        {"tables": [{**ONE, "address": "https://x.example/"}]},
        {"tables": [{"name": "a", "kind": "device"}]},
        {"tables": [ONE, ONE]},
        {"tables": [{**ONE, "name": "Geräte 1"}]},
        {"tables": [{**ONE, "columns": {"titel": "Bezeichnung"}}]},
        {"tables": [{**ONE, "defaults": {"ort": "Lager"}}]},
        {"tables": [{**ONE, "kind": "boat"}]},
    ],
)
def test_configurations_that_cannot_work(config: dict[str, Any]) -> None:
    with pytest.raises(ma.ValidationError):
        TablesConfig().load(config)


def test_health(files: Path) -> None:
    site = site_with(Tables, {"tables": [ONE]}, files)
    site.one("tables", "health")
    (files / "geraete.csv").write_bytes(b"")
    with pytest.raises(Unavailable, match="empty"):
        site.one("tables", "health")
