"""The contract of plugins that are sources of the catalogue."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from itertools import islice

from hub.records import Change, Checkpoint, Delete, Document, Record, Reject, Upsert
from hub.site import Site
from hub.testing.contract import PluginContract

MAX_CHANGES = 100_000
MAX_CURSOR = 65_536
MAX_RESUMPTIONS = 12


def read(change: Change) -> Change:
    """What the hub makes of a change: a document becomes a record, or a reject with a reason."""
    if not isinstance(change, Document):
        return change
    assert type(change.content) is bytes, "the content of a document is bytes"
    pickle.dumps(change)  # another core could not read it otherwise
    try:
        record = change.read(change.content)
    except ValueError as reason:
        return Reject(change.source_id, str(reason), change.content.decode(errors="replace")[:500])
    assert record.source_id == change.source_id, "a document names the record that it holds"
    return Upsert(record)


class CatalogueContract(PluginContract):
    """What the sync relies on in `catalogue_changes`."""

    def changes(self, site: Site, cursor: str | None = None) -> list[Change]:
        """All that the plugin yields, through the same guard as in the hub, documents read."""
        iterator: Iterator[Change] = site.one(self.plugin.name, "catalogue_changes", cursor=cursor)
        found = list(islice(iterator, MAX_CHANGES + 1))
        assert len(found) <= MAX_CHANGES, f"more than {MAX_CHANGES} changes: does it ever end?"
        return [read(change) for change in found]

    def test_changes_are_of_the_right_types(self, site: Site) -> None:
        changes = self.changes(site)
        for change in changes:
            assert isinstance(change, Upsert | Delete | Reject | Checkpoint), repr(change)
            if isinstance(change, Upsert):
                assert isinstance(change.record, Record), repr(change)
            elif isinstance(change, Checkpoint):
                assert change.cursor is None or isinstance(change.cursor, str), repr(change)
                assert len(change.cursor or "") <= MAX_CURSOR, "a cursor is a short text"
            else:
                assert isinstance(change.source_id, str), repr(change)
        assert any(isinstance(change, Upsert) for change in changes), "the test data is empty"

    def test_ends_with_a_checkpoint(self, site: Site) -> None:
        changes = self.changes(site)
        assert isinstance(changes[-1], Checkpoint), "what follows the last checkpoint is lost"
        complete = [isinstance(one, Checkpoint) and one.complete for one in changes]
        assert not any(complete[:-1]), "complete=True belongs to the very last checkpoint"

    def test_source_ids_are_unique_and_stable(self, site: Site) -> None:
        first, second = self.changes(site), self.changes(site)
        ids = [change.record.source_id for change in first if isinstance(change, Upsert)]
        assert all(isinstance(one, str) and one for one in ids), "a source id is a text"
        doubled = {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else set()
        assert not doubled, f"these source ids stand for several records: {sorted(doubled)[:5]}"
        assert _after(first) == _after(second), "two runs over the same source differ"

    def test_resumes_from_every_checkpoint(self, site: Site) -> None:
        whole = self.changes(site)
        places = [place for place, one in enumerate(whole) if isinstance(one, Checkpoint)]
        step = max(1, len(places) // MAX_RESUMPTIONS)
        for place in places[::step]:
            checkpoint = whole[place]
            assert isinstance(checkpoint, Checkpoint)
            resumed = whole[: place + 1] + self.changes(site, checkpoint.cursor)
            assert _after(resumed) == _after(whole), (
                f"resumed from {checkpoint.cursor!r}, the result is another"
            )

    def test_records_are_fit_for_the_catalogue(self, site: Site) -> None:
        from hub.catalogue.normalise import normalise

        for change in self.changes(site):
            if isinstance(change, Upsert):
                normalise(change.record)  # raises Unfit, which names the field


def _after(changes: list[Change]) -> dict[str, Record]:
    """The catalogue that the changes lead to."""
    catalogue: dict[str, Record] = {}
    for change in changes:
        if isinstance(change, Upsert):
            catalogue[change.record.source_id] = change.record
        elif isinstance(change, Delete):
            catalogue.pop(change.source_id, None)
    return catalogue
