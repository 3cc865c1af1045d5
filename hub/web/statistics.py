"""What was used in a year, of a centre for its staff and of the network for who looks after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.booking import house
from hub.catalogue import vocabulary
from hub.identity.permissions import visible
from hub.models import Booking
from hub.network import flows, statistics, suppression
from hub.network.statistics import MEASURES, Measure, Split
from hub.network.suppression import Numbers, Shown
from hub.web import context, login, texts
from hub.web.language import language
from hub.web.page import Crumb, asked_text
from hub.web.sheets import FORMATS, Cell, download

pages = Blueprint("statistics", __name__)


def _loans() -> str:
    return gettext(
        "One booking that was handed out, however many pieces it has; in the month in which it was "
        "handed out. An extension is not a loan."
    )


def _extensions() -> str:
    return gettext("Each time a loan was extended; in the month in which that was done.")


def _requests() -> str:
    return gettext("One request, whatever became of it; in the month in which it was made.")


NAMES: Mapping[Measure, Callable[[], str]] = {
    Measure.LOANS_MEDIA: lambda: gettext("Loans of media"),
    Measure.LOANS_DEVICES: lambda: gettext("Loans of devices"),
    Measure.EXTENSIONS_MEDIA: lambda: gettext("Extensions of media"),
    Measure.EXTENSIONS_DEVICES: lambda: gettext("Extensions of devices"),
    Measure.ROOMS: lambda: gettext("Bookings of rooms"),
    Measure.SEATS: lambda: gettext("Seats in trainings"),
    Measure.CONSULTING: lambda: gettext("Requests for consulting"),
    Measure.PROJECTS: lambda: gettext("Requests for projects"),
    Measure.PARENTS_EVENINGS: lambda: gettext("Requests for parents’ evenings"),
    Measure.SCOUTS: lambda: gettext("Requests for media scouts"),
    Measure.OPENINGS: lambda: gettext("Openings of media"),
}
DEFINITIONS: Mapping[Measure, Callable[[], str]] = {
    Measure.LOANS_MEDIA: _loans,
    Measure.LOANS_DEVICES: _loans,
    Measure.EXTENSIONS_MEDIA: _extensions,
    Measure.EXTENSIONS_DEVICES: _extensions,
    Measure.ROOMS: lambda: gettext(
        "One booking that was confirmed and is over; in the month in which it began. Cancelled "
        "ones, those to which nobody came and times that the centre blocked do not count."
    ),
    Measure.SEATS: lambda: gettext(
        "Confirmed seats of trainings that are over; in the month in which the training began. "
        "Cancelled seats and persons who did not come do not count."
    ),
    Measure.CONSULTING: _requests,
    Measure.PROJECTS: _requests,
    Measure.PARENTS_EVENINGS: _requests,
    Measure.SCOUTS: _requests,
    Measure.OPENINGS: lambda: gettext(
        "Each time a medium was opened through the hub, on its day (UTC). By whom is not written "
        "down. An opening is not a loan."
    ),
}
"""How each figure is counted, in words: stands beside it wherever it is shown."""
CAPTIONS: Mapping[Split, Callable[[], str]] = {
    Split.MONTH: lambda: gettext("By month"),
    Split.BORROWER: lambda: gettext("By borrower"),
    Split.SCHOOL_FORM: lambda: gettext("Schools by school form"),
    Split.FULFILMENT: lambda: gettext("Picked up or brought"),
    Split.SITE: lambda: gettext("By centre"),
}
FULFILMENT: Mapping[str, Callable[[], str]] = {
    "pickup": lambda: gettext("Picked up"),
    "courier": lambda: gettext("Courier (Medientransport)"),
    "letter_box": lambda: gettext("Letter box"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A split as it is shown: a column for each measure of which there is something."""

    id: str
    caption: str
    measures: tuple[Measure, ...]
    rows: tuple[tuple[str, Numbers], ...]


@pages.get("/<site>/verwaltung/statistik", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/statistik.<form>")
def of_site(site: str, form: str) -> ResponseReturnValue:
    """All figures of a centre, for its staff."""
    login.demand("statistics.read", site)
    zone, which = context.zone_of(site), Booking.site_key == site
    with context.the_hub().db.read() as session:
        known = years(statistics.first_day(session, which, site), zone)
        counted = statistics.count(session, asked_year(known), zone, context.now(), which, site)
    shown = suppression.everything(counted)
    if form != "html":
        return download_lines(form, f"statistik-{site}-{shown.year}", shown)
    row = context.sites()[site]
    return _page(
        shown,
        known,
        zone,
        title=gettext("Statistics: %(name)s", name=row.name),
        endpoint="statistics.of_site",
        address={"site": site},
        smallest=None,
        report=url_for("reports.of_site", site=site, jahr=shown.year),
        flow=url_for("flows.show", site=site),
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Statistics")),
        ],
    )


@pages.get("/netz/statistik", defaults={"form": "html"})
@pages.get("/netz/statistik.<form>")
def of_network(form: str) -> ResponseReturnValue:
    """The figures of the centres that let them flow, together and side by side, as far as nobody
    can be recognised."""
    which = visible(login.demand("network.read"), Booking, "network.read")
    zone = context.NETWORK_TIME
    with context.the_hub().db.read() as session:
        known = years(statistics.first_day(session, which, None), zone)
        on = flows.sites_on(session)
        counted = flows.counted(session, asked_year(known), zone, context.now(), which, on)
    shown = suppression.withheld(counted)
    if form != "html":
        return download_lines(form, f"statistik-nrw-{shown.year}", shown)
    return _page(
        shown,
        known,
        zone,
        title=gettext("Statistics of the network"),
        endpoint="statistics.of_network",
        address={},
        smallest=suppression.SMALLEST,
        flowing=(len(on), len(context.sites())),
        report=url_for("reports.of_network", jahr=shown.year),
        crumbs=[
            Crumb(gettext("Network and figures"), url_for("network.overview")),
            Crumb(gettext("Statistics")),
        ],
    )


def years(first: date | None, zone: ZoneInfo) -> list[int]:
    """The years of which something can be known, the present one first."""
    present = context.now().astimezone(zone).year
    return list(range(present, min(first.year if first else present, present) - 1, -1))


def asked_year(known: list[int]) -> int:
    asked = asked_text("jahr", 4)
    return int(asked) if asked in {str(year) for year in known} else known[0]


def _page(shown: Shown, known: list[int], zone: ZoneInfo, **more: Any) -> ResponseReturnValue:
    return render_template(
        "statistics.html",
        shown=shown,
        year=str(shown.year),
        years=[(str(year), str(year)) for year in known],
        now=texts.moment(context.now(), zone),
        names={measure: name() for measure, name in NAMES.items()},
        definitions=definitions(),
        tables=tables(shown, site_names()),
        **more,
    )


def definitions() -> dict[Measure, str]:
    """How each figure is counted, in the language of this request."""
    return {measure: text() for measure, text in DEFINITIONS.items()}


def site_names() -> dict[str, str]:
    """What the centres are called now, by key."""
    return {key: texts.short_name(row.name) for key, row in context.sites().items()}


def tables(shown: Shown, names: Mapping[str, str]) -> list[Table]:
    """The splits in which there is something; centres go by these names."""
    found = []
    for split, lines in shown.splits.items():
        measures = tuple(one for one in MEASURES[split] if shown.totals[one] != 0)
        rows = tuple((label(shown.year, split, code, names), row) for code, row in lines.items())
        if measures and rows:
            found.append(Table(split, CAPTIONS[split](), measures, rows))
    return found


def label(year: int, split: Split, code: str, names: Mapping[str, str]) -> str:
    """What people call a part of a split."""
    match split:
        case Split.MONTH:
            return texts.month(date(year, int(code), 1))
        case Split.SITE:
            return names.get(code, code)
        case Split.FULFILMENT:
            return FULFILMENT[code]() if code in FULFILMENT else code
        case _ if not code:
            return gettext("not stated")
        case Split.BORROWER if code == house.PRIVATE:
            return gettext("Private persons")
    facet = "school_form" if split is Split.SCHOOL_FORM else "institution_kind"
    return vocabulary.label(facet, code, language())


def download_lines(
    form: str,
    name: str,
    shown: Shown,
    names: Mapping[str, str] | None = None,
    said: Mapping[Measure, str] | None = None,
    note: str = "",
) -> ResponseReturnValue:
    """A line for each figure with its definition: nothing stands there to be added up blindly.

    `names` are those of the centres and `said` the definitions, those of now unless given.
    """
    if form not in FORMATS:
        abort(404)
    names, said = names or site_names(), said or definitions()
    header = [
        gettext("Year"),
        gettext("Broken down"),
        gettext("Which part"),
        gettext("Figure"),
        gettext("Number"),
        gettext("How it is counted"),
    ]
    year = gettext("Whole year")
    lines = [(year, year, shown.totals)]
    for split, rows in shown.splits.items():
        lines += [
            (CAPTIONS[split](), label(shown.year, split, code, names), row)
            for code, row in rows.items()
        ]
    rows_of_file: list[list[Cell]] = [
        [
            shown.year,
            caption,
            part,
            NAMES[measure](),
            gettext("withheld") if number is None else number,
            said.get(measure, ""),
        ]
        for caption, part, row in lines
        for measure, number in row.items()
    ]
    return download(form, name, header, rows_of_file, note=note)
