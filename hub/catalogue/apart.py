"""Keeps apart what people parted, also when a new key of a source brings it together again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.catalogue import works
from hub.db import in_list, json_list
from hub.models import Offer, WorkLink
from hub.models.base import table

APART = "apart"
"""The state of a link that says so."""


def enforce(connection: Connection) -> set[int]:
    """Part works that hold two offers which are to stay apart: the younger one leaves.

    To be called whenever works have been joined. Returns the works concerned, new ones included.
    """
    parted: set[int] = set()
    for row in connection.execute(_select_broken).all():
        connection.execute(SET, {"offers": json_list([row.right_id]), "to": row.id})
        parted.add(row.work_id)
    return parted | works.split(connection, parted)


_offer, _link = table(Offer), table(WorkLink)
_right = _offer.alias()

SET = sa.update(_offer).where(in_list(_offer.c.id, "offers")).values(apart=sa.bindparam("to"))
"""Set these `offers` apart by the link `to`, or by none any more."""
_select_broken = (
    sa.select(_link.c.id, _link.c.right_id, _offer.c.work_id)
    .join(_offer, _offer.c.id == _link.c.left_id)
    .join(_right, _right.c.id == _link.c.right_id)
    .where(_link.c.state == APART, _offer.c.work_id == _right.c.work_id)
    .order_by(_link.c.id)
)
