"""Logging in and out: choose a centre and a way, prove who you are, come back to where you were.

A way is a plugin's (`identity_methods`). One that asks for a password names its fields, which
the hub's own page shows; one that sends the browser elsewhere gives the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from urllib.parse import urlsplit

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from hub.errors import Denied, PluginError, Rejected
from hub.identity import audit, linking, people, schools, sessions, throttle
from hub.records import Claims, LoginMethod
from hub.site import Site
from hub.web import context, csrf, login, pending, self_service, ways
from hub.web.page import Crumb, asked_text

pages = Blueprint("login", __name__)
pages.add_app_template_global(pending.linking, "linking")

DEADLINE = 20.0
"""Seconds that an identity provider may take; the person waits."""
LONGEST = 5_000
"""Characters of a field."""
LONGEST_ANSWER = 200_000
"""Characters of all that comes back from a provider: a signed SAML answer is large."""
AGAIN = "hub_again"
"""Marks an answer that our own page between sent once more."""
FIELDS = {
    "login": (lazy_gettext("Login name"), "text", "username"),
    "password": (lazy_gettext("Password"), "password", "current-password"),
    "code": (lazy_gettext("One-time code"), "text", "one-time-code"),
}
"""What a method may ask for: label, type of the field, what the browser fills in."""


@pages.get("/anmelden")
def choose() -> ResponseReturnValue:
    """First the centre, then the way."""
    back = asked_text("weiter", login.LONGEST_RETURN)
    key = asked_text("zentrum", 60)
    sites = context.sites()
    if key not in sites:
        offering = [row for row in sites.values() if ways.may_offer(row.key)]
        if len(offering) != 1:
            return render_template(
                "login_centre.html",
                sites=[(row.key, row.name) for row in offering],
                back=back,
                crumbs=[Crumb(gettext("Log in"))],
            )
        key = offering[0].key
    live = ways.site_of(key)
    found = ways.ways(live, back)
    if len(found) == 1:
        return redirect(found[0].url, 303)
    return render_template("login_ways.html", centre=live.row, ways=found, crumbs=ways.crumbs(live))


@pages.get("/anmelden/<site>/<plugin>/<method>")
def begin(site: str, plugin: str, method: str) -> ResponseReturnValue:
    live = ways.site_of(site)
    chosen = ways.method(live, plugin, method)
    if chosen.fields:
        return _form(live, plugin, chosen, {}, "")
    here = context.public_address("login.complete", site=site, plugin=plugin, method=method)
    try:
        target = live.one(
            plugin, "identity_begin", deadline=DEADLINE, method=method, return_url=here
        )
    except PluginError as error:
        return _failed(live, _told(live, plugin, chosen, error)), 503
    if (
        not isinstance(target, str)
        or urlsplit(target).scheme not in ("http", "https")
        or len(target) > pending.LONGEST_URL
    ):
        return _failed(live, gettext("The login service gave no usable address.")), 503
    back = asked_text("weiter", login.LONGEST_RETURN)
    begun = pending.Pending(site, plugin, method, target, back)
    return pending.keep(make_response(redirect(target, 303)), begun)


@pages.route("/anmelden/<site>/<plugin>/<method>/fertig", methods=["GET", "POST"])
@csrf.exempt  # login services send people here; `pending` says whether it was asked for
def complete(site: str, plugin: str, method: str) -> ResponseReturnValue:
    """Where a provider sends the browser back to, with parameters in the address or in a form."""
    live = ways.site_of(site)
    chosen = ways.method(live, plugin, method)
    parameters = _parameters()
    begun = pending.find()
    if begun is None or (begun.site, begun.plugin, begun.method) != (site, plugin, method):
        if request.method == "POST" and not request.form.get(AGAIN):
            # The form of another web site arrives without our cookie; sent from here it has it.
            return _page_between(parameters)
        reason = gettext(
            "It was begun in another browser, took too long, or was answered already. Begin anew."
        )
        return _failed(live, reason), 400
    parameters |= {
        "hub.begin_url": begun.url,
        "hub.return_url": context.public_address(
            "login.complete", site=site, plugin=plugin, method=method
        ),
    }
    try:
        answer = make_response(
            _logged_in(site, _claims(live, plugin, method, parameters), begun.back)
        )
    except Denied as reason:
        answer = make_response(_refused(live, plugin, reason), 403)
    except PluginError as error:
        answer = make_response(_failed(live, _told(live, plugin, chosen, error)), 503)
    return pending.forget(answer)


def _parameters() -> dict[str, str]:
    """The provider's answer; with a parameter twice, or in our own name, it is none."""
    given = [*request.args.items(multi=True), *request.form.items(multi=True)]
    parameters = {name: value for name, value in given if name not in ("lang", AGAIN)}
    doubled = len(parameters) != sum(name not in ("lang", AGAIN) for name, _ in given)
    if (
        doubled
        or any(name.startswith("hub.") for name in parameters)
        or sum(map(len, parameters.values())) > LONGEST_ANSWER
    ):
        abort(400)
    return parameters


def _page_between(parameters: Mapping[str, str]) -> str:
    return render_template(
        "login_between.html",
        parameters=parameters,
        again=AGAIN,
        crumbs=[Crumb(gettext("Log in"), url_for("login.choose"))],
    )


def _refused(site: Site, plugin: str, reason: Denied) -> str:
    """Nobody is let in; the person learns that much, the admin of the site also why."""
    with context.the_hub().db.write() as session:
        audit.note(session, "anonymous", site.key, "login.refuse", plugin, {"reason": str(reason)})
    return _failed(
        site,
        gettext(
            "The login was refused. If you used the right account, ask the centre: it can see the "
            "reason."
        ),
    )


@pages.post("/anmelden/<site>/<plugin>/<method>")
def submit(site: str, plugin: str, method: str) -> ResponseReturnValue:
    """Takes what the fields of a method were filled with."""
    live = ways.site_of(site)
    chosen = ways.method(live, plugin, method)
    typed = {name: request.form.get(name, "")[:LONGEST] for name in chosen.fields}
    hub = context.the_hub()
    names = login.throttle_keys(site, plugin, typed.get("login", ""))
    with hub.db.read() as session:
        pause = throttle.wait(session, names)
    if pause.total_seconds() > 0:
        seconds = ceil(pause.total_seconds())
        text = ngettext(
            "Too many attempts failed. Try again in %(num)d second.",
            "Too many attempts failed. Try again in %(num)d seconds.",
            seconds,
        )
        return _form(live, plugin, chosen, typed, text), 429
    try:
        claims = _claims(live, plugin, method, typed)
    except Denied:
        with hub.db.write() as session:
            throttle.failed(session, names)
        wrong = gettext("Login name and password do not belong together. Please check both.")
        return _form(live, plugin, chosen, typed, wrong), 403
    except PluginError as error:
        return _form(live, plugin, chosen, typed, _told(live, plugin, chosen, error)), 503
    with hub.db.write() as session:
        throttle.succeeded(session, names)
    return _logged_in(site, claims, request.form.get("weiter", ""))


@pages.get("/anmelden/einmal/<code>")
def invitation(code: str) -> str:
    """A page in between, so that a program that only looks at links uses none of them up."""
    return render_template("login_code.html", code=code, crumbs=[Crumb(gettext("Log in"))])


@pages.post("/anmelden/einmal/<code>")
def redeem(code: str) -> ResponseReturnValue:
    with context.the_hub().db.write() as session:
        person_id = people.redeem(session, code)
    if person_id is None:
        return render_template("login_code.html", code="", crumbs=[Crumb(gettext("Log in"))]), 410
    return login.arrive("", person_id)


@pages.post("/abmelden")
def leave() -> Response:
    number = login.actor().session_id
    if number is not None:
        with context.the_hub().db.write() as session:
            sessions.leave(session, number)
    response = make_response(redirect(url_for("search.start"), 303))
    response.headers["Clear-Site-Data"] = '"cache"'
    return login.forget(response)


def _claims(site: Site, plugin: str, method: str, parameters: Mapping[str, str]) -> Claims:
    claims = site.one(
        plugin, "identity_complete", deadline=DEADLINE, method=method, parameters=parameters
    )
    if not people.is_sound(claims):
        raise Denied("The plugin gave no claims, or some that cannot be stored.")
    with context.the_hub().db.read() as session:
        return schools.at_home(session, site.key, claims, context.today())


def _logged_in(site: str, claims: Claims, back: str) -> ResponseReturnValue:
    hub = context.the_hub()
    guest = people.pupil(site, claims)
    if guest:
        return login.arrive(back, None, guest=guest)
    if pending.linking():
        return _link(site, claims)
    for attempt in (1, 2):
        try:
            with hub.db.write() as session:
                person_id = people.recognise(session, site, claims).id
            break
        except IntegrityError:  # the same person logs in twice for the first time
            if attempt == 2:
                raise
    return login.arrive(back, person_id, sessions.Via(claims.issuer, claims.subject))


def _link(site: str, claims: Claims) -> ResponseReturnValue:
    """Add this login to the account that is logged in here, which asked for it."""
    actor = login.actor()
    assert actor.person_id is not None
    try:
        linking.link(context.the_hub(), actor.person_id, site, claims)
    except linking.LinkRefused:
        reason = gettext(
            "Under this login a centre still holds something of its own, so it cannot be added. "
            "Ask that centre to clear it first."
        )
        return pending.forget_link(make_response(_failed(ways.site_of(site), reason), 409))
    return pending.forget_link(make_response(redirect(url_for("account.overview"), 303)))


def _form(
    site: Site, plugin: str, method: LoginMethod, typed: Mapping[str, str], problem: str
) -> str:
    back = request.form.get("weiter") or asked_text("weiter", login.LONGEST_RETURN)
    first = next(iter(method.fields))
    return render_template(
        "login_form.html",
        centre=site.row,
        method=method,
        fields=[
            (name, *FIELDS[name], "" if name == "password" else typed.get(name, ""))
            for name in method.fields
            if name in FIELDS
        ],
        problem=problem,
        problems=[(first, problem)] if problem else [],
        action=url_for("login.submit", site=site.key, plugin=plugin, method=method.id),
        back=back,
        plugin=plugin,
        self_service=self_service.offered(method),
        crumbs=ways.crumbs(site),
    )


def _failed(site: Site, reason: str) -> str:
    return render_template(
        "login_failed.html", centre=site.row, reason=reason, crumbs=ways.crumbs(site)
    )


def _told(site: Site, plugin: str, method: LoginMethod, error: PluginError) -> str:
    """What a person is told; what exactly does not work is for the admins of the site."""
    if isinstance(error, Rejected):
        return str(error)
    with context.the_hub().db.write() as session:
        audit.note_now_and_then(
            session, "anonymous", site.key, "login.fail", plugin, {"reason": str(error)}
        )
    return gettext(
        "The login service “%(label)s” does not work at the moment. Try again in a few minutes. If "
        "that does not help, tell the centre: it can see the reason.",
        label=method.label,
    )
