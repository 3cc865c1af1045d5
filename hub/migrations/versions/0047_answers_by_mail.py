"""answers by mail to mails about requests"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("booking_case_note") as note:
        note.add_column(sa.Column("sender", sa.String, nullable=False, server_default=""))
        note.add_column(sa.Column("rest", sa.Text, nullable=False, server_default=""))
        note.add_column(sa.Column("files", sa.JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("mail") as mail:
        mail.add_column(sa.Column("reply_to", sa.String, nullable=False, server_default=""))
        mail.add_column(sa.Column("thread", sa.String, nullable=False, server_default=""))
    op.create_table(
        "reply_address",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("site_key", sa.String, nullable=False),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("staff", sa.Boolean, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.{key}"],
                name=f"fk_reply_address_{column}_{table}",
                ondelete="CASCADE",
            )
            for column, table, key in (
                ("booking_id", "booking", "id"),
                ("site_key", "site", "key"),
                ("person_id", "person", "id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reply_address"),
        sa.UniqueConstraint("secret", name="uq_reply_address_secret"),
        sa.UniqueConstraint(
            "booking_id", "recipient", "staff", name="uq_reply_address_booking_id_recipient_staff"
        ),
    )
    op.create_index("ix_reply_address_person_id", "reply_address", ["person_id"])
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("unplaced", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
    )


def downgrade() -> None:
    op.drop_table("mailbox")
    op.drop_table("reply_address")
    with op.batch_alter_table("mail") as mail:
        mail.drop_column("thread")
        mail.drop_column("reply_to")
    with op.batch_alter_table("booking_case_note") as note:
        note.drop_column("files")
        note.drop_column("rest")
        note.drop_column("sender")
