"""What somebody wrote, apart from the mail that they answer.

Nothing is thrown away: the rest is kept beside it. Where it is not certain what is new, such as
answers between quoted lines or below them, all of it counts as new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_INTRODUCES = (
    re.compile(r"(Am|Den)\b.{4,200}\b(schrieb|hat)\b.{0,200}:$", re.IGNORECASE),
    re.compile(r"On\b.{4,300}\bwrote:$", re.IGNORECASE),
    re.compile(r"\S.{0,200}\b(schrieb am|wrote on)\b.{4,200}:$", re.IGNORECASE),
    re.compile(
        r"-{2,} ?(Original|Ursprüngliche|Weitergeleitete|Forwarded|Reply)\b.{0,60}-{2,}$",
        re.IGNORECASE,
    ),
)
_HEADERS = re.compile(r"\*?(Von|From|Gesendet|Sent|Datum|Date|An|To|Betreff|Subject)\*?:\*?\s")
_RULE = re.compile(r"_{8,}$")
_LONGEST = 500
"""Characters of a line that may introduce a quotation; others are not looked at."""
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
    plain = [line.strip() if len(line) <= _LONGEST else "x" for line in lines]
    for number, line in enumerate(plain):
        if line and any(one.match(each) for each in _folded(plain, number) for one in _INTRODUCES):
            return number
        following = plain[number + 1 : number + 5]
        if _HEADERS.match(line) and sum(bool(_HEADERS.match(one)) for one in following) >= 2:
            return number - 1 if number and _RULE.match(plain[number - 1]) else number
    return _quoted_to_the_end(lines)


def _folded(plain: Sequence[str], number: int) -> Iterator[str]:
    """This line with those after it, as far as they may end an introduction."""
    for end in range(number + 1, number + 1 + _FOLDED):
        if plain[end - 1 : end] and plain[end - 1].endswith((":", "-")):
            yield " ".join(plain[number:end])


def _quoted_to_the_end(lines: Sequence[str]) -> int | None:
    """Where the lines begin that are quotes and nothing else."""
    begin = None
    for number in range(len(lines) - 1, -1, -1):
        if _quotes(lines[number]):
            begin = number
        elif lines[number].strip():
            break
    return begin


def _quotes(line: str) -> bool:
    return line.lstrip().startswith(">")


def _answered_below(quotation: Sequence[str]) -> bool:
    """Whether somebody wrote between the quoted lines or under them."""
    quoted = False
    for line in quotation:
        if line in ("-- ", "--"):
            return False
        if _quotes(line):
            quoted = True
        elif quoted and line.strip():
            return True
    return False
