"""`sites`: the Medienzentren and Landesmedienzentren of the network."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from flask import abort

from hub.api import examples, represent, site_schemas
from hub.api.blueprint import api
from hub.api.parameters import SitesParameters, said
from hub.network import coverage
from hub.site import SiteRow
from hub.web import context


@api.resource(
    "/sites", site_schemas.SitesSchema, example=examples.SITES, tag="Sites", query=SitesParameters
)
def list_sites(asked: dict[str, Any]) -> dict[str, Any]:
    """The sites of the network

    All of them that match, by name, with what they offer and how fresh it is.
    """
    covered = _coverage()
    rows = [
        row
        for row in _sites(covered).values()
        if row.key in covered and all(getattr(row, name) == value for name, value in asked.items())
    ]
    with context.the_hub().db.read() as session:
        people = represent.people(session, [row.key for row in rows])
    return {"items": [represent.site(row, covered[row.key], people) for row in rows]}


@api.resource(
    "/sites/<key>",
    site_schemas.SiteSchema,
    example=examples.SITE,
    tag="Sites",
    path=[{"in": "path", "name": "key", **said("Key of the site."), "example": "borken"}],
    problems=[HTTPStatus.NOT_FOUND],
)
def get_site(_: dict[str, Any], key: str) -> dict[str, Any]:
    """One site"""
    known(key)
    covered = _coverage()
    if key not in covered:
        abort(HTTPStatus.NOT_FOUND)
    with context.the_hub().db.read() as session:
        people = represent.people(session, [key])
    return represent.site(context.sites()[key], covered[key], people)


def known(*keys: str | None) -> None:
    """Refuse keys of which no site is known: an empty list would hide a mistyped one."""
    there = _sites([key for key in keys if key is not None])
    for key in keys:
        if key is not None and key not in there:
            abort(HTTPStatus.NOT_FOUND, f"There is no site “{key}”; /api/v1/sites lists them.")


def _sites(named: Collection[str]) -> dict[str, SiteRow]:
    """All sites, those named among them if there are any such.

    What is remembered of them may be half a second old, while the catalogue names new sites at
    once: another hub that misses one in the list would take its offers for forged.
    """
    there = context.sites()
    if not there.keys() >= set(named):
        context.the_hub().sites.refresh()
        there = context.sites()
    return there


def _coverage() -> dict[str, coverage.Coverage]:
    with context.the_hub().db.read() as session:
        return {one.site: one for one in coverage.coverage(session, context.now())}
