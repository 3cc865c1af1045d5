"""Searches that found nothing: what centres could buy or plan, told without anybody behind it.

Words are counted by day and by the centre whose user searched, if it is known. Nobody is stored,
so nobody can be counted; what is shown was searched for so often, and on so many days, that it is
not one person's affair. Addresses and numbers, by which persons could be meant, are never kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.models import EmptySearch

SHORTEST, LONGEST = 3, 80
"""Characters of words that are kept."""
SMALLEST, LEAST_DAYS = 5, 3
"""Searches and days below which words are not shown."""
MOST_A_DAY = 5_000
"""Different words that are kept of a day."""
KEPT = timedelta(days=400)
SHOWN = 200
_PERSONAL = re.compile(r"@|(?:\d[\s/().+-]*){5}")
"""Addresses, and numbers as of a telephone, however they are grouped."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Words that were searched for in vain."""

    words: str
    count: int
    days: int
    latest: date


def kept(text: str) -> str:
    """The words as they are counted; empty where they are not."""
    words = " ".join(text.casefold().split())
    fits = SHORTEST <= len(words) <= LONGEST and words.isprintable()
    return words if fits and not _PERSONAL.search(words) else ""


def note(session: Session, text: str, centre: str, day: date) -> None:
    """Count a search that found nothing."""
    words = kept(text)
    if not words:
        return
    today = sa.select(sa.func.count()).where(EmptySearch.day == day)
    if (session.scalar(today) or 0) >= MOST_A_DAY:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(EmptySearch)
        .values(day=day, centre=centre, words=words, count=1)
        .on_conflict_do_update(
            index_elements=["day", "centre", "words"],
            set_={"count": EmptySearch.count + 1},
        )
    )


def listing(session: Session, centre: str | None = None) -> Sequence[Missed]:
    """The words, most searched for first, of the users of a centre or of everybody."""
    count, days = sa.func.sum(EmptySearch.count), sa.func.count(EmptySearch.day.distinct())
    latest = sa.func.max(EmptySearch.day)
    query = (
        sa.select(EmptySearch.words, count, days, latest)
        .group_by(EmptySearch.words)
        .having(count >= SMALLEST, days >= LEAST_DAYS)
        .order_by(count.desc(), latest.desc(), EmptySearch.words)
        .limit(SHOWN)
    )
    if centre is not None:
        query = query.where(EmptySearch.centre == centre)
    return [Missed(words, int(n), d, last) for words, n, d, last in session.execute(query)]
