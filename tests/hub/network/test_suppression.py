"""Nobody is recognised by the figures that leave a centre, however one subtracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from hub.network.statistics import SCHOOL, Count, Counted, Measure, Split
from hub.network.suppression import SMALLEST, everything, guarded, withheld

MEASURE = Measure.LOANS_DEVICES


class Loan(NamedTuple):
    who: int
    part: str
    number: int


PARTS = ("a", "b", "c", "d", "e")
loans = st.lists(
    st.builds(Loan, st.integers(1, 12), st.sampled_from(PARTS), st.integers(1, 3)), max_size=60
)


def count(rows: Sequence[Loan]) -> Count:
    return Count(sum(one.number for one in rows), len({one.who for one in rows}))


def parts(rows: Sequence[Loan]) -> dict[str, Count]:
    return {part: count([one for one in rows if one.part == part]) for part in PARTS}


def check(rows: Sequence[Loan], shown: Mapping[str, int | None], total: int | None) -> None:
    """What is shown is true and safe, and so is what can be calculated from it."""
    cells = parts(rows)
    hidden = [part for part, number in shown.items() if number is None]
    for part, number in shown.items():
        if number is not None:
            assert number == cells[part].number
            assert number == 0 or cells[part].sources >= SMALLEST
    if total is None or not hidden:
        return
    rest = [one for one in rows if one.part in hidden]
    left = total - sum(number for number in shown.values() if number is not None)
    assert left == count(rest).number, "what is withheld can be calculated as a sum"
    assert count(rest).sources >= SMALLEST
    assert len(hidden) > 1
    # Whoever knows the method knows that no part is nought unless all are withheld.
    least = 0 if len(hidden) == len(shown) else 1
    assert left - least * (len(hidden) - 1) > least, "each is known to be the least possible"


@given(loans)
@example([Loan(n, PARTS[n % 5], 1) for n in range(1, 6)])
@example([Loan(1, "a", 1), *(Loan(n, "b", 1) for n in range(1, 7))])
def test_no_withheld_part_can_be_recomputed(rows: list[Loan]) -> None:
    whole = count(rows)
    shown = guarded(parts(rows), whole)
    few = 0 < whole.sources < SMALLEST
    check(rows, shown, None if few else whole.number)
    if few:
        assert set(shown.values()) == {None}


def test_nothing_is_withheld_without_need() -> None:
    rows = [Loan(n, part, 2) for part in "abc" for n in range(SMALLEST)]
    assert guarded(parts(rows), count(rows)) == {"a": 10, "b": 10, "c": 10, "d": 0, "e": 0}
    assert set(guarded(parts([]), count([])).values()) == {0}


def test_beside_a_small_part_that_with_the_next_fewest_persons_is_withheld() -> None:
    rows = [Loan(1, "a", 1), *(Loan(n, "b", 1) for n in range(9)), Loan(1, "d", 90)]
    rows += [Loan(n, "c", 7) for n in range(5)]
    assert guarded(parts(rows), count(rows)) == {"a": None, "b": 9, "c": None, "d": None, "e": 0}


@given(loans)
def test_the_same_parts_are_withheld_in_whatever_order_they_come(rows: list[Loan]) -> None:
    cells, whole = parts(rows), count(rows)
    assert guarded(dict(reversed(cells.items())), whole) == guarded(cells, whole)


@given(loans, loans)
def test_school_forms_do_not_give_away_what_is_withheld_of_schools(
    schools: list[Loan], others: list[Loan]
) -> None:
    """Forms are parts of the schools' part: neither is known where the other must not be."""
    others = [one._replace(who=one.who + 100) for one in others]
    borrowers = {SCHOOL: schools}
    borrowers |= {part: [one for one in others if one.part == part] for part in PARTS}
    whole = count([*schools, *others])
    counted = Counted(
        2026,
        {MEASURE: whole},
        {
            Split.BORROWER: {code: {MEASURE: count(rows)} for code, rows in borrowers.items()},
            Split.SCHOOL_FORM: {form: {MEASURE: one} for form, one in parts(schools).items()},
        },
    )
    shown = withheld(counted)
    of_schools = shown.splits[Split.BORROWER][SCHOOL][MEASURE]
    forms = {code: row[MEASURE] for code, row in shown.splits[Split.SCHOOL_FORM].items()}
    if of_schools is None:
        assert set(forms.values()) == {None}
    else:
        check(schools, forms, of_schools)
    classes = {code: row[MEASURE] for code, row in shown.splits[Split.BORROWER].items()}
    flat = [Loan(one.who, code, one.number) for code, rows in borrowers.items() for one in rows]
    for code, number in classes.items():
        assert number in (None, count(borrowers[code]).number)
    hidden = [one for one in flat if classes[one.part] is None]
    if hidden and shown.totals[MEASURE] is not None:
        assert count(hidden).sources >= SMALLEST
        assert sum(number is None for number in classes.values()) > 1
    assert everything(counted).totals[MEASURE] == whole.number
