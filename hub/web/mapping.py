"""Mapping a source without code: which of its words fill which field, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import activations, mapping, mapping_library, models
from hub.activations import ActivationError
from hub.catalogue import normalise, sample
from hub.catalogue.sample import Sample
from hub.formats.fieldmap import CODED, EMPTY, LISTS, FieldMap, Rule
from hub.identity.actor import Actor
from hub.identity.permissions import can
from hub.installed import Unusable
from hub.jobs import reports, samples, sources
from hub.mapping import MappingError
from hub.records import Record
from hub.web import connections, context, login, mapping_form
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_page, asked_text, pager, pages_of

pages = Blueprint("mapping", __name__, url_prefix="/<site>/verwaltung/plugins/<plugin>/zuordnung")

LONGEST_WORD = 100
SHOWN = 300
"""Characters of a value in the preview."""
_EMPTY_SAMPLE = Sample()


@pages.get("")
def show(site: str, plugin: str) -> str:
    _, row, fields = _demand(site, plugin)
    return _overview(site, plugin, row, fields)


@pages.post("/stichprobe")
def fetch(site: str, plugin: str) -> ResponseReturnValue:
    """Lets the worker read a sample anew; a second click changes nothing."""
    _demand(site, plugin)
    hub = context.the_hub()
    source = sources.source(hub, site, plugin) or abort(404)
    with hub.db.write() as session:
        reports.ask(session, source, samples.TASK)
    return redirect(url_for("mapping.show", site=site, plugin=plugin), 303)


@pages.get("/feld/<field>")
def edit(site: str, plugin: str, field: str) -> str:
    _, row, fields = _demand(site, plugin)
    if field not in fields:
        abort(404)
    stored = _loaded(row, fields).rule(field)
    chosen = request.args.getlist("aus")
    rule = stored or Rule(field, tuple(chosen), separator=";" if field in LISTS else "")
    return _field(site, plugin, row, rule, known=stored is not None)


@pages.post("/feld/<field>")
def change(site: str, plugin: str, field: str) -> ResponseReturnValue:
    """Saves, previews or removes the field's rule, as the pressed button says."""
    actor, row, fields = _demand(site, plugin)
    if field not in fields:
        abort(404)
    before = _loaded(row, fields)
    stored = before.rule(field)
    data = mapping.dump(before)
    action = request.form.get("action", "")
    typed = mapping_form.read(field, request.form, stored)
    try:
        if action == "remove":
            data.pop(field, None)
        else:
            rule = mapping.load({field: typed}, fields).rules[0]
            data[field] = mapping.dump(FieldMap((rule,)))[field]
            if action in ("preview", "words"):
                known = stored is not None
                return _field(site, plugin, row, rule, known=known, tried=action == "preview")
        _put(site, plugin, data, actor)
    except (MappingError, ActivationError) as reason:
        rule = Rule(
            field,
            tuple(typed["from"]),
            typed["fixed"],
            typed["separator"],
            tuple(typed["values"].items()),
            typed["unknown"],
        )
        status = 409 if isinstance(reason, ActivationError) else 400
        now = activations.configured(context.the_hub(), site, plugin) or row
        return _field(site, plugin, now, rule, known=stored is not None, error=str(reason)), status
    if action == "remove":
        return redirect(url_for("mapping.show", site=site, plugin=plugin), 303)
    here = url_for(
        "mapping.edit",
        site=site,
        plugin=plugin,
        field=field,
        seite=asked_page(),
        wort=asked_text("wort", LONGEST_WORD) or None,
        gespeichert=1,
    )
    return redirect(here, 303)


@pages.post("/zuruecknehmen")
def undo(site: str, plugin: str) -> ResponseReturnValue:
    """Undoes the last change of the connection, if it was one of its mapping."""
    actor, row, fields = _demand(site, plugin)
    hub = context.the_hub()
    last = activations.history(hub, site, plugin, 1)
    try:
        if not last or not any(key.startswith("mapping") for key in last[0].changed):
            raise ActivationError(gettext("The last change of this connection was another one."))
        activations.undo(hub, site, plugin, actor=actor.key, version=_version())
    except ActivationError as reason:
        return _overview(site, plugin, row, fields, error=str(reason)), 409
    return redirect(url_for("mapping.show", site=site, plugin=plugin), 303)


@pages.post("/freigeben")
def share(site: str, plugin: str) -> ResponseReturnValue:
    """Lets all other centres take the mapping over, or no longer."""
    actor, row, fields = _demand(site, plugin)
    wanted = request.form.get("freigabe") == "1"
    try:
        activations.share_mapping(
            context.the_hub(), site, plugin, wanted, actor=actor.key, version=_version()
        )
    except ActivationError as reason:
        return _overview(site, plugin, row, fields, error=str(reason)), 409
    return redirect(url_for("mapping.show", site=site, plugin=plugin) + "#weitergabe", 303)


@pages.get("/datei")
def download(site: str, plugin: str) -> Response:
    _, row, fields = _demand(site, plugin)
    content = mapping.to_file(plugin, _loaded(row, fields), context.sites()[site].name)
    answer = Response(content, mimetype="application/json")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"zuordnung-{plugin}-{site}.json"
    )
    return answer


@pages.post("/datei")
def upload(site: str, plugin: str) -> ResponseReturnValue:
    """Replaces the mapping by that of a file."""
    actor, row, fields = _demand(site, plugin)
    sent = request.files.get("datei")
    try:
        if sent is None or not sent.filename:
            raise MappingError(gettext("Choose a file first."))
        found = mapping.from_file(sent.read(mapping.MAX_FILE + 1), plugin, fields)
        _put(site, plugin, mapping.dump(found), actor)
    except (MappingError, ActivationError) as reason:
        status = 409 if isinstance(reason, ActivationError) else 400
        return _overview(site, plugin, row, fields, error=str(reason)), status
    return redirect(url_for("mapping.show", site=site, plugin=plugin), 303)


@pages.post("/uebernehmen")
def take_over(site: str, plugin: str) -> ResponseReturnValue:
    """Replaces the mapping by that of another centre or of the library."""
    actor, row, fields = _demand(site, plugin)
    wanted = request.form.get("von", "")
    offered = {one.key: one for one in _offers(site, plugin)}
    if wanted not in offered:
        abort(404)
    try:
        found = mapping_library.read(context.the_hub(), plugin, offered[wanted], fields)
        _put(site, plugin, mapping.dump(found), actor)
    except (MappingError, ActivationError) as reason:
        status = 409 if isinstance(reason, ActivationError) else 400
        return _overview(site, plugin, row, fields, error=str(reason)), status
    return redirect(url_for("mapping.show", site=site, plugin=plugin), 303)


def _demand(site: str, plugin: str) -> tuple[Actor, models.Activation, tuple[str, ...]]:
    """Who maps, the stored connection, and the fields that can be mapped there."""
    actor = login.demand("plugin.configure", site)
    hub = context.the_hub()
    row = activations.configured(hub, site, plugin)
    try:
        fields = hub.sites.installed.load(plugin).maps if row else ()
    except Unusable:
        fields = ()
    if row is None or not fields:
        abort(404)
    return actor, row, fields


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _put(site: str, plugin: str, data: Mapping[str, Any], actor: Actor) -> None:
    activations.put_mapping(
        context.the_hub(), site, plugin, data, actor=actor.key, version=_version()
    )


def _loaded(row: models.Activation, fields: tuple[str, ...]) -> FieldMap:
    """The stored mapping; none where a newer plugin cannot use it any more."""
    try:
        return mapping.load(row.mapping or {}, fields)
    except MappingError:
        return EMPTY


def _offers(site: str, plugin: str) -> list[mapping_library.Offer]:
    actor = login.actor()
    others = {key: row.name for key, row in context.sites().items() if key != site}
    readable = [key for key in others if can(actor, "plugin.read", key)]
    return mapping_library.offers(context.the_hub(), plugin, others, readable)


def _sample(site: str, plugin: str) -> tuple[reports.State, Sample | None]:
    with context.the_hub().db.read() as session:
        state = reports.state(session, site, plugin, samples.TASK)
    return state, Sample.load(state.data) if state.ended else None


def _overview(
    site: str, plugin: str, row: models.Activation, fields: tuple[str, ...], error: str = ""
) -> str:
    state, found = _sample(site, plugin)
    current = _loaded(row, fields)
    mapped = {rule.field for rule in current.rules}
    changes = activations.history(context.the_hub(), site, plugin, 30)
    past = [one for one in changes if any(key.startswith("mapping") for key in one.changed)]
    return render_template(
        "mapping.html",
        centre=context.sites()[site],
        plugin=plugin,
        title=source_title(plugin),
        version=row.version,
        shared=row.mapping_shared,
        error=error,
        state=state,
        sample=found,
        rules=[mapping_form.shown_rule(rule) for rule in current.rules],
        vanished=mapping_form.vanished(current.rules, found) if found and not state.open else [],
        unmapped=sorted(
            ((mapping_form.word_for(one), one) for one in fields if one not in mapped),
            key=lambda pair: (pair[1] not in CODED, pair[0].casefold()),
        ),
        names=mapping_form.sources(None, found) if found else [],
        preview=_previewed(site, plugin, found, EMPTY, current) if found and current else [],
        offers=_offers(site, plugin),
        history=connections.told(
            past,
            {f"mapping.{one}": mapping_form.word_for(one) for one in fields},
        ),
        undoable=bool(changes) and changes[0] in past,
        readable=sources.source(context.the_hub(), site, plugin) is not None,
        crumbs=_crumbs(site, plugin),
    )


def _field(
    site: str,
    plugin: str,
    row: models.Activation,
    rule: Rule,
    *,
    known: bool,
    tried: bool = False,
    error: str = "",
) -> str:
    state, found = _sample(site, plugin)
    here = found or _EMPTY_SAMPLE
    page, wanted = asked_page(), asked_text("wort", LONGEST_WORD)
    values, total = mapping_form.values(rule, here, page, wanted)
    if not values and page > 1:
        page = pages_of(total, mapping_form.PER_PAGE)
        values, total = mapping_form.values(rule, here, page, wanted)
    name = mapping_form.word_for(rule.field)
    preview = []
    if found and tried:
        fields = context.the_hub().sites.installed.load(plugin).maps
        before = _loaded(row, fields)
        rest = tuple(one for one in before.rules if one.field != rule.field)
        preview = _previewed(site, plugin, found, before, FieldMap((*rest, rule)), rule)
    return render_template(
        "mapping_field.html",
        centre=context.sites()[site],
        plugin=plugin,
        title=source_title(plugin),
        version=row.version,
        error=error,
        rule=rule,
        name=name,
        known=known,
        coded=rule.field in CODED,
        saved="gespeichert" in request.args and not error and not tried,
        state=state,
        sample=found,
        names=mapping_form.sources(rule, here),
        choices=mapping_form.choices(rule.field),
        separators=mapping_form.SEPARATORS,
        unknowns=mapping_form.UNKNOWNS,
        values=values,
        total=total,
        tried=tried,
        preview=preview,
        wanted=wanted,
        searched=bool(wanted) or total > mapping_form.PER_PAGE,
        page=page,
        pager=pager(
            page,
            pages_of(total, mapping_form.PER_PAGE),
            "mapping.edit",
            {
                "site": site,
                "plugin": plugin,
                "field": rule.field,
                "wort": wanted or None,
                "aus": [] if known else list(rule.sources),
            },
        ),
        crumbs=_crumbs(site, plugin, name),
    )


def _previewed(
    site: str,
    plugin: str,
    found: Sample,
    before: FieldMap,
    after: FieldMap,
    rule: Rule | None = None,
) -> list[dict[str, Any]]:
    """Ten records before and after; those first in which the columns of the rule say something."""
    live = context.the_hub().sites.site(site)
    if plugin not in live.plugins:
        return []

    def concerned(one: Mapping[str, Any]) -> bool:
        return rule is None or any(one["words"].get(name) for name in rule.sources)

    records = sorted(found.records, key=lambda one: not concerned(one))[: sample.PREVIEWED]
    shown = []
    for one in records:
        old, new = (sample.preview(live, plugin, one, each) for each in (before, after))
        shown.append(
            {
                "title": new.title if isinstance(new, Record) else one["place"],
                "reason": new if isinstance(new, str) else "",
                "was": old if isinstance(old, str) else "",
                "changes": _changes(old, new),
            }
        )
    return shown


def _changes(old: Record | str, new: Record | str) -> list[tuple[str, str, str]]:
    """Field, before and after in words."""
    if isinstance(new, str) or isinstance(old, str):
        return []
    return [
        (
            mapping_form.word_for(name),
            mapping_form.in_words(name, was)[:SHOWN],
            mapping_form.in_words(name, now)[:SHOWN],
        )
        for name, was, now in normalise.differences(normalise.dump(old), normalise.dump(new))
    ]


def _crumbs(site: str, plugin: str, field: str = "") -> list[Crumb]:
    here = url_for("mapping.show", site=site, plugin=plugin) if field else ""
    crumbs = [
        Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
        Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
        Crumb(source_title(plugin), url_for("connections.settings", site=site, plugin=plugin)),
        Crumb(gettext("Mapping"), here),
    ]
    return [*crumbs, Crumb(field)] if field else crumbs
