"""Offers as they stand on a list: each with what can be said of it now, also when it is withdrawn.

A list names offers. Works are joined and parted under it, and offers are withdrawn; as long as
anybody still offers the work, the entry leads there, and else it keeps its title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.catalogue import entitlement, offers
from hub.catalogue.entitlement import Holding
from hub.catalogue.offers import OfferView


@dataclass(frozen=True, slots=True)
class Collected:
    """An entry: the offer that was put on the list, or who offers its work instead by now."""

    named: int
    """Id of the offer that the list names."""
    note: str
    offer: OfferView
    """The offer to show; the withdrawn one where nobody offers the work any more."""
    holdings: tuple[Holding, ...]
    """All live offers of the work; none: it is withdrawn."""

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites (keys) that offer it, in their order."""
        return tuple(dict.fromkeys(holding.site for holding in self.holdings))


def collect(session: Session, entries: Sequence[tuple[int, str]]) -> list[Collected]:
    """The entries (offer id, note) in their order, in three statements whatever their number."""
    named = offers.by_ids(session, [offer_id for offer_id, _ in entries])
    held = entitlement.holdings(session, {view.work_id for view in named.values()})
    instead = {
        view.id: held[view.work_id][0].offer_id
        for view in named.values()
        if view.withdrawn_at is not None and held.get(view.work_id)
    }
    others = offers.by_ids(session, list(instead.values())) if instead else {}
    return [
        Collected(
            offer_id,
            note,
            others.get(instead.get(offer_id, 0), named[offer_id]),
            held.get(named[offer_id].work_id, ()),
        )
        for offer_id, note in entries
        if offer_id in named
    ]
