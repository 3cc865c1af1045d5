"""Who has something is reminded in time and not twice; requests that nobody answered expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub import models
from hub.booking import courses, progress, reminders
from hub.booking.intervals import Stretch
from hub.booking.opening import Calendar
from hub.booking.reminders import Past, is_soon, next_step
from hub.booking.rules import Rules
from hub.institutions import borrowers
from hub.models import Booking, BookingEvent, BookingRules, Borrower, Institution
from hub.runtime import Hub
from tests.hub.booking.circulation import Centre, text
from tests.servers import smtp
from tests.servers.smtp import Post

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
START = datetime(2027, 3, 1, 7, tzinfo=UTC)
DUE = datetime(2027, 3, 10, 15, tzinfo=UTC)


def morning(day: int, hour: int = 9) -> datetime:
    """A time of day in March 2027, or after it, in Borken."""
    return BERLIN.at(date(2027, 3, 1) + timedelta(days=day - 1), clock(hour))


@pytest.fixture
def post() -> Iterator[Post]:
    with smtp.served() as post:
        yield post


@pytest.fixture
def centre(make_hub: Callable[..., Hub], post: Post) -> Centre:
    return Centre(make_hub(), post)


def lend(centre: Centre, **values: int) -> int:
    number = centre.book(Stretch(START, DUE), START - timedelta(days=3), **values)
    centre.hand_out(number, "B-0", START)
    centre.told()
    return number


def remind(centre: Centre, now: datetime) -> list[str]:
    """Run each hour as the worker does; the subjects of the mails that came of it."""
    reminders.run(centre.hub.db, now, lambda: None)
    reminders.run(centre.hub.db, now + timedelta(hours=1), lambda: None)
    return [str(mail["Subject"]) for mail in centre.told()]


def test_the_borrower_is_reminded_before_and_in_three_steps_after(centre: Centre) -> None:
    lend(centre)
    told = {day: subjects for day in range(1, 60) if (subjects := remind(centre, morning(day)))}
    assert told == {
        9: ["Bitte zurückbringen: Laptop"],
        13: ["Überfällig (1. Erinnerung): Laptop"],
        20: ["Überfällig (2. Erinnerung): Laptop"],
        27: ["Überfällig (3. Erinnerung): Laptop"],
    }


def test_no_mail_comes_at_night_by_the_clock_of_the_site(centre: Centre) -> None:
    lend(centre)
    reminders.run(centre.hub.db, morning(9, 6), lambda: None)
    assert centre.told() == []
    reminders.run(centre.hub.db, morning(9, 7), lambda: None)
    (mail,) = centre.told()
    assert "spätestens am Mittwoch, 10. März 2027." in text(mail)
    assert "- B-0, Netzteil" in text(mail)


def test_after_a_long_time_away_no_step_is_left_out(centre: Centre) -> None:
    lend(centre)
    told = {day: subjects for day in range(50, 90) if (subjects := remind(centre, morning(day)))}
    assert told == {
        50: ["Überfällig (1. Erinnerung): Laptop"],
        57: ["Überfällig (2. Erinnerung): Laptop"],
        64: ["Überfällig (3. Erinnerung): Laptop"],
    }


def test_an_extension_starts_anew_and_a_return_ends_it(centre: Centre) -> None:
    number = lend(centre)
    assert len(remind(centre, morning(9))) == 1
    longer = Stretch(START, DUE + timedelta(days=7))
    with centre.hub.db.write() as session:
        booking = session.get_one(Booking, number)
        progress.move(session, booking, longer, 1, "x", morning(9, 12), event="extended")
    assert [s.partition(":")[0] for s in remind(centre, morning(10))] == ["Verlängert"]
    assert remind(centre, morning(16)) == ["Bitte zurückbringen: Laptop"]
    centre.step(number, "returned", morning(17))
    assert [s.partition(":")[0] for s in remind(centre, morning(25))] == ["Zurückgegeben"]


def test_a_centre_chooses_its_days(centre: Centre) -> None:
    rules(centre, remind_before=0, remind_after=[1])
    lend(centre)
    told = {day: subjects for day in range(1, 40) if (subjects := remind(centre, morning(day)))}
    assert told == {11: ["Überfällig (1. Erinnerung): Laptop"]}


@pytest.mark.parametrize("suspends", [False, True])
def test_the_last_reminder_suspends_where_the_rule_says_so(centre: Centre, suspends: bool) -> None:
    rules(centre, suspend_after_reminders=suspends)
    with centre.hub.db.write() as session:
        school = Institution(
            name="Schule am See", kind="school", listed=False, search_text="schule am see"
        )
        session.add(school)
        session.flush()
        approved = Borrower(
            site_key="borken", institution_id=school.id, person_id=centre.person,
            state=borrowers.APPROVED,
        )  # fmt: skip
        session.add(approved)
        session.flush()
        number, borrower = school.id, approved.id
    lend(centre, institution_id=number)

    def state() -> tuple[str, str]:
        with centre.hub.db.read() as session:
            row = session.get_one(Borrower, borrower)
            return row.state, row.reason

    for day in (9, 13, 20):
        remind(centre, morning(day))
        assert state() == (borrowers.APPROVED, "")
    reminders.run(centre.hub.db, morning(27), lambda: None)
    (mail,) = centre.told()
    told = "Bis dahin können Sie nichts Weiteres ausleihen." in text(mail)
    if suspends:
        now, reason = state()
        assert now == borrowers.SUSPENDED
        assert reason.endswith("war zurückzugeben bis Mittwoch, 10. März 2027.")
        assert told
        with centre.hub.db.read() as session:
            entry = session.scalars(sa.select(models.AuditEntry)).one()
        assert (entry.actor, entry.action) == ("hub", "borrower.suspended")
    else:
        assert state() == (borrowers.APPROVED, "")
        assert not told


def course(centre: Centre) -> int:
    """A seat of a course on 10 March in the afternoon."""
    time = Stretch(DUE - timedelta(hours=2), DUE)
    with centre.hub.db.write() as session:
        plan = courses.Plan("Trickfilm", seats=9, place="Medienraum")
        (number,) = courses.add(session, "borken", "trainings", plan, [time], "k")
    return centre.book(time, START, bookable_id=number, kind="training", title="Trickfilm")


def test_a_course_is_recalled_a_day_before_with_place_time_and_calendar(centre: Centre) -> None:
    number = course(centre)
    centre.book(Stretch(START, DUE), START)
    centre.told()
    reminders.run(centre.hub.db, morning(9, 6), lambda: None)
    assert centre.told() == [], "not at night"
    reminders.run(centre.hub.db, morning(9), lambda: None)
    (mail,) = centre.told()
    assert mail["Subject"] == "Bald ist es so weit: Trickfilm"
    assert "Ort: Medienraum." in text(mail)
    assert "10. März 2027, 14:00 bis 16:00" in text(mail)
    (file,) = mail.iter_attachments()
    entry = file.get_content()
    entry = entry.decode() if isinstance(entry, bytes) else entry
    assert "LOCATION:Medienraum\\, " in entry
    assert "METHOD:PUBLISH" in entry
    told = {day: subjects for day in range(9, 13) if (subjects := remind(centre, morning(day)))}
    assert told == {}, "once"
    later = Stretch(DUE + timedelta(days=6, hours=-2), DUE + timedelta(days=6))
    with centre.hub.db.write() as session:
        booking = session.get_one(Booking, number)
        progress.move(session, booking, later, 1, "x", morning(9, 12))
    centre.told()
    told = {day: subjects for day in range(10, 18) if (subjects := remind(centre, morning(day)))}
    assert told == {15: ["Bald ist es so weit: Trickfilm"]}, "another time starts anew"


def test_what_was_given_up_or_booked_today_is_not_recalled(centre: Centre) -> None:
    rules(centre, remind_before=3)
    number = course(centre)
    centre.told()
    centre.step(number, "cancelled", morning(2))
    centre.told()
    assert remind(centre, morning(8)) == []
    with centre.hub.db.write() as session:
        progress.undo(session, session.get_one(Booking, number), "x", morning(8))
    centre.told()
    assert remind(centre, morning(8, 10)) == [], "that was told today"
    assert remind(centre, morning(9)) == ["Bald ist es so weit: Trickfilm"]


@given(st.integers(0, 60), st.integers(-90, 90), st.integers(0, 23), st.integers(0, 30))
def test_nobody_is_recalled_too_early_at_night_or_when_it_has_begun(
    before: int, days: int, hour: int, booked: int
) -> None:
    now = morning(10, hour) + timedelta(days=days)
    changed = DUE - timedelta(days=booked)
    if is_soon(Rules(remind_before=before), BERLIN, DUE, changed, now):
        assert changed < now < DUE
        assert before >= (BERLIN.day(DUE) - BERLIN.day(now)).days >= 0
        assert now.astimezone(BERLIN.zone).hour >= 7


def test_requests_whose_start_has_passed_expire_and_give_back_what_they_held(
    centre: Centre,
) -> None:
    over = [centre.book(Stretch(START, DUE), START, "requested") for _ in range(5)]
    centre.book(Stretch(DUE, DUE + timedelta(days=2)), START, "requested")
    centre.told()
    assert remind(centre, START - timedelta(minutes=90)) == []
    assert remind(centre, START) == ["Abgelaufen: Laptop"] * 5
    assert centre.states() == ["expired"] * 5 + ["requested"]
    assert remind(centre, START + timedelta(days=1)) == []
    lend(centre)
    with centre.hub.db.read() as session:
        events = session.scalars(
            sa.select(BookingEvent.actor).where(
                BookingEvent.booking_id.in_(over), BookingEvent.event == "expired"
            )
        ).all()
    assert set(events) == {reminders.ACTOR}


def test_a_request_that_the_staff_looks_after_does_not_expire(centre: Centre) -> None:
    number = centre.book(Stretch(START, DUE), START, "requested")
    with centre.hub.db.write() as session:
        session.add(
            models.Case(
                booking_id=number, site_key="borken", person_id=centre.person, stage="review"
            )
        )
    centre.told()
    assert remind(centre, START + timedelta(days=1)) == []
    assert centre.states() == ["requested"]


@given(
    st.lists(st.integers(1, 30), max_size=4, unique=True).map(sorted),
    st.integers(0, 10),
    st.integers(1, 80),
    st.integers(0, 120),
)
def test_each_step_comes_once_in_its_order(
    after: list[int], before: int, length: int, first: int
) -> None:
    rules = Rules(remind_before=before, remind_after=tuple(after))
    due = START + timedelta(days=length)
    past, told = Past(), []
    for day in range(first, first + 250):
        now = BERLIN.at(BERLIN.day(START) + timedelta(days=day), clock(9))
        step = next_step(rules, BERLIN, due, START, past, now)
        if step is not None:
            assert (step == 0) == (now < due)
            past = Past(step, BERLIN.day(now))
            told.append(step)
    assert [step for step in told if step] == list(range(1, len(after) + 1))
    assert told.count(0) <= (before > 0)


def rules(centre: Centre, **overrides: object) -> None:
    with centre.hub.db.write() as session:
        session.add(BookingRules(site_key="borken", kind="", borrower="", overrides=overrides))
