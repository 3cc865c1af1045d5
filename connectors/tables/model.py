"""What a table is once it was read: a header, rows of cells by header, and what was odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

Cell = str | int | float | bool | date | datetime | time
"""An empty cell is the empty string; a CSV file holds only text."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still read; anything beyond is refused as a whole (`TooLarge`), never cut off."""

    bytes: int = 20_000_000
    unpacked: int = 200_000_000
    """Bytes of all parts of an XLSX or ODS file after unpacking."""
    rows: int = 50_000
    columns: int = 200
    cell: int = 20_000
    """Characters."""
    seconds: float = 60.0
    """For unpacking and reading an XLSX or ODS file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the report: where something cannot be used, what stands there, and why."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        return f"{where}{self.reason}" + (f" (“{self.value}”)" if self.value else "")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number as people count (the first line is 1), its cells by header."""

    number: int
    cells: Mapping[str, Cell]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """The bare cells of one sheet, row by row, each with its number and what is wrong with it."""

    format: str
    """`csv`, `xlsx` or `ods`."""
    lines: tuple[tuple[int, list[Cell], tuple[Problem, ...]], ...]
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet whose header was found; `notes` are rows that are no data (titles, sums, hints)."""

    format: str
    sheet: str
    sheets: tuple[str, ...]
    encoding: str
    delimiter: str
    header_row: int
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[Problem, ...]
