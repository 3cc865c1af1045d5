"""Character 3- and 4-grams, weighed by how rare they are in the catalogue (TF-IDF)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from math import log, sqrt
from zlib import crc32

SAMPLE = 20_000
"""Texts that a model is fitted to; more change little."""
_CACHED = 4_000

Vector = dict[str, float]


class Model:
    """How often n-grams and words occur in a sample of the catalogue."""

    def __init__(self, texts: int, grams: Mapping[str, int], words: Mapping[str, int]) -> None:
        self.texts = texts
        self._grams, self._words = grams, words
        # Smoothed by one: in a small catalogue nearly everything is frequent.
        most = 1 + log(1 + max(texts, 1))
        self._rarest = most
        self._weights = {gram: most - log(1 + count) for gram, count in grams.items()}
        self._word_weights = {word: most - log(1 + count) for word, count in words.items()}
        self._vectors: dict[str, Vector] = {}

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Model:
        """Count n-grams and words; what occurs once is as good as unknown and left out."""
        grams: Counter[str] = Counter()
        words: Counter[str] = Counter()
        number = 0
        for text in texts:
            number += 1
            grams.update(set(ngrams(text)))
            words.update(set(text.split()))
        return cls(number, *({k: n for k, n in c.items() if n > 1} for c in (grams, words)))

    def dump(self) -> str:
        return json.dumps({"texts": self.texts, "grams": self._grams, "words": self._words})

    @classmethod
    def load(cls, text: str) -> Model:
        """The model that `dump` wrote."""
        data = json.loads(text)
        return cls(data["texts"], data["grams"], data["words"])

    def weight(self, gram: str) -> float:
        return self._weights.get(gram, self._rarest)

    def word_weight(self, word: str) -> float:
        return self._word_weights.get(word, self._rarest)

    def knows(self, word: str) -> bool:
        """Whether several records have the word: what is written once may be a slip."""
        return word in self._words

    def vector(self, text: str) -> Vector:
        """The text as a vector of length 1; must not be changed."""
        known = self._vectors.get(text)
        if known is None:
            if len(self._vectors) >= _CACHED:
                self._vectors.clear()
            known = self._vectors[text] = self._vector(text)
        return known

    def _vector(self, text: str) -> Vector:
        weights, rarest = self._weights, self._rarest
        found = {
            gram: count * weights.get(gram, rarest) for gram, count in Counter(ngrams(text)).items()
        }
        length = sqrt(sum(value * value for value in found.values())) or 1.0
        return {gram: value / length for gram, value in found.items()}

    def rare(self, text: str, count: int) -> list[str]:
        """The rarest 4-grams of a text; equally rare ones in an order that is the same everywhere,
        so that two texts that share such n-grams choose the same."""
        padded = f" {text} "
        grams = {padded[i : i + 4] for i in range(max(len(padded) - 3, 1))}
        return sorted(grams, key=lambda g: (-self.weight(g), crc32(g.encode())))[:count]


def ngrams(text: str) -> list[str]:
    padded = f" {text} "
    last = len(padded)
    return [padded[i : i + 3] for i in range(last - 2)] + [
        padded[i : i + 4] for i in range(last - 3)
    ]


def cosine(one: Vector, other: Vector) -> float:
    """0 (nothing in common) to 1 (the same)."""
    # Rounded, because the order in which a set gives its members, and so the sum, may vary.
    return round(sum([one[gram] * other[gram] for gram in one.keys() & other.keys()]), 6)
