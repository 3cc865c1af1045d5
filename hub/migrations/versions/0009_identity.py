"""persons, identities, memberships, local accounts, sessions"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [target],
        name=f"fk_{table}_{column}_{target.partition('.')[0]}",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("key", name="uq_person_key"),
    )
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _belongs("identity", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identity"),
    )
    op.create_index("ix_identity_person_id", "identity", ["person_id"])
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("valid_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        _belongs("membership", "person_id", "person.id"),
        _belongs("membership", "site_key", "site.key"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
    )
    op.create_index("ix_membership_site_key_role", "membership", ["site_key", "role"])
    op.create_index(
        "ix_membership_unique",
        "membership",
        ["person_id", sa.text("coalesce(site_key, '')"), "role", "source"],
        unique=True,
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("login", sa.String, nullable=False),
        sa.Column("password", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        _belongs("account", "site_key", "site.key"),
        _belongs("account", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("site_key", "login", name="uq_account_site_key_login"),
    )
    op.create_index("ix_account_person_id", "account", ["person_id"])
    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("agent", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        _belongs("login_session", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("token_hash", name="uq_login_session_token_hash"),
    )
    op.create_index("ix_login_session_person_id", "login_session", ["person_id"])
    op.create_table(
        "login_code",
        sa.Column("code_hash", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        _belongs("login_code", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_login_code"),
    )
    op.create_index("ix_login_code_person_id", "login_code", ["person_id"])
    op.create_table(
        "login_throttle",
        sa.Column("key_hash", sa.String, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_login_throttle"),
    )
