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
_ORDINAL = re.compile(r"([1-3])\.")
_ORDINALS = {"1": "erst", "2": "zweit", "3": "dritt"}
"""Number with its point → stem of its word: 2. Weltkrieg is Zweiter Weltkrieg."""
_NUMBERS = {stem: number for number, stem in _ORDINALS.items()}
_GRADE_WORDS = frozenset(
    """jahrgang jahrgangsstufe jahrgangsstufen jg kl klasse klassen klassenstufe klassenstufen
    schuljahr""".split()
)
_LAST_GRADE = 13
_I = frozenset("ich mich mir uns wir".split())
_SPOKEN = frozenset(
    """benoetige benoetigen bitte brauche brauchen braeuchte finde finden gerne gibt hilfe moechte
    moechten passend passende passenden passendes suche suchen thema waere wuerde zeigen""".split()
)
"""What a sentence says of the person who looks for something."""
_QUOTES = str.maketrans("„“”«»‟", '""""""')


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase; a phrase is matched as it stands, without looking into compounds."""

    text: str
    """As typed."""
    words: tuple[str, ...]
    excluded: bool = False
    phrase: bool = False
    grades: tuple[int, ...] = ()
    """School years, any of which is meant."""
    ordinal: bool = False
    """Typed with a point behind it: `2.`"""

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
    def others(self) -> tuple[str, ...]:
        """Index tokens any of which finds it too: a media number typed among other words, a
        compound as it stands (Bruchrechnen has other parts than Bruchrechnung, and the same
        stem), a number for its word, a school year."""
        if self.grades:
            return tuple(map(analysis.grade_token, self.grades))
        if self.phrase or len(self.words) != 1:
            return ()
        stem = analysis.word(self.words[0]).stem
        numbers = analysis.typed_identifier(stem) if stem.isdigit() else ()
        other = _ORDINALS.get(stem if self.ordinal else "") or _NUMBERS.get(stem)
        ordinals = ("t" + other, "k" + other) if other else ()
        undivided = tuple(field + stem for field in analysis.TEXTS) if self.whole else ()
        return (*undivided, *ordinals, *numbers)

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
    terms = _without_speaker(list(_with_grades(list(_terms(text)))))
    telling = [t for t in terms if any(not analysis.word(word).stop for word in t.words)]
    return tuple((telling or [t for t in terms if not t.excluded])[:MAX_TERMS])


def only_stop_words(terms: tuple[Term, ...]) -> bool:
    """True where `parse` kept stop words because there was nothing else."""
    return all(analysis.word(word).stop for term in terms for word in term.words)


def _terms(text: str) -> Iterator[Term]:
    plain = _MINUS.sub("-", text.translate(_QUOTES))
    for minus, quoted, bare in _CHUNK.findall(plain):
        excluded = bool(minus)
        if _ORDINAL.fullmatch(bare):
            yield Term(bare, (bare[0],), excluded, ordinal=True)
        elif bare:
            for word in analysis.words(bare):
                yield Term(word, (word,), excluded)
        elif words := tuple(analysis.words(quoted)):
            yield Term(f'"{quoted.strip()}"', words, excluded, phrase=True)


def _with_grades(terms: list[Term]) -> Iterator[Term]:
    """With `Klasse 5`, `5. Klasse` and `Klassen 5-6` as one term each."""
    at = 0
    while at < len(terms):
        after = at + 1
        if _names_grades(terms[at]):
            while after < len(terms) and _grade(terms[after]) > _grade(terms[after - 1]):
                after += 1
        elif _grade(terms[at]) and after < len(terms) and _names_grades(terms[after]):
            after += 1
        merged = terms[at:after]
        at = after
        if len(merged) == 1:
            yield merged[0]
            continue
        grades = [grade for grade in map(_grade, merged) if grade]
        yield Term(
            " ".join(term.text for term in merged),
            tuple(word for term in merged for word in term.words),
            merged[0].excluded,
            grades=tuple(range(grades[0], grades[-1] + 1)),
        )


def _names_grades(term: Term) -> bool:
    return not term.phrase and term.words[0] in _GRADE_WORDS


def _grade(term: Term) -> int:
    """The school year that the term may be, else 0."""
    word = term.words[0]
    known = not term.phrase and word.isascii() and word.isdigit() and len(word) < 3
    return int(word) if known and int(word) <= _LAST_GRADE else 0


def _without_speaker(terms: list[Term]) -> list[Term]:
    """Of a sentence in the first person what it is about: `Ich suche einen Film über Bienen`."""
    if not any(_I.intersection(term.words) for term in terms):
        return terms
    about = [t for t in terms if t.phrase or analysis.fold(t.words[0]) not in _SPOKEN]
    return about if any(not analysis.word(t.words[0]).stop for t in about) else terms
