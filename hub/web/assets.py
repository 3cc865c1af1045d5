"""Static files under an address that holds their version, so that browsers keep them for good.

Relative addresses inside a style sheet inherit the version, fonts and KERN included.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory

FOLDER = Path(__file__).parent / "static"
A_YEAR = 365 * 24 * 3600


def version(folder: Path = FOLDER) -> str:
    """A short name for the present content of the folder."""
    digest = blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def init_app(app: Flask) -> None:
    current = version()

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", current)

    @app.get("/static/<version>/<path:filename>", endpoint="static")
    def static(version: str, filename: str) -> Response:
        response = send_from_directory(FOLDER, filename, max_age=A_YEAR)
        if version == current:
            response.cache_control.immutable = True
        else:  # an old page asks: give it the present file, but let it not keep it
            response.cache_control.max_age = 0
            response.cache_control.no_cache = True
        return response
