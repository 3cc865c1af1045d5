"""What the law asks of every site: who is responsible, privacy, accessibility."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, current_app, render_template, request
from flask_babel import gettext
from itsdangerous import BadData, URLSafeTimedSerializer

from hub import barriers
from hub.installed import Unusable
from hub.plugin import Plugin
from hub.web import context, csrf
from hub.web.page import Crumb, asked_text
from hub.web.texts import number

pages = Blueprint("about", __name__)

LONGEST_LINE = 300
LONGEST_TEXT = 5_000
PREPARED = date(2026, 11, 23)
"""When the accessibility statement was last reviewed; due every year."""
FORM_LIFE = 24 * 3600
"""Seconds for which a form may be filled in."""


@pages.get("/impressum")
def imprint() -> str:
    return _page("imprint.html", gettext("Legal notice"), centres=list(context.sites().values()))


@pages.get("/datenschutz")
def privacy() -> str:
    hub = context.the_hub()
    names = {one.name for site in context.sites() for one in hub.sites.enabled(site)}
    declared = [found for name in sorted(names) if (found := plugin(name)) is not None]
    return _page("privacy.html", gettext("Privacy"), plugins=declared)


@pages.get("/barrierefreiheit")
def accessibility() -> str:
    return _page("accessibility.html", gettext("Accessibility statement"), prepared=PREPARED)


@pages.get("/barriere-melden")
def barrier() -> str:
    return _barrier({"page": asked_text("seite", LONGEST_LINE)}, [])


@pages.post("/barriere-melden")
@csrf.exempt
def report_barrier() -> str | tuple[str, int]:
    """Takes a report without login, cookie and scripts; the token stands in for a session."""
    entered = {
        "page": request.form.get("page", "").strip(),
        "text": request.form.get("text", "").strip(),
        "contact": request.form.get("contact", "").strip(),
    }
    problems = _problems(entered, request.form.get("token", ""))
    if problems:
        return _barrier(entered, problems), 400
    try:
        with context.the_hub().db.write() as session:
            stored = barriers.take_in(session, **entered)
    except barriers.TooMany:
        abort(429)
    return _page(
        "barrier_thanks.html", gettext("Thank you"), number=stored, answer=bool(entered["contact"])
    )


@pages.get("/leichte-sprache")
def easy_language() -> str:
    return _page("easy_language.html", gettext("Easy language"))


@pages.get("/gebaerdensprache")
def sign_language() -> str:
    return _page("sign_language.html", gettext("Sign language"))


def _barrier(entered: dict[str, str], problems: list[tuple[str, str]]) -> str:
    return _page(
        "barrier.html",
        gettext("Report a barrier"),
        entered=entered,
        problems=problems,
        problem=dict(problems),
        token=_tokens().dumps("barrier"),
    )


def _problems(entered: dict[str, str], token: str) -> list[tuple[str, str]]:
    """Field and message of everything that keeps a report from being taken."""
    found = []
    limits = {"page": LONGEST_LINE, "text": LONGEST_TEXT, "contact": LONGEST_LINE}
    for name, longest in limits.items():
        if len(entered[name]) > longest:
            message = gettext("Please use at most %(number)s characters.", number=number(longest))
            found.append((name, message))
        elif any(not (c.isprintable() or c in "\r\n\t") for c in entered[name]):
            found.append((name, gettext("This holds characters that cannot be stored.")))
    if not entered["text"]:
        found.append(("text", gettext("Please write what the barrier is.")))
    try:
        _tokens().loads(token, max_age=FORM_LIFE)
    except BadData:
        message = gettext("The form was open for too long. Please send it once more.")
        found.append(("text", message))
    return found


def _tokens() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key is not None
    return URLSafeTimedSerializer(key, salt="barrier")


def _page(template: str, title: str, **values: object) -> str:
    email = context.the_hub().settings.admin_email
    return render_template(template, title=title, email=email, crumbs=[Crumb(title)], **values)


def plugin(name: str) -> type[Plugin] | None:
    try:
        return context.the_hub().sites.installed.load(name)
    except Unusable:
        return None
