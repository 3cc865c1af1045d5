"""Names by which the same medium is known at many places, brought to one spelling.

Two offers that share a key are editions of the same work (DESIGN §5). Media numbers follow the
AG MuD scheme: seven digits, of which the first two name the medium type.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from hub.formats.text import without_session
from hub.records import Identifier

MEDIUM_TYPE_CODES = frozenset(
    ["10", "12", "19", "29", "32", "42", "46", "49", "55", "58", "66", "69", "75", "79"]
)
"""First two digits of a media number that is valid nation-wide."""

_MEDIUM = re.compile(r"\s*(?:([^\W\d_][\w.]*?)[\s:_-]*)?0*([1-9][\d\s]{0,14}?)\s*", re.ASCII)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_NOT_DIGITS = re.compile(r"[\s-]")
_PLAIN_ADDRESS = re.compile(
    r"https?://(?:www\.)?([a-z0-9][a-z0-9.-]*)(/[\w./~%+-]*[\w~%+.-])/*", re.ASCII
)
"""An address in which nothing needs to be taken out or put in order."""
_CAMPAIGN = frozenset(
    ["fbclid", "gclid", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]
)


def medium_key(value: str) -> str | None:
    """`FWU-05511494`, `fwu 5511494` and `5511494` give `nr:5511494`; `SF-56395` gives `sf-56395`.

    A short number without a provider names nothing outside its own house: None.
    """
    match = _MEDIUM.fullmatch(value)
    if match is None:
        return None
    provider, number = match[1], re.sub(r"\s", "", match[2])
    if len(number) == 7 and number[:2] in MEDIUM_TYPE_CODES:
        return f"nr:{number}"
    return f"{provider.lower()}-{number}" if provider else None


def ean_key(value: str) -> str | None:
    """ISBN-10, ISBN-13 and EAN-13 with any hyphens give `ean:` and 13 digits.

    A wrong check digit gives None.
    """
    digits = _NOT_DIGITS.sub("", value).upper().removeprefix("ISBN").removeprefix(":")
    if re.fullmatch(r"\d{9}[\dX]", digits):
        total = sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(digits))
        if total % 11:
            return None
        digits = "978" + digits[:9]
        return f"ean:{digits}{-_weighted(digits) % 10}"
    if re.fullmatch(r"\d{13}", digits) and _weighted(digits) % 10 == 0:
        return f"ean:{digits}"
    return None


def doi_key(value: str) -> str | None:
    """A DOI bare, as `doi:…` or as an address gives `doi:10.…` in lower case (ISO 26324)."""
    match = _DOI.search(value.lower())
    return f"doi:{match[0].rstrip('.')}" if match else None


def url_key(value: str) -> str | None:
    """The address without scheme, `www.`, session and campaign parameters and place in the page.

    A fragment that looks like a path is a page of its own and stays. A home page is where many
    things are found, so it identifies none of them: None.
    """
    plain = _PLAIN_ADDRESS.fullmatch(value)
    if plain:
        return f"url:{plain[1]}{plain[2]}"
    try:
        parts = urlsplit(without_session(value.strip()))
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode(sorted(pair for pair in pairs if pair[0].lower() not in _CAMPAIGN))
    page = parts.fragment.rstrip("/") if parts.fragment.startswith(("/", "!")) else ""
    if parts.scheme not in ("http", "https") or not host or not (path or query or page):
        return None
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    whole = f"{where}{path}{'?' if query else ''}{query}{'#' if page else ''}{page}"
    return "url:" + "%20".join(whole.split())


_BY_SCHEME = {
    "medium": medium_key,
    "parallel": medium_key,
    "isbn": ean_key,
    "ean": ean_key,
    "doi": doi_key,
    "url": url_key,
}


def key(identifier: Identifier) -> str | None:
    """The key of an identifier, or None where it identifies nothing."""
    make = _BY_SCHEME.get(identifier.scheme)
    return make(identifier.value) if make else None


def _weighted(digits: str) -> int:
    """The EAN-13 checksum (GS1): weights 1 and 3 in turn."""
    return sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(digits))
