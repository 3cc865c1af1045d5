"""Harvests a repository as the protocol says, checking every answer against the standard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lxml import etree

from hub.catalogue.oai.answers import Repository
from tests.sources import Network
from tests.standards.oai import OAI, parse

BASE = "http://127.0.0.1:8000"


class Header(NamedTuple):
    id: int
    datestamp: str
    deleted: bool
    sets: tuple[str, ...]


def repository(net: Network, site: str = "", page: int = 500) -> Repository:
    return Repository(net.hub.db, BASE, "betrieb@example.org", site=site, page=page)


def ask(repo: Repository, **arguments: str) -> etree._Element:
    """One request; `from` is written `from_`."""
    given = [(name.rstrip("_"), text) for name, text in arguments.items()]
    return parse(repo.answer(given).body)


def code(repo: Repository, **arguments: str) -> str | None:
    """The code of the error that answers the request."""
    error = ask(repo, **arguments).find(f"{OAI}error")
    return None if error is None else error.get("code")


def headers(root: etree._Element) -> list[Header]:
    return [
        Header(
            int(header.findtext(f"{OAI}identifier").rpartition(":")[2]),
            header.findtext(f"{OAI}datestamp"),
            header.get("status") == "deleted",
            tuple(spec.text for spec in header.findall(f"{OAI}setSpec")),
        )
        for header in root.iter(f"{OAI}header")
    ]


def date(root: etree._Element) -> str:
    return root.findtext(f"{OAI}responseDate")


def pages(
    repo: Repository, verb: str = "ListIdentifiers", prefix: str = "oai_dc", **arguments: str
) -> Iterator[etree._Element]:
    """The pages of a list, one when it is asked for."""
    root = ask(repo, verb=verb, metadataPrefix=prefix, **arguments)
    while True:
        yield root
        token = root.findtext(f".//{OAI}resumptionToken")
        if not token:
            return
        root = ask(repo, verb=verb, resumptionToken=token)


def harvest(
    repo: Repository,
    verb: str = "ListIdentifiers",
    between: Callable[[int], object] = lambda page: None,
    **arguments: str,
) -> list[Header]:
    """The headers of a whole list; `between` is called after each page."""
    found = []
    for number, root in enumerate(pages(repo, verb, **arguments)):
        found += headers(root)
        between(number)
    return found
