"""The yearly report of a centre or of the network: drawn up, issued, compared with the next.

A report that was issued is kept as it was, with the names and definitions of its day. What is
entered or corrected later makes another one, which says what changed. Reports are made to be
handed on, so those of a centre too withhold what is too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.db import Database
from hub.identity import audit
from hub.models import Bookable, OfferFigure, YearlyReport
from hub.network import coverage
from hub.network.coverage import State
from hub.network.statistics import Measure, Split
from hub.network.suppression import Numbers, Shown
from hub.records import Kind

NETWORK = ""
"""The scope of a report of all centres."""

Unknown = tuple[str, Mapping[str, Any]]
"""Something that a report does not know: which kind of thing, and its particulars."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says."""

    shown: Shown
    counted_at: datetime
    name: str
    """Of the centre; empty for the network."""
    names: Mapping[str, str]
    """Of the centres by key, as they were called."""
    unknown: Sequence[Unknown]
    definitions: Mapping[str, Mapping[str, str]]
    """By language and figure."""


@dataclass(frozen=True, slots=True)
class Issued:
    number: int
    at: datetime
    report: Report


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of one report that another one of the same year has not."""

    split: Split | None
    code: str
    measure: Measure
    before: int | None
    after: int | None


def issue(database: Database, scope: str, report: Report, actor: str) -> int | None:
    """Keep the report as the next one of its year; None where the last one says the same."""
    with database.write() as session:
        last = session.scalars(_of_year(scope, report.shown.year).limit(1)).one_or_none()
        data = _stored(report)
        if last is not None and last.data["shown"] == data["shown"]:
            return None
        number = last.number + 1 if last else 1
        row = YearlyReport(
            scope=scope, year=report.shown.year, number=number, actor=actor, data=data
        )
        session.add(row)
        subject = f"report:{report.shown.year}/{number}"
        audit.note(session, actor, scope or None, "report.issue", subject)
        return number


def issued(session: Session, scope: str, year: int) -> Sequence[Issued]:
    """The reports of a year, the latest first."""
    return [
        Issued(row.number, row.issued_at, _read(row))
        for row in session.scalars(_of_year(scope, year))
    ]


def years(session: Session, scope: str) -> Sequence[int]:
    """The years of which there are reports."""
    query = sa.select(YearlyReport.year).where(YearlyReport.scope == scope).distinct()
    return session.scalars(query).all()


def differences(before: Shown, after: Shown) -> list[Difference]:
    """Every figure that is another one now, also those withheld or shown in one of them only."""
    found = []
    parts: list[tuple[Split | None, str, Numbers, Numbers]] = [
        (None, "", before.totals, after.totals)
    ]
    for split in Split:
        one, other = before.splits.get(split, {}), after.splits.get(split, {})
        parts += [
            (split, code, one.get(code, {}), other.get(code, {}))
            for code in dict.fromkeys((*one, *other))
        ]
    for where, code, old, new in parts:
        found += [
            Difference(where, code, measure, was, now)
            for measure in Measure
            if (was := old.get(measure, 0)) != (now := new.get(measure, 0))
        ]
    return found


def unknown(
    session: Session,
    shown: Shown,
    first: date | None,
    now: datetime,
    present: int,
    site: str | None,
) -> list[Unknown]:
    """What figures of a year do not say, so that nobody takes silence for nought.

    `first` is when the hub first heard of a booking here, `present` the year that it is now.
    """
    found: list[Unknown] = []
    if shown.year == present:
        found.append(("running", {}))
    if first is None or first.year > shown.year:
        found.append(("before", {}))
    elif first.year == shown.year:
        found.append(("begins", {"day": first.isoformat()}))
    elif not any(number != 0 for number in shown.totals.values()):
        found.append(("nothing", {}))
    if site is None:
        return found
    offered = sa.select(OfferFigure.kind).where(
        OfferFigure.site_key == site, OfferFigure.facet == "", OfferFigure.number > 0
    )
    bookable = sa.select(Bookable.kind).where(Bookable.site_key == site).distinct()
    kinds = set(session.scalars(offered)) - set(session.scalars(bookable)) - {Kind.MEDIUM}
    if kinds:
        found.append(("elsewhere", {"kinds": [kind for kind in Kind if kind in kinds]}))
    found += [
        ("source", {"plugin": one.plugin, "as_of": one.as_of.isoformat() if one.as_of else ""})
        for one in coverage.sources(session, site, now)
        if one.state is not State.CURRENT
    ]
    return found


def _of_year(scope: str, year: int) -> sa.Select[YearlyReport]:
    return (
        sa.select(YearlyReport)
        .where(YearlyReport.scope == scope, YearlyReport.year == year)
        .order_by(YearlyReport.number.desc())
    )


def _stored(report: Report) -> dict[str, Any]:
    return {
        "shown": {
            "totals": {str(measure): number for measure, number in report.shown.totals.items()},
            "splits": {
                str(split): {
                    code: {str(measure): number for measure, number in row.items()}
                    for code, row in rows.items()
                }
                for split, rows in report.shown.splits.items()
            },
        },
        "counted_at": report.counted_at.isoformat(),
        "name": report.name,
        "names": dict(report.names),
        "unknown": [[code, dict(particulars)] for code, particulars in report.unknown],
        "definitions": {language: dict(texts) for language, texts in report.definitions.items()},
    }


def _read(row: YearlyReport) -> Report:
    data = row.data

    def numbers(stored: Mapping[str, int | None]) -> Numbers:
        return {Measure(name): number for name, number in stored.items()}

    splits = {
        Split(split): {code: numbers(cells) for code, cells in rows.items()}
        for split, rows in data["shown"]["splits"].items()
    }
    return Report(
        shown=Shown(row.year, numbers(data["shown"]["totals"]), splits),
        counted_at=datetime.fromisoformat(data["counted_at"]),
        name=data["name"],
        names=data["names"],
        unknown=[(code, particulars) for code, particulars in data["unknown"]],
        definitions=data["definitions"],
    )
