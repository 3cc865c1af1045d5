"""A run in a process of its own, to be killed: `python -m tests.hub.catalogue.killable URL DIR`.

Its source gives three cycles' worth of changes: new media that share works, later changes of
some of them, deletions, and pieces that must be rejected. Each line that it prints says that a
page has been stored.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from hub.catalogue.sync import Report, sync
from hub.records import Change, Checkpoint, Delete, Grant, Identifier, Reject, Scope, Upsert
from tests.sources import medium, network

PAGES, PER_PAGE = 30, 40


def source(cursor: str | None) -> Iterator[Change]:
    """A pure function of the cursor, as a real source's answer to a resumed harvest."""
    for page in range(int(cursor or 0), PAGES):
        for number in range(page * PER_PAGE, (page + 1) * PER_PAGE):
            # Later pages repeat the ids of earlier ones with other titles and other keys.
            name = number % 700
            yield Upsert(
                medium(
                    f"id-{name}",
                    f"Film {number}",
                    identifiers=(Identifier("medium", f"SF-{name % 500 + number // 700 + 1}"),),
                    grants=(Grant(Scope.SITE, "borken"),) if number % 3 else (),
                )
            )
            if number % 97 == 0:
                yield Reject(f"row {number}", "no title")
            if number % 41 == 5:
                yield Delete(f"id-{(name * 7) % 700}")
        yield Checkpoint(str(page + 1), total=PAGES * PER_PAGE)


def main(database_url: str, folder: str) -> None:
    def stored(report: Report) -> None:
        print(report.done, flush=True)

    with network(database_url, Path(folder), []) as net:
        net.play("borken", source)
        report = sync(net.hub.db, net.site("borken"), "scripted", progress=stored)
        print(report.state, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
