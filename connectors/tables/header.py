"""Where a table begins: title lines above, the header, rows of data, notes below."""

from __future__ import annotations

import re
from collections.abc import Collection
from statistics import median

from connectors.errors import Malformed
from connectors.tables import cells, fields
from connectors.tables.model import Cell, Grid, Problem, Row, Table

SEARCHED = 40
"""Lines in which the header is looked for."""

_SUM = re.compile(r"(?:summe|gesamt(?:summe)?|insgesamt|total|sum)\b", re.IGNORECASE)
Line = tuple[int, list[Cell], tuple[Problem, ...]]


def find(grid: Grid, expected: Collection[str] = ()) -> Table:
    """The table in a sheet; `expected` are headers that somebody named.

    The header is the line with most cells that look like headers; where none does, the first line
    that fills most columns. Raises `Malformed` when there is no such line.
    """
    if not grid.lines:
        raise Malformed("The table is empty.")
    at = _header(grid.lines, {_plain(name) for name in expected})
    number, names, _ = grid.lines[at]
    below = grid.lines[at + 1 :]
    width = max((_filled_to(line[1]) for line in below), default=0)
    width = max(width, _filled_to(names))
    headers = _unique([_plain(cells.text(cell)) for cell in _padded(names, width)])
    used = [
        column
        for column in range(width)
        if headers[column] and (_at(names, column) != "" or any(_at(r[1], column) for r in below))
    ]
    notes = [_note(line, "above the header") for line in grid.lines[:at]]
    rows, more = _rows(below, names, used, headers)
    return Table(
        grid.format,
        grid.sheet,
        grid.sheets,
        grid.encoding,
        grid.delimiter,
        number,
        tuple(headers[column] for column in used),
        tuple(rows),
        tuple(notes + more),
    )


def _header(lines: tuple[Line, ...], expected: set[str]) -> int:
    best, most = -1, 0.0
    widest = max(_count(line[1]) for line in lines[:SEARCHED])
    for at, (_, values, _) in enumerate(lines[:SEARCHED]):
        named = sum(_plain(cells.text(value)) in expected for value in values) if expected else 0
        points = named * 3 + sum(map(fields.score, values))
        if _count(values) < 2 and widest > 1 and not named:
            continue
        if points > most:
            best, most = at, points
    if best >= 0:
        return best
    for at, (_, values, _) in enumerate(lines[:SEARCHED]):
        texts = sum(isinstance(value, str) and value != "" for value in values)
        if texts >= max(1, 0.6 * widest) and texts == _count(values):
            return at
    raise Malformed(
        "No header was found: one of the first lines must name the columns (Titel, Anzahl, …)."
    )


def _rows(
    lines: tuple[Line, ...], names: list[Cell], used: list[int], headers: list[str]
) -> tuple[list[Row], list[Problem]]:
    """Rows of data, and rows that are none: sums, notes below, the header printed again."""
    usual = median(_count(line[1]) for line in lines) if lines else 0
    last = max((at for at, line in enumerate(lines) if _count(line[1]) > 1), default=len(lines))
    lonely = usual >= 2 and len(used) >= 3  # here a row with one cell is no data
    rows: list[Row] = []
    notes: list[Problem] = []
    for at, line in enumerate(lines):
        number, values, problems = line
        filled = _count(values)
        first = next((cells.text(value) for value in values if value != ""), "")
        if filled > 1 and [v for v in values if v != ""] == [n for n in names if n != ""]:
            notes.append(_note(line, "the header again"))
        elif lonely and filled == 1 and at > last:
            notes.append(_note(line, "below the table"))
        elif at >= last and _SUM.match(first) and filled < usual:
            notes.append(_note(line, "a sum"))
        else:
            if lonely and filled == 1:
                reason = "only one cell is filled: a heading or a note, not an offer"
                problems += (Problem(number, "", first[:120], reason),)
            found = {headers[column]: _at(values, column) for column in used}
            if any(_at(values, c) != "" for c in range(len(values)) if c not in used):
                problems += (Problem(number, "", "", "cells stand to the right of the header"),)
            rows.append(Row(number, found, problems))
    return rows, notes


def _note(line: Line, reason: str) -> Problem:
    text = " | ".join(cells.text(value) for value in line[1] if value != "")
    return Problem(line[0], "", text[:200], reason)


def _plain(name: str) -> str:
    return " ".join(name.split())


def _unique(names: list[str]) -> list[str]:
    """Headers that differ: the second “Anzahl” is “Anzahl (2)”, an empty one “column C”."""
    seen: dict[str, int] = {}
    found = []
    for at, name in enumerate(names):
        name = name or f"column {_letters(at)}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _letters(at: int) -> str:
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _padded(values: list[Cell], width: int) -> list[Cell]:
    return values[:width] + [""] * (width - len(values))


def _at(values: list[Cell], column: int) -> Cell:
    return values[column] if column < len(values) else ""


def _count(values: list[Cell]) -> int:
    return sum(value != "" for value in values)


def _filled_to(values: list[Cell]) -> int:
    return max((at + 1 for at, value in enumerate(values) if value != ""), default=0)
