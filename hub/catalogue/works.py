"""Which offers are the same work: those that are linked by a shared match key.

Keys come from `hub.catalogue.normalise.match_keys`. A work is a connected component of offers
and keys, and keeps its id for as long as the offers that it had first stay in it. All functions
run inside the write transaction of a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.db import allocate, in_list, json_list
from hub.models import Offer, Work, WorkKey
from hub.models.base import table

_work, _key, _offer = table(Work), table(WorkKey), table(Offer)

_insert_works, _insert_keys = sa.insert(_work), sa.insert(_key)
_select_keys = sa.select(_key.c.key, _key.c.work_id).where(in_list(_key.c.key, "keys"))
_select_members = sa.select(
    _offer.c.id, _offer.c.match_keys, _offer.c.kind, _offer.c.work_id
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


def assign(connection: Connection, members: Sequence[Member]) -> Regrouped:
    """Give every member its work: the one its keys lead to, or a new one.

    A member whose keys lead to several works joins them into the one with the lowest id.
    """
    result = Regrouped()
    known = _works_by_key(connection, {key for member in members for key in member.keys})
    links = _Links()
    for number, member in enumerate(members):
        links.join(
            ("member", number),
            *member.keys,
            *(known[key] for key in member.keys if key in known),
            *([] if member.work_id is None else [member.work_id]),
        )
    groups = links.groups()
    roots = [links.root(("member", number)) for number in range(len(members))]
    fresh = [root for root in dict.fromkeys(roots) if not _numbers_in(groups[root])]
    kinds = {root: member.kind for root, member in zip(roots, members, strict=True)}
    target: dict[Hashable, int] = dict(
        zip(fresh, allocate(connection, _work, len(fresh)), strict=True)
    )
    result.founded.update(target.values())
    if fresh:
        connection.execute(
            _insert_works, [{"id": target[root], "kind": kinds[root]} for root in fresh]
        )
    for root in dict.fromkeys(roots):
        if root not in target:
            target[root], *others = _numbers_in(groups[root])
            if others:
                _merge(connection, target[root], others)
                result.joined.add(target[root])
                result.dissolved.update(others)
    for root, member in zip(roots, members, strict=True):
        member.work_id = target[root]
    new_keys = {
        key: target[root]
        for root, member in zip(roots, members, strict=True)
        for key in member.keys
        if key not in known
    }
    if new_keys:
        rows = [{"key": key, "work_id": work_id} for key, work_id in new_keys.items()]
        connection.execute(_insert_keys, rows)
    return result


def split(connection: Connection, work_ids: Collection[int]) -> set[int]:
    """Part works whose offers no longer hang together, after offers have lost keys.

    The part that holds the oldest offer keeps the work. Returns the works founded for the rest.
    """
    founded: set[int] = set()
    members: dict[int, list[sa.Row[int, str, str, int]]] = defaultdict(list)
    for row in connection.execute(_select_members, {"works": json_list(work_ids)}):
        members[row.work_id].append(row)
    connection.execute(_delete_keys, {"works": json_list(work_ids)})
    for work_id, rows in members.items():
        links = _Links()
        for row in rows:
            links.join(row.id, *row.match_keys.split())
        parts = sorted(links.groups().values(), key=lambda part: min(_numbers_in(part)))
        for number, part in enumerate(parts):
            part_id = work_id if number == 0 else allocate(connection, _work, 1)[0]
            if number:
                connection.execute(_insert_works, [{"id": part_id, "kind": rows[0].kind}])
                offers = [node for node in part if isinstance(node, int)]
                connection.execute(_move_offers, {"offers": json_list(offers), "target": part_id})
                founded.add(part_id)
            keys = [{"key": n, "work_id": part_id} for n in part if isinstance(n, str)]
            if keys:
                connection.execute(_insert_keys, keys)
    return founded


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
