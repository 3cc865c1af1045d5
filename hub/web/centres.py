"""The centres of the network: the list with its filter, and each centre's profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext

from hub.catalogue import figures, live
from hub.network import coverage
from hub.records import Kind
from hub.site import SiteRow
from hub.web import about, context, presenting, processing, recommendations, texts
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_text

pages = Blueprint("centres", __name__, url_prefix="/zentren")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a centre's data comes from, and of when it is."""

    title: str
    as_of: str


@pages.get("")
def listing() -> str:
    wanted = asked_text("q", 100)
    region = asked_text("region", 100)
    kind = asked_text("art", 40)
    ags = asked_text("kreis", 8)
    with context.the_hub().db.read() as session:
        counts = figures.counts(session)
    rows = list(context.sites().values())
    found = [
        row
        for row in rows
        if _names(row, wanted)
        and (not region or region == row.region)
        and (not kind or _offers(counts.get(row.key, {}), kind))
        and (not ags or _serves(row, ags))
    ]
    return render_template(
        "centres.html",
        found=found,
        counts=counts,
        totals={key: sum(by_kind.values()) for key, by_kind in counts.items()},
        wanted=wanted,
        region=region,
        kind=kind,
        ags=ags,
        regions=sorted({row.region for row in rows if row.region}),
        kinds=list(Kind),
        filtered=bool(wanted or region or kind or ags),
        crumbs=[Crumb(gettext("Media centres"))],
    )


@pages.get("/<site>")
def profile(site: str) -> str:
    row = _site(site)
    now = context.now()
    with context.the_hub().db.read() as session:
        told = presenting.present(session, row)
        sources = coverage.sources(session, site, now)
    return render_template(
        "centre.html",
        told=told,
        centre=row,
        total=sum(told.counts.values()),
        live=live.sources(context.the_hub().sites, [site]),
        kinds=list(Kind),
        recommended=recommendations.teasers(site, recommendations.FEW),
        sources=[
            Source(
                source_title(source.plugin),
                texts.as_of(source.as_of, now, row.time_zone) if source.as_of else "",
            )
            for source in sources
        ],
        crumbs=[
            Crumb(gettext("Media centres"), url_for("centres.listing")),
            Crumb(row.name),
        ],
    )


@pages.get("/<site>/impressum")
def imprint(site: str) -> str:
    """Each centre answers for its own offers."""
    return _legal("centre_imprint.html", _site(site), gettext("Legal notice"))


@pages.get("/<site>/barrierefreiheit")
def accessibility(site: str) -> str:
    return _legal("accessibility.html", _site(site), gettext("Accessibility statement"))


@pages.get("/<site>/datenschutz")
def privacy(site: str) -> str:
    """The notice of a centre (DSGVO Art. 13), made from what is switched on there (Art. 30)."""
    row = _site(site)
    done = [(one.part, one.data, ", ".join(one.hosts)) for one in processing.activities(site)]
    return _legal("centre_privacy.html", row, gettext("Privacy"), processing=done)


def _site(key: str) -> SiteRow:
    row = context.sites().get(key)
    if row is None:
        abort(404)
    return row


def _legal(template: str, row: SiteRow, title: str, **values: object) -> str:
    with context.the_hub().db.read() as session:
        contact = presenting.contact(session, row)
    return render_template(
        template,
        title=title,
        centre=row,
        prepared=about.PREPARED,
        email=context.the_hub().settings.admin_email,
        **contact,
        crumbs=[
            Crumb(gettext("Media centres"), url_for("centres.listing")),
            Crumb(row.name, url_for("centres.profile", site=row.key)),
            Crumb(title),
        ],
        **values,
    )


def _names(row: SiteRow, wanted: str) -> bool:
    """Whether all words occur in the centre's name, places, district or code."""
    places: Iterable[object] = (
        row.name,
        row.region,
        row.association,
        row.standort,
        row.contact.get("town", ""),
        *(value for branch in row.branches for value in branch.values()),
    )
    text = " ".join(str(place) for place in places).casefold()
    return all(word in text for word in wanted.casefold().split())


def _offers(counts: Mapping[Kind, int], kind: str) -> bool:
    return kind in set(Kind) and counts.get(Kind(kind), 0) > 0


def _serves(row: SiteRow, ags: str) -> bool:
    return any(own.startswith(ags) for own in row.ags)
