"""“Meine Medienlisten”: what a person collects, list by list."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from hub.catalogue import lists, offers
from hub.catalogue.collected import collect
from hub.catalogue.lists import Full, Summary, Way
from hub.catalogue.offers import OfferView
from hub.formats.text import line, plain
from hub.models import MediaList
from hub.web import collected, context, login, reading
from hub.web.page import Crumb

pages = Blueprint("lists", __name__, url_prefix="/meine-listen")

NEW = "neu"
"""What is chosen instead of a list to begin one."""
Errors = Sequence[tuple[str, str]]


@pages.get("")
def listing() -> ResponseReturnValue:
    return _listing(_me())


@pages.post("")
def create() -> ResponseReturnValue:
    """A new list, which is shown next."""
    person = _me()
    title, description, errors = _typed()
    if errors:
        return _listing(person, errors)
    try:
        with context.the_hub().db.write() as session:
            number = lists.create(session, person, title, description).id
    except Full:
        return _listing(person, [("titel", too_many_lists())])
    return redirect(url_for("lists.show", number=number), 303)


@pages.get("/<int:number>")
def show(number: int) -> ResponseReturnValue:
    person = _me()
    with context.the_hub().db.read() as session:
        return page(session, found(session, person, number))


@pages.post("/<int:number>")
def describe(number: int) -> ResponseReturnValue:
    """Another title or description."""
    person = _me()
    title, description, errors = _typed()
    with context.the_hub().db.write() as session:
        row = found(session, person, number, to_change=True)
        if errors:
            return page(session, row, errors)
        lists.describe(row, title, description)
    return _to(number, "gespeichert")


@pages.post("/<int:number>/eintraege")
def arrange(number: int) -> ResponseReturnValue:
    """The form of all entries: keeps the notes, and does what the button says to its entry."""
    person = _me()
    act, _, which = request.form.get("tun", "").partition(":")
    with context.the_hub().db.write() as session:
        row = found(session, person, number, to_change=True)
        for one in lists.entries(session, row):
            typed = request.form.get(f"notiz-{one.id}")
            if typed is not None and (text := plain(typed)[: lists.LONGEST_NOTE]) != one.note:
                lists.note(row, one, text)
        if not act:
            return _to(number, "gespeichert")
        chosen = lists.entry(session, row, _number(which)) or abort(404)
        if act == "weg":
            lists.remove(row, chosen)
            return _to(number, "entfernt")
        if act == "zurueck":
            try:
                lists.bring_back(session, row, chosen)
            except Full:
                return page(session, row, [("eintraege", list_is_full())])
        elif act in set(Way):
            lists.move(session, row, chosen, Way(act))
        else:
            abort(400)
    return redirect(url_for("lists.show", number=number, _anchor=f"eintrag-{which}"), 303)


@pages.post("/<int:number>/loeschen")
def delete(number: int) -> ResponseReturnValue:
    """Deletes a list; pressed twice it is deleted once."""
    person = _me()
    with context.the_hub().db.write() as session:
        row = lists.find(session, person, number)
        if row is not None:
            lists.delete(row)
    return redirect(url_for("lists.listing", _anchor="geloescht"), 303)


@pages.post("/<int:number>/wiederherstellen")
def restore(number: int) -> ResponseReturnValue:
    person = _me()
    try:
        with context.the_hub().db.write() as session:
            if lists.restore(session, person, number) is None:
                abort(404)
    except Full:
        return _listing(person, [("titel", too_many_lists())])
    return redirect(url_for("lists.show", number=number), 303)


@pages.route("/dazu/<int:offer_id>", methods=["GET", "POST"])
def put(offer_id: int) -> ResponseReturnValue:
    """“Auf eine Liste”: asks on which, or puts the offer there."""
    person = _me()
    hub = context.the_hub()
    with hub.db.read() as session:
        view = offers.by_ids(session, [offer_id]).get(offer_id)
        if view is None or view.withdrawn_at is not None:
            abort(404)
        mine = lists.of_person(session, person, offer_id)
    if request.method == "GET":
        return _choose(view, mine)
    title = line(request.form.get("titel"))
    # Who types a title wants a new list, whatever the field above it says.
    chosen = NEW if title else request.form.get("liste", "")
    if chosen == NEW and not title:
        return _choose(view, mine, [("titel", gettext("Please give the new list a title."))])
    if chosen != NEW and chosen not in {str(one.id) for one in mine}:
        return _choose(view, mine, [("liste", gettext("Please choose a list."))])
    if len(title) > lists.LONGEST_TITLE:
        return _choose(view, mine, [("titel", _too_long(lists.LONGEST_TITLE))])
    try:
        with hub.db.write() as session:
            if chosen == NEW:
                row = lists.create(session, person, title)
            else:
                row = found(session, person, int(chosen), to_change=True)
            number = row.id
            done = lists.put(session, row, offer_id)
    except Full:
        if chosen == NEW:
            return _choose(view, mine, [("titel", too_many_lists())])
        return _choose(view, mine, [("liste", list_is_full())])
    return _to(number, "dazu" if done else "schon")


def found(session: Session, person: int, number: int, *, to_change: bool = False) -> MediaList:
    """The person's list; of anybody else's it is not even said that it exists."""
    if number >= 2**31:
        abort(404)
    return lists.find(session, person, number, to_change=to_change) or abort(404)


def page(
    session: Session, row: MediaList, errors: Errors = (), address: str = ""
) -> ResponseReturnValue:
    """The page of one's own list; `address` is that at which it is shared, shown only now."""
    entries = lists.entries(session, row)
    shown = collect(session, [(one.offer_id, one.note) for one in entries])
    removed = lists.removed_last(session, row)
    title, description = row.title, row.description
    if request.endpoint == "lists.describe":
        title, description, _ = _typed()
    body = render_template(
        "list_own.html",
        row=row,
        title=title,
        description=description,
        entries=list(zip(entries, collected.lines(shown, reading.reader()), strict=True)),
        removed=removed,
        address=address,
        most=lists.MOST_ENTRIES,
        longest=(lists.LONGEST_TITLE, lists.LONGEST_DESCRIPTION, lists.LONGEST_NOTE),
        errors=errors,
        error=dict(errors),
        told=request.args.get("fertig", ""),
        back=_search(),
        crumbs=[Crumb(gettext("My media lists"), url_for("lists.listing")), Crumb(row.title)],
    )
    return make_response(body, 422 if errors else 200)


def list_is_full() -> str:
    return ngettext(
        "A list holds %(num)d entry. Remove one first, or begin another list.",
        "A list holds %(num)d entries. Remove one first, or begin another list.",
        lists.MOST_ENTRIES,
    )


def too_many_lists() -> str:
    return ngettext(
        "You can keep %(num)d list. Delete one first.",
        "You can keep %(num)d lists. Delete one first.",
        lists.MOST_LISTS,
    )


def _me() -> int:
    person = login.demand("list.edit").person_id
    assert person is not None
    return person


def _typed() -> tuple[str, str, list[tuple[str, str]]]:
    """Title and description as they were typed, and what is wrong with them."""
    title, description = line(request.form.get("titel")), plain(request.form.get("beschreibung"))
    errors = []
    if not title:
        errors.append(("titel", gettext("Please give the list a title.")))
    if len(title) > lists.LONGEST_TITLE:
        errors.append(("titel", _too_long(lists.LONGEST_TITLE)))
    if len(description) > lists.LONGEST_DESCRIPTION:
        errors.append(("beschreibung", _too_long(lists.LONGEST_DESCRIPTION)))
    return title, description, errors


def _too_long(longest: int) -> str:
    return gettext("Please use at most %(number)s characters.", number=longest)


def _listing(person: int, errors: Errors = ()) -> ResponseReturnValue:
    with context.the_hub().db.read() as session:
        mine = lists.of_person(session, person)
        deleted = lists.deleted_last(session, person)
        body = render_template(
            "lists.html",
            mine=mine,
            deleted=deleted,
            days=lists.KEPT.days,
            typed=request.form,
            longest=(lists.LONGEST_TITLE, lists.LONGEST_DESCRIPTION),
            errors=errors,
            error=dict(errors),
            crumbs=[Crumb(gettext("My media lists"))],
        )
    return make_response(body, 422 if errors else 200)


def _choose(view: OfferView, mine: Sequence[Summary], errors: Errors = ()) -> ResponseReturnValue:
    body = render_template(
        "list_choose.html",
        offer=view,
        mine=mine,
        new=NEW,
        options=[(str(one.id), _with_number(one)) for one in mine]
        + [(NEW, gettext("On a new list with the title below"))],
        chosen=request.form.get("liste", str(mine[0].id) if mine else NEW),
        typed=request.form,
        back=_search(),
        longest=lists.LONGEST_TITLE,
        errors=errors,
        error=dict(errors),
        crumbs=[
            Crumb(view.record.title, url_for("offer.show", offer_id=view.id)),
            Crumb(gettext("Put on a list")),
        ],
    )
    return make_response(body, 422 if errors else 200)


def _with_number(one: Summary) -> str:
    number = ngettext("%(num)d entry", "%(num)d entries", one.entries)
    text = f"{one.title} ({number})"
    return gettext("%(list)s – it is on it already", list=text) if one.holds else text


def _to(number: int, told: str) -> ResponseReturnValue:
    return redirect(
        url_for("lists.show", number=number, fertig=told, zurueck=_search() or None), 303
    )


def _search() -> str:
    """The search from which somebody came to put a hit on a list, to go on there."""
    asked = request.values.get("zurueck", "")
    search = url_for("search.results", lang=None)
    return asked if asked.partition("?")[0] == search and login.safe_return(asked) == asked else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else abort(400)
