"""What a person typed, taken apart. Nothing that is typed is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.catalogue import analysis

MAX_TERMS = 12
"""Further terms are ignored: no question is that precise, and each costs a look-up."""

_CHUNK = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
_MINUS = re.compile(r"(?<!\S)[−–]")
_QUOTES = str.maketrans("„“”«»‟", '""""""')


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase; a phrase is matched as it stands, without looking into compounds."""

    text: str
    """As typed."""
    words: tuple[str, ...]
    excluded: bool = False
    phrase: bool = False

    @property
    def stems(self) -> tuple[str, ...]:
        """What must be found, all of it: the parts of a compound, or the words of a phrase."""
        known = map(analysis.word, self.words)
        if self.phrase:
            return tuple(word.stem for word in known if not word.stop)
        return tuple(dict.fromkeys(part for word in known for part in word.parts))

    @property
    def whole(self) -> str | None:
        """The stem of a single word, where finding it undivided is better than its parts."""
        if self.phrase or len(self.words) != 1:
            return None
        word = analysis.word(self.words[0])
        return word.stem if len(word.parts) > 1 else None

    @property
    def number(self) -> tuple[str, ...]:
        """Index tokens of a media number typed among other words."""
        if not self.phrase and len(self.words) == 1 and self.words[0].isdigit():
            return tuple(analysis.typed_identifier(self.words[0]))
        return ()

    @property
    def patterns(self) -> tuple[str, ...]:
        """What the stored tokens of a work contain where they contain the phrase, by field.

        Titles keep their stop words, the other fields do not.
        """
        known = list(map(analysis.word, self.words))
        titled = " ".join("t" + word.stem for word in known)
        others = (" ".join(f + w.stem for w in known if not w.stop) for f in "kd")
        return tuple(f" {pattern} " for pattern in (titled, *others) if pattern)


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a query in order.

    Words that say nothing (`der`, `und`) are left out, unless nothing else was typed: then they
    are looked for in titles.
    """
    terms = list(_terms(text))
    telling = [t for t in terms if any(not analysis.word(word).stop for word in t.words)]
    return tuple((telling or [t for t in terms if not t.excluded])[:MAX_TERMS])


def only_stop_words(terms: tuple[Term, ...]) -> bool:
    """True where `parse` kept stop words because there was nothing else."""
    return all(analysis.word(word).stop for term in terms for word in term.words)


def _terms(text: str) -> Iterator[Term]:
    plain = _MINUS.sub("-", text.translate(_QUOTES))
    for minus, quoted, bare in _CHUNK.findall(plain):
        excluded = bool(minus)
        if bare:
            for word in analysis.words(bare):
                yield Term(word, (word,), excluded)
        elif words := tuple(analysis.words(quoted)):
            yield Term(f'"{quoted.strip()}"', words, excluded, phrase=True)
