"""The plugin oai_pmh against a provider on a real socket: runs, resumptions, deletions, faults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from hub.benchmarks.provider import EPOCH, Entry, entries
from hub.errors import Denied, PluginError, Unavailable
from hub.records import (
    AccessMode,
    Change,
    Checkpoint,
    Delete,
    Grant,
    Kind,
    Record,
    Reject,
    Scope,
    Upsert,
)
from hub.testing import CatalogueContract, read, resolved, site_info
from plugins.oai_pmh import OaiPmh
from tests.servers.oai_provider import FORMATS, FaultyProvider, FaultyServer

COUNT, PAGE = 30, 10
NOW = EPOCH + 1_000_000


class Impatient(OaiPmh):
    """The plugin, without its pauses."""

    @staticmethod
    def pause(seconds: float) -> None:
        assert seconds <= 120


class Source:
    """A provider that is being served and the plugin that reads it."""

    def __init__(self, provider: FaultyProvider, files: Path, config: Mapping[str, Any]) -> None:
        self.provider = provider
        typed = {"address": provider.address, "prefix": "oai_dc", **config}
        self.plugin = Impatient(site_info(files), resolved(Impatient, typed, files))
        self.failure: PluginError | None = None

    def run(self, cursor: str | None = None) -> list[Change]:
        """All changes up to the end, or up to the failure, which is kept; documents are read."""
        found: list[Change] = []
        self.failure = None
        try:
            for change in self.plugin.catalogue_changes(cursor):
                found.append(read(change))
        except PluginError as error:
            self.failure = error
        return found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    servers = []

    def start(
        records: Any = None, config: Mapping[str, Any] | None = None, **options: Any
    ) -> Source:
        records = entries(COUNT) if records is None else records
        provider = FaultyProvider(records, **{"page": PAGE, "now": lambda: NOW, **options})
        server = FaultyServer(provider)
        server.__enter__()
        servers.append(server)
        return Source(provider, tmp_path, config or {})

    yield start
    for server in servers:
        server.__exit__()


def upserts(changes: list[Change]) -> list[str]:
    return [change.record.source_id for change in changes if isinstance(change, Upsert)]


def record(changes: list[Change]) -> Record:
    return next(change.record for change in changes if isinstance(change, Upsert))


def last(changes: list[Change]) -> Checkpoint:
    checkpoint = changes[-1]
    assert isinstance(checkpoint, Checkpoint)
    return checkpoint


ALL = [entry.identifier for entry in entries(COUNT)]


class TestContract(CatalogueContract):
    plugin = OaiPmh

    @pytest.fixture(
        params=[
            {},
            {"deleted": "no"},
            {"granularity": "day"},
            {"formats": FORMATS},
            {"compress": True, "list_size": False},
        ],
        ids=["persistent", "no deletions", "day", "lom", "gzip"],
    )
    def plugin_config(self, request: pytest.FixtureRequest) -> Iterator[Mapping[str, Any]]:
        provider = FaultyProvider(entries(COUNT), page=PAGE, **request.param)
        with FaultyServer(provider):
            yield {"address": provider.address}


def test_a_first_run_takes_in_everything_and_is_complete(serve: Any) -> None:
    source = serve()
    changes = source.run()
    assert source.failure is None
    assert upserts(changes) == ALL
    checkpoints = [change for change in changes if isinstance(change, Checkpoint)]
    assert [(one.complete, one.total) for one in checkpoints] == [
        (False, COUNT), (False, COUNT), (True, None),
    ]  # fmt: skip


def test_the_next_run_asks_for_what_changed_since(serve: Any) -> None:
    source = serve()
    cursor = last(source.run()).cursor
    assert cursor is not None
    changed = source.provider.records[ALL[3]]._replace(datestamp=NOW - 10, revision=1)
    source.provider.replace(changed)
    source.provider.replace(
        source.provider.records[ALL[5]]._replace(datestamp=NOW - 5, deleted=True)
    )
    source.provider.requests.clear()
    changes = source.run(cursor)
    assert source.failure is None
    assert upserts(changes) == [ALL[3]]
    assert [change for change in changes if isinstance(change, Delete)] == [Delete(ALL[5])]
    assert not last(changes).complete
    [asked] = source.provider.asked()
    assert asked["from"] == "2020-01-12T13:41:40Z"  # five minutes before the first run began


def test_the_overlap_is_a_day_where_days_are_counted(serve: Any) -> None:
    source = serve(granularity="day")
    cursor = last(source.run()).cursor
    source.provider.requests.clear()
    source.run(cursor)
    assert source.provider.asked()[0]["from"] == "2020-01-11"


def test_runs_without_news_stay_incremental(serve: Any) -> None:
    source = serve()
    cursor = last(source.run()).cursor
    for _ in range(3):
        changes = source.run(cursor)
        assert changes == [last(changes)]
        assert not last(changes).complete
        assert last(changes).cursor == cursor  # the provider's clock stands still


def test_without_deletions_every_run_is_a_full_one(serve: Any) -> None:
    source = serve(deleted="no")
    assert last(source.run()) == Checkpoint(None, complete=True)
    source.provider.remove(ALL[4])
    changes = source.run(None)
    assert upserts(changes) == ALL[:4] + ALL[5:]
    assert last(changes).complete


def test_a_full_run_comes_again_after_the_days_that_are_set(serve: Any) -> None:
    now = NOW
    source = serve(config={"full_every": 7}, deleted="transient", now=lambda: now)
    cursor = last(source.run()).cursor
    now += 3 * 86_400
    cursor = last(source.run(cursor)).cursor
    assert cursor is not None
    now += 4 * 86_400
    assert last(source.run(cursor)).cursor is None  # the next one begins with nothing


def test_a_run_is_taken_up_after_each_checkpoint(serve: Any) -> None:
    source = serve()
    for number in range(2):
        whole = source.run()
        places = [place for place, one in enumerate(whole) if isinstance(one, Checkpoint)]
        cut = places[number]
        rest = source.run(whole[cut].cursor)  # type: ignore[union-attr]
        assert upserts(whole[:cut]) + upserts(rest) == ALL
        assert last(rest) == last(whole)


def test_sets_are_harvested_one_after_the_other(serve: Any) -> None:
    source = serve(entries(COUNT, sets=("film", "ton", "bild")), {"sets": ["ton", "film"]}, page=4)
    changes = source.run()
    wanted = ALL[1::3] + ALL[0::3]
    assert upserts(changes) == wanted
    assert last(changes).complete
    for place, change in enumerate(changes):
        if isinstance(change, Checkpoint) and not change.complete:
            assert upserts(changes[:place]) + upserts(source.run(change.cursor)) == wanted


def test_a_cursor_of_another_source_begins_anew_without_being_complete(serve: Any) -> None:
    cursor = last(serve().run()).cursor
    other = serve(entries(5), page=5)
    for stale in (cursor, "{}", "no json"):
        changes = other.run(stale)
        assert upserts(changes) == ALL[:5]
        assert last(changes) == Checkpoint(None, complete=False)


def test_auto_takes_lom_where_it_is_offered(serve: Any) -> None:
    source = serve(formats=FORMATS, config={"prefix": "auto"})
    assert upserts(source.run()) == ALL
    assert source.provider.asked()[0]["metadataPrefix"] == "lom"
    source = serve(config={"prefix": "auto"})
    source.run()
    assert source.provider.asked()[0]["metadataPrefix"] == "oai_dc"


def test_both_formats_give_the_same_records(serve: Any) -> None:
    dublin_core = serve(formats=FORMATS).run()
    lom = serve(formats=FORMATS, config={"prefix": "lom"}).run()
    assert [one for one in lom if isinstance(one, Upsert)] == [
        one for one in dublin_core if isinstance(one, Upsert)
    ]


def test_a_provider_without_a_format_that_we_read_is_refused(serve: Any) -> None:
    source = serve(formats={"marcxml": FORMATS["oai_dc"]}, config={"prefix": "auto"})
    assert source.run() == []
    assert isinstance(source.failure, Denied)
    assert "marcxml" in str(source.failure)


def test_defaults_hold_where_records_say_nothing(serve: Any) -> None:
    config = {"access": "licensed", "grant": "site", "kind": "training", "licence": "frei"}
    found = record(serve(config=config).run())
    assert found.kind is Kind.TRAINING
    assert found.access is AccessMode.LICENSED
    assert found.grants == (Grant(Scope.SITE, "teststadt"),)
    assert found.licence.startswith("https://creativecommons.org/")
    assert record(serve(config={"language": "en"}).run()).languages == ("de",)
    assert record(serve(config={"access": "login", "grant": "land"}).run()).grants == (
        Grant(Scope.LAND, "NRW"),
    )


def test_bad_records_are_rejected_one_by_one(serve: Any) -> None:
    source = serve(fault="bad-record", list_size=False)
    changes = source.run()
    assert source.failure is None
    assert upserts(changes) == ALL
    rejects = [change for change in changes if isinstance(change, Reject)]
    assert [(one.source_id, one.reason) for one in rejects] == [
        ("oai:x:1", "the Dublin Core record has no title"),
        ("?", "the record has no identifier"),
        ("oai:x:2", "the record has no metadata"),
    ]
    assert "ohne Titel" in rejects[0].excerpt


# Failures: what came is kept, nothing is complete, and the next run can do better.


@pytest.mark.parametrize(
    "fault",
    ["html", "503", "500", "cut", "reset", "empty-page", "early-end", "same-token", "endless",
     "lost-page", "404", "no-records-match", "cut-unannounced"],
)  # fmt: skip
@pytest.mark.parametrize("deleted", ["no", "persistent"])
def test_a_failure_never_looks_complete_and_heals(serve: Any, fault: str, deleted: str) -> None:
    source = serve(fault=fault, times=1 if fault == "lost-page" else 0, deleted=deleted)
    changes = source.run()
    assert isinstance(source.failure, Unavailable | Denied)
    assert str(source.failure)
    assert upserts(changes)[:PAGE] == ALL[:PAGE]
    assert not any(isinstance(one, Checkpoint) and one.complete for one in changes)
    source.provider.fault = "none"
    seen = upserts(changes)
    changes = source.run(last(changes).cursor)
    assert source.failure is None
    assert last(changes).complete
    assert set(seen + upserts(changes)) == set(ALL)


@pytest.mark.parametrize("fault", ["html", "500", "empty-end", "endless"])
def test_a_failed_incremental_run_is_made_again(serve: Any, fault: str) -> None:
    source = serve()
    cursor = last(source.run()).cursor
    for name in ALL[:15]:
        entry = source.provider.records[name]
        source.provider.replace(entry._replace(datestamp=NOW - 100, revision=1))
    source.provider.fault, source.provider.times = fault, 0
    source.provider.at = len(source.provider.asked()) + 2
    changes = source.run(cursor)
    assert isinstance(source.failure, Unavailable)
    assert upserts(changes)[:PAGE] == ALL[:PAGE]
    source.provider.fault = "none"
    again = source.run(last(changes).cursor)
    assert set(upserts(changes) + upserts(again)) == set(ALL[:15])
    assert not last(again).complete
    since = json.loads(last(again).cursor or "")["since"]
    assert since == json.loads(cursor or "")["since"]


def test_an_empty_provider_is_empty_and_says_so(serve: Any) -> None:
    source = serve([])
    changes = source.run()
    assert source.failure is None
    assert changes == [last(changes)]
    assert last(changes).complete  # the hub asks a person before it withdraws everything


def test_health_asks_the_provider_who_it_is(serve: Any) -> None:
    source = serve()
    source.plugin.health()
    assert [query["verb"] for query in source.provider.requests] == ["Identify"]
    gone = Source(
        FaultyProvider([]), source.plugin.site.files, {"address": "http://127.0.0.1:9/oai"}
    )
    with pytest.raises(Unavailable, match="refused"):
        gone.plugin.health()


def test_excerpts_are_short(serve: Any) -> None:
    long = Entry(EPOCH, "oai:long", 1)
    source = serve([long])
    source.provider.formats["oai_dc"] = source.provider.formats["oai_dc"]._replace(
        write=lambda number, revision: etree.tostring(
            etree.fromstring(f"<x>{'y' * 5000}</x>"), encoding="unicode"
        )
    )
    [reject] = [one for one in source.run() if isinstance(one, Reject)]
    assert len(reject.excerpt) == 500
