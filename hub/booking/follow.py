"""The catalogue follows what the staff change: the plugin's bookables are taken in again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.jobs import queue
from hub.models import Job


def changed(session: Session, site: str, plugin: str) -> None:
    """Let the catalogue take in what this plugin offers at a site, once the caller's transaction
    is committed. A job that waits for its turn does it; one that runs may have read already."""
    name = f"sync:{site}/{plugin}"
    waits = session.scalar(sa.select(Job.id).where(Job.key == name, Job.state == "queued").limit(1))
    if waits is None:
        arguments = {"site": site, "plugin": plugin}
        if queue.enqueue(session, "sync", arguments, key=name, lanes={name}) is None:
            queue.enqueue(session, "sync", arguments, lanes={name})
