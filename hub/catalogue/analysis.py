"""German text turned into index tokens: folded, stemmed, compounds split. CPU only, no database.

What the index and a query have in common is decided here alone, so that SQLite and PostgreSQL,
which only compare tokens, cannot differ. A token is plain ASCII and begins with the letter of its
field: `t` title, `k` keywords, `d` description, `i` identifiers, `g` school years, and `a`, `b`,
`c` for the parts of compounds in the first three.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from hub.catalogue import compounds, identifiers, vocabulary
from hub.records import Identifier, Record

ANALYSER_VERSION = 2
"""Grows whenever the same text gives other tokens; a stored index of another version is rebuilt."""

TEXTS = "tkd"
"""Letters of the fields of text."""
PARTS = {"t": "a", "k": "b", "d": "c"}
"""Letter of a field → letter of the parts of compounds in it."""
BREAK = "."
"""Stands in `Analysis.tokens` where words do not follow each other in the text."""

_MAX_WORDS = 2_000
_CACHED = 20_000
_WORD = re.compile(r"[^\W_]{1,100}")
"""What is longer is no word, and counts in pieces: PostgreSQL refuses one of 2,047 bytes, and with
it the whole page of records in which it stands."""
_GENDERED = re.compile(r"[*:_/·](?<=\w.)(?=in(?:nen)?\b)", re.IGNORECASE)
_LATIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "å": "a", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_GRADES = {"grundschule": (1, 4), "sekundarstufe_1": (5, 10), "sekundarstufe_2": (11, 13)}
"""Level → first and last school year, of what names no years itself."""
_STOP = frozenset(
    """ab aber alle allem allen aller alles als also am an ander andere anderem anderen anderer
    anderes auch auf aus bei beim bin bis bist da dabei dadurch dafuer damit dann das dass davon
    dazu dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch
    dort du durch ein eine einem einen einer eines er es etwas euch euer eure fuer gegen hab habe
    haben hat hatte hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in ins ist ja
    jede jedem jeden jeder jedes jetzt kann kein keine koennen man mein meine mit muss nach nicht
    nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seines sich sie sind so
    soll ueber um und uns unser unsere unter vom von vor war waren warum was weil welche welcher
    wenn wer werden wie wir wird wo wurde wurden zu zum zur zwischen
    a and are at by for from is it of on or that the this to with""".split()
)


class Analysis(NamedTuple):
    """What the index keeps of a record's text; small and picklable."""

    tokens: str
    """Tokens in the order of the text, separated by spaces; parts of compounds at the end."""
    words: tuple[str, ...]
    """Words as written, lower-case: the vocabulary for "Meinten Sie" and completion."""


class Word(NamedTuple):
    """A word of a text or a query, without field letter."""

    stem: str
    parts: tuple[str, ...]
    """Stems of its parts; the stem itself where the word is no compound."""
    stop: bool
    """Says nothing alone: kept in titles only."""


def words(text: str) -> list[str]:
    """The words of a text in lower case; `Lehrer:innen` and `LehrerInnen` are `lehrerinnen`."""
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(_GENDERED.sub("", text).lower())


@functools.lru_cache(maxsize=_CACHED)
def word(written: str) -> Word:
    """What a word (one of `words`) is to the index."""
    folded = fold(written)
    if not (folded.isascii() and folded.isalnum()):
        # Other scripts are kept as they are, in letters that every database tokenises alike.
        stem = "u" + written.encode().hex()
        return Word(stem, (stem,), False)
    if folded.isdigit():
        stem = folded.lstrip("0") or "0"
        return Word(stem, (stem,), False)
    stem = _stem(folded)
    parts = tuple(dict.fromkeys(map(_stem, compounds.parts().split(folded))))
    return Word(stem, parts if len(parts) > 1 else (stem,), folded in _STOP)


def fold(written: str) -> str:
    """Lower-case text with ae, oe, ue, ss for ä, ö, ü, ß and without other diacritics."""
    if written.isascii():
        return written
    folded = written.translate(compounds.fold)
    if folded.isascii():
        return folded
    plain = unicodedata.normalize("NFKD", folded.translate(_LATIN))
    return "".join(c for c in plain if not unicodedata.combining(c))


def analyse(record: Record) -> Analysis:
    """The index tokens of a record; the same for the same text, whichever site it came from."""
    vocabulary_words: dict[str, None] = {}
    fields = (
        (_TITLE, (record.title,), True),
        (_KEYWORDS, (record.subtitle, record.series, *record.keywords), True),
        (_KEYWORDS, (*record.creators, *record.publishers), False),
        (_DESCRIPTION, (record.description, record.place, *record.details.values()), False),
    )
    tokens: list[str] = []
    parts: dict[str, None] = {}
    for field, texts, is_vocabulary in fields:
        for text in texts:
            if text:
                found = words(text)[:_MAX_WORDS]
                if is_vocabulary:
                    vocabulary_words.update(dict.fromkeys(found))
                tokens += filter(None, map(field.__getitem__, found))
                tokens.append(BREAK)
                parts.update(dict.fromkeys(filter(None, map(field.parts.get, found))))
    tokens += parts
    tokens += _category_tokens(
        record.kind.value,
        record.medium_type.value if record.medium_type else "",
        record.carrier.value if record.carrier else "",
        record.subjects,
        record.levels,
        record.competences,
    )
    tokens += _grade_tokens(record.grades, record.levels)
    tokens += identifier_tokens((i.scheme, i.value) for i in record.identifiers)
    return Analysis(
        " ".join(tokens), tuple(w for w in vocabulary_words if len(w) > 3 and w.isalpha())
    )


def grade_token(grade: int) -> str:
    """The token of a school year."""
    return f"g{grade}"


def identifier_tokens(named: Iterable[tuple[str, str]]) -> list[str]:
    """Tokens of identifiers, whatever way they are written; see `hub.catalogue.identifiers`."""
    found: dict[str, None] = {}
    for scheme, value in named:
        key = identifiers.key(Identifier(scheme, value))
        if key is not None:
            found["i" + _compact(key)] = None
        if scheme in ("medium", "parallel"):  # without its provider
            digits = re.sub(r"\D", "", value).lstrip("0")
            if len(digits) > 3:
                found["in" + digits] = None
    return list(found)


def typed_identifier(text: str) -> list[str]:
    """The tokens of what may be an identifier, typed without saying which kind."""
    schemes = ("medium", "isbn", "doi", "url")
    return identifier_tokens((scheme, text) for scheme in schemes)


def _compact(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(key.lower()))[:200]


def _stem(folded: str) -> str:
    """Snowball, and one stem for singular and plural of Latin and foreign words.

    Museum, Museen; Thema, Themen; Virus, Viren; Kamera, Kameras.
    """
    stem: str = compounds.stemmer().stemWord(folded)
    if len(stem) > 4:
        if stem.endswith("s") and stem[-2] in "aioy":
            stem = stem[:-1]
        if stem.endswith("um") and stem[-3:-2] != "a" and not _GERMAN_UM.search(stem):
            return stem[:-2]
        if stem.endswith("us") and stem[-3] != "a":
            return stem[:-2]
        if stem.endswith("a"):
            return stem[:-1]
    return stem


_GERMAN_UM = re.compile(r"[^aeiou]tum$")  # Wachstum, Eigentum


class _Field(dict[str, str]):
    """Word as written → token with the field's letter, filled as words come; empty is left out."""

    def __init__(self, letter: str, *, keeps_stop_words: bool = False) -> None:
        super().__init__()
        self.letter = letter
        self.keeps_stop_words = keeps_stop_words
        self.parts: dict[str, str] = {}
        """Compounds only: the tokens of the parts, each a text of its own."""

    def __missing__(self, written: str) -> str:
        if len(self) >= _CACHED:
            self.clear()
            self.parts.clear()
        known = word(written)
        token = "" if known.stop and not self.keeps_stop_words else self.letter + known.stem
        if len(known.parts) > 1:
            letter = PARTS[self.letter]
            self.parts[written] = f" {BREAK} ".join(letter + part for part in known.parts)
        self[written] = token
        return token


_TITLE = _Field("t", keeps_stop_words=True)
_KEYWORDS = _Field("k")
_DESCRIPTION = _Field("d")


@functools.lru_cache(maxsize=_CACHED)
def _category_tokens(
    kind: str,
    medium_type: str,
    carrier: str,
    subjects: tuple[str, ...],
    levels: tuple[str, ...],
    competences: tuple[str, ...],
) -> tuple[str, ...]:
    """The names of a record's codes, so that "Film Biologie" finds what is nowhere called so."""
    coded = [
        ("kind", kind),
        ("medium_type", medium_type),
        ("carrier", carrier),
        *(("subject", code) for code in subjects),
        *(("level", code) for code in levels),
        *(("competence", code) for code in competences),
    ]
    tokens: dict[str, None] = {}
    for facet, code in coded:
        for name in vocabulary.names(facet, code):
            for written in words(name):
                known = word(written)
                if not known.stop:
                    tokens.update(dict.fromkeys("d" + s for s in (known.stem, *known.parts)))
    # Breaks keep a phrase from matching across names.
    return tuple(t for token in tokens for t in (BREAK, token))


@functools.lru_cache(maxsize=_CACHED)
def _grade_tokens(grades: tuple[int, int] | None, levels: tuple[str, ...]) -> tuple[str, ...]:
    """The school years for which it is made, or those of its levels."""
    spans = (grades,) if grades else filter(None, map(_GRADES.get, levels))
    years = {year for first, last in spans for year in range(first, last + 1)}
    return tuple(map(grade_token, sorted(years)))
