"""what is bought together"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "joint_purchase",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("supplier", sa.String, nullable=False),
        sa.Column("cents", sa.Integer, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("answer_by", sa.Date, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_joint_purchase"),
    )
    op.create_table(
        "purchase_answer",
        sa.Column("purchase_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["joint_purchase.id"],
            name="fk_purchase_answer_purchase_id_joint_purchase",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_key"],
            ["site.key"],
            name="fk_purchase_answer_site_key_site",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("purchase_id", "site_key", name="pk_purchase_answer"),
    )


def downgrade() -> None:
    op.drop_table("purchase_answer")
    op.drop_table("joint_purchase")
