"""How fast a source is taken in, next to the least that any hub would have to do.

The limit downloads the same pages, parses them with lxml into plain dicts, upserts those in bulk
into one table and its text into FTS5, a page per transaction, in one process. Ours is the real
road: the plugin `oai_pmh`, normalisation, works, German analysis, index, cursor. Every phase
runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import requests
from lxml import etree

from hub import models
from hub.benchmarks.common import alone, serving, settings
from hub.catalogue.helper import tune_process
from hub.catalogue.sync import sync
from hub.db import migrate
from hub.runtime import Hub

PAGE = 500
OAI = "{http://www.openarchives.org/OAI/2.0/}"
FIRST, SECOND = "borken", "muenster"


@dataclass(frozen=True, slots=True)
class Figures:
    """Records per second, and the ratios that count."""

    records: int
    limit: float
    fresh: float
    unchanged: float
    parallel: float
    """Two sources of half the size each, at the same time, into one database."""
    fresh_to_limit: float
    unchanged_to_fresh: float
    memory_mb: float
    """The most that the process of the fresh run held resident."""
    helper_memory_mb: float
    """The same of its helper, which analyses."""


def measure(records: int, say: Callable[[str], None] = lambda _: None) -> Figures:
    """Run all phases on `records` made-up media, served over HTTP by a process of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as name,
        serving("provider", records=records, page=PAGE) as address,
        serving("provider", records=records // 2, page=PAGE) as half,
    ):
        folder = Path(name)
        say("limit: download, parse, upsert, full text")
        limit = alone(_limit, address, folder / "limit.sqlite3")
        say("fresh: everything new")
        fresh = alone(_take_in, [address], folder / "fresh")
        say("unchanged: everything again")
        unchanged = alone(_take_in, [address], folder / "fresh")
        say("parallel: two sources at once")
        parallel = alone(_take_in, [half, half], folder / "parallel")
    return Figures(
        records=records,
        limit=records / limit.seconds,
        fresh=records / fresh.seconds,
        unchanged=records / unchanged.seconds,
        parallel=records / parallel.seconds,
        fresh_to_limit=limit.seconds / fresh.seconds,
        unchanged_to_fresh=fresh.seconds / unchanged.seconds,
        memory_mb=fresh.memory_mb,
        helper_memory_mb=fresh.helper_memory_mb,
    )


def _limit(address: str, path: Path) -> None:
    """The least: no cleaning, no works, no analysis, no cursor."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE record (id INTEGER PRIMARY KEY, source_id TEXT UNIQUE, title TEXT,"
        " text TEXT, everything TEXT);"
        "CREATE VIRTUAL TABLE words USING fts5(title, text, content='record', content_rowid='id');"
    )
    session = requests.Session()
    query = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    last = 0
    while query:
        root = etree.fromstring(session.get(address, params=query, timeout=60).content)
        rows = []
        for record in root.iter(f"{OAI}record"):
            found: dict[str, list[str]] = {}
            for element in record.iter():
                if isinstance(element.tag, str) and element.text:
                    found.setdefault(element.tag.rpartition("}")[2], []).append(element.text)
            last += 1
            rows.append(
                (
                    last,
                    found["identifier"][0],
                    " ".join(found["title"]),
                    " ".join(found["description"] + found["subject"]),
                    orjson.dumps(found).decode(),
                )
            )
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?) ON CONFLICT (source_id)"
            " DO UPDATE SET title=excluded.title, text=excluded.text,"
            " everything=excluded.everything",
            rows,
        )
        database.executemany(
            "INSERT INTO words (rowid, title, text) VALUES (?, ?, ?)",
            [(row[0], row[2], row[3]) for row in rows],
        )
        database.execute("COMMIT")
        token = root.findtext(f".//{OAI}resumptionToken")
        query = {"verb": "ListRecords", "resumptionToken": token} if token else {}
    database.close()


def _take_in(addresses: list[str], folder: Path) -> None:
    """One site per address, all at once."""
    tune_process()
    with Hub.open(settings(f"sqlite:///{folder / 'hub.sqlite3'}", folder)) as hub:
        keys = (FIRST, SECOND)[: len(addresses)]
        if not folder.exists():
            folder.mkdir()
            migrate(hub.db)
            _set_up(hub, dict(zip(keys, addresses, strict=True)))
        threads = [threading.Thread(target=_one, args=(hub, key)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _one(hub: Hub, key: str) -> None:
    report = sync(hub.db, hub.sites.site(key), "oai_pmh", full=True)
    if report.state != "succeeded":
        raise RuntimeError(report.error)


def _set_up(hub: Hub, sources: dict[str, str]) -> None:
    with hub.db.write() as session:
        for position, (key, address) in enumerate(sources.items()):
            session.add(
                models.Site(
                    key=key,
                    name=key,
                    kind="centre",
                    ags=[],
                    association="LWL",
                    region="Münster",
                    standort=key,
                    time_zone="Europe/Berlin",
                    internal_hosts=["127.0.0.1"],
                    contact={},
                    branches=[],
                    profile={},
                    position=position,
                )
            )
            session.flush()
            config = {"address": address, "prefix": "oai_dc"}
            session.add(
                models.Activation(site_key=key, plugin="oai_pmh", enabled=True, config=config)
            )


def as_rows(figures: Figures) -> list[tuple[str, str]]:
    """The figures for people, with what they aim at."""
    return [
        ("records", f"{figures.records:,}"),
        ("limit (download, parse, upsert, full text)", f"{figures.limit:,.0f}/s"),
        ("fresh", f"{figures.fresh:,.0f}/s"),
        ("fresh to limit (aim: 0.5)", f"{figures.fresh_to_limit:.2f}"),
        ("unchanged", f"{figures.unchanged:,.0f}/s"),
        ("unchanged to fresh (aim: 3)", f"{figures.unchanged_to_fresh:.1f}"),
        ("two sources at once", f"{figures.parallel:,.0f}/s"),
        ("resident memory (aim: 150 MB)", f"{figures.memory_mb:.0f} MB"),
        ("resident memory of the analysing helper", f"{figures.helper_memory_mb:.0f} MB"),
    ]
