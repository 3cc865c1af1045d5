"""“Zugangsdaten erneuern”: only a plugin's secrets, tried out before they are saved."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import marshmallow as ma
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import activations, connections, secrets
from hub.activations import ActivationError
from hub.connections import Check
from hub.installed import Unusable
from hub.web import config_form, context, login
from hub.web.config_form import Control
from hub.web.connections import CHECKS
from hub.web.offer import source_title
from hub.web.page import Crumb

pages = Blueprint(
    "credentials", __name__, url_prefix="/<site>/verwaltung/plugins/<plugin>/zugangsdaten"
)


@pages.get("")
def show(site: str, plugin: str) -> str:
    login.demand("plugin.configure", site)
    schema, config, version = _stored(site, plugin)
    return _page(site, plugin, fields(schema, config), version)


@pages.post("")
def renew(site: str, plugin: str) -> ResponseReturnValue:
    """Saves what was typed when the other system takes it, or when it is saved unchecked."""
    actor = login.demand("plugin.configure", site)
    schema, config, version = _stored(site, plugin)
    controls = fields(schema, config)
    typed = {
        one.name: text
        for one in controls
        if (text := request.form.get(one.name, "")[: config_form.LONGEST])
    }
    if not typed:
        nothing = gettext("Please enter at least one of them.")
        return _page(site, plugin, controls, version, problem=nothing), 400
    wanted = copy.deepcopy(secrets.hide(config))
    for path, text in typed.items():
        _put(wanted, path, text)
    hub = context.the_hub()
    said = request.form.get("version", "")
    number = int(said) if said.isascii() and said.isdigit() else 0
    try:
        if request.form.get("unchecked") != "1":
            checks = connections.try_out(hub, site, plugin, wanted)
            if any(check.problem for check in checks):
                return _page(site, plugin, controls, version, checks), 422
        activations.configure(hub, site, plugin, wanted, actor=actor.key, version=number)
    except ActivationError as reason:
        _, config, version = _stored(site, plugin)
        return _page(site, plugin, fields(schema, config), version, problem=str(reason)), 409
    return redirect(url_for("connections.settings", site=site, plugin=plugin), 303)


def fields(schema: ma.Schema, config: Mapping[str, Any]) -> list[Control]:
    """The controls of all secrets, also of those in groups, each with the way to it as label."""
    shown = secrets.hide(config)
    return list(_secret(config_form.controls(schema, shown, {}), ""))


def _secret(controls: tuple[Control, ...], before: str) -> Iterator[Control]:
    for one in controls:
        if one.kind == "secret":
            yield replace(one, label=f"{before}{one.label}")
        for number, group in enumerate(one.groups, 1):
            named = f" {number}" if one.kind == "groups" else ""
            yield from _secret(group, f"{before}{one.label}{named}: ")


def _put(config: Any, path: str, text: str) -> None:
    """Set a value by its path in a configuration; the groups on the way exist."""
    *way, last = path.split(".")
    for step in way:
        config = config[int(step)] if isinstance(config, list) else config.setdefault(step, {})
    config[last] = text


def _stored(site: str, plugin: str) -> tuple[ma.Schema, dict[str, Any], int]:
    """Schema, configuration and version of what is set up here and has secrets at all."""
    hub = context.the_hub()
    row = activations.configured(hub, site, plugin)
    try:
        schema = hub.sites.installed.load(plugin).Config()
    except Unusable:
        abort(404)
    if row is None or not fields(schema, row.config):
        abort(404)
    return schema, row.config, row.version


def _page(
    site: str,
    plugin: str,
    controls: list[Control],
    version: int,
    checks: list[Check] | None = None,
    problem: str = "",
) -> str:
    title = source_title(plugin)
    return render_template(
        "credentials.html",
        centre=context.sites()[site],
        plugin=plugin,
        title=title,
        controls=controls,
        version=version,
        checks=checks,
        check_names=CHECKS,
        problems=[(controls[0].name, problem)] if problem else [],
        crumbs=[
            Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
            Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
            Crumb(title, url_for("connections.settings", site=site, plugin=plugin)),
            Crumb(gettext("Renew credentials")),
        ],
    )
