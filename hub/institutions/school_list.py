"""The state's list of schools as a file: any edition, read by the names of its columns.

CSV separated by `;`, quoted, often with a first line `sep=;`; UTF-8, older ones Windows-1252.
Source: open data of the school ministry of North Rhine-Westphalia (Schulgrunddaten).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hub.formats import school_ids

MAX_BYTES = 50_000_000
MAX_FIELD = 500
"""Characters of a field; the state's own have at most 80."""

CLOSED, CLOSING = "9", "2"
"""Schulbetriebsschlüssel: closed, and running out; their date is the last day."""
AUTHORITY = "0A"
"""The Schulform under which the list names school supervision."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "number": ("schulnummer", "schulnr"),
    "form": ("schulform", "schulformschluessel"),
    "name_1": ("schulbezeichnung1", "schulbezeichnung", "name"),
    "name_2": ("schulbezeichnung2",),
    "name_3": ("schulbezeichnung3",),
    "short_name": ("kurzbezeichnung",),
    "postcode": ("plz", "postleitzahl"),
    "town": ("ort",),
    "street": ("strasse",),
    "area_code": ("telefonvorwahl", "vorwahl"),
    "phone": ("telefon",),
    "email": ("email", "emailadresse"),
    "website": ("homepage", "internet"),
    "legal_form": ("rechtsform",),
    "municipality": ("gemeindeschluessel", "ags"),
    "operation": ("schulbetriebsschluessel",),
    "operation_date": ("schulbetriebsdatum",),
    "utm_system": ("epsg",),
    "utm_east": ("utmrechtswert",),
    "utm_north": ("utmhochwert",),
}
_FIELDS: Mapping[str, Sequence[str]] = {
    "school_form": ("form",),
    "short_name": ("short_name",),
    "private": ("legal_form",),
    "street": ("street",),
    "postcode": ("postcode",),
    "town": ("town",),
    "phone": ("phone",),
    "email": ("email",),
    "website": ("website",),
    "utm_east": ("utm_system", "utm_east"),
    "utm_north": ("utm_system", "utm_north"),
    "opened_on": ("operation", "operation_date"),
    "closed_on": ("operation", "operation_date"),
}
"""The field of an institution → columns without which an edition says nothing of it."""
_REQUIRED = ("number", "municipality")


class ListError(Exception):
    """The file is no list of schools; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be taken in."""

    line: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A list as read: `schools` maps a canonical school id to fields of `Institution`.

    A field that the edition has no column for is missing, not empty.
    """

    file: str
    sha256: str
    schools: Mapping[str, Mapping[str, Any]]
    rejects: Sequence[Reject]
    notes: Sequence[Reject]
    """Rows that were taken in without a value that could not be used."""


Progress = Callable[[int], None]


def day_of(path: Path) -> date | None:
    """The day that a file's name tells, as `schuldaten_2021-09.csv`; None when it tells none."""
    found = re.search(r"(20\d\d)[-_]?(0[1-9]|1[0-2])(?:[-_]?([0-3]\d))?(?!\d)", path.stem)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return None


def read(path: Path, progress: Progress = lambda lines: None) -> Edition:
    """Read and check a whole edition; raises `ListError`. `progress` gets the lines read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise ListError(f"{path}: larger than {MAX_BYTES:,} bytes, which no list of schools is.")
    schools: dict[str, Mapping[str, Any]] = {}
    rejects: list[Reject] = []
    notes: list[Reject] = []
    rows, where = _table(path, _text(path, content))
    for count, (line, row) in enumerate(rows, 1):
        if count % 500 == 0:
            progress(count)
        cells = {name: row[place].strip() for name, place in where.items() if place < len(row)}
        number = cells.get("number", "")[:40]
        complaints: list[str] = []
        try:
            if len(cells) < len(where):
                raise _Unusable(f"It has {len(row)} columns; the header names more.")
            key, fields = _school(cells, complaints)
            if key in schools:
                raise _Unusable("Its Schulnummer stands further up already.")
        except _Unusable as reason:
            rejects.append(Reject(line, number, str(reason)))
            continue
        schools[key] = fields
        notes += [Reject(line, number, complaint) for complaint in complaints]
    if not schools:
        raise ListError(f"{path}: holds no school that can be used ({len(rejects)} rows are bad).")
    progress(len(schools) + len(rejects))
    return Edition(path.name, hashlib.sha256(content).hexdigest(), schools, rejects, notes)


class _Unusable(Exception):
    """Why a row is rejected."""


def _text(path: Path, content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ListError(f"{path}: a spreadsheet. Save it as CSV, then import that.")
    if b"\0" in content:
        raise ListError(f"{path}: no text: it holds zero bytes.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _table(path: Path, text: str) -> tuple[Iterator[tuple[int, list[str]]], dict[str, int]]:
    """The rows with their lines, and where each known column stands."""
    first = text[:200].partition("\n")[0].strip().strip('"').lower()
    delimiter, offset = ";", 0
    if re.fullmatch(r"sep=.", first):
        delimiter, offset = first[-1], 1
        text = text.partition("\n")[2]
    elif first.count(",") > first.count(";"):
        delimiter = ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise ListError(f"{path}: no CSV: {error}.") from error
    names = [_folded(name) for name in header]
    where = {
        column: names.index(alias)
        for column, aliases in _COLUMNS.items()
        for alias in reversed(aliases)  # the first one that is there wins
        if alias in names
    }
    missing = [_COLUMNS[name][0].title() for name in _REQUIRED if name not in where]
    if not {"name_1", "short_name"} & where.keys():
        missing.append("Schulbezeichnung_1")
    if missing:
        raise ListError(
            f"{path}: no list of schools: column {', '.join(missing)} is missing. "
            "The first line, after sep=;, must name the columns."
        )

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            for row in reader:
                if any(row):
                    yield reader.line_num + offset, row
        except csv.Error as error:
            raise ListError(f"{path}: line {reader.line_num + offset}: {error}.") from error

    return rows(), where


def _folded(name: str) -> str:
    plain = name.casefold().translate({228: "ae", 246: "oe", 252: "ue", 223: "ss"})
    return re.sub(r"[^a-z0-9]", "", plain)


def _school(cells: Mapping[str, str], complaints: list[str]) -> tuple[str, dict[str, Any]]:
    for name, value in cells.items():
        if len(value) > MAX_FIELD:
            raise _Unusable(f"{name} is longer than {MAX_FIELD} characters.")
        if not value.isprintable():
            raise _Unusable(f"{name} holds characters that are no text.")
    identity = school_ids.known(cells["number"])
    if identity is None or identity.land != "NW" or identity.system:
        raise _Unusable("The Schulnummer must have six digits.")
    municipality = cells["municipality"]
    if not re.fullmatch(r"05[0-9]{6}", municipality):
        raise _Unusable("The Gemeindeschluessel must have eight digits and begin with 05.")
    name = " ".join(filter(None, (cells.get(f"name_{n}", "") for n in (1, 2, 3))))
    name = re.sub(r"(?<=[a-zäöüß])- (?=[a-zäöüß])", "", name) or cells.get("short_name", "")
    if not name:
        raise _Unusable("It has no name.")
    has_begun = cells.get("operation") not in (CLOSED, CLOSING)
    day = _day(cells.get("operation_date", ""), complaints)
    metric = cells.get("utm_system", "").upper() == "EPSG:25832"
    fields: dict[str, Any] = {
        "school_form": cells.get("form", "").upper(),
        "short_name": cells.get("short_name", ""),
        "private": cells.get("legal_form") == "2",
        "street": cells.get("street", ""),
        "postcode": _postcode(cells.get("postcode", ""), complaints),
        "town": cells.get("town", ""),
        "phone": " ".join(filter(None, (cells.get("area_code"), cells.get("phone")))),
        "email": _email(cells.get("email", ""), complaints),
        "website": _website(cells.get("website", "")),
        "utm_east": _metres(cells.get("utm_east", ""), complaints) if metric else None,
        "utm_north": _metres(cells.get("utm_north", ""), complaints) if metric else None,
        "opened_on": day,
        "closed_on": None if has_begun else day,
    }
    known = {
        field: value
        for field, value in fields.items()
        if all(column in cells for column in _FIELDS[field])
        and (has_begun or field != "opened_on")  # a closing school's date is its last day
    }
    kind = "authority" if cells.get("form", "").upper() == AUTHORITY else "school"
    return str(identity), {"kind": kind, "name": name, "municipality": municipality, **known}


def _day(text: str, complaints: list[str]) -> date | None:
    if not text or text == "null":
        return None
    for pattern in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    complaints.append(f"Its date {text!r} is none.")
    return None


def _postcode(text: str, complaints: list[str]) -> str:
    if text and not re.fullmatch(r"[0-9]{5}", text):
        complaints.append(f"Its postcode {text!r} is none.")
        return ""
    return text


def _email(text: str, complaints: list[str]) -> str:
    if text and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+", text):
        complaints.append(f"Its e-mail address {text!r} is none.")
        return ""
    return text


def _website(text: str) -> str:
    """With its scheme; the list often leaves it out."""
    if not text or text == "null" or " " in text:
        return ""
    return text if re.match(r"https?://", text, re.IGNORECASE) else f"http://{text}"


def _metres(text: str, complaints: list[str]) -> int | None:
    if not text or text == "null":
        return None
    if not re.fullmatch(r"[0-9]{5,8}", text):
        complaints.append(f"Its coordinate {text!r} is none.")
        return None
    return int(text)
