"""While a request is answered, no query may reach persons of other sites: a check for all tests.

Private is every table that says something about persons: `person`, whatever has a `person_id`,
and the audit log. A query on one must be bound to a site, a person or a single row by a value, in
its own condition or through a join; `visible()` of somebody who may see everything says so itself.
Raw SQL cannot be judged, so it may not name such a table at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import has_request_context
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BinaryExpression, ColumnClause, TextClause
from sqlalchemy.sql.selectable import Alias

from hub.identity.permissions import Everything
from hub.models import Base

NAMED = frozenset({"person", "audit", "login_code", "login_session"})
OPEN = frozenset({"login_throttle"})


class Unscoped(AssertionError):
    """A query on a private table that is bound to nothing."""


def private() -> frozenset[str]:
    """The names of all private tables."""
    tables = Base.metadata.tables.values()
    return NAMED | {table.name for table in tables if "person_id" in table.c} - OPEN


def binding(table: sa.Table) -> frozenset[str]:
    """The columns that bind a row to a site, a person, or make it a single one."""
    unique = {
        column.name
        for constraint in table.constraints
        if isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint)
        for column in constraint.columns
    }
    single = {column.name for column in table.c if column.unique}
    # The audit log names persons by their key, as who did something or to whom it was done; a
    # session names the identity that it began with, which is one person's.
    whose = {"audit": {"actor", "subject"}, "login_session": {"subject"}}.get(table.name, set())
    return frozenset({"site_key", "person_id"} & set(table.c.keys()) | unique | single | whose)


def check(statement: Any) -> None:
    """Raise `Unscoped` for a statement that may reach the persons of other sites."""
    names = private()
    if isinstance(statement, TextClause):
        words = set(re.findall(r"\w+", statement.text.casefold()))
        if words & names and not re.match(r"\s*insert", statement.text, re.IGNORECASE):
            raise Unscoped(f"raw SQL on {sorted(words & names)}: {statement.text}")
        return
    if not isinstance(statement, sa.Select | sa.Update | sa.Delete):
        return
    touched: set[str] = set()
    bound: set[str] = set()
    joined: list[tuple[str, str]] = []
    for element in visitors.iterate(statement):
        if isinstance(element, Everything):
            return
        if isinstance(element, sa.Table) and element.name in names:
            touched.add(element.name)
        if isinstance(element, BinaryExpression):
            sides = [_column(element.left), _column(element.right)]
            tables = [side[0] for side in sides if side is not None]
            if len(tables) == 2:
                joined.append((tables[0], tables[1]))
            elif len(tables) == 1:
                ((name, column),) = [side for side in sides if side is not None]
                if name not in names or column in binding(Base.metadata.tables[name]):
                    bound.add(name)
    loose = touched - _reached(bound, joined)
    if loose:
        raise Unscoped(f"bound to no site, person or row: {sorted(loose)} in\n{statement}")


def _reached(bound: Iterable[str], joined: Iterable[tuple[str, str]]) -> set[str]:
    found = set(bound)
    pairs = [*joined]
    while True:
        more = {b for a, b in pairs if a in found} | {a for a, b in pairs if b in found}
        if more <= found:
            return found
        found |= more


def _column(element: Any) -> tuple[str, str] | None:
    if not isinstance(element, ColumnClause) or element.table is None:
        return None
    table: Any = element.table
    while isinstance(table, Alias):
        table = table.element
    name = getattr(table, "name", None)
    return (name, element.name) if isinstance(name, str) else None


def _watch(
    connection: sa.Connection, statement: Any, multiparams: Any, params: Any, options: Any
) -> None:
    if has_request_context():
        check(statement)


@contextmanager
def watched() -> Iterator[None]:
    """Every query of a request is checked within the block."""
    sa.event.listen(sa.Engine, "before_execute", _watch)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_execute", _watch)
