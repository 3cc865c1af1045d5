"""What was looked up stays true while the index changes, and takes no more room than it may."""

from __future__ import annotations

import random

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import columns, index, postings
from hub.catalogue.columns import Bits
from hub.catalogue.kept import Kept
from hub.db import Database
from tests.hub.catalogue.shelf import fill, medium, row

WORDS = ("Wasser", "Tiere", "Klima", "Zellen")
TOKENS = ("twass", "ttier", "tklima", "tzell", "tnirgends")


def looked_up(db: Database) -> tuple[dict[str, Bits], int]:
    """The works of all tokens, and how many statements asked the full-text index for them."""
    asked = []
    with db.read() as session:
        connection = session.connection()
        sa.event.listen(
            connection,
            "before_cursor_execute",
            lambda *given: asked.append(given[2]) if "MATCH" in given[2] or "@@" in given[2] else 0,
        )
        return postings.lookup(session, columns.current(session), TOKENS), len(asked)


def test_a_change_of_few_works_keeps_what_was_looked_up(db: Database) -> None:
    chance = random.Random(7)
    fill(db, [medium(" ".join(chance.sample(WORDS, 2))) for _ in range(20)])
    assert looked_up(db)[1] == 1
    for _ in range(30):
        works = chance.sample(range(1, 26), 3)
        with db.write() as session:
            if chance.random() < 0.3:
                index.drop(session.connection(), works)
            else:
                rows = [row(n, medium(" ".join(chance.sample(WORDS, 2)))) for n in works]
                index.put(session.connection(), rows)
        kept, asked = looked_up(db)
        assert asked == 0
        other = Database(db.url.render_as_string(hide_password=False))
        try:
            assert looked_up(other) == (kept, 1)
        finally:
            other.close()


def test_a_change_of_many_works_forgets_it(db: Database) -> None:
    fill(db, [medium("Wasser")])
    assert looked_up(db)[1] == 1
    many = columns._MOST_CHANGED + 1
    with db.write() as session:
        index.put(session.connection(), [row(n, medium("Tiere")) for n in range(1, many + 1)])
    works, asked = looked_up(db)
    assert asked == 1
    assert len(works["ttier"]) == many
    assert not works["twass"]


works = st.frozensets(st.integers(0, 200_000), max_size=300).map(Bits)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), works)), st.integers(0, 2_000))
def test_no_more_is_kept_than_has_room(added: list[tuple[str, Bits]], room: int) -> None:
    kept, last = Kept(room), {}
    for name, bits in added:
        kept.add({name: bits})
        last[name] = bits
        found = kept.of("abcdefgh")
        assert sum(250 + 2 * len(each) for each in found.values()) <= room or not found
        assert all(each == last[one] for one, each in found.items())
    if added and 250 + 2 * len(last[added[-1][0]]) <= room:
        assert added[-1][0] in kept, "what came last stays"


def test_what_was_used_last_stays_longest() -> None:
    kept = Kept(3 * 252)
    for name in "abc":
        kept.add({name: Bits([1])})
    assert kept.of("a")
    kept.add({"d": Bits([1])})
    assert sorted(kept) == ["a", "c", "d"]
