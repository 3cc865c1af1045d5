"""The figures of a year equal a recount by hand, whatever became of the bookings."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hub import models
from hub.booking import blocks, progress
from hub.booking.intervals import Stretch
from hub.catalogue.sync import sync
from hub.db import Database
from hub.identity.actor import Role
from hub.network import statistics
from hub.network.statistics import Count, Counted, Measure, Split, count, first_day
from hub.records import Kind
from tests.identities import person
from tests.sources import Network, everything, medium, network

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
SITES = ("borken", "coesfeld")
KINDS = {
    Kind.CONSULTING: Measure.CONSULTING,
    Kind.PROJECT: Measure.PROJECTS,
    Kind.PARENTS_EVENING: Measure.PARENTS_EVENINGS,
    Kind.SCOUTS: Measure.SCOUTS,
}
TOOK_PLACE = {"confirmed", "handed_out", "returned"}


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as made:
        yield made


def school(session: Any, number: int, form: str, kind: str = "school") -> int:
    row = models.Institution(
        kind=kind, school_id=f"DE-NW-{number}", listed=False, name=f"Schule {number}",
        school_form=form, search_text="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def booking(site: str = "borken", **values: Any) -> models.Booking:
    start = values.pop("starts_at", datetime(2026, 3, 2, 9, tzinfo=UTC))
    made = {
        "reference": f"{random.getrandbits(60):x}", "site_key": site, "plugin": "lending",
        "kind": "device", "title": "Laptop", "state": "returned", "starts_at": start,
        "ends_at": start + timedelta(hours=2), "quantity": 1, "borrower": "private",
        "created_at": start - timedelta(days=9),
    }  # fmt: skip
    return models.Booking(**{**made, **values})


def year(db: Database, number: int = 2026, site: str | None = None) -> Counted:
    which = sa.true() if site is None else models.Booking.site_key == site
    with db.read() as session:
        return count(session, number, ZONE, NOW, which, site, SITES if site is None else None)


def months(found: Counted, measure: Measure) -> dict[str, int]:
    rows = found.splits[Split.MONTH].items()
    return {month: row[measure].number for month, row in rows if row[measure].number}


def test_the_figures_equal_a_recount(net: Network) -> None:
    chance = random.Random(7)
    who = [person(net.hub, Role.TEACHER, "borken", f"Wer {n}") for n in range(8)]
    with net.hub.db.write() as session:
        bodies = {
            school(session, n, ("02", "20", "")[n % 3]): ("02", "20", "")[n % 3] for n in range(5)
        }
        for _ in range(250):
            kind = chance.choice(list(Kind))
            body = chance.choice([None, *bodies])
            start = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(10_500))
            row = booking(
                chance.choice(SITES),
                kind=str(kind),
                state=chance.choice(progress.STATES),
                starts_at=start,
                quantity=chance.randint(1, 4),
                person_id=chance.choice([None, *who]),
                institution_id=body,
                borrower="school" if body else "private",
                fulfilment=chance.choice(["pickup", "courier"]),
            )
            session.add(row)
            session.flush()
            happened = ["extended"] * chance.randint(0, 2)
            if row.state in ("handed_out", "returned"):
                happened.append("handed_out")
            for name in happened:
                at = start + timedelta(days=chance.randrange(9))
                session.add(models.BookingEvent(booking_id=row.id, at=at, event=name, actor="x"))
    expected: dict[tuple[Split | None, str, Measure], int] = defaultdict(int)
    sources: dict[Measure, tuple[set[Any], set[Any]]] = defaultdict(lambda: (set(), set()))

    def add(measure: Measure, row: models.Booking, at: datetime, number: int) -> None:
        local = at.astimezone(ZONE)
        if local.year != 2026:
            return
        expected[None, "", measure] += number
        expected[Split.MONTH, str(local.month), measure] += number
        expected[Split.SITE, row.site_key, measure] += number
        expected[Split.BORROWER, row.borrower, measure] += number
        if row.institution_id is not None:
            expected[Split.SCHOOL_FORM, bodies[row.institution_id], measure] += number
        if measure in (Measure.LOANS_MEDIA, Measure.LOANS_DEVICES):
            expected[Split.FULFILMENT, row.fulfilment, measure] += number
        body = ("i", row.institution_id) if row.institution_id else None
        somebody = ("p", row.person_id) if row.person_id else None
        sources[measure][0].add(body or somebody or "?")
        sources[measure][1].add(somebody or body or "?")

    with net.hub.db.read() as session:
        for row in session.scalars(sa.select(models.Booking)):
            events = session.scalars(
                sa.select(models.BookingEvent).where(models.BookingEvent.booking_id == row.id)
            ).all()
            if row.kind in ("medium", "device"):
                media = row.kind == "medium"
                for event in events:
                    if event.event == "handed_out":
                        loan = Measure.LOANS_MEDIA if media else Measure.LOANS_DEVICES
                        add(loan, row, event.at, 1)
                    else:
                        more = Measure.EXTENSIONS_MEDIA if media else Measure.EXTENSIONS_DEVICES
                        add(more, row, event.at, 1)
            elif row.kind in ("room", "training"):
                if row.state in TOOK_PLACE and row.ends_at <= NOW:
                    room = row.kind == "room"
                    add(
                        Measure.ROOMS if room else Measure.SEATS,
                        row,
                        row.starts_at,
                        1 if room else row.quantity,
                    )
            else:
                add(KINDS[Kind(row.kind)], row, row.created_at, 1)
    found = year(net.hub.db)
    got: dict[tuple[Split | None, str, Measure], int] = {
        (None, "", measure): one.number for measure, one in found.totals.items()
    }
    for split, rows in found.splits.items():
        for code, cells in rows.items():
            got |= {(split, code, measure): one.number for measure, one in cells.items()}
    assert {key: number for key, number in got.items() if number} == dict(expected)
    assert all(expected[None, "", measure] for measure in Measure if measure != "openings")
    for measure, (of_bodies, of_persons) in sources.items():
        assert found.totals[measure].sources == min(len(of_bodies), len(of_persons))


def test_a_loan_counts_once_when_it_was_really_handed_out(net: Network) -> None:
    when = [datetime(2026, month, 10, tzinfo=UTC) for month in range(1, 9)]
    with net.hub.db.write() as session:
        row = booking(state="requested")
        session.add(row)
        session.flush()
        for event, at in zip(("requested", "confirmed"), when[:2], strict=True):
            session.add(models.BookingEvent(booking_id=row.id, at=at, event=event, actor="x"))
        row.state, number = "confirmed", row.id
        session.flush()
        progress.advance(session, row, "handed_out", "x", when[2])
    assert months(year(net.hub.db), Measure.LOANS_DEVICES) == {"3": 1}
    with net.hub.db.write() as session:
        progress.undo(session, session.get_one(models.Booking, number), "x", when[3])
    assert not months(year(net.hub.db), Measure.LOANS_DEVICES)
    with net.hub.db.write() as session:
        row = session.get_one(models.Booking, number)
        progress.advance(session, row, "handed_out", "x", when[4])
        progress.advance(session, row, "returned", "x", when[5])
        progress.undo(session, row, "x", when[6])
    assert months(year(net.hub.db), Measure.LOANS_DEVICES) == {"5": 1}


def test_months_are_those_of_the_clock_on_the_wall(net: Network) -> None:
    """Half past midnight of the new year in Borken is still the old year in UTC."""
    with net.hub.db.write() as session:
        begin = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
        session.add(booking(kind="room", starts_at=begin))
        session.add(booking(kind="room", starts_at=begin - timedelta(hours=1)))
    assert months(year(net.hub.db), Measure.ROOMS) == {"1": 1}
    assert months(year(net.hub.db, 2025), Measure.ROOMS) == {"12": 1}


def test_blocked_times_and_what_is_still_to_come_do_not_count(net: Network) -> None:
    with net.hub.db.write() as session:
        row = models.Bookable(
            site_key="borken", plugin="rooms", source_id="r", kind="room", title="R", capacity=1
        )
        session.add(row)
        session.add(booking(kind="room", state="confirmed", starts_at=NOW - timedelta(hours=1)))
    time = Stretch(NOW - timedelta(days=4), NOW - timedelta(days=3))
    blocks.block(net.hub.db, row, time, "Maler", "k", "x", NOW - timedelta(days=5))
    assert year(net.hub.db).totals[Measure.ROOMS] == Count()
    with net.hub.db.read() as session:
        assert first_day(session, sa.true(), "coesfeld") == date(2026, 10, 6)


def test_openings_stand_apart_by_centre_and_month(net: Network) -> None:
    for site in SITES:
        net.play(site, everything(medium("a")))
        sync(net.hub.db, net.site(site), "scripted")
    with net.hub.db.write() as session:
        for number, key in session.execute(sa.select(models.Offer.id, models.Offer.site_key)):
            for day, times in ((date(2026, 1, 1), 2), (date(2026, 12, 31), 3)):
                more = times * (10 if key == "coesfeld" else 1)
                session.add(models.OfferUse(day=day, offer_id=number, count=more))
            session.add(models.OfferUse(day=date(2025, 12, 31), offer_id=number, count=1))
    found = year(net.hub.db)
    assert months(found, Measure.OPENINGS) == {"1": 22, "12": 33}
    rows = found.splits[Split.SITE]
    assert [rows[key][Measure.OPENINGS].number for key in SITES] == [5, 50]
    assert year(net.hub.db, site="borken").totals[Measure.OPENINGS].number == 5
    with net.hub.db.read() as session:
        assert first_day(session, sa.false(), "borken") == date(2025, 12, 31)
        assert first_day(session, sa.false(), "lvr") is None


def test_a_centre_counts_its_own_only_with_a_fixed_number_of_statements(net: Network) -> None:
    said: list[str] = []
    with net.hub.db.write() as session:
        session.add_all([booking("borken", kind="room"), booking("coesfeld", kind="room")])

    def note(*arguments: Any) -> None:
        said.append(arguments[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        found = year(net.hub.db, site="borken")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert found.totals[Measure.ROOMS] == Count(1, 1)
    assert Split.SITE not in found.splits
    assert len([one for one in said if "booking" in one or "offer_use" in one]) == 2
    assert tuple(found.splits[Split.MONTH]) == statistics.MONTHS
