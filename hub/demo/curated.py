"""What is recommended in the demonstration, and a teacher's list that is shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import lists, sharing
from hub.db import Database
from hub.identity import tokens
from hub.models import JointPurchase, MediaList, Offer, Person, Recommendation, Site
from hub.network import purchases, recommendations
from hub.network.recommendations import Content, State
from hub.records import Kind

ACTOR = "hub demo"
TEACHER = "lehrkraft@borken.example"

Named = tuple[Kind, str, str]
"""Kind and title of an offer, and a note."""


@dataclass(frozen=True, slots=True)
class Recommended:
    """A recommendation; its term in days from the week of the demonstration."""

    site: str
    title: str
    text: str
    subjects: tuple[str, ...]
    term: tuple[int | None, int | None] = (None, None)
    entries: tuple[Named, ...] = ()
    published: bool = True


WATER: tuple[Named, ...] = (
    (Kind.MEDIUM, "Der Wasserkreislauf", "Zum Einstieg, mit Arbeitsblättern für drei Stufen."),
    (Kind.MEDIUM, "Schwimmen und Sinken", "Versuche, die mit Schulmaterial gelingen."),
    (Kind.DEVICE, "Sensor-Koffer", "Temperatur und Leitfähigkeit messen; eine Stunde einplanen."),
    (Kind.PROJECT, "Trickfilmprojekt: Unser Wasserkreislauf", "Als Abschluss der Reihe."),
)
RECOMMENDED = (
    Recommended(
        "lvr",
        "Wasser entdecken: Sachunterricht in Klasse 3 und 4",
        "Film, Versuch, Messung und Trickfilm zu einem Thema, das jede Klasse vor der Tür hat. "
        "Die Reihe reicht für vier Doppelstunden.",
        ("28010", "280"),
        (-14, 120),
        WATER,
    ),
    Recommended(
        "lvr",
        "Fair im Klassenchat",
        "Für Klasse 5 bis 8 und ihre Eltern: Medien, eine Fortbildung für das Kollegium, ein "
        "Elternabend und die Ausbildung von Medienscouts greifen ineinander.",
        ("400",),
        (-30, 150),
        (
            (Kind.MEDIUM, "Cybermobbing", "Die ersten zwölf Minuten genügen für eine Stunde."),
            (Kind.TRAINING, "Handeln bei Cybermobbing", "Für Klassenleitungen und Beratung."),
            (Kind.PARENTS_EVENING, "Elternabend Cybermobbing", ""),
            (Kind.SCOUTS, "Qualifizierung zu Medienscouts", "Anmeldung bis zu den Ferien."),
        ),
    ),
    Recommended(
        "lvr",
        "Frühling auf der Wiese",
        "In Vorbereitung für März bis Mai.",
        ("080", "28010"),
        entries=((Kind.MEDIUM, "Frösche und Kröten", ""), (Kind.MEDIUM, "Der Igel", "")),
        published=False,
    ),
    Recommended(
        "lwl",
        "Krieg und Frieden in Westfalen",
        "Der Westfälische Frieden im Geschichtsunterricht der Sekundarstufe I, mit Podcasts aus "
        "der eigenen Klasse.",
        ("240",),
        (None, None),
        (
            (Kind.MEDIUM, "Der Westfälische Frieden", "Kapitel 2 und 4."),
            (Kind.MEDIUM, "Ritter und Burgen", "Zur Wiederholung."),
            (Kind.DEVICE, "Podcast-Koffer", "Ein Koffer reicht für drei Gruppen."),
            (
                Kind.TRAINING,
                "Ein Schulpodcast entsteht",
                "Für alle, die noch nie geschnitten haben.",
            ),
        ),
    ),
    Recommended(
        "lwl",
        "Kinowochen für Schulen: Das Programm ist da",
        "Filme für alle Klassenstufen in Kinos der Region, mit Unterrichtsmaterial und Gesprächen "
        "im Saal. Ihr Medienzentrum hilft bei Auswahl und Anmeldung.",
        ("400", "120"),
        (-7, 60),
    ),
    Recommended(
        "borken",
        "Tablet-Koffer mit neuer Ausstattung",
        "Alle Koffer haben jetzt Stative und Mikrofone für den Trickfilm. Die Anleitung liegt bei.",
        (),
        (-7, 45),
        ((Kind.DEVICE, "Tablet-Koffer", ""),),
    ),
)


def put_in(database: Database, day: date, password: str) -> str:
    """Recommend all this and share the teacher's list, once; gives the path of the shared list.

    Its secret follows from the password of this demonstration, so that each start can tell it.
    """
    token = sha256(f"media list {password}".encode()).hexdigest()
    with database.write() as session:
        if session.scalar(sa.select(Recommendation.id).limit(1)) is None:
            for one in RECOMMENDED:
                _recommend(session, one, day)
        if not purchases.listing(session):
            _ask_to_buy(session, day)
        teacher = session.scalar(sa.select(Person.id).where(Person.email == TEACHER))
        if teacher is not None and not lists.of_person(session, teacher):
            _share(session, teacher, token)
        kept = session.scalar(
            sa.select(MediaList.id).where(MediaList.token_hash == tokens.digest(token))
        )
    return f"/liste/{token}" if kept is not None else ""


def _recommend(session: Session, one: Recommended, day: date) -> None:
    first, last = (None if one_day is None else day + timedelta(one_day) for one_day in one.term)
    content = Content(
        one.title, one.text, one.subjects, first, last, _found(session, one.site, one.entries)
    )
    row = recommendations.create(session, one.site, content, ACTOR)
    if one.published:
        recommendations.step(session, row, row.version, State.PUBLISHED, ACTOR)


def _ask_to_buy(session: Session, day: date) -> None:
    """A planning game that centres are asked about; some have answered."""
    row = JointPurchase(
        key="nr:6931370",
        title="Demokratie spielen",
        supplier="Planspielverlag am Ruhrufer",
        cents=18_900,
        steps=[[10, 10], [25, 20]],
        valid_from=day,
        valid_until=day + timedelta(3 * 365),
        answer_by=day + timedelta(30),
        state=purchases.State.ASKED,
    )
    session.add(row)
    session.flush()
    for site, wanted, note in (
        ("muenster", True, ""),
        ("coesfeld", True, "Für die Projekttage im Frühjahr."),
        ("unna", False, "Haben wir schon."),
    ):
        purchases.answer(session, row, site, wanted, note, day)


def _share(session: Session, teacher: int, token: str) -> None:
    row = lists.create(
        session, teacher, "Wasser in der 4b", "Projektwoche, Montag bis Mittwoch im Klassenraum."
    )
    more = (Kind.ROOM, "Trickfilmstudio", "Mittwoch, dritte und vierte Stunde.")
    lists.fill(session, row, _found(session, "borken", [*WATER, more]))
    sharing.share(row, show_name=False, show_notes=True)
    row.token_hash = tokens.digest(token)


def _found(session: Session, site: str, entries: Iterable[Named]) -> tuple[tuple[int, str], ...]:
    """The offers with these titles, the site's own rather than others'; what nobody has is left
    out."""
    found: Sequence[tuple[int | None, str]] = [
        (
            session.scalar(
                sa.select(Offer.id)
                .join(Site, Site.key == Offer.site_key)
                .where(Offer.kind == kind, Offer.title == title, Offer.withdrawn_at.is_(None))
                .order_by(Offer.site_key != site, Site.position, Offer.id)
                .limit(1)
            ),
            note,
        )
        for kind, title, note in entries
    ]
    return tuple((number, note) for number, note in found if number is not None)
