"""Tables in every state in which people keep them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdfTable
from odf.table import TableCell, TableRow
from odf.text import P

from connectors import files, tables
from connectors.errors import Blocked, ConnectorError, Malformed, TooLarge, Unreachable
from connectors.tables import __main__ as command
from connectors.tables import cells
from connectors.tables.model import Limits

PLAIN = "Bezeichnung;Anzahl;Ort\nBeamer;3;Münster\nMikrofonkoffer;12;Köln\n"


def xlsx(write: Callable[[Any, Any], None], *more: str) -> bytes:
    """A workbook whose first sheet the test writes; `more` are empty sheets before it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for name in more:
            book.add_worksheet(name).hide()
        sheet = book.add_worksheet("Geräte")
        sheet.activate()
        sheet.set_first_sheet()
        write(book, sheet)
    return out.getvalue()


def rows_xlsx(rows: list[list[Any]]) -> bytes:
    def write(book: Any, sheet: Any) -> None:
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)

    return xlsx(write)


def ods(rows: list[list[dict[str, str] | str]]) -> bytes:
    document = OpenDocumentSpreadsheet()
    table = OdfTable(name="Räume")
    for values in rows:
        row = TableRow()
        for value in values:
            cell = TableCell(valuetype="string") if isinstance(value, str) else TableCell(**value)
            if isinstance(value, str) and value:
                cell.addElement(P(text=value))
            row.addElement(cell)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def cells_of(table: tables.Table) -> list[list[tables.Cell]]:
    return [list(row.cells.values()) for row in table.rows]


# CSV


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_csv_in_any_encoding_and_delimiter(delimiter: str, encoding: str) -> None:
    data = PLAIN.replace(";", delimiter).encode(encoding)
    table = tables.read(data)
    assert table.delimiter == delimiter
    assert table.headers == ("Bezeichnung", "Anzahl", "Ort")
    assert cells_of(table) == [["Beamer", "3", "Münster"], ["Mikrofonkoffer", "12", "Köln"]]
    assert [row.number for row in table.rows] == [2, 3]


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "cp1252"])
def test_old_encodings_are_told_apart(encoding: str) -> None:
    text = (
        "Bezeichnung;Ort\n" + "Fünf Übungsgeräte für Schüler, groß;Köln\nGehörschutz;Höxter\n" * 9
    )
    table = tables.read(text.encode(encoding))
    assert table.rows[0].cells["Bezeichnung"] == "Fünf Übungsgeräte für Schüler, groß"
    assert table.rows[1].cells["Ort"] == "Höxter"


def test_lines_of_two_encodings() -> None:
    data = PLAIN.encode() + "Gerät für alle;1;Düren\n".encode("cp1252") + "Öse;2;Höxter\n".encode()
    assert cells_of(tables.read(data))[2:] == [
        ["Gerät für alle", "1", "Düren"],
        ["Öse", "2", "Höxter"],
    ]


def test_decimal_commas_are_no_delimiter() -> None:
    table = tables.read(b"Titel;Dauer;Kosten\nEins;1,5;2,50\nZwei;2,5;3,50\nDrei, vier;1,0;1,20\n")
    assert table.delimiter == ";"


@pytest.mark.parametrize("first", ["sep=|", '"sep=|"', "SEP=|;;"])
def test_excel_names_the_delimiter_in_the_first_line(first: str) -> None:
    table = tables.read(f"{first}\nTitel|Anzahl\nA;B|3\n".encode())
    assert (table.delimiter, table.header_row) == ("|", 2)
    assert cells_of(table) == [["A;B", "3"]]


def test_titles_above_notes_below_sums_and_headings() -> None:
    data = """\
Geräteliste des Medienzentrums;;;
;;;
Nr.;Bezeichnung;Anzahl;Standort
Tablets;;;
1;iPad;16;Lager
Nr.;Bezeichnung;Anzahl;Standort
2;Surface;8;Lager

Summe;;24;
Stand: 12.03.2027;;;
"""
    table = tables.read(data.encode())
    assert table.header_row == 3
    assert [(row.number, row.cells["Bezeichnung"]) for row in table.rows if not row.problems] == [
        (5, "iPad"),
        (7, "Surface"),
    ]
    assert [(p.row, p.reason) for row in table.rows for p in row.problems] == [
        (4, "only one cell is filled: a heading or a note, not an offer")
    ]
    assert [(note.row, note.reason) for note in table.notes] == [
        (1, "above the header"),
        (6, "the header again"),
        (9, "a sum"),
        (10, "below the table"),
    ]


def test_headers_twice_missing_and_over_two_lines() -> None:
    table = tables.read(
        'Titel;Anzahl;Anzahl;;"Ort\ndes Geräts";;\nBeamer;1;2;etwas;Köln;;\n'.encode()
    )
    assert table.headers == ("Titel", "Anzahl", "Anzahl (2)", "column D", "Ort des Geräts")
    assert cells_of(table) == [["Beamer", "1", "2", "etwas", "Köln"]]


def test_quotes_that_do_not_close_cost_one_line() -> None:
    data = 'Titel;Anzahl\n"Beamer;3\nMonitor 27";4\n"Kamera ""Pro""";5\n"Zwei\nZeilen";6\n'
    table = tables.read(data.encode())
    found = {row.number: (row.cells["Titel"], bool(row.problems)) for row in table.rows}
    assert found[4] == ('Kamera "Pro"', False)
    assert found[5] == ("Zwei\nZeilen", False)
    assert any("quotation mark" in p.reason for row in table.rows for p in row.problems)


def test_cells_beside_the_header_are_reported() -> None:
    table = tables.read(b"Titel;Anzahl;Ort\nBeamer;3;Hier;zu viel\n")
    assert table.headers[-1] == "column D"
    assert table.rows[0].cells["column D"] == "zu viel"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf  \n", "empty"),
        (b"<!DOCTYPE html><html><body>Wartung</body></html>", "web page"),
        (b"  <html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"\.xlsx"),
        (b"PK\x03\x04half", "damaged"),
        (bytes(range(256)) * 4, "zero bytes"),
        (b"\xff\xfe" + b"a\0b", "does not go on"),
    ],
)
def test_what_is_no_table_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        tables.read(data)


def test_limits() -> None:
    for limits in (Limits(bytes=20), Limits(rows=1), Limits(columns=2)):
        with pytest.raises(TooLarge):
            tables.read(PLAIN.encode(), limits=limits)
    with pytest.raises(TooLarge):
        tables.read(rows_xlsx([["Titel", "Anzahl", "Ort"]] * 3), limits=Limits(columns=2))
    with pytest.raises(TooLarge):
        tables.read(rows_xlsx([["Titel", "Anzahl"]] * 300), limits=Limits(rows=50))
    (row,) = tables.read(b"Titel;Anzahl\nEin viel zu langer Titel;3\n", limits=Limits(cell=10)).rows
    assert "longer than 10" in row.problems[0].reason


# XLSX and ODS


def test_xlsx_values_dates_formulas_and_errors() -> None:
    def write(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        clock = book.add_format({"num_format": "hh:mm"})
        sheet.merge_range(0, 0, 0, 5, "Termine 2027")
        sheet.write_row(2, 0, ["Titel", "Anzahl", "Datum", "Beginn", "Aktiv", "Ende"])
        sheet.write(3, 0, "Trickfilm")
        sheet.write_number(3, 1, 16)
        sheet.write_datetime(3, 2, datetime(2027, 3, 12), day)
        sheet.write_datetime(3, 3, datetime(2027, 3, 12, 14, 30), moment)
        sheet.write_boolean(3, 4, True)
        sheet.write_datetime(3, 5, time(17, 0), clock)
        sheet.write_formula(4, 0, '="Ton"&"studio"', None, "Tonstudio")
        sheet.write_formula(4, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(4, 2, "=NA()", None, "#N/A")

    table = tables.read(xlsx(write, "Versteckt"))
    assert (table.format, table.sheet, table.sheets) == ("xlsx", "Geräte", ("Versteckt", "Geräte"))
    first, second = table.rows
    assert list(first.cells.values()) == [
        "Trickfilm",
        16,
        date(2027, 3, 12),
        datetime(2027, 3, 12, 14, 30),
        True,
        time(17, 0),
    ]
    assert (first.number, second.number) == (4, 5)
    assert second.cells["Titel"] == "Tonstudio"
    found, problems = tables.values(second, tables.mapping(table, {}))
    assert [(p.row, p.column, p.value) for p in problems] == [(5, "Anzahl", "#DIV/0!")]
    assert "date" not in found


def test_ods() -> None:
    table = tables.read(
        ods(
            [
                ["Raumbezeichnung", "Plätze", "Datum"],
                [
                    "MediaLab",
                    {"valuetype": "float", "value": "12"},
                    {"valuetype": "date", "datevalue": "2027-03-12"},
                ],
            ]
        )
    )
    assert table.format == "ods"
    assert cells_of(table) == [["MediaLab", 12, date(2027, 3, 12)]]


def test_a_sheet_by_name() -> None:
    data = rows_xlsx([["Titel", "Anzahl"], ["Beamer", 3]])
    assert tables.read(data, sheet="Geräte").sheet == "Geräte"
    with pytest.raises(Malformed, match="Geräte"):
        tables.read(data, sheet="Räume")
    with pytest.raises(Malformed, match="CSV"):
        tables.read(PLAIN.encode(), sheet="Räume")


def test_half_a_workbook() -> None:
    data = rows_xlsx([["Titel", "Anzahl"], ["Beamer", 3]])
    for length in (len(data) // 4, len(data) // 2, len(data) - 30):
        with pytest.raises(Malformed, match="damaged"):
            tables.read(data[:length])


def test_an_archive_that_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Malformed, match="neither XLSX nor ODS"):
        tables.read(out.getvalue())


def test_a_zip_bomb_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(TooLarge, match="Unpacked"):
        tables.read(out.getvalue(), limits=Limits(unpacked=10_000_000))


def test_one_cell_in_the_last_corner_costs_nobody_their_process() -> None:
    data = xlsx(lambda book, sheet: (sheet.write(0, 0, "x"), sheet.write(1048575, 16383, "y")))
    assert len(data) < 10_000
    with pytest.raises(TooLarge):
        tables.read(data)


# Files


def test_files_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    (folder / "good.csv").write_text("Titel")
    (folder / "link").symlink_to(tmp_path / "secret")
    assert files.read(files.inside(folder, "good.csv"), 100) == b"Titel"
    for name in ("../secret", "/etc/passwd", "link", ".", "", "a\0b"):
        with pytest.raises(Blocked):
            files.inside(folder, name)
    with pytest.raises(Unreachable):
        files.read(folder / "missing.csv", 100)
    with pytest.raises(Blocked):
        files.read(folder, 100)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Blocked):
        files.read(tmp_path / "pipe", 100)


def test_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(TooLarge):
        files.read(tmp_path / "huge.csv", 20_000_000)


# Cells


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("16", 16),
        ("1.234", 1234),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("16 Stück", 16),
        ("ca. 20", 20),
        ("max. 25 Personen", 25),
        ("-3", -3),
        (3.0, 3.0),
    ],
)
def test_numbers(cell: tables.Cell, value: float) -> None:
    assert cells.number(cell) == value


@pytest.mark.parametrize(
    "cell", ["zwei", "1.2.3", "12 oder 13", "1..2", "", True, date(2027, 1, 1)]
)
def test_no_numbers(cell: tables.Cell) -> None:
    with pytest.raises(ValueError, match="no number"):
        cells.number(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.03.2027", (date(2027, 3, 12), None)),
        ("12.3.27", (date(2027, 3, 12), None)),
        ("2027-03-12", (date(2027, 3, 12), None)),
        ("12/03/2027", (date(2027, 3, 12), None)),
        ("Fr., 12. März 2027", (date(2027, 3, 12), None)),
        ("12 March 2027", (date(2027, 3, 12), None)),
        ("12.03.2027 - 14.03.2027", (date(2027, 3, 12), date(2027, 3, 14))),
        ("12.–13.03.2027", (date(2027, 3, 12), date(2027, 3, 13))),
        ("30.04. bis 02.05.2027", (date(2027, 4, 30), date(2027, 5, 2))),
        ("12.03.2027 14:30", (datetime(2027, 3, 12, 14, 30), None)),
        ("2027-03-12T14:30:00", (datetime(2027, 3, 12, 14, 30), None)),
        (
            "Freitag, 12.03.2027, 14:30–17:00 Uhr",
            (datetime(2027, 3, 12, 14, 30), datetime(2027, 3, 12, 17, 0)),
        ),
        ("14.30 Uhr", (time(14, 30), None)),
        ("9-12 Uhr", (time(9), time(12))),
        ("14:30 bis 17:30", (time(14, 30), time(17, 30))),
        (datetime(2027, 3, 12), (date(2027, 3, 12), None)),
        (time(9), (time(9), None)),
    ],
)
def test_dates_and_times(cell: tables.Cell, value: tuple[Any, Any]) -> None:
    assert cells.span(cell) == value


@pytest.mark.parametrize(
    "cell",
    ["nach Absprache", "31.02.2027", "25.13.2027", "12", "12.03.", "12.03.2027 und 14.03.", 7, ""],
)
def test_neither_dates_nor_times(cell: tables.Cell) -> None:
    with pytest.raises(ValueError, match=r"neither a date nor a time|no such"):
        cells.span(cell)


@pytest.mark.parametrize(
    ("cell", "value"), [("ja", True), ("X", True), ("WAHR", True), ("nein", False), (0, False)]
)
def test_yes_and_no(cell: tables.Cell, value: bool) -> None:
    assert cells.yes(cell) is value


def test_neither_yes_nor_no() -> None:
    with pytest.raises(ValueError, match="neither"):
        cells.yes("vielleicht")


# Columns


def test_columns_are_proposed_from_headers() -> None:
    headers = [
        "Inv.-Nr.",
        "Gerätebezeichung",
        "Stückzahl",
        "Standort",
        "Anschaffungspreis",
        "Seriennummer",
        "Ausgeliehen an",
    ]
    assert tables.propose(headers) == {
        "source_id": "Inv.-Nr.",
        "title": "Gerätebezeichung",
        "quantity": "Stückzahl",
        "place": "Standort",
    }


def test_english_headers_and_both_meanings_of_a_room() -> None:
    assert tables.propose(["Title", "Start date", "Time", "Room", "Seats"]) == {
        "title": "Title",
        "seats": "Seats",
        "date": "Start date",
        "begin": "Time",
    }
    assert tables.propose(["Raum", "Plätze"]) == {"title": "Raum", "seats": "Plätze"}
    assert tables.propose(["Kurstitel", "Raum", "Datum"]) == {
        "title": "Kurstitel",
        "place": "Raum",
        "date": "Datum",
    }


def test_configured_columns_go_first() -> None:
    table = tables.read(b"Bezeichnung;Typ;Anzahl\nBeamer;EB-X06;3\n")
    assert tables.mapping(table, {"title": "typ", "quantity": ""}) == {"title": "Typ"}
    assert tables.mapping(table, {}, taken=["Anzahl"]) == {"title": "Bezeichnung"}
    for columns in ({"titel": "Typ"}, {"title": "Modell"}):
        with pytest.raises(Malformed, match="There is no"):
            tables.mapping(table, columns)


def test_expected_headers_find_a_header_that_nobody_knows() -> None:
    data = b"Liste;der;Dinge\nWas;Wieviele;Wozu\nBeamer;3;Zeigen\n"
    assert tables.read(data, expected=["Was", "Wieviele"]).header_row == 2


def test_values_with_defaults_and_problems() -> None:
    table = tables.read(b"Titel;Anzahl;Ort\nBeamer;-;#NV\nKamera;zwei;Hier\n")
    columns = tables.mapping(table, {})
    first, second = table.rows
    assert tables.values(first, columns, {"place": "Lager", "cost": "-"}) == (
        {"title": "Beamer", "place": "Lager", "cost": "-"},
        [],
    )
    _, (problem,) = tables.values(second, columns)
    assert (problem.row, problem.column, problem.value) == (3, "Anzahl", "zwei")
    assert str(problem) == "Anzahl: no number (“zwei”)"


# The command


def test_the_command_shows_how_a_table_is_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "geraete.csv"
    path.write_text("Bezeichnung;Anzahl;Notiz\nBeamer;3;x\nKamera;zwei;y\n", encoding="cp1252")
    assert command.main([str(path)]) == 1
    shown = capsys.readouterr().out
    for part in ("delimiter ';'", "header in row 1", "Bezeichnung", "Notiz", "row 3: Anzahl"):
        assert part in shown
    assert command.main([str(path), "--json", "--column", "quantity="]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["columns"] == {"title": "Bezeichnung"}
    assert document["report"] == []
    assert [row["values"]["title"] for row in document["rows"]] == ["Beamer", "Kamera"]


def test_the_command_says_why_a_file_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.csv").write_text("<html>")
    assert command.main([str(tmp_path / "page.csv")]) == 2
    assert "web page" in capsys.readouterr().err


def test_the_schools_of_the_state(shared_data: Path) -> None:
    data = (shared_data / "schools" / "schuldaten_2021-09.csv").read_bytes()
    table = tables.read(data)
    assert (len(table.rows), table.header_row, table.delimiter) == (5507, 2, ";")
    assert not any(row.problems for row in table.rows)


# Whatever comes


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_an_error(data: bytes) -> None:
    try:
        table = tables.read(data)
    except ConnectorError:
        pass
    else:
        columns = tables.mapping(table, {})
        for row in table.rows:
            tables.values(row, columns)


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    for field in tables.FIELDS.values():
        with contextlib.suppress(ValueError):
            field.read(cell)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(TEXT, TEXT, TEXT).map(lambda row: [cell.strip() for cell in row]).filter(all),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(";,\t|"),
)
def test_no_row_is_lost(rows: list[list[str]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([["Titel", "Anzahl", "Beschreibung"], *rows])
    table = tables.read(out.getvalue().encode())
    found = [row.number for row in table.rows] + [note.row for note in table.notes]
    assert sorted(found) == list(range(2, len(rows) + 2))
    for row in table.rows:
        assert list(row.cells.values()) == rows[row.number - 2]
