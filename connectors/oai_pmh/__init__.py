"""Harvesting over OAI-PMH 2.0 (openarchives.org/OAI/openarchivesprotocol.html).

A list comes page by page; each page says by its resumption token where it goes on. Providers break
in many ways, and the worst is a list that only seems to end. So a list counts as ended only when
its last page says so and as many different records came as were announced; what passes (a busy
server, an answer cut short, a page for people in place of XML) is tried again, a token that has
expired starts a new list where the old one stood, and everything else is an error.
"""

from connectors.oai_pmh.answer import BrokenList, Item, ProtocolError, read_item
from connectors.oai_pmh.harvest import Page, Position
from connectors.oai_pmh.repository import (
    Format,
    Identity,
    Repository,
    Set,
)

__all__ = [
    "BrokenList",
    "Format",
    "Identity",
    "Item",
    "Page",
    "Position",
    "ProtocolError",
    "Repository",
    "Set",
    "read_item",
]
