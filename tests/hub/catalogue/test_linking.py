"""Works that are joined and parted without a shared key, and what survives every re-sync."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from hub import models
from hub.catalogue import linked, linking, links
from hub.catalogue.sync import sync
from hub.cli import main
from hub.records import Identifier, MediumType, Record
from tests.hub.catalogue.test_works import check_index
from tests.sources import Network, everything, medium, network

SITES = ("borken", "muenster", "coesfeld")


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as net:
        yield net


def film(source_id: str, title: str = "Vulkane der Eifel", **more: Any) -> Record:
    known: dict[str, Any] = {
        "languages": ("de",),
        "medium_type": MediumType.VIDEO,
        "publishers": ("Naturfilm Haarstrang",),
        "creators": ("Birgit Hülsewig",),
        "year": 2019,
        "duration": 1_200,
    }
    return medium(source_id, title, **(known | more))


def take_in(net: Network, **records: list[Record]) -> None:
    for site, offered in records.items():
        net.play(site, everything(*offered))
        assert sync(net.hub.db, net.site(site), "scripted", full=True).state in (
            "succeeded",
            "held",
        )


def numbers(net: Network) -> dict[str, int]:
    with net.hub.db.read() as session:
        return {row.source_id: row.id for row in session.scalars(sa.select(models.Offer))}


def works(net: Network) -> set[frozenset[str]]:
    """Live offers by work, each search entry being one work's."""
    found: dict[int, set[str]] = {}
    with net.hub.db.read() as session:
        for row in session.scalars(sa.select(models.Offer)):
            if row.withdrawn_at is None:
                found.setdefault(row.work_id, set()).add(row.source_id)
        check_index(session)
    return {frozenset(group) for group in found.values()}


def together(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


def act(net: Network, function: Any, *arguments: Any) -> Any:
    with net.hub.db.write() as session:
        return function(session.connection(), *arguments)


def test_an_automatic_link_joins_and_says_why(net: Network) -> None:
    take_in(net, borken=[film("a")], muenster=[film("b", "Vulkane der Eiffel")])
    assert works(net) == together("a", "b")
    report = linking.run(net.hub.db)
    assert (report.offers, report.joined, report.review) == (2, 1, 0)
    assert works(net) == together("ab")
    with net.hub.db.read() as session:
        why = linked.why(session, numbers(net)["b"])
        assert not linking.is_due(session)
    assert why is not None
    (link,) = why.links
    assert (link.state, link.decided_by) == ("automatic", "")
    assert link.reason["slips"] == [["eifel", "eiffel"]]
    assert "same year, duration" in linked.in_short(link.reason)


def test_a_link_survives_every_sync_and_ends_with_what_it_rested_on(net: Network) -> None:
    take_in(net, borken=[film("a")], muenster=[film("b")])
    linking.run(net.hub.db)
    take_in(net, muenster=[film("b", description="Ein Film über Maare.")])
    linking.run(net.hub.db)
    assert works(net) == together("ab")
    take_in(net, muenster=[film("b", "Wüsten der Erde", duration=3_000)])
    report = linking.run(net.hub.db)
    assert report.parted == 1
    assert works(net) == together("a", "b")
    take_in(net, muenster=[film("b")])
    linking.run(net.hub.db)
    assert works(net) == together("ab")


def test_three_sites_become_one_work(net: Network) -> None:
    take_in(net, borken=[film("a")], muenster=[film("b")], coesfeld=[film("c")])
    linking.run(net.hub.db)
    assert works(net) == together("abc")
    with net.hub.db.read() as session:
        speaking = set(session.scalars(sa.select(models.WorkBlock.offer_id)))
    assert speaking == {numbers(net)["a"]}


def test_parts_stay_apart_and_the_doubtful_waits(net: Network) -> None:
    take_in(
        net,
        borken=[film("a", "Vulkane der Eifel Teil 1"), film("r", "Die Römer am Rhein")],
        muenster=[
            film("b", "Vulkane der Eifel Teil 2"),
            film("s", "Die Römer am Rhein", duration=None, creators=()),
        ],
    )
    report = linking.run(net.hub.db)
    assert (report.joined, report.review) == (0, 1)
    assert works(net) == together("a", "b", "r", "s")
    with net.hub.db.read() as session:
        (pair,) = linked.listing(session).items
        assert [pair.left.record.source_id, pair.right.record.source_id] == ["r", "s"]
        assert linked.listing(session, sites={"coesfeld"}).items == ()


def test_a_persons_join_survives(net: Network) -> None:
    take_in(net, borken=[film("a", "Moor")], muenster=[film("b", "Der Sumpf", year=1990)])
    ids = numbers(net)
    act(net, links.join, ids["a"], ids["b"], "Ada")
    assert works(net) == together("ab")
    take_in(net, borken=[film("a", "Das Moor")], muenster=[film("b", "Ein Sumpf", year=1991)])
    linking.run(net.hub.db)
    assert works(net) == together("ab")
    take_in(net, muenster=[film("c", "Neu")])
    take_in(net, muenster=[film("b", "Ein Sumpf", year=1991), film("c", "Neu")])
    assert frozenset("ab") in works(net)
    with pytest.raises(links.LinkError, match="one work already"):
        act(net, links.join, ids["a"], ids["b"], "Ada")


def test_what_people_parted_stays_apart(net: Network) -> None:
    same = (Identifier("medium", "FWU-5511494"),)
    take_in(net, borken=[film("a", identifiers=same)], muenster=[film("b", identifiers=same)])
    assert works(net) == together("ab")
    ids = numbers(net)
    link = act(net, links.split, [ids["b"]], "Ada")
    assert works(net) == together("a", "b")
    for title in ("Vulkane", "Vulkane der Eifel"):
        take_in(
            net,
            borken=[film("a", title, identifiers=same)],
            muenster=[film("b", title, identifiers=same)],
        )
        linking.run(net.hub.db)
        assert works(net) == together("a", "b")
    # A third offer of the same number belongs to the one that was not taken out.
    take_in(net, coesfeld=[film("c", identifiers=same)])
    linking.run(net.hub.db)
    assert works(net) == together("ac", "b")
    act(net, links.undo, link, "Ada")
    assert works(net) == together("abc")


def test_a_new_key_does_not_join_what_people_keep_apart(net: Network) -> None:
    one, two = Identifier("medium", "FWU-5511494"), Identifier("medium", "FWU-5511495")
    take_in(net, borken=[film("a", identifiers=(one,))], muenster=[film("b", identifiers=(two,))])
    ids = numbers(net)
    act(net, links.keep_apart, ids["a"], ids["b"], "Ada")
    take_in(net, coesfeld=[film("c", identifiers=(one, two))])
    assert works(net) == together("ac", "b")
    with pytest.raises(links.LinkError, match="parted by Ada"):
        act(net, links.join, numbers(net)["c"], ids["b"], "Ada")


def test_a_machine_respects_what_people_parted_along_a_chain(net: Network) -> None:
    same = (Identifier("medium", "FWU-5511494"),)
    take_in(net, borken=[film("a", "Moor", identifiers=same)],
            muenster=[film("b")], coesfeld=[film("c", identifiers=same)])  # fmt: skip
    ids = numbers(net)
    act(net, links.keep_apart, ids["a"], ids["b"], "Ada")
    linking.run(net.hub.db)
    assert works(net) == together("ac", "b")


def test_undoing_a_join_leaves_the_pair_to_people(net: Network) -> None:
    take_in(net, borken=[film("a")], muenster=[film("b")])
    linking.run(net.hub.db)
    with net.hub.db.read() as session:
        link = session.scalar(sa.select(models.WorkLink.id))
    act(net, links.undo, link, "Ada")
    assert works(net) == together("a", "b")
    take_in(net, muenster=[film("b", description="Neu.")])
    linking.run(net.hub.db)
    assert works(net) == together("a", "b")
    with net.hub.db.read() as session:
        (pair,) = linked.listing(session).items
        assert pair.decided_by == "Ada"


def test_withdrawn_offers_wait_for_nobody(net: Network) -> None:
    take_in(net, borken=[film("r", "Die Römer am Rhein"), film("x", "Anderes")],
            muenster=[film("s", "Die Römer am Rhein", duration=None, creators=())])  # fmt: skip
    linking.run(net.hub.db)
    take_in(net, borken=[film("x", "Anderes")])
    linking.run(net.hub.db)
    with net.hub.db.read() as session:
        assert linked.listing(session).items == ()
        keys = sa.select(models.WorkBlock.offer_id).distinct()
        assert numbers(net)["r"] not in set(session.scalars(keys))


def test_everything_is_looked_at_again_when_the_catalogue_has_grown(net: Network) -> None:
    take_in(net, borken=[film("a", "Moor")])
    linking.run(net.hub.db)
    with net.hub.db.write() as session:
        session.execute(sa.update(models.WorkMatching).values(matcher=-1))
    assert linking.run(net.hub.db).offers == 1


@pytest.mark.parametrize("wrong", [[1_000_000], []])
def test_a_split_of_nothing_is_refused(net: Network, wrong: list[int]) -> None:
    with pytest.raises(links.LinkError, match="no such offer"):
        act(net, links.split, wrong, "Ada")


def test_a_whole_work_cannot_leave_itself(net: Network) -> None:
    take_in(net, borken=[film("a")])
    with pytest.raises(links.LinkError, match="the same again"):
        act(net, links.split, list(numbers(net).values()), "Ada")


def test_the_command(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", net.hub.settings.database_url)

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(main, ["works", *arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    doubtful = replace(film("s", "Die Römer am Rhein"), duration=None, creators=())
    take_in(net, borken=[film("r", "Die Römer am Rhein")], muenster=[doubtful])
    ids = numbers(net)
    assert run("match") == {"offers": 2, "joined": 0, "review": 1, "parted": 0}
    (pair,) = run("review")["items"]
    assert (pair["left"]["offer"], pair["right"]["offer"]) == (ids["r"], ids["s"])
    assert run("join", str(ids["r"]), str(ids["s"])) == {"link": pair["id"]}
    assert works(net) == together("rs")
    why = run("why", str(ids["s"]))
    assert why["offers"] == sorted(ids.values())
    assert why["links"][0]["state"] == "joined"
    run("split", str(ids["s"]))
    assert works(net) == together("r", "s")
    run("undo", str(pair["id"]))
    run("apart", str(ids["r"]), str(ids["s"]))
    assert run("review")["items"] == []
    assert [one["id"] for one in run("review", "--state", "apart")["items"]] == [pair["id"]]
    plain = CliRunner().invoke(main, ["works", "why", str(ids["r"])])
    assert f"link {pair['id']}" in plain.output
    for wrong in (["why", "99999"], ["undo", "99999"], ["join", "1", "99999"]):
        assert CliRunner().invoke(main, ["works", *wrong]).exit_code == 1
