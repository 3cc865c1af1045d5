"""Trainings booked in a real pretix (PyPI: pretix), in an environment of its own.

The environment and its migrated database are made once and kept in `.venv/peers/pretix`: both take
minutes. `make clean` removes them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.errors import PluginError, Rejected
from hub.records import Booking, BookingRequest, Contact, Offer, Person, Record, Upsert
from hub.site import Site
from hub.testing import BookingContract, CatalogueContract, site_with
from plugins.pretix import Pretix
from tests.conftest import ROOT, unavailable

KEPT = ROOT / ".venv" / "peers" / "pretix"
RELEASE = "pretix==2026.8.*"
CONFIG = """
[pretix]
url=http://127.0.0.1
datadir={data}
registration=off
[database]
backend=sqlite3
[django]
secret=only-for-tests-and-known-to-everybody-0123456789
[locale]
default=de
timezone=Europe/Berlin
"""
ACCOUNT = """
from datetime import timedelta
from decimal import Decimal
from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, Organizer, Team

with scopes_disabled():
    organizer = Organizer.objects.create(name="Medienzentrum", slug="mz")
    team = Team.objects.create(
        organizer=organizer, name="Hub", all_events=True, all_event_permissions=True
    )
    start = now().replace(microsecond=0) + timedelta(days=40)
    event = Event.objects.create(
        organizer=organizer, name="Kurse", slug="kurse", currency="EUR", live=True,
        has_subevents=True, date_from=start, plugins="",
    )
    seat = event.items.create(name="Teilnahme", default_price=Decimal("0.00"), admission=True)
    for number in range(8):
        begin = start + timedelta(days=7 * number)
        date = event.subevents.create(
            name=f"Trickfilm {number}", active=True, date_from=begin,
            date_to=begin + timedelta(hours=3),
        )
        event.quotas.create(name="Plaetze", size=3, subevent=date).items.add(seat)
    print("TOKEN", team.tokens.create(name="hub").token)
"""


def run(python: Path, config: Path, *command: str) -> str:
    done = subprocess.run(
        [python, "-m", "pretix", *command],
        env={**os.environ, "PRETIX_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def installed() -> tuple[Path, Path]:
    """The interpreter that has pretix, and a folder with a migrated database."""
    python, data = KEPT / "bin" / "python", KEPT / "migrated"
    if not (KEPT / "complete").exists():
        shutil.rmtree(KEPT, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", KEPT], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", RELEASE]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            unavailable(f"pretix cannot be installed: {done.stderr[-300:]}")
        data.mkdir()
        config = KEPT / "migrating.cfg"
        config.write_text(CONFIG.format(data=data))
        run(python, config, "migrate")
        (KEPT / "complete").touch()
    return python, data


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    python, migrated = installed()
    folder = tmp_path_factory.mktemp("pretix")
    shutil.copytree(migrated, folder / "data")
    file = folder / "pretix.cfg"
    file.write_text(CONFIG.format(data=folder / "data"))
    token = run(python, file, "shell", "-c", ACCOUNT).rpartition("TOKEN ")[2].strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "pretix", "runserver", "--noreload", f"127.0.0.1:{port}"],
            env={**os.environ, "PRETIX_CONFIG_FILE": str(file)},
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}/"
        until = time.monotonic() + 120
        while True:
            try:
                requests.get(f"{address}api/v1/version", timeout=60)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, "pretix did not start"
                time.sleep(0.2)
        yield {
            "address": address,
            "organizer": "mz",
            "events": ["kurse"],
            "token": token,
            "timeout": 30,
        }
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def site(config: dict[str, Any], tmp_path: Path) -> Site:
    return site_with(Pretix, config, tmp_path)


def courses(site: Site) -> list[Record]:
    changes = site.one("pretix", "catalogue_changes", cursor=None)
    return [one.record for one in changes if isinstance(one, Upsert)]


def wanted(site: Site, number: int, quantity: int = 1) -> BookingRequest:
    record = courses(site)[number]
    (event,) = record.events
    return BookingRequest(
        Offer(7, "teststadt", "pretix", record),
        Person("p1"),
        event.start,
        event.end,
        quantity,
        institution_name="Schule am Wall",
        contact=Contact("Ada Muster", "ada@schule.example"),
    )


def create(site: Site, request: BookingRequest, key: str) -> Booking:
    made: Booking = site.one("pretix", "booking_create", request=request, key=key)
    return made


class TestContract(CatalogueContract, BookingContract):
    plugin = Pretix

    @pytest.fixture
    def plugin_config(self, config: dict[str, Any]) -> Mapping[str, Any]:
        return config

    @pytest.fixture
    def booking_request(self, site: Site) -> BookingRequest:
        return wanted(site, 0)


def test_dates_come_with_their_seats(site: Site) -> None:
    site.one("pretix", "health")
    found = courses(site)
    assert [one.title for one in found] == [f"Trickfilm {number}" for number in range(8)]
    assert {one.events[0].seats for one in found} == {3}


def test_what_is_cancelled_there_is_seen(site: Site, config: dict[str, Any]) -> None:
    made = create(site, wanted(site, 1, 2), "ABCD2345")
    assert (made.id, made.state) == ("ABCD2345", "confirmed")
    assert site.one("pretix", "booking_state", booking=made) == made
    answer = requests.post(
        f"{config['address']}api/v1/organizers/mz/events/kurse/orders/ABCD2345/mark_canceled/",
        json={"send_email": False},
        headers={"Authorization": f"Token {config['token']}"},
        timeout=60,
    )
    answer.raise_for_status()
    assert site.one("pretix", "booking_state", booking=made).state == "cancelled"


def test_many_at_the_same_time_get_as_many_seats_as_there_are(site: Site) -> None:
    request, outcomes = wanted(site, 2), {}

    def try_it(key: str) -> None:
        try:
            outcomes[key] = create(site, request, key).state
        except PluginError as error:
            outcomes[key] = type(error).__name__

    keys = [f"KEYKEY{number}" for number in range(2, 8)]
    threads = [threading.Thread(target=try_it, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for key in keys:  # as the hub does, until each has its answer
        for _ in range(5):
            if outcomes[key] == "Unavailable":
                try_it(key)
    assert sorted(outcomes.values()) == ["Rejected"] * 3 + ["confirmed"] * 3, outcomes
    with pytest.raises(Rejected):
        create(site, request, "KEYKEY9")


def test_who_waits_gets_what_becomes_free(site: Site, config: dict[str, Any]) -> None:
    full = create(site, wanted(site, 4, 3), "FULL2345")
    request = replace(wanted(site, 4), waiting=True)
    made = create(site, request, "WARTE234")
    assert made.state == "waiting"
    assert create(site, request, "WARTE234") == made
    assert site.one("pretix", "booking_state", booking=made) == made
    site.one("pretix", "booking_cancel", booking=full, key="k")
    number = made.id.partition("-W")[2]
    answer = requests.post(
        f"{config['address']}api/v1/organizers/mz/events/kurse/waitinglistentries/{number}"
        "/send_voucher/",
        headers={"Authorization": f"Token {config['token']}"},
        timeout=60,
    )
    assert answer.status_code == 204, answer.text
    assert site.one("pretix", "booking_state", booking=made).state == "confirmed"
    plugin: Any = site.plugins["pretix"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plugin, "_of", lambda _: [made])
        assert "Ada Muster" in str(plugin.personal_data_export(Person("p1")))

    create(site, wanted(site, 5, 3), "FULL6789")
    left = create(site, replace(wanted(site, 5), waiting=True), "GEHT2345")
    assert site.one("pretix", "booking_cancel", booking=left, key="k").state == "cancelled"
    assert site.one("pretix", "booking_state", booking=left).state == "cancelled"


def test_a_booking_gets_another_date_and_number_or_stays_as_it_is(site: Site) -> None:
    found = courses(site)
    made = create(site, wanted(site, 6), "ZEHT2345")

    def move(booking: Booking, course: int, quantity: int, key: str) -> Booking:
        (event,) = found[course].events
        moved: Booking = site.one(
            "pretix",
            "booking_move",
            booking=booking,
            offer=Offer(course, "teststadt", "pretix", found[course]),
            start=event.start,
            end=event.end,
            quantity=quantity,
            key=key,
        )
        assert site.one("pretix", "booking_state", booking=moved) == moved
        return moved

    def free() -> tuple[int, int]:
        dates = site.one("pretix", "booking_dates", booking=replace(made, offer=booked_on(0)))
        return dates[found[6].source_id], dates[found[7].source_id]

    def booked_on(course: int) -> Offer:
        return Offer(course, "teststadt", "pretix", found[course])

    assert free() == (2, 3)
    moved = move(made, 7, 2, "k1")
    assert (moved.id, moved.state, moved.quantity) == (made.id, "confirmed", 2)
    assert free() == (3, 1)
    assert move(made, 7, 2, "k1") == moved, "said again"
    assert free() == (3, 1)
    back = move(moved, 6, 2, "k2")
    assert free() == (1, 3)
    again = move(back, 7, 3, "k3")
    assert free() == (3, 0)
    with pytest.raises(Rejected, match="nicht genug freie"):
        move(again, 7, 4, "k4")
    full = create(site, wanted(site, 6, 3), "FXLL2345")
    with pytest.raises(Rejected, match="nicht genug freie"):
        move(again, 6, 1, "k5")
    assert site.one("pretix", "booking_state", booking=again) == again, "nothing was let go"
    fewer = move(again, 7, 1, "k6")
    assert free() == (0, 2)
    site.one("pretix", "booking_cancel", booking=full, key="k")
    site.one("pretix", "booking_cancel", booking=fewer, key="k")
    with pytest.raises(Rejected, match="gibt es in pretix nicht mehr"):
        move(fewer, 6, 1, "k7")


def test_names_are_taken_out_of_an_order(site: Site) -> None:
    plugin: Any = site.plugins["pretix"]
    made = create(site, wanted(site, 3), "EFGH2345")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plugin, "_of", lambda _: [made])
        held = site.one("pretix", "booking_state", booking=made)
        assert held.state == "confirmed"
        assert "Ada Muster" in str(plugin.personal_data_export(Person("p1")))
        plugin.personal_data_erase(Person("p1"))
        assert "Ada" not in str(plugin.personal_data_export(Person("p1")))
    assert site.one("pretix", "booking_state", booking=made).state == "cancelled"
