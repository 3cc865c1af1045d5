"""Tables as media centres keep them: CSV, XLSX, ODS in whatever state they are.

`read` finds encoding, delimiter, sheet, header; `propose` says which column may mean what;
`values` reads the cells of a row by that mapping and names every cell that cannot be read.
`python -m connectors.tables FILE` shows all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connectors.errors import Malformed, TooLarge
from connectors.tables import cells, header, workbook
from connectors.tables import text as csv_text
from connectors.tables.cells import text
from connectors.tables.fields import FIELDS, propose
from connectors.tables.model import Cell, Grid, Limits, Problem, Row, Table

__all__ = [
    "FIELDS",
    "Cell",
    "Grid",
    "Limits",
    "Problem",
    "Row",
    "Table",
    "column",
    "mapping",
    "propose",
    "read",
    "report",
    "text",
    "values",
]

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DEFAULT_LIMITS = Limits()


def read(
    data: bytes,
    *,
    sheet: str = "",
    expected: Collection[str] = (),
    limits: Limits = _DEFAULT_LIMITS,
) -> Table:
    """The table in a file; what the file is, its content says and not its name.

    `expected` are headers that the table should have; they help to find its header line. Raises
    `Malformed` (not a table, damaged, no header) or `TooLarge`.
    """
    if len(data) > limits.bytes:
        raise TooLarge(f"The file has {len(data)} bytes, more than {limits.bytes}.")
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200]
    if not start:
        raise Malformed("The file is empty.")
    if start.startswith(_OLD_EXCEL):
        raise Malformed(
            "The file is an old or protected Excel file: save it as .xlsx without a password."
        )
    if start.startswith(b"%PDF"):
        raise Malformed("The file is a PDF, not a table.")
    if start.startswith(b"PK\x03\x04"):
        return header.find(workbook.read(data, sheet, limits), expected)
    if start.lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        raise Malformed("The file is a web page or XML, not a table.")
    if sheet:
        raise Malformed(f"The file is CSV and has no sheet “{sheet}”.")
    return header.find(csv_text.read(data, limits), expected)


def mapping(
    table: Table, columns: Mapping[str, str], *, taken: Collection[str] = ()
) -> dict[str, str]:
    """Field → header: what `columns` says, and what is proposed for every other field.

    A field with an empty header is left out, and headers in `taken` are not proposed. Raises
    `Malformed` when a field or header is unknown.
    """
    for name, wanted in columns.items():
        if name not in FIELDS:
            raise Malformed(f"There is no field “{name}”, only {', '.join(FIELDS)}.")
        if wanted and column(table, wanted) is None:
            raise Malformed(
                f"There is no column “{wanted}” for {name}, only {', '.join(table.headers)}."
            )
    for wanted in taken:
        if column(table, wanted) is None:
            raise Malformed(f"There is no column “{wanted}”, only {', '.join(table.headers)}.")
    chosen = {name: column(table, wanted) or "" for name, wanted in columns.items()}
    used = {*chosen.values(), *(column(table, wanted) for wanted in taken)}
    free = [name for name in table.headers if name not in used]
    proposed = {name: found for name, found in propose(free).items() if name not in chosen}
    return {
        name: found
        for name in FIELDS
        if (found := chosen.get(name) or ("" if name in chosen else proposed.get(name, "")))
    }


def column(table: Table, wanted: str) -> str | None:
    """The header as the table spells it, or None; blanks and case do not matter."""
    folded = " ".join(wanted.split()).casefold()
    return next((name for name in table.headers if name.casefold() == folded), None)


def values(
    row: Row, columns: Mapping[str, str], defaults: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """Field → value of a row, typed as `FIELDS` reads it, and the cells that cannot be read.

    Empty cells give no value, or the one in `defaults`.
    """
    found: dict[str, Any] = {}
    problems = list(row.problems)
    for name in dict.fromkeys((*columns, *(defaults or ()))):
        field = FIELDS[name]
        where = columns.get(name, "")
        cell = row.cells.get(where, "")
        if isinstance(cell, str) and cell.upper() in cells.ERRORS:
            # #NV says “not available”, which is an empty cell; any other is a broken formula.
            if cell.upper() not in ("#NV", "#N/A"):
                reason = "an error of the spreadsheet"
                problems.append(Problem(row.number, where, cell, reason))
                continue
            cell = ""
        if cell == "" or (not field.plain and cells.is_empty(cell)):
            where, cell = where or name, (defaults or {}).get(name, "")
        if cell == "":
            continue
        try:
            found[name] = field.read(cell)
        except ValueError as error:
            problems.append(Problem(row.number, where, cells.text(cell)[:120], str(error)))
    return found, problems


def report(table: Table, columns: Mapping[str, str]) -> Iterator[Problem]:
    """Every cell that cannot be read and every title that is missing, row by row."""
    if "title" not in columns:
        yield Problem(table.header_row, "", "", "no column is taken for the title")
        return
    for row in table.rows:
        found, problems = values(row, columns)
        yield from problems
        if not problems and not found.get("title"):
            yield Problem(row.number, columns["title"], "", "the title is missing")
