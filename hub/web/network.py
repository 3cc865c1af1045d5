"""The network at a glance: tile map, the same as a table, matrix of kinds and centres, CSV."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, url_for
from flask_babel import gettext

from hub.network.coverage import Coverage, State, coverage
from hub.network.tiles import Tile, read_tiles
from hub.records import Kind
from hub.web import context, network_tables, texts
from hub.web.page import Crumb, asked_text
from hub.web.sheets import FORMATS, download

pages = Blueprint("network", __name__, url_prefix="/netz")
pages.register_blueprint(network_tables.pages)

FRESHNESS, ALL = "stand", "angebote"
HALF_WIDTH, ROW_HEIGHT, RADIUS = 50.0, 86.6, 54.0
"""Of the hexagons, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class MapTile:
    """A hexagon of the map: where, which class (colour), sign inside, words, link."""

    x: float
    y: float
    code: str
    css: str
    sign: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the key to the map."""

    css: str
    sign: str
    text: str
    number: int


@pages.get("")
def overview() -> str:
    measure = asked_text("mass", 40)
    if measure not in {FRESHNESS, ALL, *Kind}:
        measure = FRESHNESS
    covered = _coverage()
    tiles = read_tiles(context.the_hub().settings.config)
    states = Counter(site.state for site in covered)
    figures = {kind: sum(site.counts.get(kind, 0) for site in covered) for kind in Kind}
    drawn, key = _map(tiles, covered, measure)
    return render_template(
        "network.html",
        measure=measure,
        covered=covered,
        states=states,
        all_states=list(State),
        figures=figures,
        largest=max(figures.values(), default=0) or 1,
        total=sum(figures.values()),
        tiles=drawn,
        key=key,
        width=(max((tile.x_half for tile in tiles), default=0) + 2) * HALF_WIDTH,
        height=(max((tile.row for tile in tiles), default=0) + 1) * ROW_HEIGHT + 30,
        state_centres=[site for site in covered if site.kind == "state"],
        kinds=list(Kind),
        moments={
            site.site: texts.as_of(site.as_of, context.now(), context.NETWORK_TIME)
            for site in covered
            if site.as_of
        },
        crumbs=[Crumb(gettext("Network and figures"))],
    )


@pages.get("/angebote.<form>")
def figures(form: str) -> Response:
    """Offers by centre and kind with the state of each centre, as a table for a spreadsheet."""
    if form not in FORMATS:
        abort(404)
    header = ["site", "name", "region", *(kind.value for kind in Kind), "total", "state", "as_of"]
    return download(
        form,
        "angebote",
        header,
        [
            [
                site.site,
                site.name,
                site.region,
                *(site.counts.get(kind, 0) for kind in Kind),
                site.total,
                site.state.value,
                site.as_of.isoformat(timespec="seconds") if site.as_of else "",
            ]
            for site in _coverage()
        ],
    )


def _coverage() -> tuple[Coverage, ...]:
    with context.the_hub().db.read() as session:
        return coverage(session, context.now())


def _map(
    tiles: Sequence[Tile], covered: Sequence[Coverage], measure: str
) -> tuple[list[MapTile], list[Step]]:
    at = {tile.ags: [s for s in covered if any(a[:5] == tile.ags for a in s.ags)] for tile in tiles}
    drawn = []
    if measure == FRESHNESS:
        worst = {
            ags: max((s.state for s in sites), key=list(State).index, default=State.ABSENT)
            for ags, sites in at.items()
        }
        for tile in tiles:
            state = worst[tile.ags]
            words = f"{tile.short}: {texts.STATE[state]}"
            drawn.append(_tile(tile, state.value, texts.STATE_MARK[state], words, at[tile.ags]))
        numbers = Counter(worst.values())
        key = [
            Step(state.value, texts.STATE_MARK[state], _explained(state), numbers[state])
            for state in State
        ]
        return drawn, key
    counts = {ags: sum(_measured(site, measure) for site in sites) for ags, sites in at.items()}
    limits = _limits(list(counts.values()))
    for tile in tiles:
        number = counts[tile.ags]
        level = bisect_left(limits, number) + 1 if number else 0
        words = f"{tile.short}: {texts.count_offers(number)}"
        drawn.append(_tile(tile, f"level-{level}", texts.number(number), words, at[tile.ags]))
    return drawn, _key(limits, list(counts.values()))


def _explained(state: State) -> str:
    if state is State.STALE:
        return gettext("Stale (over 24 hours)")
    return str(texts.STATE[state])


def _tile(tile: Tile, css: str, sign: str, words: str, sites: Sequence[Coverage]) -> MapTile:
    if len(sites) == 1:
        url = url_for("centres.profile", site=sites[0].site)
    else:
        url = url_for("centres.listing", kreis=tile.ags)
    x = (tile.x_half + 1) * HALF_WIDTH
    y = tile.row * ROW_HEIGHT + RADIUS + 4
    return MapTile(x, y, tile.code, css, sign, words, url)


def _measured(site: Coverage, measure: str) -> int:
    return site.total if measure == ALL else site.counts.get(Kind(measure), 0)


def _limits(counts: Sequence[int]) -> list[int]:
    """Upper limits of up to four classes that hold about equally many tiles each."""
    present = sorted(count for count in counts if count)
    if not present:
        return []
    quarters = {present[len(present) * part // 4 - 1] for part in (1, 2, 3) if len(present) > 3}
    return sorted(quarters | {present[-1]})


def _key(limits: Sequence[int], counts: Sequence[int]) -> list[Step]:
    steps = [Step("level-0", "", texts.number(0), sum(not count for count in counts))]
    low = 1
    for level, high in enumerate(limits, 1):
        inside = sum(low <= count <= high for count in counts)
        span = texts.number(low) if low == high else f"{texts.number(low)}–{texts.number(high)}"
        steps.append(Step(f"level-{level}", "", span, inside))
        low = high + 1
    return steps
