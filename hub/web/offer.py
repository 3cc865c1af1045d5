"""One offer: what it is, who offers it under which licence, where the data comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import (
    Blueprint,
    abort,
    json,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.wrappers import Response

from hub.booking import charges, house
from hub.booking.charges import Charge
from hub.catalogue import entitlement, export, linked, offers, vocabulary
from hub.catalogue.offers import OfferView
from hub.formats import schema_org
from hub.identity.permissions import can
from hub.installed import Unusable
from hub.records import Event, Kind, Origin, Record
from hub.web import bookable, context, demand, login, reading, texts, why
from hub.web.language import language
from hub.web.opening import action
from hub.web.page import Crumb

pages = Blueprint("offer", __name__)

JSON_LD = "application/ld+json"


@dataclass(frozen=True, slots=True)
class Holder:
    """A site that offers the work, and under which conditions."""

    site: str
    name: str
    badge: texts.BadgeText | None
    licences: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    as_of: str
    origin: Origin | None
    """The hub from which it came, and the site there."""
    url: str
    """Its own offer page; empty for the offer that is shown."""
    way: bookable.Way | None
    """How it is booked there, where the person may; None for the offer that is shown, which has its
    button."""


@pages.get("/angebot/<int:offer_id>")
def show(offer_id: int) -> Response:
    with context.the_hub().db.read() as session:
        detail = offers.offer(session, offer_id)
        found = linked.why(session, offer_id) if detail and detail.others else None
    if detail is None:
        abort(404)
    view = detail.offer
    if not view.withdrawn_at and view.kind is Kind.MEDIUM and _wants_json_ld():
        response = redirect(url_for("offer.as_amb", offer_id=offer_id), 303)
        response.vary.add("Accept")
        return response
    with context.the_hub().db.read() as session:
        said = house.rules(session, view.site, view.kind, "")
    charge = charges.charge(said, view.record.cost)
    live = [] if view.withdrawn_at else [view]
    badge = entitlement.badge(
        [entitlement.holding(item) for item in (*live, *detail.others)],
        context.today(),
        reader=reading.reader(),
    )
    names = {key: texts.short_name(row.name) for key, row in context.sites().items()}
    response = make_response(
        render_template(
            "withdrawn.html" if view.withdrawn_at else "offer.html",
            offer=view,
            record=view.record,
            badge=texts.badge_text(badge, names) if badge else None,
            facts=facts(view.record, charge),
            events=[_event(event, view.site) for event in view.record.events],
            holders=[_holder(item, names, view.id) for item in (*live, *_own_first(detail.others))],
            action=action(badge, view.record),
            way=bookable.way(view),
            markup=_markup(view),
            why=why.lines(found),
            may_split=bool(detail.others) and can(login.actor(), "work.review", view.site),
            may_compare=can(login.actor(), "run.read", view.site),
            need=None if view.withdrawn_at else demand.need(view, badge),
            crumbs=[
                Crumb(gettext("Search"), url_for("search.results")),
                Crumb(str(texts.KINDS[view.kind]), url_for("search.results", art=view.kind.value)),
                Crumb(view.record.title),
            ],
        )
    )
    if view.withdrawn_at:
        response.status_code = 410
    response.vary.add("Accept")
    return response


@pages.get("/angebot/<int:offer_id>/amb")
def as_amb(offer_id: int) -> Response:
    """The offer as AMB, the profile for educational resources; of other kinds there is none."""
    with context.the_hub().db.read() as session:
        view = offers.by_ids(session, [offer_id]).get(offer_id)
    if view is None or view.kind is not Kind.MEDIUM:
        abort(404)
    if view.withdrawn_at:
        abort(410)
    document = export.amb_document(view, context.the_hub().settings.base_url)
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    response = make_response(text, 200, {"Content-Type": JSON_LD})
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


def _wants_json_ld() -> bool:
    accepted = request.accept_mimetypes
    return accepted[JSON_LD] > accepted["text/html"]


def _markup(view: OfferView) -> dict[str, Any]:
    return schema_org.write(
        view.record,
        context.public_address("offer.show", offer_id=view.id),
        view.site_name,
        context.public_address("centres.profile", site=view.site),
    )


def facts(record: Record, charge: Charge) -> list[tuple[str, str]]:
    """The summary list: label and text of everything known, in the order of interest."""
    lang = language()
    listed = {
        gettext("Series"): record.series,
        gettext("Form"): (
            vocabulary.label("medium_type", record.medium_type, lang) if record.medium_type else ""
        ),
        gettext("Carrier"): (
            vocabulary.label("carrier", record.carrier, lang) if record.carrier else ""
        ),
        gettext("Length"): texts.duration(record.duration) if record.duration else "",
        gettext("Subjects"): ", ".join(texts.labels("subject", record.subjects)),
        gettext("Educational levels"): ", ".join(texts.labels("level", record.levels)),
        gettext("School years"): texts.grades(*record.grades) if record.grades else "",
        gettext("Media competences"): ", ".join(texts.labels("competence", record.competences)),
        gettext("For"): ", ".join(texts.labels("audience", record.audiences)),
        gettext("Number"): texts.quantity(record),
        gettext("Place"): record.place,
        **dict(texts.charge(charge)),
        gettext("Languages"): ", ".join(_language_name(code) for code in record.languages),
        gettext("Year"): str(record.year or ""),
        gettext("Age rating"): _age_rating(record.age_rating),
        gettext("Created by"): ", ".join(record.creators),
        gettext("Published by"): ", ".join(record.publishers),
        gettext("Licence"): record.licence,
        gettext("Keywords"): ", ".join(record.keywords),
        gettext("Identifiers"): ", ".join(
            identifier.value for identifier in record.identifiers if identifier.scheme != "url"
        ),
        gettext("Contact"): record.contact,
    }
    rows = [(label, text) for label, text in listed.items() if text]
    return rows + [(label, text) for label, text in record.details.items() if text]


def source_title(plugin: str) -> str:
    """The plugin's title in the visitor's language, or its name where it cannot be loaded."""
    try:
        title = context.the_hub().sites.installed.load(plugin).title
    except Unusable:
        return plugin
    return title.get(language()) or title.get("de") or plugin


def time_zone(site: str) -> str:
    row = context.sites().get(site)
    return row.time_zone if row else context.NETWORK_TIME.key


def _holder(view: OfferView, names: Mapping[str, str], shown: int) -> Holder:
    badge = entitlement.badge([entitlement.holding(view)], context.today(), view.site)
    record = view.record
    notes = (texts.quantity(record), record.place, record.cost)
    return Holder(
        site=view.site,
        name=view.site_name,
        badge=texts.badge_text(badge, names, view.site) if badge else None,
        licences=tuple(texts.grant_text(grant, names) for grant in (*record.grants, *view.entered)),
        notes=tuple(note for note in notes if note),
        source=source_title(view.plugin),
        as_of=_as_of(view.as_of, view.site),
        origin=record.origin,
        url="" if view.id == shown else url_for("offer.show", offer_id=view.id),
        way=bookable.way(view) if view.id != shown and _may_book(view.site) else None,
    )


def _own_first(others: Sequence[OfferView]) -> list[OfferView]:
    """What the person's own centres offer comes before the rest of the network."""
    own = login.actor().sites
    return sorted(others, key=lambda view: view.site not in own)


def _may_book(site: str) -> bool:
    """Whether the person books there, or may once logged in."""
    return not login.actor().logged_in or can(login.actor(), "booking.create", site)


def _as_of(moment: datetime | None, site: str) -> str:
    return texts.as_of(moment, context.now(), time_zone(site)) if moment else ""


def _event(event: Event, site: str) -> tuple[str, str, str]:
    """Begin, end and what is known of place and seats, in words."""
    zone = time_zone(site)
    seats = gettext("%(number)s seats", number=event.seats) if event.seats is not None else ""
    notes = ", ".join(note for note in (event.place, seats) if note)
    return texts.moment(event.start, zone), texts.moment(event.end, zone), notes


def _language_name(code: str) -> str:
    try:
        return Locale.parse(code, sep="-").get_display_name(language()) or code
    except (UnknownLocaleError, ValueError):
        return code


def _age_rating(rating: str) -> str:
    if rating.isdigit():
        return gettext("from %(age)s years (FSK)", age=rating)
    return rating
