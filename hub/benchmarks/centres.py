"""Centres whose media overlap as real ones do, each with an OAI-PMH address of its own.

Four fifths of what a centre offers comes from a stock that all share, half as large again as one
centre's offers; the rest nobody else has.

    python -m hub.benchmarks.centres --centres 55 --offers 20000

prints the address of all as the first line, to which `/<number>` is added, and serves until it is
ended.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping
from typing import ClassVar

from hub.benchmarks.provider import EPOCH, Entry, Handler, Provider, Server

SHARED = 0.8


def numbers(centre: int, offers: int) -> list[int]:
    """The media that a centre offers, by number, the same on every machine."""
    stock, shared = offers * 3 // 2, int(offers * SHARED)
    own = stock + centre * (offers - shared)
    chance = random.Random(centre)  # nosec B311 - the same on every machine is what is wanted
    return [*chance.sample(range(stock), shared), *range(own, own + offers - shared)]


class _Handler(Handler):
    """Answers for the centre whose number ends the path."""

    centres: ClassVar[list[Provider]] = []

    def send(self, query: Mapping[str, str]) -> None:
        number = int(self.path.partition("?")[0].rpartition("/")[2])
        self.write(self.centres[number].answer(query))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--centres", type=int, required=True)
    parser.add_argument("--offers", type=int, required=True)
    options = parser.parse_args()
    known: dict[int, Entry] = {}
    for centre in range(options.centres):
        # Entries are shared, and documents not kept: there are as many as in the hub itself.
        entries = [known.setdefault(n, _entry(n)) for n in numbers(centre, options.offers)]
        _Handler.centres.append(Provider(entries, keep=False))
    server = type("_Server", (Server,), {"handler": _Handler})(_Handler.centres[0])
    for number, provider in enumerate(_Handler.centres):
        provider.address = f"{server.address}/{number}"
    print(server.address, flush=True)
    server.serve_forever()


def _entry(number: int) -> Entry:
    return Entry(EPOCH + number, f"oai:medien.example.org:{number:08d}", number)


if __name__ == "__main__":
    main()
