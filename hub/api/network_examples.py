"""Examples of whole answers about the network, as in `hub.api.examples`."""

from __future__ import annotations

from hub.api.examples import _API, _MOMENT, _SITE_NAME, Example, _term

MATRIX: Example = {
    "facet": _term("level", "Bildungsstufe"),
    "columns": [{"value": _term("grundschule", "Primarstufe"), "total": 49, "sites": 1}],
    "rows": [
        {
            "site": _SITE_NAME,
            "kind": _term("centre", "Medienzentrum"),
            "total": 53,
            "counts": [{"code": "grundschule", "count": 49}],
        }
    ],
}
TREND: Example = {
    "items": [{"day": "2026-03-03", "offers": 4180, "sites": 51}],
    "next": f"{_API}/network/trend?first=2026-03-04",
}
SOURCES: Example = {
    "items": [
        {
            "site": _SITE_NAME,
            "plugin": "edmond",
            "state": _term("current", "Aktuell"),
            "as_of": _MOMENT,
        }
    ],
    "absent": ["leer"],
    "next": None,
}
_FIGURE: Example = {"figure": _term("rooms", "Buchungen von Räumen"), "number": 12}
STATISTICS: Example = {
    "year": 2026,
    "sites": ["borken"],
    "totals": [{**_FIGURE, "definition": "Eine Buchung, die bestätigt wurde und vorbei ist."}],
    "splits": [
        {
            "split": _term("month", "Nach Monat"),
            "parts": [{"part": _term("3", "März 2026"), "figures": [_FIGURE]}],
        }
    ],
}
DEMAND: Example = {
    "items": [
        {
            "title": "Der Wasserkreislauf",
            "persons": 12,
            "centres": 7,
            "latest": "2026-11-20T08:15:00Z",
            "links": {"offer": "https://hub.example/api/v1/offers/42"},
        }
    ],
    "withheld": 31,
}
