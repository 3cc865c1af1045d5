"""The yearly report of a centre and of the network: page, XLSX, CSV, PDF; draft and issued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from hub.catalogue import vocabulary
from hub.formats import pdf
from hub.identity.actor import Actor
from hub.identity.permissions import can, visible
from hub.models import Booking
from hub.network import flows, report, statistics, suppression
from hub.network.report import NETWORK, Difference, Issued, Report, Unknown
from hub.web import context, login, texts
from hub.web.language import LANGUAGES, language
from hub.web.offer import source_title
from hub.web.page import Crumb
from hub.web.statistics import (
    CAPTIONS,
    NAMES,
    asked_year,
    definitions,
    download_lines,
    label,
    site_names,
    tables,
    years,
)

pages = Blueprint("reports", __name__)

MOST_COLUMNS = 4
"""Figures beside each other on a sheet of A4."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A report as it would be issued now, with what was issued before."""

    scope: str
    zone: ZoneInfo
    years: list[int]
    report: Report
    issued: Sequence[Issued]


@pages.get("/<site>/verwaltung/bericht", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/bericht.<form>")
def of_site(site: str, form: str) -> ResponseReturnValue:
    """The report of a centre as it would be now, and those that were issued."""
    who = login.demand("statistics.read", site)
    return _answer(_draw(site, who), form, can(who, "report.issue", site))


@pages.get("/<site>/verwaltung/bericht/<int:year>/<int:number>", defaults={"form": "html"})
@pages.get("/<site>/verwaltung/bericht/<int:year>/<int:number>.<form>")
def issued_of_site(site: str, year: int, number: int, form: str) -> ResponseReturnValue:
    login.demand("statistics.read", site)
    return _issued(site, year, number, form)


@pages.post("/<site>/verwaltung/bericht")
def issue_of_site(site: str) -> ResponseReturnValue:
    who = login.demand("report.issue", site)
    return _issue(_draw(site, who, _posted_year()), who)


@pages.get("/netz/bericht", defaults={"form": "html"})
@pages.get("/netz/bericht.<form>")
def of_network(form: str) -> ResponseReturnValue:
    """The same of the centres that let their figures flow."""
    who = login.demand("network.read")
    return _answer(_draw(NETWORK, who), form, can(who, "network.report"))


@pages.get("/netz/bericht/<int:year>/<int:number>", defaults={"form": "html"})
@pages.get("/netz/bericht/<int:year>/<int:number>.<form>")
def issued_of_network(year: int, number: int, form: str) -> ResponseReturnValue:
    login.demand("network.read")
    return _issued(NETWORK, year, number, form)


@pages.post("/netz/bericht")
def issue_of_network() -> ResponseReturnValue:
    who = login.demand("network.report")
    return _issue(_draw(NETWORK, who, _posted_year()), who)


def _draw(scope: str, who: Actor, wanted: int | None = None) -> Drawn:
    """What the report of the year asked for says now; `wanted` is that of a form."""
    zone = context.zone_of(scope)
    now = context.now()
    with context.the_hub().db.read() as session:
        which = Booking.site_key == scope if scope else visible(who, Booking, "network.read")
        first = statistics.first_day(session, which, scope or None)
        known = sorted({*years(first, zone), *report.years(session, scope)}, reverse=True)
        year = asked_year(known) if wanted is None else wanted
        if year not in known:
            abort(404)
        on: Sequence[str] = []
        if scope:
            counted = statistics.count(session, year, zone, now, which, scope)
        else:
            on = flows.sites_on(session)
            counted = flows.counted(session, year, zone, now, which, on)
        shown = suppression.withheld(counted)
        present = now.astimezone(zone).year
        unknown = report.unknown(session, shown, first, now, present, scope or None)
        if not scope:
            unknown.append(("apart", {"on": len(on), "all": len(context.sites())}))
        return Drawn(
            scope,
            zone,
            known,
            Report(
                shown=shown,
                counted_at=now,
                name=context.sites()[scope].name if scope else "",
                names={key: name for key, name in site_names().items() if key in on},
                unknown=unknown,
                definitions=_in_every_language(),
            ),
            report.issued(session, scope, year),
        )


def _answer(drawn: Drawn, form: str, may_issue: bool) -> ResponseReturnValue:
    made = drawn.report
    name = f"jahresbericht-{drawn.scope or 'nrw'}-{made.shown.year}-entwurf"
    last = drawn.issued[0] if drawn.issued else None
    changes = report.differences(last.report.shown, made.shown) if last else []
    if form != "html":
        return _file(form, name, made, gettext("Draft"), drawn.zone, changes, last)
    return _page(
        drawn.scope,
        made,
        drawn.zone,
        title=_title(made),
        heading=gettext("Draft: what would be issued now"),
        years=[(str(year), str(year)) for year in drawn.years],
        issued=drawn.issued,
        since=last,
        changes=_in_words(changes, made),
        may_issue=may_issue and (last is None or bool(changes)),
        done=request.args.get("ausgestellt", "")[:9],
        address=_address(drawn.scope),
        crumbs=_crumbs(drawn.scope, gettext("Yearly report")),
    )


def _issued(scope: str, year: int, number: int, form: str) -> ResponseReturnValue:
    """A report as it was issued, with what it changed."""
    zone = context.zone_of(scope)
    if not (0 < year < 10_000 and number < 2**31):
        abort(404)
    with context.the_hub().db.read() as session:
        found = {one.number: one for one in report.issued(session, scope, year)}
    one = found.get(number) or abort(404)
    before = found.get(number - 1)
    changes = report.differences(before.report.shown, one.report.shown) if before else []
    told = gettext(
        "Issue %(number)s, issued on %(day)s",
        number=number,
        day=texts.day(one.at.astimezone(zone).date()),
    )
    name = f"jahresbericht-{scope or 'nrw'}-{year}-{number}"
    if form != "html":
        return _file(form, name, one.report, told, zone, changes, before)
    crumb = Crumb(gettext("Yearly report"), _url(scope, year))
    return _page(
        scope,
        one.report,
        zone,
        title=_title(one.report),
        heading=told,
        issued=[],
        since=before,
        changes=_in_words(changes, one.report),
        address={**_address(scope), "year": year, "number": number},
        number=number,
        crumbs=[*_crumbs(scope, "")[:-1], crumb, Crumb(told)],
    )


def _issue(drawn: Drawn, who: Actor) -> ResponseReturnValue:
    """Issues what is drawn up; once more without a change issues nothing."""
    number = report.issue(context.the_hub().db, drawn.scope, drawn.report, who.key)
    year = drawn.report.shown.year
    return redirect(_url(drawn.scope, year, ausgestellt=number or "nichts"), 303)


def _posted_year() -> int:
    text = request.form.get("jahr", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else abort(404)


def _page(
    scope: str, made: Report, zone: ZoneInfo, *, title: str, **more: Any
) -> ResponseReturnValue:
    return render_template(
        "report.html",
        title=title,
        scope=scope,
        part="of_site" if scope else "of_network",
        shown=made.shown,
        year=str(made.shown.year),
        counted=texts.moment(made.counted_at, zone),
        smallest=suppression.SMALLEST,
        names={measure: name() for measure, name in NAMES.items()},
        definitions=_definitions(made),
        tables=tables(made.shown, made.names),
        unknown=_unknown(made.unknown, zone),
        **more,
    )


def _file(
    form: str,
    name: str,
    made: Report,
    told: str,
    zone: ZoneInfo,
    changes: Sequence[Difference],
    before: Issued | None,
) -> ResponseReturnValue:
    lines = [told, _basis(made, zone), *_unknown(made.unknown, zone)]
    if form != "pdf":
        note = "\n".join([_title(made), *lines])
        return download_lines(form, name, made.shown, made.names, _definitions(made), note)
    response = Response(_as_pdf(made, lines, changes, before), content_type=pdf.TYPE)
    response.headers["Content-Disposition"] = f"inline; filename={name}.pdf"
    return response


def _as_pdf(
    made: Report, lines: Sequence[str], changes: Sequence[Difference], before: Issued | None
) -> bytes:
    """The same on paper: the year with its definitions, a table for each split."""
    shown = made.shown
    sheet = pdf.Sheet(_title(made), language(), made.counted_at)
    sheet.heading(_title(made))
    for line in lines:
        sheet.text(line)
    sheet.heading(gettext("The year %(year)s", year=shown.year), 14)
    said = _definitions(made)
    header = [gettext("Figure"), gettext("Number"), gettext("How it is counted")]
    sheet.table(
        header,
        [[NAMES[one](), _cell(number), said.get(one, "")] for one, number in shown.totals.items()],
        (50, 24, 96),
    )
    for table in tables(shown, made.names):
        sheet.heading(table.caption, 14)
        for start in range(0, len(table.measures), MOST_COLUMNS):
            some = table.measures[start : start + MOST_COLUMNS]
            rows = [[part, *(_cell(row[one]) for one in some)] for part, row in table.rows]
            widths = (50, *[120 // len(some)] * len(some))
            sheet.table(["", *(NAMES[one]() for one in some)], rows, widths)
    if before is not None:
        sheet.heading(gettext("What changed since issue %(number)s", number=before.number), 14)
        told = [f"{what}: {old} → {new}" for what, old, new in _in_words(changes, made)]
        sheet.items(told or [gettext("Nothing.")])
    return sheet.content()


def _title(made: Report) -> str:
    if made.name:
        return gettext("Yearly report %(year)s: %(name)s", year=made.shown.year, name=made.name)
    return gettext("Yearly report %(year)s of the network", year=made.shown.year)


def _basis(made: Report, zone: ZoneInfo) -> str:
    return gettext(
        "Counted, not estimated, on %(moment)s. Figures to which fewer than %(number)s persons or "
        "institutions contributed are withheld, and further ones where they could be calculated "
        "otherwise.",
        moment=texts.moment(made.counted_at, zone),
        number=suppression.SMALLEST,
    )


def _unknown(found: Sequence[Unknown], zone: ZoneInfo) -> list[str]:
    """What the report does not know, in sentences."""
    return [_sentence(code, particulars, zone) for code, particulars in found]


def _sentence(code: str, known: Mapping[str, Any], zone: ZoneInfo) -> str:
    match code:
        case "running":
            return gettext("The year is not over; what is still to come is missing.")
        case "before":
            return gettext("The hub knows of no booking or opening from this year or before it.")
        case "begins":
            day = texts.day(date.fromisoformat(known["day"]))
            return gettext(
                "The hub has counted since %(day)s; what was before is missing.", day=day
            )
        case "nothing":
            return gettext("Nothing was booked or opened through the hub in this year.")
        case "elsewhere":
            kinds = ", ".join(vocabulary.label("kind", kind, language()) for kind in known["kinds"])
            return gettext(
                "Offered, but not booked through the hub, so that nothing of it is counted: "
                "%(kinds)s.",
                kinds=kinds,
            )
        case "apart":
            return gettext(
                "These are the figures of %(on)s of %(all)s centres; the others do not let theirs "
                "flow.",
                on=texts.number(known["on"]),
                all=texts.number(known["all"]),
            )
    if not known.get("as_of"):
        return gettext("The source %(name)s was never read.", name=source_title(known["plugin"]))
    return gettext(
        "The source %(name)s is not up to date: data of %(moment)s.",
        name=source_title(known["plugin"]),
        moment=texts.moment(datetime.fromisoformat(known["as_of"]), zone),
    )


def _in_words(changes: Sequence[Difference], made: Report) -> list[tuple[str, str, str]]:
    """Each figure that changed: which, what it was, what it is."""
    found = []
    for one in changes:
        parts = [NAMES[one.measure]()]
        if one.split is not None:
            part = label(made.shown.year, one.split, one.code, made.names)
            parts += [CAPTIONS[one.split](), part]
        found.append((", ".join(parts), _cell(one.before), _cell(one.after)))
    return found


def _cell(number: int | None) -> str:
    return gettext("withheld") if number is None else texts.number(number)


def _definitions(made: Report) -> dict[Any, str]:
    """How the figures were counted when the report was made."""
    said = made.definitions.get(language()) or made.definitions.get(LANGUAGES[0], {})
    return {measure: said.get(str(measure), "") for measure in NAMES}


def _in_every_language() -> dict[str, dict[str, str]]:
    found = {}
    for one in LANGUAGES:
        with force_locale(one):
            found[one] = {str(measure): text for measure, text in definitions().items()}
    return found


def _address(scope: str) -> dict[str, Any]:
    return {"site": scope} if scope else {}


def _url(scope: str, year: int, **more: Any) -> str:
    endpoint = "reports.of_site" if scope else "reports.of_network"
    return url_for(endpoint, **_address(scope), jahr=year, **more)


def _crumbs(scope: str, title: str) -> list[Crumb]:
    if scope:
        up = Crumb(context.sites()[scope].name, url_for("centres.profile", site=scope))
        more = Crumb(gettext("Statistics"), url_for("statistics.of_site", site=scope))
    else:
        up = Crumb(gettext("Network and figures"), url_for("network.overview"))
        more = Crumb(gettext("Statistics"), url_for("statistics.of_network"))
    return [up, more, Crumb(title)]
