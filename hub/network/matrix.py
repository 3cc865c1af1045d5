"""Who offers what: one facet of the catalogue by site, with its gaps; two statements each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import models
from hub.records import Kind

FACETS = ("kind", "subject", "level", "medium_type", "competence", "access")
"""By what offers can be laid out; `subject` and `competence` hold their upper levels too."""


@dataclass(frozen=True, slots=True)
class Row:
    """A site: how many offers it has in all, and with each value; values without any are out."""

    site: str
    name: str
    kind: str
    """`centre` or `state` (Landesmedienzentrum)."""
    total: int
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Column:
    """A value of the facet: offers in all, and how many sites have at least one."""

    value: str
    total: int
    sites: int


@dataclass(frozen=True, slots=True)
class Matrix:
    facet: str
    columns: tuple[Column, ...]
    """Every value that somebody offers, by code."""
    rows: tuple[Row, ...]
    """Every site of the network in its order, also those that offer nothing."""


def matrix(
    session: Session, facet: str, kind: Kind | None = None, sites: Collection[str] | None = None
) -> Matrix:
    """Live offers by site and value of the facet, of one kind or of all; `sites`: only those."""
    numbers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, int] = defaultdict(int)
    for key, what, of, value, number in session.execute(
        _FIGURES.where(
            _figure.facet.in_(["", facet]), *([_figure.kind == kind.value] if kind else [])
        )
    ):
        if of == "":
            totals[key] += number
            of, value = ("kind", what) if facet == "kind" else ("", "")
        if of:
            numbers[key][value] += number
    rows = tuple(
        Row(site.key, site.name, site.kind, totals[site.key], dict(numbers[site.key]))
        for site in session.execute(_SITES)
        if sites is None or site.key in sites
    )
    values = {value for row in rows for value in row.numbers}
    order = [one.value for one in Kind] if facet == "kind" else sorted(values)
    columns = tuple(
        Column(
            value,
            sum(row.numbers.get(value, 0) for row in rows),
            sum(value in row.numbers for row in rows),
        )
        for value in order
        if value in values
    )
    return Matrix(facet, columns, rows)


_figure = models.OfferFigure
_FIGURES = sa.select(
    _figure.site_key, _figure.kind, _figure.facet, _figure.value, _figure.number
).where(_figure.number > 0)
_SITES = sa.select(models.Site.key, models.Site.name, models.Site.kind).order_by(
    models.Site.position
)
