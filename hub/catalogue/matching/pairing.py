"""Reciprocal best match: a pair counts only where each is the other's best at the other source."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.catalogue.matching.blocks import Blocks, keys
from hub.catalogue.matching.scoring import Decision, Judgement, judge
from hub.catalogue.matching.text import Features
from hub.catalogue.matching.vectors import SAMPLE, Model

MARGIN = 0.03
"""A best that is not better than the next by so much is ambiguous: a person decides."""

Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Pair(Generic[Id]):
    left: Id
    right: Id
    judgement: Judgement


def best_by_source(
    judged: Iterable[tuple[Id, Judgement]], source: Callable[[Id], str]
) -> dict[str, tuple[Id, Judgement, bool]]:
    """The best candidate of each source, and whether the next is as good (then it is none)."""
    best: dict[str, tuple[Id, Judgement, bool]] = {}
    ranked = sorted(judged, key=lambda pair: -pair[1].score)
    for one, judgement in ranked:
        if judgement.decision is Decision.NONE:
            continue
        where = source(one)
        known = best.get(where)
        if known is None:
            best[where] = (one, judgement, False)
        elif known[1].score - judgement.score < MARGIN:
            best[where] = (known[0], known[1], True)
    return best


def ambiguous(judgement: Judgement) -> None:
    """Leave a pair to a person because another is as good."""
    if "ambiguous" not in judgement.cautions:
        judgement.cautions.append("ambiguous")
    if judgement.decision is Decision.AUTOMATIC:
        judgement.decision = Decision.REVIEW


def match(
    records: Mapping[Id, Features],
    sources: Mapping[Id, str],
    progress: Callable[[int], object] = lambda _: None,
) -> list[Pair[Id]]:
    """All pairs of different sources to be merged or shown, each once, by one pass in memory."""
    step = max(1, len(records) // SAMPLE)
    sample = [found for number, found in enumerate(records.values()) if number % step == 0]
    model = Model.fit(found.all for found in sample)
    blocks: Blocks[Id] = Blocks()
    its_keys = {one: keys(found, model) for one, found in records.items()}
    for one, names in its_keys.items():
        blocks.add(one, names)
    best: dict[Id, dict[str, tuple[Id, Judgement, bool]]] = {}
    seen: dict[tuple[Id, Id], Judgement] = {}
    for one, found in records.items():
        own = sources[one]
        judged = []
        for other in blocks.candidates(its_keys[one], sources, own):
            judgement = seen.pop((other, one), None)
            if judgement is None:
                judgement = seen[one, other] = judge(found, records[other], model)
            judged.append((other, judgement))
        if judged:
            best[one] = best_by_source(judged, sources.__getitem__)
        progress(1)
    pairs = []
    order = {one: number for number, one in enumerate(records)}
    for one, found_best in best.items():
        for other, judgement, unsure in found_best.values():
            back = best.get(other, {}).get(sources[one])
            if back is None or back[0] != one or order[one] > order[other]:
                continue
            if unsure or back[2]:
                ambiguous(judgement)
            pairs.append(Pair(one, other, judgement))
    return pairs
