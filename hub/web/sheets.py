"""Tables to take away, as the answer to a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response

from hub.formats import sheets
from hub.formats.sheets import FORMATS, Cell

__all__ = ["FORMATS", "Cell", "download"]


def download(
    form: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], note: str = ""
) -> Response:
    """The table as a file `name.csv` or `name.xlsx`; see `hub.formats.sheets.write`."""
    content = sheets.write(form, name, header, rows, note)
    response = Response(content, content_type=sheets.TYPES[form])
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{form}"
    return response
