"""Buying together: a Landesmedienzentrum asks, centres answer, what is bought is entered at once.

The price is that of one centre's licence; the more centres take part, the more percent are taken
off, for all of them. A price with a discount is rounded to whole cents, half a cent upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import grants
from hub.identity import audit
from hub.models import JointPurchase, Offer, PurchaseAnswer, Site, WorkKey

MOST = 500
"""Purchases in the list."""
LONGEST_NOTE = 500
HIGHEST = 2**31 - 1
"""Number of a purchase."""
UNDONE_WITHIN = timedelta(days=7)


class State(StrEnum):
    DRAFT = "draft"
    ASKED = "asked"
    BOUGHT = "bought"
    DROPPED = "dropped"


class Step(StrEnum):
    """What can be done with a purchase."""

    ASK = "ask"
    BUY = "buy"
    DROP = "drop"
    UNDO = "undo"


class NotNow(Exception):
    """This cannot be done with it as it is."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What a purchase costs with the centres that take part."""

    centres: int
    percent: int
    each: int
    """Cents."""
    total: int


def price(cents: int, steps: Iterable[Sequence[int]], centres: int) -> Sum:
    """What it costs when so many centres take part."""
    percent = max((off for least, off in steps if centres >= least), default=0)
    exact = Decimal(cents) * (100 - percent) / 100
    each = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return Sum(centres, percent, each, each * centres)


def find(session: Session, number: int, *, to_change: bool = False) -> JointPurchase | None:
    """A purchase by its number; `to_change` keeps everybody else from changing it meanwhile."""
    if not 0 < number <= HIGHEST:
        return None
    return session.get(JointPurchase, number, with_for_update=to_change or None)


def title_of(session: Session, key: str) -> str:
    """The title under which the medium is offered now; the key where nobody does."""
    found = session.scalar(
        sa.select(Offer.title)
        .join(WorkKey, WorkKey.work_id == Offer.work_id)
        .where(WorkKey.key == key, Offer.withdrawn_at.is_(None))
        .order_by(Offer.id)
        .limit(1)
    )
    return found or key


def listing(session: Session) -> Sequence[JointPurchase]:
    """All purchases, the latest first."""
    query = sa.select(JointPurchase).order_by(JointPurchase.id.desc()).limit(MOST)
    return session.scalars(query).all()


def taking_part(session: Session) -> dict[int, list[str]]:
    """The centres that want each purchase."""
    found: dict[int, list[str]] = {}
    rows = session.execute(
        sa.select(PurchaseAnswer.purchase_id, PurchaseAnswer.site_key)
        .where(PurchaseAnswer.wanted)
        .order_by(PurchaseAnswer.site_key)
    )
    for number, site in rows:
        found.setdefault(number, []).append(site)
    return found


def answers(session: Session, number: int) -> dict[str, PurchaseAnswer]:
    """What each centre answered."""
    rows = session.scalars(sa.select(PurchaseAnswer).where(PurchaseAnswer.purchase_id == number))
    return {row.site_key: row for row in rows}


def asked(
    session: Session, site: str, today: date
) -> list[tuple[JointPurchase, PurchaseAnswer | None]]:
    """What a centre is asked now, with what it has answered; the most urgent first."""
    rows = session.execute(
        sa.select(JointPurchase, PurchaseAnswer)
        .outerjoin(
            PurchaseAnswer,
            sa.and_(
                PurchaseAnswer.purchase_id == JointPurchase.id, PurchaseAnswer.site_key == site
            ),
        )
        .where(JointPurchase.state == State.ASKED, JointPurchase.answer_by >= today)
        .order_by(JointPurchase.answer_by, JointPurchase.id)
    )
    return [(purchase, answer) for purchase, answer in rows]


def answer(
    session: Session, purchase: JointPurchase, site: str, wanted: bool, note: str, today: date
) -> None:
    """Say whether a centre takes part; until the last day it may say otherwise. Raises `NotNow`."""
    row = session.get(Site, site)
    if purchase.state != State.ASKED or purchase.answer_by < today:
        raise NotNow
    if row is None or row.kind != "centre":
        raise NotNow
    known = session.get(PurchaseAnswer, (purchase.id, site)) or PurchaseAnswer(
        purchase_id=purchase.id, site_key=site
    )
    known.wanted, known.note = wanted, note[:LONGEST_NOTE]
    session.add(known)


def possible(purchase: JointPurchase, now: datetime) -> tuple[Step, ...]:
    """What can be done with it."""
    match purchase.state:
        case State.DRAFT:
            return (Step.ASK, Step.DROP)
        case State.ASKED:
            return (Step.BUY, Step.DROP)
        case _ if purchase.decided_at and now - purchase.decided_at < UNDONE_WITHIN:
            return (Step.UNDO,)
    return ()


def take(session: Session, purchase: JointPurchase, step: Step, actor: str, now: datetime) -> None:
    """Do a step. To buy enters the licences of all centres that take part, to undo it takes them
    back. A second click changes nothing; raises `NotNow`."""
    done = {Step.ASK: State.ASKED, Step.BUY: State.BOUGHT, Step.DROP: State.DROPPED}
    if done.get(step) == purchase.state:
        return
    if step not in possible(purchase, now):
        raise NotNow
    before = purchase.state
    if step is Step.BUY or before == State.BOUGHT:
        sites = taking_part(session).get(purchase.id, []) if step is Step.BUY else []
        if step is Step.BUY and not sites:
            raise NotNow
        grants.bought(
            session,
            f"purchase:{purchase.id}",
            purchase.key,
            sites,
            actor=actor,
            valid_from=purchase.valid_from,
            valid_until=purchase.valid_until,
        )
    back = State.ASKED if before == State.BOUGHT else State.DRAFT
    purchase.state = done.get(step, back)
    purchase.decided_at = now if step in (Step.BUY, Step.DROP) else None
    audit.note(
        session,
        actor,
        None,
        f"purchase.{step}",
        f"purchase:{purchase.id}",
        after={"state": purchase.state},
        before={"state": before},
    )
