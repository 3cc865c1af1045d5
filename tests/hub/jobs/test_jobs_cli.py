"""`hub worker`, `hub jobs`, `hub sync schedule(s)` and what `hub check` says of jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from hub import models
from hub.cli import main
from hub.jobs import queue
from hub.models.base import now
from hub.runtime import Hub
from hub.settings import Settings
from tests.hub.conftest import site_row

PLUGIN = """
from hub import Plugin, hookimpl
from hub.records import Checkpoint, Kind, Record, Upsert


class Source(Plugin):
    name = "source"
    title = {"de": "Quelle", "en": "Source"}
    hosts = ("media.example.org",)

    @hookimpl
    def catalogue_changes(self, cursor):
        yield Upsert(Record("1", Kind.MEDIUM, "Film"))
        yield Checkpoint(None, complete=True)
"""


@pytest.fixture
def environment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hub]:
    packages = tmp_path / "packages"
    metadata = packages / "scheduled-1.0.dist-info"
    metadata.mkdir(parents=True)
    (packages / "scheduled.py").write_text(PLUGIN, encoding="utf-8")
    (metadata / "METADATA").write_text("Name: scheduled\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(
        "[hub.plugins]\nsource = scheduled:Source\n", encoding="utf-8"
    )
    for name, value in {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_SECRET_KEY": settings.secret_key,
        "HUB_VAR": str(settings.var),
        "HUB_CONFIG": str(settings.config),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.syspath_prepend(packages)
    with Hub.open(settings) as found:
        with found.db.write() as session:
            session.add(site_row("borken", 0))
            session.flush()
            session.add(
                models.Activation(site_key="borken", plugin="source", enabled=True, config={})
            )
        yield found
    sys.modules.pop("scheduled", None)


def hub(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str, code: int = 0) -> Any:
    return json.loads(hub(*arguments, "--json", code=code).stdout)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from hub.cli import main; main()", *arguments]


def test_the_worker_takes_in_what_is_due(environment: Hub) -> None:
    done = subprocess.run(
        command("worker", "--once"), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    (job,) = answer("jobs", "list")
    assert (job["task"], job["state"]) == ("sync", "finished")
    assert job["arguments"] == {"site": "borken", "plugin": "source"}
    assert "borken/source" in hub("jobs", "list", "--state", "finished").stdout
    assert answer("jobs", "list", "--state", "parked") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_cleanly(environment: Hub, number: signal.Signals) -> None:
    process = subprocess.Popen(command("worker"), stderr=subprocess.PIPE, env=os.environ)
    end = time.monotonic() + 90
    while not [job for job in answer("jobs", "list") if job["state"] == "finished"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors


def test_parked_jobs_are_told_and_tried_again(environment: Hub) -> None:
    with environment.db.write() as session:
        number = queue.enqueue(session, "sync", {"site": "borken", "plugin": "source"})
        claim = queue.claim(session, "host:1")
        assert claim is not None
        queue.park(session, claim, "It ended its worker.")
    problems = answer("check", code=1)["problems"]
    (told,) = [one for one in problems if one["where"] == "borken/source"]
    assert told["problem"] == f"Job {number} (sync) is parked: It ended its worker."
    assert "It ended its worker." in hub("jobs", "list", "--state", "parked").stdout
    assert hub("jobs", "retry", str(number)).stdout == f"Job {number} is queued.\n"
    assert answer("jobs", "list")[0]["state"] == "queued"
    assert "is queued; only a parked job" in hub("jobs", "retry", str(number), code=1).output
    assert "does not exist" in hub("jobs", "retry", "4711", code=1).output


def test_a_centre_chooses_its_time(environment: Hub) -> None:
    (usual,) = answer("sync", "schedules")
    assert (usual["chosen"], usual["hosts"]) == (False, ["media.example.org"])
    told = hub("sync", "schedule", "borken", "source", "15 4 * * *", "--quiet", "07:00-17:00")
    assert told.stdout.startswith("borken/source: 15 4 * * *, next ")
    (chosen,) = answer("sync", "schedules")
    assert (chosen["schedule"], chosen["chosen"]) == ("15 4 * * *", True)
    assert chosen["quiet"] == "07:00-17:00"
    assert "T04:15:00" in chosen["next"]
    with environment.db.read() as session:
        slot = session.scalars(sa.select(models.JobSlot)).one()
        assert (slot.schedule, slot.job_id) == ("sync:borken/source", None)
        assert slot.slot <= now()
        audit = session.scalars(sa.select(models.AuditEntry)).one()
        assert (audit.action, audit.site_key, audit.subject) == (
            "sync.schedule",
            "borken",
            "source",
        )
        assert audit.after == {"cron": "15 4 * * *", "quiet": "07:00-17:00"}
    hub("sync", "schedule", "borken", "source", "--quiet", "")
    (kept,) = answer("sync", "schedules")
    assert (kept["schedule"], kept["quiet"]) == ("15 4 * * *", "")
    assert "by hand only" in hub("sync", "schedule", "borken", "source", "off").stdout
    assert "off" in hub("sync", "schedules").stdout
    hub("sync", "schedule", "borken", "source", "--usual")
    assert answer("sync", "schedules") == [usual]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("borken", "source", "99 4 * * *"), 1, "is no schedule"),
        (("borken", "source", "15 4 * * *", "--quiet", "never"), 1, "no quiet hours"),
        (("borken", "nothing", "15 4 * * *"), 1, "hub sync schedules"),
        (("nowhere", "source", "15 4 * * *"), 1, "no site"),
        (("borken", "source"), 2, "Give CRON"),
        (("borken", "source", "15 4 * * *", "--usual"), 2, "either"),
    ],
)
def test_a_wrong_schedule_is_refused(
    environment: Hub, arguments: tuple[str, ...], code: int, message: str
) -> None:
    assert message in hub("sync", "schedule", *arguments, code=code).output
    (usual,) = answer("sync", "schedules")
    assert not usual["chosen"]
