"""What the runs of a source did: counts, differences field by field, and what was rejected."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub.catalogue import run_reports, runs
from hub.catalogue.runs import RunError
from hub.identity.permissions import can
from hub.models import SyncRun
from hub.web import context, login
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_page, asked_text, pager, pages_of
from hub.web.sheets import FORMATS, download

pages = Blueprint("runs", __name__, url_prefix="/<site>/verwaltung/laeufe")

SHOWN = 30
PER_PAGE = 100
MAX_FILE = 10_000
STATES = {
    "running": (lazy_gettext("Being read now"), "info"),
    "succeeded": (lazy_gettext("Successful"), "success"),
    "held": (lazy_gettext("Waits for a decision"), "warning"),
    "failed": (lazy_gettext("Failed"), "danger"),
    "superseded": (lazy_gettext("Overtaken by a later run"), "info"),
    "refused": (lazy_gettext("Withdrawal refused"), "info"),
    "stuck": (lazy_gettext("No sign of life"), "danger"),
}


@pages.get("")
def listing(site: str) -> str:
    login.demand("run.read", site)
    plugin = asked_text("plugin", 40)
    with context.the_hub().db.read() as session:
        found = runs.history(session, site=site, plugin=plugin or None, limit=SHOWN)
        rows = [(run, STATES[_state(run)], source_title(run.plugin)) for run in found]
        waiting = run_reports.queued(session, site)
        session.expunge_all()
    return render_template(
        "runs.html",
        centre=context.sites()[site],
        rows=rows,
        plugin=plugin,
        title=source_title(plugin) if plugin else "",
        waiting=[source_title(name) for name in waiting if not plugin or name == plugin],
        crumbs=[*_crumbs(site), Crumb(gettext("Runs"))],
    )


@pages.get("/<int:number>")
def show(site: str, number: int) -> str:
    login.demand("run.read", site)
    return _page(site, number, "")


@pages.get("/<int:number>/abgelehnt.<form>")
def rejects(site: str, number: int, form: str) -> ResponseReturnValue:
    """The full list, for whoever mends the source."""
    login.demand("run.read", site)
    if form not in FORMATS:
        abort(404)
    with context.the_hub().db.read() as session:
        _run(run_reports.run_of(session, site, number))
        rows = run_reports.rejects(session, number, MAX_FILE)
    header = [gettext("Record"), gettext("Reason"), gettext("Excerpt")]
    return download(form, f"lauf-{number}-abgelehnt", header, [list(row) for row in rows])


@pages.post("/<int:number>/freigeben")
def release(site: str, number: int) -> ResponseReturnValue:
    return _decide(site, number, release_it=True)


@pages.post("/<int:number>/verwerfen")
def refuse(site: str, number: int) -> ResponseReturnValue:
    return _decide(site, number, release_it=False)


def _decide(site: str, number: int, *, release_it: bool) -> ResponseReturnValue:
    login.demand("run.decide", site)
    db = context.the_hub().db
    with db.read() as session:
        _run(run_reports.run_of(session, site, number))
    try:
        (runs.release if release_it else runs.refuse)(db, number)
    except RunError:
        decided = gettext("Somebody has decided about this run before, or it waits for nobody.")
        return _page(site, number, decided), 409
    return redirect(url_for("runs.show", site=site, number=number), 303)


def _page(site: str, number: int, problem: str) -> str:
    with context.the_hub().db.read() as session:
        run = _run(run_reports.run_of(session, site, number))
        total = run_reports.change_count(session, number)
        page = min(asked_page(), pages_of(total, PER_PAGE))
        changes = run_reports.changes(session, number, PER_PAGE, (page - 1) * PER_PAGE)
        reasons = run_reports.reasons(session, number)
        session.expunge_all()
    title = source_title(run.plugin)
    state = _state(run)
    return render_template(
        "run.html",
        centre=context.sites()[site],
        run=run,
        title=title,
        state=state,
        state_text=STATES[state],
        changes=changes,
        change_total=total,
        reasons=reasons,
        problem=problem,
        may_decide=can(login.actor(), "run.decide", site),
        pager=pager(page, pages_of(total, PER_PAGE), "runs.show", {"site": site, "number": number}),
        crumbs=[
            *_crumbs(site),
            Crumb(title, url_for("runs.listing", site=site, plugin=run.plugin)),
            Crumb(gettext("Run %(number)s", number=number)),
        ],
    )


def _run(found: SyncRun | None) -> SyncRun:
    return found if found is not None else abort(404)


def _state(run: SyncRun) -> str:
    return "stuck" if runs.stuck(run) else run.state


def _crumbs(site: str) -> list[Crumb]:
    return [
        Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
        Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
    ]
