"""Writes tables as people keep them: CSV in two encodings, XLSX, ODS. The bytes hang on the
content alone."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import PurePath
from xml.sax.saxutils import escape

import xlsxwriter

Cell = str | int
Rows = Sequence[Sequence[Cell]]
_MOMENT = datetime(2020, 1, 1)


def write(name: str, headers: Sequence[str], rows: Rows, *, encoding: str = "utf-8-sig") -> bytes:
    """The table in the form that the file's name asks for; `encoding` is for CSV."""
    suffix = PurePath(name).suffix
    if suffix == ".csv":
        return _csv([headers, *rows]).encode(encoding, "replace")
    if suffix == ".xlsx":
        return _xlsx([headers, *rows])
    if suffix == ".ods":
        return _ods([headers, *rows])
    raise ValueError(f"{name}: no kind of table")


def _csv(lines: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def _xlsx(lines: Iterable[Sequence[Cell]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    book.set_properties({"created": _MOMENT})
    sheet = book.add_worksheet("Bestand")
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line)
    book.close()
    return file.getvalue()


def _ods(lines: Iterable[Sequence[Cell]]) -> bytes:
    """The smallest OpenDocument spreadsheet: a type, a manifest, a sheet."""
    rows = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>" for line in lines
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0" office:version="1.2">'
        '<office:body><office:spreadsheet><table:table table:name="Bestand">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # The type comes first and unpacked, so that programs see it in the first bytes.
        for name, text in (
            ("mimetype", kind),
            ("META-INF/manifest.xml", manifest),
            ("content.xml", content),
        ):
            entry = zipfile.ZipInfo(name, _MOMENT.timetuple()[:6])
            if name != "mimetype":
                entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return file.getvalue()


def _ods_cell(cell: Cell) -> str:
    if isinstance(cell, int):
        return (
            f'<table:table-cell office:value-type="float" office:value="{cell}">'
            f"<text:p>{cell}</text:p></table:table-cell>"
        )
    return (
        '<table:table-cell office:value-type="string">'
        f"<text:p>{escape(cell)}</text:p></table:table-cell>"
    )
