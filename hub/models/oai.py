"""What the OAI-PMH provider keeps rendered, so that a page of records is read, not built."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import Base


class OaiDocument(Base):
    """An offer as a document of one metadata format; made when it is first asked for."""

    __tablename__ = "oai_document"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    """The metadata prefix, `oai_dc` or `lom`."""
    offer_id: Mapped[int] = mapped_column(
        ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    source: Mapped[str]
    """What it was made from; where this is no longer so, it is made anew."""
    xml: Mapped[str] = mapped_column(Text)
