"""Judging a pair: how alike, what agrees, what differs, and what follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from hub.catalogue.matching.text import Features, content
from hub.catalogue.matching.vectors import Model, cosine
from hub.catalogue.matching.vetoes import Veto, vetoes

AUTOMATIC = 0.93
"""Least score of a merge without a person; chosen so that on the labelled set of `hub bench works`
at least 99 of 100 such merges are right."""
REVIEW = 0.62
"""Least score of a pair that is shown to a person."""
WORTH_A_LOOK = 66
"""Least share of letters in common, in percent: cheaper to know than how alike two texts are."""
ALIKE = 0.4
"""Texts less alike than this are not looked at any further."""


class Decision(StrEnum):
    AUTOMATIC = "automatic"
    REVIEW = "review"
    NONE = "none"


@dataclass(slots=True)
class Judgement:
    """What is thought of a pair, with everything that a person needs to understand it."""

    score: float
    decision: Decision
    text: float
    """How alike title, subtitle and series are, 0 to 1."""
    agree: list[str] = field(default_factory=list)
    """Of `year`, `duration`, `names`, `publisher`, `description`, `series`."""
    differ: list[str] = field(default_factory=list)
    slips: list[tuple[str, str]] = field(default_factory=list)
    """Words that are the same but for a slip of the pen."""
    left_only: list[str] = field(default_factory=list)
    right_only: list[str] = field(default_factory=list)
    vetoes: list[Veto] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    """Why it is not automatic although the score is high: `words`, `added`, `evidence`,
    `ambiguous`."""

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        data = asdict(self)
        data["score"], data["text"] = round(self.score, 3), round(self.text, 3)
        return data


def alike(one: Features, other: Features, model: Model) -> float:
    """How alike two texts are at best, also where one of them has no subtitle; 0 to 1."""
    if one.all == other.all:
        return 1.0
    mine, theirs = model.vector(one.all), model.vector(other.all)
    best = cosine(mine, theirs)
    if best < 0.97 and (one.rest or other.rest):
        title, their_title = model.vector(one.title), model.vector(other.title)
        best = max(
            best,
            0.97 * cosine(title, their_title),
            0.98 * cosine(title, theirs),
            0.98 * cosine(mine, their_title),
        )
    return min(best, 1.0)


def judge(one: Features, other: Features, model: Model) -> Judgement:
    """The verdict on a pair; the same, sides changed, when they are given the other way round."""
    found = vetoes(one, other)
    result = Judgement(0.0, Decision.NONE, 0.0, vetoes=found)
    if any(veto.hard for veto in found):
        return result
    if fuzz.token_set_ratio(one.all, other.all) < WORTH_A_LOOK:
        return result
    result.text = text = alike(one, other, model)
    if text < ALIKE:
        return result
    _align(one, other, result, model)
    strength = _evidence(one, other, result, model)
    if not (result.left_only and result.right_only):
        # All words of one are in the other, be it mistyped.
        whole = 0.86 if result.left_only or result.right_only else 0.98
        result.text = text = max(text, whole - 0.02 * len(result.slips))
    result.score = max(0.0, min(1.0, text - 0.07 * max(0.0, 3.0 - strength)))
    _caution(result, one, other, model)
    if result.score >= REVIEW:
        free = not found and not result.cautions and result.score >= AUTOMATIC
        result.decision = Decision.AUTOMATIC if free else Decision.REVIEW
    return result


def _align(one: Features, other: Features, result: Judgement, model: Model) -> None:
    """Find each word's partner; what has none is written down."""
    mine, theirs = content(one.all.split()), content(other.all.split())
    left = [w for w in dict.fromkeys(mine) if w not in set(theirs)]
    right = [w for w in dict.fromkeys(theirs) if w not in set(mine)]
    if left and right and "".join(left) == "".join(right):
        return  # Wasser Kreislauf, Wasserkreislauf
    pairs = sorted(
        (OSA.distance(a, b), i, j) for i, a in enumerate(left) for j, b in enumerate(right)
    )
    gone_left: set[int] = set()
    gone_right: set[int] = set()
    for distance, i, j in pairs:
        if i not in gone_left and j not in gone_right and _slip(left[i], right[j], distance):
            result.slips.append((left[i], right[j]))
            gone_left.add(i)
            gone_right.add(j)
    result.left_only = [w for i, w in enumerate(left) if i not in gone_left]
    result.right_only = [w for j, w in enumerate(right) if j not in gone_right]


def _slip(one: str, other: str, distance: int) -> bool:
    shortest = min(len(one), len(other))
    if one.isdigit() or other.isdigit() or shortest < 4:
        return False
    return distance <= (1 if shortest < 9 else 2)


def _evidence(one: Features, other: Features, result: Judgement, model: Model) -> float:
    """What beside the title speaks for the pair, less what speaks against it."""
    strength = 0.0

    def say(name: str, weight: float) -> None:
        nonlocal strength
        strength += weight
        (result.agree if weight > 0 else result.differ).append(name)

    if one.year and other.year:
        apart = abs(one.year - other.year)
        say("year", 1.0 if apart == 0 else 0.5 if apart == 1 else -1.0)
    if one.duration and other.duration:
        apart = abs(one.duration - other.duration)
        longest = max(one.duration, other.duration)
        # "ca. 20 min" is rounded to the minute, or to five of them.
        say("duration", 2.0 if apart <= max(61, 0.04 * longest) else -2.0)
    if one.names and other.names:
        say("names", 2.0 if one.names & other.names else -1.5)
    if one.publishers and other.publishers:
        say("publisher", 1.0 if one.publishers & other.publishers else -1.0)
    descriptions = one.description, other.description
    if min(map(len, descriptions)) > 30:
        near = fuzz.token_set_ratio(*descriptions)
        if near >= 85:
            say("description", 2.0)
        elif near < 65:
            say("description", -0.5)
    if one.series and one.series == other.series:
        say("series", 0.5)
    shared = set(content(one.all.split())) & set(content(other.all.split()))
    specific = sum(model.word_weight(word) for word in shared)
    return strength + min(1.5, specific / 12)


def _caution(result: Judgement, one: Features, other: Features, model: Model) -> None:
    """Keep from a machine what only looks safe."""
    strong = {"duration", "names", "description"} & set(result.agree)
    same = {"duration", "description"} & set(result.agree)
    if result.left_only and result.right_only:
        result.cautions.append("words")  # "Series: Volume" beside "Series: Other volume"
    elif result.left_only or result.right_only:
        only_series = one.title == other.title and not (
            set(result.left_only) - set(one.series.split())
            or set(result.right_only) - set(other.series.split())
        )
        # A part of a series has the title of the whole, and more.
        if result.differ or not (same or (only_series and strong)):
            result.cautions.append("added")
    if any(model.knows(a) and model.knows(b) for a, b in result.slips):
        result.cautions.append("words")  # Fluss and Fuss are both words
    against = {"duration", "names"} & set(result.differ)
    if len(result.differ) > 1:
        against.update(result.differ)
    if "description" in result.differ and "duration" not in result.agree:
        against.add("description")
    if not same and (one.medium_type is None) is not (other.medium_type is None):
        against.add("medium_type")
    if against or not strong:
        result.cautions.append("evidence")
