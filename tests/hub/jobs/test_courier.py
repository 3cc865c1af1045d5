"""procrastinate carries jobs only where it can, and in the transaction that queues them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from hub.db import Database
from hub.jobs import courier, queue

TURNS = sa.text("SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'todo'")


def test_a_turn_is_sent_with_its_job(db: Database) -> None:
    if db.dialect == "sqlite":
        with pytest.raises(courier.Unsuitable, match="needs a PostgreSQL database"):
            courier.install(db)
        return
    courier.remove(db)  # nothing is there yet
    courier.install(db)
    courier.install(db)
    with db.write() as session:
        queue.enqueue(session, "note")
        assert session.scalar(TURNS) == 1
        session.rollback()
    with db.write() as session:
        assert session.scalar(TURNS) == 0
        queue.enqueue(session, "note")
    with db.read() as session:
        assert session.scalar(TURNS) == 1
    courier.remove(db)
    with db.write() as session:
        queue.enqueue(session, "note")
        assert session.scalar(TURNS) == 1, "in the form of the table nobody would take it"
