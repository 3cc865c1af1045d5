"""XLSX and ODS: unpacked within limits, then read in a process of its own.

A file of six kilobytes with one cell in the last row and column makes the reader ask for half a
terabyte and abort; no exception can be caught then. So it runs where it can die alone.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime, time
from pathlib import Path
from typing import Any

from connectors.errors import Malformed, TooLarge
from connectors.tables.model import Cell, Grid, Limits, Problem

MEMORY = 1_500_000_000
"""Bytes that the reading process may use."""

_PROCESS = Path(__file__).with_name("workbook_process.py")


def read(data: bytes, sheet: str, limits: Limits) -> Grid:
    """The cells of one sheet (the first visible one if `sheet` is empty).

    Formulas appear as their last values. Raises `Malformed` or `TooLarge`.
    """
    kind = _checked(data, limits)
    order = {
        "sheet": sheet,
        "rows": limits.rows,
        "columns": limits.columns,
        "memory": MEMORY,
        "seconds": int(limits.seconds) + 1,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROCESS), json.dumps(order)],
            input=data,
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TooLarge(
            f"The file could not be read within {limits.seconds:.0f} seconds."
        ) from error
    if done.returncode != 0:
        raise TooLarge("The file needs more memory or time than is allowed; it may be damaged.")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "too_large" in answer:
        raise TooLarge(answer["too_large"])
    if "error" in answer:
        raise Malformed(answer["error"])
    errors: dict[str, list[list[Any]]] = answer["errors"]
    lines = []
    for number, cells in enumerate(answer["rows"], 1):
        values = [_cell(cell) for cell in cells]
        problems = []
        for column, code in errors.get(str(number), ()):
            values[column] = code
        for value in values:
            if isinstance(value, str) and len(value) > limits.cell:
                reason = f"longer than {limits.cell} characters"
                problems.append(Problem(number, "", value[:60] + "…", reason))
        if any(value != "" for value in values):
            lines.append((number, values, tuple(problems)))
    return Grid(kind, tuple(lines), sheet=answer["sheet"], sheets=tuple(answer["sheets"]))


def _checked(data: bytes, limits: Limits) -> str:
    """`xlsx` or `ods`; each part is unpacked once, because its declared size may lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            left = limits.unpacked
            for part in archive.infolist():
                if part.flag_bits & 1:
                    raise Malformed("The file is protected by a password.")
                with archive.open(part) as stream:
                    while chunk := stream.read(1 << 20):
                        left -= len(chunk)
                        if left < 0:
                            raise TooLarge(
                                f"Unpacked, the file is larger than {limits.unpacked} bytes."
                            )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise Malformed(f"The file is damaged or cut short: {error}.") from error
    except Exception as error:  # zlib.error, lzma.LZMAError: whatever a broken part gives rise to
        if isinstance(error, (Malformed, TooLarge)):
            raise
        raise Malformed(f"The file is damaged: {error}.") from error
    if "content.xml" in names:
        return "ods"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    raise Malformed("The file is a ZIP archive, but neither XLSX nor ODS.")


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):  # what JSON has no type for: {"date": "2027-03-12"}
        ((kind, text),) = value.items()
        if kind == "time":
            return time.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return moment.date() if kind == "date" else moment
    known: int | bool = value
    return known
