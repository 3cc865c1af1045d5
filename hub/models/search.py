"""The search index: one row per work in each table, written by `hub.catalogue.index` alone."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base

Sorted = String().with_variant(String(collation="C"), "postgresql")
"""Text whose index serves ranges of prefixes, in the same order on both databases."""


class SearchDoc(Base):
    """The text of a work as tokens.

    SQLite indexes it in the FTS5 table `search_fts` (external content), PostgreSQL in a GIN index
    on the tokens as a tsvector; both exist only in the migration.
    """

    __tablename__ = "search_doc"

    work_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tokens: Mapped[str] = mapped_column(Text)


class SearchEntry(Base):
    """What filters, counts and orders works; apart from the text because it changes more often.

    A work that left the index stays as an entry without an offer, so that a process that holds
    entries in memory learns of it.
    """

    __tablename__ = "search_entry"

    work_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, index=True)
    """The value of the counter `search` when it was written."""
    offer_id: Mapped[int | None]
    title: Mapped[str] = mapped_column(Sorted, index=True)
    """Folded, for sorting and completing."""
    newest: Mapped[int] = mapped_column(BigInteger)
    """Unix time in seconds."""
    facets: Mapped[str] = mapped_column(Text)
    """Lines of `facet value`, sorted."""


class SearchWord(Base):
    """A word that some title or keyword contained when it was indexed, lower-case as written."""

    __tablename__ = "search_word"

    word: Mapped[str] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(Sorted, index=True)
    version: Mapped[int] = mapped_column(BigInteger, index=True)
