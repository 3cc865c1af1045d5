"""Ids of schools in all their spellings, read into one.

A login service, a licence and a school list name the same school differently: `DE-NW-100012`
(VIDIS), `NI_12345` (Schulconnex), `DE-MV-SN-51201` (the number marked as Schulnummer),
`DE-SN-Schullogin.8171` (the id of a named system of the Land), or the bare number. Numbers are
unique within their Land only, and their leading zeros count.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 64
"""Characters of an id; anything longer is none."""
LAENDER = frozenset("BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH".split())
"""ISO 3166-2 codes of the Länder, without `DE-`."""

_OTHER_NAMES = {"NRW": "NW", "NDS": "NI"}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−_/"), "-")
_PREFIXED = re.compile(r"(?:DE-)?([A-Z]{2,3})-(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"(?:SN-)?([0-9]{3,12})", re.IGNORECASE)
_OF_A_SYSTEM = re.compile(r"([A-Z][A-Z0-9]{1,29})\.([A-Z0-9]{1,30})", re.IGNORECASE)
_BARE = {"NW": re.compile(r"[0-9]{6}")}
"""What a bare number must look like to be taken for one of this Land."""


class NotASchoolId(ValueError):
    """The text cannot be the id of a school; the message says why."""


@dataclass(frozen=True, slots=True)
class SchoolId:
    """A school: its Land (empty: not known), and its number there or its id in `system`."""

    land: str
    number: str
    system: str = ""
    """Lower-case name of the Land's system whose id this is; empty for the Schulnummer."""

    def __str__(self) -> str:
        own = f"{self.system}.{self.number}" if self.system else self.number
        return f"DE-{self.land}-{own}" if self.land else own


def parse(text: object, land: str = "NW") -> SchoolId:
    """Read an id in any spelling; raises `NotASchoolId`.

    A bare number is taken for one of `land` when it looks like one of its; otherwise its Land
    stays unknown, so that a number from elsewhere never names a school here.
    """
    if not isinstance(text, str):
        raise NotASchoolId("A school id is a text.")
    if len(text) > LONGEST:
        raise NotASchoolId(f"A school id has at most {LONGEST} characters.")
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).translate(_DASHES)
    prefixed = _PREFIXED.fullmatch(plain)
    if prefixed:
        name = prefixed[1].upper()
        name = _OTHER_NAMES.get(name, name)
        if name not in LAENDER:
            raise NotASchoolId(f"{name} is no Land.")
        return _in_land(name, prefixed[2])
    if not _NUMBER.fullmatch(plain):
        raise NotASchoolId("A school id is a number, with or without its Land: DE-NW-100012.")
    number = _in_land("", plain).number
    shape = _BARE.get(land)
    return SchoolId(land if shape is None or shape.fullmatch(number) else "", number)


def known(text: object, land: str = "NW") -> SchoolId | None:
    """As `parse`, but None where the text is no school id."""
    try:
        return parse(text, land)
    except NotASchoolId:
        return None


def _in_land(land: str, text: str) -> SchoolId:
    if number := _NUMBER.fullmatch(text):
        return SchoolId(land, number[1])
    if own := _OF_A_SYSTEM.fullmatch(text):
        return SchoolId(land, own[2].upper(), own[1].lower())
    raise NotASchoolId("After the Land stands a number, or the name of a system and its id.")


def mail_address(school: SchoolId) -> str:
    """The address that every school of North Rhine-Westphalia has, empty for other schools.

    Only the school itself reads it, which makes it a channel to verify who speaks for a school.
    """
    if school.land != "NW" or school.system or not _BARE["NW"].fullmatch(school.number):
        return ""
    return f"{school.number}@schule.nrw.de"
