"""Which works contain a token: the one question that is put to the full-text index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue.columns import NONE, Bits, Columns
from hub.db import json_list


def lookup(session: Session, columns: Columns, tokens: Collection[str]) -> dict[str, Bits]:
    """The works of each token, in one statement; tokens that no work contains get none.

    What was looked up stays with the columns: whoever turns the page or adds a filter asks for
    the same words, and those that stand in most works are in many queries.
    """
    found = columns.postings.of(tokens)
    missing = sorted(token for token in tokens if token not in found)
    if missing:
        statement = _lookup[session.get_bind().dialect.name]
        rows = session.execute(statement, {"tokens": json_list(missing)})
        new = {token: Bits(orjson.loads(ids or "[]")) for token, ids in rows}
        columns.postings.add(new)
        found.update(new)
    return found


def containing(session: Session, candidates: Bits, patterns: Iterable[str]) -> Bits:
    """Those of the candidates whose stored tokens contain one of the patterns."""
    if not candidates:
        return NONE
    parameters = {
        "works": json_list(list(candidates)),
        "patterns": json_list(list(patterns)),
    }
    statement = _containing[session.get_bind().dialect.name]
    return Bits(session.scalars(statement, parameters).all())


_lookup: Mapping[str, sa.TextClause] = {
    "sqlite": sa.text(
        "SELECT value, (SELECT json_group_array(rowid) FROM search_fts"
        " WHERE search_fts MATCH value) FROM json_each(:tokens)"
    ),
    "postgresql": sa.text(
        "SELECT value, (SELECT CAST(json_agg(work_id) AS text) FROM search_doc"
        " WHERE vector @@ CAST(value AS tsquery))"
        " FROM json_array_elements_text(CAST(:tokens AS json)) AS value"
    ),
}
_containing: Mapping[str, sa.TextClause] = {
    "sqlite": sa.text(
        "SELECT work_id FROM search_doc WHERE work_id IN (SELECT value FROM json_each(:works))"
        " AND EXISTS (SELECT 1 FROM json_each(:patterns)"
        " WHERE instr(' ' || tokens || ' ', value))"
    ),
    "postgresql": sa.text(
        "SELECT work_id FROM search_doc WHERE work_id = ANY (ARRAY(SELECT CAST(value AS integer)"
        " FROM json_array_elements_text(CAST(:works AS json)) AS value))"
        " AND EXISTS (SELECT 1 FROM json_array_elements_text(CAST(:patterns AS json)) AS pattern"
        " WHERE strpos(' ' || tokens || ' ', pattern) > 0)"
    ),
}
