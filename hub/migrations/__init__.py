"""Schema versions of the hub, applied by `hub init` through alembic."""
