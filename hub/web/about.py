"""What the law asks of every site: who is responsible, privacy, accessibility."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_babel import gettext

from hub.installed import Unusable
from hub.plugin import Plugin
from hub.web import context
from hub.web.page import Crumb

pages = Blueprint("about", __name__)


@pages.get("/impressum")
def imprint() -> str:
    return _page("imprint.html", gettext("Legal notice"), centres=list(context.sites().values()))


@pages.get("/datenschutz")
def privacy() -> str:
    hub = context.the_hub()
    names = {one.name for site in context.sites() for one in hub.sites.enabled(site)}
    declared = [plugin for name in sorted(names) if (plugin := _plugin(name)) is not None]
    return _page("privacy.html", gettext("Privacy"), plugins=declared)


@pages.get("/barrierefreiheit")
def accessibility() -> str:
    return _page("accessibility.html", gettext("Accessibility statement"))


@pages.get("/barriere-melden")
def barrier() -> str:
    return _page("barrier.html", gettext("Report a barrier"))


@pages.get("/leichte-sprache")
def easy_language() -> str:
    return _page("easy_language.html", gettext("Easy language"))


@pages.get("/gebaerdensprache")
def sign_language() -> str:
    return _page("sign_language.html", gettext("Sign language"))


def _page(template: str, title: str, **values: object) -> str:
    email = context.the_hub().settings.admin_email
    return render_template(template, title=title, email=email, crumbs=[Crumb(title)], **values)


def _plugin(name: str) -> type[Plugin] | None:
    try:
        return context.the_hub().sites.installed.load(name)
    except Unusable:
        return None
