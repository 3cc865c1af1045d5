"""The pages of a site's plugins in the menu of its staff, also those they add (`menu_items`)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.catalogue.access import is_address
from hub.records import MenuItem
from hub.web import context, login
from hub.web.language import language

DEADLINE = 1.0
"""Seconds; the page does without whoever takes longer."""
MOST, LONGEST_LABEL, LONGEST_ADDRESS = 20, 80, 500

Entry = tuple[str, str]
"""Address and label."""


def entries(site: str, without: Iterable[str] = ()) -> list[Entry]:
    """What the plugins of the site offer whoever asks now, in the order of their names.

    What is no link is left out, and so are addresses in `without`, which the page has already.
    """
    found, _ = (
        context.the_hub()
        .sites.site(site)
        .each("menu_items", deadline=DEADLINE, person=login.actor().record())
    )
    known = {*without}
    listed = []
    for items in found.values():
        for item in items[:MOST] if isinstance(items, list | tuple) else ():
            if _is_sound(item) and item.url not in known:
                known.add(item.url)
                listed.append((_in_language(item.url), item.label))
    return listed


def bookings(site: str) -> list[Entry]:
    """The pages on which the site's plugins of bookings are looked after."""
    return [
        (_in_language(f"/{site}/{name}/"), plugin.title.get(language(), name))
        for name, plugin in sorted(context.the_hub().sites.site(site).plugins.items())
        if plugin.category == "booking" and plugin.blueprint is not None
    ]


def _is_sound(item: object) -> bool:
    if type(item) is not MenuItem or type(item.label) is not str or type(item.url) is not str:
        return False
    inside = login.safe_return(item.url) == item.url
    return (
        0 < len(item.label) <= LONGEST_LABEL
        and item.label.isprintable()
        and len(item.url) <= LONGEST_ADDRESS
        and (inside or is_address(item.url))
    )


def _in_language(url: str) -> str:
    """An address within the hub keeps the language of the page."""
    if language() == "de" or not url.startswith("/") or "#" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}lang={language()}"
