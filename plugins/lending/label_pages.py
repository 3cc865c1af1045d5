"""Labels for pieces, to print on sheets of A4: code in words and as QR, title, centre."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from flask import abort, g, render_template, request
from flask_babel import gettext
from markupsafe import Markup

from hub.booking import inventory, items
from plugins.lending.pages import crumbs, pages, staff

MOST = 480
ON_A_SHEET = 24
"""Three beside each other, eight below each other, 70 by 37 mm."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is printed for a piece; the QR code holds nothing but its inventory code."""

    code: str
    title: str
    qr: Markup


@pages.get("/etiketten")
@staff
def labels() -> str:
    """Labels of the pieces of a model (`modell`), or of one piece (`stueck`)."""
    model = request.args.get("modell", 0, type=int) or 0
    piece = request.args.get("stueck", 0, type=int) or 0
    used = min(max(request.args.get("frei", 0, type=int) or 0, 0), ON_A_SHEET - 1)
    with g.plugin.db.read() as session:
        if piece:
            found = [inventory.piece(session, g.site.key, g.plugin.name, max(piece, 0))]
            model = found[0].bookable_id if found[0] else 0
        row = inventory.find(session, g.site.key, g.plugin.name, max(model, 0))
        if row is None:
            abort(404)
        if not piece:
            found = items.of(session, row.id)[:MOST]
        made = [Label(item.label, row.title, _qr(item.label)) for item in found]
        return render_template(
            "lending/labels.html",
            centre=g.site.row,
            row=row,
            labels=made,
            used=used,
            most=ON_A_SHEET - 1,
            piece=piece,
            crumbs=crumbs(row, gettext("Labels")),
        )


def _qr(code: str) -> Markup:
    drawn = segno.make(code, error="m", micro=False)
    return Markup(  # nosec B704: segno draws it, the text is in the modules only
        drawn.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None)
    )
