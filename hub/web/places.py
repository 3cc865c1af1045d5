"""The pages of a centre's staff: who finds which of them, under what name, and what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask_babel import gettext


class Place(NamedTuple):
    """A page of the staff: who finds it here, and what it is for."""

    action: str
    endpoint: str
    label: str
    purpose: str


def places() -> Sequence[tuple[str, Sequence[Place]]]:
    """Every page of the staff, by subject, in the language of the request."""
    return (
        (
            gettext("Day by day"),
            (
                Place(
                    "desk.use",
                    "desk.today",
                    gettext("Desk"),
                    gettext("Decide, hand out and take back, today’s work"),
                ),
                Place(
                    "desk.use",
                    "papers.tours",
                    gettext("Courier tours"),
                    gettext("What goes out and comes back with the Medientransport"),
                ),
                Place(
                    "institution.read",
                    "institutions.listing",
                    gettext("Institutions and borrowers"),
                    gettext("Who may borrow, and whom to approve"),
                ),
                Place(
                    "booking.manage",
                    "mails.listing",
                    gettext("Mails"),
                    gettext("What went out, and what did not"),
                ),
            ),
        ),
        (
            gettext("Catalogue and licences"),
            (
                Place(
                    "plugin.read",
                    "connections.listing",
                    gettext("Connections"),
                    gettext("Sources, systems for bookings and logins: switch on, set up, mend"),
                ),
                Place(
                    "run.read",
                    "runs.listing",
                    gettext("Runs"),
                    gettext("What each source brought, and what it did not"),
                ),
                Place(
                    "grant.manage",
                    "licences.listing",
                    gettext("Licences"),
                    gettext("Enter licences of the centre"),
                ),
                Place(
                    "grant.manage",
                    "licences.ending",
                    gettext("Licences that end"),
                    gettext("In the next 3, 6 and 12 months, with their use"),
                ),
                Place(
                    "wish.read",
                    "demand.listing",
                    gettext("Requests for licences"),
                    gettext("Media that your users ask for"),
                ),
                Place(
                    "grant.manage",
                    "purchases.of_site",
                    gettext("Buying together"),
                    gettext("What the Landesmedienzentrum asks your centre"),
                ),
                Place(
                    "wish.read",
                    "lacking.of_site",
                    gettext("What many have"),
                    gettext("Media of other centres that yours lacks"),
                ),
                Place(
                    "wish.read",
                    "missed.of_site",
                    gettext("Searched for in vain"),
                    gettext("Words for which your users found nothing"),
                ),
                Place(
                    "work.review",
                    "works.listing",
                    gettext("The same works"),
                    gettext("Which offers are the same medium"),
                ),
            ),
        ),
        (
            gettext("The centre"),
            (
                Place(
                    "site.edit",
                    "profile.show",
                    gettext("Profile"),
                    gettext("How the centre presents itself"),
                ),
                Place(
                    "site.edit",
                    "team.listing",
                    gettext("Team"),
                    gettext("Who is named, with Medienberatung"),
                ),
                Place(
                    "recommendation.edit",
                    "recommending.listing",
                    gettext("Recommendations of the centre"),
                    gettext("Lists and announcements on the centre’s pages"),
                ),
                Place(
                    "rules.edit",
                    "booking_rules.hours",
                    gettext("Opening hours"),
                    gettext("Hours, closing days and holidays"),
                ),
                Place(
                    "rules.edit",
                    "booking_rules.show",
                    gettext("Rules of booking"),
                    gettext("Terms, limits and who decides, by kind of borrower"),
                ),
                Place(
                    "site.edit",
                    "embedding.builder",
                    gettext("Embed"),
                    gettext("Search and lists in the centre’s own web site"),
                ),
            ),
        ),
        (
            gettext("Figures"),
            (
                Place(
                    "statistics.read",
                    "statistics.of_site",
                    gettext("Statistics"),
                    gettext("What was used, by month"),
                ),
                Place(
                    "statistics.read",
                    "reports.of_site",
                    gettext("Yearly report"),
                    gettext("As page, PDF and table"),
                ),
                Place(
                    "statistics.read",
                    "flows.show",
                    gettext("What flows to the Landesmedienzentrum"),
                    gettext("Look at it, switch it on or off"),
                ),
            ),
        ),
        (
            gettext("People and protection of data"),
            (
                Place(
                    "staff.read",
                    "staff.listing",
                    gettext("Staff"),
                    gettext("Roles and second factor"),
                ),
                Place(
                    "audit.read",
                    "log.listing",
                    gettext("Log of changes"),
                    gettext("Who changed what, and when"),
                ),
                Place(
                    "audit.read",
                    "processing.show",
                    gettext("Verzeichnis"),
                    gettext("Record of processing, from what is switched on"),
                ),
            ),
        ),
    )
