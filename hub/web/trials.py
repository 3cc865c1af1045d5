"""Dry runs on a page: what reading a source now would add, change, withdraw and reject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub.identity.permissions import can
from hub.jobs import reports, sources, trials
from hub.jobs.sources import Source
from hub.web import context, login
from hub.web.field_words import field_word
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_page, pager, pages_of

pages = Blueprint("trials", __name__, url_prefix="/<site>/verwaltung/plugins/<plugin>/probelauf")

PER_PAGE = 100


@pages.get("")
def show(site: str, plugin: str) -> str:
    login.demand("run.read", site)
    _source(site, plugin)
    with context.the_hub().db.read() as session:
        state = reports.state(session, site, plugin, trials.TASK)
    found = state.data if state.ended and not state.open else {}
    differences = found.get("differences", [])
    page = min(asked_page(), pages_of(len(differences), PER_PAGE))
    shown = differences[(page - 1) * PER_PAGE : page * PER_PAGE]
    title = source_title(plugin)
    return render_template(
        "trial.html",
        centre=context.sites()[site],
        plugin=plugin,
        title=title,
        state=state,
        done=sum(state.data.get(name, 0) for name in ("added", "changed", "unchanged", "rejected")),
        found=found,
        differences=[(record, field_word(field), old, new) for record, field, old, new in shown],
        reasons=_reasons(found.get("rejects", [])),
        most=trials.MOST,
        may_start=can(login.actor(), "run.start", site),
        pager=pager(
            page,
            pages_of(len(differences), PER_PAGE),
            "trials.show",
            {"site": site, "plugin": plugin},
        ),
        crumbs=[
            Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
            Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
            Crumb(title, url_for("connections.settings", site=site, plugin=plugin)),
            Crumb(gettext("Dry run")),
        ],
    )


@pages.post("")
def start(site: str, plugin: str) -> ResponseReturnValue:
    """Puts a dry run into the queue; a second click changes nothing."""
    login.demand("run.start", site)
    source = _source(site, plugin)
    with context.the_hub().db.write() as session:
        reports.ask(session, source, trials.TASK)
    return redirect(url_for("trials.show", site=site, plugin=plugin), 303)


def _source(site: str, plugin: str) -> Source:
    return sources.source(context.the_hub(), site, plugin) or abort(404)


def _reasons(rejects: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """Each reason with its number and one record as an example, the most frequent first."""
    counted = Counter(one["reason"] for one in rejects)
    examples = {one["reason"]: one["source_id"] for one in reversed(rejects)}
    return [(reason, number, examples[reason]) for reason, number in counted.most_common()]
