"""`hub search`: search the catalogue from the command line, and look after the index."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
from tqdm import tqdm

from hub.catalogue import rebuild as rebuilding
from hub.catalogue.search import FACETS, Query, Results, Sort, explain, search
from hub.cli import json_option, pass_hub, report
from hub.runtime import Hub


@click.command("search")
@click.argument("text", nargs=-1)
@click.option(
    "--filter",
    "chosen",
    multiple=True,
    metavar="FACET=VALUE",
    help=f"Only works with this value (repeatable); facets: {', '.join(FACETS)}.",
)
@click.option("--kind", "kinds", multiple=True, help="Short for --filter kind=…")
@click.option("--site", "sites", multiple=True, help="Short for --filter site=…")
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default=Sort.RELEVANCE.value,
    show_default=True,
)
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.option("--facets", "with_facets", is_flag=True, help="Show how often each value occurs.")
@click.option("--explain", "explaining", is_flag=True, help="Show how the words were understood.")
@click.option("--rebuild", "rebuilding_", is_flag=True, help="Build the whole index anew first.")
@json_option
@pass_hub
def command(
    hub: Hub,
    text: tuple[str, ...],
    chosen: tuple[str, ...],
    kinds: tuple[str, ...],
    sites: tuple[str, ...],
    sort: str,
    page: int,
    with_facets: bool,
    explaining: bool,
    rebuilding_: bool,
    as_json: bool,
) -> None:
    """Search works: all words must occur; "quotes" make a phrase, a leading minus excludes.

    A leading minus needs `--` before the words: hub search -- tiere -haustiere
    """
    if rebuilding_:
        _rebuild(hub)
        if not text:
            return
    query = Query(
        " ".join(text), _filters(chosen, kinds, sites), Sort(sort), page=page, language="en"
    )
    with hub.db.read() as session:
        if rebuilding.outdated(session):
            click.echo(
                "The index was built by another version; run `hub search --rebuild`.", err=True
            )
        results = search(session, query)
        lines = explain(session, query) if explaining else []
    if as_json:
        click.echo(_json(results, lines))
        return
    for line in lines:
        click.echo(line)
    _show(results, with_facets)


def _show(results: Results, with_facets: bool) -> None:
    click.echo(f"{results.total} works, page {results.page} of {results.pages}")
    if results.hits:
        rows = [(hit.offer_id, hit.kind, hit.site, hit.title) for hit in results.hits]
        report(None, False, (("offer", "kind", "site", "title"), rows))
    if results.did_you_mean:
        click.echo(f"Did you mean: {results.did_you_mean.text} ({results.did_you_mean.total})")
    for other in results.relaxed:
        without = "" if other.keeps_filters else " without filters"
        click.echo(f"Try: {other.text}{without} ({other.total})")
    if with_facets:
        rows_ = [
            (facet.label, value.label, value.count)
            for facet in results.facets
            for value in facet.values
        ]
        click.echo()
        report(None, False, (("facet", "value", "works"), rows_))


def _json(results: Results, lines: list[str]) -> str:
    import json

    data: dict[str, Any] = dataclasses.asdict(results)
    data["terms"] = sorted(results.terms)
    if lines:
        data["explanation"] = lines
    return json.dumps(data, ensure_ascii=False, indent=2)


def _filters(
    chosen: tuple[str, ...], kinds: tuple[str, ...], sites: tuple[str, ...]
) -> dict[str, frozenset[str]]:
    pairs = [("kind", kind) for kind in kinds] + [("site", site) for site in sites]
    for given in chosen:
        facet, _, value = given.partition("=")
        if facet not in FACETS or not value:
            raise click.UsageError(
                f"--filter {given}: give FACET=VALUE with a facet of {', '.join(FACETS)}."
            )
        pairs.append((facet, value))
    return {facet: frozenset(value for name, value in pairs if name == facet) for facet, _ in pairs}


def _rebuild(hub: Hub) -> None:
    with tqdm(desc="index", unit=" works", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        works = rebuilding.rebuild(hub.db, progress)
    click.echo(f"The index of {works} works is built anew.", err=True)
