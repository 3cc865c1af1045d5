"""A site's mapping: which words of a source fill which of our fields, and what they mean there.

Words are what a source says, as text, by the name that it gives them: the columns of a table, the
elements of a feed. Codes are ours (`hub.records`). Pure: the sync, the plugins and the preview of
the page use the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from hub.formats import fieldtexts, terms
from hub.formats.table import ACCESS
from hub.formats.text import line
from hub.records import Carrier, Kind, MediumType, Record

Words = Mapping[str, tuple[str, ...]]

KEEP, OMIT, REJECT = "keep", "omit", "reject"
UNKNOWN = (KEEP, OMIT, REJECT)
"""What becomes of a word that the mapping does not name: the hub reads it as it would without a
mapping, and what it does not know stays a keyword; it is left out; its record is rejected."""

LISTS = ("subjects", "levels", "audiences", "competences", "keywords")
SINGLES = ("kind", "medium_type", "carrier")
CODED = (*SINGLES, *LISTS)
"""Fields that hold codes or keywords."""
FILLED = (*CODED, *fieldtexts.FIELDS)
"""Fields that the hub itself fills from the words of a change. Of a plugin that reads words by
itself (`mapping_record`) it fills `CODED` only."""


@dataclass(frozen=True)
class Rule:
    """How one of our fields is filled."""

    field: str
    sources: tuple[str, ...] = ()
    """Columns or elements; the words of all of them count."""
    fixed: str = ""
    """The text or code where these say nothing."""
    separator: str = ""
    """Parts one text into several words; empty: each text is one word."""
    values: tuple[tuple[str, str], ...] = ()
    """Word and what it means; an empty meaning leaves the word out."""
    unknown: str = KEEP

    @cached_property
    def meanings(self) -> Mapping[str, str]:
        return {folded(word): meaning for word, meaning in self.values}

    def words(self, words: Words) -> tuple[str, ...]:
        """What the source says for this field, word by word, each once."""
        return tuple(
            dict.fromkeys(
                word
                for source in self.sources
                for text in words.get(source, ())
                for word in parted(text, self.separator)
            )
        )


@dataclass(frozen=True)
class FieldMap:
    """A mapping. Without any rule everything is read as the plugin reads it by itself."""

    rules: tuple[Rule, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def rule(self, field: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.field == field), None)


EMPTY = FieldMap()


class Unmapped(ValueError):
    """A word whose record is to be rejected while nobody says what it means."""


def folded(word: str) -> str:
    """For comparison: without case and doubled blanks."""
    return " ".join(word.split()).casefold()


def parted(text: str, separator: str) -> tuple[str, ...]:
    parts = text.split(separator) if separator else (text,)
    return tuple(word for part in parts if (word := line(part)))


def translated(rule: Rule, words: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the named words mean, and those that nobody names and that are kept.

    Raises `Unmapped` where a word is not named and its record is to be rejected.
    """
    meanings = rule.meanings
    found: dict[str, None] = {}
    kept: dict[str, None] = {}
    for word in words:
        meaning = meanings.get(folded(word))
        if meaning:
            found[meaning] = None
        elif meaning is None and rule.unknown == REJECT:
            raise Unmapped(f"{rule.field}: the mapping does not say what “{word[:80]}” means")
        elif meaning is None and rule.unknown == KEEP:
            kept[word] = None
    return tuple(found), tuple(kept)


def text(rule: Rule, texts: Iterable[str]) -> str:
    """The text of a field that is none of `CODED`, several of them joined as a list."""
    words = [word for one in texts for word in parted(one, rule.separator)]
    out: dict[str, None] = {}
    for word in words:
        found, kept = translated(rule, [word])
        out.update(dict.fromkeys((*found, *kept)))
    return "; ".join(out)


def apply(mapping: FieldMap, record: Record, words: Words) -> Record:
    """The record with its fields as the mapping says; raises `ValueError`, `Unmapped` among them.

    A field whose columns or elements say nothing in this record, or nothing that can be read,
    stays as it is.
    """
    changed: dict[str, Any] = {}
    more: dict[str, None] = {}
    less: set[str] = set()
    texts: dict[str, tuple[str, ...]] = {}
    for rule in mapping.rules:
        if rule.field not in CODED:
            said = tuple(filter(None, (text(rule, [one]) for one in rule.words(words))))
            texts[rule.field] = said or tuple(filter(None, [rule.fixed]))
            continue
        said = rule.words(words)
        found, kept = translated(rule, said)
        codes, others = _codes(rule.field, found, kept)
        if not said:
            if not rule.fixed:
                continue
            codes = (rule.fixed,)
        if rule.field in LISTS:
            changed[rule.field] = codes
        elif codes:
            changed[rule.field] = _SINGLE[rule.field](codes[0])
        if rule.field != "keywords":
            more.update(dict.fromkeys(others))
            less.update(map(folded, said))
            less.difference_update(map(folded, (*kept, *_named(rule, said))))
    keywords = changed.get("keywords", record.keywords)
    if "keywords" not in changed:
        keywords = tuple(word for word in keywords if folded(word) not in less)
    changed["keywords"] = tuple(dict.fromkeys((*keywords, *more)))
    if changed.get("kind", record.kind) is not record.kind:
        changed["access"] = ACCESS.get(changed["kind"], record.access)
    return fieldtexts.fill(replace(record, **changed), texts)


def coded(mapping: FieldMap) -> FieldMap:
    """The part of a mapping that fills codes and keywords."""
    return FieldMap(tuple(rule for rule in mapping.rules if rule.field in CODED))


def _named(rule: Rule, words: Iterable[str]) -> list[str]:
    """Words that mean something: they may go on being keywords too."""
    return [word for word in words if rule.meanings.get(folded(word))]


def _codes(
    field: str, found: tuple[str, ...], kept: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of a field, and the words that the hub does not know either."""
    if field == "keywords":
        return tuple(dict.fromkeys((*found, *kept))), ()
    codes = dict.fromkeys(found)
    others = []
    for word in kept:
        known = _KNOWN[field]([word])
        codes.update(dict.fromkeys(known))
        if not known:
            others.append(word)
    return tuple(codes), tuple(others)


def _medium_types(words: Iterable[str]) -> tuple[str, ...]:
    known = terms.medium_type(words)
    return (known,) if known else ()


def _carriers(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(terms.carrier, words)))


def _kinds(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word in set(Kind))


_SINGLE: Mapping[str, Callable[[str], Any]] = {
    "kind": Kind,
    "medium_type": MediumType,
    "carrier": Carrier,
}
_KNOWN: Mapping[str, Callable[[Iterable[str]], tuple[str, ...]]] = {
    "subjects": terms.subjects,
    "levels": terms.levels,
    "audiences": terms.audiences,
    "competences": terms.competences,
    "medium_type": _medium_types,
    "carrier": _carriers,
    "kind": _kinds,
}


def read_mapped(
    content: bytes,
    *,
    read: Callable[[bytes], Record],
    words: Callable[[bytes], Words],
    mapping: FieldMap,
) -> Record:
    """What `Document.read` is where a mapping holds; raises `ValueError` as it does."""
    return apply(mapping, read(content), words(content))


def reader(
    read: Callable[[bytes], Record], words: Callable[[bytes], Words], mapping: FieldMap
) -> Callable[[bytes], Record]:
    """`read_mapped` with all but its content."""
    return partial(read_mapped, read=read, words=words, mapping=mapping)
