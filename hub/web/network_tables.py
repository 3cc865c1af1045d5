"""What the network offers, laid out: who has what, centres side by side, and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub.catalogue import vocabulary
from hub.network.matrix import FACETS, Matrix, matrix
from hub.network.trend import Day, trend
from hub.records import Kind
from hub.web import context, texts
from hub.web.language import language
from hub.web.page import Crumb, asked_text
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("tables", __name__)

PARAMETERS = {
    "kind": "art",
    "subject": "fach",
    "level": "stufe",
    "medium_type": "form",
    "competence": "kompetenz",
    "access": "zugang",
}
"""Facet name to its parameter in addresses of the search."""
MOST_COMPARED = 4
SPANS = {90: lazy_gettext("90 days"), 365: lazy_gettext("12 months"), 1095: lazy_gettext("3 years")}
MOST_POINTS = 60
"""Days in the table below the drawing; a longer span shows every n-th, and always the last."""


@pages.get("/matrix", defaults={"form": "html"})
@pages.get("/matrix.<form>")
def layout(form: str) -> ResponseReturnValue:
    facet, kind = _facet(), _kind()
    with context.the_hub().db.read() as session:
        found = matrix(session, facet, kind)
    labels = [vocabulary.label(facet, column.value, language()) for column in found.columns]
    if form != "html":
        header = ["site", gettext("Centre"), gettext("All offers"), *labels]
        return _file(form, f"matrix-{facet}", header, _rows(found))
    return render_template(
        "matrix.html",
        found=found,
        labels=labels,
        gaps=list(zip(found.columns, labels, strict=True)),
        **_choice(facet, kind),
        parameter=PARAMETERS[facet],
        crumbs=_crumbs(gettext("Who offers what")),
    )


@pages.get("/vergleich", defaults={"form": "html"})
@pages.get("/vergleich.<form>")
def comparison(form: str) -> ResponseReturnValue:
    facet, kind = _facet(), _kind()
    known = context.sites()
    chosen = [key for key in dict.fromkeys(_asked_sites()) if key in known][:MOST_COMPARED]
    with context.the_hub().db.read() as session:
        found = matrix(session, facet, kind, chosen)
    labels = [vocabulary.label(facet, column.value, language()) for column in found.columns]
    if form != "html":
        lines: list[list[Cell]] = [
            [label, *(row.numbers.get(column.value, 0) for row in found.rows)]
            for label, column in zip(labels, found.columns, strict=True)
        ]
        return _file(form, f"vergleich-{facet}", ["", *(row.name for row in found.rows)], lines)
    return render_template(
        "comparison.html",
        found=found,
        labels=labels,
        chosen=chosen,
        sites=[(row.key, texts.short_name(row.name)) for row in known.values()],
        places=range(MOST_COMPARED),
        **_choice(facet, kind),
        parameter=PARAMETERS[facet],
        crumbs=_crumbs(gettext("Centres side by side")),
    )


@pages.get("/verlauf", defaults={"form": "html"})
@pages.get("/verlauf.<form>")
def course(form: str) -> ResponseReturnValue:
    kind, site = _kind(), asked_text("zentrum", 60)
    asked = asked_text("tage", 4)
    span = int(asked) if asked in {str(days) for days in SPANS} else min(SPANS)
    known = context.sites()
    today = context.now().date()
    with context.the_hub().db.read() as session:
        days = trend(
            session,
            today - timedelta(days=span),
            today,
            kind=kind,
            site=site if site in known else None,
        )
    if form != "html":
        header = [gettext("Day"), gettext("Offers"), gettext("Centres")]
        return _file(form, "verlauf", header, [[str(d.day), d.number, d.sites] for d in days])
    return render_template(
        "trend.html",
        days=_thinned(days),
        drawn=_drawing(days),
        highest=max((one.number for one in days), default=0),
        kind=kind.value if kind else "",
        kinds=[("", gettext("All offers")), *((k.value, texts.KINDS[k]) for k in Kind)],
        site=site if site in known else "",
        sites=[
            ("", gettext("All centres")),
            *((row.key, texts.short_name(row.name)) for row in known.values()),
        ],
        span=span,
        spans=[(str(days), label) for days, label in SPANS.items()],
        crumbs=_crumbs(gettext("Offers over time")),
    )


def _facet() -> str:
    asked = asked_text("nach", 40)
    return asked if asked in FACETS else "kind"


def _kind() -> Kind | None:
    asked = asked_text("art", 40)
    return Kind(asked) if asked in set(Kind) else None


def _asked_sites() -> list[str]:
    return [asked_text(f"zentrum{place}", 60) for place in range(1, MOST_COMPARED + 1)]


def _choice(facet: str, kind: Kind | None) -> dict[str, Any]:
    """What the forms of these pages offer and have chosen."""
    return {
        "facet": facet,
        "facets": [(one, vocabulary.label("facet", one, language())) for one in FACETS],
        "kind": kind.value if kind else "",
        "kinds": [("", gettext("All offers")), *((k.value, texts.KINDS[k]) for k in Kind)],
    }


def _crumbs(title: str) -> list[Crumb]:
    return [Crumb(gettext("Network and figures"), url_for("network.overview")), Crumb(title)]


def _rows(found: Matrix) -> list[list[Cell]]:
    return [
        [row.site, row.name, row.total, *(row.numbers.get(c.value, 0) for c in found.columns)]
        for row in found.rows
    ]


def _file(
    form: str, name: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> ResponseReturnValue:
    if form not in FORMATS:
        abort(404)
    return download(form, name, header, rows)


def _thinned(days: Sequence[Day]) -> list[Day]:
    step = -(-len(days) // MOST_POINTS) or 1
    return list(days[::-1][::step])


def _drawing(days: Sequence[Day]) -> str:
    """The points of the line in a field of 100 by 30, from zero to a little above the highest."""
    highest = max((one.number for one in days), default=0) or 1
    width = max(len(days) - 1, 1)
    return " ".join(
        f"{100 * place / width:.2f},{30 - 28 * one.number / highest:.2f}"
        for place, one in enumerate(days)
    )
