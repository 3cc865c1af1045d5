"""Tables to take away, as CSV and XLSX: what spreadsheets open without asking or calculating."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter

Cell = str | int | float | None
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Form of a table to its content type."""
FORMATS = tuple(TYPES)
MAX_SHEET = 31
"""Characters that the name of a sheet may have."""


def write(
    form: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str = ""
) -> bytes:
    """The table as the content of a file of this form; `name` is that of an XLSX's sheet.

    `note` says what is in it: in a line of its own before the header, or on a second sheet.
    """
    return _xlsx(name, header, rows, note) if form == "xlsx" else _csv(header, rows, note)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str) -> bytes:
    """Semicolons and a byte order mark, as a German Excel expects them."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    if note:
        table.writerow([_harmless(note)])
    table.writerow([_harmless(cell) for cell in header])
    for row in rows:
        table.writerow(["" if cell is None else _harmless(cell) for cell in row])
    return ("\ufeff" + text.getvalue()).encode()


def _harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula, with the sign that makes it a text."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + cell
    return cell


def _xlsx(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str) -> bytes:
    file = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(file, plain) as book:
        sheet = book.add_worksheet(name[:MAX_SHEET])
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, header, book.add_format({"bold": True}))
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row)
        sheet.autofit(300)
        if note:
            book.add_worksheet("Info").write_string(0, 0, note)
    return file.getvalue()
