"""The ways to log in that a site offers, as its plugins name them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flask import abort, url_for
from flask_babel import gettext

from hub.installed import Unusable, hooks_of
from hub.records import LoginMethod
from hub.site import Site
from hub.sites import UnknownSite
from hub.web import context
from hub.web.page import Crumb


@dataclass(frozen=True, slots=True)
class Way:
    """A login button of a site."""

    label: str
    url: str


def site_of(key: str) -> Site:
    """The site of this key; who asks for any other gets a 404."""
    try:
        return context.the_hub().sites.site(key)
    except UnknownSite:
        abort(404)


def may_offer(key: str) -> bool:
    """Whether a plugin with logins is enabled there; no plugin is asked for it."""
    sites = context.the_hub().sites
    for enabled in sites.enabled(key):
        with suppress(Unusable):
            if "identity_methods" in hooks_of(sites.installed.load(enabled.name)):
                return True
    return False


def methods(site: Site) -> dict[str, list[LoginMethod]]:
    """What each plugin of the site offers."""
    results, _ = site.each("identity_methods")
    return {
        plugin: [one for one in found if isinstance(one, LoginMethod)]
        for plugin, found in results.items()
        if isinstance(found, list | tuple)
    }


def method(site: Site, plugin: str, name: str) -> LoginMethod:
    """One way of a plugin; a 404 when there is none."""
    for one in methods(site).get(plugin, ()):
        if one.id == name:
            return one
    abort(404)


def keeps_passwords(site: Site) -> bool:
    """Whether somebody can log in there with a password that the hub keeps."""
    return any(one.self_service for found in methods(site).values() for one in found)


def ways(site: Site, back: str) -> list[Way]:
    """The login buttons of a site; `back` is where they lead in the end."""
    return [
        Way(
            one.label,
            url_for(
                "login.begin", site=site.key, plugin=plugin, method=one.id, weiter=back or None
            ),
        )
        for plugin, found in methods(site).items()
        for one in found
    ]


def crumbs(site: Site) -> list[Crumb]:
    return [Crumb(gettext("Log in"), url_for("login.choose")), Crumb(site.row.name)]
