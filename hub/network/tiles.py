"""The schematic map: one hexagon per Kreis or kreisfreie Stadt (`config/network/tilegrid.csv`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from hub.settings import config_file


@dataclass(frozen=True, slots=True)
class Tile:
    """A hexagon in row `row` (from the north), shifted by `x_half` half hexagons to the east."""

    ags: str
    row: int
    x_half: int
    short: str
    code: str


def read_tiles(config: Path) -> tuple[Tile, ...]:
    """The tiles from north to south and west to east; `config` is the configuration directory."""
    file = config_file(config, "network/tilegrid.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        tiles = [
            Tile(row["ags"], int(row["row"]), int(row["x_half"]), row["short"], row["code"])
            for row in csv.DictReader(lines)
        ]
    return tuple(sorted(tiles, key=lambda tile: (tile.row, tile.x_half)))
