"""The audit log of a centre: who changed what when, with a filter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from hub.identity import audit
from hub.web import context, login
from hub.web.page import Crumb, asked_text

pages = Blueprint("log", __name__, url_prefix="/<site>/verwaltung/protokoll")

ACTION = {
    "account.register": lazy_gettext("Account registered"),
    "login.code": lazy_gettext("Code for another login"),
    "login.fail": lazy_gettext("Login service does not work"),
    "login.link": lazy_gettext("Login added"),
    "login.refuse": lazy_gettext("Login refused"),
    "password.reset": lazy_gettext("New password by mail"),
    "person.erase": lazy_gettext("Account erased"),
    "passkey.add": lazy_gettext("Security key added"),
    "passkey.remove": lazy_gettext("Security key removed"),
    "person.invite": lazy_gettext("Link for a login"),
    "plugin.configure": lazy_gettext("Connection configured"),
    "plugin.copy": lazy_gettext("Set-up of another centre taken over"),
    "plugin.disable": lazy_gettext("Connection switched off"),
    "plugin.enable": lazy_gettext("Connection switched on"),
    "plugin.mapping": lazy_gettext("Mapping changed"),
    "plugin.provision": lazy_gettext("Connection set up from a file"),
    "plugin.undo": lazy_gettext("Last change undone"),
    "role.grant": lazy_gettext("Role granted"),
    "role.revoke": lazy_gettext("Role taken back"),
    "flow.off": lazy_gettext("Figures no longer flow to the Landesmedienzentren"),
    "flow.on": lazy_gettext("Figures flow to the Landesmedienzentren"),
    "recommendation.accept": lazy_gettext("Recommendations from outside shown or not"),
    "recommendation.create": lazy_gettext("Recommendation begun"),
    "recommendation.delete": lazy_gettext("Recommendation deleted"),
    "recommendation.edit": lazy_gettext("Recommendation changed"),
    "recommendation.move": lazy_gettext("Recommendation moved"),
    "recommendation.publish": lazy_gettext("Recommendation published"),
    "recommendation.undo": lazy_gettext("Change of a recommendation undone"),
    "recommendation.withdraw": lazy_gettext("Recommendation withdrawn"),
    "report.issue": lazy_gettext("Yearly report issued"),
    "second_factor.demand": lazy_gettext("Second factor demanded or not"),
    "site.edit": lazy_gettext("Profile changed"),
    "site.undo": lazy_gettext("Earlier profile restored"),
    "site.import": lazy_gettext("Centre loaded from a file"),
    "sync.schedule": lazy_gettext("Time of reading changed"),
    "team.add": lazy_gettext("Named in the team"),
    "team.remove": lazy_gettext("Taken out of the team"),
    "token.create": lazy_gettext("Token for a program made"),
    "token.revoke": lazy_gettext("Token for a program taken back"),
}
"""Actions in words; whatever is not named here goes by its own name."""
LONGEST = 300
"""Characters of a change that are shown; the shell shows all (`hub plugins history`)."""


@pages.get("")
def listing(site: str) -> str:
    reader = login.demand("audit.read", site)
    row = context.sites()[site]
    action, words = asked_text("was", 60), asked_text("q", 100)
    older = request.args.get("vor", "")
    before = int(older) if older.isascii() and older.isdigit() and len(older) < 10 else None
    with context.the_hub().db.read() as session:
        found, more = audit.entries(
            session, reader, site, action=action, words=words, before=before
        )
        known = audit.actions(session, reader, site)
    chosen: dict[str, Any] = {"site": site, "was": action or None, "q": words or None}
    return render_template(
        "log.html",
        centre=row,
        entries=[(one, ACTION.get(one.action, one.action), _change(one)) for one in found],
        actions=[("", gettext("Everything")), *((one, ACTION.get(one, one)) for one in known)],
        action=action,
        words=words,
        next=url_for("log.listing", **chosen, vor=found[-1].id) if more else "",
        first=url_for("log.listing", **chosen) if before is not None else "",
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Log of changes")),
        ],
    )


def _change(entry: audit.Entry) -> str:
    """What differs between before and after, in one line."""
    names = sorted({*entry.before, *entry.after})
    changed = [name for name in names if entry.before.get(name) != entry.after.get(name)]
    parts = [
        f"{name}: {_value(entry.before, name)} → {_value(entry.after, name)}" for name in changed
    ]
    text = "; ".join(parts)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _value(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "–"
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
