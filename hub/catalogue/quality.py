"""How good the records of a source are: fields filled, codes known, records given twice.

Counted from what is stored of its live offers, without building records, so that a large source
takes a second or two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import vocabulary
from hub.models import Offer
from hub.records import Kind

BATCH = 2_000
MOST_CODES = 100
"""Unknown codes told one by one, of each field; the most frequent first."""
MOST_GROUPS = 200
"""Groups of records that look the same."""

_MEDIA = frozenset({Kind.MEDIUM})
_ALL = frozenset(Kind)
FIELDS: Mapping[str, frozenset[Kind]] = {
    "description": _ALL,
    "url": _ALL,
    "image_url": _ALL,
    "keywords": _ALL,
    "audiences": _ALL,
    "contact": _ALL - _MEDIA,
    "medium_type": _MEDIA,
    "subjects": _MEDIA,
    "levels": _MEDIA,
    "grades": _MEDIA,
    "competences": _MEDIA,
    "languages": _MEDIA,
    "identifiers": _MEDIA,
    "creators": _MEDIA,
    "publishers": _MEDIA,
    "year": _MEDIA,
    "duration": _MEDIA,
    "age_rating": _MEDIA,
    "licence": _MEDIA,
    "modified": _ALL,
    "quantity": frozenset({Kind.DEVICE, Kind.ROOM}),
    "place": frozenset({Kind.ROOM, Kind.TRAINING}),
    "events": frozenset({Kind.TRAINING}),
}
"""The fields that a good record has, and the kinds of offers to which they apply."""
CODES = {
    "subjects": "subject",
    "levels": "level",
    "competences": "competence",
    "audiences": "audience",
}
"""Fields of codes and the vocabulary of each."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many of the records to which a field applies have it, and one that has not."""

    field: str
    count: int
    of: int
    without: str
    """The source id of the first record without it; empty where all have it."""

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return self.count * 100 // self.of if self.of else 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A code that its vocabulary does not know, and a record with it."""

    code: str
    count: int
    source_id: str


@dataclass(frozen=True, slots=True)
class Codes:
    """How the codes of a field fit their vocabulary."""

    field: str
    known: int
    """Different codes that the vocabulary knows."""
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Records that are probably one: they share a number, an address, or title and subtitle."""

    title: str
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said of a source's records."""

    total: int
    filled: tuple[Filled, ...]
    codes: tuple[Codes, ...]
    duplicates: tuple[Group, ...]


def quality(session: Session, site: str, plugin: str) -> Quality:
    """Look at every live offer of a source."""
    found = _Count()
    rows = session.execute(
        sa.select(Offer.source_id, Offer.kind, Offer.title, Offer.record, Offer.match_keys)
        .where(Offer.site_key == site, Offer.plugin == plugin, Offer.withdrawn_at.is_(None))
        .order_by(Offer.id)
        .execution_options(yield_per=BATCH)
    )
    for source_id, kind, title, record, keys in rows:
        found.add(source_id, Kind(kind), title, orjson.loads(record), keys.split())
    return found.result()


class _Count:
    def __init__(self) -> None:
        self._total = 0
        self._kinds: Counter[Kind] = Counter()
        self._filled: Counter[str] = Counter()
        self._without: dict[str, str] = {}
        self._codes: dict[str, Counter[str]] = {name: Counter() for name in CODES}
        self._examples: dict[tuple[str, str], str] = {}
        self._same: defaultdict[str, list[str]] = defaultdict(list)
        self._titles: dict[str, str] = {}

    def add(
        self, source_id: str, kind: Kind, title: str, record: Mapping[str, Any], keys: list[str]
    ) -> None:
        self._total += 1
        self._kinds[kind] += 1
        for name, kinds in FIELDS.items():
            if kind in kinds:
                if record.get(name):
                    self._filled[name] += 1
                else:
                    self._without.setdefault(name, source_id)
        for name in CODES:
            for code in record.get(name, ()):
                self._codes[name][code] += 1
                self._examples.setdefault((name, code), source_id)
        if kind is Kind.MEDIUM:
            words = " ".join(f"{title} {record.get('subtitle', '')}".casefold().split())
            # Parts of a series may have one title and differ in what is said of them.
            series = record.get("series", ""), record.get("year"), record.get("medium_type")
            for key in (*keys, f"title:{words}:{series}"):
                self._same[key].append(source_id)
            self._titles[source_id] = title

    def result(self) -> Quality:
        filled = [
            Filled(
                name,
                self._filled[name],
                sum(self._kinds[kind] for kind in kinds),
                self._without.get(name, ""),
            )
            for name, kinds in FIELDS.items()
        ]
        return Quality(
            self._total,
            tuple(one for one in filled if one.of),
            tuple(self._fit(name) for name in CODES if self._codes[name]),
            self._duplicates(),
        )

    def _fit(self, name: str) -> Codes:
        facet, counted = CODES[name], self._codes[name]
        unknown = [
            Unknown(code, number, self._examples[name, code])
            for code, number in counted.most_common()
            if not vocabulary.is_known(facet, code)
        ]
        return Codes(name, len(counted) - len(unknown), tuple(unknown[:MOST_CODES]))

    def _duplicates(self) -> tuple[Group, ...]:
        groups = _joined(ids for ids in self._same.values() if len(ids) > 1)
        return tuple(Group(self._titles[ids[0]], ids) for ids in groups[:MOST_GROUPS])


def _joined(pairs: Iterable[list[str]]) -> list[tuple[str, ...]]:
    """Groups that share a member are one; the largest first."""
    group_of: dict[str, list[str]] = {}
    for ids in pairs:
        merged = list(dict.fromkeys(one for each in ids for one in group_of.get(each, [each])))
        for one in merged:
            group_of[one] = merged
    groups = {id(group): tuple(group) for group in group_of.values()}
    return sorted(groups.values(), key=lambda group: (-len(group), group))
