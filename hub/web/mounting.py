"""Plugin pages: each blueprint is mounted once at `/<site>/<plugin>/`, behind one guard.

A view finds the live site in `g.site`, its own instance in `g.plugin` and who asks in `g.person`
(None: nobody is logged in). Templates ask `may("desk.use", site.key)`.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, abort, current_app, g, request

from hub.installed import Unusable
from hub.plugin import Plugin, public
from hub.runtime import Hub
from hub.sites import UnknownSite
from hub.web import login
from hub.web.language import add_translations

__all__ = ["init_app", "public"]

log = structlog.get_logger(__name__)


def init_app(app: Flask, hub: Hub) -> None:
    """Mount the blueprint of every plugin that is installed: a site may enable it at any time, and
    an application takes no pages in once it has answered a request."""
    for name in hub.sites.installed.names():
        try:
            plugin = hub.sites.installed.load(name)
        except Unusable:  # `hub check` says why; its pages are missing, the rest runs
            continue
        try:
            if plugin.translations is not None:
                add_translations(app, plugin.translations)
            if plugin.blueprint is not None:
                _mount(app, hub, name, plugin)
        except Exception as error:  # whatever a plugin brings, the others are mounted
            log.warning("mounting.failed", plugin=name, kind=type(error).__name__)


def _mount(app: Flask, hub: Hub, name: str, plugin: type[Plugin]) -> None:
    assert plugin.blueprint is not None
    mounted = f"plugin_{name}"

    def guard() -> None:
        if request.blueprint is None or request.blueprint.split(".")[0] != mounted:
            return
        # The views of a plugin need not know where they are mounted.
        key = g.site_key = (request.view_args or {}).pop("site")
        try:
            site = hub.sites.site(key)
        except UnknownSite:
            abort(404)
        if name in site.problems:
            abort(503)
        if name not in site.plugins:
            abort(404)
        view = current_app.view_functions[request.endpoint or ""]
        action = getattr(view, "hub_permission", None)
        if action is not None:
            login.demand(action, key)
        elif not getattr(view, "hub_public", False) and not login.actor().logged_in:
            abort(login.ask())
        g.site, g.plugin = site, site.plugins[name]
        g.person = login.actor().record()

    app.before_request(guard)
    app.register_blueprint(plugin.blueprint, name=mounted, url_prefix=f"/<site>/{name}")

    @app.url_defaults
    def stay_at_site(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint.startswith(f"{mounted}.") and "site_key" in g:
            values.setdefault("site", g.site_key)
