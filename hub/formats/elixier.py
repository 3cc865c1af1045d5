"""ELIXIER, the exchange format of the German education servers: one `datensatz` at a time.

Source: a real export of bildungsserver.de; its DTD is named by every document and never fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from hub.formats import language, moments, terms
from hub.formats import values as forms
from hub.formats.text import line, link, plain
from hub.records import AccessMode, Identifier, Kind, MediumType, Record, Reject

ZONE = ZoneInfo("Europe/Berlin")
"""Times carry no zone."""
_NO_NAME = re.compile(r"\S+@\S+|https?://\S+")
_TYPES = {
    MediumType.VIDEO: "Video",
    MediumType.AUDIO: "Audio",
    MediumType.IMAGE: "Bild",
    MediumType.DOCUMENT: "Text",
    MediumType.PACKAGE: "Unterrichtsbaustein",
    MediumType.INTERACTIVE: "Simulation",
    MediumType.WEBSITE: "Website",
    MediumType.OTHER: "Anderer Ressourcentyp",
}
_LEVELS = {
    "elementarbereich": "Elementarbildung",
    "grundschule": "Primarstufe",
    "sekundarstufe_1": "Sekundarstufe I",
    "sekundarstufe_2": "Sekundarstufe II",
    "hochschule": "Hochschule",
    "berufliche_bildung": "Berufliche Bildung",
    "fortbildung": "Fortbildung",
    "erwachsenenbildung": "Erwachsenenbildung",
    "foerderschule": "Förderschule",
}
_LEVEL_WORDS = {word: code for code, word in _LEVELS.items()}
_AUDIENCES = {"school": "Schüler", "parents": "Eltern", "kita": "Erzieher", "youth": "Jugendliche"}
_DETAILS = {"quelle_pfad": "Quelle", "verfallsdatum": "Geprüft bis", "url_datensatz": "Datensatz"}


def read(record: etree._Element, kind: Kind = Kind.MEDIUM) -> Record | Reject:
    """The record of a `datensatz`; without `id_local` or `titel` there is none.

    `einsteller` catalogued the record, so neither name nor address is taken over.
    """

    def one(name: str) -> str:
        return line(record.findtext(name))

    def many(name: str) -> list[str]:
        return [text for child in record.findall(name) if (text := line(child.text))]

    source_id, title = one("id_local"), one("titel")
    if not source_id or not title:
        missing = "titel" if source_id else "id_local"
        return Reject(source_id or title, f"{missing}: missing")
    url = link(one("url_ressource"))
    description = plain(record.findtext("beschreibung"))
    subjects, topics = _subjects(many("systematikpfad"))
    published = moments.moment(one("publikationsdatum"), ZONE)
    code = terms.language(one("sprache")) or language.guess(title, description)
    ages = "-".join(filter(None, (one("alter_min"), one("alter_max"))))
    levels = [_LEVEL_WORDS.get(word, word) for word in many("bildungsebene")]
    return Record(
        source_id=source_id,
        kind=kind,
        title=title,
        description=description,
        languages=(code,) if code else (),
        identifiers=(Identifier("url", url),) if url else (),
        url=url,
        medium_type=_type(many("lernressourcentyp")),
        subjects=subjects,
        levels=terms.levels(levels),
        grades=forms.grades(ages) if ages else None,
        audiences=terms.audiences(many("zielgruppe")),
        keywords=tuple(dict.fromkeys([*_parts(many("schlagwort")), *topics])),
        creators=tuple(dict.fromkeys(_parts(many("autor")))),
        year=published.astimezone(ZONE).year if published else None,
        licence=terms.licence(_once(one("rechte"))),
        access=AccessMode.LOGIN if _no(one("frei_zugaenglich")) else AccessMode.OPEN,
        cost="kostenpflichtig" if one("kostenpflichtig").casefold() == "ja" else "",
        details={label: text for name, label in _DETAILS.items() if (text := one(name))},
        modified=moments.moment(one("letzte_aenderung"), ZONE),
    )


def write(record: Record) -> etree._Element:
    """The `datensatz` of a record; what ELIXIER has no place for is left out."""
    element = etree.Element("datensatz")

    def add(name: str, texts: Iterable[str]) -> None:
        for text in texts:
            if text:
                etree.SubElement(element, name).text = text

    add("id_local", [record.source_id])
    add("titel", [record.title])
    add("sprache", record.languages[:1])
    add("beschreibung", [record.description])
    add("schlagwort", ["; ".join(record.keywords)])
    add("autor", ["; ".join(record.creators)])
    if record.modified:
        add("letzte_aenderung", [f"{record.modified.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"])
    if record.year:
        add("publikationsdatum", [f"{datetime(record.year, 1, 1):%Y-%m-%d}"])
    add("systematikpfad", (f"Schule; {code}" for code in record.subjects))
    add("bildungsebene", (_LEVELS[code] for code in record.levels if code in _LEVELS))
    add("url_ressource", [record.url])
    add("lernressourcentyp", [_TYPES[record.medium_type]] if record.medium_type else [])
    add("zielgruppe", (_AUDIENCES[code] for code in record.audiences if code in _AUDIENCES))
    if record.grades:
        youngest, oldest = forms.ages(record.grades).split("-")
        add("alter_min", [youngest])
        add("alter_max", [oldest])
    add("kostenpflichtig", ["ja" if record.cost else "nein"])
    add("rechte", [record.licence])
    add("frei_zugaenglich", ["ja" if record.access is AccessMode.OPEN else "nein"])
    for name, label in _DETAILS.items():
        add(name, [record.details.get(label, "")])
    return element


def _subjects(paths: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """EAF subjects of paths like “Schule; Sprachen und Literatur; Deutsch; Literatur”.

    The last step that is a known subject counts; finer steps behind it become keywords.
    """
    codes: list[str] = []
    topics: list[str] = []
    for path in paths:
        steps = [step.strip() for step in path.split(";")]
        for at in range(len(steps) - 1, -1, -1):
            code = terms.subject(steps[at])
            if code:
                codes.append(code)
                topics += steps[at + 1 :]
                break
        else:
            topics += steps[-1:] if len(steps) > 1 else []
    return tuple(dict.fromkeys(codes)), topics


def _type(words: list[str]) -> MediumType | None:
    return terms.medium_type(words) or next(filter(None, map(forms.medium_type, words)), None)


def _parts(texts: Iterable[str]) -> list[str]:
    """Entries between semicolons, without mail and web addresses."""
    parts = (line(_NO_NAME.sub("", part)) for text in texts for part in text.split(";"))
    return [part for part in parts if part]


def _once(text: str) -> str:
    """A text that some exports write twice in a row, once."""
    bare = text.rstrip(".")
    half = bare[: len(bare) // 2].rstrip(". ")
    return half if half and bare in (f"{half}. {half}", f"{half} {half}") else text


def _no(word: str) -> bool:
    return word.casefold() == "nein"
