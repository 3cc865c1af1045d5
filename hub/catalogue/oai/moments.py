"""Datestamps, and up to which moment a harvester may believe to have seen everything.

Lists are in the order of (changed_at, id). Whoever writes offers takes the time after it was let
in alone (`hub.catalogue.page.lock`), so what becomes visible later stands further back, and a list
in progress passes nothing by. But harvesters also go on from the `responseDate` of their last
harvest, and between the moment that a writer takes and its commit other answers are given. So
while a source is being taken in, `responseDate` is not later than what that run committed last.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import runs
from hub.models import SyncRun, SyncSource
from hub.models.base import UtcDateTime, now


def stamp(moment: datetime) -> str:
    """A moment as the protocol writes it, to the second."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def settled(session: Session) -> datetime:
    """A moment, mostly the present one, after which lies every change not visible by now."""
    moment = now()
    silent = moment - runs.SILENCE
    row = session.execute(_open, {"silent": silent}).one()
    if row.held:
        # A person may release what it holds back at any time.
        return silent
    return min(moment, row.beaten or moment)


# A run's heartbeat is the moment of its last page, and committed with it. A run that has been
# silent for long is dead; it must not stop the clock until somebody takes it over.
_open = sa.select(
    sa.select(sa.func.min(SyncRun.heartbeat_at, type_=UtcDateTime))
    .join(SyncSource, SyncSource.run_id == SyncRun.id)
    .where(SyncRun.heartbeat_at > sa.bindparam("silent", type_=UtcDateTime))
    .scalar_subquery()
    .label("beaten"),
    sa.exists().where(SyncRun.state == "held").label("held"),
)
