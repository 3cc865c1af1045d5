"""Looks whether the web addresses in a centre's records still lead somewhere, politely."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import marshmallow as ma

from connectors import http
from connectors.errors import Blocked, ConnectorError, Malformed, Refused, TooLarge, Unreachable
from hub import Config, Plugin, SiteInfo, hookimpl
from plugins.common import about

CLOSED = frozenset({401, 402, 403, 407, 451})
"""Somebody is there, but lets us not in: that is no dead link."""
TIMEOUT = 8.0
"""Seconds for an address, its redirects included."""
MAX_BYTES = 200_000


class LinkCheck(Plugin):
    """Asks each address for its head, or for its page where a server knows no heads."""

    name = "link_check"
    title: ClassVar = {"de": "Prüfung von Links", "en": "Link check"}
    description: ClassVar = {
        "de": "Prüft auf Wunsch, ob die Internetadressen in den Einträgen noch erreichbar sind.",
        "en": "Checks on request whether the web addresses in records can still be reached.",
    }

    class Config(Config):
        pause = ma.fields.Float(
            load_default=1.0,
            validate=ma.validate.Range(0, 10),
            metadata=about(
                "Pause",
                "Pause",
                "Sekunden zwischen zwei Anfragen an denselben Rechner",
                "Seconds between two requests to the same host",
            ),
        )

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        super().__init__(site, config)
        self._asked: dict[str, float] = {}
        self._client = http.Client(
            internal_hosts=site.internal_hosts,
            timeout=TIMEOUT,
            deadline=TIMEOUT,
            max_bytes=MAX_BYTES,
            user_agent=f"{http.USER_AGENT} (link check; {site.hub})",
        )

    @hookimpl
    def catalogue_links(self, addresses: Sequence[str]) -> Mapping[str, str]:
        return {one: why for one in addresses if (why := self._dead(one))}

    def _dead(self, address: str) -> str:
        """Why the address leads nowhere; empty where somebody is there, or may be again soon."""
        try:
            self._ask("HEAD", address)
        except (Refused, Malformed, Unreachable):
            pass
        except TooLarge:
            return ""
        except Blocked as error:
            return str(error)
        else:
            return ""
        try:
            self._ask("GET", address)
        except TooLarge:
            return ""
        except Unreachable as error:
            # A busy or broken server is no dead link; a name that nobody knows is one.
            return "" if " answered " in str(error) else str(error)
        except ConnectorError as error:
            return str(error)
        return ""

    def _ask(self, method: str, address: str) -> None:
        host = urlsplit(address).netloc
        wait = self._asked.get(host, -60.0) + self.config["pause"] - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        try:
            self._client.send(method, address, expect=CLOSED)
        finally:
            self._asked[host] = time.monotonic()
