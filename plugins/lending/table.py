"""The inventory as a table: how its rows are read, and how they are written.

One row is one piece, or a model without pieces; rows of one model have the same number of the
model (Kennung) or else the same title, subtitle and place. Headers of a model are those that the
plugin `tables` knows too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext

from connectors import tables
from connectors.errors import ConnectorError
from hub.booking import inventory, items
from hub.booking.intake import Wanted, WantedPiece
from hub.booking.keeping import record
from hub.formats import table as format_table
from hub.formats.sheets import Cell
from hub.records import Kind, Reject
from plugins.lending import typed

LIMITS = tables.Limits(bytes=950_000, unpacked=50_000_000, rows=5_000, columns=100, seconds=20)
MOST_OF_A_ROW = 200
"""Inventory codes in one cell."""
OWN: Mapping[str, tuple[str, ...]] = {
    "codes": (
        "Inventarnummer", "Inventarnummern", "Inventarnr", "Inv-Nr", "Inventar-Nr", "Inventarcode",
        "Inventarcodes", "Gerätenummer", "Barcode", "Asset tag", "Inventory code",
        "Inventory codes",
    ),
    "kind": ("Art", "Angebotsart", "Kind"),
    "state": ("Status", "State"),
    "condition": ("Beschaffenheit", "Zustand", "Condition"),
    "accessories": ("Zubehör", "Lieferumfang", "Accessories"),
    "owner": ("Eigentümer", "Besitzer", "Owner"),
}  # fmt: skip
"""Columns besides those of `connectors.tables`, and their headers; the first is written."""
KINDS = {Kind.DEVICE: ("Gerät", "Geräte", "Device"), Kind.MEDIUM: ("Medium", "Medien", "Media")}
STATES = {
    items.USABLE: ("verwendbar", "verleihbar", "usable", "ok"),
    items.REPAIR: ("in Reparatur", "Reparatur", "defekt", "in repair", "repair"),
    items.MISSING: ("vermisst", "verloren", "missing"),
    items.RETIRED: ("ausgesondert", "retired"),
}
"""Code to words; the first is written."""
WRITTEN = (
    "source_id", "title", "subtitle", "series", "description", "keywords", "audiences", "subjects",
    "levels", "grades", "competences", "languages", "creators", "publishers", "year", "duration",
    "age_rating", "number", "isbn", "ean", "carrier", "medium_type", "place", "cost", "contact",
    "url", "image_url", "quantity",
)  # fmt: skip
MODEL_ID = "Kennung"


@dataclass
class Read:
    """A table that was read: the models in it, rows that cannot be taken in, and why."""

    wanted: list[Wanted] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Headers of columns that nothing was read from."""
    left_out: int = 0
    """Rows that say of themselves that they are not lent."""


def read(data: bytes, kind: Kind, site: str, owners: Sequence[tuple[str, str]]) -> Read:
    """The models in a file; `kind` is that of rows which do not say it.

    `owners` are the sites that may own a piece, this one too, key and name. Raises
    `ConnectorError` where the file is no such table.
    """
    table = tables.read(data, expected=[OWN["codes"][0], MODEL_ID, "Titel"], limits=LIMITS)
    own = {name: found for name, words in OWN.items() if (found := _header(table, words))}
    columns = tables.mapping(table, {}, taken=list(own.values()))
    if "title" not in columns:
        raise ConnectorError(gettext("No column is called “Titel” or “Bezeichnung”."))
    used = {*own.values(), *columns.values()}
    result = Read(unused=[one for one in table.headers if one not in used])
    known = {_folded(word): "" if pair[0] == site else pair[0] for pair in owners for word in pair}
    found: dict[str, Wanted] = {}
    seen: dict[str, int] = {}
    for row in table.rows:
        try:
            one = _row(row, own, columns, kind, site, known)
        except ValueError as error:
            result.rejects.append((row.number, str(error)))
            continue
        if one is None:
            result.left_out += 1
            continue
        _merge(found, seen, one, result.rejects)
    result.wanted = list(found.values())
    return result


def header() -> list[str]:
    """What is written above the rows."""
    first = [MODEL_ID if name == "source_id" else tables.FIELDS[name].headers[0]
             for name in WRITTEN]  # fmt: skip
    return [*first, *(words[0] for words in OWN.values())]


def rows(
    found: Sequence[inventory.Model], pieces: Mapping[int, Sequence[Any]], site: str
) -> Iterator[list[Cell]]:
    """A row for each piece of the models, and for each model without any."""
    for model in found:
        made = record(model.row)
        (told,) = format_table.write(made)[:1]
        if not model.has_pieces:
            told["quantity"] = model.row.capacity
        else:
            told.pop("quantity", None)
        shared = [_cell(told.get(name)) for name in WRITTEN]
        kind = KINDS[made.kind][0] if made.kind in KINDS else made.kind.value
        for item in pieces.get(model.row.id, ()):
            yield [
                *shared,
                item.label,
                kind,
                STATES[item.state][0],
                item.condition,
                "; ".join(item.accessories),
                item.owner or site,
            ]
        if not pieces.get(model.row.id):
            yield [*shared, None, kind, None, None, None, None]


def _row(
    row: tables.Row,
    own: Mapping[str, str],
    columns: Mapping[str, str],
    kind: Kind,
    site: str,
    owners: Mapping[str, str],
) -> Wanted | None:
    """A row; None where it says that it is not lent. Raises `ValueError` with the reason."""
    values, problems = tables.values(row, columns)
    if problems:
        raise ValueError("; ".join(map(str, problems)))
    if values.get("offered") is False:
        return None
    cells = {name: tables.text(row.cells[where]).strip() for name, where in own.items()}
    said = _word(cells.get("kind", ""), KINDS, own.get("kind", ""))
    made = format_table.read(
        values, source_id=format_table.key(values), kind=said or kind, site=site
    )
    if isinstance(made, Reject):
        raise ValueError(_reasons(made.reason))
    state = _word(cells.get("state", ""), STATES, own.get("state", ""))
    owner = cells.get("owner", "")
    if owner and _folded(owner) not in owners:
        raise ValueError(gettext("%(column)s: no centre is called “%(value)s”.",
                                 column=own["owner"], value=owner[:60]))  # fmt: skip
    accessories = tuple(typed.listed(cells.get("accessories", ""))[:50])
    pieces = [
        WantedPiece(
            row.number,
            code,
            state,
            typed.line(cells["condition"], 1_000) if cells.get("condition") else None,
            accessories or None,
            owners[_folded(owner)] if owner else None,
        )
        for code in _codes(cells.get("codes", ""))
    ]
    quantity = values.get("quantity")
    if quantity is not None and quantity > 10_000:
        raise ValueError(gettext("%(column)s: that is too many.", column=columns["quantity"]))
    return Wanted(row.number, made, quantity, tuple(pieces))


def _codes(cell: str) -> list[str]:
    codes = [one.strip() for one in re.split(r"[;,|\n]", cell) if one.strip()]
    if len(codes) > MOST_OF_A_ROW:
        raise ValueError(gettext("More than %(most)s inventory codes in one cell.",
                                 most=MOST_OF_A_ROW))  # fmt: skip
    for code in codes:
        if len(code) > items.LONGEST_CODE or not items.folded(code):
            raise ValueError(gettext("“%(code)s” is no inventory code.", code=code[:80]))
    return codes


def _merge(
    found: dict[str, Wanted], seen: dict[str, int], one: Wanted, rejects: list[tuple[int, str]]
) -> None:
    """Put a row to its model; a second one of the same code, or without any, is rejected."""
    for piece in one.pieces:
        code = items.folded(piece.label)
        first = seen.setdefault(code, one.row)
        if first != one.row:
            rejects.append((one.row, gettext("The code %(code)s stands in row %(row)s already.",
                                             code=piece.label, row=first)))  # fmt: skip
            return
    key = one.record.source_id
    before = found.get(key)
    if before is None:
        found[key] = one
    elif one.pieces and before.pieces:
        pieces = (*before.pieces, *one.pieces)
        found[key] = Wanted(before.row, before.record, before.number, pieces)
    else:
        told = gettext("The same model as in row %(row)s, and no inventory code that tells them "
                       "apart.", row=before.row)  # fmt: skip
        rejects.append((one.row, told))


def _reasons(reason: str) -> str:
    return gettext("The title is missing.") if reason.startswith("title") else reason


def _word(text: str, known: Mapping[Any, tuple[str, ...]], column: str) -> Any:
    """The code that a word means; None for an empty cell. Raises `ValueError` for another word."""
    if not text:
        return None
    for code, words in known.items():
        if _folded(text) in (_folded(code), *map(_folded, words)):
            return code
    options = ", ".join(words[0] for words in known.values())
    raise ValueError(gettext("%(column)s: “%(value)s” is none of %(options)s.",
                             column=column, value=text[:60], options=options))  # fmt: skip


def _header(table: tables.Table, words: Sequence[str]) -> str | None:
    known = [_folded(word) for word in words]
    return next((one for one in table.headers if _folded(one) in known), None)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _cell(value: Any) -> Cell:
    if isinstance(value, tuple | list):
        return "; ".join(map(str, value))
    if value is None or isinstance(value, int | float):
        return value
    return str(value)
