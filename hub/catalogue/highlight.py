"""Where in a text the words of a query are; plain positions, the page marks them."""

from __future__ import annotations

import re

from hub.catalogue import analysis

_WORD = re.compile(r"[^\W_]+")


def marks(text: str, terms: frozenset[str]) -> tuple[tuple[int, int], ...]:
    """Half-open character ranges of the words in `text` that the query found, in order."""
    if not terms:
        return ()
    return tuple(
        match.span()
        for match in _WORD.finditer(text)
        for word in map(analysis.word, analysis.words(match[0])[:1])
        if word.stem in terms or not terms.isdisjoint(word.parts)
    )


def snippet(text: str, terms: frozenset[str], length: int = 240) -> str:
    """The stretch of `text` with the most found words, cut at words; plain text, to be marked."""
    if len(text) <= length:
        return text
    found = marks(text, terms)
    start = 0
    if found and found[-1][1] > length:
        # Windows that begin shortly before a found word; the first of the best ones.
        begins = [max(0, begin - length // 5) for begin, _ in found]
        start = max(begins, key=lambda at: sum(at <= b and e <= at + length for b, e in found))
    end = start + length
    if start > 0:
        start = text.find(" ", start) + 1 or start
    if end < len(text):
        cut = text.rfind(" ", start, end)
        end = cut if cut > start else end
    return ("… " if start else "") + text[start:end].strip() + (" …" if end < len(text) else "")
