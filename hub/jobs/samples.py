"""Samples of a source's records as jobs, kept as a report for the page on which they are mapped."""

from __future__ import annotations

from collections.abc import Callable

from hub.catalogue import sample
from hub.catalogue.sample import Sample
from hub.jobs import reports
from hub.runtime import Hub

TASK = sample.TASK


def run(hub: Hub, site: str, plugin: str, check: Callable[[], None] | None = None) -> Sample:
    """Take the sample and keep it; `check` raises when the work must be left."""
    found = sample.take(hub.sites.site(site), plugin, check)
    with hub.db.write() as session:
        reports.write(session, site, plugin, TASK, {**found.dump(), "ended": True})
    return found


def kept(hub: Hub, site: str, plugin: str) -> Sample | None:
    """The sample that was taken last."""
    with hub.db.read() as session:
        state = reports.state(session, site, plugin, TASK)
    return Sample.load(state.data) if state.ended else None
