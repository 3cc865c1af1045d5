"""In which language a short text is written, if its small words leave no doubt."""

from __future__ import annotations

import re

_SMALL_WORDS = {
    "de": "der die das und ist ein eine einer den dem des mit für von zu im auf nicht sich werden "
    "wird sind durch bei aus zum zur wie oder als auch hier nach über können kann einem einen",
    "en": "the and of to is in a an for with on are this that by from be as or at which can it "
    "their how into used has have will",
    "es": "el la los las de y en que un una del para con por se es como su más al este esta entre "
    "sobre son lo sus o",
    "fr": "le la les des et en que un une du pour avec par est dans sur ce cette sont au aux qui "
    "plus ou leur se",
}
_LETTERS = {"de": "äöüß", "en": "", "es": "ñáíóú", "fr": "çèêàœ"}
_SIGNS = tuple(
    (code, frozenset(words.split()), frozenset(_LETTERS[code]))
    for code, words in _SMALL_WORDS.items()
)
_WORD = re.compile(r"[^\W\d_]+")
LEAST = 3
"""Small words or letters of the language that must be there, and twice as many as of any other."""


def guess(*texts: str) -> str:
    """`de`, `en`, `es`, `fr`, or "" where it cannot be said with some certainty."""
    words = [word.casefold() for text in texts for word in _WORD.findall(text[:4_000])]
    counts = sorted(
        (
            (sum(word in known or not letters.isdisjoint(word) for word in words), code)
            for code, known, letters in _SIGNS
        ),
        reverse=True,
    )
    (most, code), (next_most, _) = counts[0], counts[1]
    return code if most >= LEAST and most >= 2 * next_most else ""
