"""A served network, and a browser that notes whatever a page does wrong."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa
import waitress
from playwright.sync_api import Browser, Page, Request
from sqlalchemy.orm import Session

from hub import activations, models, profile
from hub.app import create_app
from hub.booking import again, blocks, cases, contacts, dates, items, opening, progress
from hub.booking.intervals import Stretch
from hub.catalogue import lists, raw, sharing
from hub.catalogue.page import withdraw
from hub.db import Database, migrate
from hub.errors import Unavailable
from hub.formats.fieldmap import CODED
from hub.identity import accounts, people, tokens
from hub.identity.actor import Role
from hub.jobs import samples, trials
from hub.mail import outbox
from hub.models.base import now
from hub.network import demand, flows, purchases, recommendations, report
from hub.network.recommendations import Content
from hub.network.statistics import Measure, Split
from hub.network.suppression import Shown
from hub.records import AccessMode, Checkpoint, Contact, Grant, Kind, Record, Reject, Scope, Upsert
from tests import bookings
from tests.identities import COOKIE, person, token
from tests.mails import Mailbox
from tests.pages import filled_network, medium, offer_id, pair_up, part, search_live
from tests.sources import Network

DAY = opening.add_days(datetime.now(UTC).date(), 20, opening.is_working_day)
"""A day on which a device can be borrowed."""
BOOKED = "BUCHUNG2"
"""The reference of a booking of the admin."""
ASKED = "ANFRAGE2"
"""The reference of a request of the admin."""
ATTENDED = "WARDA222"
"""The reference of a course in which the admin took part, and of a seat that is held for them."""
OFFERED = "WARTET22"
LED = "LEHTUNG2"
IN_CART, COMING = "LIEGT222", "BALD2222"
"""The references of what lies in the cart of the admin, and of what they have booked for later."""
YEAR = datetime.now(UTC).year
PAGES = {
    "start": "/",
    "search": "/suche?q=wasser",
    "search in English": "/suche?q=wasser&lang=en",
    "search filtered": "/suche?q=wasser&art=medium&zentrum=borken",
    "search long": "/suche?seite=2",
    "search empty": "/suche?q=gibtesnicht",
    "search misspelt": "/suche?q=waser",
    "offer": "/angebot/{water}",
    "offer hostile": "/angebot/{script}",
    "training": "/angebot/{stopmotion}",
    "withdrawn": "/angebot/{w}",
    "search live": "/suche/live?q=wasser",
    "search live failing": "/suche/live?q=wasser&zentrum=coesfeld",
    "opening": "/oeffnen/{open}",
    "opening licensed": "/oeffnen/{water}",
    "opening unknown": "/oeffnen/{many-1}",
    "centres": "/zentren",
    "centres filtered": "/zentren?q=ahaus",
    "centre": "/zentren/borken",
    "centre without offers": "/zentren/leer",
    "password forgotten": "/anmelden/borken/accounts/password/vergessen",
    "password link too old": "/anmelden/borken/accounts/password/neues-passwort/x",
    "password new": "/anmelden/borken/accounts/password/neues-passwort/reset",
    "registration": "/anmelden/borken/accounts/password/registrieren",
    "registration finished": "/anmelden/borken/accounts/password/registrieren/register",
    "finder": "/zentren/finden",
    "finder found": "/zentren/finden?q=borken",
    "finder near": "/zentren/finden?q=46329",
    "finder empty": "/zentren/finden?q=nirgends",
    "my institutions": "/konto/einrichtungen?q=kranichteich",
    "institutions": "/borken/verwaltung/einrichtungen",
    "institution": "/borken/verwaltung/einrichtungen/1",
    "imprint of a centre": "/zentren/borken/impressum",
    "accessibility of a centre": "/zentren/leer/barrierefreiheit",
    "embedded": "/einbetten/borken?farbe=a03010",
    "embedded list": "/einbetten/borken?art=device",
    "embedding": "/zentren/borken/einbetten?farbe=ffff00",
    "embedded profile": "/einbetten/borken/steckbrief?farbe=a03010",
    "profile edited": "/borken/verwaltung/steckbrief",
    "profile history": "/borken/verwaltung/steckbrief/verlauf",
    "profile team": "/borken/verwaltung/steckbrief/team",
    "network": "/netz",
    "network by count": "/netz?mass=medium",
    "matrix": "/netz/matrix?nach=level",
    "matrix of nothing": "/netz/matrix?art=scouts&nach=subject",
    "comparison": "/netz/vergleich?zentrum1=borken&zentrum2=coesfeld&nach=access",
    "comparison of nothing": "/netz/vergleich",
    "trend": "/netz/verlauf",
    "trend of nothing": "/netz/verlauf?zentrum=leer",
    "login": "/anmelden",
    "login form": "/anmelden/borken/accounts/password",
    "login code": "/anmelden/einmal/abc",
    "account": "/konto",
    "api tokens": "/konto/api",
    "my data": "/konto/daten",
    "second factor": "/konto/zweiter-faktor",
    "second factor asked": "/anmelden/code",
    "my needs": "/mein-bedarf",
    "needs": "/borken/verwaltung/bedarf",
    "what many have": "/borken/verwaltung/fehlend",
    "searched in vain": "/borken/verwaltung/vergeblich",
    "purchases": "/netz/einkauf",
    "purchase": "/netz/einkauf/1",
    "purchases asked": "/borken/verwaltung/einkauf",
    "recommendations": "/empfehlungen?zentrum=borken",
    "recommendation": "/empfehlungen/1",
    "recommending": "/borken/verwaltung/empfehlungen",
    "recommending changed": "/borken/verwaltung/empfehlungen/1",
    "embedded dates": "/einbetten/borken/termine?farbe=a03010",
    "embedded recommendations": "/einbetten/borken/empfehlungen?farbe=a03010",
    "media lists": "/meine-listen",
    "media list": "/meine-listen/1?fertig=dazu",
    "media list chosen": "/meine-listen/dazu/{water}",
    "media list shared": "/liste/shared",
    "media list on paper": "/liste/shared/druck",
    "licences": "/borken/verwaltung/lizenzen?fertig=entfernt",
    "licences that end": "/borken/verwaltung/lizenzen/enden?monate=12",
    "works": "/netz/werke",
    "works decided": "/netz/werke?stand=apart",
    "administration": "/borken/verwaltung",
    "statistics": "/borken/verwaltung/statistik",
    "statistics of the network": f"/netz/statistik?jahr={YEAR}",
    "report of the network": f"/netz/bericht?jahr={YEAR}",
    "needs of the network": "/netz/bedarf",
    "works of the network": "/netz/werke",
    "report": "/borken/verwaltung/bericht",
    "report issued": f"/borken/verwaltung/bericht/{YEAR}/2",
    "flows": "/borken/verwaltung/weitergabe",
    "staff": "/borken/verwaltung/personal",
    "processing": "/borken/verwaltung/verzeichnis",
    "mails": "/borken/verwaltung/mails",
    "connections": "/borken/verwaltung/plugins",
    "connection": "/borken/verwaltung/plugins/scripted",
    "connection off": "/borken/verwaltung/plugins/edmond",
    "runs": "/borken/verwaltung/laeufe",
    "quality": "/borken/verwaltung/plugins/scripted/qualitaet",
    "set-up taken over": "/borken/verwaltung/uebernehmen",
    "credentials": "/borken/verwaltung/plugins/edmond/zugangsdaten",
    "dry run": "/borken/verwaltung/plugins/scripted/probelauf",
    "mapping": "/borken/verwaltung/plugins/scripted/zuordnung",
    "mapping field": "/borken/verwaltung/plugins/scripted/zuordnung/feld/subjects?aus=kategorie",
    "run": "/borken/verwaltung/laeufe/1",
    "what a source sent": "/borken/verwaltung/laeufe/angebot/1",
    "log": "/borken/verwaltung/protokoll",
    "privacy of a centre": "/zentren/borken/datenschutz",
    "booking": "/angebot/{device-Tablet-Koffer}/buchen",
    "booking wrong": "/angebot/{device-Tablet-Koffer}/buchen?beginn_tag=31&beginn_monat=2&weiter=1",
    "booking by the hour": "/angebot/{room-MediaLab}/buchen",
    "booking a course": "/angebot/{training-Trickfilm}/buchen",
    "booking check": "/angebot/{device-Tablet-Koffer}/buchen?"
    + urlencode({**dates.fields("beginn", DAY), **dates.fields("ende", DAY), "weiter": 1}),
    "inventory": "/borken/lending/",
    "inventory found": "/borken/lending/?q=bor-1",
    "inventory empty": "/borken/lending/?ausgesondert=1",
    "inventory table": "/borken/lending/tabelle",
    "labels": "/borken/lending/etiketten?modell=1&frei=2",
    "tours": "/borken/verwaltung/touren",
    "model new": "/borken/lending/neu",
    "model": "/borken/lending/modell/1?teil=tafel",
    "model changed": "/borken/lending/modell/1/bearbeiten",
    "piece": "/borken/lending/stueck/1",
    "rooms": "/borken/rooms/",
    "room": "/borken/rooms/room-MediaLab",
    "room new": "/borken/rooms/neu",
    "courses": "/borken/trainings/",
    "courses new": "/borken/trainings/neu",
    "courses one": "/borken/trainings/4",
    "courses changed": "/borken/trainings/4/bearbeiten",
    "courses called off": "/borken/trainings/4/absagen",
    "courses attended": "/borken/trainings/4/teilnahme",
    "courses certificate": f"/meine-buchungen/{ATTENDED}/bescheinigung",
    "courses full": "/angebot/{training-Podcast}/buchen?weiter=1&anzahl=1",
    "courses waited for": "/angebot/{training-Podcast}/buchen?weiter=warten&anzahl=1",
    "courses offered": f"/meine-buchungen/{OFFERED}",
    "requests": "/borken/requests/?art=consulting",
    "stages": "/borken/requests/ablauf?art=scouts&fertig=1",
    "request": f"/borken/requests/fall/{ASKED}",
    "what can be asked for": "/borken/requests/angebote",
    "what can be asked for changed": "/borken/requests/angebote/consulting-Medienkonzept",
    "my request": f"/meine-buchungen/{ASKED}",
    "free": "/buchen?art=device&suchen=1&"
    + urlencode({**dates.fields("beginn", DAY), **dates.fields("ende", DAY)}),
    "free by the hour": "/buchen?art=room&suchen=1",
    "cart": "/korb",
    "cart templates": "/korb/vorlagen",
    "cart change": f"/korb/{IN_CART}",
    "my booking changed": f"/meine-buchungen/{COMING}/aendern",
    "my bookings": "/meine-buchungen",
    "my booking": f"/meine-buchungen/{BOOKED}?neu=1",
    "desk": "/borken/verwaltung/theke?code=nichts",
    "desk booking": f"/borken/verwaltung/buchung/{BOOKED}",
    "rules of booking": "/borken/verwaltung/buchungsregeln",
    "opening hours": "/borken/verwaltung/oeffnungszeiten",
    "desk head": f"/borken/verwaltung/buchung/{LED}",
    "head asked": f"/bestaetigung/{LED}/head",
    "head answered": f"/bestaetigung/{LED}/answered",
    "desk slip": f"/borken/verwaltung/buchung/{BOOKED}/beleg",
    "imprint": "/impressum",
    "privacy": "/datenschutz",
    "accessibility": "/barrierefreiheit",
    "barrier": "/barriere-melden",
    "easy language": "/leichte-sprache",
    "sign language": "/gebaerdensprache",
    "not found": "/nirgends",
}
"""Every page of the hub, and each of its states."""
AS_ADMIN = frozenset(
    {
        "processing",
        "account",
        "administration",
        "purchases asked",
        "searched in vain",
        "what many have",
        "api tokens",
        "connection",
        "connection off",
        "connections",
        "log",
        "mapping",
        "mapping field",
        "mails",
        "my data",
        "run",
        "runs",
        "second factor",
        "staff",
        "works",
        "works decided",
    }
    | {"my institutions", "institutions", "institution"}
    | {"report", "report issued", "flows"}
    | {"profile edited", "profile history", "profile team"}
    | {"booking check", "my bookings", "my booking"}
    | {"desk", "desk booking", "desk head", "desk slip"}
    | {"media lists", "media list", "media list chosen"}
    | {"recommending", "recommending changed"}
    | {"my needs", "needs", "statistics", "dry run", "quality", "what a source sent"}
    | {"cart", "cart change", "cart templates", "my booking changed"}
    | {"licences", "licences that end"}
    | {"set-up taken over", "credentials"}
    | {"inventory", "inventory found", "inventory empty", "inventory table", "labels", "tours"}
    | {"model new", "model", "model changed", "piece"}
    | {"rules of booking", "opening hours"}
    | {"rooms", "room", "room new", "requests", "request", "my request", "stages"}
    | {"what can be asked for", "what can be asked for changed"}
    | {"courses", "courses new", "courses one", "courses changed", "courses called off"}
    | {"courses attended", "courses certificate", "courses offered"}
    | {"courses full", "courses waited for"}
)
"""Pages that are seen by an admin of Borken who is logged in."""
AS_ANALYST = frozenset(
    {
        "needs of the network",
        "report of the network",
        "statistics of the network",
        "works of the network",
    }
)
"""Pages that are seen by somebody who evaluates the network."""
AS_NETWORK = frozenset({"purchases", "purchase"})
"""Those of an admin of the network."""
ERRORS = {
    "not found": "404",
    "opening unknown": "404",
    "password link too old": "410",
    "head answered": "410",
    "opening licensed": "403",
    "withdrawn": "410",
    "booking wrong": "422",
    "courses full": "422",
    "free by the hour": "422",
}
"""Pages whose status is an error, which the browser notes."""


@dataclass
class Served:
    """The hub at an address of its own."""

    url: str
    net: Network
    admin: str
    """The token of an admin of Borken."""
    analyst: str
    """That of somebody who evaluates the network."""
    network: str
    """That of an admin of the network."""

    def session(self, name: str) -> str:
        """The token with which this page is looked at; empty where nobody is logged in."""
        if name in AS_ANALYST:
            return self.analyst
        if name in AS_NETWORK:
            return self.network
        return self.admin if name in AS_ADMIN else ""

    def page(self, name: str) -> str:
        path = PAGES[name]
        number = re.sub(r"\{(.+)\}", lambda match: str(offer_id(self.net, match[1])), path)
        return self.url + number


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("browser")
    database_url = f"sqlite:///{folder / 'hub.sqlite3'}"
    database = Database(database_url)
    migrate(database)
    database.close()
    with filled_network(database_url, folder / "config", withdraw=True) as net:
        search_live(net, live_hits, "lvr", "coesfeld")
        Mailbox(net.hub, folder / "mail")
        activations.enable(net.hub, "borken", "accounts", {"registration": True}, actor="test")
        person(net.hub, Role.STAFF, "borken", "Jens Wolters")
        who = person(net.hub, Role.SITE_ADMIN, "borken")
        pair_up(net, "water", "history")
        part(net, "open", "history")
        with net.hub.db.write() as session:
            demand.report(session, who, offer_id(net, "expired"), "borken")
            mailed_codes_known(session)
            outbox.queue_mail(
                session,
                key="browser",
                recipient="no address",
                subject="Ihre Buchung ist bestätigt",
                body="…",
                site_key="borken",
            )
        collect(net, who)
        book(net, who)
        try_out(net)
        edmond = {"address": "https://127.0.0.1:9/arix"}
        activations.enable(net.hub, "borken", "edmond", edmond, actor="test")
        activations.disable(net.hub, "borken", "edmond", actor="test")
        describe(net, who)
        evaluate(net)
        admin = token(net.hub, who)
        analyst = token(net.hub, person(net.hub, Role.STATE_ANALYST))
        network = token(net.hub, person(net.hub, Role.NETWORK_ADMIN))
        server = waitress.create_server(create_app(net.hub), host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{server.effective_port}", net, admin, analyst, network)
        server.close()
        thread.join(timeout=10)


def collect(net: Network, who: int) -> None:
    """Three things on a shared list of the admin's, one of them withdrawn, and a deleted list."""
    with net.hub.db.write() as session:
        row = lists.create(session, who, "Wasser, Klasse 4", "Für die Projektwoche")
        things = ("water", "tablets", "parents", "studio")
        lists.fill(session, row, [(offer_id(net, one), "Ab Minute 5") for one in things])
        session.flush()
        lists.remove(row, lists.entries(session, row)[-1])
        withdraw(session.connection(), [offer_id(net, "parents")])
        sharing.share(row, show_name=True, show_notes=True)
        row.token_hash = tokens.digest("shared")
        lists.delete(lists.create(session, who, "Alt"))
        entries = tuple((offer_id(net, one), "Zum Einstieg") for one in things)
        content = Content("Wasser", "Für den Herbst.", ("080",), None, DAY, entries)
        for site, step in (("borken", "published"), ("borken", "deleted"), ("lvr", "published")):
            one = recommendations.create(session, site, content, "browser")
            recommendations.step(session, one, 1, recommendations.State(step), "browser")


def try_out(net: Network) -> None:
    """Leave the report of a dry run in which something of everything happens, and of a sample."""
    net.plugin.maps = CODED
    script = net.plugin.scripts["borken"]
    net.play("borken", [
        Reject("zeile 7", "Die Spalte Titel ist leer"),
        Upsert(medium("neu", "Ganz neu"), {"kategorie": ("Bio", "y" * 90)}),
        Upsert(medium("open", "Wasser ist alles", description="Ein sehr langes Wort: " + "x" * 90)),
        Checkpoint(None, complete=True),
    ])  # fmt: skip
    trials.run(net.hub, "borken", "scripted", lambda: None)
    samples.run(net.hub, "borken", "scripted")
    with net.hub.db.write() as session:
        sent = f"<lom><title>Wasser</title><note>{'w' * 90}</note></lom>".encode()
        raw.keep(session.connection(), {1: raw.pack(sent)})
    net.plugin.scripts["borken"] = script


def book(net: Network, who: int) -> None:
    """Something of each kind to book, and a booking of the admin that is out."""
    bookings.offer(net, Kind.DEVICE, codes=("BOR-1", "BOR-2"), accessories=("Netzkabel",))
    bookings.offer(net, Kind.MEDIUM, title="Tafelbilder")
    bookings.offer(net, Kind.ROOM, 1, "MediaLab")
    bookings.offer(net, Kind.TRAINING, 12, "Trickfilm")
    bookings.offer(net, Kind.CONSULTING, None, "Medienkonzept")
    bookings.offer(net, Kind.TRAINING, 1, "Podcast")
    with net.hub.db.write() as session:
        one = session.scalars(
            sa.select(models.Bookable).where(models.Bookable.kind == Kind.DEVICE)
        ).one()
        contacts.keep(session, who, "borken", Contact("Gudrun Tenbrink", "g@borken.example"))
        begin = now() - timedelta(days=1)
        entry = progress.Entry(
            site="borken", plugin="lending", bookable_id=one.id, kind=one.kind, title=one.title,
            time=Stretch(begin, begin + timedelta(days=4)), person_id=who, state="confirmed",
        )  # fmt: skip
        number, _ = progress.enter(session, entry, "browser", "", begin)
        row = session.get_one(models.Booking, number)
        row.reference = BOOKED
        items.hand_out(session, row, ["BOR-1"], "", now())
        held = progress.Entry(
            site="borken", plugin="lending", bookable_id=one.id, kind=one.kind, title=one.title,
            time=Stretch(begin + timedelta(days=9), begin + timedelta(days=12)), person_id=who,
            state=progress.CART, held_until=now() + timedelta(minutes=30),
        )  # fmt: skip
        number, _ = progress.enter(session, held, "browser cart", "", now())
        session.get_one(models.Booking, number).reference = IN_CART
        again.save(session, who, "Projektwoche", [session.get_one(models.Booking, number)], now())
        coming = dataclasses.replace(held, state="confirmed", held_until=None)
        number, _ = progress.enter(session, coming, "browser later", "", now())
        session.get_one(models.Booking, number).reference = COMING
        one = session.scalars(
            sa.select(models.Bookable).where(models.Bookable.kind == Kind.CONSULTING)
        ).one()
        entry = progress.Entry(
            site="borken", plugin="requests", bookable_id=one.id, kind=one.kind, title=one.title,
            time=Stretch(begin, begin + timedelta(hours=2)), person_id=who, borrower="private",
        )  # fmt: skip
        number, _ = progress.enter(session, entry, "browser asks", "", begin)
        row = session.get_one(models.Booking, number)
        row.reference = ASKED
        cases.say(session, row, cases.MESSAGE, "Passt der Mai?", "browser", "", now())
        room = session.scalars(
            sa.select(models.Bookable).where(models.Bookable.kind == Kind.ROOM)
        ).one()
        courses = {
            row.source_id: row
            for row in session.scalars(
                sa.select(models.Bookable).where(models.Bookable.kind == Kind.TRAINING)
            )
        }
        attend(session, courses["training-Trickfilm"], who)
        wait(session, courses["training-Podcast"], who)
        lead(session, courses["training-Trickfilm"])
    later = Stretch(begin + timedelta(days=9), begin + timedelta(days=10))
    blocks.block(net.hub.db, room, later, "Malerarbeiten", "browser", "", now())


def attend(session: Session, course: models.Bookable, who: int) -> None:
    """The admin was there, somebody else has a seat."""
    for person_id, reference in ((who, ATTENDED), (None, "")):
        row = seat(session, course, person_id)
        if reference:
            row.reference = reference
            progress.advance(session, row, "returned", "", now())


def wait(session: Session, course: models.Bookable, who: int) -> None:
    """The only seat was taken, then given back: it is held for the admin, who waited."""
    first = seat(session, course, None)
    seat(session, course, who, wait=True).reference = OFFERED
    session.flush()
    progress.advance(session, first, "cancelled", "", now())


def lead(session: Session, course: models.Bookable) -> None:
    """A seat that waits for the head of a school."""
    row = seat(session, course, people.add(session, name="Lena Muster", email="").id)
    row.reference, row.state, row.head = LED, "requested", "awaited"
    session.add(
        models.MailedCode(
            code_hash=tokens.digest("head"),
            purpose=f"head:{row.id}",
            site_key="borken",
            email="900001@schule.nrw.de",
            expires_at=now() + timedelta(days=1),
        )
    )


def seat(
    session: Session, course: models.Bookable, who: int | None, *, wait: bool = False
) -> models.Booking:
    assert course.starts_at is not None
    assert course.ends_at is not None
    entry = progress.Entry(
        site="borken", plugin="trainings", bookable_id=course.id, kind=course.kind,
        title=course.title, time=Stretch(course.starts_at, course.ends_at), person_id=who,
        state="confirmed", borrower="private", wait=wait,
    )  # fmt: skip
    number, _ = progress.enter(session, entry, f"{course.id} {who}", "", now())
    return session.get_one(models.Booking, number)


def evaluate(net: Network) -> None:
    """Enough for the network to see: two centres let their figures flow, five wish for the same."""
    wishing = [person(net.hub, Role.TEACHER, "borken", f"Wunsch {n}") for n in range(5)]
    with net.hub.db.write() as session:
        for site in ("borken", "coesfeld"):
            flows.switch(session, site, True, "test")
        for one in wishing:
            demand.report(session, one, offer_id(net, "script"), "borken")
        session.add(
            models.JointPurchase(
                key="nr:5511494",
                title="Wasserkreislauf",
                supplier="Filmverlag",
                cents=12_050,
                steps=[[10, 15], [30, 25]],
                state=purchases.State.ASKED,
                answer_by=DAY,
            )
        )


def describe(net: Network, who: int) -> None:
    """A profile that its staff changed, with somebody who is named."""
    with net.hub.db.write() as session:
        key = session.get_one(models.Person, who).key
        member = models.TeamMember(
            site_key="borken", task="Medienberatung", adviser=True, name="Gudrun Tenbrink",
            consent_on=DAY, email="beratung@borken.example", phone="02861 99", until=DAY,
        )  # fmt: skip
        profile.add_member(session, member, key)
        values = profile.values(session, "borken", {})
    for number in (1, 2):
        report.issue(net.hub.db, "borken", yearly(number), key)
    profile.save(net.hub, "borken", 0, {**values, "carrier": "Kreis Borken"}, key)


def yearly(rooms: int) -> report.Report:
    """A report with so many bookings of rooms, and something that it does not know."""
    totals = {**dict.fromkeys(Measure, 0), Measure.ROOMS: rooms}
    shown = Shown(YEAR, totals, {Split.MONTH: {"3": totals, "4": dict.fromkeys(Measure)}})
    return report.Report(shown, now(), "Medienzentrum Kreis Borken", {}, [("running", {})], {})


def mailed_codes_known(session: Session) -> None:
    """Codes that mails would hold, by the names that `PAGES` gives them."""
    lena = people.add(session, name="Lena Muster", email="lena@schule.example")
    account = accounts.put(session, "borken", lena, "lena", "korrekt pferd batterie")
    for purpose, number in (("reset", account.id), ("register", None)):
        session.add(
            models.MailedCode(
                code_hash=tokens.digest(purpose),
                purpose=purpose,
                site_key="borken",
                email="lena@schule.example" if number else "neu@schule.example",
                account_id=number,
                expires_at=now() + timedelta(hours=1),
            )
        )


def live_hits(site: str, query: str) -> list[Record]:
    if site == "coesfeld":
        raise Unavailable("The stand-in is down on purpose.")
    land = (Grant(Scope.LAND, "NRW"),)
    return [
        medium("live-open", f"Live zu {query}", url="https://filme.example/live"),
        medium("live-closed", "Mit Lizenz", access=AccessMode.LICENSED, grants=land),
    ]


@dataclass
class Visit:
    """An open page, and the messages and requests it made so far."""

    page: Page
    messages: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(served: Served, browser: Browser) -> Iterator[Visitor]:
    """Opens a page of `PAGES`; at the end nothing may have gone wrong on any of them."""
    open_pages = []

    def begin(name: str, *, width: int = 1280, script: bool = True, quiet: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        if session := served.session(name):
            cookie = {"name": COOKIE, "value": session, "url": served.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        seen = Visit(page)
        page.on("console", lambda message: seen.messages.append(message.text))
        page.on("pageerror", lambda error: seen.messages.append(str(error)))

        def note(request: Request) -> None:
            if urlsplit(request.url).hostname not in ("127.0.0.1", None):
                seen.foreign.append(request.url)

        page.on("request", note)
        page.goto(served.page(name))
        if script:  # what comes afterwards has come, so that a page stays as a test finds it
            page.wait_for_selector("#live-stand:empty", state="detached")
        open_pages.append((name, context, seen, quiet))
        return seen

    yield begin
    for name, context, seen, quiet in open_pages:
        expected = ERRORS.get(name, "no error")
        messages = [message for message in seen.messages if expected not in message]
        assert not (quiet and messages), f"{name}: {messages}"
        assert not seen.foreign, f"{name} asks other servers"
        assert served.session(name) or not context.cookies(), f"{name} sets a cookie"
        context.close()
