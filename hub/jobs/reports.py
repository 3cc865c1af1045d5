"""Reports about a source that a job makes and a page shows: one of each kind, the latest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.jobs import queue
from hub.jobs.sources import Source
from hub.models import Job, SourceReport
from hub.models.base import now


@dataclass(frozen=True, slots=True)
class State:
    """What there is of a report: whether a job is at it, and what it says so far."""

    open: bool
    """Whether a job waits or runs that makes it anew."""
    message: str
    """Why that job had to be put off or given up; mostly empty."""
    made_at: datetime | None
    """None where there is no report yet."""
    data: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        """Whether there is a report that was brought to its end."""
        return self.made_at is not None and bool(self.data.get("ended"))


def ask(session: Session, source: Source, kind: str) -> None:
    """Let a job make the report; while one is at it nothing happens."""
    arguments = {"site": source.site, "plugin": source.plugin}
    lanes = source.hosts or frozenset({source.name})
    queue.enqueue(session, kind, arguments, key=_key(source.site, source.plugin, kind), lanes=lanes)


def write(session: Session, site: str, plugin: str, kind: str, data: Mapping[str, Any]) -> None:
    """Keep the report in place of the one before; `ended` in it says that it is whole."""
    session.merge(
        SourceReport(site_key=site, plugin=plugin, kind=kind, made_at=now(), data=dict(data))
    )


def state(session: Session, site: str, plugin: str, kind: str) -> State:
    """What there is of a report about a source of this site."""
    job = session.scalars(
        sa.select(Job).where(
            Job.key == _key(site, plugin, kind), Job.state.in_(("queued", "running", "parked"))
        )
    ).one_or_none()
    row = session.get(SourceReport, (site, plugin, kind))
    return State(
        job is not None and job.state != "parked",
        job.message if job else "",
        row.made_at if row else None,
        row.data if row else {},
    )


def _key(site: str, plugin: str, kind: str) -> str:
    return f"{kind}:{site}/{plugin}"
