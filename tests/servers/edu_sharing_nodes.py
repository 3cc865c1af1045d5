"""Nodes for the stand-in of edu-sharing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VOCABULARIES = "http://w3id.org/openeduhub/vocabs"
CARD = "BEGIN:VCARD\nVERSION:3.0\nN:Beispiel;Bea\nFN:Bea Beispiel\nEND:VCARD"


def node(number: int, *, aspects: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """A made-up node; `fields` are properties, with `__` for the colon."""
    properties = {
        "cclom:title": [f"Wasserkreislauf {number}"],
        "cclom:general_description": ["Wolken, Regen &amp; Flüsse."],
        "cclom:general_keyword": ["Wasser", "Wetter"],
        "cclom:general_language": ["de_DE"],
        "ccm:wwwurl": [f"https://wasser.example/seite/{number}"],
        "ccm:taxonid": [f"{VOCABULARIES}/discipline/220"],
        "ccm:educationalcontext": [f"{VOCABULARIES}/educationalContext/sekundarstufe_1"],
        "ccm:educationallearningresourcetype": [f"{VOCABULARIES}/learningResourceType/video"],
        "ccm:lifecyclecontributer_author": [CARD],
        "ccm:commonlicense_key": ["CC_BY_SA"],
        "ccm:commonlicense_cc_version": ["4.0"],
    }
    properties |= {name.replace("__", ":"): value for name, value in fields.items()}
    return {
        "ref": {"repo": "-home-", "id": f"{number:08d}-0000-4000-8000-000000000000"},
        "name": f"wasser-{number}.html",
        "title": f"Wasserkreislauf {number}",
        "aspects": list(aspects),
        "preview": {"url": f"https://repo.example/preview/{number}.png", "isIcon": False},
        "content": {"url": f"https://repo.example/edu-sharing/components/render/{number}"},
        "mimetype": "text/html",
        "license": {"url": "https://creativecommons.org/licenses/by-sa/4.0/deed.de"},
        "modifiedAt": "2024-03-01T10:00:00Z",
        "properties": properties,
    }


def write(folder: Path, count: int = 12, *more: dict[str, Any]) -> Path:
    """A data file with as many nodes, and more."""
    file = folder / "edu_sharing.json"
    file.write_text(json.dumps({"nodes": [*map(node, range(1, count + 1)), *more]}), "utf-8")
    return file
