"""A labelled set of media: what two sides say of the same works, and what only looks the same.

Each work is written down twice as two houses would: one leaves the subtitle out, one mistypes, one
knows another year. Beside them stand series parts, translations, other editions, remakes and
neighbours of which one word is another: pairs that must not be merged.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hub.benchmarks import works_words as vocabulary
from hub.catalogue import compounds
from hub.records import Carrier, Kind, MediumType, Record

LEFT, RIGHT = "left", "right"
RARE_FROM = 20_000
"""From so many records on topics are compounds of the word list too: vocabulary grows with a
catalogue."""


@dataclass(slots=True)
class Labelled:
    """Records of two sides by id, and which of them are the same work."""

    left: dict[str, Record] = field(default_factory=dict)
    right: dict[str, Record] = field(default_factory=dict)
    truth: set[tuple[str, str]] = field(default_factory=set)


def build(records: int, seed: int = 1) -> Labelled:
    """So many records, both sides together; the same seed gives the same set."""
    writer = _Writer(random.Random(seed), records)
    found = Labelled()
    while len(found.left) + len(found.right) < records:
        writer.add(found)
    return found


class _Writer:
    def __init__(self, chance: random.Random, records: int) -> None:
        self.chance = chance
        self.number = 0
        self.topics = [(code, t) for code, topics in vocabulary.TOPICS.items() for t in topics]
        if records > RARE_FROM:
            nouns = sorted({n for _, n in compounds.parts().modifiers.values() if len(n) > 3})
            modifiers = chance.sample(nouns, 1_500)
            for _ in range(records // 20):
                word = chance.choice(modifiers) + chance.choice(nouns)
                self.topics.append((chance.choice(self.topics)[0], word.capitalize()))

    def add(self, found: Labelled) -> None:
        """A work on one side or both, at times with something beside it that is another work."""
        chance = self.chance
        work = self.work()
        roll = chance.random()
        if roll < 0.50:
            left = self.put(found.left, self.catalogued(work))
            right = self.put(found.right, self.perturbed(work))
            found.truth.add((left, right))
            if chance.random() < 0.3:
                self.put(chance.choice((found.left, found.right)), self.other(work))
        elif roll < 0.80:
            self.put(found.left, self.catalogued(work))
            self.put(found.right, self.perturbed(self.other(work)))
        else:
            self.put(chance.choice((found.left, found.right)), self.catalogued(work))

    def put(self, side: dict[str, Record], record: Record) -> str:
        self.number += 1
        name = f"r{self.number}"
        side[name] = replace(record, source_id=name)
        return name

    def fill(self, pattern: str, subject: str = "", topic: str = "") -> str:
        chance = self.chance
        grade = chance.randint(1, 9)
        others = [t for code, t in self.topics[:250] if code == subject] or ["Natur"]
        one, two = chance.sample(vocabulary.ASPECTS, 2)
        return pattern.format(
            t=topic,
            u=chance.choice(others),
            a=one,
            b=two,
            p=chance.choice(vocabulary.PLACES),
            n=chance.choice(vocabulary.NAMES),
            g=grade,
            h=grade + chance.randint(1, 4),
        )

    def work(self) -> Record:
        """A work as one would know it who knows everything."""
        chance = self.chance
        subject, topic = chance.choice(self.topics)
        title = self.fill(chance.choice(vocabulary.WHOLE), subject, topic)
        series = chance.choice(vocabulary.SERIES) if chance.random() < 0.4 else ""
        if chance.random() < 0.08:
            title = f"{title} {self.part()}"
        text = [self.fill(s, subject, topic) for s in chance.sample(vocabulary.SENTENCES, 3)]
        return Record(
            source_id="",
            kind=Kind.MEDIUM,
            title=title,
            subtitle=self.fill(chance.choice(vocabulary.SUBTITLES), subject, topic)
            if chance.random() < 0.65
            else "",
            series=series,
            description=" ".join(text),
            languages=("de",),
            medium_type=chance.choices(
                [MediumType.VIDEO, MediumType.PACKAGE, MediumType.AUDIO, MediumType.DOCUMENT],
                [70, 15, 10, 5],
            )[0],
            carrier=Carrier.ONLINE,
            subjects=(subject,),
            creators=(chance.choice(vocabulary.CREATORS),),
            publishers=(chance.choice(vocabulary.PUBLISHERS),),
            year=chance.randint(1985, 2025),
            duration=chance.randint(5, 95) * 60 + chance.randint(0, 59),
        )

    def part(self) -> str:
        number = self.chance.randint(1, 9)
        return self.chance.choice(vocabulary.PARTS).format(k=number, r=vocabulary.ROMAN[number])

    def catalogued(self, work: Record) -> Record:
        """As a careful house has it: some of it is not known there."""
        chance = self.chance
        return replace(
            work,
            # German goes without saying; who has another version mostly says so.
            languages=work.languages
            if chance.random() < (0.8 if work.languages == ("de",) else 0.97)
            else (),
            medium_type=work.medium_type if chance.random() < 0.9 else None,
            creators=work.creators if chance.random() < 0.45 else (),
            publishers=work.publishers if chance.random() < 0.85 else (),
            year=work.year if chance.random() < 0.92 else None,
            duration=work.duration if chance.random() < 0.75 else None,
            description=work.description if chance.random() < 0.8 else "",
        )

    def perturbed(self, work: Record) -> Record:
        """As another house has the same: up to three things are written otherwise."""
        record = self.catalogued(work)
        for change in self.chance.sample(_CHANGES, self.chance.choice((0, 1, 1, 2, 2, 3))):
            record = change(self, record)
        if record.duration:
            record = replace(record, duration=round(record.duration / 60) * 60)
        return record

    def other(self, work: Record) -> Record:
        """Another work, as like this one as it gets."""
        return self.chance.choice(_OTHERS)(self, work)


Change = Callable[[_Writer, Record], Record]


def _slip(writer: _Writer, record: Record) -> Record:
    """A letter too many, too few, another, or two changed, in a word of some length."""
    chance = writer.chance
    words = record.title.split()
    long = [i for i, w in enumerate(words) if len(w) > 5 and w.isalpha()]
    if not long:
        return record
    at = chance.choice(long)
    word = words[at]
    i = chance.randrange(1, len(word) - 1)
    words[at] = chance.choice(
        (
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
            word[:i] + chance.choice("aeinrst") + word[i + 1 :],
        )
    )
    return replace(record, title=" ".join(words))


def _umlauts(writer: _Writer, record: Record) -> Record:
    """ae for ä, a for ä, or another umlaut."""
    table = str.maketrans(writer.chance.choice(_UMLAUTS))
    return replace(
        record, title=record.title.translate(table), subtitle=record.subtitle.translate(table)
    )


_UMLAUTS: tuple[dict[str, str], ...] = (
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"},
    {"ä": "a", "ö": "o", "ü": "u", "Ä": "A", "Ö": "O", "Ü": "U"},
    {"ä": "ö", "ö": "ü", "ü": "ä"},
)


def _subtitle(writer: _Writer, record: Record) -> Record:
    """The subtitle left out, or written behind the title."""
    if record.subtitle and writer.chance.random() < 0.5:
        mark = writer.chance.choice((": ", " – ", ". "))
        return replace(record, title=f"{record.title}{mark}{record.subtitle}", subtitle="")
    return replace(record, subtitle="")


def _series(writer: _Writer, record: Record) -> Record:
    """The series left out, or before the title."""
    if record.series and writer.chance.random() < 0.5:
        return replace(record, title=f"{record.series}: {record.title}", series="")
    return replace(record, series="")


def _year(writer: _Writer, record: Record) -> Record:
    if record.year is None:
        return record
    return replace(record, year=record.year + writer.chance.choice((-1, 1, 1, 2, 5)))


def _case(writer: _Writer, record: Record) -> Record:
    kind = writer.chance.randrange(3)
    change = (str.upper, str.lower, str.title)[kind]
    return replace(record, title=change(record.title))


def _description(_: _Writer, record: Record) -> Record:
    return replace(record, description=record.description[: len(record.description) // 2])


def _publisher(writer: _Writer, record: Record) -> Record:
    """A distributor instead of the producer, or the name in short."""
    if record.publishers and writer.chance.random() < 0.5:
        return replace(record, publishers=(record.publishers[0].split()[0],))
    return replace(record, publishers=(writer.chance.choice(vocabulary.PUBLISHERS),))


def _carrier(writer: _Writer, record: Record) -> Record:
    """A parallel edition: the same work on a disc."""
    return replace(record, carrier=writer.chance.choice((Carrier.DVD, Carrier.VHS)))


def _creator(_: _Writer, record: Record) -> Record:
    """Surname first."""
    turned = tuple(", ".join(reversed(name.rsplit(" ", 1))) for name in record.creators)
    return replace(record, creators=turned)


_CHANGES: tuple[Change, ...] = (
    _slip, _slip, _umlauts, _subtitle, _subtitle, _series, _year, _case, _description, _publisher,
    _carrier, _creator,
)  # fmt: skip


def _anew(writer: _Writer, record: Record) -> Record:
    """Length and description are those of another film."""
    new = writer.work()
    return replace(record, duration=new.duration, description=new.description)


def _other_part(writer: _Writer, work: Record) -> Record:
    title = f"{work.title} {writer.part()}"
    return _anew(writer, replace(work, title=title))


def _other_volume(writer: _Writer, work: Record) -> Record:
    """Same series, house and year, another volume; the series may be all of the title's head."""
    new = writer.work()
    return _anew(writer, replace(work, title=new.title, subtitle=new.subtitle))


def _whole_series(writer: _Writer, work: Record) -> Record:
    """The box with all volumes has the title of each of them, and no more."""
    head = work.title.split(":")[0].split(" – ")[0]
    if head == work.title and not work.subtitle:
        return _other_volume(writer, work)
    return _anew(writer, replace(work, title=head, subtitle="", series=""))


def _other_subtitle(writer: _Writer, work: Record) -> Record:
    aspect = writer.chance.choice(vocabulary.ASPECTS)
    if not work.subtitle:
        return _other_volume(writer, work)
    return _anew(writer, replace(work, subtitle=aspect))


def _other_word(writer: _Writer, work: Record) -> Record:
    """One word of the title is another."""
    subject = work.subjects[0]
    others = [t for code, t in writer.topics if code == subject and t not in work.title]
    for code, topic in writer.topics:
        if code == subject and topic in work.title and others:
            title = work.title.replace(topic, writer.chance.choice(others))
            return _anew(writer, replace(work, title=title))
    return _other_volume(writer, work)


def _translation(writer: _Writer, work: Record) -> Record:
    """At times told by the form, at times by the title; most of the rest is as it was."""
    language = writer.chance.choice(list(vocabulary.TRANSLATED))
    if writer.chance.random() < 0.5:
        return replace(work, languages=(language,))
    pattern = writer.chance.choice(vocabulary.TRANSLATED[language])
    return replace(work, title=pattern.format(t=work.title), languages=(language,))


def _edition(writer: _Writer, work: Record) -> Record:
    return replace(work, title=writer.chance.choice(vocabulary.EDITIONS).format(t=work.title))


def _medium_type(writer: _Writer, work: Record) -> Record:
    types = [t for t in (MediumType.VIDEO, MediumType.AUDIO, MediumType.DOCUMENT,
                         MediumType.PACKAGE) if t is not work.medium_type]  # fmt: skip
    return _anew(writer, replace(work, medium_type=writer.chance.choice(types)))


def _remake(writer: _Writer, work: Record) -> Record:
    """The same title, years later, by another house."""
    new = writer.work()
    return _anew(
        writer,
        replace(
            work,
            subtitle="" if writer.chance.random() < 0.5 else work.subtitle,
            series="",
            creators=new.creators,
            publishers=new.publishers,
            year=new.year,
        ),
    )


_OTHERS: tuple[Change, ...] = (
    _other_part, _other_part, _other_volume, _whole_series, _other_subtitle, _other_word,
    _translation, _edition, _medium_type, _remake, _remake,
)  # fmt: skip
