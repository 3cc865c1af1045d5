"""Opening an offer: the page before the way out, the way out itself, and what to do where it is
closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog
from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from hub.catalogue import access, entitlement, offers, seats
from hub.catalogue.entitlement import Badge, Status
from hub.catalogue.offers import OfferDetail, OfferView
from hub.catalogue.seats import AllTaken, Place
from hub.errors import Denied, NotEnabled, PluginError, Rejected, Unavailable
from hub.records import Grant, Kind, Record, Scope
from hub.site import SiteRow
from hub.web import context, login, reading, texts
from hub.web.page import Crumb

pages = Blueprint("opening", __name__, url_prefix="/oeffnen")

log = structlog.get_logger(__name__)

PLACE = "platz"
"""The cookie by which a browser that opens a medium again takes no second place."""
OPENING = frozenset({Status.OPEN, Status.GRANTED})
ONLINE = OPENING | {Status.LOGIN, Status.ELSEWHERE, Status.UPCOMING, Status.EXPIRED}
"""What stands on a screen; everything else is fetched, visited or agreed upon."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a visitor does first with an offer."""

    label: str
    url: str
    opens: bool
    """Whether it leads to the thing itself, or to the page that says how to get it."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A centre that can help: what it has, and how to reach it."""

    site: str
    name: str
    badge: texts.BadgeText | None
    licences: tuple[str, ...]
    email: str
    phone: str


def action(badge: Badge | None, record: Record) -> Action | None:
    """The way to a work with this badge; None for what cannot be opened on a screen."""
    if badge is None or badge.offer_id is None or badge.status not in ONLINE:
        return None
    if record.kind is not Kind.MEDIUM and not record.url:
        return None
    url = url_for("opening.before", offer_id=badge.offer_id)
    if badge.status in OPENING:
        return Action(gettext("Open"), url, True)
    return Action(gettext("How to get it"), url, False)


@pages.get("/<int:offer_id>")
def before(offer_id: int) -> Response:
    """Says where the way leads before it leaves the hub, or why it is closed."""
    detail = _detail(offer_id)
    closed = _closed(detail) or _full(detail)
    if closed is not None:
        return closed
    view = detail.offer
    address = access.fixed_address(context.the_hub().sites.site(view.site), view)
    return _answer(
        "opening.html",
        detail,
        gettext("You are leaving this hub"),
        address=address,
        host=urlsplit(address).hostname or "",
    )


@pages.get("/<int:offer_id>/weiter")
def onward(offer_id: int) -> Response:
    """Asks where the offer is found now, counts, and sends the browser there."""
    detail = _detail(offer_id)
    closed = _closed(detail)
    if closed is not None:
        return closed
    view = detail.offer
    try:
        place = _take(view)
    except AllTaken as full:
        return _taken(detail, full.places, full.free_at)
    try:
        site = context.the_hub().sites.site(view.site)
        address = access.resolve(site, view, login.actor().record())
    except PluginError as error:
        if place is not None and place.mark != request.cookies.get(PLACE):
            with context.the_hub().db.write() as session:
                seats.leave(session, place.mark)
        # Only the kind: what a source says may hold the address that it was about to give.
        log.warning("opening.failed", offer=view.id, kind=type(error).__name__)
        return _failed(detail, error)
    if request.method == "GET":
        _count(view)
    response = redirect(address, 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    if place is not None:
        response.set_cookie(
            PLACE,
            place.mark,
            max_age=place.until - context.now(),
            path=url_for("opening.before", offer_id=view.id),
            secure=login.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    # The page that some browsers show for a moment repeats the address; nobody needs it.
    response.set_data("")
    return response


def _take(view: OfferView) -> Place | None:
    """A place, where the licence counts them; raises `AllTaken`."""
    if not any(one.concurrent is not None for one in view.entered):
        return None
    reader, mark = reading.reader(), request.cookies.get(PLACE, "")
    with context.the_hub().db.write() as session:
        return seats.take(session, view, reader, context.today(), context.now(), mark)


def _full(detail: OfferDetail) -> Response | None:
    """That all places are taken, unless this browser holds one."""
    view, reader = detail.offer, reading.reader()
    badge = entitlement.badge([entitlement.holding(view)], context.today(), reader=reader)
    if badge is None or badge.places is None:
        return None
    with context.the_hub().db.read() as session:
        if seats.holds(session, request.cookies.get(PLACE, ""), context.now()):
            return None
        free_at = seats.free_at(session, view, reader, context.today(), context.now())
    return _taken(detail, badge.places, free_at)


def _taken(detail: OfferDetail, places: int, free_at: datetime | None) -> Response:
    if free_at is None:
        advice = gettext("The licence allows no use at present. Ask the centre.")
        return _help(detail, texts.all_taken(places), advice, 409)
    advice = gettext(
        "The licence allows only so many uses at the same time. The next place is free at "
        "the latest from %(moment)s on.",
        moment=texts.moment(free_at),
    )
    response = _help(detail, texts.all_taken(places), advice, 409, again=True)
    response.headers["Retry-After"] = str(max(1, round((free_at - context.now()).total_seconds())))
    return response


def _detail(offer_id: int) -> OfferDetail:
    with context.the_hub().db.read() as session:
        detail = offers.offer(session, offer_id)
    if detail is None:
        abort(404)
    return detail


def _count(view: OfferView) -> None:
    try:
        with context.the_hub().db.write() as session:
            access.count_use(session, view.id, context.now().date())
    except sa.exc.OperationalError:  # a busy database keeps nobody from reading
        log.warning("opening.not_counted", offer=view.id)


def _closed(detail: OfferDetail) -> Response | None:
    """Why it does not open, where it does, whom to ask, and how to borrow it instead.

    None for what does open.
    """
    view = detail.offer
    reader = reading.reader()
    if access.opens(view, context.today(), reader):
        if not access.is_nowhere(context.the_hub().sites.site(view.site), view):
            return None
        title = gettext("Its address is not known")
        advice = gettext("It is open to everybody, but its source does not say where it stands.")
        return _help(detail, title, advice, 404)
    if view.withdrawn_at is not None:
        title = gettext("No longer offered")
        return _help(detail, title, gettext("Its centre has withdrawn this offer."), 410)
    badge = entitlement.badge([entitlement.holding(view)], context.today(), view.site, reader)
    assert badge is not None
    match badge.status:
        case Status.ELSEWHERE if reader is not None:
            title = gettext("Not licensed for you")
            advice = gettext(
                "You are logged in, but no licence reaches your centre, your school or your role. "
                "It is licensed for the users of the centres below."
            )
        case Status.LOGIN | Status.ELSEWHERE if view.record.grants:
            title = gettext("Licensed, but not open to everybody")
            advice = gettext(
                "This is licensed for the users of the centres below. Log in, so that we can see "
                "whether your centre is among them."
            )
        case Status.LOGIN | Status.ELSEWHERE:
            title = gettext("Login needed")
            advice = gettext(
                "This is only for people who are known to the centre that offers it. Log in there."
            )
        case Status.UPCOMING:
            title = gettext("Not licensed yet")
            day = texts.day(badge.day) if badge.day else ""
            advice = gettext("The licence of this centre begins on %(day)s.", day=day)
        case Status.EXPIRED:
            title = gettext("Licence expired")
            day = texts.day(badge.day - timedelta(days=1)) if badge.day else ""
            advice = gettext("The licence of this centre held until %(day)s.", day=day)
        case _:
            title = gettext("This cannot be opened on a screen")
            advice = gettext("It is lent, booked or agreed upon with the centre that offers it.")
    return _help(detail, title, advice, 403)


def _failed(detail: OfferDetail, error: PluginError) -> Response:
    """What the source said instead of an address; its own words are for the operators."""
    if isinstance(error, Denied | Rejected):
        title = gettext("The source does not open this")
        advice = gettext(
            "It says that there is no licence, or the centre's access to it has run out. "
            "The centre can find out which; ask it."
        )
        return _help(detail, title, advice, 403)
    if isinstance(error, Unavailable | NotEnabled):
        title = gettext("Cannot be opened at present")
        advice = gettext("The source does not answer. Try again in a few minutes.")
        response = _help(detail, title, advice, 503, again=True)
        if isinstance(error, Unavailable) and error.retry_after:
            response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        return response
    title = gettext("Something went wrong at the source")
    advice = gettext("The answer of the source cannot be used. The mistake has been noted.")
    return _help(detail, title, advice, 502)


def _help(
    detail: OfferDetail, title: str, advice: str, status: int, *, again: bool = False
) -> Response:
    view = detail.offer
    live = [item for item in (view, *detail.others) if item.withdrawn_at is None]
    by_status: dict[Status, list[OfferView]] = {}
    for item in live:
        badge = entitlement.badge([entitlement.holding(item)], context.today(), item.site)
        if badge is not None:
            by_status.setdefault(badge.status, []).append(item)
    rows = context.sites()
    reader = reading.reader()
    open_elsewhere = [
        item for item in live if item.id != view.id and access.opens(item, context.today(), reader)
    ]
    licensed = [
        item
        for one in (Status.LOGIN, Status.ELSEWHERE, Status.UPCOMING)
        for item in by_status.get(one, [])
    ]
    # A licence of the Land is the same everywhere: one line instead of each centre's.
    land = [item for item in licensed if any(_is_land(g) for g in item.record.grants)]
    names = {key: texts.short_name(row.name) for key, row in rows.items()}
    response = _answer(
        "closed.html",
        detail,
        title,
        advice=advice,
        login_url=(
            ""
            if login.actor().logged_in or status != 403
            else url_for("login.choose", weiter=url_for("opening.before", offer_id=view.id))
        ),
        again=url_for("opening.onward", offer_id=view.id) if again else "",
        open_url=(
            url_for("opening.before", offer_id=open_elsewhere[0].id) if open_elsewhere else ""
        ),
        open_at=open_elsewhere[0].site_name if open_elsewhere else "",
        open_to_all=bool(open_elsewhere) and access.opens(open_elsewhere[0], context.today()),
        land=dict.fromkeys(
            texts.grant_text(grant, names)
            for item in land
            for grant in item.record.grants
            if _is_land(grant)
        ),
        licensed=_helpers([item for item in licensed if item not in land], rows),
        lending=_helpers(by_status.get(Status.LOAN, []), rows),
        owner=_helpers([view], rows)[0],
    )
    response.status_code = status
    return response


def _is_land(grant: Grant) -> bool:
    return grant.scope is Scope.LAND


def _helpers(views: Sequence[OfferView], rows: Mapping[str, SiteRow]) -> list[Helper]:
    names = {key: texts.short_name(row.name) for key, row in rows.items()}
    found = []
    for view in views:
        badge = entitlement.badge([entitlement.holding(view)], context.today(), view.site)
        contact = rows[view.site].contact if view.site in rows else {}
        found.append(
            Helper(
                site=view.site,
                name=view.site_name,
                badge=texts.badge_text(badge, names, view.site) if badge else None,
                licences=tuple(
                    texts.grant_text(grant, names) for grant in (*view.record.grants, *view.entered)
                ),
                email=str(contact.get("email", "")),
                phone=str(contact.get("phone", "")),
            )
        )
    return found


def _answer(template: str, detail: OfferDetail, title: str, **values: object) -> Response:
    view = detail.offer
    response = make_response(
        render_template(
            template,
            title=title,
            offer=view,
            record=view.record,
            crumbs=[
                Crumb(gettext("Search"), url_for("search.results")),
                Crumb(view.record.title, url_for("offer.show", offer_id=view.id)),
                Crumb(title),
            ],
            **values,
        )
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
