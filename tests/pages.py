"""A small network with something of everything that pages must show, taken in by the real sync."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from hub import Config, activations, hookimpl, models
from hub.catalogue import linked, links, live, offers
from hub.catalogue.matching.scoring import judge
from hub.catalogue.matching.text import features
from hub.catalogue.matching.vectors import Model
from hub.catalogue.sync import sync
from hub.institutions import intake, school_list
from hub.records import (
    AccessMode,
    Change,
    Checkpoint,
    Event,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Record,
    Scope,
    Upsert,
)
from tests.sources import Network, network

ROOT = Path(__file__).resolve().parent.parent
SITES = ("borken", "coesfeld", "lvr", "leer")
"""`leer` offers nothing and was never read; `lvr` is a Landesmedienzentrum."""

WATER = (Identifier("medium", "5511494"),)
SCRIPT = "<script>alert('Wasser')</script>"


SCHOOLS = """sep=;
Schulnummer;Schulform;Schulbezeichnung_1;Kurzbezeichnung;PLZ;Ort;E-Mail;Rechtsform;Gemeindeschluessel;Schulbetriebsschluessel;Schulbetriebsdatum
"900001";"02";"Grundschule Am Kranichteich";"Borken, GG Kranichteich";"46325";"Borken";"900001@schule.nrw.de";"1";"05554012";"1";"01.08.1998"
"900002";"20";"Gymnasium <script>alert(1)</script>";"Ahaus, Gym";"48683";"Ahaus";"";"2";"05554004";"2";"31.07.2099"
"900003";"02";"Grundschule An der Furt";"Borken, GG Furt";"46325";"Borken";"";"1";"05554012";"9";"31.07.2020"
"900004";"15";"Gesamtschule Am Windrad";"Coesfeld, GE Windrad";"48653";"Coesfeld";"";"1";"05558012";"1";"01.08.1998"
"900006";"10";"Realschule Im Birkenhain";"Coesfeld, RS";"48653";"Coesfeld";"";"1";"05558012";"1";"01.08.1998"
"900005";"15";"Gesamtschule ohne Zentrum";"Köln, GE";"50667";"Köln";"";"1";"05315000";"1";"01.08.1998"
"""  # noqa: E501
"""Invented schools; no site serves the last one's district."""


def medium(source_id: str, title: str, **values: object) -> Record:
    defaults: dict[str, object] = {
        "medium_type": MediumType.VIDEO,
        "subjects": ("080",),
        "levels": ("grundschule",),
    }
    return Record(source_id, Kind.MEDIUM, title, **{**defaults, **values})  # type: ignore[arg-type]


def borken(today: date) -> list[Record]:
    start = datetime(today.year + 1, 3, 4, 14, 0, tzinfo=UTC)
    return [
        medium(
            "water",
            "Wasserkreislauf – vom Regen zum Grundwasser",
            identifiers=WATER,
            description="Ein Film über den Kreislauf des Wassers.\nMit Arbeitsblättern.",
            subtitle="Ein Tropfen auf Reisen",
            duration=1380,
            grades=(3, 6),
            languages=("de",),
            competences=("3.4",),
            access=AccessMode.LICENSED,
            grants=(Grant(Scope.SITE, "borken", None, today + timedelta(days=300)),),
        ),
        medium(
            "expired",
            "Wasser in der Wüste",
            access=AccessMode.LICENSED,
            grants=(Grant(Scope.SITE, "borken", None, today - timedelta(days=3)),),
        ),
        medium(
            "open", "Wasser ist Leben", url="https://medien.example/wasser", creators=("A. B.",)
        ),
        medium(
            "script",
            SCRIPT,
            description=f"<img src=x onerror=alert(1)> Wasser {SCRIPT}",
            keywords=(SCRIPT,),
            details={SCRIPT: SCRIPT},
            publishers=("\"' onmouseover='alert(1)",),
        ),
        Record(
            "tablets",
            Kind.DEVICE,
            "Tabletkoffer mit 16 Geräten",
            quantity=4,
            access=AccessMode.LOAN,
            details={"Zubehör": "Ladekoffer"},
        ),
        Record("studio", Kind.ROOM, "Podcast-Studio", quantity=8, access=AccessMode.BOOKING),
        Record(
            "stopmotion",
            Kind.TRAINING,
            "Trickfilm-Werkstatt: Stop-Motion im Unterricht",
            events=(Event(start, start + timedelta(hours=3), "Borken", 12),),
            access=AccessMode.BOOKING,
        ),
        Record("concept", Kind.CONSULTING, "Medienkonzept", access=AccessMode.REQUEST),
        *(medium(f"many-{n}", f"Tiere im Wald, Folge {n}") for n in range(1, 46)),
    ]


def coesfeld(today: date) -> list[Record]:
    return [
        medium("w", "Wasserkreislauf", identifiers=WATER, access=AccessMode.LOAN, quantity=2),
        Record("parents", Kind.PARENTS_EVENING, "Elternabend: Spiele", access=AccessMode.REQUEST),
        Record("scouts", Kind.SCOUTS, "Medienscouts NRW", access=AccessMode.REQUEST),
        Record("film", Kind.PROJECT, "Wir drehen einen Film", access=AccessMode.REQUEST),
    ]


def lvr(today: date) -> list[Record]:
    land = (Grant(Scope.LAND, "NRW"),)
    return [medium("history", "Römer am Rhein", access=AccessMode.LICENSED, grants=land)]


def complete(records: list[Record]) -> list[Change]:
    return [*map(Upsert, records), Checkpoint("1", complete=True)]


@contextmanager
def filled_network(database_url: str, folder: Path, withdraw: bool = False) -> Iterator[Network]:
    """Four sites, read once; with `withdraw` coesfeld's first offer is gone in a second run."""
    (folder / "network").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "network" / "tilegrid.csv", folder / "network")
    today = datetime.now(UTC).date()
    with network(database_url, folder, SITES) as net:
        with net.hub.db.write() as session:
            session.execute(
                sa.update(models.Site)
                .where(models.Site.key == "borken")
                .values(
                    name="Medienzentrum Kreis Borken",
                    ags=["05554"],
                    contact={
                        "street": "Burloer Straße 93",
                        "postcode": "46325",
                        "town": "Borken",
                        "phone": "02861 1234",
                        "email": "medienzentrum@borken.example",
                        "website": "https://medienzentrum.borken.example/",
                        "opening_hours": "Mo–Fr 8–16 Uhr",
                    },
                    branches=[{"name": "Zweigstelle Ahaus", "town": "Ahaus"}],
                    profile={
                        "task": "Medien für Schulen",
                        "rooms": "MediaLab",
                        "target_groups": ["school", "kita"],
                        "cost": "kostenfrei",
                        "consulting": "Medienberatung NRW im Haus",
                        "team": "Leitung, Verleih",
                    },
                )
            )
            session.execute(
                sa.update(models.Site)
                .where(models.Site.key == "coesfeld")
                .values(
                    name="Medienzentrum Kreis Coesfeld",
                    ags=["05558"],
                    contact={"website": "javascript:alert(1)"},
                )
            )
            session.execute(
                sa.update(models.Site)
                .where(models.Site.key == "lvr")
                .values(name="LVR-Zentrum für Medien und Bildung", kind="state", region="", ags=[])
            )
        take_in_schools(net, SCHOOLS)
        for key, records in (("borken", borken), ("coesfeld", coesfeld), ("lvr", lvr)):
            take_in(net, key, records(today))
        if withdraw:
            take_in(net, "coesfeld", coesfeld(today)[1:])
        net.hub.sites.refresh()
        yield net


def take_in_schools(net: Network, text: str, day: date = date(2026, 1, 1)) -> None:
    """Take in a list of schools, given as the text of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schools.csv"
        path.write_text(text, encoding="utf-8")
        intake.take_in(net.hub.db, school_list.read(path), day, actor="test", accept_closures=True)


def take_in(net: Network, site: str, records: list[Record]) -> None:
    """From now on the site offers these records and no others."""
    net.play(site, complete(records))
    report = sync(net.hub.db, net.site(site), "scripted")
    assert report.state == "succeeded", report.error


def search_live(net: Network, answer: Callable[[str, str], Any], *sites: str) -> None:
    """Switch live search on at these sites; `answer` gets site and words and gives the hits."""

    class Switched(Config):
        live_search = ma.fields.Boolean(load_default=False)

    def catalogue_search(self: Any, query: str, limit: int) -> Any:
        assert limit == live.LIMIT
        return answer(self.site.key, query)

    net.plugin.Config = Switched
    net.plugin.catalogue_search = hookimpl(catalogue_search)  # type: ignore[attr-defined]
    built_anew(net, {key: {"live_search": True} for key in sites})


def built_anew(net: Network, configs: Mapping[str, dict[str, Any]]) -> None:
    """Let every site build its plugin anew, with these configurations."""
    with net.hub.db.write() as session:
        for row in session.scalars(sa.select(models.Activation)):
            row.version += 1
            row.config = configs.get(row.site_key, row.config)
        activations.announce(session)
    net.hub.sites.refresh()


def offer_id(net: Network, source_id: str) -> int:
    with net.hub.db.read() as session:
        found = session.scalar(
            sa.select(models.Offer.id).where(models.Offer.source_id == source_id)
        )
    assert found is not None
    return found


def pair_up(net: Network, one: str, other: str) -> int:
    """Let these two offers wait for somebody who says whether they are one work."""
    numbers = sorted((offer_id(net, one), offer_id(net, other)))
    with net.hub.db.write() as session:
        found = offers.by_ids(session, numbers)
        left, right = (features(found[number].record) for number in numbers)
        judgement = judge(left, right, Model.fit([left.all, right.all])).as_data()
        links.propose(session.connection(), *numbers, judgement, 1)
        session.flush()
        return linked.listing(session).items[-1].id


def part(net: Network, one: str, other: str) -> int:
    """Keep these two offers apart."""
    with net.hub.db.write() as session:
        return links.keep_apart(
            session.connection(), offer_id(net, one), offer_id(net, other), "test"
        )
