"""the search index"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The content of both is made by hub.catalogue.analysis: ASCII tokens, nothing left to tokenise.
# detail=none: words are all that is asked for; phrases are checked in the stored tokens.
SQLITE = """
    CREATE VIRTUAL TABLE search_fts USING fts5(
        tokens, content='search_doc', content_rowid='work_id',
        tokenize='ascii', detail='none', columnsize=0
    )
"""
POSTGRESQL = """
    ALTER TABLE search_doc ADD COLUMN vector tsvector
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array(tokens, ' '))) STORED;
    CREATE INDEX ix_search_doc_vector ON search_doc USING gin (vector)
"""

SORTED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_doc",
        sa.Column("work_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("work_id", name=op.f("pk_search_doc")),
    )
    op.create_table(
        "search_entry",
        sa.Column("work_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.Integer(), nullable=True),
        sa.Column("title", SORTED, nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("facets", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("work_id", name=op.f("pk_search_entry")),
    )
    op.create_index(op.f("ix_search_entry_version"), "search_entry", ["version"])
    op.create_index(op.f("ix_search_entry_title"), "search_entry", ["title"])
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("folded", SORTED, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    op.create_index(op.f("ix_search_word_folded"), "search_word", ["folded"])
    op.create_index(op.f("ix_search_word_version"), "search_word", ["version"])
    op.execute(SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_fts")
    op.drop_table("search_word")
    op.drop_table("search_entry")
    op.drop_table("search_doc")
