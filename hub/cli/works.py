"""`hub works`: which offers are one work, why, and what people decide of it."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from hub.cli import MAX_ID, json_option, pass_hub, report

if TYPE_CHECKING:
    from hub.runtime import Hub

NUMBER = click.IntRange(1, MAX_ID)


@click.group()
def command() -> None:
    """Find offers that are the same work, look at what was found, decide."""


@command.command("match")
@json_option
@pass_hub
def match(hub: Hub, as_json: bool) -> None:
    """Look at all media that changed since the last time; the worker does so too."""
    from hub.catalogue import linking

    with tqdm(unit=" offers", disable=None, leave=False) as bar:
        found = linking.run(hub.db, bar.update)
    data = {name: getattr(found, name) for name in ("offers", "joined", "review", "parted")}
    report(data, as_json, (("OFFERS", "JOINED", "FOR REVIEW", "PARTED"), [list(data.values())]))


@command.command("review")
@click.option("--site", help="Only pairs with an offer of this site.")
@click.option("--state", default="review", show_default=True,
              type=click.Choice(["review", "automatic", "joined", "apart"]))  # fmt: skip
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--after", default=0, type=click.IntRange(0, MAX_ID), help="The last number seen.")
@json_option
@pass_hub
def review(hub: Hub, site: str | None, state: str, limit: int, after: int, as_json: bool) -> None:
    """List pairs of offers that wait for a decision, or that were decided."""
    from hub.catalogue import linked

    with hub.db.read() as session:
        found = linked.listing(
            session, state=state, sites=None if site is None else {site}, after=after, limit=limit
        )
    rows = [
        (one.id, one.left.id, one.right.id, f"{one.score:.2f}", one.left.record.title,
         one.right.record.title, linked.in_short(one.reason))
        for one in found.items
    ]  # fmt: skip
    data = {"items": [linked.as_data(one) for one in found.items], "next": found.next}
    report(data, as_json, (("LINK", "LEFT", "RIGHT", "SCORE", "TITLE", "TITLE", "WHY"), rows))


@command.command("join")
@click.argument("one", type=NUMBER)
@click.argument("other", type=NUMBER)
@json_option
@pass_hub
def join(hub: Hub, one: int, other: int, as_json: bool) -> None:
    """Make one work of those of offers ONE and OTHER, whatever their sources say."""
    from hub.catalogue import links

    _decide(hub, as_json, lambda c: links.join(c, one, other, _me()), "The offers are one work")


@command.command("split")
@click.argument("offers", type=NUMBER, nargs=-1, required=True)
@json_option
@pass_hub
def split(hub: Hub, offers: Sequence[int], as_json: bool) -> None:
    """Take OFFERS out of their work, together, for good."""
    from hub.catalogue import links

    _decide(hub, as_json, lambda c: links.split(c, offers, _me()), "The offers are apart")


@command.command("apart")
@click.argument("one", type=NUMBER)
@click.argument("other", type=NUMBER)
@json_option
@pass_hub
def apart(hub: Hub, one: int, other: int, as_json: bool) -> None:
    """Never make one work of offers ONE and OTHER."""
    from hub.catalogue import links

    _decide(hub, as_json, lambda c: links.keep_apart(c, one, other, _me()), "The offers stay apart")


@command.command("undo")
@click.argument("link", type=NUMBER)
@json_option
@pass_hub
def undo(hub: Hub, link: int, as_json: bool) -> None:
    """Take decision LINK back; the pair waits for a decision again."""
    from hub.catalogue import links

    def back(connection: Any) -> int:
        links.undo(connection, link, _me())
        return link

    _decide(hub, as_json, back, "The decision is taken back")


@command.command("why")
@click.argument("offer", type=NUMBER)
@json_option
@pass_hub
def why(hub: Hub, offer: int, as_json: bool) -> None:
    """Say why OFFER is one work with others, and from which it is kept apart."""
    from hub.catalogue import linked

    with hub.db.read() as session:
        found = linked.why(session, offer)
    if found is None:
        raise click.ClickException(f"There is no offer {offer}.")
    rows = [("key", key, ", ".join(map(str, ids))) for key, ids in found.keys.items()]
    rows += [
        (one.state, f"link {one.id}: {linked.in_short(one.reason) or one.decided_by}",
         f"{one.left.id}, {one.right.id}")
        for one in found.links
    ]  # fmt: skip
    data = {
        "work": found.work_id,
        "offers": found.offers,
        "keys": found.keys,
        "links": [linked.as_data(one) for one in found.links],
    }
    report(data, as_json, (("BY", "WHAT", "OFFERS"), rows))


def _decide(hub: Hub, as_json: bool, act: Callable[[Any], int], said: str) -> None:
    from hub.catalogue import links

    try:
        with hub.db.write() as session:
            link = act(session.connection())
    except links.LinkError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        report({"link": link}, True, ((), []))
    else:
        click.echo(f"{said} (link {link}; hub works undo {link} takes it back).")


def _me() -> str:
    return f"{getpass.getuser()} (hub works)"
