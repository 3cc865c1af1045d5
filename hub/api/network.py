"""`network`: who offers what, freshness, the course of time, and what was used; as the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any

from flask import abort
from flask_babel import force_locale

from hub.api import bearer, network_examples, network_schemas
from hub.api.blueprint import api
from hub.api.language import language
from hub.api.links import link, same
from hub.api.parameters import (
    MatrixParameters,
    ReadingsParameters,
    TrendParameters,
    YearParameters,
    said,
)
from hub.api.sites import known
from hub.catalogue import vocabulary
from hub.identity.permissions import can, visible
from hub.models import Booking, Wish
from hub.network import coverage, demand, flows, statistics, suppression
from hub.network.matrix import matrix
from hub.network.suppression import Numbers, Shown
from hub.network.trend import trend
from hub.web import context
from hub.web.statistics import CAPTIONS, NAMES, definitions, label, site_names

TAG = "Network"
DEFAULT_SPAN = 90
"""Days of the course of time, unless asked otherwise."""


@api.resource(
    "/network/matrix",
    network_schemas.MatrixSchema,
    example=network_examples.MATRIX,
    tag=TAG,
    query=MatrixParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def show_matrix(asked: dict[str, Any]) -> dict[str, Any]:
    """Who offers what

    Live offers by site and value of a facet, with gaps; with `site` only some sites side by side.
    """
    sites = asked.get("site")
    known(*(sites or ()))
    with context.the_hub().db.read() as session:
        found = matrix(session, asked["facet"], asked.get("kind"), sites)
    return {
        "facet": _term("facet", found.facet),
        "columns": [
            {"value": _term(found.facet, one.value), "total": one.total, "sites": one.sites}
            for one in found.columns
        ],
        "rows": [
            {
                "site": {"key": row.site, "name": row.name},
                "kind": row.kind,
                "total": row.total,
                "counts": [
                    {"code": one.value, "count": row.numbers[one.value]}
                    for one in found.columns
                    if one.value in row.numbers
                ],
            }
            for row in found.rows
        ],
    }


@api.resource(
    "/network/trend",
    network_schemas.TrendSchema,
    example=network_examples.TREND,
    tag=TAG,
    query=TrendParameters,
    problems=[HTTPStatus.NOT_FOUND],
)
def show_trend(asked: dict[str, Any]) -> dict[str, Any]:
    """Offers day by day

    The last 90 days unless asked otherwise; days without a reading keep what was known before.
    """
    site = asked.get("site")
    known(site)
    last: date = asked.get("last") or context.now().date()
    first: date = asked.get("first") or last - timedelta(days=DEFAULT_SPAN)
    with context.the_hub().db.read() as session:
        days = trend(session, first, last, kind=asked.get("kind"), site=site)
    limit = asked["limit"]
    more = len(days) > limit
    return {
        "items": [
            {"day": one.day, "offers": one.number, "sites": one.sites} for one in days[:limit]
        ],
        "next": same(first=days[limit].day, last=last) if more else None,
    }


@api.resource(
    "/network/sources",
    network_schemas.ReadingsSchema,
    example=network_examples.SOURCES,
    tag=TAG,
    query=ReadingsParameters,
)
def list_sources(asked: dict[str, Any]) -> dict[str, Any]:
    """Freshness and health of every source"""
    after = tuple(asked.get("after", "").split("/", 1))
    with context.the_hub().db.read() as session:
        covered = coverage.coverage(session, context.now())
    all_of_them = sorted(
        ((one.site, source.plugin), one.name, source) for one in covered for source in one.sources
    )
    rest = [entry for entry in all_of_them if entry[0] > after]
    limit = asked["limit"]
    return {
        "items": [
            {
                "site": {"key": key, "name": name},
                "plugin": plugin,
                "state": source.state,
                "as_of": source.as_of,
            }
            for (key, plugin), name, source in islice(rest, limit)
        ],
        "absent": [one.site for one in covered if not one.sources],
        "next": same(after="/".join(rest[limit - 1][0])) if len(rest) > limit else None,
    }


@api.resource(
    "/network/statistics",
    network_schemas.StatisticsSchema,
    example=network_examples.STATISTICS,
    tag=TAG,
    query=YearParameters,
    problems=[HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND],
)
def show_statistics(asked: dict[str, Any]) -> dict[str, Any]:
    """What was used, of the centres that let it flow

    Needs a token of a Landesmedienzentrum for somebody who evaluates the network. Figures to which
    too few contributed are withheld.
    """
    actor = bearer.demand().actor
    if not can(actor, "network.read"):
        abort(HTTPStatus.NOT_FOUND)
    zone, now = context.NETWORK_TIME, context.now()
    year = asked.get("year") or now.astimezone(zone).year
    with context.the_hub().db.read() as session:
        on = flows.sites_on(session)
        which = visible(actor, Booking, "network.read")
        counted = flows.counted(session, year, zone, now, which, on)
    return _statistics(suppression.withheld(counted), on)


@api.resource(
    "/network/demand",
    network_schemas.DemandSchema,
    example=network_examples.DEMAND,
    tag=TAG,
    problems=[HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND],
)
def show_demand(_: dict[str, Any]) -> dict[str, Any]:
    """Media that people ask a licence for, most wanted first

    Needs a token of a Landesmedienzentrum for somebody who evaluates the network. Works that fewer
    than five persons ask for are counted, not named.
    """
    actor = bearer.demand().actor
    if not can(actor, "network.read"):
        abort(HTTPStatus.NOT_FOUND)
    with context.the_hub().db.read() as session:
        found = demand.sums(session, visible(actor, Wish, "network.read"))
    return {
        "items": [
            {
                "title": one.title,
                "persons": one.persons,
                "centres": one.centres,
                "latest": one.latest,
                "links": {"offer": link("api.get_offer", offer_id=one.offer_id)},
            }
            for one in found.works
        ],
        "withheld": found.withheld,
    }


@api.resource(
    "/sites/<key>/statistics",
    network_schemas.StatisticsSchema,
    example=network_examples.STATISTICS,
    tag=TAG,
    query=YearParameters,
    path=[{"in": "path", "name": "key", **said("Key of the site."), "example": "borken"}],
    problems=[HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND],
)
def show_site_statistics(asked: dict[str, Any], key: str) -> dict[str, Any]:
    """What was used at a site

    Needs a token of that site for one of its staff, who see all figures.
    """
    actor = bearer.demand().actor
    if not can(actor, "statistics.read", key) or key not in context.sites():
        abort(HTTPStatus.NOT_FOUND)
    zone, now = context.zone_of(key), context.now()
    year = asked.get("year") or now.astimezone(zone).year
    with context.the_hub().db.read() as session:
        counted = statistics.count(session, year, zone, now, Booking.site_key == key, key)
    return _statistics(suppression.everything(counted), [key])


def _statistics(shown: Shown, sites: Sequence[str]) -> dict[str, Any]:
    names = site_names()
    with force_locale(language()):
        said_of = definitions()

        def figures(numbers: Numbers) -> list[dict[str, Any]]:
            return [
                {"figure": {"code": one, "label": NAMES[one]()}, "number": number}
                for one, number in numbers.items()
            ]

        return {
            "year": shown.year,
            "sites": list(sites),
            "totals": [
                {**figure, "definition": said_of[figure["figure"]["code"]]}
                for figure in figures(shown.totals)
            ],
            "splits": [
                {
                    "split": {"code": split, "label": CAPTIONS[split]()},
                    "parts": [
                        {
                            "part": {"code": code, "label": label(shown.year, split, code, names)},
                            "figures": figures(numbers),
                        }
                        for code, numbers in rows.items()
                    ],
                }
                for split, rows in shown.splits.items()
            ],
        }


def _term(facet: str, code: str) -> Mapping[str, str]:
    return {"code": code, "label": vocabulary.label(facet, code, language())}
