"""Offers that may be the same work: pairs side by side, decisions, and why offers are one work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.engine import Connection

from hub.booking.charges import Charge
from hub.catalogue import linked, links, offers
from hub.catalogue.linked import LinkView
from hub.catalogue.offers import OfferView
from hub.identity.actor import Actor
from hub.identity.permissions import can, reached
from hub.web import context, login, offer, why
from hub.web.page import Crumb

pages = Blueprint("works", __name__)

PER_PAGE = 10
DESCRIBED = 300
"""Letters of a description in the comparison."""
ACTION = "work.review"
STATES = {
    "review": lazy_gettext("Waiting for a decision"),
    "automatic": lazy_gettext("Joined by the hub"),
    "joined": lazy_gettext("Joined by a person"),
    "apart": lazy_gettext("Kept apart"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the comparison, with what differs said in words."""

    label: str
    left: str
    right: str
    verdict: str
    same: bool


@pages.get("/netz/werke")
def listing() -> str:
    who = login.demand(ACTION)
    state = request.args.get("stand", "review")
    if state not in STATES:
        abort(404)
    after = request.args.get("nach", 0, type=int)
    may = reached(who, ACTION)
    with context.the_hub().db.read() as session:
        found = linked.listing(
            session,
            state=state,
            sites=None if may.everywhere else may.sites,
            after=max(after, 0),
            limit=PER_PAGE,
        )
    return render_template(
        "works.html",
        pairs=[(one, lines(one), why.reasons(one.reason)) for one in found.items],
        state=state,
        states=STATES,
        after=after,
        next=found.next,
        done=request.args.get("fertig", 0, type=int),
        crumbs=[
            Crumb(gettext("Network and figures"), url_for("network.overview")),
            Crumb(gettext("The same works")),
        ],
    )


@pages.post("/netz/werke/<int:number>/zusammenfuehren")
def join(number: int) -> ResponseReturnValue:
    return _decide(number, lambda c, pair, me: links.join(c, pair.left.id, pair.right.id, me))


@pages.post("/netz/werke/<int:number>/getrennt-lassen")
def keep_apart(number: int) -> ResponseReturnValue:
    return _decide(number, lambda c, pair, me: links.keep_apart(c, pair.left.id, pair.right.id, me))


@pages.post("/netz/werke/<int:number>/zuruecknehmen")
def undo(number: int) -> ResponseReturnValue:
    return _decide(number, lambda c, pair, me: links.undo(c, pair.id, me), undone=True)


@pages.post("/angebot/<int:number>/abtrennen")
def split(number: int) -> ResponseReturnValue:
    """Take an offer out of the work that it was put into by mistake."""
    who = login.demand(ACTION)
    with context.the_hub().db.read() as session:
        view = offers.by_ids(session, [number]).get(number)
    if view is None or not can(who, ACTION, view.site):
        abort(404)
    try:
        with context.the_hub().db.write() as session:
            link = links.split(session.connection(), [number], who.key)
    except links.LinkError:
        # Somebody was quicker, or pressed twice: it is apart already.
        return redirect(url_for("offer.show", offer_id=number), 303)
    return redirect(url_for("works.listing", stand="apart", nach=link - 1, fertig=link), 303)


def lines(pair: LinkView) -> list[Line]:
    """Both records field by field, in the order of an offer page."""
    left, right = (_fields(view) for view in (pair.left, pair.right))
    found = []
    for label in dict.fromkeys([*left, *right]):
        one, other = left.get(label, ""), right.get(label, "")
        same = one.casefold() == other.casefold()
        if same:
            verdict = gettext("the same")
        elif not other:
            verdict = gettext("only on the left")
        elif not one:
            verdict = gettext("only on the right")
        else:
            verdict = gettext("different")
        found.append(Line(label, one, other, verdict, same))
    return found


def _decide(
    number: int, act: Callable[[Connection, LinkView, str], object], *, undone: bool = False
) -> ResponseReturnValue:
    who = login.demand(ACTION)
    with context.the_hub().db.read() as session:
        pair = linked.one(session, number)
    if pair is None or not _mine(who, pair):
        abort(404)
    try:
        with context.the_hub().db.write() as session:
            act(session.connection(), pair, who.key)
    except links.LinkError:
        # The other decision stands; the list shows what is left to do.
        return redirect(url_for("works.listing"), 303)
    if undone:
        return redirect(url_for("works.listing", nach=number - 1), 303)
    after = max(request.form.get("nach", 0, type=int), 0)
    return redirect(url_for("works.listing", nach=after or None, fertig=number), 303)


def _mine(who: Actor, pair: LinkView) -> bool:
    """One offer of the pair must be of a site of theirs."""
    return can(who, ACTION, pair.left.site) or can(who, ACTION, pair.right.site)


def _fields(view: OfferView) -> dict[str, str]:
    record = view.record
    fields = {gettext("Title"): record.title, gettext("Subtitle"): record.subtitle}
    fields |= dict(offer.facts(record, Charge(record.cost, "")))
    fields[gettext("Description")] = record.description[:DESCRIBED]
    return {label: text for label, text in fields.items() if text}
