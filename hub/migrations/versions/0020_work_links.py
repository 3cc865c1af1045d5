"""links between offers that are, or are not, the same work, and where candidates are looked up"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("offer", sa.Column("link_keys", sa.Text, nullable=False, server_default=""))
    op.add_column("offer", sa.Column("apart", sa.Integer))
    op.create_table(
        "work_link",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("left_id", sa.Integer, nullable=False),
        sa.Column("right_id", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("reason", sa.JSON, nullable=False),
        sa.Column("matcher", sa.Integer, nullable=False),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decided_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["left_id"], ["offer.id"], name=op.f("fk_work_link_left_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["offer.id"], name=op.f("fk_work_link_right_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_link")),
        sa.UniqueConstraint("left_id", "right_id", name=op.f("uq_work_link_left_id")),
    )
    op.create_index(op.f("ix_work_link_right_id"), "work_link", ["right_id"])
    op.create_index(op.f("ix_work_link_state_id"), "work_link", ["state", "id"])
    op.create_table(
        "work_block",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("offer_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_work_block_offer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "offer_id", name=op.f("pk_work_block")),
    )
    op.create_index(op.f("ix_work_block_offer_id"), "work_block", ["offer_id"])
    op.create_table(
        "work_matching",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("matcher", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("works", sa.Integer, nullable=False),
        sa.Column("changed_at", moment),
        sa.Column("offer_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_matching")),
    )


def downgrade() -> None:
    op.drop_table("work_matching")
    op.drop_table("work_block")
    op.drop_table("work_link")
    with op.batch_alter_table("offer") as batch:
        batch.drop_column("apart")
        batch.drop_column("link_keys")
