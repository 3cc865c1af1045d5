"""CSV as people save it: any encoding, any delimiter, quotes that do not close."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator

import charset_normalizer

from connectors.errors import Malformed, TooLarge
from connectors.tables.model import Cell, Grid, Limits, Problem

DELIMITERS = ";\t,|"
SAMPLE_LINES = 60
MOST_LINES_OF_A_CELL = 200

_LINE_END = re.compile(r"\r\n|\n|\r")
_SEP = re.compile(r'"?sep=(.)"?;*,*', re.IGNORECASE)
_WESTERN = ("cp1252", "cp850", "mac_roman")
_USUAL = frozenset("äöüÄÖÜßéèáàêôâçñ§€²³°–—„“”’‚‘«»…•·×½®\xa0")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(data: bytes, limits: Limits) -> Grid:
    """The lines of a CSV file; raises `Malformed` (no text) or `TooLarge`."""
    text, encoding = decode(data)
    lines = _LINE_END.split(text)
    named = _SEP.fullmatch(lines[0].strip()) if lines else None
    first = 1 if named else 0
    sample = [line for line in lines[first : first + SAMPLE_LINES] if line.strip()]
    delimiter = named[1] if named else guess_delimiter(sample)
    width = max((len(_cut(line, delimiter)) for line in sample), default=1)
    found: list[tuple[int, list[Cell], tuple[Problem, ...]]] = []
    for number, values, problems in _records(lines, first, delimiter, width, limits):
        if not any(values):
            continue
        if len(found) >= limits.rows:
            raise TooLarge(f"The table has more than {limits.rows} rows.")
        if len(values) > limits.columns and any(values[limits.columns :]):
            raise TooLarge(f"Line {number} has more than {limits.columns} columns.")
        found.append((number, list(values), problems))
    return Grid("csv", tuple(found), encoding=encoding, delimiter=delimiter)


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding; raises `Malformed` where it is no text at all."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                text = data.decode(name)
            except UnicodeDecodeError as error:
                raise Malformed(f"The file begins as {name} but does not go on so.") from error
            return _checked(text), name
    for half, name in ((data[1::2], "utf-16-le"), (data[0::2], "utf-16-be")):
        # Latin letters in UTF-16 leave every second byte empty.
        if len(data) % 2 == 0 and half and half.count(0) > 0.7 * len(half):
            try:
                return _checked(data.decode(name)), name
            except UnicodeDecodeError:
                break
    try:
        return _checked(data.decode()), "utf-8"
    except UnicodeDecodeError:
        pass
    if b"\0" in data:
        raise Malformed("The file is no text: it holds zero bytes.")
    if _mostly_utf8(data):
        # Parts of different origin in one file: each line by itself.
        lines = data.split(b"\n")
        return _checked("\n".join(map(_line, lines))), "utf-8 and windows-1252"
    name = _eight_bit(data[:200_000])
    return _checked(data.decode(name, "replace")), name


def _eight_bit(data: bytes) -> str:
    """The encoding in which most signs beyond ASCII are such as German tables hold.

    Statistics need more text than a table has, so they are asked last.
    """
    signs = re.sub(rb"[\x00-\x7f]+", b"", data)

    def usual(name: str) -> float:
        return sum(sign in _USUAL for sign in signs.decode(name, "replace")) / len(signs)

    name = max(_WESTERN, key=usual)
    if usual(name) < 0.5:
        best = charset_normalizer.from_bytes(data).best()
        name = best.encoding if best else name
    return name


def guess_delimiter(lines: list[str]) -> str:
    """The delimiter that cuts most lines into the same number of cells."""

    def score(delimiter: str) -> float:
        widths = Counter(len(_cut(line, delimiter)) for line in lines)
        return max(
            ((width - 1) * count / len(lines) for width, count in widths.items()), default=0.0
        ) + sum(count for width, count in widths.items() if width > 1) / (len(lines) or 1)

    return max(DELIMITERS, key=lambda d: (score(d), -DELIMITERS.index(d)))


def _records(
    lines: list[str], first: int, delimiter: str, width: int, limits: Limits
) -> Iterator[tuple[int, list[str], tuple[Problem, ...]]]:
    """Line number, cells and problems; a cell in quotes may go over several lines.

    A quotation mark that never closes costs its own line, not the rest of the file.
    """
    at = first
    while at < len(lines):
        number, line = at + 1, lines[at]
        if '"' not in line:
            record, used, reason = line.split(delimiter), 1, ""
        else:
            record, used, reason = _quoted(lines, at, delimiter, width, limits)
        problems = _long(number, record, limits)
        if reason:
            problems += (Problem(number, "", line[:120], reason),)
        yield number, [cell.strip() for cell in record], problems
        at += used


def _quoted(
    lines: list[str], at: int, delimiter: str, width: int, limits: Limits
) -> tuple[list[str], int, str]:
    """The cells, the number of lines they took, and what is wrong with their quotes."""
    text = lines[at]
    for used in range(1, MOST_LINES_OF_A_CELL + 1):
        try:
            record = _strict(text, delimiter)
            if used > 1 and _swallowed(record, delimiter, width):
                break
            return record, used, ""
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return _cut(lines[at], delimiter), 1, "the quotation marks do not fit"
        if at + used >= len(lines) or len(text) > limits.cell * 2:
            break
        text += "\n" + lines[at + used]
    plain = [cell.strip().strip('"') for cell in lines[at].split(delimiter)]
    return plain, 1, "a quotation mark is opened here and never closed"


def _swallowed(record: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell over several lines begins and ends with what completes a row of its own."""
    for at, cell in enumerate(record):
        first, end, last = cell.partition("\n")[0], "\n" in cell, cell.rpartition("\n")[2]
        above = at + first.count(delimiter) + 1
        below = last.count(delimiter) + len(record) - at
        if end and above >= width and below >= width:
            return True
    return False


def _strict(text: str, delimiter: str) -> list[str]:
    # The reader gets the record whole, so that line ends inside quotes stay as they are.
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _cut(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _long(number: int, cells: list[str], limits: Limits) -> tuple[Problem, ...]:
    cell = max(cells, key=len, default="")
    if len(cell) <= limits.cell:
        return ()
    return (Problem(number, "", cell[:60] + "…", f"longer than {limits.cell} characters"),)


def _checked(text: str) -> str:
    if "\0" in text:
        raise Malformed("The file is no text: it holds zero bytes.")
    return text


def _mostly_utf8(data: bytes) -> bool:
    good = len(re.findall(rb"[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x90-\xaf]", data))
    bad = data.decode(errors="replace").count("\ufffd")
    return good > bad


def _line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
