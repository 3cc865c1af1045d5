"""What a source says arrives in the catalogue; what breaks does not."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue import page, producer, repeats, runs
from hub.catalogue.preview import preview
from hub.catalogue.sync import sync
from hub.db import Database
from hub.errors import Denied, Unavailable
from hub.records import (
    Change,
    Checkpoint,
    Delete,
    Grant,
    Identifier,
    Record,
    Reject,
    Scope,
    Upsert,
)
from tests.sources import Network, everything, medium, network


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ["borken", "muenster", "unna"]) as made:
        yield made


def run(net: Network, site: str, *changes: Change, **options: object):
    net.play(site, changes)
    return sync(net.hub.db, net.site(site), "scripted", **options)  # type: ignore[arg-type]


def titles(db: Database, site: str = "borken") -> list[str]:
    """Titles of the live offers in the order of their source ids."""
    with db.read() as session:
        offer = models.Offer
        return list(
            session.scalars(
                sa.select(offer.title)
                .where(offer.site_key == site, offer.withdrawn_at.is_(None))
                .order_by(offer.source_id)
            )
        )


def works(db: Database) -> list[set[str]]:
    """The live offers of each work as `site/source id`, in the order of the works."""
    with db.read() as session:
        found: dict[int, set[str]] = {}
        for offer in session.scalars(
            sa.select(models.Offer).where(models.Offer.withdrawn_at.is_(None))
        ):
            found.setdefault(offer.work_id, set()).add(f"{offer.site_key}/{offer.source_id}")
        return [found[key] for key in sorted(found)]


def test_new_changed_unchanged(net: Network) -> None:
    first = run(net, "borken", *everything(medium("1", "Eins"), medium("2", "Zwei")))
    assert (first.state, first.added, first.changed, first.unchanged) == ("succeeded", 2, 0, 0)
    second = run(net, "borken", *everything(medium("1", "Eins"), medium("2", "Zwo")))
    assert (second.added, second.changed, second.unchanged) == (0, 1, 1)
    assert titles(net.hub.db) == ["Eins", "Zwo"]
    with net.hub.db.read() as session:
        change = session.scalars(sa.select(models.SyncChange)).one()
        assert (change.run_id, change.field, change.old, change.new) == (
            second.run_id,
            "title",
            "Zwei",
            "Zwo",
        )


def test_unchanged_rows_are_not_written(net: Network) -> None:
    run(net, "borken", *everything(medium("1")))
    with net.hub.db.read() as session:
        before = session.scalars(sa.select(models.Offer.changed_at)).one()
    run(net, "borken", *everything(medium("1")))
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(models.Offer.changed_at)).one() == before


def test_a_full_run_starts_over(net: Network) -> None:
    cursors = []

    def script(cursor: str | None) -> Iterator[Change]:
        cursors.append(cursor)
        yield Upsert(medium("1"))
        yield Checkpoint("next")

    net.play("borken", script)
    for full in (True, False, True):
        assert sync(net.hub.db, net.site("borken"), "scripted", full=full).state == "succeeded"
    assert cursors == [None, "next", None]


def test_complete_run_withdraws_what_it_did_not_see(net: Network) -> None:
    run(net, "borken", *everything(*(medium(f"{n:02}", f"Titel {n}") for n in range(10))))
    report = run(net, "borken", *everything(*(medium(f"{n:02}", f"Titel {n}") for n in range(9))))
    assert (report.state, report.withdrawn) == ("succeeded", 1)
    assert "Titel 9" not in titles(net.hub.db)
    back = run(net, "borken", *everything(*(medium(f"{n:02}", f"Titel {n}") for n in range(10))))
    assert (back.changed, back.withdrawn) == (1, 0)
    assert "Titel 9" in titles(net.hub.db)


def test_a_record_that_cannot_be_read_now_is_not_withdrawn(net: Network) -> None:
    run(net, "borken", *everything(medium("1", "Eins"), medium("2", "Zwei")))
    report = run(net, "borken", *everything(medium("1", ""), medium("2", "Zwei")))
    assert (report.state, report.rejected, report.withdrawn) == ("succeeded", 1, 0)
    assert titles(net.hub.db) == ["Eins", "Zwei"]


def test_what_a_broken_run_saw_does_not_count_for_the_next(net: Network) -> None:
    records = [medium(str(n)) for n in range(producer.PAGE + 10)]
    run(net, "borken", *everything(*records))

    def breaks_off(cursor: str | None) -> Iterator[Change]:
        yield from map(Upsert, records)
        raise Unavailable("The server does not answer.")

    net.play("borken", breaks_off)
    assert sync(net.hub.db, net.site("borken"), "scripted").state == "failed"
    report = run(net, "borken", *everything(*records[1:]))
    assert (report.state, report.withdrawn) == ("succeeded", 1)


def test_incomplete_run_withdraws_nothing(net: Network) -> None:
    run(net, "borken", *everything(medium("1"), medium("2")))
    report = run(net, "borken", Upsert(medium("1")), Checkpoint("later"))
    assert report.state == "succeeded"
    assert len(titles(net.hub.db)) == 2


def test_deletions_wait_for_the_end_of_the_run(net: Network) -> None:
    run(net, "borken", *everything(*(medium(str(n)) for n in range(9))))

    def breaks_off(cursor: str | None) -> Iterator[Change]:
        if cursor is None:
            yield Delete("3")
            yield Checkpoint("half")
            raise Unavailable("The server does not answer.")
        yield Upsert(medium("new"))
        yield Checkpoint("end")

    net.play("borken", breaks_off)
    failed = sync(net.hub.db, net.site("borken"), "scripted")
    assert (failed.state, failed.error) == ("failed", "The server does not answer.")
    assert len(titles(net.hub.db)) == 9
    resumed = sync(net.hub.db, net.site("borken"), "scripted")
    assert (resumed.state, resumed.withdrawn, resumed.added) == ("succeeded", 1, 1)
    assert len(titles(net.hub.db)) == 9


def test_a_record_that_comes_back_in_the_same_cycle_is_not_deleted(net: Network) -> None:
    run(net, "borken", *everything(medium("1"), medium("2")))
    run(net, "borken", Delete("1"), Checkpoint("a"), Upsert(medium("1")), Checkpoint("b"))
    assert len(titles(net.hub.db)) == 2


def test_too_many_withdrawals_wait_for_a_person(net: Network) -> None:
    all_ten = [medium(str(n), f"Titel {n}") for n in range(10)]
    run(net, "borken", *everything(*all_ten))
    held = run(net, "borken", *everything(*all_ten[:3]))
    assert (held.state, held.withdrawn) == ("held", 0)
    assert "would withdraw 7 of 10" in held.error
    assert len(titles(net.hub.db)) == 10
    assert held.run_id is not None
    assert runs.release(net.hub.db, held.run_id) == 7
    assert titles(net.hub.db) == ["Titel 0", "Titel 1", "Titel 2"]
    with pytest.raises(runs.RunError, match="is succeeded; only a held run"):
        runs.release(net.hub.db, held.run_id)


def test_a_small_source_is_not_emptied_without_a_person(net: Network) -> None:
    run(net, "borken", *everything(medium("1"), medium("2")))
    assert run(net, "borken", *everything()).state == "held"
    assert len(titles(net.hub.db)) == 2


class Liar:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


class LyingText(str):
    __slots__ = ()

    def strip(self, *_: object) -> str:
        raise RuntimeError("no")

    isprintable = strip  # type: ignore[assignment]


@pytest.mark.parametrize(
    "change",
    [
        Upsert(Liar()),  # type: ignore[arg-type]
        Delete(Liar()),  # type: ignore[arg-type]
        Reject(Liar(), Liar(), Liar()),  # type: ignore[arg-type]
        Liar(),
        Upsert(medium("x", keywords=(Liar(),))),
        Upsert(medium("x", LyingText("x"))),
    ],
)
def test_values_that_lie_are_rejected_and_the_rest_arrives(net: Network, change: Change) -> None:
    report = run(net, "borken", change, Upsert(medium("1")), Checkpoint("a"))
    assert report.state == "succeeded"
    assert len(titles(net.hub.db)) == 1


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("\0"),
        Checkpoint("\ud800"),
        Checkpoint({"page": 1}),  # type: ignore[arg-type]
        Checkpoint("x" * 5_000_000),
        Checkpoint("a", total=2**40),
        Checkpoint("a", total=float("nan")),  # type: ignore[arg-type]
    ],
)
def test_a_checkpoint_that_cannot_be_kept_fails_the_run(
    net: Network, checkpoint: Checkpoint
) -> None:
    report = run(net, "borken", Upsert(medium("1")), checkpoint)
    assert report.state == "failed"
    assert "The plugin" in report.error
    assert run(net, "borken", *everything(medium("1"))).state == "succeeded"


def test_a_held_run_is_overtaken_by_a_whole_one(net: Network) -> None:
    all_ten = [medium(str(n)) for n in range(10)]
    run(net, "borken", *everything(*all_ten))
    held = run(net, "borken", *everything(*all_ten[:3]))
    assert held.run_id is not None
    run(net, "borken", *everything(*all_ten))
    with pytest.raises(runs.RunError, match="superseded"):
        runs.release(net.hub.db, held.run_id)


def test_a_held_deletion_forgets_what_came_back(net: Network) -> None:
    run(net, "borken", *everything(*(medium(str(n)) for n in range(10))))
    deletes = [Delete(str(n)) for n in range(7)]
    held = run(net, "borken", *deletes, Checkpoint("a"))
    assert (held.state, held.run_id is not None) == ("held", True)
    run(net, "borken", Upsert(medium("1")), Checkpoint("b"))
    assert runs.release(net.hub.db, held.run_id or 0) == 6
    assert len(titles(net.hub.db)) == 4


def test_a_refused_run_changes_nothing(net: Network) -> None:
    run(net, "borken", *everything(*(medium(str(n)) for n in range(10))))
    held = run(net, "borken", Checkpoint(None, complete=True))
    assert held.state == "held"
    runs.refuse(net.hub.db, held.run_id or 0)
    assert len(titles(net.hub.db)) == 10


def test_rejects_are_kept_with_their_reason(net: Network) -> None:
    report = run(
        net,
        "borken",
        Upsert(medium("1", " ")),
        Reject("row 17", "no title", "a;b;c"),
        Upsert(medium("2", "Gut")),
        Upsert("nonsense"),  # type: ignore[arg-type]
        "nonsense",  # type: ignore[arg-type]
        Checkpoint(None, complete=True),
    )
    assert (report.state, report.added, report.rejected) == ("succeeded", 1, 4)
    with net.hub.db.read() as session:
        reasons = session.execute(
            sa.select(models.SyncReject.source_id, models.SyncReject.reason).order_by(
                models.SyncReject.id
            )
        ).all()
    assert reasons == [
        ("1", "title: missing"),
        ("row 17", "no title"),
        ("?", "a record was expected, not str"),
        ("?", "the plugin yielded str, which is no change"),
    ]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Unavailable("Server weg."), "Server weg."),
        (Denied("Passwort abgelaufen."), "Passwort abgelaufen."),
        (RuntimeError("kaputt"), "scripted"),
        (SystemExit(3), "scripted"),
    ],
)
def test_a_failing_source_keeps_what_it_gave_before(
    net: Network, error: BaseException, message: str
) -> None:
    def script(cursor: str | None) -> Iterator[Change]:
        yield Upsert(medium("1"))
        yield Checkpoint("one")
        yield Upsert(medium("2"))
        raise error

    net.play("borken", script)
    report = sync(net.hub.db, net.site("borken"), "scripted")
    assert report.state == "failed"
    assert message in report.error
    assert len(titles(net.hub.db)) == 1
    with net.hub.db.read() as session:
        assert session.get_one(models.SyncSource, ("borken", "scripted")).cursor == "one"


def test_a_hanging_source_is_left(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer, "PATIENCE", 0.2)
    wake = threading.Event()

    def script(cursor: str | None) -> Iterator[Change]:
        yield Upsert(medium("1"))
        yield Checkpoint("one")
        wake.wait(30)

    net.play("borken", script)
    report = sync(net.hub.db, net.site("borken"), "scripted")
    wake.set()
    assert report.state == "failed"
    assert "no sign of life" in report.error
    assert len(titles(net.hub.db)) == 1


def test_a_source_that_never_checkpoints_is_taken_in_by_pages(net: Network) -> None:
    many = [medium(f"{n:04}", f"Titel {n}") for n in range(producer.PAGE * 2 + 3)]
    report = run(net, "borken", *map(Upsert, many))
    assert (report.state, report.added) == ("succeeded", len(many))


def rejects(net: Network, run_id: int | None) -> list[tuple[str, str]]:
    """Id and the title within the excerpt of what was given twice."""
    with net.hub.db.read() as session:
        found = runs.detail(session, run_id or 0)
    assert found is not None
    assert {one["reason"] for one in found["rejects"]} <= {repeats.TWICE}
    return [(one["source_id"], json.loads(one["excerpt"])["title"]) for one in found["rejects"]]


@pytest.mark.parametrize("apart", [0, producer.PAGE + 7])
def test_two_records_under_one_id_are_reported_and_the_last_counts(
    net: Network, apart: int
) -> None:
    """In every run anew, also with a page between them."""
    between = [medium(f"{n:04}", f"Titel {n}") for n in range(apart)]
    sign_of_life = [Checkpoint(None)] if apart else []
    later = everything(*between, medium("x", "Neu"), medium("y", "Anderes"))
    changes = [Upsert(medium("x", "Alt")), *sign_of_life, *later]
    for _ in range(2):
        report = run(net, "borken", *changes)
        assert (report.state, report.rejected) == ("succeeded", 1)
        assert titles(net.hub.db)[apart:] == ["Neu", "Anderes"]
        assert rejects(net, report.run_id) == [("x", "Alt")]


def test_a_record_that_comes_again_is_no_second_one(net: Network) -> None:
    between = [Upsert(medium(f"{n:04}", f"Titel {n}")) for n in range(producer.PAGE)]
    report = run(
        net,
        "borken",
        Upsert(medium("same", "Vulkane")),
        Upsert(medium("same", "Vulkane")),
        Upsert(medium("deleted", "Alt")),
        *between,
        Upsert(medium("same", "Vulkane")),
        Delete("deleted"),
        *between,
        Upsert(medium("deleted", "Neu")),
        Upsert(medium("edited", "Alt")),
        Checkpoint("a"),
        Upsert(medium("edited", "Neu")),
        Checkpoint("b"),
    )
    assert (report.state, report.rejected) == ("succeeded", 0)
    assert titles(net.hub.db)[-3:] == ["Neu", "Neu", "Vulkane"]


def test_what_was_given_twice_can_be_deleted(net: Network) -> None:
    run(net, "borken", *everything(medium("1", "Vulkane"), medium("2", "Moore")))
    report = run(
        net,
        "borken",
        Upsert(medium("1", "Alt")),
        Upsert(medium("1", "Neu")),
        Delete("1"),
        Checkpoint("a"),
    )
    assert (report.withdrawn, report.rejected) == (1, 1)
    assert titles(net.hub.db) == ["Moore"]


def test_only_one_run_at_a_time(net: Network) -> None:
    runs.begin(net.hub.db, "borken", "scripted")
    with pytest.raises(runs.RunError, match="in progress"):
        run(net, "borken", *everything(medium("1")))


def test_a_dead_process_leaves_a_run_that_is_taken_up(net: Network) -> None:
    begun = runs.begin(net.hub.db, "borken", "scripted")
    with net.hub.db.write() as session:
        row = session.get_one(models.SyncRun, begun.run_id)
        row.owner = row.owner.replace(f":{os.getpid()}", ":999999999")
    report = run(net, "borken", *everything(medium("1")))
    assert (report.run_id, report.state) == (begun.run_id, "succeeded")
    with net.hub.db.read() as session:
        assert session.get_one(models.SyncRun, begun.run_id).resumed == 1


def test_a_process_whose_run_was_taken_over_writes_no_more(net: Network) -> None:
    def script(cursor: str | None) -> Iterator[Change]:
        yield Upsert(medium("1"))
        yield Checkpoint("one")
        with net.hub.db.write() as session:
            session.scalars(sa.select(models.SyncRun)).one().resumed += 1
        for number in range(2, 9):
            yield Upsert(medium(str(number)))
            yield Checkpoint(str(number))

    net.play("borken", script)
    with pytest.raises(page.TakenOver, match="went on in another process"):
        sync(net.hub.db, net.site("borken"), "scripted")
    assert len(titles(net.hub.db)) <= 1
    with net.hub.db.read() as session:
        assert session.scalars(sa.select(models.SyncRun.state)).one() == "running"


def test_a_preview_writes_nothing_and_tells_all(net: Network) -> None:
    run(net, "borken", *everything(medium("1", "Eins"), medium("2", "Zwei")))
    net.play("borken", everything(medium("1", "Uno"), medium("3", "Drei"), medium("4", "")))
    report = preview(net.hub.db, net.site("borken"), "scripted", full=True)
    assert (report.added, report.changed, report.rejected) == (1, 1, 1)
    assert report.differences == [("1", "title", "Eins", "Uno")]
    assert titles(net.hub.db) == ["Eins", "Zwei"]
    with net.hub.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.SyncRun)) == 1


def test_grants_follow_their_offer(net: Network) -> None:
    land = Grant(Scope.LAND, "NRW")
    run(net, "borken", *everything(medium("1", grants=(land, Grant(Scope.SITE, "borken")))))
    run(net, "borken", *everything(medium("1", grants=(land,))))
    with net.hub.db.read() as session:
        grant = session.scalars(sa.select(models.OfferGrant)).one()
        assert (grant.scope, grant.value) == ("land", "NRW")


# Works


def fwu(source_id: str, *numbers: str, **values: object) -> Record:
    identifiers = tuple(Identifier("medium", number) for number in numbers)
    return medium(source_id, identifiers=identifiers, **values)


def test_the_same_medium_of_many_sites_is_one_work(net: Network) -> None:
    run(net, "borken", *everything(fwu("a", "FWU-05511494")))
    run(net, "muenster", *everything(fwu("b", "fwu 5511494"), fwu("c", "SF-1")))
    assert works(net.hub.db) == [{"borken/a", "muenster/b"}, {"muenster/c"}]


def test_a_record_that_links_two_works_joins_them(net: Network) -> None:
    run(net, "borken", *everything(fwu("a", "FWU-5511494")))
    run(net, "muenster", *everything(fwu("b", "FWU-4611494")))
    assert len(works(net.hub.db)) == 2
    run(net, "unna", *everything(fwu("c", "FWU-5511494", "FWU-4611494")))
    assert works(net.hub.db) == [{"borken/a", "muenster/b", "unna/c"}]


def test_works_part_when_the_link_goes(net: Network) -> None:
    run(net, "borken", *everything(fwu("a", "FWU-5511494")))
    run(net, "muenster", *everything(fwu("b", "FWU-4611494")))
    run(net, "unna", *everything(fwu("c", "FWU-5511494", "FWU-4611494")))
    run(net, "unna", *everything(fwu("c", "FWU-5511494")))
    assert works(net.hub.db) == [{"borken/a", "unna/c"}, {"muenster/b"}]


def test_works_survive_a_resync(net: Network) -> None:
    run(net, "borken", *everything(fwu("a", "FWU-5511494"), medium("x")))
    with net.hub.db.read() as session:
        before = dict(session.execute(sa.select(models.Offer.id, models.Offer.work_id)).all())
    run(net, "borken", *everything(fwu("a", "FWU-5511494", title="Anders"), medium("x", "Neu")))
    with net.hub.db.read() as session:
        after = dict(session.execute(sa.select(models.Offer.id, models.Offer.work_id)).all())
    assert after == before


def test_sources_that_name_the_same_do_not_overwrite_each_other(net: Network) -> None:
    """A source may bear the identifiers of another: each keeps its own, and takes away no other."""
    run(net, "borken", *everything(medium("42", "Vulkane"), medium("43", "Moore")))
    run(net, "unna", *everything(medium("42", "Gletscher"), medium("43", "Deiche")))
    run(net, "unna", Delete("42"), Upsert(medium("43", "Dünen")), Checkpoint(None))
    assert titles(net.hub.db) == ["Vulkane", "Moore"]
    assert titles(net.hub.db, "unna") == ["Dünen"]


def test_an_identifier_that_changes_its_case_is_still_one_work(net: Network) -> None:
    number = (Identifier("medium", "FWU-05511494"),)
    others = [medium(f"{n}", f"Titel {n}") for n in range(9)]
    for name in ("DE:FWU-05511494", "de:fwu-05511494"):
        film = medium(name, "Vulkane", identifiers=number)
        report = run(net, "borken", *everything(*others, film))
        assert report.state == "succeeded", report.error
    assert (report.added, report.withdrawn) == (1, 1)
    assert titles(net.hub.db).count("Vulkane") == 1
    run(net, "unna", *everything(medium("7", "Vulkane", identifiers=number)))
    assert {"borken/de:fwu-05511494", "unna/7"} in works(net.hub.db)
