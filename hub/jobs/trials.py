"""Dry runs as jobs: a source is read to its end, what would happen is kept as a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hub.catalogue import preview
from hub.catalogue.sync import Report
from hub.jobs import reports
from hub.models.base import now
from hub.runtime import Hub

TASK = "trial"
MOST = 1_000
"""Differences, new, withdrawn and rejected records that are told one by one."""
PACE = 2.0
"""Seconds between two notes of how far it is."""


def run(hub: Hub, site: str, plugin: str, check: Callable[[], None]) -> Report:
    """Make the report; `check` raises when the work must be left."""
    begun = last = now()
    _keep(hub, Report(site, plugin), ended=False)

    def progress(report: Report) -> None:
        nonlocal last
        check()
        if (now() - last).total_seconds() >= PACE:
            last = now()
            _keep(
                hub, Report(site, plugin, **{n: getattr(report, n) for n in _COUNTS}), ended=False
            )

    found = preview.preview(hub.db, hub.sites.site(site), plugin, progress=progress, most=MOST)
    _keep(hub, found, ended=True, seconds=(now() - begun).total_seconds())
    return found


def _keep(hub: Hub, report: Report, **more: Any) -> None:
    with hub.db.write() as session:
        reports.write(session, report.site, report.plugin, TASK, {**asdict(report), **more})


_COUNTS = ("added", "changed", "unchanged", "withdrawn", "rejected", "total")
