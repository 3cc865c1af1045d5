"""Beside a login whose passwords the hub keeps: a new password by mail, an account of one's own.

Whoever asks gets the same answer whether or not there is such an account; what there is to tell
stands in the mail. A link in a mail leads to a page with a form, so that a program that only looks
at links uses none of them up.
"""

from __future__ import annotations

from math import ceil

from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from hub.identity import accounts, password_reset, registration, throttle
from hub.identity.accounts import PasswordRefused
from hub.identity.sessions import network_of
from hub.mail import address
from hub.mail.outbox import one_line
from hub.records import LoginMethod
from hub.site import Site
from hub.web import context, login, passwords, ways
from hub.web.language import language

pages = Blueprint("self_service", __name__, url_prefix="/anmelden/<site>/<plugin>/<method>")

RESET, REGISTER = "reset", "register"
LONGEST_NAME = 200


def offered(method: LoginMethod) -> tuple[str, ...]:
    """What the pages offer beside this way: nothing where no mail can be sent."""
    return method.self_service if context.the_hub().settings.mail_url else ()


@pages.get("/vergessen")
def forgotten(site: str, plugin: str, method: str) -> str:
    return _ask_page(_offering(RESET, site, plugin, method), "password_forgotten.html")


@pages.post("/vergessen")
def ask_reset(site: str, plugin: str, method: str) -> ResponseReturnValue:
    """Takes a login name or an address."""
    live = _offering(RESET, site, plugin, method)
    typed = one_line(request.form.get("login", ""), address.LONGEST)
    page = "password_forgotten.html"
    if not typed:
        problem = gettext("Please type your login name or your e-mail address.")
        return _ask_page(live, page, problem=problem), 400
    pause = _throttled(site, plugin, typed)
    if pause:
        return _ask_page(live, page, typed=typed, problem=pause), 429

    def link(code: str) -> str:
        return context.public_address(
            "self_service.reset", site=site, plugin=plugin, method=method, code=code
        )

    with context.the_hub().db.write() as session:
        password_reset.ask(session, site, typed, link)
    return _ask_page(live, page, typed=typed, sent=True)


@pages.get("/neues-passwort/<code>")
def reset(site: str, plugin: str, method: str, code: str) -> ResponseReturnValue:
    live = _offering(RESET, site, plugin, method)
    with context.the_hub().db.read() as session:
        account = password_reset.account_of(session, site, code)
    if account is None:
        return _code_page(live, "password_new.html", ""), 410
    return _code_page(live, "password_new.html", code, login_name=account.login)


@pages.post("/neues-passwort/<code>")
def set_password(site: str, plugin: str, method: str, code: str) -> ResponseReturnValue:
    """Does not log in: who has a second factor still needs it."""
    live = _offering(RESET, site, plugin, method)
    page, name = "password_new.html", ""
    try:
        with context.the_hub().db.write() as session:
            found = password_reset.account_of(session, site, code)
            name = found.login if found is not None else ""
            account = password_reset.reset(session, site, code, request.form.get("new", ""))
            if account is not None:
                # Who forgot the password has often tried too many before.
                throttle.succeeded(session, login.throttle_keys(site, plugin, account.login))
    except PasswordRefused as refused:
        problem = {"new": passwords.refusal(refused)}
        return _code_page(live, page, code, login_name=name, problem=problem), 400
    if account is None:
        return _code_page(live, page, ""), 410
    return login.forget(make_response(_code_page(live, page, "", done=True)))


@pages.get("/registrieren")
def begin(site: str, plugin: str, method: str) -> str:
    return _ask_page(_offering(REGISTER, site, plugin, method), "registration.html")


@pages.post("/registrieren")
def ask_registration(site: str, plugin: str, method: str) -> ResponseReturnValue:
    live = _offering(REGISTER, site, plugin, method)
    typed, page = request.form.get("email", "").strip(), "registration.html"
    sound = address.recipient(typed)
    if sound is None:
        problem = gettext("This is no e-mail address that a mail can be sent to.")
        return _ask_page(live, page, typed=typed[: address.LONGEST], problem=problem), 400
    pause = _throttled(site, plugin, sound)
    if pause:
        return _ask_page(live, page, typed=typed, problem=pause), 429

    def finish(code: str) -> str:
        return context.public_address(
            "self_service.continue_registration",
            site=site,
            plugin=plugin,
            method=method,
            code=code,
        )

    links = registration.Links(
        finish, context.public_address("login.begin", site=site, plugin=plugin, method=method)
    )
    with context.the_hub().db.write() as session:
        registration.ask(session, site, sound, language(), links)
    return _ask_page(live, page, typed=typed, sent=True)


@pages.get("/registrieren/<code>")
def continue_registration(site: str, plugin: str, method: str, code: str) -> ResponseReturnValue:
    live = _offering(REGISTER, site, plugin, method)
    with context.the_hub().db.read() as session:
        proved = registration.address_of(session, site, code)
    if proved is None:
        return _code_page(live, "registration_finish.html", ""), 410
    return _code_page(live, "registration_finish.html", code, email=proved)


@pages.post("/registrieren/<code>")
def finish_registration(site: str, plugin: str, method: str, code: str) -> ResponseReturnValue:
    live, page = _offering(REGISTER, site, plugin, method), "registration_finish.html"
    name = " ".join(request.form.get("name", "").split())
    hub = context.the_hub()
    with hub.db.read() as session:
        proved = registration.address_of(session, site, code) or ""
    problem = {}
    if not name:
        problem["name"] = gettext("Please write your name.")
    elif len(name) > LONGEST_NAME or not name.isprintable():
        problem["name"] = gettext("This is too long, or holds characters that cannot be stored.")
    made = None
    if not problem:
        try:
            with hub.db.write() as session:
                made = registration.finish(session, site, code, name, request.form.get("new", ""))
        except PasswordRefused as refused:
            problem["new"] = passwords.refusal(refused)
    if problem and proved:
        return _code_page(live, page, code, name=name, email=proved, problem=problem), 400
    if made is None:
        return _code_page(live, page, ""), 410
    person_id, via = made
    return login.arrive(url_for("account.overview"), person_id, via)


def _offering(what: str, site: str, plugin: str, method: str) -> Site:
    """The site, if this way of it offers that; to everybody else the page does not exist."""
    live = ways.site_of(site)
    if what not in offered(ways.method(live, plugin, method)):
        abort(404)
    return live


def _throttled(site: str, plugin: str, typed: str) -> str:
    """What to say to who asks too often; each question counts, whoever is asked about."""
    names = throttle.keys(
        context.the_hub().settings.secret_key,
        f"mail/{site}/{plugin}/{typed.casefold()}",
        f"mail/{network_of(request.remote_addr or '')}",
    )
    with context.the_hub().db.write() as session:
        pause = ceil(throttle.wait(session, names).total_seconds())
        if pause <= 0:
            throttle.failed(session, names)
            return ""
    return ngettext(
        "You asked for this many times. Try again in %(num)d second.",
        "You asked for this many times. Try again in %(num)d seconds.",
        pause,
    )


def _ask_page(
    site: Site, template: str, *, typed: str = "", problem: str = "", sent: bool = False
) -> str:
    return render_template(
        template,
        centre=site.row,
        typed=typed,
        problem=problem,
        sent=sent,
        action=request.path,
        back=url_for("login.begin", **(request.view_args or {})),
        crumbs=ways.crumbs(site),
    )


def _code_page(
    site: Site,
    template: str,
    code: str,
    *,
    login_name: str = "",
    name: str = "",
    email: str = "",
    problem: dict[str, str] | None = None,
    done: bool = False,
) -> str:
    way = {key: value for key, value in (request.view_args or {}).items() if key != "code"}
    return render_template(
        template,
        centre=site.row,
        code=code,
        login=login_name,
        name=name,
        email=email,
        problem=problem or {},
        problems=list((problem or {}).items()),
        done=done,
        shortest=accounts.SHORTEST,
        way=way,
        crumbs=ways.crumbs(site),
    )
