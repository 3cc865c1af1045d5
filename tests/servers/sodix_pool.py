"""Documents for the stand-in of SODIX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOGIN = "hub"
PASSWORD = "streng geheim 47"


def document(number: int, **fields: Any) -> dict[str, Any]:
    """A made-up document as SODIX gives it."""
    return {
        "id": f"{number:08d}-0000-4000-8000-000000000000",
        "identifier": f"SODIX-{number:08d}-0000-4000-8000-000000000000",
        "title": f"Wasserkreislauf {number}",
        "description": "Wolken, Regen &amp; Flüsse.<br>Mit Arbeitsblättern.",
        "keywords": ["Wasser", " ", "Wetter"],
        "language": ["DE"],
        "creationDate": "2021-05-04T10:00:00",
        "updated": "2023-09-26T11:42:49.198",
        "recordStatus": "ACTIVATED",
        "author": "Redaktion Beispiel",
        "publishers": [{"id": "p", "title": "Verlag Beispiel"}],
        "source": {"id": "s", "name": "Medienhaus Beispiel"},
        "media": {
            "size": "1200000",
            "dataType": "video/mp4",
            "duration": "754",
            "thumbPreview": f"https://pool.example/{number}.jpg",
            "url": f"https://pool.example/media/{number}",
        },
        "targetAudience": ["pupils", "teacher"],
        "learnResourceType": ["VIDEO", "ARBEITSBLATT"],
        "educationalLevels": ["Sekundarstufe I"],
        "classLevel": "5-7",
        "schoolTypes": ["Gymnasium", "Mittel- / Hauptschule"],
        "eafCode": ["22002", "080"],
        "subject": [{"id": "220", "name": "Geographie", "level": "0", "path": "Geographie"}],
        "license": {"name": "CC BY-SA", "version": "4.0", "url": ""},
        "cost": "free",
        **fields,
    }


def write(folder: Path, count: int = 12, *more: dict[str, Any]) -> Path:
    """A data file with as many documents, and more."""
    file = folder / "sodix.json"
    file.write_text(json.dumps([*map(document, range(1, count + 1)), *more]), "utf-8")
    return file
