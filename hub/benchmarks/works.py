"""How well and how fast the same works are found, on a labelled set.

The set is written by `works_records`, or comes as CSV. With the figures comes the threshold that
this set would ask for, next to the one in use.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time

from hub.benchmarks.works_records import LEFT, RIGHT, Labelled, build
from hub.catalogue.matching.pairing import Pair, match
from hub.catalogue.matching.scoring import AUTOMATIC, Decision
from hub.catalogue.matching.text import features
from hub.catalogue.normalise import normalise
from hub.records import Kind, MediumType, Record

PRECISION = 0.99
"""Aim for merges without a person."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found of a labelled set."""

    records: int
    pairs: int
    """True ones."""
    automatic: int
    review: int
    precision: float
    """Of automatic merges."""
    recall: float
    """Of automatic merges."""
    recall_with_review: float
    review_right: float
    """Share of the review list that is right."""
    f1: float
    """Of all that is proposed, automatic or not."""
    threshold: float
    suggested_threshold: float
    """Least score at which automatic merges of this set reach the precision aimed at."""
    records_per_second: float
    """Of processor time, so that what else runs on the machine counts little."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The labelled set, and what more records cost."""

    quality: Quality
    larger: int
    larger_records_per_second: float
    cost_ratio: float
    """Cost per record of the larger set to that of the labelled one; 1 is flat."""


def measure(
    records: int, larger: int, progress: Callable[[int], object] = lambda _: None
) -> Figures:
    """Match the labelled set of so many records, then a larger one."""
    quality, _ = assess(build(records, seed=2), progress)
    _, pace = _run(build(larger, seed=3), progress)
    return Figures(quality, larger, pace, round(quality.records_per_second / pace, 2))


def assess(
    labelled: Labelled, progress: Callable[[int], object] = lambda _: None
) -> tuple[Quality, list[Pair[str]]]:
    """The quality on a labelled set, and the pairs proposed."""
    pairs, pace = _run(labelled, progress)
    truth = labelled.truth

    def right(pair: Pair[str]) -> bool:
        return (pair.left, pair.right) in truth or (pair.right, pair.left) in truth

    counted = Counter((pair.judgement.decision, right(pair)) for pair in pairs)
    automatic = counted[Decision.AUTOMATIC, True]
    merged = automatic + counted[Decision.AUTOMATIC, False]
    reviewed = counted[Decision.REVIEW, True]
    shown = reviewed + counted[Decision.REVIEW, False]
    return Quality(
        records=len(labelled.left) + len(labelled.right),
        pairs=len(truth),
        automatic=merged,
        review=shown,
        precision=_share(automatic, merged),
        recall=_share(automatic, len(truth)),
        recall_with_review=_share(automatic + reviewed, len(truth)),
        review_right=_share(reviewed, shown),
        f1=_share(2 * (automatic + reviewed), merged + shown + len(truth)),
        threshold=AUTOMATIC,
        suggested_threshold=_suggested(pairs, right),
        records_per_second=pace,
    ), pairs


def read(left: Path, right: Path, truth: Path) -> Labelled:
    """A labelled set from three CSV files (UTF-8 or Latin-1, any usual separator).

    Left and right have `id` and `title` and may have subtitle, series, description, authors or
    creators (separated by commas or semicolons), publisher, year, language, medium_type,
    duration (seconds); truth has the two ids in its first columns. Raises `ValueError` where a
    column or an id is missing.
    """
    found = Labelled(_records(left, "l:"), _records(right, "r:"))
    for row in _rows(truth):
        values = list(row.values())
        pair = (f"l:{values[0]}", f"r:{values[1]}") if len(values) > 1 else ("", "")
        if pair[0] not in found.left or pair[1] not in found.right:
            raise ValueError(f"{truth}: {values[:2]} names no pair of a left and a right id")
        found.truth.add(pair)
    return found


def as_rows(figures: Figures | Quality) -> list[tuple[str, object]]:
    """For a table: name and value of each figure."""
    if isinstance(figures, Quality):
        return [(name.replace("_", " "), value) for name, value in asdict(figures).items()]
    own = [(n, v) for n, v in asdict(figures).items() if n != "quality"]
    return as_rows(figures.quality) + [(name.replace("_", " "), value) for name, value in own]


def _run(labelled: Labelled, progress: Callable[[int], object]) -> tuple[list[Pair[str]], float]:
    """The pairs and the records per second, reading the records included."""
    begin = process_time()
    records = {
        name: features(normalise(record))
        for side in (labelled.left, labelled.right)
        for name, record in side.items()
    }
    sources = dict.fromkeys(labelled.left, LEFT) | dict.fromkeys(labelled.right, RIGHT)
    pairs = match(records, sources, progress)
    return pairs, round(len(records) / (process_time() - begin))


def _suggested(pairs: list[Pair[str]], right: Callable[[Pair[str]], bool]) -> float:
    """Of pairs that nothing but the score keeps from a machine."""
    free = [p for p in pairs if not p.judgement.vetoes and not p.judgement.cautions]
    free.sort(key=lambda pair: -pair.judgement.score)
    good, suggested = 0, 1.0
    for number, pair in enumerate(free, 1):
        good += right(pair)
        if good / number >= PRECISION:
            suggested = pair.judgement.score
    return round(suggested, 3)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _records(path: Path, prefix: str) -> dict[str, Record]:
    found = {}
    for row in _rows(path):
        name, title = row.get("id", ""), row.get("title", "")
        if not name:
            raise ValueError(f"{path}: a row has no id")
        if title:
            found[prefix + name] = _record(prefix + name, row)
    return found


def _record(name: str, row: dict[str, str]) -> Record:
    people = row.get("creators") or row.get("authors") or ""
    split = ";" if ";" in people else ","
    year, duration = row.get("year", ""), row.get("duration", "")
    medium_type = row.get("medium_type", "")
    return Record(
        source_id=name,
        kind=Kind.MEDIUM,
        title=row["title"],
        subtitle=row.get("subtitle", ""),
        series=row.get("series", ""),
        description=row.get("description", ""),
        languages=(row["language"],) if row.get("language") else (),
        creators=tuple(p.strip() for p in people.split(split) if p.strip()),
        publishers=(row["publisher"],) if row.get("publisher") else (),
        year=int(year) if year.isdigit() else None,
        duration=int(duration) if duration.isdigit() else None,
        medium_type=MediumType(medium_type) if medium_type else None,
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    for row in csv.DictReader(text.splitlines(keepends=True), delimiter=separator):
        yield {str(k).strip().lower(): (v or "").strip() for k, v in row.items() if k}
