"""Which works contain a token: the one question that is put to the full-text index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.catalogue import index
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


def containing(session: Session, candidates: Bits, patterns: Sequence[str]) -> Bits:
    """Those of the candidates whose stored tokens contain one of the patterns."""
    if not candidates:
        return NONE
    texts = index.texts(session, list(candidates))
    return Bits([work for work, tokens in texts if any(one in f" {tokens} " for one in patterns)])


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
