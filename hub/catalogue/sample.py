"""A sample of a source's real records in its own words, and what a mapping makes of them.

The sample is read once, with limits, and kept; the preview of a mapping works on what was kept and
asks nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import Any

from hub.catalogue import mapped, normalise, producer
from hub.errors import PluginError
from hub.formats import fieldmap
from hub.formats.fieldmap import FieldMap, Words
from hub.records import Document, Record, Reject, Upsert
from hub.site import Site

MOST_RECORDS = 5_000
DEADLINE = 90.0
"""Seconds for the whole sample, and without any sign of life."""
KEPT = 100
"""Records that are kept whole for the preview."""
MOST_NAMES = 200
MOST_WORDS = 2_000
"""Different words that are kept of each column or element, the most frequent ones."""
MOST_OF_RECORD = 100
LONGEST = 200
PREVIEWED = 10
TASK = "sample"


@dataclass(slots=True)
class Sample:
    """What was read. `words`: name → [word, how often], the most frequent first."""

    seen: int = 0
    error: str = ""
    """Why it ended before the source did; empty where it did not."""
    whole: bool = False
    words: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    """`place`, `words`, and `text` (the record as dumped without a mapping) or `reason`."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Sample:
        words = {name: [(w, n) for w, n in pairs] for name, pairs in data["words"].items()}
        return cls(data["seen"], data["error"], data["whole"], words, list(data["records"]))

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    def counted(self, names: tuple[str, ...], separator: str) -> list[tuple[str, int]]:
        """The words of these columns together, parted, the most frequent first."""
        found: Counter[str] = Counter()
        for name in names:
            for text, number in self.words.get(name, ()):
                for word in fieldmap.parted(text, separator):
                    found[word] += number
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0].casefold()))


def take(site: Site, plugin: str, check: Callable[[], None] | None = None) -> Sample:
    """Read the first records of a source; whatever goes wrong stands in the sample."""
    sample = Sample()
    counts: dict[str, Counter[str]] = {}
    begun = monotonic()
    own = site.implements(plugin, "mapping_words")
    arguments = {} if own else {"cursor": None}
    hook = "mapping_words" if own else "catalogue_changes"
    try:
        for page in producer.given(site, plugin, hook, patience=DEADLINE, **arguments):
            if check:
                check()
            for item in page:
                _note(sample, counts, item)
                if sample.seen >= MOST_RECORDS:
                    break
            if sample.seen >= MOST_RECORDS or monotonic() - begun > DEADLINE:
                break
        else:
            sample.whole = True
    except producer.SourceFailed as failure:
        sample.error = str(failure)
    sample.words = {name: found.most_common(MOST_WORDS) for name, found in counts.items()}
    return sample


def preview(site: Site, plugin: str, one: Mapping[str, Any], mapping: FieldMap) -> Record | str:
    """What a kept record becomes under a mapping, or the reason why it would be rejected."""
    words = {name: tuple(texts) for name, texts in one["words"].items()}
    try:
        if site.implements(plugin, "mapping_record"):
            found = site.one(
                plugin,
                "mapping_record",
                deadline=5.0,
                place=one["place"],
                words=words,
                mapping=mapping,
            )
        elif "text" in one:
            found = normalise.load(one["text"])
        else:
            return str(one["reason"])
        if isinstance(found, Reject):
            return found.reason
        return normalise.normalise(
            fieldmap.apply(mapped.by_hub(site, plugin, mapping), found, words)
        )
    except (ValueError, PluginError) as reason:
        return str(reason)


def _note(sample: Sample, counts: dict[str, Counter[str]], item: object) -> None:
    """Count the words of a record, and keep it while there is room."""
    try:
        kept, words = _read(item)
    except Exception as defect:  # foreign values and foreign code that reads them
        kept, words = (
            {"place": "?", "reason": f"the record cannot be read ({type(defect).__name__})"},
            {},
        )
    if kept is None:
        return
    sample.seen += 1
    for name, texts in words.items():
        if name in counts or len(counts) < MOST_NAMES:
            found = counts.setdefault(name, Counter())
            for text in texts:
                if text in found or len(found) < 5 * MOST_WORDS:
                    found[text] += 1
    if len(sample.records) < KEPT:
        sample.records.append({**kept, "words": {n: list(texts) for n, texts in words.items()}})


def _read(item: object) -> tuple[dict[str, Any] | None, dict[str, tuple[str, ...]]]:
    match item:
        case (str() as place, Mapping() as said):
            return {"place": place[:200]}, _clean(said)
        case Upsert(record):
            return _kept(record), _clean(item.words)
        case Document(source_id, content, read):
            words = _clean(item.words(content)) if item.words else {}
            try:
                return _kept(read(content)), words
            except ValueError as reason:
                return {"place": str(source_id)[:200], "reason": str(reason)[:300]}, words
        case Reject(source_id, reason):
            return {"place": str(source_id)[:200], "reason": str(reason)[:300]}, {}
    return None, {}


def _kept(record: Record) -> dict[str, Any]:
    try:
        fit = normalise.normalise(record)
    except normalise.Unfit as reason:
        return {"place": str(record.source_id)[:200], "reason": str(reason)}
    return {"place": fit.source_id[:200], "text": normalise.dump(fit)}


def _clean(words: Words) -> dict[str, tuple[str, ...]]:
    """Only text, on one line and not too much of it: it is kept and shown."""
    found: dict[str, tuple[str, ...]] = {}
    left = MOST_OF_RECORD
    for name, texts in words.items():
        wanted = [normalise.clean_line(text[:LONGEST]) for text in texts[:left]]
        left -= len(wanted)
        found[normalise.clean_line(name)[:LONGEST]] = tuple(filter(None, wanted))
    return found
