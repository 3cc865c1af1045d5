"""Sending what is due: each mail is taken, handed over and noted by itself.

A mail that is taken comes due again only after `HELD`, so a worker that dies with it leaves it to
the next, and what one worker notes counts only while no other has taken the mail since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub.mail import address, message, outbox, transport
from hub.mail.transport import Broken, Deliver, NotNow, Refused, ServerTrouble
from hub.models import Mail, Site
from hub.models.base import now
from hub.runtime import Hub

HELD = timedelta(minutes=10)
"""Longer than all steps of handing one mail over may take."""
PAUSE = timedelta(minutes=5)
"""Before a server that takes no mail is asked again."""
FIRST, LONGEST = timedelta(minutes=2), timedelta(hours=4)
"""Before a mail is tried again: doubled each time, up to the longest."""
MOST_BROKEN = 3
"""Mails over which the connection broke in one go; then it is the server, not the mails."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A mail in the hands of this worker, as of this attempt."""

    number: int
    attempt: int
    message: EmailMessage | None
    """None where it cannot be written as a message."""


@dataclass(slots=True)
class _Count:
    sent: int = 0
    refused: int = 0
    put_off: int = 0
    broken: int = 0
    """In a row."""


def send_due(hub: Hub, check: Callable[[], None], timeout: float = transport.TIMEOUT) -> str:
    """Send what is due; returns how it went. `check` raises when the work must be left.

    When the server takes no mail, all that waits is put off with the reason.
    """
    count = _Count()
    try:
        _give_up_late(hub)
        with hub.db.read() as session:
            due = outbox.is_due(session)
        while due:
            if not hub.settings.mail_url:
                raise ServerTrouble(outbox.NO_SERVER)
            with transport.connected(address.parse(hub.settings.mail_url), timeout) as deliver:
                due = _send_all(hub, deliver, check, count)
    except ServerTrouble as trouble:
        put_off = _put_off_all(hub, str(trouble))
        log.warning("mail.server", message=str(trouble), waiting=put_off)
        return f"{count.sent} sent; {put_off} wait: {trouble}"
    return f"{count.sent} sent, {count.refused} given up, {count.put_off} put off."


def _send_all(hub: Hub, deliver: Deliver, check: Callable[[], None], count: _Count) -> bool:
    """Send by this connection; True when it broke and another one is worth a try."""
    while True:
        check()
        with hub.db.write() as session:
            taken = _take(session, hub.settings.mail_from)
        if taken is None:
            return False
        if taken.message is None:
            count.refused += 1
            continue
        try:
            deliver(taken.message)
        except ServerTrouble as trouble:
            _note(hub, taken, _release, str(trouble))
            raise
        except Refused as refusal:
            _note(hub, taken, outbox.give_up, str(refusal))
            count.refused += 1
            log.warning("mail.refused", id=taken.number, message=str(refusal))
        except NotNow as delay:
            _note(hub, taken, _again, str(delay))
            count.put_off += 1
            if isinstance(delay, Broken):
                count.broken += 1
                if count.broken >= MOST_BROKEN:
                    raise ServerTrouble(str(delay)) from delay
                return True
        else:
            _note(hub, taken, _sent, "")
            count.sent += 1
            count.broken = 0


def _take(session: Session, sender: str) -> _Taken | None:
    """The mail that is due longest, to be tried by nobody else for a while."""
    mail = session.scalars(
        sa.select(Mail)
        .where(Mail.next_at <= now())
        .order_by(Mail.next_at, Mail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if mail is None:
        return None
    site = session.get(Site, mail.site_key) if mail.site_key is not None else None
    mail.attempts += 1
    try:
        built = message.build(mail, site, sender)
    except (ValueError, LookupError) as error:
        outbox.give_up(mail, f"It cannot be written as a message: {error}")
        return _Taken(mail.id, mail.attempts, None)
    mail.next_at = now() + HELD
    return _Taken(mail.id, mail.attempts, built)


def _note(hub: Hub, taken: _Taken, change: Callable[[Mail, str], None], why: str) -> None:
    with hub.db.write() as session:
        mail = session.get(Mail, taken.number, with_for_update=True)
        if mail is not None and mail.attempts == taken.attempt and mail.sent_at is None:
            change(mail, why)


def _sent(mail: Mail, _: str) -> None:
    mail.sent_at, mail.next_at, mail.error = now(), None, ""
    outbox.forget_secret(mail)


def _again(mail: Mail, why: str) -> None:
    pause = min(FIRST * int(2 ** min(mail.attempts - 1, 20)), LONGEST)
    mail.next_at, mail.error = now() + pause, why


def _release(mail: Mail, why: str) -> None:
    """It waits with all others."""
    mail.next_at, mail.error = now(), why


def _put_off_all(hub: Hub, why: str) -> int:
    """No mail is tried before the pause is over; returns how many wait."""
    with hub.db.write() as session:
        after = now() + PAUSE
        session.execute(
            sa.update(Mail)
            .where(Mail.next_at <= now())
            .values(next_at=after, error=why)
            .execution_options(synchronize_session=False)
        )
        waiting = sa.select(sa.func.count()).select_from(Mail).where(Mail.next_at.is_not(None))
        return session.scalar(waiting) or 0


def _give_up_late(hub: Hub) -> None:
    """What was not sent while it was of use is not sent any more."""
    late = sa.select(Mail).where(Mail.next_at <= now(), Mail.until < now())
    with hub.db.read() as session:
        if not session.scalar(sa.select(late.exists())):
            return
    with hub.db.write() as session:
        for mail in session.scalars(late.with_for_update(skip_locked=True)):
            outbox.give_up(mail, mail.error or outbox.NO_WORKER)
            log.warning("mail.given_up", id=mail.id, message=mail.error)
