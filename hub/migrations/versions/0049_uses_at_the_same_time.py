"""licences that allow so many uses at the same time, and the uses that run"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entered_grant", sa.Column("concurrent", sa.Integer))
    op.add_column(
        "entered_grant", sa.Column("pool", sa.Integer, nullable=False, server_default="0")
    )
    op.create_table(
        "running_use",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("pool", sa.Integer, nullable=False),
        sa.Column("mark", sa.String, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_running_use"),
    )
    op.create_index(
        "ix_running_use_policy_key_pool_until", "running_use", ["policy", "key", "pool", "until"]
    )


def downgrade() -> None:
    op.drop_table("running_use")
    with op.batch_alter_table("entered_grant") as batch:
        batch.drop_column("pool")
        batch.drop_column("concurrent")
