"""What somebody wrote, apart from the mail that they answer.

Nothing is thrown away: the rest is kept beside it. Where it is not certain what is new, such as
answers between quoted lines or below them, all of it counts as new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_QUOTES = re.compile(r"\s*>")
_INTRODUCES = (
    re.compile(r"\s*>?\s*(Am|Den)\b.{4,200}\b(schrieb|hat)\b.{0,200}:\s*$", re.IGNORECASE),
    re.compile(r"\s*>?\s*On\b.{4,300}\bwrote:\s*$", re.IGNORECASE),
    re.compile(r"\s*\S.{0,200}\b(schrieb am|wrote on)\b.{4,200}:\s*$", re.IGNORECASE),
    re.compile(
        r"\s*-{2,}\s*(Original|Ursprüngliche|Weitergeleitete|Forwarded|Reply)\b.{0,60}-{2,}\s*$",
        re.IGNORECASE,
    ),
)
_HEADERS = re.compile(r"\s*\*?(Von|From|Gesendet|Sent|Datum|Date|An|To|Betreff|Subject)\*?:\*?\s")
_RULE = re.compile(r"\s*_{8,}\s*$")
_FOLDED = 3
"""Lines over which a mail program may break its introduction."""


def cut(text: str) -> tuple[str, str]:
    """What is new, and the rest: what it quotes of the mail before, and the signature."""
    lines = text.split("\n")
    at = _quotation(lines)
    if at is None or _answered_below(lines[at:]):
        at = len(lines)
    for number, line in enumerate(lines[:at]):
        if line in ("-- ", "--") and number:
            at = number
            break
    new, rest = "\n".join(lines[:at]).strip(), "\n".join(lines[at:]).strip()
    return (new, rest) if new else (text.strip(), "")


def _quotation(lines: Sequence[str]) -> int | None:
    """Where the mail that is answered begins."""
    for number, line in enumerate(lines):
        folded = [" ".join(lines[number : number + count]) for count in range(1, _FOLDED + 1)]
        if line.strip() and any(one.match(each) for one in _INTRODUCES for each in folded):
            return number
        following = [one for one in lines[number + 1 : number + 5] if one.strip()]
        if _HEADERS.match(line) and sum(bool(_HEADERS.match(one)) for one in following) >= 2:
            above = number - 1 if number and _RULE.match(lines[number - 1]) else number
            return above
        if _QUOTES.match(line) and all(_QUOTES.match(one) for one in lines[number:] if one.strip()):
            return number
    return None


def _answered_below(quotation: Sequence[str]) -> bool:
    """Whether somebody wrote between the quoted lines or under them."""
    quoted = False
    for line in quotation:
        if line in ("-- ", "--"):
            return False
        if _QUOTES.match(line):
            quoted = True
        elif quoted and line.strip():
            return True
    return False
