"""The demonstration as its users meet it: `hub demo`, loaded, served, killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.catalogue import lists, rebuild
from hub.catalogue.search import Query, search
from hub.db import Database
from hub.models import (
    Activation,
    AuditEntry,
    Booking,
    Case,
    Counter,
    MediaList,
    Offer,
    OfferGrant,
    Site,
    SyncReject,
    SyncRun,
    Work,
)
from hub.models.base import now
from hub.network import recommendations
from hub.records import Kind
from tests import postgres

ROOT = Path(__file__).parents[3]
PATIENCE = 600.0
"""Seconds; a busy machine is no error."""


def environment(var: Path, **more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HUB_")}
    return {**kept, "HUB_VAR": str(var), **more}


def hub(var: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hub.cli import main; main()", *arguments],
        env=environment(var, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="session")
def loaded(run_directory: Path) -> Path:
    """A loaded demonstration, made once in a run of tests whatever the number of processes."""
    var = run_directory / "demo"
    with postgres.locked(run_directory / "demo.lock"):
        if not var.exists():
            fresh = run_directory / "demo.new"
            done = hub(fresh, "demo", "--json")
            assert done.returncode == 0, done.stderr
            (fresh / "summary.json").write_text(done.stdout)
            fresh.rename(var)
    return var


@pytest.fixture
def var(loaded: Path, tmp_path: Path) -> Path:
    """A copy of the loaded demonstration to do with as one likes."""
    copy = tmp_path / "var"
    database = shutil.ignore_patterns("hub.sqlite3*")
    shutil.copytree(loaded, copy, symlinks=True, ignore=database)
    # Others may have it open: a copy of its files could be torn.
    with closing(sqlite3.connect(loaded / "hub.sqlite3")) as connection:
        connection.execute("VACUUM INTO ?", [str(copy / "hub.sqlite3")])
    return copy


@pytest.fixture
def summary(loaded: Path) -> dict[str, Any]:
    return dict(json.loads((loaded / "summary.json").read_text()))


@contextmanager
def opened(var: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{var / 'hub.sqlite3'}")
    try:
        yield database
    finally:
        database.close()


# What is there


def test_all_sites_with_offers_of_all_eight_kinds(summary: Mapping[str, Any]) -> None:
    assert summary["sites"] == 55
    assert summary["connected"] == 51  # three are not yet, one is misconfigured on purpose
    assert len(summary["offers"]) == 8
    assert all(count >= 30 for count in summary["offers"].values())
    assert sum(summary["offers"].values()) >= 2_000


def test_the_broken_sources_are_contained(loaded: Path, summary: Mapping[str, Any]) -> None:
    assert summary["problems"].keys() == summary["on_purpose"].keys()
    assert "HTML" in summary["problems"]["hagen/feed"]
    assert "EDMOND_OLPE_PASSWORT" in summary["problems"]["olpe/edmond"]
    with opened(loaded) as database, database.read() as session:
        states = {
            (run.site_key, run.plugin): run.state for run in session.scalars(sa.select(SyncRun))
        }
        assert {source for source, state in states.items() if state != "succeeded"} == {
            ("hagen", "feed")
        }
        held = session.scalars(sa.select(Offer).where(Offer.site_key == "hagen")).all()
        assert len(held) > 50  # from EDMOND, which goes on working
        reasons = session.scalars(sa.select(SyncReject.reason)).all()
        assert len(reasons) == 4
        assert any("viele" in reason for reason in reasons)


def test_media_are_held_by_several_centres_under_different_licences(loaded: Path) -> None:
    with opened(loaded) as database, database.read() as session:
        per_work = session.execute(
            sa.select(
                sa.func.count(Offer.site_key.distinct()),
                sa.func.count(OfferGrant.scope.distinct()),
                sa.func.count(
                    sa.func.coalesce(OfferGrant.valid_until, Offer.created_at).distinct()
                ),
                sa.func.count(Offer.plugin.distinct()),
            )
            .join(OfferGrant, OfferGrant.offer_id == Offer.id, isouter=True)
            .where(Offer.kind == "medium")
            .group_by(Offer.work_id)
        ).all()
        assert sum(sites > 1 for sites, *_ in per_work) > 150
        assert any(terms > 1 for _, _, terms, _ in per_work)
        assert any(plugins > 1 for *_, plugins in per_work)  # the DVD on a shelf is the same work
        assert set(session.scalars(sa.select(OfferGrant.scope))) == {"land", "site"}


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("Wasserkreislauf", "Der Wasserkreislauf"),
        ("Vulkane", "Vulkane"),
        ("Stop-Motion", "Stop-Motion"),
        ("Tablet-Koffer", "Tablet-Koffer"),
        ("Elternabend Social Media", "Social Media"),
        ("Calliope", "Calliope"),
        ("Demokratie", "Demokratie"),
        ("Nationalsozialismus", "Nationalsozialismus"),
        ("Photosynthese", "Photosynthese"),
        ("KI-Werkstatt", "KI-Werkstatt"),
    ],
)
def test_what_teachers_look_for_is_found(loaded: Path, words: str, title: str) -> None:
    with opened(loaded) as database, database.read() as session:
        found = search(session, Query(words))
        assert found.total >= 3
        assert any(title in hit.title for hit in found.hits[:5])


def test_lists_are_recommended_and_one_is_shared(var: Path) -> None:
    with opened(var) as database, database.read() as session:
        found = recommendations.shown(session, date.today())
        assert {row.site_key for row, _ in found} == {"lvr", "lwl"}
        sizes = sorted(len(row.entries) for row, _ in found)
        assert (sizes[0], sizes[1:]) == (0, [4] * len(sizes[1:])), "every title is offered"
        (row,) = session.scalars(sa.select(MediaList))
        assert row.token_hash
        assert len(lists.entries(session, row)) == 5


def test_no_desk_is_empty(var: Path) -> None:
    with opened(var) as database, database.read() as session:
        rows = session.scalars(sa.select(Booking).where(Booking.site_key == "borken")).all()
        cases = session.scalars(sa.select(Case).where(Case.site_key == "borken")).all()
    assert {row.state for row in rows} == {"requested", "confirmed", "handed_out"}
    assert {row.kind for row in rows} == set(Kind)
    assert {row.stage: bool(row.assigned) for row in cases} == {
        "step4": True, "asked": False, "agreed": True, "round": True,
    }  # fmt: skip


def test_the_index_is_of_this_version_and_is_built_anew_after_an_update(var: Path) -> None:
    with opened(var) as database:
        with database.write() as session:
            assert not rebuild.outdated(session)
            session.execute(
                sa.update(Counter)
                .where(Counter.name == "search.analyser")
                .values(value=Counter.value + 1000)
            )
            assert rebuild.outdated(session)
        done = hub(var, "demo")
        assert done.returncode == 0, done.stderr
        with database.read() as session:
            assert not rebuild.outdated(session)
            assert search(session, Query("Vulkane")).total >= 3


# Again


def rows(url: str) -> list[tuple[Any, ...]]:
    database = Database(url)
    try:
        with database.read() as session:
            query = sa.select(Offer.site_key, Offer.plugin, Offer.source_id, Offer.content_hash)
            return sorted(map(tuple, session.execute(query).all()))
    finally:
        database.close()


def test_a_second_run_changes_nothing(var: Path) -> None:
    def state() -> list[Any]:
        with opened(var) as database, database.read() as session:
            return [
                session.execute(sa.select(*table.__table__.columns).order_by(*key)).all()
                for table, key in (
                    (Offer, [Offer.id]),
                    (Work, [Work.id]),
                    (Activation, [Activation.site_key, Activation.plugin]),
                    (AuditEntry, [AuditEntry.id]),
                    (SyncRun, [SyncRun.id]),
                )
            ]

    before = state()
    done = hub(var, "demo", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fresh"] is True
    assert state() == before


def test_reading_all_sources_again_finds_nothing_new(var: Path) -> None:
    with opened(var) as database, database.write() as session:
        session.execute(sa.delete(AuditEntry).where(AuditEntry.action == "demo.load"))
    with opened(var) as database, database.read() as session:
        last = session.scalar(sa.select(sa.func.max(SyncRun.id))) or 0
    done = hub(var, "demo", "--json")
    assert done.returncode == 0, done.stderr
    with opened(var) as database, database.read() as session:
        counts = session.execute(
            sa.select(
                sa.func.count(),
                sa.func.sum(SyncRun.added),
                sa.func.sum(SyncRun.changed),
                sa.func.sum(SyncRun.withdrawn),
            ).where(SyncRun.id > last)
        ).one()
        assert counts[0] > 80
        assert tuple(counts[1:]) == (0, 0, 0)


def test_another_machine_has_the_same_offers(
    loaded: Path, tmp_path: Path, database_url: str
) -> None:
    done = hub(tmp_path / "var", "demo", "--json", HUB_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert rows(database_url) == rows(f"sqlite:///{loaded / 'hub.sqlite3'}")


# Refusals


def test_a_catalogue_in_use_is_not_mixed_with_the_demonstration(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    with database.write() as session:
        session.add(
            Site(
                key="borken",
                name="Medienzentrum Kreis Borken",
                kind="centre",
                ags=["05554"],
                association="LWL",
                region="Münster",
                standort="BOR",
                time_zone="Europe/Berlin",
                internal_hosts=[],
                contact={},
                branches=[],
                profile={},
                position=0,
            )
        )
        session.flush()
        session.add(
            Activation(
                site_key="borken",
                plugin="feed",
                enabled=True,
                config={"file": "a.rss"},
                updated_at=now(),
            )
        )
    database.close()
    done = hub(tmp_path / "var", "demo", HUB_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "HUB_DATABASE_URL=" in done.stderr
    assert rows(database_url) == []


def test_a_busy_port_is_said_at_once(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        for command in (["demo", "--serve"], ["run"]):
            done = hub(var, *command, PORT=str(port), HUB_SECRET_KEY="k" * 32)
            assert done.returncode == 1
            assert f"127.0.0.1:{port}" in done.stderr
            assert "PORT=" in done.stderr


def test_serving_needs_a_key_and_a_database(var: Path, tmp_path: Path) -> None:
    done = hub(var, "run", PORT="0")
    assert done.returncode == 2  # 0 is no port to serve on
    done = hub(var, "run", HUB_SECRET_KEY="")
    assert done.returncode == 1
    assert "HUB_SECRET_KEY" in done.stderr
    done = hub(tmp_path / "nothing", "run", HUB_SECRET_KEY="k" * 32)
    assert done.returncode == 1
    assert "hub init" in done.stderr


# Served


@contextmanager
def served(var: Path, *command: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # A run of tests in the background may hand down that SIGINT is ignored.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from hub.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program, *command],
        env=environment(var, PORT=str(port), **more),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Serving on"):
                break
        else:
            pytest.fail("".join(said))
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def standins(var: Path) -> list[int]:
    ports = json.loads((var / "demo" / "ports.json").read_text())
    assert len(ports) == 5
    return list(ports.values())


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def wait_until_gone(ports: list[int]) -> None:
    end = time.monotonic() + 60
    while any(map(listens, ports)):
        assert time.monotonic() < end, "a stand-in outlived the hub"
        time.sleep(0.05)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_stand_ins_end_with_the_hub(var: Path, end: signal.Signals) -> None:
    with served(var, "demo", "--serve") as (process, address):
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answer:
            assert answer.status == 200
        ports = standins(var)
        assert all(map(listens, ports))
        process.send_signal(end)
        process.wait(60)
        wait_until_gone(ports)
    if end != signal.SIGKILL:
        assert process.returncode == 0


def test_links_in_mails_lead_to_where_it_is_served(var: Path) -> None:
    mails = var / "mail"
    with served(var, "demo", "--serve") as (_, address):
        end = time.monotonic() + 60
        while not (found := list(mails.glob("*.eml"))):
            assert time.monotonic() < end, "the worker of the demonstration sent no mail"
            time.sleep(0.05)
        texts = [str(message_from_bytes(one.read_bytes(), policy=default)) for one in found]
    links = {link for text in texts for link in re.findall(r"http://127\.0\.0\.1:\d+", text)}
    assert links == {address}


def test_a_second_demonstration_in_the_same_folder_is_refused(var: Path) -> None:
    with served(var, "demo", "--serve"):
        done = hub(var, "demo")
    assert done.returncode == 1
    assert "already running" in done.stderr


def test_what_was_loaded_can_be_served_without_the_stand_ins(var: Path) -> None:
    with (
        served(var, "run", HUB_SECRET_KEY="k" * 32) as (_, address),
        urllib.request.urlopen(f"{address}/suche?q=Vulkane", timeout=60) as answer,
    ):
        assert "Vulkane" in answer.read().decode()
