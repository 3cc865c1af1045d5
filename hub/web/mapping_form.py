"""The form of one mapped field: its choices, its proposals, and what was typed into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext
from rapidfuzz import fuzz, process
from werkzeug.datastructures import MultiDict

from hub.catalogue import vocabulary
from hub.catalogue.sample import Sample
from hub.formats import fieldmap
from hub.formats.fieldmap import CODED, KEEP, OMIT, REJECT, UNKNOWN, Rule
from hub.mapping import FACETS
from hub.web.field_words import field_word
from hub.web.language import language

PER_PAGE = 50
LEAVE_OUT = "-"
"""In a select: the word means nothing. The empty choice: the mapping does not name it."""
LIKE = 85
"""From this likeness (0 to 100) on a code is proposed for a word."""
SEPARATORS = (
    ("", lazy_gettext("one word per entry")),
    (";", lazy_gettext("semicolon")),
    (",", lazy_gettext("comma")),
    ("/", lazy_gettext("slash")),
    ("|", lazy_gettext("vertical line")),
)
UNKNOWNS = (
    (KEEP, lazy_gettext("read it as without a mapping; what stays unknown becomes a keyword")),
    (OMIT, lazy_gettext("leave the word out")),
    (REJECT, lazy_gettext("reject the record")),
)
FIELDS = {
    "source_id": lazy_gettext("Number at the source"),
    "number": lazy_gettext("Media number"),
    "isbn": lazy_gettext("ISBN"),
    "ean": lazy_gettext("EAN"),
    "seats": lazy_gettext("Seats"),
    "date": lazy_gettext("Date"),
    "begin": lazy_gettext("Begins"),
    "end": lazy_gettext("Ends"),
    "valid_from": lazy_gettext("Licence from"),
    "valid_until": lazy_gettext("Licence until"),
    "offered": lazy_gettext("Is offered (yes or no)"),
}
"""What a plugin may map and is no field of a record."""


@dataclass(frozen=True, slots=True)
class Value:
    """A word of the source with what it means now or might mean."""

    number: int
    word: str
    count: int
    meaning: str
    choices: tuple[tuple[str, str], ...]


def word_for(field: str) -> str:
    """The field in the reader's language."""
    return str(FIELDS[field]) if field in FIELDS else field_word(field)


def choices(field: str) -> tuple[tuple[str, str], ...]:
    """Code and label of everything that the field can hold, in the order of its labels."""
    facet = FACETS.get(field)
    if facet is None:
        return ()
    codes = vocabulary.subject_facet() if facet == "subject" else vocabulary.codes(facet)
    labels = ((code, vocabulary.label(facet, code, language())) for code in codes)
    return tuple(sorted(labels, key=lambda pair: pair[1].casefold()))


def values(rule: Rule, sample: Sample, page: int, wanted: str = "") -> tuple[list[Value], int]:
    """The words of a page with their choices, and how many words there are; `wanted` narrows them
    to those in which it occurs.

    Words of the mapping that the sample does not have come last, without a number.
    """
    if rule.field not in CODED or not rule.sources:
        return [], 0
    counted = sample.counted(rule.sources, rule.separator)
    seen = {fieldmap.folded(word) for word, _ in counted}
    counted += [(word, 0) for word, _ in rule.values if fieldmap.folded(word) not in seen]
    if part := fieldmap.folded(wanted):
        counted = [pair for pair in counted if part in fieldmap.folded(pair[0])]
    known = choices(rule.field)
    begin = (page - 1) * PER_PAGE
    shown = []
    for number, (word, count) in enumerate(counted[begin : begin + PER_PAGE], begin):
        stored = rule.meanings.get(fieldmap.folded(word))
        meaning = LEAVE_OUT if stored == "" else stored or ""
        offered = known
        if meaning not in ("", LEAVE_OUT, *(code for code, _ in known)):
            offered = ((meaning, label(rule.field, meaning)), *known)
        if not meaning and (alike := _alike(word, known)):
            said = gettext("Proposal: %(label)s", label=label(rule.field, alike))
            offered = ((alike, said), *(pair for pair in known if pair[0] != alike))
        shown.append(Value(number, word, count, meaning, offered))
    return shown, len(counted)


def _alike(word: str, known: tuple[tuple[str, str], ...]) -> str:
    """The code whose label resembles the word most, if any does."""
    labels = {code: text.casefold() for code, text in known}
    found = process.extractOne(word.casefold(), labels, scorer=fuzz.ratio, score_cutoff=LIKE)
    return found[2] if found else ""


def read(field: str, form: MultiDict[str, str], stored: Rule | None) -> dict[str, Any]:
    """The rule as typed, as data for `hub.mapping.load`.

    The form holds one page of the words; all others stay as they are stored.
    """
    meanings = dict(stored.values) if stored else {}
    by_folded = {fieldmap.folded(word): word for word in meanings}
    for key in form:
        number = key.removeprefix("word.")
        if number == key or f"means.{number}" not in form:
            continue
        word, meaning = form[key], form[f"means.{number}"].strip()
        meanings.pop(by_folded.get(fieldmap.folded(word), word), None)
        if meaning:
            meanings[word] = "" if meaning == LEAVE_OUT else meaning
    unknown = form.get("unknown", KEEP)
    return {
        "from": list(dict.fromkeys(form.getlist("from"))),
        "fixed": form.get("fixed", "").strip(),
        "separator": form.get("separator", ""),
        "values": meanings,
        "unknown": unknown if unknown in UNKNOWN else KEEP,
    }


def sources(rule: Rule | None, sample: Sample) -> list[tuple[str, int, str, bool, bool]]:
    """Name, how many entries, examples, whether it is chosen, and whether it has vanished."""
    chosen = rule.sources if rule else ()
    found = [
        (
            name,
            sum(number for _, number in words),
            ", ".join(word[:40] for word, _ in words[:3]),
            name in chosen,
            False,
        )
        for name, words in sample.words.items()
    ]
    gone = [(name, 0, "", True, True) for name in chosen if name not in sample.words]
    return gone + found


def vanished(rules: tuple[Rule, ...], sample: Sample) -> list[str]:
    """What the mapping reads and the sample does not have, in words."""
    return [
        gettext(
            "%(field)s: “%(name)s” does not occur in the sample.",
            field=word_for(rule.field),
            name=name,
        )
        for rule in rules
        for name in rule.sources
        if name not in sample.words
    ]


def label(field: str, code: str) -> str:
    """A meaning in words."""
    facet = FACETS.get(field)
    return vocabulary.label(facet, code, language()) if facet else code


def in_words(field: str, text: str) -> str:
    """A dumped value for people: codes by their labels."""
    if not text.startswith("["):
        return label(field, text) if text else ""
    inner = text.strip("[]").replace('"', "")
    parts = inner.split(",") if field in FACETS else [inner.replace(",", ", ")]
    return ", ".join(label(field, part) for part in parts)


def shown_rule(rule: Rule) -> Mapping[str, Any]:
    """A rule as the list of mapped fields tells it."""
    return {
        "field": rule.field,
        "name": word_for(rule.field),
        "sources": rule.sources,
        "fixed": label(rule.field, rule.fixed) if rule.fixed else "",
        "words": len(rule.values),
    }
