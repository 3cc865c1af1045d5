"""What of a record can be compared with another's: words, numbers, markers, people, dates."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hub.catalogue import identifiers
from hub.catalogue.analysis import fold
from hub.records import Kind, MediumType, Record

MAX_WORDS = 60
"""Per record; titles are shorter."""
DESCRIBED = 400
"""Letters of a description that are compared: the rest is seldom the same."""


@dataclass(frozen=True, slots=True)
class Features:
    """A record as the matcher sees it; small, because many are held at once."""

    kind: Kind
    title: str
    """Folded words of the title, without markers; also what is behind a colon."""
    rest: str
    """The same of subtitle and series."""
    series: str
    segments: tuple[str, ...]
    """Parts of title, subtitle and series, as their punctuation parts them."""
    parts: frozenset[str]
    """Which part, volume or episode it says it is, as digits."""
    numbers: frozenset[str]
    """Every number in title, subtitle and series, years of the record itself left out."""
    editions: frozenset[str]
    """Versions that are licensed apart: `audio_description`, `short`, `pupils`, …"""
    languages: frozenset[str]
    """As declared."""
    spoken: frozenset[str]
    """As the title says: "englische Fassung"."""
    medium_type: MediumType | None
    year: int | None
    duration: int | None
    names: frozenset[str]
    """Surnames of creators."""
    publishers: frozenset[str]
    described: str
    """The begin of its description, as written: seldom does a comparison come that far."""
    age_rating: str
    licence: str
    """Only where it is an address, so that it can be compared."""
    identifiers: tuple[tuple[str, str], ...]
    """Kind of number (`nr55`, `fwu`, `ean`, `doi`) and the number."""

    @property
    def description(self) -> str:
        """Folded words."""
        return " ".join(_words(self.described))

    @property
    def all(self) -> str:
        return f"{self.title} {self.rest}" if self.rest else self.title


def features(record: Record) -> Features:
    """What can be compared of a normalised record."""
    head = _read(record.title, is_title=True)
    sub = _read(record.subtitle)
    series = _read(record.series)
    texts = (head, sub, series)
    title = " ".join(head.words) or " ".join(_words(record.title))
    known = set(title.split())
    rest = [w for w in (*sub.words, *series.words) if w not in known]
    own = {str(record.year)} if record.year else set()
    return Features(
        kind=record.kind,
        title=title,
        rest=" ".join(rest[:MAX_WORDS]),
        series=" ".join(series.words),
        segments=tuple(dict.fromkeys(s for text in texts for s in text.segments))[:6] or (title,),
        parts=frozenset(p for text in texts for p in text.parts),
        numbers=frozenset(n for text in texts for n in text.numbers) - own,
        editions=frozenset(e for text in texts for e in text.editions),
        languages=frozenset(code.split("-")[0].lower() for code in record.languages),
        spoken=frozenset(s for text in texts for s in text.spoken),
        medium_type=record.medium_type,
        year=record.year,
        duration=record.duration,
        names=frozenset(filter(None, map(_surname, record.creators))),
        publishers=frozenset(filter(None, map(_house, record.publishers))),
        described=record.description[:DESCRIBED],
        age_rating=record.age_rating.lower(),
        licence=record.licence.rstrip("/") if record.licence.startswith("http") else "",
        identifiers=_identifiers(record),
    )


@dataclass(frozen=True, slots=True)
class _Text:
    words: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    editions: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()


_EMPTY = _Text()


@functools.lru_cache(maxsize=4_096)
def _read(line: str, *, is_title: bool = False) -> _Text:
    if not line:
        return _EMPTY
    folded = fold(line.lower())
    parts: list[str] = []
    editions: list[str] = []
    spoken: list[str] = []

    def part(match: re.Match[str]) -> str:
        parts.append(_number(match[1] or match[2]))
        return " : "

    def language(match: re.Match[str]) -> str:
        spoken.extend(_LANGUAGES[stem[:4]] for stem in match.groups() if stem)
        return " : "

    folded = _PART.sub(part, folded)
    folded = _SPOKEN.sub(language, folded)
    for name, pattern in _EDITIONS:
        folded, found = pattern.subn(" : ", folded)
        if found:
            editions.append(name)
    last = _TRAILING.search(folded) if is_title else None
    if last and not parts:
        parts.append(_number(last[1]))
        folded = folded[: last.start()]
    segments = [" ".join(_words(piece)) for piece in _SEGMENT.split(folded)]
    words = tuple(w for segment in segments for w in segment.split())[:MAX_WORDS]
    numbers = [w.lstrip("0") or "0" for w in words if w.isdigit()]
    return _Text(
        words,
        tuple(filter(None, segments)),
        tuple(parts),
        tuple(numbers + parts),
        tuple(editions),
        tuple(spoken),
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text.lower()))


def _number(written: str) -> str:
    """`3`, `iii` and `drei` or `dritter` give `3`."""
    if written.isdigit():
        return written.lstrip("0") or "0"
    if written in _ROMAN:
        return str(_ROMAN[written])
    return str(_COUNTED[written[:4]])


def _surname(name: str) -> str:
    words = _words(name.partition(",")[0])
    return words[-1] if words else ""


def _house(name: str) -> str:
    return " ".join(w for w in _words(name) if w not in _LEGAL)


def _identifiers(record: Record) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for identifier in record.identifiers:
        if identifier.scheme in ("parallel", "url"):
            continue
        key = identifiers.key(identifier)
        if key is None:
            continue
        scheme, colon, value = key.partition(":")
        if scheme == "nr":
            scheme = f"nr{value[:2]}"
        elif not colon:
            scheme, _, value = key.partition("-")
        found[scheme, value] = None
    return tuple(found)


def content(words: Iterable[str]) -> list[str]:
    """The words that say something: no articles, no prepositions."""
    return [w for w in words if w not in _SMALL]


_WORD = re.compile(r"[^\W_]+")
_SEGMENT = re.compile(r"\s*[:;|•]\s*|\s+[-–—/]\s+|\.\s+(?=\w{3})|\s*[()\[\]]\s*|\s*[-–—]\s*$")
_ROMAN = {n: i + 1 for i, n in enumerate("i ii iii iv v vi vii viii ix x xi xii".split())}
_COUNTED = {
    "eins": 1, "erst": 1, "zwei": 2, "drei": 3, "drit": 3, "vier": 4, "fuen": 5, "sech": 6,
    "sieb": 7, "acht": 8, "neun": 9, "zehn": 10,
}  # fmt: skip
_SPELT = (
    r"eins|erste[rns]?|zwei(?:te[rns]?)?|drei|dritte[rns]?|vier(?:te[rns]?)?|"
    r"fuenf(?:te[rns]?)?|sech(?:s|ste[rns]?)|sieb(?:en|te[rns]?)|acht(?:e[rns]?)?|"
    r"neun(?:te[rns]?)?|zehn(?:te[rns]?)?"
)
_VOLUME = (
    r"(?:teil|tl|folge|band|bd|vol|volume|part|episode|ep|staffel|kapitel|modul|heft|nr|lektion|"
    r"lieferung|sequenz|baustein)"
)
_ANY_NUMBER = rf"(?:\d{{1,4}}|[ivx]{{1,4}}|{_SPELT})"
_PART = re.compile(
    rf"\b{_VOLUME}\b\.?\s*({_ANY_NUMBER})\b|\b({_ANY_NUMBER})\.?\s*{_VOLUME}\b(?!\.?\s*\w*\d)"
)
_TRAILING = re.compile(r"\s[(#]?(\d{1,2}|[ivx]{2,4})\)?\s*$")
"""Wasser 2, Wasser (2), Wasser II."""
_LANGUAGES = {
    "deut": "de", "germ": "de", "engl": "en", "fran": "fr", "fren": "fr", "span": "es",
    "ital": "it", "tuer": "tr", "turk": "tr", "arab": "ar", "russ": "ru", "ukra": "uk",
    "poln": "pl", "poli": "pl", "lati": "la", "nied": "nl", "dutc": "nl", "kurd": "ku",
    "pers": "fa", "rumae": "ro", "ruma": "ro", "port": "pt", "grie": "el", "bulg": "bg",
}  # fmt: skip
_TONGUE = (
    r"(deutsch|german|englisch|engl|english|franzoesisch|franz|french|spanisch|spanish|"
    r"italienisch|tuerkisch|turkish|arabisch|russisch|ukrainisch|polnisch|polish|lateinisch|"
    r"niederlaendisch|dutch|kurdisch|persisch|rumaenisch|portugiesisch|griechisch|bulgarisch)"
)
_SPOKEN = re.compile(
    rf"\b{_TONGUE}(?:e[rsn]?)?\.?[\s-]*(?:original)?(?:fassung|version|sprachfassung|ausgabe|"
    rf"untertitel|edition|synchronfassung)\b"
    rf"|\b(?:auf|in)\s+{_TONGUE}(?:er sprache)?\s*(?=$|[)\]:;,])"
    rf"|[(\[]\s*(?:auf |in )?{_TONGUE}\.?\s*[)\]]"
    rf"|\b{_TONGUE}-{_TONGUE}\b(?=\s*(?:$|[)\]]))"
)
_EDITIONS = tuple(
    (name, re.compile(rf"\b(?:{pattern})\b\.?"))
    for name, pattern in (
        ("audio_description", r"hoerfilm(?:fassung)?|audiodeskription|mit ad|hoerfassung"),
        ("sign_language", r"(?:mit |in )?(?:gebaerdensprache|dgs)|gebaerdenfassung"),
        ("subtitled", r"omu|mit untertiteln?|mit ut|untertitelt"),
        ("plain_language", r"(?:in )?(?:leichter|einfacher) sprache|leichte sprache"),
        ("short", r"(?:kurz|kompakt)(?:fassung|version)|gekuerzt(?:e (?:fassung|version))?"),
        ("long", r"langfassung|langversion|director'?s cut|ungekuerzt(?:e fassung)?|extended"),
        ("teachers", r"lehrer(?:fassung|heft|handbuch|band|ausgabe|version)|lehrkraeftefassung"),
        ("pupils", r"schueler(?:fassung|heft|band|ausgabe|version|arbeitsheft)"),
        ("companion", r"begleit(?:heft|material(?:ien)?|buch)|arbeits(?:heft|blaetter|material)"),
        ("trailer", r"trailer|vorschau|demo(?:version)?|leseprobe|making[ -]of"),
        ("single_licence", r"einzel(?:platz)?lizenz"),
        ("school_licence", r"schullizenz|schulversion"),
        ("district_licence", r"kreislizenz|landeslizenz|onlinelizenz|online-?lizenz"),
        ("revised", r"(?:ueberarbeitete |aktualisierte )?neu(?:auflage|ausgabe|fassung|bearbeitung)"
                    r"|(?:ueberarbeitete|aktualisierte|erweiterte)(?: (?:fassung|ausgabe|auflage))?"
                    r"|\d+\. auflage"),
        ("three_d", r"3d|stereoskopisch|vr-?fassung|360 ?(?:°|grad)"),
        ("silent", r"stummfassung|ohne kommentar|stumm"),
        ("differentiated", r"inklusiv(?:fassung|e fassung)|foerderfassung|differenziert"),
    )
)  # fmt: skip
_LEGAL = frozenset(
    "gmbh ag kg co e v ev verlag medien film gbr ug mbh der die das und fuer".split()
)
_SMALL = frozenset(
    """aber als am an auf aus bei das dem den der des die ein eine einem einen einer eines es fuer
    im in ins ist mit nach oder sind so ueber um und vom von vor wie zu zum zur
    a an and at by for from in of on or the to with""".split()
)
