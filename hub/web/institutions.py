"""Institutions and who may borrow for them: the pages of the staff, and those of a person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hub.identity import desk_codes
from hub.identity.permissions import can, visible
from hub.institutions import borrowers, find, history, serving
from hub.institutions.borrowers import BorrowerError, Registration
from hub.models import Borrower, Institution
from hub.web import context, login
from hub.web.page import Crumb, asked_text

pages = Blueprint("institutions", __name__)

MOST = 50
REASONS = {
    "not_served": lambda: gettext("This centre does not serve the institution."),
    "closed": lambda: gettext("The institution has closed."),
    "code": lambda: gettext("This code does not fit, or is too old. Ask the centre for a new one."),
    "no_address": lambda: gettext(
        "There is no address to which the code could go. Approve the person at the desk."
    ),
}


# The staff


@pages.get("/<site>/verwaltung/einrichtungen")
def listing(site: str) -> str:
    actor = login.demand("institution.read", site)
    text = asked_text("q", find.LONGEST_QUERY)
    after = (asked_text("nach", 500), min(request.args.get("nummer", 0, type=int), 2**31 - 1))
    with context.the_hub().db.read() as session:
        if text:
            found = find.find(session, text, context.today(), MOST)
            hits = [hit for hit in found.hits if site in hit.sites]
        else:
            hits = find.listing(session, context.today(), site=site, after=after, limit=MOST)
        waiting = [
            one
            for one in borrowers.at_site(session, visible(actor, Borrower, "borrower.manage"), site)
            if one.borrower.state == borrowers.OPEN
        ]
        return _render(
            "institutions.html",
            site,
            hits=hits,
            text=text,
            waiting=waiting,
            last=hits[-1].institution if len(hits) == MOST and not text else None,
            today=context.today(),
            crumbs=[],
        )


@pages.get("/<site>/verwaltung/einrichtungen/<int:number>")
def show(site: str, number: int) -> str:
    login.demand("institution.read", site)
    return _institution(site, number)


@pages.post("/<site>/verwaltung/entleihende/<int:number>/freischalten")
def approve(site: str, number: int) -> ResponseReturnValue:
    actor = login.demand("borrower.manage", site)
    with context.the_hub().db.write() as session:
        row = _borrower(session, site, number)
        borrowers.approve(session, row, by=actor.key)
        institution = row.institution_id
    return redirect(url_for("institutions.show", site=site, number=institution), 303)


@pages.post("/<site>/verwaltung/entleihende/<int:number>/sperren")
def suspend(site: str, number: int) -> ResponseReturnValue:
    actor = login.demand("borrower.manage", site)
    reason = request.form.get("reason", "").strip()
    with context.the_hub().db.write() as session:
        row = _borrower(session, site, number)
        institution = row.institution_id
        if reason and len(reason) <= borrowers.LONGEST_REASON and reason.isprintable():
            borrowers.suspend(session, row, reason, by=actor.key)
            return redirect(url_for("institutions.show", site=site, number=institution), 303)
    problem = (f"reason-{number}", gettext("Please write why, in one line; the person sees it."))
    return _institution(site, institution, problem=problem), 400


@pages.post("/<site>/verwaltung/entleihende/<int:number>/code")
def code(site: str, number: int) -> ResponseReturnValue:
    """A code for the institution's own address; it is shown once, and mailed there if mails are."""
    actor = login.demand("borrower.manage", site)
    try:
        with context.the_hub().db.write() as session:
            row = _borrower(session, site, number)
            institution = row.institution_id
            made = borrowers.new_code(session, row, by=actor.key)
            mailed = bool(context.the_hub().settings.mail_url) and borrowers.mail_code(
                session, row, made, context.public_address("institutions.mine")
            )
    except BorrowerError as error:
        return _institution(site, institution, problem=("inhalt", REASONS[error.reason]())), 409
    return _institution(site, institution, code=(number, made), mailed=mailed)


@pages.post("/<site>/verwaltung/entleihende/<int:number>/anmeldung")
def login_code(site: str, number: int) -> ResponseReturnValue:
    """A code by which the person, who stands at the desk, adds another login; shown once."""
    actor = login.demand("borrower.manage", site)
    try:
        with context.the_hub().db.write() as session:
            row = _borrower(session, site, number)
            institution = row.institution_id
            made = desk_codes.new(session, row.person_id, site, by=actor.key)
    except desk_codes.CodeRefused:
        problem = ("inhalt", gettext("Who works for a centre adds logins in their own account."))
        return _institution(site, institution, problem=problem), 409
    return _institution(site, institution, login_code=made)


def _borrower(session: Session, site: str, number: int) -> Borrower:
    """A registration at this site; none of another exists here."""
    row = session.get(Borrower, number) if number < 2**31 else None
    if row is None or row.site_key != site:
        abort(404)
    return row


def _institution(
    site: str,
    number: int,
    *,
    problem: tuple[str, str] | None = None,
    code: tuple[int, str] | None = None,
    mailed: bool = False,
    login_code: str = "",
) -> str:
    actor = login.actor()
    with context.the_hub().db.read() as session:
        row = session.get(Institution, number) if number < 2**31 else None
        if row is None or site not in serving.sites_of(session, [row.id]).get(row.id, ()):
            abort(404)
        found = borrowers.at_site(
            session, visible(actor, Borrower, "borrower.manage"), site, institution=row.id
        )
        return _render(
            "institution.html",
            site,
            row=row,
            address=borrowers.address(row),
            registrations=found,
            changes=history.of(session, row.id),
            may_manage=can(actor, "borrower.manage", site),
            problem=problem,
            problems=[problem] if problem else [],
            code=code,
            mailed=mailed,
            login_code=login_code,
            today=context.today(),
            crumbs=[Crumb(row.name)],
        )


def _render(template: str, site: str, *, crumbs: list[Crumb], **values: Any) -> str:
    row = context.sites()[site]
    here = gettext("Institutions and borrowers")
    up = url_for("institutions.listing", site=site) if crumbs else ""
    return render_template(
        template,
        centre=row,
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(here, up),
            *crumbs,
        ],
        **values,
    )


# A person


@pages.get("/konto/einrichtungen")
def mine() -> str:
    login.demand("account.read")
    return _mine()


@pages.post("/konto/einrichtungen")
def register() -> ResponseReturnValue:
    actor = login.demand("account.edit")
    if actor.person_id is None:
        abort(404)
    number = request.form.get("institution", 0, type=int)
    site = request.form.get("site", "")
    if not 0 < number < 2**31:
        abort(400)
    try:
        with context.the_hub().db.write() as session:
            borrowers.register(session, actor.person_id, number, site, context.today())
    except BorrowerError as error:
        return _mine(("q", REASONS[error.reason]())), 400
    return redirect(url_for("institutions.mine"), 303)


@pages.post("/konto/einrichtungen/<int:number>/code")
def redeem(number: int) -> ResponseReturnValue:
    """The person types the code that went to the institution."""
    actor = login.demand("account.edit")
    problem = None
    with context.the_hub().db.write() as session:
        row = session.get(Borrower, number) if number < 2**31 else None
        if row is None or row.person_id != actor.person_id:
            abort(404)
        try:
            borrowers.redeem(session, row, request.form.get("code", "")[:40], by=actor.key)
        except BorrowerError as error:  # the code is used up all the same
            problem = (f"code-{number}", REASONS[error.reason]())
    if problem:
        return _mine(problem), 400
    return redirect(url_for("institutions.mine"), 303)


def _mine(problem: tuple[str, str] | None = None) -> str:
    actor = login.actor()
    text = asked_text("q", find.LONGEST_QUERY)
    with context.the_hub().db.read() as session:
        registered: list[Registration] = (
            borrowers.of_person(session, actor.person_id) if actor.person_id is not None else []
        )
        hits = find.find(session, text, context.today(), 20).hits if text else ()
        return render_template(
            "my_institutions.html",
            registered=registered,
            taken={(one.institution.id, one.borrower.site_key) for one in registered},
            hits=[
                hit
                for hit in hits
                if hit.institution.closed_on is None or hit.institution.closed_on >= context.today()
            ],
            text=text,
            sites=context.sites(),
            problem=problem,
            problems=[problem] if problem else [],
            crumbs=[
                Crumb(gettext("My account"), url_for("account.overview")),
                Crumb(gettext("My institutions")),
            ],
        )
