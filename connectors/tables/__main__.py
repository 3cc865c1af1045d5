"""`python -m connectors.tables FILE`: how a table is understood, before anything is taken in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from connectors import files, tables
from connectors.errors import ConnectorError
from connectors.tables import cells

SHOWN = 50
"""Lines of the report that are printed for people."""


def main(arguments: list[str] | None = None) -> int:
    """Print the preview; 0 all well, 1 some rows cannot be read, 2 the file cannot."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.tables",
        description="Show how a table (CSV, XLSX, ODS) is understood: encoding, delimiter, "
        "header, what each column means, the first rows, and every cell that cannot be read.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--sheet", default="", help="the sheet; else the first one")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="what a column means (may be repeated); FIELD= leaves the field out",
    )
    parser.add_argument("--rows", type=int, default=5, help="rows to show (5)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options = parser.parse_args(arguments)
    chosen = dict(pair.partition("=")[::2] for pair in options.column)
    try:
        data = files.read(options.file, tables.Limits().bytes)
        table = tables.read(data, sheet=options.sheet, expected=[v for v in chosen.values() if v])
        columns = tables.mapping(table, chosen)
    except ConnectorError as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    problems = list(tables.report(table, columns))
    if options.json:
        print(json.dumps(_document(table, columns, problems), ensure_ascii=False, indent=2))
    else:
        _print(table, columns, problems, options.rows)
    return 1 if problems else 0


def _document(
    table: tables.Table, columns: dict[str, str], problems: list[tables.Problem]
) -> dict[str, object]:
    return {
        "format": table.format,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "sheets": list(table.sheets),
        "header_row": table.header_row,
        "headers": list(table.headers),
        "columns": columns,
        "unused": _unused(table, columns),
        "rows": [
            {
                "row": row.number,
                "values": {
                    name: _shown(value) for name, value in tables.values(row, columns)[0].items()
                },
            }
            for row in table.rows
        ],
        "notes": [_line(note) for note in table.notes],
        "report": [_line(problem) for problem in problems],
    }


def _print(
    table: tables.Table, columns: dict[str, str], problems: list[tables.Problem], shown: int
) -> None:
    said = [table.format.upper()]
    if table.encoding:
        said += [table.encoding, f"delimiter {table.delimiter!r}"]
    if table.sheets:
        said.append(f"sheet “{table.sheet}” of {', '.join(table.sheets)}")
    print(", ".join(said))
    print(f"header in row {table.header_row}, {len(table.rows)} rows")
    print("\ncolumns")
    for name, found in columns.items():
        print(f"  {name:<14} {found}")
    if unused := _unused(table, columns):
        print(f"  not used       {', '.join(unused)}")
    for row in table.rows[: max(shown, 0)]:
        print(f"\nrow {row.number}")
        for name, value in tables.values(row, columns)[0].items():
            print(f"  {name:<14} {_shown(value)}")
    if table.notes:
        print("\nno data")
        for note in table.notes:
            print(f"  row {note.row}: {note.reason}: {note.value}")
    print(f"\nreport: {len(problems)} problem(s)")
    for problem in problems[:SHOWN]:
        print(f"  row {problem.row}: {problem}")
    if len(problems) > SHOWN:
        print(f"  … and {len(problems) - SHOWN} more; --json prints all")


def _unused(table: tables.Table, columns: dict[str, str]) -> list[str]:
    return [name for name in table.headers if name not in columns.values()]


def _line(problem: tables.Problem) -> dict[str, object]:
    return {
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "reason": problem.reason,
    }


def _shown(value: object) -> object:
    if isinstance(value, tuple):
        return [_shown(part) for part in value if part is not None]
    return value if isinstance(value, (bool, int, float)) else cells.text(value)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
