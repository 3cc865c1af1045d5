"""Rows of inventories as offers of every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.catalogue.normalise import normalise
from hub.formats import table
from hub.records import (
    AccessMode,
    Carrier,
    Event,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Record,
    Reject,
    Scope,
)

ZONE = ZoneInfo("Europe/Berlin")
WORDS = st.text("abcdefgABCDEFGäöüßÄÖÜéñ0123456789", min_size=1, max_size=12)


def record(kind: Kind = Kind.TRAINING, **values: Any) -> Record:
    found = table.read(
        {"title": "T", **values}, source_id="1", kind=kind, site="borken", time_zone=ZONE
    )
    assert isinstance(found, Record), found
    return found


def berlin(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=ZONE)  # type: ignore[arg-type,misc]


def test_a_device() -> None:
    found = record(Kind.DEVICE, quantity=16, cost="kostenlos", place="Lager", publishers=("Apfel",))
    assert (found.quantity, found.cost, found.place) == (16, "", "Lager")
    assert found.access is AccessMode.LOAN


def test_a_room_holds_as_many_as_it_has_seats() -> None:
    assert record(Kind.ROOM, seats=12).quantity == 12
    assert record(Kind.ROOM, quantity=20, seats=12).quantity == 20
    assert record(Kind.ROOM).access is AccessMode.BOOKING


@pytest.mark.parametrize(
    ("values", "start", "end"),
    [
        (
            {"date": (date(2027, 3, 12), None)},
            berlin(2027, 3, 12),
            berlin(2027, 3, 13),
        ),
        (
            {"date": (date(2027, 3, 12), None), "begin": (time(14, 30), None)},
            berlin(2027, 3, 12, 14, 30),
            berlin(2027, 3, 12, 14, 30),
        ),
        (
            {
                "date": (date(2027, 3, 12), None),
                "begin": (time(14, 30), None),
                "duration": "90 min",
            },
            berlin(2027, 3, 12, 14, 30),
            berlin(2027, 3, 12, 16, 0),
        ),
        (
            {"date": (date(2027, 3, 12), None), "begin": (time(14, 30), time(17))},
            berlin(2027, 3, 12, 14, 30),
            berlin(2027, 3, 12, 17, 0),
        ),
        (
            {
                "date": (date(2027, 3, 12), None),
                "begin": (time(9), None),
                "end": (time(12), None),
            },
            berlin(2027, 3, 12, 9),
            berlin(2027, 3, 12, 12),
        ),
        (
            {"begin": (datetime(2027, 3, 12, 9), None), "end": (datetime(2027, 3, 13, 12), None)},
            berlin(2027, 3, 12, 9),
            berlin(2027, 3, 13, 12),
        ),
        (
            {"date": (date(2027, 3, 12), date(2027, 3, 14))},
            berlin(2027, 3, 12),
            berlin(2027, 3, 15),
        ),
    ],
)
def test_when_a_training_takes_place(
    values: dict[str, Any], start: datetime, end: datetime
) -> None:
    found = record(seats=20, place="Raum 1", **values)
    assert found.events == (Event(start, end, "Raum 1", 20),)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"begin": (time(14), None)}, "no day"),
        ({"date": (date(2027, 3, 12), None), "begin": (time(14), time(12))}, "before it begins"),
        ({"date": (date(2027, 3, 12), date(2027, 3, 1))}, "before it begins"),
        ({"title": "  "}, "title"),
    ],
)
def test_rows_that_are_no_offer(values: dict[str, Any], reason: str) -> None:
    found = table.read({"title": "T", **values}, source_id="1", kind=Kind.TRAINING, site="b")
    assert isinstance(found, Reject)
    assert reason in found.reason


def test_a_medium_by_its_number() -> None:
    found = record(Kind.MEDIUM, number="4670123", duration="ca. 20 min f", age_rating="FSK ab 12")
    assert found.identifiers == (Identifier("medium", "4670123"),)
    assert (found.medium_type, found.carrier) == (MediumType.VIDEO, Carrier.DVD)
    assert (found.duration, found.age_rating, found.access) == (1200, "12", AccessMode.LOAN)


def test_a_licence_holds_to_the_end_of_its_last_day() -> None:
    found = record(
        Kind.MEDIUM,
        carrier="Online",
        valid_from=(date(2026, 1, 1), None),
        valid_until=(date(2027, 12, 31), None),
    )
    assert found.grants == (Grant(Scope.SITE, "borken", date(2026, 1, 1), date(2028, 1, 1)),)
    assert found.access is AccessMode.LICENSED


def test_words_that_no_vocabulary_knows_stay_visible() -> None:
    found = record(
        Kind.DEVICE,
        subjects=("Bio", "Biologie", "Heimatforschung"),
        audiences=("Schulen", "Ritter"),
        levels=("Sek I", "Klosterschule"),
        competences=("4.1", "Zaubern"),
    )
    assert (found.subjects, found.levels) == (("080",), ("sekundarstufe_1",))
    assert found.audiences == ("school",)
    assert found.competences == ("4.1",)
    assert found.keywords == ("Bio", "Heimatforschung", "Zaubern")
    assert found.details == {"Zielgruppe": "Ritter; Klosterschule"}


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("5-10", (5, 10)),
        ("Klasse 7", (7, 7)),
        ("8, 9", (8, 9)),
        ("ab Klasse 5", (5, 13)),
        ("alle", None),
    ],
)
def test_grades(text: str, grades: tuple[int, int] | None) -> None:
    assert record(grades=text).grades == grades


@pytest.mark.parametrize("cost", ["kostenlos", "0 €", "0,00 EUR", "keine", "frei"])
def test_free_of_charge(cost: str) -> None:
    assert record(cost=cost).cost == ""


def test_a_row_is_named_by_its_number_else_by_what_it_says() -> None:
    assert table.key({"source_id": "G-1", "title": "T"}) == "G-1"
    assert table.key({"number": "4670123", "title": "T"}) == "4670123"
    plain = table.key({"title": "Trickfilm", "date": (date(2027, 3, 12), None)})
    assert plain == table.key({"title": "trickfilm", "date": (date(2027, 3, 12), None)})
    assert plain != table.key({"title": "Trickfilm", "date": (date(2027, 3, 19), None)})


def test_one_row_for_each_date() -> None:
    start = berlin(2027, 3, 12, 14, 30)
    events = tuple(
        Event(start + timedelta(days=day), start + timedelta(days=day, hours=2), "", 20)
        for day in (0, 7)
    )
    rows = table.write(Record("1", Kind.TRAINING, "T", events=events), ZONE)
    assert [row["date"][0] for row in rows] == [
        datetime(2027, 3, 12, 14, 30),
        datetime(2027, 3, 19, 14, 30),
    ]


@settings(deadline=None)
@given(
    st.builds(
        Record,
        source_id=WORDS,
        kind=st.just(Kind.TRAINING),
        title=WORDS,
        subtitle=WORDS,
        series=WORDS,
        description=WORDS,
        languages=st.sampled_from([(), ("de",), ("en", "de")]),
        identifiers=st.sampled_from(
            [(), (Identifier("medium", "4670123"), Identifier("isbn", "9783161484100"))]
        ),
        url=st.sampled_from(["", "https://x.example/1"]),
        image_url=st.sampled_from(["", "https://x.example/b.png"]),
        medium_type=st.just(MediumType.VIDEO),
        carrier=st.just(Carrier.DVD),
        subjects=st.sampled_from([(), ("080",), ("380", "460")]),
        levels=st.sampled_from([(), ("grundschule", "hochschule")]),
        grades=st.sampled_from([None, (5, 10), (7, 7)]),
        competences=st.sampled_from([(), ("3.4", "6.1")]),
        audiences=st.sampled_from([(), ("school", "youth"), ("zfsl",)]),
        keywords=st.lists(WORDS, max_size=3, unique=True).map(tuple),
        creators=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        publishers=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        year=st.none() | st.integers(1900, 2030),
        duration=st.none() | st.integers(1, 9_999),
        age_rating=st.sampled_from(["", "6", "12", "Lehr"]),
        licence=st.sampled_from(["", "https://creativecommons.org/licenses/by/4.0/"]),
        access=st.just(AccessMode.BOOKING),
        grants=st.sampled_from(
            [(), (Grant(Scope.SITE, "borken", date(2026, 1, 1), date(2028, 1, 1)),)]
        ),
        quantity=st.none() | st.integers(0, 99),
        cost=st.sampled_from(["", "5 €"]),
        contact=WORDS,
        modified=st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
        ),
    ),
    st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)),
)
def test_every_field_goes_there_and_back(one: Record, day: datetime | None) -> None:
    if day:
        start = day.replace(hour=9, minute=30, second=0, microsecond=0, tzinfo=ZONE)
        event = Event(start, start + timedelta(hours=3), "Raum 1", 20)
        one = normalise(
            Record(**{n: getattr(one, n) for n in one.__slots__} | {"events": (event,)})
        )
    fit = normalise(one)
    (row,) = table.write(fit, ZONE)
    back = table.read(row, source_id=row["source_id"], kind=fit.kind, site="borken", time_zone=ZONE)
    assert isinstance(back, Record)
    expected = {n: getattr(fit, n) for n in fit.__slots__}
    if day:
        expected["place"] = "Raum 1"  # of its only date
    assert normalise(back) == Record(**expected)
