"""The harvester against a provider on a real socket that breaks in every known way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import ConnectorError, Malformed, Refused, TooLarge, Unreachable
from connectors.http import Client
from connectors.oai_pmh import BrokenList, Item, Position, ProtocolError, Repository
from hub.benchmarks.provider import EPOCH, Entry, entries
from tests.servers.oai_provider import FORMATS, FaultyProvider, FaultyServer

COUNT, PAGE = 50, 10


class Harvest:
    """A provider that is being served, and what a harvest of it brought."""

    def __init__(self, provider: FaultyProvider, client: Client, **options: Any) -> None:
        self.provider = provider
        self.pauses: list[float] = []
        self.repository = Repository(client, provider.address, sleep=self.pauses.append, **options)
        self.items: list[Item] = []
        self.position: Position | None = None

    def run(self, **arguments: Any) -> list[str]:
        """Harvest to the end; the identifiers, in the order in which they came."""
        for page in self.repository.records("oai_dc", **arguments):
            self.items += page.items
            self.position = page.position
        return [item.identifier for item in self.items]


@pytest.fixture
def serve() -> Iterator[Any]:
    """Start providers: `serve(fault=…)` gives a `Harvest`; options of both may be given."""
    running: list[Any] = []

    def start(records: Any = None, client: dict[str, Any] | None = None, **options: Any) -> Harvest:
        harvest = {name: options.pop(name) for name in ("attempts", "delay", "time_limit", "clock")
                   if name in options}  # fmt: skip
        records = entries(COUNT) if records is None else records
        provider = FaultyProvider(records, **{"page": PAGE, **options})
        server = FaultyServer(provider)
        server.__enter__()
        connection = Client(internal_hosts=["127.0.0.1"], **(client or {}))
        running.append((server, connection))
        return Harvest(provider, connection, **harvest)

    yield start
    for server, connection in running:
        connection.close()
        server.__exit__()


ALL = [entry.identifier for entry in entries(COUNT)]


@pytest.mark.parametrize("granularity", ["second", "day"])
def test_identify_says_how_to_ask(serve: Any, granularity: str) -> None:
    identity = serve(granularity=granularity, deleted="transient").repository.identify()
    assert identity.name == "Beispielarchiv"
    assert identity.deleted == "transient"
    assert identity.granularity == granularity
    stamp = identity.stamp(datetime(2026, 3, 1, 13, 5, tzinfo=UTC))
    assert stamp == {"second": "2026-03-01T13:05:00Z", "day": "2026-03-01"}[granularity]
    assert identity.earliest.startswith("2020-01-01")


def test_formats_and_sets_are_listed(serve: Any) -> None:
    repository = serve(entries(4, sets=("film", "ton")), formats=FORMATS).repository
    assert [form.prefix for form in repository.formats()] == ["oai_dc", "lom"]
    assert [(one.spec, one.name) for one in repository.sets()] == [("film", "Film"), ("ton", "Ton")]
    assert list(serve().repository.sets()) == []


@pytest.mark.parametrize("options", [{}, {"list_size": False}, {"compress": True}, {"page": 7}])
def test_everything_arrives_once_and_in_order(serve: Any, options: dict[str, Any]) -> None:
    harvest = serve(**options)
    assert harvest.run() == ALL
    assert harvest.pauses == []


def test_pages_say_where_the_list_stands(serve: Any) -> None:
    harvest = serve()
    pages = list(harvest.repository.records("oai_dc"))
    assert [(page.cursor, page.total, page.end) for page in pages] == [
        (cursor, COUNT, cursor == 40) for cursor in range(0, COUNT, PAGE)
    ]
    assert pages[0].response_date is not None
    assert pages[0].position.given == PAGE
    assert pages[0].position.newest == "2020-01-01T00:00:09Z"


def test_a_single_page_needs_no_token(serve: Any) -> None:
    assert serve(page=COUNT).run() == ALL


def test_ranges_and_sets_are_asked_for(serve: Any) -> None:
    harvest = serve(entries(COUNT, sets=("film", "ton")))
    found = harvest.run(start="2020-01-01T00:00:10Z", until="2020-01-01T00:00:20Z", set_spec="film")
    assert found == ALL[10:21:2]
    assert serve(entries(COUNT, step=86_400), granularity="day").run(start="2020-02-10") == ALL[40:]


def test_nothing_in_a_range_is_an_empty_list(serve: Any) -> None:
    harvest = serve()
    [page] = harvest.repository.records("oai_dc", start="2031-01-01T00:00:00Z")
    assert page.items == []
    assert page.end
    assert page.response_date is not None


def test_deleted_records_come_without_metadata(serve: Any) -> None:
    gone = Entry(EPOCH, "oai:gone", 7, deleted=True, sets=("film",))
    harvest = serve([*entries(2), gone])
    harvest.run()
    [item] = [item for item in harvest.items if item.deleted]
    assert item == Item("oai:gone", "2020-01-01T00:00:00Z", ("film",), True, None)


def test_a_harvest_is_taken_up_at_any_page(serve: Any) -> None:
    for stop in range(1, 5):
        harvest = serve()
        pages = harvest.repository.records("oai_dc")
        first = [item.identifier for _ in range(stop) for page in [next(pages)]
                 for item in page.items]  # fmt: skip
        position = None
        for page in harvest.repository.records("oai_dc"):
            position = page.position
            if page.position.given == stop * PAGE:
                break
        assert first + harvest.run(position=position) == ALL


# Faults that pass: everything arrives all the same, nothing twice, after decent pauses.


@pytest.mark.parametrize(
    ("fault", "pauses"),
    [
        ("500", [1]),
        ("503", [1]),
        ("503-seconds", [7]),
        ("429", [3]),
        ("cut", [1]),
        ("cut-unannounced", [1]),
        ("reset", [1]),
        ("no-answer", [1]),
        ("html", [1]),
        ("xhtml", [1]),
        ("empty-page", [1]),
        ("empty-end", [1]),
        ("redirect", []),
        ("wrong-type", []),
        ("control-characters", []),
        ("invalid-utf8", []),
        ("duplicate-page", []),
        ("expired-token", []),
    ],
)
@pytest.mark.parametrize("at", [2, 4])
def test_survives(serve: Any, fault: str, pauses: list[float], at: int) -> None:
    harvest = serve(fault=fault, at=at)
    assert harvest.run() == ALL
    assert harvest.pauses == pauses


def test_waits_until_the_date_that_the_server_names(serve: Any) -> None:
    harvest = serve(fault="503-date")
    assert harvest.run() == ALL
    [pause] = harvest.pauses
    assert 50 < pause <= 60


def test_pauses_grow_while_the_server_stays_busy(serve: Any) -> None:
    harvest = serve(fault="503", times=4)
    assert harvest.run() == ALL
    assert harvest.pauses == [1, 2, 4, 8]


def test_a_dripping_answer_costs_its_deadline_only(serve: Any) -> None:
    harvest = serve(fault="drip", client={"deadline": 0.5})
    begun = time.monotonic()
    assert harvest.run() == ALL
    assert time.monotonic() - begun < 20


def test_broken_characters_are_mended_and_told(serve: Any) -> None:
    harvest = serve(fault="control-characters", at=1)
    page = next(harvest.repository.records("oai_dc"))
    assert page.repairs >= 4
    title = page.items[0].metadata[0].text
    assert title.isprintable()
    harvest = serve(fault="invalid-utf8", at=1)
    page = next(harvest.repository.records("oai_dc"))
    assert page.items[0].metadata[0].text.endswith(" für alle")


def test_politeness_is_kept_between_pages(serve: Any) -> None:
    harvest = serve(delay=2.5)
    assert harvest.run() == ALL
    assert harvest.pauses == [2.5] * 4


# Expired tokens.


def test_an_expired_token_starts_again_where_the_datestamps_stood(serve: Any) -> None:
    harvest = serve(fault="expired-token", at=4)
    assert harvest.run() == ALL
    asked = harvest.provider.asked()
    assert asked[4] == {
        "verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2020-01-01T00:00:29Z",
    }  # fmt: skip


@pytest.mark.parametrize("step", [0, 1, 20_000])
def test_an_expired_token_loses_nothing_at_the_granularity_of_a_day(serve: Any, step: int) -> None:
    harvest = serve(entries(COUNT, step=step), fault="expired-token", at=4, granularity="day")
    assert harvest.run() == ALL


def test_tokens_may_expire_often_while_records_come(serve: Any) -> None:
    class Forgetful(FaultyProvider):
        def befalls(self, query: Any) -> bool:
            super().befalls(query)
            return query.get("verb") == "ListRecords" and len(self.asked()) % 3 == 0

    harvest = serve()
    harvest.provider.__class__ = Forgetful
    harvest.provider.fault = "expired-token"
    assert harvest.run() == ALL


def test_an_unordered_list_starts_over_but_gives_nothing_twice(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Datestamps need not rise along a list; the last one seen says nothing then."""
    harvest = serve(fault="expired-token", at=4)
    stamp = FaultyProvider._datestamp
    monkeypatch.setattr(
        FaultyProvider, "_datestamp", lambda self, second: stamp(self, 2 * EPOCH - second)
    )
    assert harvest.run() == ALL
    assert "from" not in harvest.provider.asked()[4]


def test_a_position_whose_token_expired_goes_on_behind_it(serve: Any) -> None:
    harvest = serve()
    page = next(harvest.repository.records("oai_dc"))
    harvest.provider.fault, harvest.provider.at = "expired-token", 2
    found = harvest.run(position=page.position)
    assert [page.items[-1].identifier, *ALL[PAGE:]] == found  # the boundary comes once more


def test_even_a_provider_whose_tokens_never_work_is_harvested(serve: Any) -> None:
    assert serve(fault="expired-token", times=0).run() == ALL


def test_tokens_that_expire_without_getting_on_are_a_failure(serve: Any) -> None:
    harvest = serve(entries(COUNT, step=0), fault="expired-token", times=0)
    with pytest.raises(BrokenList, match="expire"):
        harvest.run()
    assert [item.identifier for item in harvest.items] == ALL[:PAGE]


# Faults that stay: what came before is given, and then the failure shows.


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("500", Unreachable, "500"),
        ("503", Unreachable, "503"),
        ("503-seconds", Unreachable, "503"),
        ("429", Unreachable, "429"),
        ("cut", Unreachable, "cut short"),
        ("cut-unannounced", Malformed, "well-formed"),
        ("reset", Unreachable, "reset"),
        ("html", Unreachable, "maintenance"),
        ("xhtml", Unreachable, "maintenance"),
        ("404", Refused, "404"),
        ("empty-page", BrokenList, "empty page"),
        ("empty-end", BrokenList, "empty page"),
        ("early-end", BrokenList, "announced 50 records and gave 20"),
        ("lost-page", BrokenList, "announced 50 records and gave 40"),
        ("same-token", BrokenList, "again and again"),
        ("endless", BrokenList, "again and again"),
        ("no-records-match", ProtocolError, "noRecordsMatch"),
    ],
)
def test_fails_visibly(serve: Any, fault: str, error: type[ConnectorError], words: str) -> None:
    times = 1 if fault == "lost-page" else 0
    harvest = serve(fault=fault, times=times)
    with pytest.raises(error, match=words):
        harvest.run()
    assert [item.identifier for item in harvest.items][:PAGE] == ALL[:PAGE]
    assert len(harvest.provider.asked()) < 12
    assert sum(harvest.pauses) < 60


@pytest.mark.parametrize("fault", ["html", "xhtml", "500", "empty-end", "404"])
def test_a_provider_that_is_broken_from_the_start_is_no_empty_one(serve: Any, fault: str) -> None:
    harvest = serve(fault=fault, at=1, times=0)
    with pytest.raises(ConnectorError):
        harvest.run()
    assert harvest.items == []


@pytest.mark.parametrize("fault", ["same-token", "endless"])
def test_a_list_without_an_end_is_left_also_without_sizes(serve: Any, fault: str) -> None:
    harvest = serve(fault=fault, times=0, list_size=False)
    with pytest.raises(BrokenList, match="again and again"):
        harvest.run()


def test_a_page_given_twice_cannot_be_believed_without_a_size(serve: Any) -> None:
    harvest = serve(fault="duplicate-page", list_size=False)
    with pytest.raises(BrokenList, match="twice"):
        harvest.run()
    assert [item.identifier for item in harvest.items] == ALL


def test_the_size_counts_different_records(serve: Any) -> None:
    """One record in place of another: as many came as were announced, but not those."""

    class Repeating(FaultyProvider):
        def answer(self, query: Any) -> Any:
            reply = super().answer(query)
            reply.body = reply.body.replace(b"00000011</ident", b"00000010</ident")
            return reply

    harvest = serve(entries(COUNT, step=0))
    harvest.provider.__class__ = Repeating
    with pytest.raises(BrokenList, match="announced 50 records and gave 49"):
        harvest.run()


def test_records_that_change_meanwhile_are_not_lost(serve: Any) -> None:
    harvest = serve(fault="changing", at=3)
    found = harvest.run()
    assert set(found) == set(ALL)
    assert found.count(ALL[0]) == 2  # as it was, and as it became
    assert found[-2:] == [ALL[0], ALL[-1]]


def test_a_page_that_is_too_large_is_not_asked_for_again(serve: Any) -> None:
    harvest = serve(fault="huge", times=0, client={"max_bytes": 1_000_000})
    with pytest.raises(TooLarge):
        harvest.run()
    assert len(harvest.provider.asked()) == 2


def test_a_server_that_wants_a_day_gets_it(serve: Any) -> None:
    harvest = serve(fault="503-long")
    with pytest.raises(Unreachable) as failure:
        harvest.run()
    assert failure.value.retry_after == 86_400
    assert harvest.pauses == []


def test_a_list_has_a_time_limit(serve: Any) -> None:
    ticks = iter(range(0, 1000, 40))
    harvest = serve(time_limit=100, clock=lambda: next(ticks))
    with pytest.raises(Unreachable, match="within 100 s"):
        harvest.run()
    assert len(harvest.items) == 2 * PAGE


def test_the_provider_s_own_errors_are_passed_on(serve: Any) -> None:
    harvest = serve()
    with pytest.raises(ProtocolError, match="no format marc") as failure:
        list(harvest.repository.records("marc"))
    assert failure.value.code == "cannotDisseminateFormat"
    with pytest.raises(ProtocolError, match="badArgument"):
        harvest.run(start="yesterday")


def test_bad_records_do_not_stop_the_list(serve: Any) -> None:
    harvest = serve(fault="bad-record", list_size=False)
    found = harvest.run()
    assert [name for name in found if name.startswith("oai:medien")] == ALL
    assert found[PAGE : PAGE + 3] == ["oai:x:1", "", "oai:x:2"]


def test_private_addresses_stay_private(serve: Any) -> None:
    provider = serve().provider
    with Client() as client, pytest.raises(ConnectorError, match="not on the open internet"):
        Repository(client, provider.address).identify()
