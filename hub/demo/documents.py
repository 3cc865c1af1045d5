"""Media as the documents of five formats: ARIX answers, RSS, AMB, ELIXIER, OAI-PMH records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from lxml import etree

from hub.demo import dice
from hub.demo.open_media import licence
from hub.demo.stock import Medium

NO_END = "2099-12-31"
DC = "http://purl.org/dc/elements/1.1/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
LOM = "http://ltsc.ieee.org/xsd/LOM"
SUBJECTS = {
    "020": ("Arbeitslehre", "s1048"),
    "040": ("Berufliche Bildung", "s1049"),
    "060": ("Kunst", "s1015"),
    "080": ("Biologie", "s1001"),
    "100": ("Chemie", "s1002"),
    "120": ("Deutsch", "s1005"),
    "220": ("Geographie", "s1010"),
    "240": ("Geschichte", "s1011"),
    "260": ("Gesundheit", "s1012"),
    "280": ("Sachkunde", "s1028"),
    "320": ("Informatik", "s1013"),
    "380": ("Mathematik", "s1017"),
    "400": ("Medienbildung", "s1046"),
    "420": ("Musik", "s1020"),
    "450": ("Philosophie", "s1021"),
    "460": ("Physik", "s1022"),
    "480": ("Politik", "s1023"),
    "600": ("Sport", "s1031"),
    "700": ("Wirtschaft", "s1033"),
}
HCRT = {
    "19": "image",
    "29": "audio",
    "49": "video",
    "58": "web_page",
    "69": "simulation",
    "79": "worksheet",
}
FORM = {
    "19": ("StillImage", "image/jpeg"),
    "29": ("Sound", "audio/mpeg"),
    "49": ("MovingImage", "video/mp4"),
    "58": ("Text", "text/html"),
    "69": ("InteractiveResource", "text/html"),
    "79": ("Text", "application/pdf"),
}
LEVELS = (
    (0, 4, "Primarstufe", "level_1", "grundschule"),
    (5, 10, "Sekundarstufe I", "level_2", "sekundarstufe_1"),
    (11, 13, "Sekundarstufe II", "level_3", "sekundarstufe_2"),
)


def arix(
    media: Iterable[Medium], contexts: Callable[[Medium], Sequence[str]], end: Callable[[str], str]
) -> bytes:
    """Records as an ARIX server answers a search; media without contexts are left out.

    `end` gives the end of the licence by media number.
    """
    result = etree.Element("result")
    for medium in media:
        places = contexts(medium)
        if not places:
            continue
        record = etree.SubElement(result, "r", identifier=medium.identifier)
        record.set("contexts", ", ".join(places))
        record.set("size", f"{40 + dice.number(medium.number) % 900} MByte")
        fields = {
            "nr": medium.number,
            "typ": medium.type,
            "titel": medium.title,
            "utitel": medium.subtitle,
            "sertitel": medium.series,
            "text": medium.description,
            "adressat": medium.audience,
            "geb": ", ".join(medium.subjects),
            "schlag": ", ".join(medium.keywords),
            "laenge": f"ca. {medium.minutes} min f" if medium.minutes else "",
            "produ": medium.producer,
            "prodjahr": str(medium.year),
            "prodland": "D",
            "sprache": "de",
            "fsk": "Lehr",
            "paranr": medium.dvd_number if medium.dvd else "",
            "verfanf": "0000-00-00",
            "verfende": "0000-00-00",
            "licence": end(medium.number),
            "aenderung": f"{medium.year + 1}-03-11 09:30:00",
        }
        for name, text in fields.items():
            if text:
                etree.SubElement(record, "f", n=name).text = text
    return _xml(result)


def licence_end(day: date, *where: str) -> Callable[[str], str]:
    """Ends of licences as contracts have them: some over, some soon, most in years or never."""

    def end(number: str) -> str:
        case = dice.between(0, 99, number, *where)
        if case < 12:
            return str(day - timedelta(days=dice.between(20, 400, number, *where)))
        if case < 26:
            return str(day + timedelta(days=dice.between(12, 60, number, *where)))
        if case < 70:
            return f"{day.year + dice.between(1, 4, number, *where)}-07-31"
        return NO_END

    return end


def rss(title: str, media: Iterable[Medium]) -> bytes:
    root = etree.Element("rss", version="2.0", nsmap={"dc": DC})
    channel = etree.SubElement(root, "channel")
    _texts(channel, {"title": title, "link": "https://medien.example/", "description": title})
    for medium in media:
        item = etree.SubElement(channel, "item")
        _texts(
            item,
            {
                "title": _title(medium),
                "link": medium.url,
                "guid": medium.url,
                "description": f"<p>{medium.description}</p>",
                "pubDate": format_datetime(_moment(medium)),
                f"{{{DC}}}creator": medium.producer,
                f"{{{DC}}}rights": licence(medium),
                f"{{{DC}}}language": "de",
            },
        )
        for word in (*_subject_names(medium), *medium.keywords):
            etree.SubElement(item, "category").text = word
    return _xml(root)


def amb(media: Iterable[Medium]) -> bytes:
    records = [
        {
            "@context": [
                "https://w3id.org/kim/amb/context.jsonld",
                {"@language": "de"},
            ],
            "id": medium.url,
            "type": ["LearningResource"],
            "name": _title(medium),
            "description": medium.description,
            "keywords": list(medium.keywords),
            "inLanguage": ["de"],
            "about": [
                {"id": f"http://w3id.org/kim/schulfaecher/{number}", "prefLabel": {"de": name}}
                for name, number in _subjects(medium)
            ],
            "educationalLevel": [
                {"id": f"https://w3id.org/kim/educationalLevel/{level}"}
                for _, level, _ in _levels(medium)
            ],
            "learningResourceType": [
                {"id": f"https://w3id.org/kim/hcrt/{HCRT.get(medium.type, 'other')}"}
            ],
            "license": {"id": licence(medium)},
            "creator": [{"type": "Organization", "name": medium.producer}],
            "datePublished": f"{medium.year}-05-02",
            "dateModified": f"{_moment(medium):%Y-%m-%d}",
            "isAccessibleForFree": True,
            "conditionsOfAccess": {"id": "http://w3id.org/kim/conditionsOfAccess/no_login"},
            **({"duration": f"PT{medium.minutes}M"} if medium.minutes else {}),
        }
        for medium in media
    ]
    return json.dumps(records, ensure_ascii=False, indent=1).encode()


def elixier(media: Iterable[Medium]) -> bytes:
    root = etree.Element("elixier")
    for medium in media:
        entry = etree.SubElement(root, "datensatz")
        _texts(
            entry,
            {
                "id_local": f"DE:MZ:{medium.number}",
                "titel": _title(medium),
                "sprache": "Deutsch",
                "beschreibung": medium.description,
                "schlagwort": "; ".join(medium.keywords),
                "autor": medium.producer,
                "letzte_aenderung": f"{_moment(medium):%Y-%m-%d}",
                "publikationsdatum": f"{medium.year}-05-02",
            },
        )
        for name in _subject_names(medium):
            etree.SubElement(entry, "systematikpfad").text = f"Schule; {name}"
        for name, _, _ in _levels(medium):
            etree.SubElement(entry, "bildungsebene").text = name
        _texts(
            entry,
            {
                "url_ressource": medium.url,
                "lernressourcentyp": "Arbeitsmaterial",
                "zielgruppe": "Lehrer",
                "kostenpflichtig": "nein",
                "rechte": licence(medium),
                "quelle_id": "MZ",
                "quelle_pfad": "Medienzentren/Freies Material",
            },
        )
    return _xml(root, doctype='<!DOCTYPE elixier SYSTEM "http://medien.example/elixier.dtd">')


def dublin_core(medium: Medium) -> str:
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": DC})
    kind, form = FORM.get(medium.type, ("Text", "text/html"))
    values: list[tuple[str, str]] = [
        ("title", _title(medium)),
        ("creator", medium.producer),
        *(("subject", name) for name in _subject_names(medium)),
        *(("subject", word) for word in medium.keywords),
        ("description", medium.description),
        ("publisher", medium.producer),
        ("date", str(medium.year)),
        ("type", kind),
        ("format", form),
        ("identifier", medium.url),
        ("language", "de"),
        ("rights", licence(medium)),
    ]
    for name, text in values:
        etree.SubElement(root, f"{{{DC}}}{name}").text = text
    return etree.tostring(root, encoding="unicode")


def lom(medium: Medium) -> str:
    """IEEE LOM as school repositories write it: EAF subjects in a classification."""
    namespaces: Any = {None: LOM}  # the stubs know no default namespace
    root = etree.Element(f"{{{LOM}}}lom", nsmap=namespaces)
    general = _sub(root, "general")
    identifier = _sub(general, "identifier")
    _sub(identifier, "catalog", "URI")
    _sub(identifier, "entry", medium.url)
    _string(general, "title", _title(medium))
    _sub(general, "language", "de")
    _string(general, "description", medium.description)
    for word in medium.keywords:
        _string(general, "keyword", word)
    contribute = _sub(_sub(root, "lifeCycle"), "contribute")
    _value(contribute, "role", "publisher")
    _sub(contribute, "entity", f"BEGIN:VCARD\nVERSION:3.0\nORG:{medium.producer}\nFN:\nEND:VCARD")
    _sub(_sub(contribute, "date"), "dateTime", f"{medium.year}-05-02")
    technical = _sub(root, "technical")
    _sub(technical, "format", FORM.get(medium.type, ("", "text/html"))[1])
    _sub(technical, "location", medium.url)
    if medium.minutes:
        _sub(_sub(technical, "duration"), "duration", f"PT{medium.minutes}M")
    educational = _sub(root, "educational")
    for _, _, context in _levels(medium):
        _value(educational, "context", context)
    rights = _sub(root, "rights")
    _value(rights, "cost", "no")
    _string(rights, "description", licence(medium))
    for subject in medium.subjects:
        classification = _sub(root, "classification")
        _value(classification, "purpose", "discipline")
        path = _sub(classification, "taxonPath")
        source = _sub(path, "source")
        etree.SubElement(source, f"{{{LOM}}}string", language="x-t-eaf").text = "EAF Thesaurus"
        _sub(_sub(path, "taxon"), "id", subject)
    return etree.tostring(root, encoding="unicode")


def oai(name: str, prefix: str, media: Iterable[Medium]) -> bytes:
    """What the stand-in repository serves: name, format and documents as JSON."""
    write = {"oai_dc": dublin_core, "lom": lom}[prefix]
    return json.dumps(
        {
            "prefix": prefix,
            "records": [
                {
                    "identifier": f"oai:{name}.medien.example:{medium.number}",
                    "datestamp": int(_moment(medium).timestamp()),
                    "document": write(medium),
                }
                for medium in media
            ],
        },
        ensure_ascii=False,
        indent=1,
    ).encode()


def _title(medium: Medium) -> str:
    return f"{medium.title}: {medium.subtitle}" if medium.source == "feed" else medium.title


def _moment(medium: Medium) -> datetime:
    """When the description last changed: long ago, and the same whenever one asks."""
    day = date(medium.year + 1, 1, 7) + timedelta(days=int(medium.number[2:]) % 300)
    return datetime(day.year, day.month, day.day, 8, int(medium.number[-2:]) % 60, tzinfo=UTC)


def _subjects(medium: Medium) -> list[tuple[str, str]]:
    known = (SUBJECTS.get(subject[:3]) for subject in medium.subjects)
    return list(dict.fromkeys(subject for subject in known if subject))


def _subject_names(medium: Medium) -> list[str]:
    return [name for name, _ in _subjects(medium)]


def _levels(medium: Medium) -> list[tuple[str, str, str]]:
    first, last = medium.grades or (0, 0)
    return [
        (name, kim, oeh) for low, high, name, kim, oeh in LEVELS if first <= high and last >= low
    ]


def _texts(parent: etree._Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        etree.SubElement(parent, name).text = text


def _sub(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{LOM}}}{name}")
    element.text = text
    return element


def _string(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(_sub(parent, name), f"{{{LOM}}}string", language="de").text = text


def _value(parent: etree._Element, name: str, value: str) -> None:
    element = _sub(parent, name)
    _sub(element, "source", "LOMv1.0")
    _sub(element, "value", value)


def _xml(root: etree._Element, *, doctype: str = "") -> bytes:
    head = f"<?xml version='1.0' encoding='UTF-8'?>\n{doctype}".strip() + "\n"
    return head.encode() + etree.tostring(root, encoding="utf-8", pretty_print=True)
