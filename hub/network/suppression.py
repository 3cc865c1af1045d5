"""Which figures of a year may leave a centre, so that nobody can be recognised by them.

A figure to which fewer than `SMALLEST` persons or institutions contributed is withheld. As parts
add up to a total that is shown, what is withheld could be calculated by subtraction: therefore the
parts that are withheld are always several, and to all of them together at least `SMALLEST`
contributed. Figures of different kinds are never added up, and a split shares with another one
nothing but the total (school forms, which are parts of the schools' part, are seen to), so nothing
more can be calculated across tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.network.statistics import SCHOOL, Count, Counted, Measure, Split

SMALLEST = 5
"""Persons or institutions below whom nothing is said."""

Numbers = Mapping[Measure, int | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """The figures of a year for whoever looks at them; None is withheld."""

    year: int
    totals: Numbers
    splits: Mapping[Split, Mapping[str, Numbers]]


def everything(counted: Counted) -> Shown:
    """All figures, for the centre whose own they are."""
    return Shown(
        counted.year,
        {measure: one.number for measure, one in counted.totals.items()},
        {
            split: {
                code: {measure: one.number for measure, one in cells.items()}
                for code, cells in rows.items()
            }
            for split, rows in counted.splits.items()
        },
    )


def withheld(counted: Counted) -> Shown:
    """The figures with too small ones withheld, and what else would give them away."""
    splits: dict[Split, dict[str, dict[Measure, int | None]]] = {}
    for split, rows in counted.splits.items():
        splits[split] = {code: {} for code in rows}
        for measure in next(iter(rows.values()), {}):
            cells = {code: row[measure] for code, row in rows.items()}
            if split is Split.SCHOOL_FORM:
                whole = counted.splits[Split.BORROWER][SCHOOL][measure]
                hidden = splits[Split.BORROWER][SCHOOL][measure] is None
            else:
                whole, hidden = counted.totals[measure], False
            numbers = dict.fromkeys(cells) if hidden else guarded(cells, whole)
            for code, number in numbers.items():
                splits[split][code][measure] = number
    totals = {measure: _alone(one) for measure, one in counted.totals.items()}
    return Shown(counted.year, totals, splits)


def guarded(cells: Mapping[str, Count], whole: Count) -> Mapping[str, int | None]:
    """The parts of `whole` as they may be shown beside it.

    Beside parts that are too small, the part with the next fewest contributors is withheld: which
    says nothing about its number, and lifts what is withheld over the threshold. It is the same one
    whenever the figures are the same: two that change places would give both away. Where there is
    no such part, all are withheld, also those that are nought.
    """
    few = {code for code, one in cells.items() if 0 < one.sources < SMALLEST}
    enough = {code: one.sources for code, one in cells.items() if one.sources >= SMALLEST}
    if _alone(whole) is None or (few and not enough):
        return dict.fromkeys(cells)
    if few:
        few.add(min(enough, key=lambda code: (enough[code], code)))
    return {code: None if code in few else one.number for code, one in cells.items()}


def _alone(one: Count) -> int | None:
    return None if 0 < one.sources < SMALLEST else one.number
