"""Building the whole search index anew, when the analyser or the vocabularies changed."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import index, page
from hub.catalogue.analysis import ANALYSER_VERSION
from hub.db import Database
from hub.models import Counter, Work
from hub.models.base import table

BATCH = 500


def outdated(session: Session) -> bool:
    """Was the index built by another version of the analyser? An empty one never is."""
    stored = session.execute(_select_version, {"name": index.ANALYSER}).scalar()
    return stored not in (None, ANALYSER_VERSION)


def rebuild(database: Database, progress: Callable[[int, int], object] = lambda *_: None) -> int:
    """Write the entries of all works anew, a batch per transaction; returns how many works.

    Searching goes on meanwhile. Interrupted, it leaves a mix of old and new entries and the index
    still `outdated`. `progress` gets the works done and the works in all.
    """
    with database.read() as session:
        total = session.execute(_count_works).scalar_one()
    done, last = 0, 0
    while True:
        with database.write() as session:
            works = session.execute(_next_works, {"last": last}).scalars().all()
            if not works:
                index.mark_current(session.connection())
                return done
            page.lock(session.connection())
            page.reindex(session.connection(), works)
        last = works[-1]
        done += len(works)
        progress(done, total)


_counter, _work = table(Counter), table(Work)
_select_version = sa.select(_counter.c.value).where(_counter.c.name == sa.bindparam("name"))
_count_works = sa.select(sa.func.count()).select_from(_work)
_next_works = (
    sa.select(_work.c.id).where(_work.c.id > sa.bindparam("last")).order_by(_work.c.id).limit(BATCH)
)
