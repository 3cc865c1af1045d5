"""schools of memberships, contexts of sessions, and sessions without a person"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("membership", sa.Column("school", sa.String, nullable=False, server_default=""))
    _unique_membership(["school"])
    # Everybody logs in again: cheaper than teaching old sessions what they never knew.
    op.drop_table("login_session")
    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer),
        sa.Column("guest", sa.JSON),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("membership_id", sa.Integer),
        sa.Column("proven_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_login_session_person_id_person",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name="fk_login_session_membership_id_membership",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("token_hash", name="uq_login_session_token_hash"),
    )
    op.create_index("ix_login_session_person_id", "login_session", ["person_id"])
    op.create_index("ix_login_session_issuer_subject", "login_session", ["issuer", "subject"])


def _unique_membership(more: list[str]) -> None:
    op.drop_index("ix_membership_unique", "membership")
    op.create_index(
        "ix_membership_unique",
        "membership",
        ["person_id", sa.text("coalesce(site_key, '')"), *more, "role", "source"],
        unique=True,
    )


def downgrade() -> None:
    _unique_membership([])
    op.drop_column("membership", "school")
    for column in ("guest", "issuer", "subject", "membership_id", "proven_at"):
        with op.batch_alter_table("login_session") as table:
            table.drop_column(column)
