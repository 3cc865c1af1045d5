"""Webhooks arrive signed, with one id per change, and go to no address inside unless allowed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import standard_webhooks
from hub import activations, models
from hub.booking import announce, progress
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.errors import Denied, Unavailable
from hub.models.base import now
from hub.records import Booking, Kind, Offer, Record
from hub.runtime import Hub
from hub.testing import PluginContract, site_row, site_with
from plugins.webhooks import Webhooks
from tests.sources import Point, network

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
START = datetime(2027, 3, 1, 7, tzinfo=UTC)
BOOKING = Booking(
    id="ABCD2345",
    offer=Offer(7, "teststadt", "lending", Record("m1", Kind.DEVICE, "Tablet-Koffer Größe 3")),
    state="confirmed",
    start=START,
    end=START + timedelta(days=3),
    quantity=2,
    note="Für Ada Muster",
)


class Receiver:
    """Takes what is posted, and answers with `status`."""

    def __init__(self) -> None:
        self.status, self.location = 204, ""
        self.taken: list[tuple[Mapping[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.taken.append((self.headers, body))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def tell(
    receiver: Receiver, files: Path, key: str = "event-1", hosts: tuple[str, ...] = ("127.0.0.1",)
) -> None:
    config = {"address": receiver.address, "secret": SECRET}
    site = site_with(Webhooks, config, files, site_row(internal_hosts=hosts))
    site.one("webhooks", "booking_changed", booking=BOOKING, event="confirmed", key=key)


class TestContract(PluginContract):
    plugin = Webhooks
    config = {"address": "https://system.example/hook", "secret": SECRET}


def test_a_change_arrives_signed(receiver: Receiver, tmp_path: Path) -> None:
    tell(receiver, tmp_path)
    ((headers, body),) = receiver.taken
    at = int(headers["webhook-timestamp"])
    assert abs(at - time.time()) < 60
    assert headers["webhook-id"] == "teststadt-event-1"
    signature = standard_webhooks.signature(KEY, headers["webhook-id"], at, body)
    assert headers["webhook-signature"] == f"v1,{signature}"
    told = json.loads(body)
    assert told["type"] == "booking.confirmed"
    assert told["data"] == {
        "site": "teststadt",
        "booking": "ABCD2345",
        "state": "confirmed",
        "start": "2027-03-01T07:00:00+00:00",
        "end": "2027-03-04T07:00:00+00:00",
        "quantity": 2,
        "offer": {
            "id": 7, "source_id": "m1", "kind": "device", "title": "Tablet-Koffer Größe 3",
        },
    }  # fmt: skip
    assert "Ada" not in body.decode(), "what a person wrote stays here"


def test_a_check_sends_what_says_nothing_and_hears_a_no(receiver: Receiver, tmp_path: Path) -> None:
    config = {"address": receiver.address, "secret": SECRET}
    site = site_with(Webhooks, config, tmp_path, site_row(internal_hosts=("127.0.0.1",)))
    site.one("webhooks", "health")
    told = verified(*receiver.taken[0])
    assert (told["type"], told["data"]) == ("hub.test", {})
    receiver.status = 401
    with pytest.raises(Denied, match="answered 401"):
        site.one("webhooks", "health")


def work(hub: Hub, folder: Path) -> None:
    """A worker in a process of its own does what is due."""
    told = {
        "HUB_DATABASE_URL": hub.settings.database_url,
        "HUB_SECRET_KEY": hub.settings.secret_key,
        "HUB_CONFIG": str(folder),
        "HUB_VAR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from hub.cli import main; main()", "worker", "--once"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def verified(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """What the receiver reads, having checked the signature as the standard says."""
    at = int(headers["webhook-timestamp"])
    signature = standard_webhooks.signature(KEY, headers["webhook-id"], at, body)
    assert headers["webhook-signature"] == f"v1,{signature}"
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_worker_delivers_a_change_again_that_was_not_taken(
    receiver: Receiver, database_url: str, tmp_path: Path
) -> None:
    with network(database_url, tmp_path, ["borken"], [Point("webhooks", Webhooks)]) as net:
        hub = net.hub
        config = {"address": receiver.address, "secret": SECRET}
        with hub.db.write() as session:
            session.get_one(models.Site, "borken").internal_hosts = ["127.0.0.1"]
        activations.disable(hub, "borken", "scripted", actor="test")
        activations.enable(hub, "borken", "webhooks", config, actor="test")
        with hub.db.write() as session:
            row = models.Bookable(
                site_key="borken", plugin="lending", source_id="m1", kind="device",
                title="Kamera", capacity=1,
            )  # fmt: skip
            session.add(row)
            session.flush()
            time = Stretch(now() + timedelta(days=3), now() + timedelta(days=5))
            entry = Entry("borken", "lending", row.id, "device", "Kamera", time, state="confirmed")
            number, _ = progress.enter(session, entry, "k", "test", now())
            reference = session.get_one(models.Booking, number).reference
        receiver.status = 500
        work(hub, tmp_path)
        assert len(receiver.taken) == 1
        with hub.db.write() as session:
            waits = session.scalars(sa.select(models.Job).where(models.Job.state == "queued")).one()
            assert waits.task == announce.AGAIN
            assert waits.run_at is not None
            assert waits.run_at > now(), "not at once"
            waits.run_at = now()  # the minute has passed
        receiver.status = 204
        work(hub, tmp_path)
        with hub.db.read() as session:
            states = set(session.scalars(sa.select(models.Job.state)))
        assert states == {"finished"}, "nothing is left to send"
    told = [verified(*one) for one in receiver.taken]
    assert [one["type"] for one in told] == ["booking.confirmed"] * 2
    assert {one["data"]["booking"] for one in told} == {reference}
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the specification's own libraries."""
    key = standard_webhooks.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = standard_webhooks.signature(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signature == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_same_change_has_the_same_id(receiver: Receiver, tmp_path: Path) -> None:
    for key in ("event-1", "event-1", "event-2"):
        tell(receiver, tmp_path, key)
    ids = [headers["webhook-id"] for headers, _ in receiver.taken]
    assert ids == ["teststadt-event-1", "teststadt-event-1", "teststadt-event-2"]


@pytest.mark.parametrize(
    ("status", "error"), [(500, Unavailable), (429, Unavailable), (410, Denied), (401, Denied)]
)
def test_what_the_receiver_says_decides_whether_it_is_repeated(
    receiver: Receiver, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(error):
        tell(receiver, tmp_path)


def test_an_address_inside_is_told_nothing_unless_the_site_allows_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    with pytest.raises(Denied):
        tell(receiver, tmp_path, hosts=())
    assert receiver.taken == []


def test_a_redirect_leads_nowhere(receiver: Receiver, tmp_path: Path) -> None:
    receiver.status, receiver.location = 307, receiver.address
    with pytest.raises(Unavailable):
        tell(receiver, tmp_path)
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("secret", ["short", "whsec_!!", "whsec_" + "QUJD", SECRET[6:]])
def test_a_secret_that_signs_nothing_is_refused_and_not_shown(secret: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        site_with(Webhooks, {"address": "https://x.example", "secret": secret}, tmp_path)
    assert secret not in str(caught.value)
