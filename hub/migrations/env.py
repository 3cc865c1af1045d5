"""Runs the migrations on the connection that `hub.db.migrate` hands over."""

from alembic import context

from hub.models import Base



def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """The full-text index exists in migrations only: SQLite's shadow tables, PostgreSQL's GIN."""
    hidden = (kind == "table" and str(name).startswith("search_fts")) or (
        kind == "index" and name == "ix_search_doc_tokens"
    )
    return not hidden


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=is_ours,
    version_table=context.config.attributes["version_table"],
    transaction_per_migration=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
