"""`schools`: which centre serves which school."""

from __future__ import annotations

from typing import Any

from hub.api import examples, site_schemas
from hub.api.blueprint import api
from hub.api.links import link
from hub.api.parameters import SchoolsParameters
from hub.institutions import find
from hub.institutions.find import Hit
from hub.web import context


@api.resource(
    "/schools",
    site_schemas.SchoolsSchema,
    example=examples.SCHOOLS,
    tag="Sites",
    query=SchoolsParameters,
)
def find_schools(asked: dict[str, Any]) -> dict[str, Any]:
    """Schools and other institutions, with the sites that serve them

    By number in any spelling, name, place or postcode; open ones first. Where no institution has
    the postcode, those whose postcode begins like it.
    """
    text = "".join(c if c.isprintable() else " " for c in asked["q"])
    with context.the_hub().db.read() as session:
        found = find.find(session, text, context.today(), asked["limit"])
        return {
            "items": [_school(hit) for hit in found.hits],
            "total": found.total,
            "sites": [_site(key) for key in found.sites],
            "near": found.near,
        }


def _school(hit: Hit) -> dict[str, Any]:
    row = hit.institution
    east, north = row.utm_east, row.utm_north
    return {
        "school_id": row.school_id or "",
        "kind": row.kind,
        "form": row.school_form or None,
        "name": row.name,
        "short_name": row.short_name,
        "private": row.private,
        "street": row.street,
        "postcode": row.postcode,
        "town": row.town,
        "municipality": row.municipality,
        "website": row.website,
        "utm": {"east": east, "north": north} if east and north else None,
        "closed_on": row.closed_on,
        "sites": [_site(key) for key in hit.sites],
    }


def _site(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "name": context.sites()[key].name,
        "links": {
            "self": link("api.get_site", key=key),
            "page": link("centres.profile", site=key),
        },
    }
