"""A centre's plugins: what is connected, whether it works, and how that is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import marshmallow as ma
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub import activations, connections, diagnostics, misplaced, secrets
from hub.activations import ActivationError
from hub.connections import Check, Connection, State
from hub.identity import audit
from hub.identity.permissions import can
from hub.installed import Unusable, load_config
from hub.jobs import queue, sources
from hub.plugin import Plugin
from hub.secrets import SecretError
from hub.web import config_form, context, login, menu
from hub.web.config_form import Control
from hub.web.language import language
from hub.web.log_pages import ACTION
from hub.web.page import Crumb
from hub.web.tier_words import TierText, tier_text


@dataclass(frozen=True, slots=True)
class Told:
    """A change of a connection in words."""

    at: datetime
    what: str
    who: str
    changed: str


pages = Blueprint("connections", __name__, url_prefix="/<site>/verwaltung/plugins")

STATES = {
    State.MISCONFIGURED: (lazy_gettext("Settings needed"), "danger"),
    State.HELD: (lazy_gettext("Waits for a decision"), "warning"),
    State.FAILED: (lazy_gettext("Last run failed"), "danger"),
    State.STUCK: (lazy_gettext("No sign of life"), "danger"),
    State.PAUSED: (lazy_gettext("Paused, is tried again"), "warning"),
    State.RUNNING: (lazy_gettext("Being read now"), "info"),
    State.UNREAD: (lazy_gettext("Not read yet"), "info"),
    State.WORKS: (lazy_gettext("In order"), "success"),
    State.OFF: (lazy_gettext("Switched off"), "info"),
}
"""State → words and tone of its badge."""
FIXES = {
    State.MISCONFIGURED: lazy_gettext("Check the settings"),
    State.HELD: lazy_gettext("Look at the run and decide"),
    State.FAILED: lazy_gettext("Look at the run"),
    State.STUCK: lazy_gettext("Look at the run"),
}
CHECKS = {
    "construct": lazy_gettext("The settings are accepted"),
    "health": lazy_gettext("The other system answers as it should"),
}
MISPLACED = {
    "key": lambda: gettext("A private key stood here. It was taken out and not kept."),
    "token": lambda: gettext(
        "A token for logging in stood here. It was taken out and not kept; it belongs in the "
        "field for it."
    ),
    "address": lambda: gettext(
        "The address held a password. It was taken out and not kept; enter the address without "
        "it, and the password in the field for it."
    ),
    "secret": lambda: gettext(
        "The secret of this connection stood here, where everybody who looks after it would read "
        "it. It was taken out and not kept."
    ),
}
"""Kind of a secret in a field that is none for secrets → what is said there."""


@pages.get("")
def listing(site: str) -> str:
    login.demand("plugin.read", site)
    found = connections.connections(context.the_hub(), site)
    return render_template(
        "connections.html",
        centre=context.sites()[site],
        enabled=[one for one in found if one.enabled],
        available=[one for one in found if not one.enabled],
        attention=[one for one in found if one.needs_a_person],
        tiers=_tiers(found),
        menu=menu.entries(site),
        may_configure=can(login.actor(), "plugin.configure", site),
        **_words(),
        crumbs=_crumbs(site),
    )


@pages.get("/<plugin>")
def settings(site: str, plugin: str) -> str:
    login.demand("plugin.read", site)
    one, loaded = _connection(site, plugin)
    return _settings(one, loaded, site, _shown(site, plugin), {})


@pages.post("/<plugin>")
def change(site: str, plugin: str) -> ResponseReturnValue:
    """Saves, tries out, or adds and removes groups of the form, as the pressed button says."""
    actor = login.demand("plugin.configure", site)
    one, loaded = _connection(site, plugin)
    if loaded is None:
        abort(404)
    stored = _stored(site, plugin)
    typed = config_form.read(loaded.Config(), request.form, stored)
    if "group" in request.form:
        regroup = config_form.changed_groups(request.form)
        if regroup is not None:
            _regroup(typed, *regroup)
        return _settings(one, loaded, site, typed, {})
    hub = context.the_hub()
    try:
        sealed = _sealed(loaded, typed, stored)
        found = misplaced.find(sealed, hub.keyring)
        if found:
            told = {one.field: MISPLACED[one.kind]() for one in found}
            return _settings(one, loaded, site, misplaced.without(typed, found), told), 400
        errors = _errors(loaded, sealed)
        if errors:
            return _settings(one, loaded, site, typed, errors), 400
        if request.form.get("action") == "test":
            checks = connections.try_out(hub, site, plugin, typed)
            return _settings(one, loaded, site, typed, {}, checks)
        version = request.form.get("version", "")
        number = int(version) if version.isascii() and version.isdigit() else 0
        activations.enable(hub, site, plugin, typed, actor=actor.key, version=number)
    except ActivationError as reason:
        one, loaded = _connection(site, plugin)
        return _settings(one, loaded, site, typed, {"": str(reason)}), 409
    return redirect(url_for("connections.listing", site=site), 303)


@pages.get("/<plugin>/diagnose.json")
def diagnose(site: str, plugin: str) -> Response:
    """What whoever helps needs to know, as a file; without secrets and persons."""
    login.demand("plugin.read", site)
    try:
        found = diagnostics.diagnostics(context.the_hub(), site, plugin)
    except LookupError:
        abort(404)
    response = Response(
        json.dumps(found, ensure_ascii=False, indent=2) + "\n", content_type="application/json"
    )
    name = f"diagnose-{site}-{plugin}.json"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


@pages.post("/<plugin>/ausschalten")
def switch_off(site: str, plugin: str) -> ResponseReturnValue:
    actor = login.demand("plugin.configure", site)
    _connection(site, plugin)
    with suppress(ActivationError):  # it was never on: a second click
        activations.disable(context.the_hub(), site, plugin, actor=actor.key)
    return redirect(url_for("connections.listing", site=site), 303)


@pages.post("/<plugin>/zuruecknehmen")
def undo(site: str, plugin: str) -> ResponseReturnValue:
    """Undoes the last change, unless somebody has changed it again since the page was shown."""
    actor = login.demand("plugin.configure", site)
    one, loaded = _connection(site, plugin)
    version = request.form.get("version", "")
    number = int(version) if version.isascii() and version.isdigit() else 0
    try:
        activations.undo(context.the_hub(), site, plugin, actor=actor.key, version=number)
    except ActivationError as reason:
        one, loaded = _connection(site, plugin)
        shown = _shown(site, plugin)
        return _settings(one, loaded, site, shown, {"": str(reason)}), 409
    return redirect(url_for("connections.settings", site=site, plugin=plugin), 303)


@pages.post("/<plugin>/einlesen")
def read_now(site: str, plugin: str) -> ResponseReturnValue:
    """Puts the source into the queue; a second click changes nothing."""
    login.demand("run.start", site)
    hub = context.the_hub()
    source = sources.source(hub, site, plugin)
    if source is None:
        abort(404)
    planned = source.schedule()
    with hub.db.write() as session:
        queue.enqueue(
            session, planned.task, planned.arguments, key=planned.name, lanes=planned.lanes
        )
    return redirect(url_for("runs.listing", site=site, plugin=plugin), 303)


def _tiers(found: Sequence[Connection]) -> dict[str, TierText]:
    """The quality of each plugin that can be loaded, by name."""
    texts = {}
    for one in found:
        with suppress(Unusable):
            loaded = context.the_hub().sites.installed.load(one.plugin)
            texts[one.plugin] = tier_text(loaded)
    return texts


def _connection(site: str, plugin: str) -> tuple[Connection, type[Plugin] | None]:
    hub = context.the_hub()
    for one in connections.connections(hub, site):
        if one.plugin == plugin:
            with suppress(Unusable):
                return one, hub.sites.installed.load(plugin)
            return one, None
    abort(404)


def _stored(site: str, plugin: str) -> dict[str, Any]:
    row = activations.configured(context.the_hub(), site, plugin)
    return row.config if row else {}


def _shown(site: str, plugin: str) -> Mapping[str, Any]:
    shown: Mapping[str, Any] = secrets.hide(_stored(site, plugin))
    return shown


def _sealed(
    plugin: type[Plugin], typed: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """What was typed with its secrets encrypted; raises `ActivationError` where one cannot be."""
    try:
        return secrets.seal(plugin.Config(), typed, context.the_hub().keyring, stored)
    except SecretError as reason:
        raise ActivationError(str(reason)) from None


def _errors(plugin: type[Plugin], sealed: Mapping[str, Any]) -> dict[str, str]:
    """What the schema says of each field; a rest that belongs to none stands under the empty
    name."""
    try:
        plugin.Config().load(sealed)
    except ma.ValidationError as error:
        return config_form.flat(error.normalized_messages())  # type: ignore[no-untyped-call]
    try:
        load_config(plugin, sealed)
    except Unusable as reason:
        return {"": str(reason)}
    return {}


def _regroup(typed: dict[str, Any], name: str, number: int | None) -> None:
    rows = typed.get(name)
    if not isinstance(rows, list):
        return
    if number is None:
        if len(rows) < config_form.MOST_GROUPS:
            rows.append({})
    elif number < len(rows):
        del rows[number]


def _settings(
    one: Connection,
    loaded: type[Plugin] | None,
    site: str,
    config: Mapping[str, Any],
    errors: Mapping[str, str],
    checks: list[Check] | None = None,
) -> str:
    title = one.title.get(language()) or one.plugin
    shown = secrets.hide(config) if not errors and checks is None else config
    stored = _stored(site, one.plugin)
    controls = (
        config_form.controls(loaded.Config(), _with_secrets(shown, stored), errors)
        if loaded
        else ()
    )
    named = set(_names(controls))
    may_configure = can(login.actor(), "plugin.configure", site)
    return render_template(
        "connection.html",
        centre=context.sites()[site],
        one=one,
        title=title,
        controls=controls,
        problems=[(name if name in named else "form", text) for name, text in errors.items()],
        checks=checks,
        check_names=CHECKS,
        history=_history(site, one.plugin, controls),
        may_configure=may_configure,
        mappable=loaded is not None and bool(loaded.maps),
        may_renew=may_configure and config_form.has_secrets(controls),
        **_words(),
        crumbs=[*_crumbs(site, linked=True), Crumb(title)],
    )


def _history(site: str, plugin: str, controls: Sequence[Control]) -> list[Told]:
    """The latest changes in words: actions, fields by their labels, people by their names."""
    changes = activations.history(context.the_hub(), site, plugin, 10)
    labels = {f"config.{one.name}": one.label for one in controls}
    return told(changes, labels)


def told(changes: Sequence[activations.Change], labels: Mapping[str, str]) -> list[Told]:
    """Changes in words; `labels` are those of what was changed, such as `config.address`."""
    hub = context.the_hub()
    with hub.db.read() as session:
        names = audit.names(session, {change.actor for change in changes})
    labels = {"enabled": gettext("switched on or off"), **labels}
    return [
        Told(
            change.at,
            str(ACTION.get(change.action, change.action)),
            names.get(change.actor, change.actor),
            ", ".join(labels.get(name, name) for name in change.changed),
        )
        for change in changes
    ]


def _with_secrets(typed: Any, stored: Any) -> Any:
    """A configuration as typed in which no secret stands: what is stored at its place instead."""
    if secrets.is_reference(stored):
        return secrets.hide(stored)
    if isinstance(typed, Mapping):
        inner = stored if isinstance(stored, Mapping) else {}
        return {key: _with_secrets(value, inner.get(key)) for key, value in typed.items()}
    return typed


def _names(controls: tuple[config_form.Control, ...]) -> list[str]:
    names = []
    for one in controls:
        names.append(one.name)
        for group in one.groups:
            names += _names(group)
    return names


def _words() -> dict[str, Any]:
    return {"states": STATES, "fixes": FIXES, "State": State}


def _crumbs(site: str, *, linked: bool = False) -> list[Crumb]:
    name = context.sites()[site].name
    here = url_for("connections.listing", site=site) if linked else ""
    return [
        Crumb(name, url_for("centres.profile", site=site)),
        Crumb(gettext("Connections"), here),
    ]
