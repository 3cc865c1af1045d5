"""Run by `workbook`, alone: a workbook on standard input, the cells of one sheet as JSON out."""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine
from lxml import etree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def answer(data: bytes, order: dict[str, Any]) -> dict[str, Any]:
    """What `workbook.read` is told: the sheet and its rows, or why there are none."""
    try:
        book = calamine.load_workbook(io.BytesIO(data))
    except calamine.PasswordError:
        return {"error": "The file is protected by a password."}
    except calamine.CalamineError as error:
        return {"error": f"The file cannot be read: {error}."}
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible
        and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ] or book.sheet_names
    name = order["sheet"] or (visible[0] if visible else "")
    if name not in book.sheet_names:
        return {"error": f"There is no sheet “{name}”, only {', '.join(visible) or 'none'}."}
    try:
        sheet = book.get_sheet_by_name(name)
        end = sheet.end or (0, 0)
        if end[1] >= order["columns"] * 4 or end[0] >= order["rows"] * 4:
            return {"too_large": f"The sheet “{name}” has {end[0] + 1} rows, {end[1] + 1} columns."}
        rows = [list(map(_plain, row)) for row in sheet.to_python(skip_empty_area=False)]
    except calamine.CalamineError as error:
        text = f"The sheet “{name}” cannot be read: {error}."
        return {"too_large" if "limit exceeded" in text else "error": text}
    # Formatting often reaches far beyond the data.
    while rows and not any(value != "" for value in rows[-1]):
        rows.pop()
    width = max((_width(row) for row in rows), default=0)
    if width > order["columns"]:
        return {"too_large": f"The sheet “{name}” has more than {order['columns']} columns."}
    if len(rows) > order["rows"]:
        return {"too_large": f"The sheet “{name}” has more than {order['rows']} rows."}
    return {
        "sheet": name,
        "sheets": book.sheet_names,
        "rows": [row[:width] for row in rows],
        "errors": _errors(data, name, len(rows), width),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return value


def _width(row: list[Any]) -> int:
    return max((at + 1 for at, value in enumerate(row) if value != ""), default=0)


def _errors(data: bytes, name: str, rows: int, width: int) -> dict[int, list[tuple[int, str]]]:
    """Row → (column, `#DIV/0!`): calamine gives cells with an error as if they were empty."""
    found: dict[int, list[tuple[int, str]]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = _part(archive, name)
        if part is None or part not in archive.namelist():
            return found
        content = archive.read(part)
    if b'"e"' not in content and b"'e'" not in content:
        return found
    for _, cell in etree.iterparse(
        io.BytesIO(content),
        tag=_MAIN + "c",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    ):
        place = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", cell.get("r") or "")
        if cell.get("t") == "e" and place:
            column = 0
            for letter in place[1]:
                column = column * 26 + ord(letter) - 64
            row = int(place[2])
            if row <= rows and column <= width:
                text = cell.findtext(_MAIN + "v") or "#ERROR"
                found.setdefault(row, []).append((column - 1, text))
        cell.clear()
    return found


def _part(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part of an XLSX file that holds the sheet; None in an ODS file."""
    try:
        book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
        links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
    except KeyError:
        return None
    for sheet in book.iter(_MAIN + "sheet"):
        if sheet.get("name") == name:
            for link in links:
                if link.get("Id") == sheet.get(_LINKS + "id"):
                    target = link.get("Target") or ""
                    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def main() -> None:
    order = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (order["seconds"], order["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(answer(sys.stdin.buffer.read(), order), sys.stdout)


if __name__ == "__main__":
    main()
