"""Lists of the OAI-PMH provider: whole, in pages, in sets, while everything changes."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue import page as pages_of_sync
from hub.catalogue import runs
from hub.catalogue.oai.answers import Repository
from hub.catalogue.sync import sync
from hub.models.base import now
from hub.records import Change, Checkpoint, Delete, Kind, Record, Upsert
from tests.hub.catalogue.harvest import (
    ask,
    code,
    date,
    harvest,
    headers,
    pages,
    repository,
)
from tests.sources import Network, everything, medium, network
from tests.standards.oai import OAI

SITES = ("borken", "muenster", "unna")


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as made:
        yield made


def run(net: Network, site: str, *changes: Change) -> None:
    net.play(site, changes)
    assert sync(net.hub.db, net.site(site), "scripted").state == "succeeded"


def media(*numbers: int, title: str = "Vulkane") -> list[Record]:
    return [medium(str(number), f"{title} {number}") for number in numbers]


def offer_ids(net: Network, **columns: str) -> set[int]:
    with net.hub.db.read() as session:
        query = sa.select(models.Offer.id).filter_by(**columns)
        return set(session.scalars(query))


def sizes(found: list[Any]) -> list[tuple[str | None, str | None]]:
    """completeListSize and cursor of each page."""
    tokens = [root.find(f".//{OAI}resumptionToken") for root in found]
    return [(token.get("completeListSize"), token.get("cursor")) for token in tokens]


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
@pytest.mark.parametrize("prefix", ["oai_dc", "lom"])
def test_every_record_comes_once(net: Network, verb: str, prefix: str) -> None:
    run(net, "borken", *everything(*media(*range(23))))
    run(net, "unna", *everything(*media(*range(100, 108))))
    found = list(pages(repository(net, page=10), verb, prefix))
    ids = [header.id for root in found for header in headers(root)]
    assert sorted(ids) == sorted(offer_ids(net))
    assert len(ids) == 31
    assert [len(headers(root)) for root in found] == [10, 10, 10, 1]
    assert sizes(found) == [("31", "0"), ("31", "10"), ("31", "20"), ("31", "30")]
    assert found[-1].findtext(f".//{OAI}resumptionToken") == ""


def test_a_list_of_one_page_has_no_token(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(10))))
    [only] = pages(repository(net, page=10))
    assert only.find(f".//{OAI}resumptionToken") is None


def test_withdrawn_offers_stay_as_deleted_records(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(8))))
    before = {header.id: header for header in harvest(repository(net))}
    run(net, "borken", Delete("3"), Checkpoint(None))
    [gone] = [header for header in harvest(repository(net), "ListRecords") if header.deleted]
    assert gone.datestamp >= before[gone.id].datestamp
    assert gone.sets == ("site:borken", "kind:medium")
    record = ask(
        repository(net),
        verb="GetRecord",
        metadataPrefix="lom",
        identifier=f"oai:127.0.0.1:{gone.id}",
    )
    assert headers(record) == [gone]
    run(net, "borken", Upsert(medium("3", "Wieder da")), Checkpoint(None))
    assert not any(header.deleted for header in harvest(repository(net), "ListRecords"))


def test_sets_by_site_and_kind(net: Network) -> None:
    room = Record("r", Kind.ROOM, "Studio")
    run(net, "borken", *everything(room, *media(*range(5))))
    run(net, "unna", *everything(*media(*range(100, 103))))
    whole, borken = repository(net), repository(net, "borken")
    specs = [one.text for one in ask(whole, verb="ListSets").iter(f"{OAI}setSpec")]
    assert specs[:3] == [f"site:{key}" for key in SITES]
    assert specs[3:] == [f"kind:{kind}" for kind in Kind]
    for spec in specs:
        root, _, name = spec.partition(":")
        column = {"site": "site_key", "kind": "kind"}[root]
        wanted = offer_ids(net, **{column: name})
        if not wanted:
            assert code(whole, verb="ListRecords", metadataPrefix="lom", set=spec) == (
                "noRecordsMatch"
            )
            continue
        found = harvest(whole, "ListRecords", set=spec)
        assert {header.id for header in found} == wanted
        assert all(spec in header.sets for header in found)
    here = ask(borken, verb="ListSets").iter(f"{OAI}setSpec")
    assert [one.text for one in here][:2] == ["site:borken", "kind:medium"]
    assert {header.id for header in harvest(borken)} == offer_ids(net, site_key="borken")
    [only] = harvest(borken, set="kind:room")
    assert only.sets == ("site:borken", "kind:room")
    assert harvest(borken, set="site:borken") == harvest(borken)


@pytest.mark.parametrize("spec", ["site:unna", "site", "kind", "kind:spaceship", "site:", "x"])
def test_a_set_that_is_not_there_holds_nothing(net: Network, spec: str) -> None:
    run(net, "borken", *everything(*media(1)))
    run(net, "unna", *everything(*media(2)))
    expected = "badArgument" if spec == "site:" else "noRecordsMatch"
    repo = repository(net, "borken")
    assert code(repo, verb="ListIdentifiers", metadataPrefix="lom", set=spec) == expected


def test_ranges_are_inclusive_at_both_ends(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(5))))
    repo = repository(net)
    with net.hub.db.write() as session:
        for number, offer in enumerate(session.scalars(sa.select(models.Offer))):
            # Parts of a second at both ends of it, and the first moment of a day.
            day = timedelta(days=number // 2, microseconds=999_999 if number % 2 else 0)
            offer.changed_at = now().replace(2026, 3, 1, 0, 0, 0, 0) + day
    stamps = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]
    assert [one.datestamp for one in harvest(repo)] == [stamps[n // 2] for n in range(5)]
    earliest = ask(repo, verb="Identify").findtext(f".//{OAI}earliestDatestamp")
    assert earliest == stamps[0]

    def count(**arguments: str) -> int:
        return len(harvest(repo, **arguments))

    assert count(from_=stamps[0], until=stamps[0]) == 2
    assert count(from_="2026-03-01", until="2026-03-01") == 2
    assert count(from_=stamps[1]) == count(from_="2026-03-02") == 3
    assert count(until=stamps[1]) == count(until="2026-03-02") == 4
    assert count(until="9999-12-31") == count(from_="0001-01-01") == 5
    empty = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    assert code(repo, **empty, until="2026-02-28") == "noRecordsMatch"
    assert code(repo, **empty, from_="2026-03-01T00:00:01Z", until="2026-03-01T23:59:59Z") == (
        "noRecordsMatch"
    )


def test_tokens_stay_valid_while_records_come_and_go(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(30))))
    repo = repository(net, page=10)
    first, *_ = pages(repo)
    token = first.findtext(f".//{OAI}resumptionToken")
    given = {header.id for header in headers(first)}
    run(net, "borken", *map(Delete, map(str, range(0, 5))), Checkpoint(None))
    run(net, "borken", *map(Upsert, media(*range(50, 60))), Checkpoint(None))
    # A new process with other pages, and the same token twice.
    for size in (10, 7):
        found = harvest_from(repository(net, page=size), token)
        assert offer_ids(net) - given <= {header.id for header in found}
        assert sum(header.deleted for header in found) == 5


def harvest_from(repo: Repository, token: str) -> list[Any]:
    found = []
    while token:
        root = ask(repo, verb="ListIdentifiers", resumptionToken=token)
        found += headers(root)
        token = root.findtext(f".//{OAI}resumptionToken") or ""
    return found


def test_a_harvest_during_continuous_changes_misses_nothing(net: Network) -> None:
    dice = random.Random(5)
    run(net, "borken", *everything(*media(*range(300))))
    run(net, "unna", *everything(*media(*range(1000, 1100))))
    there = offer_ids(net)

    def change(page: int) -> None:
        if page > 25:
            return
        numbers = dice.sample(range(300), 12)
        changed = media(*numbers[:8], title=f"Fassung {page}")
        fresh = medium(f"new-{page}", "Neu")
        gone = [Delete(str(number)) for number in numbers[8:]]
        run(net, "borken", *map(Upsert, [*changed, fresh]), *gone, Checkpoint(None))

    found = harvest(repository(net, page=20), "ListRecords", between=change)
    last = {header.id: header for header in found}
    assert there <= last.keys()
    assert last.keys() == offer_ids(net)
    with net.hub.db.read() as session:
        for offer in session.scalars(sa.select(models.Offer)):
            # The last that the harvester heard of each is what holds now.
            assert last[offer.id].deleted == (offer.withdrawn_at is not None)


def test_what_was_committed_late_comes_with_the_next_harvest(net: Network) -> None:
    """A writer has taken its time but not committed: what a harvester hears lies before it."""
    run(net, "borken", *everything(*media(*range(10))))
    run(net, "unna", *everything(*media(*range(100, 105))))
    repo = repository(net)
    harvest(repo, "ListRecords")  # renders everything, so that nothing need be written below
    begun = runs.begin(net.hub.db, "borken", "scripted")
    ids = sorted(offer_ids(net, site_key="borken"))[:3]
    with net.hub.db.write() as session:
        assert pages_of_sync.withdraw(session.connection(), ids) == 3
        stamped = session.scalars(sa.select(models.Offer.changed_at).filter_by(id=ids[0])).one()
        # Only in a later second can a harvester's `from` lie behind the moment taken.
        time.sleep(max(0.0, (stamped + timedelta(seconds=1.1) - now()).total_seconds()))
        during = ask(repo, verb="ListIdentifiers", metadataPrefix="lom")
        assert not any(header.deleted for header in headers(during))
    runs.succeed(net.hub.db, begun, complete=False)
    found = harvest(repo, from_=date(during))
    assert {header.id for header in found if header.deleted} == set(ids)
    # Afterwards the clock goes on as usual.
    assert date(ask(repo, verb="Identify")) > date(during)


def test_a_dead_run_does_not_stop_the_clock(net: Network) -> None:
    run(net, "borken", *everything(*media(1)))
    begun = runs.begin(net.hub.db, "borken", "scripted")
    with net.hub.db.write() as session:
        session.get_one(models.SyncRun, begun.run_id).heartbeat_at = now() - runs.SILENCE * 2
    before = now()
    assert date(ask(repository(net), verb="Identify")) >= f"{before:%Y-%m-%dT%H:%M:%SZ}"


def test_a_run_that_a_person_may_release_keeps_the_date_back(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(20))))
    repo = repository(net)
    net.play("borken", everything(*media(1)))
    report = sync(net.hub.db, net.site("borken"), "scripted")
    assert report.state == "held"
    heard = date(ask(repo, verb="ListIdentifiers", metadataPrefix="lom"))
    assert heard < f"{now() - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    assert runs.release(net.hub.db, report.run_id or 0) == 19
    assert sum(header.deleted for header in harvest(repo, from_=heard)) == 19


def test_the_rest_of_a_list_may_have_left_its_range(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(12))))
    with net.hub.db.write() as session:
        past = now() - timedelta(days=3)
        session.execute(sa.update(models.Offer).values(changed_at=past))
    repo = repository(net, page=10)
    until = f"{now() - timedelta(days=1):%Y-%m-%d}"
    first = ask(repo, verb="ListIdentifiers", metadataPrefix="lom", until=until)
    token = first.findtext(f".//{OAI}resumptionToken")
    given = {header.id for header in headers(first)}
    rest = {str(number) for number in range(12)} - sources(net, given)
    run(net, "borken", *map(Delete, rest), Checkpoint(None))
    second = ask(repo, verb="ListIdentifiers", resumptionToken=token)
    # No page is empty: the end of the list repeats a record.
    assert {header.id for header in headers(second)} <= given
    assert second.findtext(f".//{OAI}resumptionToken") == ""


def sources(net: Network, ids: set[int]) -> set[str]:
    with net.hub.db.read() as session:
        query = sa.select(models.Offer.source_id).where(models.Offer.id.in_(ids))
        return set(session.scalars(query))


def test_a_page_costs_the_same_anywhere(net: Network) -> None:
    """The list is counted once, and a late page asks what an early one asks."""
    run(net, "borken", *everything(*media(*range(40))))
    repo = repository(net, page=10)
    harvest(repo, "ListRecords")
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(net.hub.db.engine, "before_cursor_execute", note)
    by_page = []
    for _root in pages(repo, "ListRecords"):
        by_page.append([text for text in statements if "BEGIN" not in text])
        statements.clear()
    sa.event.remove(net.hub.db.engine, "before_cursor_execute", note)
    counts = [sum("count(" in text for text in page) for page in by_page]
    assert counts == [1, 0, 0, 0]
    assert [len(page) for page in by_page] == [3, 2, 2, 2]
    assert by_page[1] == by_page[2] == by_page[3]


@pytest.mark.parametrize("filters", [{}, {"set": "site:borken"}, {"set": "kind:medium"}])
def test_a_page_is_found_by_index(net: Network, filters: dict[str, str]) -> None:
    if net.hub.db.dialect != "sqlite":
        pytest.skip("plans of PostgreSQL depend on the size of the tables")
    run(net, "borken", *everything(*media(*range(10))))
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "LIMIT" in statement and "oai_document" in statement:
            seen.append((statement, parameters))

    sa.event.listen(net.hub.db.engine, "before_cursor_execute", note)
    harvest(repository(net), "ListRecords", **filters)
    sa.event.remove(net.hub.db.engine, "before_cursor_execute", note)
    [(statement, parameters)] = seen
    with net.hub.db.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[-1] for row in plan]
    assert len(steps) == 2, steps
    assert all(step.startswith("SEARCH") for step in steps), steps
    assert "changed_at>?" in steps[0]


def _damaged(token: str) -> Iterator[str]:
    fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for place, value in [
        (0, 2), (1, "ListRecords"), (2, "borken"), (3, "mods"), (3, None), (4, 7), (5, "x"),
        (6, None), (7, 10**30), (8, -1), (8, 2**31), (8, True), (9, "1"), (9, 0), (9, -1),
        (10, 1.5), (10, -1),
    ]:  # fmt: skip
        changed = [*fields[:place], value, *fields[place + 1 :]]
        text = json.dumps(changed, separators=(",", ":"))
        yield base64.urlsafe_b64encode(text.encode()).decode()
    yield from (token[:-2], token + "A", token[1:], token.swapcase(), "x", "A" * 1999, "W10", "e30")


def test_tokens_that_are_none_are_refused(net: Network) -> None:
    run(net, "borken", *everything(*media(*range(12))))
    repo = repository(net, page=10)
    first, _ = pages(repo)
    token = first.findtext(f".//{OAI}resumptionToken")
    for wrong in _damaged(token):
        given = {"verb": "ListIdentifiers", "resumptionToken": wrong.rstrip("=")}
        assert code(repo, **given) == "badResumptionToken", wrong
    assert code(repo, verb="ListRecords", resumptionToken=token) == "badResumptionToken"
    assert code(repo, verb="ListSets", resumptionToken=token) == "badResumptionToken"
    borken = repository(net, "borken", page=10)
    assert code(borken, verb="ListIdentifiers", resumptionToken=token) == "badResumptionToken"
    assert code(repo, verb="ListIdentifiers", resumptionToken=token) is None
