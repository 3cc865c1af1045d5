"""What surrounds every page: navigation, language switch, addresses of the same page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Flask, request, url_for
from flask_babel import lazy_gettext

from hub.booking import cart
from hub.identity.permissions import reached
from hub.web import context, login
from hub.web.language import LANGUAGES, language

LONGEST_QUERY = 300
"""Characters of a search; what is typed beyond them is left out."""

NAVIGATION = (
    ("search.results", lazy_gettext("Search")),
    ("free.show", lazy_gettext("Book")),
    ("centres.listing", lazy_gettext("Media centres")),
    ("network.overview", lazy_gettext("Network and figures")),
)
FOOTER = (
    ("about.imprint", lazy_gettext("Legal notice")),
    ("about.privacy", lazy_gettext("Privacy")),
    ("about.accessibility", lazy_gettext("Accessibility statement")),
    ("about.barrier", lazy_gettext("Report a barrier")),
)


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way to the page; the last one has no address."""

    label: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """Links to pages of a list: `numbers` are those near the present one."""

    page: int
    pages: int
    numbers: Sequence[int]
    endpoint: str
    parameters: Mapping[str, Any]

    def url(self, page: int) -> str:
        more: dict[str, Any] = {"seite": page} if page > 1 else {}
        return url_for(self.endpoint, **self.parameters, **more)


def pager(page: int, pages: int, endpoint: str, parameters: Mapping[str, Any]) -> Pager:
    near = {1, pages, *range(page - 2, page + 3)}
    numbers = sorted(number for number in near if 1 <= number <= pages)
    return Pager(page, pages, numbers, endpoint, parameters)


def pages_of(total: int, per_page: int) -> int:
    return max(1, ceil(total / per_page))


def asked_page() -> int:
    """The page asked for by `seite`; whatever is no positive number means the first."""
    text = request.args.get("seite", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


def asked_text(name: str, longest: int = 500) -> str:
    """A text from the address, without control characters, at most `longest` characters."""
    text = request.args.get(name, "")[: longest * 2]
    return "".join(c for c in text if c.isprintable())[:longest].strip()


def same_page(lang: str) -> str:
    """The address of this page in another language."""
    if request.endpoint is None or request.endpoint == "static":
        return url_for("search.start", lang=lang)
    arguments: dict[str, Any] = request.args.to_dict(flat=False)
    arguments.pop("lang", None)
    arguments.update(request.view_args or {})
    if lang == LANGUAGES[0]:
        arguments["lang"] = None  # the default is not spelled out, nor is the present one carried
    else:
        arguments["lang"] = lang
    return url_for(request.endpoint, **arguments)


def _in_cart() -> int:
    """How many things lie in the cart of whoever looks at the page."""
    person = login.actor().person_id
    if person is None:
        return 0
    with context.the_hub().db.read() as session:
        return cart.count(session, person)


def init_app(app: Flask) -> None:
    @app.context_processor
    def surroundings() -> dict[str, Any]:
        sites = context.sites().values()
        return {
            "language": language(),
            "languages": LANGUAGES,
            "same_page": same_page,
            "navigation": NAVIGATION,
            "workplace": next(iter(sorted(reached(login.actor(), "plugin.read").sites)), ""),
            "in_cart": _in_cart,
            "footer": FOOTER,
            "centre_count": sum(site.kind == "centre" for site in sites),
            "state_count": sum(site.kind == "state" for site in sites),
        }
