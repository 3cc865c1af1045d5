"""A centre that lends laptops, with a borrower and a mail server: what tests of mails need."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa

from hub.booking import announce, contacts, items, progress
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.identity import people
from hub.mail import sending
from hub.models import Bookable, Booking, Site
from hub.records import Contact
from hub.runtime import Hub
from tests.servers.smtp import Post

CENTRE = "mz@kreis.example"
BORROWER = "ada@schule.example"


class Centre:
    """The centre `borken`; its clock is whatever a step is given."""

    def __init__(self, hub: Hub, post: Post) -> None:
        self.hub, self.post = hub, post
        hub.settings = dataclasses.replace(
            hub.settings, mail_url=f"smtp://127.0.0.1:{post.port}", mail_from="hub@nrw.example"
        )
        with hub.db.write() as session:
            session.get_one(Site, "borken").contact = {"email": CENTRE}
            person = people.add(session, name="Ada", email="")
            self.person, self.person_key = person.id, person.key
            contacts.keep(session, person.id, "borken", Contact("Ada Muster", BORROWER))
            row = Bookable(
                site_key="borken", plugin="lending", source_id="m1", kind="device",
                title="Laptop", capacity=5,
            )  # fmt: skip
            session.add(row)
            session.flush()
            self.laptop = row.id
            for number in range(5):
                items.add(session, "borken", row.id, f"B-{number}", accessories=["Netzteil"])

    def book(self, time: Stretch, now: datetime, state: str = "confirmed", **values: Any) -> int:
        """Book one laptop; returns the number of the booking."""
        entry = Entry(
            **{
                "site": "borken",
                "plugin": "lending",
                "bookable_id": self.laptop,
                "kind": "device",
                "title": "Laptop",
                "time": time,
                "state": state,
                "person_id": self.person,
                **values,
            }
        )
        number, _ = progress.create(self.hub.db, entry, f"key-{next(_keys)}", "desk", now)
        return number

    def step(
        self, number: int, state: str, now: datetime, *, actor: str = "desk", reason: str = ""
    ) -> None:
        with self.hub.db.write() as session:
            booking = session.get_one(Booking, number)
            progress.advance(session, booking, state, actor, now, reason=reason)

    def hand_out(self, number: int, code: str, now: datetime) -> None:
        with self.hub.db.write() as session:
            items.hand_out(session, session.get_one(Booking, number), [code], "desk", now)

    def told(self) -> list[EmailMessage]:
        """Announce what waits and send it; the mails that arrived, in their order."""
        announce.announce(self.hub, lambda: None)
        return self.arrived()

    def arrived(self) -> list[EmailMessage]:
        self.post.taken.clear()
        sending.send_due(self.hub, lambda: None, 5.0)
        return list(self.post.taken)

    def reference(self, number: int) -> str:
        return str(self.one(number).reference)

    def one(self, number: int) -> Booking:
        with self.hub.db.read() as session:
            return session.get_one(Booking, number)

    def states(self) -> list[str]:
        with self.hub.db.read() as session:
            return list(session.scalars(sa.select(Booking.state).order_by(Booking.id)))


def text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


_keys = iter(range(10**9))
