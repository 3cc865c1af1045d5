"""turns of what is said to other systems, and a key for each wish"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0055"
branch_labels = None
depends_on = None

rows = sa.table(
    "booking_elsewhere",
    sa.column("booking_id", sa.Integer),
    sa.column("wanted", sa.JSON(none_as_null=True)),
)
bookings = sa.table("booking", sa.column("id", sa.Integer), sa.column("reference", sa.String))


def upgrade() -> None:
    op.add_column(
        "booking_elsewhere", sa.Column("turn", sa.Integer, nullable=False, server_default="0")
    )
    # What was begun goes on under the key under which it was said.
    under_way = op.get_bind().execute(
        sa.select(rows.c.booking_id, rows.c.wanted, bookings.c.reference)
        .join(bookings, bookings.c.id == rows.c.booking_id)
        .where(rows.c.wanted.is_not(None))
    )
    for number, wanted, reference in under_way.all():
        start, end = (datetime.fromisoformat(wanted[one]) for one in ("starts_at", "ends_at"))
        key = f"move-{reference}-{start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}-{wanted['quantity']}"
        op.get_bind().execute(
            sa.update(rows).where(rows.c.booking_id == number).values(wanted={**wanted, "key": key})
        )


def downgrade() -> None:
    op.drop_column("booking_elsewhere", "turn")
