"""Runs the migrations on the connection that `hub.db.migrate` hands over."""

from alembic import context

from hub.models import Base

HIDDEN = (("column", "vector"), ("index", "ix_search_doc_vector"))


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Not the full-text index: it differs between the databases and exists in migrations only."""
    return (kind, name) not in HIDDEN and not str(name).startswith("search_fts")


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
