"""Webhooks arrive signed, with one id per change, and go to no address inside unless allowed."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors import standard_webhooks
from hub.errors import Denied, Unavailable
from hub.records import Booking, Kind, Offer, Record
from hub.testing import PluginContract, site_row, site_with
from plugins.webhooks import Webhooks

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
