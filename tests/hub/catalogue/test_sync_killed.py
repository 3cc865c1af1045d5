"""Killed with -9 at random moments, a run ends as if nothing had happened."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from hub import models
from hub.catalogue.sync import sync
from hub.db import Database, migrate
from tests.hub.catalogue import killable
from tests.sources import network

WORK = "(SELECT min(other.source_id) FROM offer AS other WHERE other.work_id = {}.work_id)"
QUERIES = {
    "offers": "SELECT source_id, title, record, content_hash, match_keys,"
    f" CASE WHEN withdrawn_at IS NULL THEN 1 ELSE 0 END, {WORK.format('offer')} AS work FROM offer",
    "works": f"SELECT kind, {WORK.format('work').replace('work.work_id', 'work.id')} FROM work",
    "keys": f"SELECT key, {WORK.format('work_key')} FROM work_key",
    "grants": "SELECT source_id, scope, value FROM offer_grant JOIN offer ON offer.id = offer_id",
    "source": "SELECT cursor, coalesce(run_id, 0) FROM sync_source",
    "run": "SELECT state, added, changed, unchanged, withdrawn, rejected, total FROM sync_run",
    "pages": "SELECT count(*) FROM sync_page",
    "rejects": "SELECT source_id, reason FROM sync_reject",
    "changes": "SELECT source_id, field, old, new FROM sync_change"
    " JOIN offer ON offer.id = offer_id",
    "index": f"SELECT tokens, {WORK.format('search_doc')} FROM search_doc",
    "figures": "SELECT kind, facet, value, number FROM offer_figure WHERE number > 0",
    "entries": "SELECT source_id, search_entry.title, facets FROM search_entry"
    " JOIN offer ON offer.id = offer_id",
}


def state(db: Database) -> dict[str, list[str]]:
    """Every row of the catalogue; works are named by their offers, as sequences may skip ids."""
    with db.read() as session:
        return {
            name: sorted(repr(tuple(row)) for row in session.execute(sa.text(query)))
            for name, query in QUERIES.items()
        }


def test_a_killed_run_ends_in_the_same_state(database_url: str, tmp_path: Path) -> None:
    with network(database_url, tmp_path, ["borken"]) as net:
        rounds, seed = 0, random.Random(7)
        while True:
            rounds += 1
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.hub.catalogue.killable", database_url, tmp_path],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            for _ in range(seed.randint(1, 9)):
                process.stdout.readline()
            time.sleep(seed.random() / 100)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            with net.hub.db.read() as session:
                run = session.scalars(sa.select(models.SyncRun)).one()
            if run.state != "running":
                break
            assert rounds < 60
        killed = state(net.hub.db)
        assert (run.state, run.resumed > 1) == ("succeeded", True), run.error

    undisturbed = tmp_path / "undisturbed.sqlite3"
    url = f"sqlite:///{undisturbed}"
    db = Database(url)
    migrate(db)
    db.close()
    with network(url, tmp_path, ["borken"]) as net:
        net.play("borken", killable.source)
        assert sync(net.hub.db, net.site("borken"), "scripted").state == "succeeded"
        expected = state(net.hub.db)
    for name, rows in expected.items():
        assert killed[name] == rows, name
        assert rows, name
