"""Values that formats write as free text: names of things, years, playing times, ages, types.

Where `terms` knows words, this knows forms: a DOI among identifiers, `PT31M33S` or `ca. 20 min`,
`6-10` years of age. Answers are remembered where a catalogue repeats itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from hub.formats import terms
from hub.formats.text import line
from hub.records import Identifier, MediumType

_remember = lru_cache(maxsize=4096)

language = _remember(terms.language)
"""`terms.language`, remembered."""
licence_term = _remember(terms.licence)
"""`terms.licence`, remembered."""
competence = _remember(terms.competence)
"""`terms.competence`, remembered."""
name = lru_cache(maxsize=20_000)(line)
"""`text.line`, remembered: for keywords and names."""

_WEB = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_IMAGE = re.compile(
    r"https?://\S+?(?:\.(?:jpe?g|png|gif|webp|svg)(?:[?#]\S*)?|/preview\?\S*|thumbnail\S*)",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ISBN = re.compile(r"(?:urn:)?isbn(?:-1[03])?[:\s]*(\d[\dxX -]{8,16})", re.IGNORECASE)
_EAN = re.compile(r"(?:urn:)?(?:ean|gtin)(?:-13)?[:\s]*(\d[\d -]{12,16})", re.IGNORECASE)
_MEDIUM = re.compile(r"[A-Za-z]{2,20}[-_]\d{4,10}|\d{7}")


def is_address(text: str) -> bool:
    """Whether a text is a web address and nothing else."""
    return text[:4].lower() == "http" and _WEB.fullmatch(text) is not None


def is_image(address: str) -> bool:
    """Whether an address looks like that of a picture."""
    return _IMAGE.fullmatch(address) is not None


def identifier(text: str) -> Identifier | None:
    """What a bare identifier is: an address, a DOI, an ISBN, an EAN or a media number."""
    text = text.strip()
    if text[:4].lower() == "http":
        if "doi.org/" in text and (found := _DOI.fullmatch(text)):
            return Identifier("doi", found[1])
        return Identifier("url", text) if _WEB.fullmatch(text) else None
    if _MEDIUM.fullmatch(text):
        return Identifier("medium", text)
    for scheme, pattern in (("doi", _DOI), ("isbn", _ISBN), ("ean", _EAN)):
        if found := pattern.fullmatch(text):
            return Identifier(scheme, found[1].strip())
    return None


_EAF = re.compile(
    r"(?:\beaf\w*[\s:#/.-]+|https?://\S+/(?:discipline|eaf[\w-]*)/)(\d{3}(?:\d\d){0,4})",
    re.IGNORECASE,
)
_EAF_CODE = re.compile(r"\d{3}(?:\d\d){0,4}")


@_remember
def subject(text: str) -> str:
    """The EAF subject of `EAF:080`, a vocabulary's address or a subject's name, or "".

    A bare number is none, for it may as well be a class of Dewey's.
    """
    text = text.strip()
    if found := _EAF.fullmatch(text):
        return found[1]
    return "" if text.isdecimal() else terms.subject(text)


def eaf_code(text: str) -> str:
    """A text that is known to be an EAF code, if it has the form of one, or ""."""
    return text if _EAF_CODE.fullmatch(text) else ""


# Media types by their beginning.
_MIMES = (
    ("video/", MediumType.VIDEO),
    ("audio/", MediumType.AUDIO),
    ("image/", MediumType.IMAGE),
    ("text/html", MediumType.WEBSITE),
    ("application/xhtml", MediumType.WEBSITE),
    ("application/zip", MediumType.PACKAGE),
    ("application/x-zip", MediumType.PACKAGE),
    ("application/vnd.ims", MediumType.PACKAGE),
    ("application/vnd.h5p", MediumType.INTERACTIVE),
    ("application/vnd.geogebra", MediumType.INTERACTIVE),
    ("application/", MediumType.DOCUMENT),
    ("text/", MediumType.DOCUMENT),
)
# German compounds carry their meaning at the end: a Lernvideo is a video.
_ENDINGS = (
    "arbeitsblatt", "simulation", "animation", "hörspiel", "medienpaket", "podcast", "video",
    "spiel", "film", "audio", "bild", "foto", "karte", "buch", "text", "kurs", "software", "blog",
    "quiz", "übung",
)  # fmt: skip


@_remember
def medium_type(text: str) -> MediumType | None:
    """What kind of medium a word, a vocabulary's address or a media type names."""
    word = text.strip().lower()
    if "/" in word and "://" not in word and " " not in word:
        return next((kind for start, kind in _MIMES if word.startswith(start)), None)
    found = terms.medium_type([word])
    for part in re.split(r"[\W_]+", word) if found is None and "://" not in word else ():
        ending = next((ending for ending in _ENDINGS if part.endswith(ending)), part)
        found = found or terms.medium_type([part]) or terms.medium_type([ending])
    return found


_AGES = re.compile(r"(ab\s+)?(?<!\d)(\d{1,2})(?!\d)\s*(?:(?:-|–|bis|to)\s*(\d{1,2})?(?!\d)|(\+))?")


@_remember
def grades(ages: str) -> tuple[int, int] | None:
    """The school years of an age range (`6-10` is 1 to 4); None before school and for no age.

    Children enter at six and are a year older when they leave a year.
    """
    found = _AGES.search(ages.lower())
    if not found:
        return None
    since, youngest, oldest, plus = found.groups()
    open_end = bool(since or plus) or found[0].rstrip().endswith(("-", "–", "bis", "to"))
    first = int(youngest) - 5
    last = int(oldest) - 6 if oldest else 13 if open_end else first
    first, last = max(1, first), min(13, max(first, last))
    return (first, last) if first <= last else None


def ages(years: tuple[int, int]) -> str:
    """The age range of school years: the inverse of `grades`."""
    return f"{years[0] + 5}-{years[1] + 6}"


_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")


@_remember
def year(text: str) -> int | None:
    """The first year from 1500 to 2099 in a date or a phrase."""
    found = _YEAR.search(text)
    return int(found[1]) if found else None


_ISO_DURATION = re.compile(
    r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:[.,]\d+)?S)?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"()(?:(\d{1,3}):)?(\d{1,3}):(\d\d)(?:[.,]\d+)?")
_WORDS = re.compile(
    r"()(?:(?:ca\.|etwa|rund)\s*)?(?:(\d{1,3})\s*(?:h|std\.?|stunden?)\s*)?"
    r"(?:(\d{1,4})\s*(?:min(?:\.|uten?|utes?)?|')(?:\s+\D{0,20})?)?()",
    re.IGNORECASE,
)


@_remember
def duration(text: str) -> int | None:
    """Seconds of a playing time: `PT1H30M`, `00:31:33`, `ca. 20 min`; None for anything else."""
    text = text.strip()
    if not text or len(text) > 40:
        return None
    for form in (_ISO_DURATION, _CLOCK, _WORDS):
        if found := form.fullmatch(text):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return ((days * 24 + hours) * 60 + minutes) * 60 + seconds or None
    return None


def iso_duration(seconds: int) -> str:
    """A playing time in ISO 8601: 5400 is `PT1H30M`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "H"), (minutes, "M"), (rest, "S"))
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")
