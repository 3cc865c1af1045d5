"""What every view needs: the hub, the database, the network's sites, and the present time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from flask import current_app, url_for

from hub.booking.letters import Sender

if TYPE_CHECKING:
    from hub.runtime import Hub
    from hub.site import SiteRow

NETWORK_TIME = ZoneInfo("Europe/Berlin")
"""The clock of pages that belong to no single site."""


def the_hub() -> Hub:
    return cast("Hub", current_app.extensions["hub"])


def sites() -> dict[str, SiteRow]:
    """The sites of the network by key, in their order."""
    return {site.key: site for site in the_hub().sites.directory()}


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return now().astimezone(NETWORK_TIME).date()


def public_address(endpoint: str, **values: Any) -> str:
    """The absolute address of a view from `HUB_BASE_URL`, never from what a client says of the
    host; in German, whatever language this request has. A list of values repeats its parameter."""
    return the_hub().settings.base_url + url_for(endpoint, **{"lang": None, **values})


def letter_sender() -> Sender:
    """What letters about bookings need to know of the hub."""
    settings = the_hub().settings
    return Sender(settings.base_url, settings.mail_from, settings.reply_address)


def zone_of(site: str) -> ZoneInfo:
    """The clock of a site."""
    row = sites().get(site)
    return ZoneInfo(row.time_zone) if row else NETWORK_TIME
