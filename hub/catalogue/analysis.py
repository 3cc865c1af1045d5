"""German text turned into index tokens: folded, stemmed, compounds split. CPU only, no database."""

from __future__ import annotations

from dataclasses import dataclass

from hub.records import Record

ANALYSER_VERSION = 1
"""Grows whenever the same text gives other tokens; a stored index of another version is rebuilt."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the index keeps of a record's text; small and picklable."""

    tokens: str
    """ASCII tokens separated by spaces, each led by the letter of its field (t, k, d, i)."""
    words: tuple[str, ...]
    """Words as written, lower-case: the vocabulary for "Meinten Sie" and completion."""


def analyse(record: Record) -> Analysis:
    """The index tokens of a record; the same for the same text, whichever site it came from."""
    return Analysis(tokens="", words=())
