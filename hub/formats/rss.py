"""RSS 2.0, one item at a time, with the modules that feeds of media and events use.

Source: RSS 2.0 specification (RSS Advisory Board), Dublin Core, Media RSS, iTunes podcast tags,
Creative Commons and event modules. The channel's language is not taken over: the feeds that say
`DE` hold items in other languages too; an item's own text is looked at instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from email.utils import format_datetime
from hashlib import blake2b

from lxml import etree

from hub.formats import language, moments, terms
from hub.formats import values as forms
from hub.formats.text import line, link, plain
from hub.records import Event, Identifier, Kind, MediumType, Record, Reject

DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
CC = (
    "{http://backend.userland.com/creativeCommonsRssModule}",
    "{http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html}",
)
EVENT = "{http://purl.org/rss/1.0/modules/event/}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_DOMAINS = {"eaf": "http://w3id.org/openeduhub/vocabs/discipline/", "mkr": terms.COMPETENCES}
# “Arbeitsblatt:”, “Grafik, interaktiv:”, “Video (02:15 Minuten):” before the text proper.
_LABEL = re.compile(r"([^\W\d_][^:.\n]{2,40}?)\s*(?:\([^)]*\))?:\s")
_EMAIL = re.compile(r"\S+@\S+\s*\((?P<name>[^)]+)\)|\S+@\S+")


def read(item: etree._Element, base: str = "", kind: Kind = Kind.MEDIUM) -> Record | Reject:
    """The record of an `item`; links are resolved against `base`, the channel's address.

    Its source id is the guid, else the link, else a hash of its text. Without title and
    description, or without anything that says where it is, there is no record.
    """
    title = line(_text(item, "title"))
    description = plain(_text(item, "description") or _text(item, CONTENT + "encoded"))
    guid = line(_text(item, "guid"))
    permanent = item.find("guid")
    address = link(_text(item, "link"), base)
    if not address and permanent is not None and permanent.get("isPermaLink") != "false":
        address = link(guid)
    source_id = guid or address or _hash(title, description)
    if not title:
        title = description.split("\n")[0][:120].strip()
    if not title:
        return Reject(source_id, "title: missing, and there is no description either")
    subjects, competences, keywords = _categories(item)
    image, attached, medium = _attachments(item, base)
    label = _LABEL.match(description)
    words = _texts(item, DC + "type")
    medium = _type(words) or medium or (_type([label[1]]) if label else None)
    languages = _languages(item) or _guessed(title, description)
    return Record(
        source_id=source_id,
        kind=kind,
        title=title,
        description=description,
        languages=languages,
        identifiers=(Identifier("url", address),) if address else (),
        url=address or attached,
        image_url=image,
        medium_type=medium if kind is Kind.MEDIUM else None,
        subjects=subjects,
        levels=terms.levels(_texts(item, DCTERMS + "educationLevel")),
        competences=competences,
        keywords=keywords,
        creators=_names([*_texts(item, DC + "creator"), *_texts(item, "author")]),
        publishers=_names(_texts(item, DC + "publisher")),
        duration=forms.duration(_text(item, ITUNES + "duration")) or _length(item),
        licence=_licence(item),
        place=line(_text(item, EVENT + "location")),
        events=_events(item),
        modified=moments.moment(_text(item, DCTERMS + "modified"))
        or moments.moment(_text(item, "pubDate"))
        or moments.moment(_text(item, DC + "date")),
    )


def write(record: Record) -> etree._Element:
    """The `item` of a record; what RSS and its modules have no place for is left out."""
    item = etree.Element("item", nsmap=_PREFIXES)
    _add(item, "title", record.title)
    _add(item, "link", record.url)
    _add(item, "description", record.description)
    for keyword in record.keywords:
        _add(item, "category", keyword)
    for subject in record.subjects:
        _add(item, "category", subject, domain=_DOMAINS["eaf"])
    for competence in record.competences:
        _add(item, "category", competence, domain=_DOMAINS["mkr"])
    _add(item, "guid", record.source_id, isPermaLink=str(record.source_id == record.url).lower())
    if record.modified:
        _add(item, "pubDate", format_datetime(record.modified.astimezone(UTC), usegmt=True))
    if record.image_url:
        etree.SubElement(item, MEDIA + "thumbnail", url=record.image_url)
    for code in record.languages:
        _add(item, DC + "language", code)
    for name in record.creators:
        _add(item, DC + "creator", name)
    for name in record.publishers:
        _add(item, DC + "publisher", name)
    for level in record.levels:
        _add(item, DCTERMS + "educationLevel", level)
    _add(item, DC + "type", record.medium_type or "")
    _add(
        item,
        CC[0] + "license" if record.licence.startswith("http") else DC + "rights",
        record.licence,
    )
    if record.duration:
        _add(item, ITUNES + "duration", forms.iso_duration(record.duration))
    for event in record.events[:1]:
        _add(item, EVENT + "startdate", event.start.isoformat())
        _add(item, EVENT + "enddate", event.end.isoformat())
    _add(item, EVENT + "location", record.place)
    return item


_PREFIXES = {
    "dc": DC[1:-1],
    "dcterms": DCTERMS[1:-1],
    "media": MEDIA[1:-1],
    "itunes": ITUNES[1:-1],
    "cc": CC[0][1:-1],
    "ev": EVENT[1:-1],
}


def _add(item: etree._Element, name: str, text: str, **attributes: str) -> None:
    if text:
        etree.SubElement(item, name, attributes).text = text


def _text(item: etree._Element, name: str) -> str:
    """The text of the first such child, with that of HTML which was left unescaped in it."""
    child = item.find(name)
    if child is None:
        return ""
    return _whole(child)


def _texts(item: etree._Element, name: str) -> list[str]:
    return [text for child in item.findall(name) if (text := _whole(child).strip())]


def _whole(child: etree._Element) -> str:
    return "".join(map(str, child.itertext()))


def _hash(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _categories(
    item: etree._Element,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Subjects, competences, keywords; the name of a subject is a keyword as well."""
    codes: list[str] = []
    keywords: list[str] = []
    competences: list[str] = []
    for category in item.findall("category"):
        word, domain = line(category.text), category.get("domain") or ""
        if domain == _DOMAINS["mkr"]:
            competences.append(word)
        elif domain == _DOMAINS["eaf"]:
            codes.append(word)
        elif word:
            codes.append(forms.subject(word))
            keywords.append(word)
    keywords += [
        word for text in _texts(item, MEDIA + "keywords") for word in _names(text.split(","))
    ]
    return terms.subjects(codes), terms.competences(competences), tuple(dict.fromkeys(keywords))


def _attachments(item: etree._Element, base: str) -> tuple[str, str, MediumType | None]:
    """The picture, what else is attached, and what that is."""
    image, attached, medium = "", "", None
    parts = [*item.iter("enclosure", MEDIA + "content")]
    for part in parts:
        address, kind = link(part.get("url"), base), (part.get("type") or "").lower()
        if kind.startswith("image/") or part.get("medium") == "image":
            image = image or address
        elif address and not attached:
            attached, medium = address, forms.medium_type(kind) if "/" in kind else None
    for thumbnail in item.iter(MEDIA + "thumbnail"):
        image = link(thumbnail.get("url"), base) or image
    for picture in item.findall(ITUNES + "image"):
        image = image or link(picture.get("href"), base)
    return image, attached, medium


def _length(item: etree._Element) -> int | None:
    """Media RSS gives the playing time in seconds."""
    for part in item.iter(MEDIA + "content"):
        seconds = part.get("duration") or ""
        if seconds.isascii() and seconds.isdecimal() and len(seconds) < 7:
            return int(seconds) or None
    return None


def _type(words: Iterable[str]) -> MediumType | None:
    parts = [part for word in words for part in (word, *re.split(r"[\s,()/-]+", word))]
    found = terms.medium_type(parts)
    return found or next(filter(None, map(forms.medium_type, parts)), None)


def _languages(item: etree._Element) -> tuple[str, ...]:
    said = [*_texts(item, DC + "language"), *_texts(item, "language"), item.get(_LANG) or ""]
    return tuple(dict.fromkeys(code for code in map(terms.language, said) if code))


def _guessed(*texts: str) -> tuple[str, ...]:
    code = language.guess(*texts)
    return (code,) if code else ()


def _names(words: Iterable[str]) -> tuple[str, ...]:
    """Names without the mail addresses that RSS asks for."""
    names = (line(_EMAIL.sub(lambda found: found["name"] or "", word)) for word in words)
    return tuple(dict.fromkeys(name for name in names if name))


def _licence(item: etree._Element) -> str:
    for name in (*(cc + "license" for cc in CC), MEDIA + "license", DCTERMS + "license"):
        child = item.find(name)
        if child is not None and (child.get("href") or child.text):
            return terms.licence(child.get("href") or child.text or "")
    return terms.licence(line(_text(item, DC + "rights") or _text(item, "copyright")))


def _events(item: etree._Element) -> tuple[Event, ...]:
    start = moments.moment(_text(item, EVENT + "startdate"))
    if start is None:
        return ()
    end = moments.moment(_text(item, EVENT + "enddate")) or start
    return (Event(start, max(start, end)),)
