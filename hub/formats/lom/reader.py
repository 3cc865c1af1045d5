"""Reads the three dialects of LOM."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from lxml import etree

from hub.formats import moments, terms
from hub.formats import values as forms
from hub.formats.lom.names import EAF_LANGUAGE
from hub.formats.text import line, plain
from hub.records import AccessMode, Identifier, Kind, MediumType, Record

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CATALOGS = {
    "doi": "doi", "isbn": "isbn", "ean": "ean", "gtin": "ean", "url": "url", "uri": "url",
    "mediennummer": "medium", "signatur": "medium", "medium": "medium", "parallel": "parallel",
}  # fmt: skip
_STRINGS = frozenset({"string", "langstring"})
_HANDLES = frozenset({"hdl", "handle", "handle.net"})
_AUTHORS = frozenset({"author", "creator", "initiator", "script writer", "editor", "producer"})
_COSTS = "kostenpflichtig"


class _Names(dict[object, str]):
    """From a tag to the element's name in small letters, without namespace; "" for comments."""

    def __missing__(self, tag: object) -> str:
        name = tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
        if len(self) < 10_000:
            self[tag] = name
        return name


_name = _Names().__getitem__


def _children(element: etree._Element) -> list[tuple[str, etree._Element]]:
    """Each child with its name."""
    return [(_name(child.tag), child) for child in element]


def read(
    identifier: str, datestamp: str, element: etree._Element, kind: Kind = Kind.MEDIUM
) -> Record:
    """The record of a `lom` element, or of one that wraps it; the header gives the rest.

    Raises `ValueError` where there is no LOM or no title in it.
    """
    if _name(element.tag) != "lom":
        inner = next((child for name, child in _children(element) if name == "lom"), None)
        if inner is None:
            raise ValueError(f"<{etree.QName(element).localname}> holds no LOM")
        element = inner
    reader = _Reader()
    for section in element:
        name = _name(section.tag)
        handle = _SECTIONS.get(name)
        if handle is not None:
            handle(reader, section)
    return reader.record(identifier, datestamp, kind)


class _Reader:
    """What the sections of one document say, gathered while they are gone through."""

    def __init__(self) -> None:
        self.title = self.description = self.series = self.image = self.licence = self.cost = ""
        self.languages: list[str] = []
        self.keywords: list[str] = []
        self.identifiers: list[Identifier] = []
        self.creators: list[str] = []
        self.publishers: list[str] = []
        self.types: list[str] = []
        self.formats: list[str] = []
        self.locations: list[str] = []
        self.subjects: list[str] = []
        self.competences: list[str] = []
        self.levels: list[str] = []
        self.audiences: list[str] = []
        self.grades: tuple[int, int] | None = None
        self.duration: int | None = None
        self.year: int | None = None

    def record(self, identifier: str, datestamp: str, kind: Kind) -> Record:
        if not self.title:
            raise ValueError("the LOM record has no title")
        url = next((place for place in self.locations if not forms.is_image(place)), "")
        url = url or next(iter(self.locations), "")
        for name in self.identifiers:
            if url:
                break
            if name.scheme in ("url", "doi"):
                url = f"https://doi.org/{name.value}" if name.scheme == "doi" else name.value
        medium = _first_type(self.types) or _first_type(self.formats)
        return Record(
            source_id=identifier,
            kind=kind,
            title=self.title,
            series=self.series,
            description=self.description,
            languages=_unique([forms.language(code) for code in self.languages]),
            identifiers=tuple(dict.fromkeys(self.identifiers)),
            url=url,
            image_url=self.image,
            medium_type=medium,
            subjects=_unique(self.subjects),
            levels=_levels(tuple(self.levels)),
            grades=self.grades,
            competences=_unique(self.competences),
            audiences=_audiences(tuple(self.audiences)),
            keywords=_unique(self.keywords),
            creators=_unique(self.creators),
            publishers=_unique(self.publishers),
            year=self.year,
            duration=self.duration,
            licence=self.licence,
            access=AccessMode.OPEN,
            cost=self.cost,
            modified=moments.moment(datestamp),
        )

    def general(self, section: etree._Element) -> None:
        for child in section:
            name = _name(child.tag)
            if name == "title":
                self.title = self.title or line(_in_german(child))
            elif name == "description":
                text = plain(_in_german(child))
                self.description = f"{self.description}\n{text}" if self.description else text
            elif name == "keyword":
                self.keywords.extend(_keywords(child))
            elif name == "language":
                self.languages.append(_text(child))
            elif name in ("identifier", "catalogentry"):
                self._identifier(child)

    def _identifier(self, element: etree._Element) -> None:
        parts = {name: _in_german(child).strip() for name, child in _children(element)}
        entry = parts.get("entry") or (element.text or "").strip()
        catalog = parts.get("catalog", "").lower()
        if not entry:
            return
        found = forms.identifier(entry)
        scheme = _CATALOGS.get(catalog)
        if catalog in _HANDLES and found is None:
            found = Identifier("url", f"https://hdl.handle.net/{entry}")
        elif scheme == "url":
            found = found if found is not None and found.scheme == "url" else None
        elif scheme and (found is None or found.scheme != scheme):
            found = Identifier(scheme, entry)
        if found is not None:
            self.identifiers.append(found)

    def lifecycle(self, section: etree._Element) -> None:
        for child in section:
            name = _name(child.tag)
            if name != "contribute":
                continue
            role, date = "", ""
            names: list[str] = []
            for value in child:
                part = _name(value.tag)
                if part == "role":
                    role = _value(value).lower()
                elif part in ("entity", "centity"):
                    names.append(person(_all_text(value)))
                elif part == "date":
                    date = date or _datetime(value)
            if role == "publisher":
                self.publishers.extend(names)
                self.year = forms.year(date) or self.year
            elif role in _AUTHORS:
                self.creators.extend(names)
            self.year = self.year or forms.year(date)

    def technical(self, section: etree._Element) -> None:
        for child in section:
            name = _name(child.tag)
            if name == "format":
                self.formats.append(_text(child))
            elif name == "location":
                place = _text(child)
                if forms.is_address(place):
                    self.locations.append(place)
            elif name == "duration":
                self.duration = self.duration or forms.duration(_datetime(child))

    def educational(self, section: etree._Element) -> None:
        for child in section:
            name = _name(child.tag)
            if name == "learningresourcetype":
                self.types.append(_value(child))
            elif name == "context":
                self.levels.append(_value(child))
            elif name == "typicalagerange":
                self.grades = self.grades or forms.grades(_in_german(child))
            elif name == "intendedenduserrole":
                self.audiences.append(_value(child))

    def rights(self, section: etree._Element) -> None:
        for child in section:
            name = _name(child.tag)
            if name == "cost":
                self.cost = _COSTS if _value(child).lower() in ("yes", "true", "ja") else ""
            elif name == "description":
                texts = [text for _, text in _strings(child)]
                texts.sort(key=lambda text: "://" not in text)
                for text in texts[:1]:
                    self.licence = self.licence or forms.licence_term(text)

    def relation(self, section: etree._Element) -> None:
        kind, texts = "", []
        for child in section:
            name = _name(child.tag)
            if name == "kind":
                kind = _value(child).lower()
            elif name == "resource":
                texts = [_all_text(part).strip() for _, part in _children(child)]
        if kind == "hasthumbnail":
            address = next((text for text in texts if forms.is_address(text)), "")
            self.image = self.image or address
        elif kind == "ispartof":
            names = (text for text in texts if "://" not in text)
            self.series = self.series or line(next(names, ""))

    def classification(self, section: etree._Element) -> None:
        purpose = ""
        for child in section:
            name = _name(child.tag)
            if name == "purpose":
                purpose = _value(child).lower()
            elif name == "taxonpath":
                self._taxon_path(child, purpose)
            elif name == "keyword":
                self.keywords.extend(_keywords(child))

    def _taxon_path(self, path: etree._Element, purpose: str) -> None:
        source = code = entry = ""
        eaf = False
        taxa = [path]
        while taxa:  # a taxon's successor stands beside it, or in it
            for child in taxa.pop():
                name = _name(child.tag)
                if name == "source":
                    for language, text in _strings(child):
                        source = text.lower()
                        eaf = eaf or language == EAF_LANGUAGE or "eaf" in source
                elif name == "taxon":
                    taxa = [child]
                    code = entry = ""
                    for value in child:
                        part = _name(value.tag)
                        if part == "id":
                            code = _text(value)
                        elif part == "entry":
                            entry = line(_in_german(value))
        if purpose == "educational level":
            self.levels.extend((code, entry))
            return
        subject = forms.eaf_code(code) if eaf else ""
        competence = forms.competence(code)
        if competence:
            self.competences.append(competence)
        elif subject := subject or (forms.subject(code) if "://" in code else ""):
            self.subjects.append(subject)
        elif entry:
            self.keywords.append(entry)
            self.subjects.append(forms.subject(entry))


_SECTIONS = {
    "general": _Reader.general,
    "lifecycle": _Reader.lifecycle,
    "technical": _Reader.technical,
    "educational": _Reader.educational,
    "rights": _Reader.rights,
    "relation": _Reader.relation,
    "classification": _Reader.classification,
}


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _all_text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _strings(element: etree._Element) -> list[tuple[str, str]]:
    """The texts of an element with their languages, as they stand; its own text where none."""
    found = [
        (child.get("language") or child.get(_XML_LANG) or "", text)
        for name, child in _children(element)
        if name in _STRINGS and (text := _text(child))
    ]
    if not found and (text := _text(element)):
        found.append((element.get("language") or element.get(_XML_LANG) or "", text))
    return found


def _in_german(element: etree._Element) -> str:
    """The text in German, else in no language, else the first. Most elements have but one."""
    if len(element) == 1 and _name(element[0].tag) in _STRINGS:
        return _text(element[0])
    if not len(element):
        return _text(element)
    texts = _strings(element)
    for wanted in ("de", ""):
        for language, text in texts:
            if forms.language(language)[:2] == wanted:
                return text
    return texts[0][1] if texts else ""


def _keywords(element: etree._Element) -> list[str]:
    """The keywords of an element: several in one language, or one in several."""
    if len(element) < 2:
        return [forms.name(_in_german(element))]
    texts = _strings(element)
    languages = {forms.language(language)[:2] for language, _ in texts}
    wanted = ("de", "") if "de" in languages else languages
    return [forms.name(text) for language, text in texts if forms.language(language)[:2] in wanted]


def _value(element: etree._Element) -> str:
    """The value of a vocabulary's term: its `value`, else its address or its label."""
    others = {}
    for child in element:
        name = _name(child.tag)
        if name == "value":
            return _in_german(child)
        others[name] = child
    for name in ("id", "entry"):
        if name in others:
            return _in_german(others[name])
    return _text(element)


def _datetime(element: etree._Element) -> str:
    """The time or the duration in an element, which each binding wraps in its own way."""
    for child in element:
        name = _name(child.tag)
        if name in ("datetime", "duration"):
            return _text(child)
    return _text(element)


_VCARD_LINE = re.compile(r"^\s*(?:item\d+\.)?(FN|N|ORG)(?:;[^:\n]*)?:(.*)$", re.MULTILINE | re.I)
_ESCAPE = re.compile(r"\\([,;\\n])", re.IGNORECASE)


@lru_cache(maxsize=4096)
def person(card: str) -> str:
    """The name in a vCard (RFC 2426): of the person, else of the organisation."""
    if "VCARD" not in card.upper():
        return line(card)
    fields: dict[str, str] = {}
    for name, value in _VCARD_LINE.findall(card.replace("\r\n", "\n").replace("\r", "\n")):
        fields.setdefault(name.upper(), value.strip())
    name = fields.get("FN", "")
    if not name:
        family, _, given = fields.get("N", "").partition(";")
        name = f"{given.partition(';')[0]} {family}".strip()
    name = name or fields.get("ORG", "").partition(";")[0]
    return line(_ESCAPE.sub(lambda found: found[1].replace("n", " "), name))


_levels = lru_cache(maxsize=1000)(terms.levels)
_audiences = lru_cache(maxsize=1000)(terms.audiences)


def _first_type(words: Iterable[str]) -> MediumType | None:
    for word in words:
        if found := forms.medium_type(word):
            return found
    return None


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(values))) if values else ()
