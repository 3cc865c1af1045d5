"""Examples of whole answers for the API's document; a test holds them against its schemas."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from hub.records import Kind

Example = dict[str, Any]

_HUB = "https://hub.example"
_API = f"{_HUB}/api/v1"
_MOMENT = "2026-03-04T04:12:00.250000+00:00"
_SITE_NAME = {"key": "borken", "name": "Medienzentrum Kreis Borken"}


def _term(code: str, label: str) -> Example:
    return {"code": code, "label": label}


def _contact(**known: str) -> Example:
    names = ("street", "postcode", "town", "phone", "email", "website", "opening_hours")
    return {**dict.fromkeys(names, ""), **known}


SITE: Example = {
    **_SITE_NAME,
    "kind": _term("centre", "Medienzentrum"),
    "association": "LWL",
    "region": "Münster",
    "ags": ["05554"],
    "standort": "BOR",
    "time_zone": "Europe/Berlin",
    "contact": _contact(
        town="Borken", postcode="46325", email="medienzentrum@borken.example"
    ),
    "branches": [{"name": "Zweigstelle Ahaus", **_contact(town="Ahaus")}],
    "profile": {
        "task": "Medien und Beratung für alle Schulen im Kreis.",
        "status": "",
        "team": "",
        "rooms": "MediaLab",
        "target_groups": [_term("school", "Schule"), _term("kita", "Kita und Familienzentrum")],
        "services": {"device": "yes", "scouts": "planned"},
        "cost": "kostenfrei",
        "consulting": "",
        "cooperation": "",
        "offers": "",
        "equipment": "",
        "competence_team": "",
        "area": "",
        "carrier": "Kreis Borken",
        "financing": "",
        "imprint": "",
        "accessibility": "",
    },
    "team": [
        {"name": "", "task": "Verleih", "adviser": False, "email": "", "phone": "02861 1234"}
    ],
    "offers": [
        {"kind": _term(kind.value, label), "count": count}
        for kind, label, count in zip(
            Kind,
            ("Medium", "Gerät", "Raum", "Fortbildung", "Beratung", "Medienprojekt",
             "Elternabend", "Medienscouts"),
            (49, 12, 2, 5, 1, 0, 1, 1),
            strict=True,
        )
    ],
    "sources": [{"plugin": "edmond", "state": _term("current", "Aktuell"), "as_of": _MOMENT}],
    "links": {
        "self": f"{_API}/sites/borken",
        "page": f"{_HUB}/zentren/borken",
        "offers": f"{_API}/offers?site=borken",
    },
}  # fmt: skip
SITES: Example = {"items": [SITE]}

_SERVING: Example = {
    **_SITE_NAME,
    "links": {"self": f"{_API}/sites/borken", "page": f"{_HUB}/zentren/borken"},
}
SCHOOLS: Example = {
    "items": [
        {
            "school_id": "DE-NW-900125",
            "kind": _term("school", "Schule"),
            "form": _term("02", "Grundschule"),
            "name": "Grundschule Am Wiesengrund",
            "short_name": "Borken, GG Am Wiesengrund",
            "private": False,
            "street": "Am Wiesengrund 4",
            "postcode": "46325",
            "town": "Borken",
            "municipality": "05554012",
            "website": "",
            "utm": {"east": 352000, "north": 5746000},
            "closed_on": None,
            "sites": [_SERVING],
        }
    ],
    "total": 1,
    "sites": [_SERVING],
    "near": "",
}

_BADGE: Example = {
    "status": _term("elsewhere", "Nur in bestimmten Zentren lizenziert"),
    "sites": ["borken"],
    "day": None,
}
_ACCESS = _term("licensed", "Lizenziert")
_GRANTS = [
    {
        "scope": _term("site", "Kreislizenz"),
        "value": "borken",
        "valid_from": None,
        "valid_until": "2028-08-01",
    }
]

_ORIGIN: Example = {"hub": _HUB, "site": _SITE_NAME, "offer_id": 17}

OFFER: Example = {
    "id": 17,
    "work_id": 12,
    "kind": _term("medium", "Medium"),
    "title": "Wasserkreislauf",
    "subtitle": "Vom Regen zum Grundwasser",
    "series": "",
    "description": "Ein Film über den Kreislauf des Wassers.",
    "languages": ["de"],
    "identifiers": [{"scheme": "medium", "value": "5511494"}],
    "url": "",
    "image_url": "",
    "medium_type": _term("video", "Video"),
    "carrier": _term("online", "Online"),
    "subjects": [_term("080", "Biologie")],
    "levels": [_term("grundschule", "Primarstufe")],
    "grades": {"first": 3, "last": 6},
    "competences": [],
    "audiences": [],
    "keywords": ["Wasser"],
    "creators": [],
    "publishers": [],
    "year": 2019,
    "duration": 1380,
    "age_rating": "Lehr",
    "licence": "",
    "access": _ACCESS,
    "grants": _GRANTS,
    "badge": _BADGE,
    "quantity": None,
    "place": "",
    "events": [],
    "cost": "",
    "contact": "",
    "details": [],
    "provenance": {
        "site": _SITE_NAME,
        "plugin": "edmond",
        "as_of": _MOMENT,
        "created_at": _MOMENT,
        "changed_at": _MOMENT,
        "modified": None,
        "origin": _ORIGIN,
    },
    "links": {
        "self": f"{_API}/offers/17",
        "page": f"{_HUB}/angebot/17",
        "work": f"{_API}/works/12",
        "availability": None,
    },
}
OFFERS: Example = {"items": [OFFER], "next": f"{_API}/offers?limit=1&after=17"}

WORK: Example = {
    "id": 12,
    "kind": OFFER["kind"],
    "title": OFFER["title"],
    "badge": _BADGE,
    "offer": OFFER,
    "holdings": [
        {
            "offer_id": 17,
            "site": _SITE_NAME,
            "access": _ACCESS,
            "grants": _GRANTS,
            "badge": _BADGE,
            "links": {"self": f"{_API}/offers/17", "page": f"{_HUB}/angebot/17"},
        }
    ],
    "links": {"self": f"{_API}/works/12"},
}
WORKS: Example = {"items": [WORK], "next": None}

_TOMBSTONE: Example = {
    "id": 18,
    "work_id": 13,
    "kind": _term("device", "Gerät"),
    "title": "Tabletkoffer",
    "site": _SITE_NAME,
    "created_at": "2025-01-07T05:00:00+00:00",
    "withdrawn_at": _MOMENT,
    "links": {"work": f"{_API}/works/13"},
}
CHANGES: Example = {
    "items": [
        {
            "id": 18,
            "changed_at": _MOMENT,
            "withdrawn": True,
            "origin": {**_ORIGIN, "offer_id": 18},
            "offer": None,
            "tombstone": _TOMBSTONE,
        }
    ],
    "next": None,
    "later": f"{_API}/changes?cursor=1772597520250000-18",
}

SEARCH: Example = {
    "items": [
        {
            "work_id": 12,
            "sites": ["borken"],
            "badge": _BADGE,
            "offer": OFFER,
            "links": {"self": f"{_API}/works/12"},
        }
    ],
    "total": 1,
    "page": 1,
    "pages": 1,
    "next": None,
    "facets": [
        {
            "name": "subject",
            "label": "Fach",
            "values": [{"code": "080", "label": "Biologie", "count": 1, "selected": False}],
        }
    ],
    "did_you_mean": None,
    "relaxed": [],
}
COMPLETIONS: Example = {"items": ["wasserkreislauf", "Wasser ist Leben"]}

ME: Example = {
    "person": "3f9a0c5d7e1b2a64",
    "site": {"key": "borken", "name": "Medienzentrum Kreis Borken"},
    "roles": ["staff"],
    "token": {
        "name": "Ausleihstatistik",
        "expires_at": "2027-03-04T04:12:00+00:00",
        "scopes": ["bookings"],
    },
}
BOOKINGS: Example = {
    "items": [
        {
            "reference": "K7M2P9QX",
            "kind": {"code": "device", "label": "Gerät"},
            "title": "iPad-Koffer (16 Geräte)",
            "state": "confirmed",
            "starts_at": "2026-03-09T07:00:00+00:00",
            "ends_at": "2026-03-13T15:00:00+00:00",
            "quantity": 1,
            "own": False,
            "created_at": "2026-03-02T10:00:00+00:00",
            "changed_at": "2026-03-02T10:00:00+00:00",
            "links": {"offer": f"{_API}/offers/17"},
        }
    ],
    "next": None,
}
_INDEXED = (
    "sites",
    "schools",
    "offers",
    "works",
    "search",
    "suggest",
    "changes",
    "recommendations",
    "me",
    "bookings",
    "desk",
)
_OF_NETWORK = ("matrix", "trend", "sources", "statistics", "demand")
INDEX: Example = {
    "title": "Medienzentren-Hub",
    "hub": _HUB,
    "version": "0.1.0",
    "links": {
        "document": f"{_API}/openapi.json",
        **{name: f"{_API}/{name}" for name in _INDEXED},
        **{name: f"{_API}/network/{name}" for name in _OF_NETWORK},
    },
}


def problem(status: HTTPStatus, detail: str = "") -> Example:
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail or status.description,
    }


PARAMETERS_PROBLEM: Example = {
    **problem(HTTPStatus.BAD_REQUEST, "colour: There is no such parameter."),
    "type": f"{_API}/openapi.json#/components/schemas/ParametersProblem",
    "errors": [{"parameter": "colour", "detail": "There is no such parameter."}],
}
WITHDRAWN: Example = {
    **problem(HTTPStatus.GONE, "Its site no longer offers this."),
    "type": f"{_API}/openapi.json#/components/schemas/WithdrawnProblem",
    "offer": _TOMBSTONE,
}
