"""Tables to take away, as CSV and XLSX: what spreadsheets open without asking or calculating."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from flask import Response

Cell = str | int | float | None
FORMATS = ("csv", "xlsx")
MAX_SHEET = 31
"""Characters that the name of a sheet may have."""


def download(
    form: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str = ""
) -> Response:
    """The table as a file `name.csv` or `name.xlsx`.

    `note` says what is in it: in a line of its own before the header, or on a second sheet.
    """
    if form == "xlsx":
        content: bytes | str = _xlsx(name, header, rows, note)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    else:
        content, kind = _csv(header, rows, note), "text/csv; charset=utf-8"
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{form}"
    return response


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str) -> str:
    """Semicolons and a byte order mark, as a German Excel expects them."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    if note:
        table.writerow([_harmless(note)])
    table.writerow([_harmless(cell) for cell in header])
    for row in rows:
        table.writerow(["" if cell is None else _harmless(cell) for cell in row])
    return "\ufeff" + text.getvalue()


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
