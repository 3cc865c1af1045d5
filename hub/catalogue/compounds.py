"""German compounds: `wassertiere` is `wasser` and `tiere`.

Which words form compounds is counted once in simplemma's German word list (`python -m
hub.catalogue.compounds` does it, in a process of its own because the list is large) and kept in
the cache folder as two small tables: how many nouns begin with a modifier (`klassen…`,
`arbeits…`), and how many end with a head (`…satz`). Words are in folded spelling (ae, oe, ue, ss).
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from math import log
from pathlib import Path
from typing import Any

import snowballstemmer

_FORMAT = 1
_FEWEST = 2  # nouns that must share a modifier or a head
_EVIDENCE = log(60)  # modifier count times head count that makes a split believable
_SHORTEST = 7  # letters of a compound
_OWN_WORD = 60  # a head this frequent is a word of its own: Unterricht is no Unter-Richt

_SHORT = frozenset(
    """abi akt alt amt app arm art ast bad bau bio box bus dom eis erd erz fee fuss gas gen hof hut
    job kuh mai mut neu not oeko ohr ost rad rat rot see ski sued tag tal tee tod ton tor tuer uhr
    uni wal weg web zoo zug""".split()
)
"""Three letters are rarely a part of a compound; these are."""
_NO_MODIFIERS = frozenset(
    """auch aus ausser bei dar durch ein end ent fort gegen her hin hinter los mit miss nach nachts
    neben nieder ober sch ueber unter vor weiter wider wieder zer zurueck zusammen
    zwischen""".split()
)
"""Prefixes: they change a verb's meaning, nobody searches for them."""
_NO_HEADS = frozenset(
    """ade ale ationen chen elles eln enden endes erei erin erinnen ern este graph graphie heit
    ieren ierung iker innen ion ische ismus ist isten itaet itz keit lein ler lich ling logie
    losere nis rei ren sal schaft sen sende tein tern tion tum ung""".split()
)
"""Endings that the word list takes for nouns."""
_OURS = tuple(
    """app beamer bildung cyber dokument elektro green interview koffer kompetenz lern mediathek
    mikrofon mobbing multimedia notebook laptop podcast rahmen roboter scout screen set smartphone
    tablet training video workshop zeitzeuge""".split()
)
"""Words of media centres that form compounds although the list has few of them."""

fold = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
"""Translation of lower-case German into the spelling used here."""


@functools.cache
def stemmer() -> Any:
    """Snowball for German (PyStemmer where installed); takes ae, oe, ue for ä, ö, ü."""
    return snowballstemmer.stemmer("german")


@dataclass(frozen=True, slots=True)
class Parts:
    """Modifiers with their count and dictionary form; stems of heads with their count."""

    modifiers: dict[str, tuple[int, str]]
    heads: dict[str, int]

    def split(self, word: str) -> tuple[str, ...]:
        """The parts of a folded word, modifiers in dictionary form; itself if it has none."""
        if len(word) < _SHORTEST or self.heads.get(_stem(word), 0) >= _OWN_WORD:
            return (word,)
        best: tuple[float, str, str] | None = None
        compound_heads: list[tuple[str, str]] = []
        for cut in range(3, len(word) - 2):
            found = self.modifiers.get(word[:cut])
            head = word[cut:]
            if found is None or head in _NO_HEADS or (len(head) == 3 and head not in _SHORT):
                continue
            count = self.heads.get(_stem(head))
            if count is None:
                compound_heads.append((found[1], head))
                continue
            evidence = log(found[0]) + log(count)
            if evidence >= _EVIDENCE and (best is None or evidence > best[0]):
                best = evidence, found[1], head
        if best is not None:
            return (*self.split(best[1]), *self.split(best[2]))
        # The head may be no listed word but a compound: Medien-(Kompetenz-Rahmen).
        for modifier, head in compound_heads:
            inner = self.split(head)
            if len(inner) > 1:
                return (*self.split(modifier), *inner)
        return (word,)


@functools.cache
def parts() -> Parts:
    """The tables, from the cache folder or counted now (some seconds, once per machine)."""
    file = _cache_file()
    try:
        text = file.read_text("ascii")
    except OSError:
        text = subprocess.run(
            [sys.executable, "-m", __name__], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        with suppress(OSError):  # without a folder to write to, every process counts anew
            _store(file, text)
    data = json.loads(text)
    return Parts({m: (count, base) for m, count, base in data["modifiers"]}, data["heads"])


def _cache_file() -> Path:
    versions = f"{_FORMAT}-{version('simplemma')}-{version('snowballstemmer')}"
    # One for all databases of this user, so that no test or second hub counts again.
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "medienzentren-hub" / f"compounds-{versions}.json"


def _store(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as new:
        new.write(text)
    os.replace(new.name, file)


def _stem(word: str) -> str:
    return stemmer().stemWord(word)  # type: ignore[no-any-return]


def _count() -> dict[str, Any]:
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    nouns: set[str] = set()
    others: set[str] = set()
    for word in DefaultDictionaryFactory().get_dictionary("de").values():
        if len(word) >= 3 and word.isalpha():
            is_noun = word[0].isupper() and word[1:].islower()
            (nouns if is_noun else others).add(word.lower().translate(fold))
    base_of: dict[str, str | None] = {}
    modifiers: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    for word in nouns:
        for cut in range(3, len(word) - 2):
            modifier, head = word[:cut], word[cut:]
            if head not in nouns:
                continue
            if modifier not in base_of:
                base_of[modifier] = _dictionary_form(modifier, nouns, others)
            if base_of[modifier]:
                modifiers[modifier] += 1
                heads[head] += 1
    for word in _OURS:
        for form in (word, word + "s", word + "n", word + "en"):
            modifiers[form] += _OWN_WORD
            base_of[form] = word
        heads[word] += _OWN_WORD
    stems: Counter[str] = Counter()
    for head, count in heads.items():
        if head not in _NO_HEADS and (len(head) > 3 or head in _SHORT):
            stems[_stem(head)] += count
    return {
        "modifiers": sorted(
            (m, count, base_of[m])
            for m, count in modifiers.items()
            if count >= _FEWEST and m not in _NO_MODIFIERS and (len(m) > 3 or m in _SHORT)
        ),
        "heads": {stem: count for stem, count in sorted(stems.items()) if count >= _FEWEST},
    }


def _dictionary_form(modifier: str, nouns: set[str], others: set[str]) -> str | None:
    """`klassen` → `klasse`, `arbeits` → `arbeit`, `schul` → `schule`, `medien` → `medium`."""
    if modifier in nouns or modifier in others:
        return modifier
    for cut_off in ("e", "en"):
        if modifier + cut_off in nouns or modifier + cut_off in others:
            return modifier + cut_off
    for link in ("s", "n", "en", "es", "e", "er"):
        if modifier.endswith(link) and modifier[: -len(link)] in nouns:
            return modifier[: -len(link)]
    if modifier.endswith("en"):
        for latin in ("um", "a", "us"):
            if modifier[:-2] + latin in nouns:
                return modifier[:-2] + latin
    return None


if __name__ == "__main__":
    json.dump(_count(), sys.stdout)
