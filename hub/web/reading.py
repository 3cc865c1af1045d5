"""Who reads this page, as licences see them."""

from __future__ import annotations

from flask import g

from hub.catalogue.reader import Reader
from hub.catalogue.reader import reader as find
from hub.web import context, login


def reader() -> Reader | None:
    """Whoever sent this request; None for somebody who is not logged in."""
    if "reader" not in g:
        who = login.actor()
        g.reader = None
        if who.logged_in:
            with context.the_hub().db.read() as session:
                g.reader = find(session, who, context.today())
    found: Reader | None = g.reader
    return found
