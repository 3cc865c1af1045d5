"""The mails of a centre: to whom, about what, and why one did not go out."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hub.booking import mailbox
from hub.identity.permissions import visible
from hub.mail import outbox
from hub.models import Mail
from hub.web import context, login
from hub.web.page import Crumb

pages = Blueprint("mails", __name__, url_prefix="/<site>/verwaltung/mails")

STATE = {
    outbox.WAITING: lazy_gettext("waits"),
    outbox.SENT: lazy_gettext("sent"),
    outbox.GIVEN_UP: lazy_gettext("given up"),
}
REASON = {
    outbox.NO_ADDRESS: lazy_gettext("This is no address that a mail can be sent to."),
    outbox.NO_SERVER: lazy_gettext("No mail server is set up. The operator of the hub can do it."),
    outbox.NO_WORKER: lazy_gettext("Nothing was running that sends mails. Tell the operator."),
}
"""Our own reasons in words; any other is the mail server's, which stands as it is."""


@pages.get("")
def listing(site: str) -> str:
    reader = login.demand("booking.manage", site)
    row = context.sites()[site]
    with context.the_hub().db.read() as session:
        found = outbox.at_site(session, visible(reader, Mail, "booking.manage"), site)
        looked = mailbox.state(session)
    return render_template(
        "mails.html",
        centre=row,
        reads=bool(context.the_hub().settings.inbox_url),
        looked=looked,
        mails=[
            (
                one,
                outbox.state(one),
                STATE[outbox.state(one)],
                REASON.get(one.error, one.error),
                outbox.can_retry(one),
            )
            for one in found
        ],
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Mails")),
        ],
    )


@pages.post("/<int:number>/nochmal")
def retry(site: str, number: int) -> ResponseReturnValue:
    """After what kept it back is mended."""
    login.demand("booking.manage", site)
    with context.the_hub().db.write() as session:
        mail = session.get(Mail, number) if number < 2**31 else None
        if mail is None or mail.site_key != site or mail.confidential:
            abort(404)
        if outbox.can_retry(mail):
            outbox.retry(session, number)
    return redirect(url_for("mails.listing", site=site), 303)
