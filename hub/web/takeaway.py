"""A search to take away: all its hits as a table, CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask import Blueprint, Response, abort
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.catalogue import entitlement, offers, vocabulary
from hub.catalogue.search import Query, Results, search
from hub.records import Record
from hub.web import context, texts
from hub.web.language import language
from hub.web.search import asked
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("takeaway", __name__)

MOST_ROWS = 5_000
"""Hits in a table; who wants all of the catalogue takes the dump or the change feed."""
BATCH = 200
NAME = "suche"


@pages.get("/suche.<form>")
def table(form: str) -> Response:
    """The first line says what was searched for, so that the file explains itself later."""
    if form not in FORMATS:
        abort(404)
    query = replace(asked(), page=1, per_page=MOST_ROWS)
    with context.the_hub().db.read() as session:
        found = search(session, query)
        rows = list(_rows(session, [(hit.work_id, hit.offer_id) for hit in found.hits]))
    if found.total > len(rows):
        told = gettext("%(shown)s of %(hits)s", shown=len(rows), hits=found.total)
        rows.append([gettext("Further hits are not in this table"), told])
    header = [
        gettext("Title"), gettext("Subtitle"), gettext("Kind"), gettext("Form"),
        gettext("Subjects"), gettext("Educational levels"), gettext("Year"),
        gettext("Length in minutes"), gettext("Number"), gettext("Place"),
        gettext("Identifiers"), gettext("Who may use it"), gettext("Centres"),
        gettext("Licence"), gettext("Description"), gettext("Address"),
    ]  # fmt: skip
    return download(form, NAME, header, rows, note=_described(query, found))


def _described(query: Query, found: Results) -> str:
    """The search in words: text, filters, day."""
    facets = {facet.name: facet.label for facet in found.facets}
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    parts = [gettext("Search for “%(text)s”", text=query.text)] if query.text else []
    for facet, values in query.filters.items():
        labels = [
            names.get(value, value)
            if facet == "site"
            else vocabulary.label(facet, value, language())
            for value in sorted(values)
        ]
        parts.append(f"{facets.get(facet, facet)}: {', '.join(labels)}")
    if not parts:
        parts.append(gettext("All offers"))
    return f"{'; '.join(parts)} ({context.today():%d.%m.%Y})"


def _rows(session: Session, hits: list[tuple[int, int]]) -> Iterator[list[Cell]]:
    """A line for each hit: two statements for every `BATCH` of them."""
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    for start in range(0, len(hits), BATCH):
        some = hits[start : start + BATCH]
        shown = offers.by_ids(session, [offer_id for _, offer_id in some])
        held = entitlement.holdings(session, [work_id for work_id, _ in some])
        for work_id, offer_id in some:
            if offer_id in shown:
                yield _row(shown[offer_id].record, held.get(work_id, ()), names, offer_id)


def _row(
    record: Record,
    holdings: tuple[entitlement.Holding, ...],
    names: Mapping[str, str],
    offer_id: int,
) -> list[Cell]:
    badge = entitlement.badge(holdings, context.today(), None)
    lang = language()
    return [
        record.title,
        record.subtitle,
        str(texts.KIND[record.kind]),
        vocabulary.label("medium_type", record.medium_type, lang) if record.medium_type else "",
        ", ".join(texts.labels("subject", record.subjects)),
        ", ".join(texts.labels("level", record.levels)),
        record.year,
        round(record.duration / 60) if record.duration else None,
        record.quantity,
        record.place,
        ", ".join(one.value for one in record.identifiers if one.scheme != "url"),
        str(texts.badge_text(badge, names).text) if badge else "",
        ", ".join(dict.fromkeys(names.get(one.site, one.site) for one in holdings)),
        record.licence,
        record.description[:1000],
        context.public_address("offer.show", offer_id=offer_id),
    ]
