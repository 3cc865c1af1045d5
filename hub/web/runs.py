"""What the runs of a source did: counts, differences field by field, and what was rejected."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from hub.catalogue import normalise, offers, raw, run_progress, run_reports, runs
from hub.catalogue.run_progress import Phase, Progress
from hub.catalogue.runs import RunError
from hub.identity.permissions import can
from hub.models import SyncRun
from hub.web import context, login, mapping_form
from hub.web.field_words import FIELDS, field_word
from hub.web.offer import source_title
from hub.web.page import Crumb, asked_page, asked_text, pager, pages_of
from hub.web.reject_words import place_words, reason_words
from hub.web.sheets import FORMATS, download

pages = Blueprint("runs", __name__, url_prefix="/<site>/verwaltung/laeufe")

SHOWN = 30
PER_PAGE = 100
MAX_FILE = 10_000
LONGEST_PLUGIN = 40
OVER = 286
"""The status by which htmx stops asking again."""
STATES = {
    "running": (lazy_gettext("Being read now"), "info"),
    "succeeded": (lazy_gettext("Successful"), "success"),
    "held": (lazy_gettext("Waits for a decision"), "warning"),
    "failed": (lazy_gettext("Failed"), "danger"),
    "superseded": (lazy_gettext("Overtaken by a later run"), "info"),
    "refused": (lazy_gettext("Withdrawal refused"), "info"),
    "stuck": (lazy_gettext("No sign of life"), "danger"),
    "killed": (lazy_gettext("Broken off"), "warning"),
}


@pages.get("")
def listing(site: str) -> str:
    login.demand("run.read", site)
    plugin = asked_text("plugin", LONGEST_PLUGIN)
    with context.the_hub().db.read() as session:
        found = runs.history(session, site=site, plugin=plugin or None, limit=SHOWN)
        rows = [(run, STATES[_state(run)], source_title(run.plugin)) for run in found]
        waiting = run_reports.queued(session, site)
        present = _progress(session, site, plugin) if plugin else None
        session.expunge_all()
    return render_template(
        "runs.html",
        centre=context.sites()[site],
        rows=rows,
        plugin=plugin,
        title=source_title(plugin) if plugin else "",
        waiting=[source_title(name) for name in waiting if not plugin],
        progress=present if present and present.phase is not Phase.ENDED else None,
        crumbs=[*_crumbs(site), Crumb(gettext("Runs"))],
    )


@pages.get("/stand")
def progress(site: str) -> ResponseReturnValue:
    """How far a source is, as a part of a page that asks for it again and again."""
    login.demand("run.read", site)
    plugin = asked_text("plugin", LONGEST_PLUGIN)
    if "HX-Request" not in request.headers:
        return redirect(url_for("runs.listing", site=site, plugin=plugin or None), 303)
    with context.the_hub().db.read() as session:
        present = _progress(session, site, plugin)
        session.expunge_all()
    answer = make_response(
        render_template(
            "run_progress.html",
            centre=context.sites()[site],
            plugin=plugin,
            progress=present,
            state=STATES[_state(present.run)] if present.run else None,
        )
    )
    answer.status_code = OVER if present.over else 200
    return answer


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
    sheet = [[place_words(place), reason_words(reason), shown] for place, reason, shown in rows]
    return download(form, f"lauf-{number}-abgelehnt", header, sheet)


@pages.get("/angebot/<int:number>")
def offer(site: str, number: int) -> str:
    """What the source sent of an offer, beside what the hub made of it."""
    login.demand("run.read", site)
    with context.the_hub().db.read() as session:
        view = offers.by_ids(session, [number]).get(number)
        if view is None or view.site != site:
            abort(404)
        sent = raw.of_offer(session, number)
        changes = run_reports.changes_of(session, number, PER_PAGE)
    title = source_title(view.plugin)
    made = normalise.differences("{}", normalise.dump(view.record))
    return render_template(
        "run_offer.html",
        centre=context.sites()[site],
        offer=view,
        title=view.record.title,
        source=title,
        sent=sent,
        fields=[
            (name, mapping_form.in_words(name, text)) for name, _, text in made if name in FIELDS
        ],
        changes=changes,
        field_word=field_word,
        crumbs=[
            *_crumbs(site),
            Crumb(title, url_for("runs.listing", site=site, plugin=view.plugin)),
            Crumb(view.record.title),
        ],
    )


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
        present = _progress(session, site, run.plugin) if run.state == "running" else None
        session.expunge_all()
    title = source_title(run.plugin)
    state = _state(run)
    return render_template(
        "run.html",
        centre=context.sites()[site],
        run=run,
        title=title,
        plugin=run.plugin,
        progress=present,
        state=STATES[state],
        changes=changes,
        field_word=field_word,
        change_total=total,
        reasons=reasons,
        problem=problem,
        may_decide=state == "held" and can(login.actor(), "run.decide", site),
        pager=pager(page, pages_of(total, PER_PAGE), "runs.show", {"site": site, "number": number}),
        crumbs=[
            *_crumbs(site),
            Crumb(title, url_for("runs.listing", site=site, plugin=run.plugin)),
            Crumb(gettext("Run %(number)s", number=number)),
        ],
    )


def _progress(session: Session, site: str, plugin: str) -> Progress:
    return run_progress.progress(session, site, plugin, context.now())


def _run(found: SyncRun | None) -> SyncRun:
    return found if found is not None else abort(404)


def _state(run: SyncRun) -> str:
    if runs.stuck(run):
        return "stuck"
    return "killed" if run.state == "running" and not runs.alive(run) else run.state


def _crumbs(site: str) -> list[Crumb]:
    return [
        Crumb(context.sites()[site].name, url_for("centres.profile", site=site)),
        Crumb(gettext("Connections"), url_for("connections.listing", site=site)),
    ]
