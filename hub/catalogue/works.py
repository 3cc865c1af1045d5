"""Which offers are the same work: those that are linked by a shared match key.

Keys come from `hub.catalogue.normalise.match_keys`. A work is a connected component of offers
and keys, and keeps its id for as long as the offers that it had first stay in it. To the keys of
the records come those of links (`hub.catalogue.links`). All functions run inside the write
transaction of a page.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.db import allocate, in_list, insert, json_list
from hub.models import Offer, Work, WorkKey
from hub.models.base import table

_work, _key, _offer = table(Work), table(WorkKey), table(Offer)

_select_keys = sa.select(_key.c.key, _key.c.work_id).where(in_list(_key.c.key, "keys"))
_select_members = sa.select(
    _offer.c.id,
    _offer.c.match_keys,
    _offer.c.link_keys,
    _offer.c.apart,
    _offer.c.kind,
    _offer.c.work_id,
).where(in_list(_offer.c.work_id, "works"))
_delete_keys = sa.delete(_key).where(in_list(_key.c.work_id, "works"))
_delete_works = sa.delete(_work).where(in_list(_work.c.id, "works"))
_move_offers = (
    sa.update(_offer).where(in_list(_offer.c.id, "offers")).values(work_id=sa.bindparam("target"))
)
_merge_offers, _merge_keys = (
    sa.update(t).where(in_list(t.c.work_id, "works")).values(work_id=sa.bindparam("target"))
    for t in (_offer, _key)
)


class Member(Protocol):
    """An offer about to be stored; `work_id` is None until it has found its work."""

    @property
    def kind(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...

    work_id: int | None


@dataclass(slots=True)
class Regrouped:
    """What became of works: new ones, those that took others in, and those taken in."""

    founded: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    dissolved: set[int] = field(default_factory=set)


def effective(keys: Iterable[str], link_keys: str, apart: int | None) -> tuple[str, ...]:
    """The keys that count: those of a record, of which an offer set apart shares none with the
    offers that it was taken from, and those of links."""
    own = keys if apart is None else (f"{apart}~{key}" for key in keys)
    return (*own, *link_keys.split())


def assign(connection: Connection, members: Sequence[Member]) -> Regrouped:
    """Give every member its work: the one its keys lead to, or a new one.

    A member whose keys lead to several works joins them into the one with the lowest id.
    """
    result = Regrouped()
    known = _works_by_key(connection, {key for member in members for key in member.keys})
    groups = _groups(members, known)
    new = [group for group, works in groups if not works]
    rows: list[dict[str, Any]] = []
    for work_id, group in zip(allocate(connection, _work, len(new)), new, strict=True):
        rows.append({"id": work_id, "kind": group[0].kind})
        for member in group:
            member.work_id = work_id
    insert(connection, _work, rows)
    result.founded.update(row["id"] for row in rows)
    for group, works in groups:
        if not works:
            continue
        for member in group:
            member.work_id = works[0]
        if len(works) > 1:
            _merge(connection, works[0], works[1:])
            result.joined.add(works[0])
            result.dissolved.update(works[1:])
    keys = {key: member.work_id for member in members for key in member.keys if key not in known}
    insert(connection, _key, [{"key": key, "work_id": work} for key, work in keys.items()])
    return result


def split(connection: Connection, work_ids: Collection[int]) -> set[int]:
    """Part works whose offers no longer hang together, after offers have lost keys.

    The part that holds the oldest offer keeps the work. Returns the works founded for the rest.
    """
    founded: set[int] = set()
    if not work_ids:
        return founded
    members: dict[int, list[sa.Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in connection.execute(_select_members, {"works": json_list(work_ids)}):
        members[row.work_id].append(row)
    connection.execute(_delete_keys, {"works": json_list(work_ids)})
    for work_id, rows in members.items():
        links = _Links()
        for row in rows:
            links.join(row.id, *effective(row.match_keys.split(), row.link_keys, row.apart))
        parts = sorted(links.groups().values(), key=lambda part: min(_numbers_in(part)))
        for number, part in enumerate(parts):
            part_id = work_id if number == 0 else allocate(connection, _work, 1)[0]
            if number:
                insert(connection, _work, [{"id": part_id, "kind": rows[0].kind}])
                offers = [node for node in part if isinstance(node, int)]
                connection.execute(_move_offers, {"offers": json_list(offers), "target": part_id})
                founded.add(part_id)
            keys = [{"key": n, "work_id": part_id} for n in part if isinstance(n, str)]
            insert(connection, _key, keys)
    return founded


def _groups(
    members: Sequence[Member], known: Mapping[str, int]
) -> list[tuple[list[Member], list[int]]]:
    """Members that hang together, each group with the works that exist of it, oldest first."""
    uses = Counter(key for member in members for key in member.keys)
    alone: list[tuple[list[Member], list[int]]] = []
    linked: dict[Hashable, list[Member]] = {}
    links = _Links()
    for number, member in enumerate(members):
        works = {known[key] for key in member.keys if key in known}
        if member.work_id is not None:
            works.add(member.work_id)
        if works or any(uses[key] > 1 for key in member.keys):
            node = ("member", number)
            links.join(node, *member.keys, *works)
            linked[node] = [member]
        else:
            alone.append(([member], []))
    for group in links.groups().values():
        together = [member for node in group for member in linked.get(node, ())]
        alone.append((together, _numbers_in(group)))
    return alone


def _works_by_key(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    if not keys:
        return {}
    rows = connection.execute(_select_keys, {"keys": json_list(keys)})
    return {row.key: row.work_id for row in rows}


def _merge(connection: Connection, target: int, others: Sequence[int]) -> None:
    works = json_list(others)
    connection.execute(_merge_offers, {"works": works, "target": target})
    connection.execute(_merge_keys, {"works": works, "target": target})
    connection.execute(_delete_works, {"works": works})


def _numbers_in(group: Iterable[Hashable]) -> list[int]:
    return sorted(node for node in group if isinstance(node, int))


class _Links:
    """Connected components (union-find with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, node: Hashable) -> Hashable:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, first: Hashable, *others: Hashable) -> None:
        self._parent.setdefault(first, first)
        for other in others:
            self._parent.setdefault(other, other)
            self._parent[self.root(other)] = self.root(first)

    def groups(self) -> dict[Hashable, list[Hashable]]:
        found: dict[Hashable, list[Hashable]] = defaultdict(list)
        for node in list(self._parent):
            found[self.root(node)].append(node)
        return found
