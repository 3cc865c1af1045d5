"""What a centre does with personal data, from what is switched on there: on paper and as PDF.

The Verzeichnis von Verarbeitungstätigkeiten (DSGVO Art. 30 (1)) for the centre's admins; the
privacy notice for everybody is made of the same (`hub.web.centres`).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, url_for
from flask_babel import gettext

from hub.formats import pdf
from hub.identity import register
from hub.models import Site
from hub.plugin import PersonalData
from hub.web import about, context, login
from hub.web.language import language
from hub.web.page import Crumb

pages = Blueprint("processing", __name__, url_prefix="/<site>/verwaltung/verzeichnis")


@dataclass(frozen=True, slots=True)
class Activity:
    """A part of the hub, what it keeps of persons, and the hosts to which it connects."""

    part: str
    data: PersonalData
    hosts: tuple[str, ...]

    def facts(self) -> list[tuple[str, str]]:
        """As the law lists them, label and text."""
        return [
            (gettext("Purpose"), self.data.purpose[language()]),
            (
                gettext("Persons concerned"),
                gettext("people with an account at the centre, or who book there; no pupils"),
            ),
            (gettext("Data"), self.data.what[language()]),
            (gettext("Passed on to"), ", ".join(self.hosts) or gettext("nobody")),
            (gettext("Kept for"), self.data.retention[language()]),
        ]


def activities(site: str) -> list[Activity]:
    """What happens at a site: the hub's own part first, then that of each enabled plugin."""
    found = [Activity(gettext("Login and permissions"), item, ()) for item in register.OWN]
    for one in context.the_hub().sites.enabled(site):
        plugin = about.plugin(one.name)
        if plugin is not None:
            title = plugin.title[language()]
            found += [Activity(title, item, plugin.hosts) for item in plugin.personal_data]
    return found


@pages.get("")
def show(site: str) -> str:
    login.demand("audit.read", site)
    row = context.sites()[site]
    return render_template(
        "processing.html",
        centre=row,
        facts=_centre(site),
        activities=activities(site),
        measures=_measures(site),
        crumbs=[
            Crumb(row.name, url_for("centres.profile", site=site)),
            Crumb(gettext("Records of processing")),
        ],
    )


@pages.get("/verzeichnis.pdf")
def as_pdf(site: str) -> Response:
    login.demand("audit.read", site)
    title = f"{gettext('Records of processing')}: {context.sites()[site].name}"
    sheet = pdf.Sheet(title, language(), context.now())
    sheet.heading(title)
    sheet.facts(_centre(site))
    for one in activities(site):
        sheet.heading(one.part, 13)
        sheet.facts(one.facts())
    sheet.heading(gettext("Technical and organisational measures"), 13)
    for text in _measures(site):
        sheet.text(text)
    answer = Response(sheet.content(), mimetype=pdf.TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="verzeichnis-{site}.pdf"'
    return answer


def _centre(site: str) -> list[tuple[str, str]]:
    """Who answers for it; what the hub cannot know is left to be written in by hand."""
    row = context.sites()[site]
    contact = row.contact
    place = " ".join(filter(None, (contact.get("postcode"), contact.get("town"))))
    written = "_" * 30
    return [
        (gettext("Responsible"), row.name),
        (gettext("Address"), ", ".join(filter(None, (contact.get("street"), place))) or written),
        (gettext("E-mail address"), contact.get("email") or written),
        (gettext("Its authority, and who represents it"), written),
        (gettext("Data protection officer"), written),
        (gettext("Countries outside the EU"), gettext("none, unless a host named below is there")),
        (gettext("As of"), context.today().strftime("%d.%m.%Y")),
    ]


def _measures(site: str) -> list[str]:
    """What protects the data (Art. 32), as far as it is true of this installation."""
    hub = context.the_hub()
    with hub.db.read() as session:
        demanded = session.get_one(Site, site).second_factor
    return [
        gettext(
            "Rights by role and centre: what no rule allows is forbidden, and the data of "
            "another centre does not exist for its neighbours."
        ),
        gettext("Staff log in with a second factor.")
        if demanded
        else gettext("Staff log in with a password; a second factor is not demanded."),
        gettext("Transport is encrypted (TLS).")
        if login.is_secure()
        else gettext("Transport is not encrypted by the hub."),
        gettext(
            "Passwords are kept as Argon2id hashes, tokens and codes as hashes, credentials of "
            "other systems encrypted."
        ),
        gettext(
            "Logins end after two hours without use and after twelve at most; guessing is "
            "slowed down."
        ),
        gettext("Changes of rights and settings are logged for twelve months."),
        gettext("What is past its time is erased every night by the hub itself."),
    ]
