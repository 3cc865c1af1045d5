"""Learning Object Metadata (IEEE 1484.12.1) in the three dialects that are in use here.

*edu-sharing* and plain *IEEE LOM* share a namespace and the names `lifeCycle`, `taxonPath`,
`<string language="de">`; edu-sharing adds vCards, EAF taxa and previews as relations. *HS-OER-LOM*
has its own namespace, names in small letters and `<langstring xml:lang="de">`, like the older
IMS binding. Names are compared without namespace and case, so each is read by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from lxml import etree

from hub.formats import moments, terms
from hub.formats import values as forms
from hub.formats.text import line, plain
from hub.records import AccessMode, Identifier, Kind, MediumType, Record

LOM = "http://ltsc.ieee.org/xsd/LOM"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_EAF_LANG = "x-t-eaf"
_OEH_LEVELS = "http://w3id.org/openeduhub/vocabs/educationalContext/"
_LRT = {
    MediumType.VIDEO: "video",
    MediumType.AUDIO: "audio",
    MediumType.IMAGE: "image",
    MediumType.DOCUMENT: "text",
    MediumType.PACKAGE: "course",
    MediumType.INTERACTIVE: "simulation",
    MediumType.WEBSITE: "web_page",
}
"""HCRT's names (w3id.org/kim/hcrt); it has none for what is something else."""
_CATALOGS = {
    "doi": "doi", "isbn": "isbn", "ean": "ean", "gtin": "ean", "url": "url", "uri": "url",
    "mediennummer": "medium", "signatur": "medium", "medium": "medium", "parallel": "parallel",
}  # fmt: skip
_STRINGS = frozenset({"string", "langstring"})
_HANDLES = frozenset({"hdl", "handle", "handle.net"})
_AUTHORS = frozenset({"author", "creator", "initiator", "script writer", "editor", "producer"})
_LRMI = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"
_ROLES = {
    "school": ("learner", "LOMv1.0"),
    "parents": ("parent", _LRMI),
    "citizen": ("generalPublic", _LRMI),
}
"""Value and source; of these the standard itself knows only the learner."""
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
                        eaf = eaf or language == _EAF_LANG or "eaf" in source
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


def write(record: Record) -> etree._Element:
    """The `lom` element of a record in IEEE's namespace, with edu-sharing's conventions."""
    return _Writer(record).root


class _Writer:
    def __init__(self, record: Record) -> None:
        self.root = etree.Element(f"{{{LOM}}}lom", nsmap={None: LOM})  # type: ignore[dict-item]
        self.language = next(iter(record.languages), "")
        self._general(record)
        self._lifecycle(record)
        self._technical(record)
        self._educational(record)
        self._rights(record)
        if record.image_url:
            self._relation("hasthumbnail", record.image_url)
        if record.series:
            self._relation("ispartof", record.series)
        if record.subjects:
            self._classification("discipline", record.subjects, "EAF Thesaurus", _EAF_LANG)
        if record.competences:
            codes = [terms.COMPETENCES + code for code in record.competences]
            self._classification("competency", codes, terms.COMPETENCES)

    def _add(self, parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        child = etree.SubElement(parent, f"{{{LOM}}}{name}")
        child.text = text
        return child

    def _string(self, parent: etree._Element, name: str, text: str) -> None:
        if text:
            string = self._add(self._add(parent, name), "string", text)
            if self.language:
                string.set("language", self.language)

    def _term(self, parent: etree._Element, name: str, value: str, source: str = "LOMv1.0") -> None:
        term = self._add(parent, name)
        self._add(term, "source", source)
        self._add(term, "value", value)

    def _general(self, record: Record) -> None:
        general = self._add(self.root, "general")
        for identifier in record.identifiers:
            child = self._add(general, "identifier")
            self._add(child, "catalog", identifier.scheme)
            self._add(child, "entry", identifier.value)
        self._string(general, "title", record.title)
        for language in record.languages:
            self._add(general, "language", language)
        self._string(general, "description", record.description)
        for keyword in record.keywords:
            self._string(general, "keyword", keyword)

    def _lifecycle(self, record: Record) -> None:
        section = self._add(self.root, "lifeCycle")
        parties = [("author", name) for name in record.creators]
        parties += [("publisher", name) for name in record.publishers]
        if record.year and not parties:
            parties.append(("publisher", ""))
        for index, (role, name) in enumerate(parties):
            contribute = self._add(section, "contribute")
            self._term(contribute, "role", role)
            if name:
                escaped = re.sub(r"([,;\\])", r"\\\1", name)
                card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{escaped}\nEND:VCARD"
                self._add(contribute, "entity", card)
            if record.year and index == len(parties) - 1:
                self._add(self._add(contribute, "date"), "dateTime", str(record.year))

    def _technical(self, record: Record) -> None:
        section = self._add(self.root, "technical")
        if record.url:
            self._add(section, "location", record.url)
        if record.duration:
            duration = self._add(section, "duration")
            self._add(duration, "duration", forms.iso_duration(record.duration))

    def _educational(self, record: Record) -> None:
        section = self._add(self.root, "educational")
        if record.medium_type in _LRT:
            source = terms.HCRT + "scheme"
            self._term(section, "learningResourceType", _LRT[record.medium_type], source)
        for audience in record.audiences:
            role, source = _ROLES.get(audience, (audience, "audience"))
            self._term(section, "intendedEndUserRole", role, source)
        for level in record.levels:
            self._term(section, "context", _OEH_LEVELS + level, _OEH_LEVELS)
        if record.grades:
            ages = self._add(section, "typicalAgeRange")
            self._add(ages, "string", forms.ages(record.grades))

    def _rights(self, record: Record) -> None:
        section = self._add(self.root, "rights")
        self._term(section, "cost", "yes" if record.cost else "no")
        if record.licence:
            self._add(self._add(section, "description"), "string", record.licence)

    def _relation(self, kind: str, text: str) -> None:
        section = self._add(self.root, "relation")
        self._term(section, "kind", kind, "EDUSHARING" if kind == "hasthumbnail" else "LOMv1.0")
        description = self._add(self._add(section, "resource"), "description")
        self._add(description, "string", text)

    def _classification(
        self, purpose: str, codes: Iterable[str], source: str, language: str = "x-none"
    ) -> None:
        section = self._add(self.root, "classification")
        self._term(section, "purpose", purpose)
        for code in codes:
            path = self._add(section, "taxonPath")
            self._add(self._add(path, "source"), "string", source).set("language", language)
            self._add(self._add(path, "taxon"), "id", code)
