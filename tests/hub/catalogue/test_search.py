"""Searching through its public doors, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.catalogue import columns, index, postings, rebuild
from hub.catalogue.columns import FEW, NONE, Bits, Order
from hub.catalogue.search import FACETS, Query, Sort, Suggestion, explain, marks, search, snippet
from hub.catalogue.suggest import suggest
from hub.db import Database
from hub.models import Counter as Counter_
from hub.models import SearchDoc, SearchEntry
from hub.records import AccessMode, Identifier, Kind, MediumType, Record
from tests import postgres
from tests.hub.catalogue.shelf import START, fill, medium, row, titles

SHELF = [
    medium("Tiere im Wasser", description="Fische, Krebse und Muscheln."),
    medium("Wassertiere", keywords=("Fische",)),
    medium("Der Wasserkreislauf", description="Vom Regen zum Meer, ohne Müll."),
    medium("Haustiere", subtitle="Hund und Katze", creators=("Erika Mustermann",)),
    medium("Ein Besuch im Museum", description="Alte Kameras in großen Häusern."),
    medium(
        "Die Römer",
        identifiers=(Identifier("medium", "FWU-05511494"), Identifier("isbn", "978-3-16-148410-0")),
        subjects=("240",),
        medium_type=MediumType.VIDEO,
    ),
    Record("", Kind.DEVICE, "Tabletkoffer", description="16 Tablets im Klassensatz"),
    Record("", Kind.PARENTS_EVENING, "Cybermobbing", competences=("3.4",)),
]


@pytest.fixture
def shelf(db: Database) -> Database:
    fill(db, SHELF)
    return db


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wassertiere", ["Wassertiere", "Tiere im Wasser"]),
        ("Tiere im Wasser", ["Tiere im Wasser", "Wassertiere"]),
        ("tier wasser", ["Tiere im Wasser", "Wassertiere"]),
        ("Tier", ["Tiere im Wasser", "Haustiere", "Wassertiere"]),
        ("Kreislauf des Wassers", ["Der Wasserkreislauf"]),
        ("fisch", ["Wassertiere", "Tiere im Wasser"]),
        ("Muell", ["Der Wasserkreislauf"]),
        ("MÜLL", ["Der Wasserkreislauf"]),
        ("Museen", ["Ein Besuch im Museum"]),
        ("haeuser gross", ["Ein Besuch im Museum"]),
        ("Roemer", ["Die Römer"]),
        ("Film Geschichte", ["Die Römer"]),
        ("5511494", ["Die Römer"]),
        ("fwu 5511494", ["Die Römer"]),
        ("55 11494", ["Die Römer"]),
        ("Römer 05511494", ["Die Römer"]),
        ("3-16-148410-X", ["Die Römer"]),
        ("Tablets Koffer", ["Tabletkoffer"]),
        ("Gerät Klasse", ["Tabletkoffer"]),
        ("Elternabend Mobbing", ["Cybermobbing"]),
        ("mustermann", ["Haustiere"]),
        ('"Tiere im Wasser"', ["Tiere im Wasser"]),
        ("„Tiere im Wasser“", ["Tiere im Wasser"]),
        ('"Wasser Tiere"', []),
        ('"Krebse und Muscheln"', ["Tiere im Wasser"]),
        ('"Fische Muscheln"', []),
        ("tiere -wasser", ["Haustiere"]),
        ("tiere −wasser", ["Haustiere"]),
        ('tiere -"im Wasser"', ["Haustiere", "Wassertiere"]),
        ("im", ["Tiere im Wasser", "Ein Besuch im Museum"]),
        ("unauffindbar", []),
        ("...", []),
        ('"', []),
        ("-", []),
    ],
)
def test_finds(shelf: Database, text: str, expected: list[str]) -> None:
    assert titles(shelf, text) == expected


def test_without_words_everything_newest_first(shelf: Database) -> None:
    assert titles(shelf, "  ") == [record.title for record in reversed(SHELF)]
    assert titles(shelf, "", sort=Sort.TITLE)[:3] == [
        "Cybermobbing", "Der Wasserkreislauf", "Die Römer",
    ]  # fmt: skip


def test_only_excluding_finds_the_rest(shelf: Database) -> None:
    assert "Haustiere" not in titles(shelf, "-haustiere")
    assert len(titles(shelf, "-haustiere")) == len(SHELF) - 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Wassertire", "wassertiere"),
        ("Musseum", "museum"),
        ("haustire -hund", "haustiere -hund"),
        ("Römre", "römer"),
        ("Tabeltkoffer", "tabletkoffer"),
    ],
)
def test_did_you_mean(shelf: Database, typed: str, meant: str) -> None:
    with shelf.read() as session:
        found = search(session, Query(typed))
        if typed.endswith("-hund"):
            # The correction is right, but what is left of it would be empty.
            assert found.did_you_mean is None
            return
        assert found.did_you_mean is not None
        assert found.did_you_mean.text == meant
        assert search(session, Query(meant)).total == found.did_you_mean.total > 0


@pytest.mark.parametrize("typed", ["qqqqqqqq", "xy", "99999999", '"Wassertire"'])
def test_does_not_guess(shelf: Database, typed: str) -> None:
    with shelf.read() as session:
        assert search(session, Query(typed)).did_you_mean is None


def test_nothing_found_says_what_to_leave_out(shelf: Database) -> None:
    with shelf.read() as session:
        relaxed = search(session, Query("wasser elefant -regen")).relaxed
        assert Suggestion("wasser -regen", 2) in relaxed
        filtered = search(session, Query("museum", {"kind": frozenset({"device"})}))
        assert filtered.relaxed == (Suggestion("museum", 1, keeps_filters=False),)


def test_completes_words_then_titles(shelf: Database) -> None:
    with shelf.read() as session:
        assert suggest(session, "wass")[0] == "wasser"
        assert "Wassertiere" in suggest(session, "wass")
        assert suggest(session, "WASSERKR") == ("wasserkreislauf",)
        assert suggest(session, "roem") == ("römer",)
        assert suggest(session, "die röm") == ("Die Römer",)
        assert suggest(session, "tiere im wa") == ("Tiere im Wasser",)
        assert suggest(session, "ein besuch im mu", limit=1) == ("Ein Besuch im Museum",)
        assert suggest(session, "wasser hau") == ()
        assert suggest(session, "") == suggest(session, "%") == suggest(session, "zz") == ()


def test_pages_do_not_overlap_and_end(db: Database) -> None:
    fill(db, [medium(f"Film {n}") for n in range(45)])
    with db.read() as session:
        shown = [search(session, Query("film", page=n, per_page=20)) for n in (1, 2, 3, 4)]
    assert [len(results.hits) for results in shown] == [20, 20, 5, 5]
    assert [results.page for results in shown] == [1, 2, 3, 3]
    assert {results.pages for results in shown} == {3}
    assert len({hit.work_id for results in shown[:3] for hit in results.hits}) == 45


def test_sorts(shelf: Database) -> None:
    assert titles(shelf, "tier", sort=Sort.TITLE) == ["Haustiere", "Tiere im Wasser", "Wassertiere"]
    assert titles(shelf, "tier", sort=Sort.NEWEST) == [
        "Haustiere", "Wassertiere", "Tiere im Wasser",
    ]  # fmt: skip


def test_marks_and_snippet(shelf: Database) -> None:
    with shelf.read() as session:
        terms = search(session, Query("Wassertiere")).terms
    text = "Im Wasser leben Haustiere nicht, Wassertiere schon; Tier für Tier."
    assert [text[a:b] for a, b in marks(text, terms)] == [
        "Wasser", "Haustiere", "Wassertiere", "Tier", "Tier",
    ]  # fmt: skip
    long = "Vorrede. " * 60 + "Die Wassertiere kommen. " + "Nachrede. " * 60
    cut = snippet(long, terms, 100)
    assert "Wassertiere" in cut
    assert len(cut) <= 104
    assert cut.startswith("… ")
    assert cut.endswith(" …")
    assert snippet("kurz", terms) == "kurz"
    assert marks(text, frozenset()) == ()


def test_explains(shelf: Database) -> None:
    with shelf.read() as session:
        lines = explain(session, Query("wassertiere -5511494"))
    assert lines[0].startswith("+ wassertiere: wass & tier in 2 works")
    assert lines[-1] == "together: 2 works"


# Changes of the index


def test_one_document_for_many_sites(db: Database) -> None:
    fill(db, SHELF[:2], {1: ["borken", "coesfeld", "koeln"]})
    with db.read() as session:
        found = search(session, Query("tiere"))
        assert found.total == 2
        assert session.scalar(sa.select(sa.func.count()).select_from(SearchDoc)) == 2
        counts = {v.value: v.count for f in found.facets if f.name == "site" for v in f.values}
    assert counts == {"borken": 2, "coesfeld": 1, "koeln": 1}


def test_new_holdings_leave_the_text_alone(db: Database) -> None:
    fill(db, SHELF[:2])
    statements: list[str] = []
    with db.write() as session:
        connection = session.connection()
        sa.event.listen(connection, "before_cursor_execute", lambda *a: statements.append(a[2]))
        index.put(connection, [row(1, SHELF[0], ["borken", "koeln"])])
    assert not [s for s in statements if s.startswith("INSERT INTO search_doc")]
    assert not [s for s in statements if s.startswith("INSERT INTO search_fts")]
    assert titles(db, "tiere wasser", filters={"site": frozenset({"koeln"})}) == ["Tiere im Wasser"]


def test_a_changed_text_is_found_by_its_new_words_only(shelf: Database) -> None:
    assert titles(shelf, "haustiere") == ["Haustiere"]
    with shelf.write() as session:
        index.put(session.connection(), [row(4, medium("Nutzpflanzen"))])
    assert titles(shelf, "haustiere") == []
    assert titles(shelf, "hund") == []
    with shelf.read() as session:
        assert search(session, Query("nutzpflanze")).total == 1


def test_dropped_works_are_gone(shelf: Database) -> None:
    assert titles(shelf, "wassertiere")
    with shelf.write() as session:
        index.drop(session.connection(), [1, 2, 999])
    assert titles(shelf, "wassertiere") == []
    assert len(titles(shelf, "")) == len(SHELF) - 2
    with shelf.read() as session:
        assert postings.lookup(session, columns.current(session), ["twass", "ttier"]) == {
            "twass": NONE,
            "ttier": NONE,
        }
    with shelf.write() as session:
        index.put(session.connection(), [row(2, SHELF[1])])
    assert titles(shelf, "wassertiere") == ["Wassertiere"]


def test_rolled_back_changes_are_never_seen(shelf: Database) -> None:
    def fail() -> None:
        with shelf.write() as session:
            index.drop(session.connection(), [1])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(titles(shelf, "wassertiere")) == 2


def test_rebuild(shelf: Database) -> None:
    with shelf.write() as session:
        assert not rebuild.outdated(session)
        session.execute(sa.update(Counter_).where(Counter_.name == index.ANALYSER).values(value=0))
    with shelf.read() as session:
        assert rebuild.outdated(session)
        before = dict(map(tuple, session.execute(sa.select(SearchDoc.work_id, SearchDoc.tokens))))
    with shelf.write() as session:
        connection = session.connection()
        index.put(connection, [row(n, medium("falsch")) for n in range(1, 6)])
        index.drop(connection, [7])
    seen: list[tuple[int, int]] = []
    assert rebuild.rebuild(shelf, lambda *done: seen.append(done)) == len(SHELF)
    assert seen[-1] == (len(SHELF), len(SHELF))
    with shelf.read() as session:
        after = dict(map(tuple, session.execute(sa.select(SearchDoc.work_id, SearchDoc.tokens))))
        assert not rebuild.outdated(session)
    assert after == before
    assert titles(shelf, "falsch") == []
    assert titles(shelf, "koffer") == ["Tabletkoffer"]


def test_an_empty_catalogue_is_not_outdated(db: Database) -> None:
    with db.read() as session:
        assert not rebuild.outdated(session)
        assert search(session, Query("wasser")).total == 0
        assert search(session, Query()).pages == 0


# Against a model, and the two databases against each other

WORDS = (
    "wasser tier tiere wassertiere haustiere kreislauf wasserkreislauf müll meer schule schulhof "
    "klasse klassensatz film filme museum museen für im der unbekannt 5500007"
).split()
ATOMS = [*WORDS, '"tiere im wasser"', '"der film"', "-film", "-wasser", '-"im meer"', "fwu-5500003"]


def some_records(count: int) -> list[Record]:
    chance = random.Random(7)
    return [
        Record(
            "",
            chance.choice([Kind.MEDIUM, Kind.MEDIUM, Kind.DEVICE, Kind.ROOM]),
            " ".join(chance.choices(WORDS, k=chance.randint(1, 4))).capitalize(),
            description=" ".join(chance.choices(WORDS, k=chance.randint(0, 12))),
            keywords=tuple(chance.choices(WORDS, k=chance.randint(0, 3))),
            identifiers=(Identifier("medium", f"FWU-{5_500_000 + n}"),),
            subjects=tuple(chance.sample(["080", "0800101", "240", "20001", "28010"], 2)),
            levels=tuple(chance.sample(["grundschule", "sekundarstufe_1"], chance.randint(0, 2))),
            medium_type=chance.choice([*MediumType, None]),
            competences=tuple(chance.sample(["1.1", "1.2", "3.4"], chance.randint(0, 2))),
            access=chance.choice(list(AccessMode)),
        )
        for n in range(count)
    ]


def some_queries(count: int) -> list[Query]:
    chance = random.Random(8)
    filters = [
        {},
        {"kind": frozenset({"medium"})},
        {"kind": frozenset({"medium", "room"}), "subject": frozenset({"080", "20001"})},
        {"level": frozenset({"grundschule"}), "access": frozenset({"loan", "open", "nowhere"})},
        {"site": frozenset({"koeln"}), "region": frozenset({"Münster"})},
        {"nonsense": frozenset({"x"})},
    ]
    return [
        Query(
            " ".join(chance.choices(ATOMS, k=chance.choice([0, 1, 1, 2, 2, 3]))),
            chance.choice(filters),
            chance.choice(list(Sort)),
            page=chance.choice([1, 1, 2, 9]),
            per_page=chance.choice([5, 20]),
        )
        for _ in range(count)
    ]


HOLDERS = {n: ["borken", "coesfeld", "koeln", "lvr"][: 1 + n % 4] for n in range(1, 400)}


@pytest.fixture
def both(
    tmp_path: Path, sqlite_template: Path, postgresql_server: str, postgresql_template: str
) -> Iterator[tuple[Database, Database]]:
    file = tmp_path / "both.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    name = f"{postgresql_template}_both"
    postgres.execute(
        postgresql_server,
        f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
        f'CREATE DATABASE "{name}" TEMPLATE "{postgresql_template}"',
    )
    databases = (
        Database(f"sqlite:///{file}"),
        Database(postgres.with_database(postgresql_server, name)),
    )
    yield databases
    for database in databases:
        database.close()
    postgres.execute(postgresql_server, f'DROP DATABASE "{name}" WITH (FORCE)')


def test_both_databases_give_the_same(both: tuple[Database, Database]) -> None:
    for database in both:
        fill(database, some_records(300), HOLDERS)
    found = Counter()
    with both[0].read() as one, both[1].read() as other:
        for query in some_queries(400):
            results = search(one, query)
            assert results == search(other, query), query
            found[bool(results.total)] += 1
            assert suggest(one, query.text) == suggest(other, query.text)
    assert min(found.values()) > 40


def test_facets_are_what_counting_one_by_one_gives(db: Database) -> None:
    fill(db, some_records(120), HOLDERS)
    with db.read() as session:
        pairs = {
            row.work_id: {tuple(line.split(" ", 1)) for line in row.facets.split("\n")}
            for row in session.execute(sa.select(SearchEntry.work_id, SearchEntry.facets))
        }
        for query in some_queries(60):
            results = search(session, query)
            matched = everything(session, Query(query.text))
            for facet in results.facets:
                others = {n: v for n, v in query.filters.items() if n != facet.name}
                base = [i for i in matched if passes(pairs[i], others)]
                counts = Counter(v for i in base for f, v in pairs[i] if f == facet.name)
                shown = {value.value: value.count for value in facet.values}
                chosen = query.filters.get(facet.name, frozenset())
                assert shown == {**dict.fromkeys(chosen, 0), **counts}
                assert {v.value for v in facet.values if v.selected} == chosen
            assert results.total == sum(passes(pairs[i], query.filters) for i in matched)


def everything(session: object, query: Query) -> list[int]:
    results = search(session, Query(query.text, per_page=1000))  # type: ignore[arg-type]
    return [hit.work_id for hit in results.hits]


def passes(pairs: set[tuple[str, ...]], filters: object) -> bool:
    return all(
        any((facet, value) in pairs for value in values)
        for facet, values in dict(filters).items()  # type: ignore[call-overload]
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("search") / "kept.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{file}")
    fill(database, SHELF)
    yield database
    database.close()


@settings(max_examples=150, deadline=None)
@given(st.text() | st.lists(st.sampled_from([*ATOMS, "AND", "OR", "NEAR(", "*", "^", '"', "-", ":",
                                             "t:", "'", "\\", "(", ")", "!", "&", "|", "\x00"]),
                            max_size=8).map(" ".join))  # fmt: skip
def test_whatever_is_typed_is_no_error(kept: Database, text: str) -> None:
    with kept.read() as session:
        results = search(session, Query(text))
        assert len(results.hits) == min(results.total, 20)
        suggest(session, text)
        explain(session, Query(text))


@settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.text(max_size=30))
def test_whatever_is_typed_is_no_error_on_either(shelf: Database, text: str) -> None:
    with shelf.read() as session:
        search(session, Query(text))
        suggest(session, text)


@given(
    st.lists(st.integers(0, 50), max_size=2 * FEW), st.integers(0, FEW), st.integers(1, 40),
    st.booleans(),
)  # fmt: skip
def test_a_page_of_an_order_is_that_of_the_whole_list(
    keys: list[int], offset: int, limit: int, descending: bool
) -> None:
    works = Bits(range(len(keys)))
    tens = {ten: Bits([i for i in works if keys[i] // 10 == ten]) for ten in range(6)}
    ones = {one: Bits([i for i in works if keys[i] == one]) for one in range(51)}
    expected = sorted(works, key=keys.__getitem__, reverse=descending)[offset : offset + limit]
    finer = Order(tens, keys.__getitem__, descending)
    assert finer.page(works, offset, limit) == expected
    assert Order(ones, descending=descending).page(works, offset, limit) == expected


def test_indexes_are_used(shelf: Database) -> None:
    """Every statement of a search or completion goes through an index, none reads a table whole."""
    statements: list[tuple[str, object]] = []
    with shelf.read() as session:
        connection = session.connection()
        columns.vocabulary(session)

        def note(_c: object, _cursor: object, statement: str, given: object, *_: object) -> None:
            statements.append((statement, given))

        sa.event.listen(connection, "before_cursor_execute", note)
        search(session, Query('wasser "tiere im wasser"'))
        search(session, Query("wassertire"))
        suggest(session, "tiere wass")
        sa.event.remove(connection, "before_cursor_execute", note)
        assert len(statements) > 5
        if shelf.dialect == "postgresql":
            # So few rows fit on one page: say that reading it whole is dear.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, given in statements:
            if "FROM site" in statement:  # all 55 are wanted
                continue
            prefix = "EXPLAIN QUERY PLAN " if shelf.dialect == "sqlite" else "EXPLAIN "
            plan = connection.exec_driver_sql(prefix + statement, given).all()
            lines = [str(line[-1]) for line in plan]
            whole = [x for x in lines if "Seq Scan" in x or x.startswith("SCAN ")]
            assert not [x for x in whole if "VIRTUAL TABLE" not in x and "json_each" not in x], (
                lines
            )


def test_a_second_process_sees_changes(shelf: Database) -> None:
    other = Database(shelf.url.render_as_string(hide_password=False))
    try:
        assert len(titles(other, "wassertiere")) == 2
        with shelf.write() as session:
            index.drop(session.connection(), [1])
            index.put(
                session.connection(),
                [row(1000, medium("Wassertiere heute"), newest=START + timedelta(days=99))],
            )
        with other.read() as session:
            assert search(session, Query("wassertiere")).total == 2
            assert len(search(session, Query("wassertiere")).hits) == 1  # 1000 has no offer here
    finally:
        other.close()


def test_labels_come_in_both_languages(shelf: Database) -> None:
    with shelf.read() as session:
        german = search(session, Query("mobbing")).facets
        english = search(session, Query("mobbing", language="en")).facets
    assert [facet.name for facet in german] == list(FACETS)
    labels = {f.name: [v.label for v in f.values] for f in german}
    assert labels["kind"] == ["Elternabend"]
    assert labels["site"] == ["MZ borken"]
    assert labels["competence"] == [
        "3 Kommunizieren und Kooperieren", "3.4 Cybergewalt und -kriminalität",
    ]  # fmt: skip
    assert [v.label for v in english[0].values] == ["Parents' evening"]


def test_an_older_transaction_does_not_spoil_what_is_kept(db: Database) -> None:
    """What a reader looks up that began before a change must not be taken for the state after."""
    if db.dialect == "postgresql":
        pytest.skip("each statement sees the latest state there")
    fill(db, SHELF[:2])
    with db.read() as older:
        assert search(older, Query("haustiere")).total == 0
        with db.write() as session:
            index.put(session.connection(), [row(3, SHELF[3])])
        with db.read() as newer:
            assert search(newer, Query("hund")).total == 1
        assert search(older, Query("katze")).total == 0
    with db.read() as session:
        assert search(session, Query("katze")).total == 1
