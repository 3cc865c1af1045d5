"""What a person sees of themselves: roles, password, and where they are logged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.identity import accounts, desk_codes, linking, password_reset, sessions
from hub.identity.accounts import PasswordRefused
from hub.identity.actor import Actor, Held, Role
from hub.models import Account, Identity, LoginSession, Person
from hub.web import context, login, passwords, pending, texts, ways
from hub.web.page import Crumb

pages = Blueprint("account", __name__, url_prefix="/konto")

STAFF = frozenset({Role.STAFF, Role.SITE_ADMIN})
LONGEST_LOGIN = 100


@pages.get("")
def overview() -> str:
    actor = login.actor()
    if actor.logged_in and actor.person_id is None:
        return render_template("account_pupil.html", crumbs=[Crumb(gettext("My account"))])
    return _page(login.demand("account.read"), {})


@pages.post("/kontext")
def switch_context() -> ResponseReturnValue:
    """Act in the name of another of one's roles from now on."""
    actor = login.demand("account.edit")
    number = request.form.get("membership", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        abort(400)
    with context.the_hub().db.write() as session:
        if not sessions.choose(session, actor, int(number)):
            abort(404)
    return redirect(url_for("account.overview"), 303)


@pages.post("/passwort")
def change_password() -> ResponseReturnValue:
    """Needs the present password, and ends all other sessions."""
    actor = login.demand("account.edit")
    hub = context.the_hub()
    number = request.form.get("account", "")
    with hub.db.read() as session:
        mine = {str(row.id): row for row in _accounts(session, actor)}
        for row in mine.values():
            session.expunge(row)
    if number not in mine:
        abort(404)
    row = mine[number]
    present, new = request.form.get("present", ""), request.form.get("new", "")
    if accounts.check(hub.db, row.site_key, row.login, present) is None:
        return _page(actor, {"present": gettext("This is not your present password.")}), 403
    try:
        with hub.db.write() as session:
            person = session.get_one(Person, actor.person_id)
            accounts.put(session, row.site_key, person, row.login, new)
            sessions.end(session, person.id)
            password_reset.tell(session, row.site_key, person, row)
    except PasswordRefused as refused:
        return _page(actor, {"new": passwords.refusal(refused)}), 400
    assert actor.person_id is not None
    token = login.begin(actor.person_id)
    return login.keep(make_response(redirect(url_for("account.overview"), 303)), token)


@pages.post("/zugang")
def add_password() -> ResponseReturnValue:
    """A first login name and password for who was invited: the link let them in only once."""
    actor = login.demand("account.edit")
    assert actor.person_id is not None
    hub = context.the_hub()
    site = request.form.get("site", "")
    name = request.form.get(f"login-{site}", "").strip()
    with hub.db.read() as session:
        # Who has no login yet cannot prove again who they are, and would be locked out.
        if not actor.proven_lately and linking.of_person(session, actor.person_id):
            return redirect(url_for("login.choose", weiter=url_for("account.overview")), 303)
        if site not in _without_password(actor, _accounts(session, actor)):
            abort(404)
    if not name or len(name) > LONGEST_LOGIN or not name.isprintable():
        wrong = gettext("Please choose a login name of at most 100 characters.")
        return _page(actor, {f"login-{site}": wrong}), 400
    try:
        with hub.db.write() as session:
            person = session.get_one(Person, actor.person_id)
            accounts.put(session, site, person, name, request.form.get(f"new-{site}", ""))
    except PasswordRefused as refused:
        return _page(actor, {f"new-{site}": passwords.refusal(refused)}), 400
    except LookupError:
        taken = gettext("This login name is taken. Please choose another one.")
        return _page(actor, {f"login-{site}": taken}), 409
    return redirect(url_for("account.overview"), 303)


@pages.post("/sitzungen/<int:number>/beenden")
def end_session(number: int) -> ResponseReturnValue:
    actor = login.demand("session.end")
    assert actor.person_id is not None
    with context.the_hub().db.write() as session:
        if not sessions.end(session, actor.person_id, number):
            abort(404)
    response = make_response(redirect(url_for("account.overview"), 303))
    return login.forget(response) if number == actor.session_id else response


@pages.post("/anmeldungen")
def add_login() -> ResponseReturnValue:
    """The next login in this browser becomes one more of this person."""
    actor = login.demand("account.edit")
    if not actor.proven_lately:
        return redirect(url_for("login.choose", weiter=url_for("account.overview")), 303)
    assert actor.session_id is not None
    return pending.keep_link(
        make_response(redirect(url_for("login.choose"), 303)), actor.session_id
    )


@pages.post("/anmeldungen/code")
def join() -> ResponseReturnValue:
    """A code of the desk: what is logged in here becomes part of the account it is for."""
    actor = login.demand("account.edit")
    if not actor.proven_lately:
        return redirect(url_for("login.choose", weiter=url_for("account.overview")), 303)
    assert actor.person_id is not None
    hub = context.the_hub()
    with hub.db.read() as session:
        begun = session.get_one(LoginSession, actor.session_id)
        via = sessions.Via(begun.issuer, begun.subject)
    try:
        person_id = desk_codes.redeem(hub, actor.person_id, request.form.get("code", ""))
    except desk_codes.CodeRefused as refused:
        return _page(actor, {"code": _not_joined(refused.reason)}), 409
    return login.arrive("", person_id, via)


def _not_joined(reason: str) -> str:
    if reason == "same":
        return gettext("This code is for the account that you are logged in to.")
    if reason == "staff":
        return gettext(
            "Who works for a centre adds logins here, while logged in: “Add another login”."
        )
    if reason == "held":
        return gettext(
            "Under this login a centre still holds something of its own, so it cannot be added. "
            "Ask that centre to clear it first."
        )
    return gettext(
        "This code is wrong, was used already, or is too old. The desk gives you another."
    )


@pages.post("/anmeldungen/entfernen")
def remove_login() -> ResponseReturnValue:
    actor = login.demand("account.edit")
    assert actor.person_id is not None
    issuer, subject = request.form.get("issuer", ""), request.form.get("subject", "")
    try:
        with context.the_hub().db.write() as session:
            if not linking.unlink(session, actor.person_id, issuer, subject):
                abort(404)
    except linking.LinkRefused:
        last = gettext("This is your only login; without it you could not come in any more.")
        return _page(actor, {"anmeldungen": last}), 409
    return redirect(url_for("account.overview"), 303)


def _login_text(identity: Identity, names: Mapping[str, str]) -> str:
    """A login in words: the centre of a local account, else the host that vouches."""
    kind, _, site = identity.issuer.partition(":")
    if kind == "accounts":
        return gettext("Local account at %(centre)s", centre=names.get(site, site))
    return urlsplit(identity.issuer).hostname or identity.issuer


def role_text(held: Held) -> str:
    """`Lehrkraft, Schule 100012: Medienzentrum Kreis Borken`."""
    names = {key: row.name for key, row in context.sites().items()}
    role = str(texts.ROLE[held.role])
    if held.school:
        role += gettext(", school %(number)s", number=held.school)
    return f"{role}: {names.get(held.site, held.site)}" if held.site else role


def _accounts(session: Session, actor: Actor) -> list[Account]:
    query = select(Account).where(Account.person_id == actor.person_id).order_by(Account.id)
    return list(session.scalars(query))


def _without_password(actor: Actor, mine: Sequence[Account]) -> list[str]:
    """Centres of whose staff the actor is, that keep passwords, but none of theirs."""
    roles = (*actor.roles, *actor.withheld)
    staff = {held.site for held in roles if held.site and held.role in STAFF}
    return [
        key
        for key in sorted(staff - {row.site_key for row in mine})
        if any(
            one.self_service for found in ways.methods(ways.site_of(key)).values() for one in found
        )
    ]


def _page(actor: Actor, problem: dict[str, str]) -> str:
    assert actor.person_id is not None
    names = {key: row.name for key, row in context.sites().items()}
    with context.the_hub().db.read() as session:
        person = session.get_one(Person, actor.person_id)
        mine = _accounts(session, actor)
        return render_template(
            "account.html",
            person=person,
            roles=[(held, role_text(held)) for held in actor.roles],
            withheld=[role_text(held) for held in actor.withheld],
            centre_names={key: texts.short_name(name) for key, name in names.items()},
            accounts=[(row, names.get(row.site_key, "")) for row in mine],
            sessions=[
                (row, row.id == actor.session_id)
                for row in sessions.of_person(session, actor.person_id)
            ],
            logins=[
                (one, _login_text(one, names))
                for one in linking.of_person(session, actor.person_id)
            ],
            without_password=_without_password(actor, mine),
            problem=problem,
            problems=list(problem.items()),
            crumbs=[Crumb(gettext("My account"))],
        )
