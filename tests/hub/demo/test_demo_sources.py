"""What the demonstration is written from: the network, the stock, the files of the sources."""

from __future__ import annotations

import csv
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import etree

from hub.demo import schools
from hub.demo.inventories import Holder, table
from hub.demo.sources import Sources, fingerprint, monday
from hub.demo.stock import SERVICES
from hub.directory import read_network
from hub.records import Kind

CONFIG = Path(__file__).parents[3] / "config"
DAY = date(2027, 1, 11)
NOT_CONNECTED = {"hoexter", "oberberg", "remscheid"}


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(CONFIG, DAY)


@pytest.fixture(scope="module")
def documents(sources: Sources) -> dict[str, bytes]:
    return sources.documents()


# The network


def test_the_network_has_53_centres_and_2_landesmedienzentren() -> None:
    sites = read_network(CONFIG / "network.toml")
    assert Counter(site["kind"] for site in sites) == {"centre": 53, "state": 2}
    assert {site["key"] for site in sites if site["kind"] == "state"} == {"lvr", "lwl"}
    assert Counter(site["association"] for site in sites if site["kind"] == "centre") == {
        "LVR": 26,
        "LWL": 27,
    }
    standorte = [site["standort"] for site in sites if site["kind"] == "centre"]
    assert len(set(standorte)) == 53
    assert all(site["time_zone"] == "Europe/Berlin" for site in sites)
    assert all(site["contact"]["email"].endswith(".example") for site in sites)


def test_every_district_has_exactly_one_centre(shared_data: Path) -> None:
    with (shared_data / "network" / "nrw_kreise.csv").open(encoding="utf-8") as file:
        districts = {row["ags"]: row for row in csv.DictReader(file)}
    centres = {
        ags: site
        for site in read_network(CONFIG / "network.toml")
        for ags in site["ags"]
        if len(ags) == 5
    }
    assert centres.keys() == districts.keys()
    for ags, row in districts.items():
        site = centres[ags]
        assert (site["association"], site["region"], site["standort"]) == (
            row["landschaftsverband"],
            row["regierungsbezirk"],
            row["kfz"],
        )
        # A municipality named apart lies in a district of the same centre.
        assert all(part[:5] in site["ags"] for part in site["ags"])


def test_only_aachen_names_a_municipality_of_its_own() -> None:
    named = {
        site["key"]: [ags for ags in site["ags"] if len(ags) == 8]
        for site in read_network(CONFIG / "network.toml")
    }
    assert {key: ags for key, ags in named.items() if ags} == {"aachen": ["05334002"]}


def test_the_oberbergische_centre_is_said_to_be_planned() -> None:
    site = next(s for s in read_network(CONFIG / "network.toml") if s["key"] == "oberberg")
    assert "Planung" in site["profile"]["task"]
    assert set(site["profile"]["services"].values()) == {"planned"}


# The stock


def test_the_stock_is_large_and_says_something(sources: Sources) -> None:
    stock = sources.stock
    assert len(stock.media) >= 150
    assert len({medium.number for medium in stock.media}) == len(stock.media)
    assert len({medium.title for medium in stock.media}) == len(stock.media)
    texts = [thing.description for thing in (*stock.media, *stock.devices, *stock.trainings)]
    assert len(set(texts)) == len(texts)
    assert all(len(medium.description) > 50 for medium in stock.media)
    assert all(stock.of(kind) for kind in SERVICES)
    top = {subject[:3] for medium in stock.media for subject in medium.subjects}
    assert len(top) >= 20


# The sites


def test_every_site_has_a_file_and_three_say_honestly_that_nothing_is_connected(
    sources: Sources,
) -> None:
    assert sources.plugins.keys() == {site["key"] for site in sources.network}
    enabled = {
        key: set(plugins) - set(tomllib.loads(sources.texts[key]).get("disabled", []))
        for key, plugins in sources.plugins.items()
    }
    assert {key for key, plugins in enabled.items() if not plugins} == NOT_CONNECTED


def test_at_least_fourteen_sets_of_plugins_differ(sources: Sources) -> None:
    sets = {frozenset(plugins) for plugins in sources.plugins.values() if plugins}
    assert len(sets) >= 14


def test_what_is_broken_on_purpose_is_a_plugin_of_a_site(sources: Sources) -> None:
    broken = tomllib.loads((CONFIG / "demo" / "broken.toml").read_text(encoding="utf-8"))
    assert broken
    for name in broken:
        key, plugin = name.split("/")
        assert plugin in sources.plugins[key]


# The files


def test_every_file_that_a_site_reads_is_written(
    sources: Sources, documents: dict[str, bytes]
) -> None:
    wanted = set()
    for key, plugins in sources.plugins.items():
        for one in plugins.get("tables", {}).get("tables", ()):
            wanted.add(f"config/sites/{key}/{one['file']}")
        for plugin, folder, suffix in (("feed", "feeds", ""), ("oai_pmh", "oai", ".json")):
            place = plugins.get(plugin, {}).get("address", "")
            if place.startswith(f"{{web}}/{folder}/"):
                wanted.add(f"web/{folder}/{place.rpartition('/')[2]}{suffix}")
        if "file" in plugins.get("feed", {}):
            wanted.add(f"config/sites/{key}/{plugins['feed']['file']}")
        if "pretix" in plugins:
            wanted.add(f"config/sites/{key}/{plugins['pretix']['token']['file']}")
        for room in plugins.get("caldav", {}).get("rooms", ()):
            name = room["address"].partition("}")[2]
            entries = {one for one in documents if one.startswith(f"calendars/{name}/")}
            assert entries, "a calendar in which something stands already"
            wanted |= entries
    ours = {"arix/rheinland.xml", "arix/westfalen.xml", schools.LIST, schools.OTHERS, "shop.json"}
    assert documents.keys() - ours == wanted


def test_the_files_are_the_same_in_every_process(documents: dict[str, bytes]) -> None:
    program = (
        "from datetime import date; from pathlib import Path; from hub.demo import sources\n"
        f"made = sources.Sources(Path({str(CONFIG)!r}), date.fromisoformat('{DAY}'))\n"
        "print(sources.fingerprint(made.documents()))"
    )
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        other = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PATH": ""},
            cwd=CONFIG.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert other.stdout.strip() == fingerprint(documents)


def test_tables_come_in_the_encodings_and_forms_that_people_use(
    documents: dict[str, bytes],
) -> None:
    assert {Path(name).suffix for name in documents} >= {".csv", ".xlsx", ".ods", ".rss"}
    tables = [content for name, content in documents.items() if name.endswith(".csv")]
    marked = [table.startswith(b"\xef\xbb\xbf") for table in tables]
    assert any(marked)
    assert not all(marked)
    for content, mark in zip(tables, marked, strict=True):
        text = content.decode("utf-8-sig" if mark else "cp1252")
        assert ";" in text.splitlines()[0]
        assert "?" not in text.splitlines()[0]


def test_dates_of_trainings_lie_ahead_and_move_with_the_weeks() -> None:
    assert {monday(date(2027, 1, 11) + timedelta(days=days)) for days in range(7)} == {DAY}
    sources = Sources(CONFIG, DAY)
    headers, rows = table(sources.stock, Kind.TRAINING, Holder("borken", "x", "", DAY), "x")
    at = next(headers.index(name) for name in ("Datum", "Termin") if name in headers)
    days = [date(*map(int, reversed(str(row[at]).split(".")))) for row in rows]
    assert len(days) > 5
    assert min(days) >= DAY + timedelta(weeks=2)
    assert all(day.weekday() < 5 for day in days)


def test_licences_by_district_are_over_or_end_soon_or_run_on(documents: dict[str, bytes]) -> None:
    ends = {}
    for name in ("rheinland", "westfalen"):
        for record in etree.fromstring(documents[f"arix/{name}.xml"]):
            end = date.fromisoformat(record.findtext("f[@n='licence']") or "")
            ends[name, record.get("identifier")] = (record.get("contexts"), end)
    land = [end for contexts, end in ends.values() if contexts == "NRW"]
    district = [end for contexts, end in ends.values() if contexts != "NRW"]
    assert set(land) == {date(2099, 12, 31)}
    assert any(end < DAY for end in district)
    assert any(DAY < end < DAY + timedelta(days=61) for end in district)
    assert any(end > DAY + timedelta(days=365) for end in district)
    # The same medium has other terms at the other association's centres.
    both = {medium for name, medium in ends if name == "rheinland"} & {
        medium for name, medium in ends if name == "westfalen"
    }
    assert any(ends["rheinland", medium][1] != ends["westfalen", medium][1] for medium in both)
    assert sum(len(contexts.split(", ")) > 1 for contexts, _ in ends.values() if contexts) > 50
