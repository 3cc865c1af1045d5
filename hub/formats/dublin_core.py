"""Dublin Core as OAI-PMH carries it: `oai_dc`, fifteen elements, each any number of times.

Sources put what they like into them, so values are told apart by their form: an identifier may
be an address, a DOI or a media number, a relation may be a preview picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lxml import etree

from hub.formats import moments
from hub.formats import values as forms
from hub.formats.text import line, plain
from hub.records import AccessMode, Identifier, Kind, MediumType, Record

DC = "http://purl.org/dc/elements/1.1/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ELEMENTS = (
    "title", "creator", "subject", "description", "publisher", "contributor", "date", "type",
    "format", "identifier", "source", "language", "relation", "coverage", "rights",
)  # fmt: skip
_NAME = {f"{{{DC}}}{name}": name for name in ELEMENTS}
_NONE: Sequence[str] = ()
# Words of the open-access vocabulary that repositories put among the rights.
_ACCESS = {
    "info:eu-repo/semantics/openaccess": AccessMode.OPEN,
    "info:eu-repo/semantics/restrictedaccess": AccessMode.LOGIN,
    "info:eu-repo/semantics/closedaccess": AccessMode.LICENSED,
    "info:eu-repo/semantics/embargoedaccess": AccessMode.LICENSED,
}
_DCMI = {
    MediumType.VIDEO: "MovingImage",
    MediumType.AUDIO: "Sound",
    MediumType.IMAGE: "StillImage",
    MediumType.DOCUMENT: "Text",
    MediumType.PACKAGE: "Collection",
    MediumType.INTERACTIVE: "InteractiveResource",
    MediumType.WEBSITE: "Website",
    MediumType.OTHER: "PhysicalObject",
}
_TYPES = {name.lower(): medium for medium, name in _DCMI.items()}
_DETAILS = {"contributor": "Mitwirkende", "source": "Quelle", "coverage": "Abdeckung"}
_SEPARATOR = "; "


def read(
    identifier: str, datestamp: str, element: etree._Element, kind: Kind = Kind.MEDIUM
) -> Record:
    """The record of an `oai_dc:dc` element; identifier and datestamp are the header's.

    Raises `ValueError` where the element is no Dublin Core or names no title.
    """
    values: dict[str, list[str]] = {}
    languages: dict[str, list[str]] = {}
    for child in element:
        text = (
            child.text
            if not len(child)
            else str(etree.tostring(child, method="text", encoding="unicode", with_tail=False))
        )
        if not text or text.isspace():
            continue
        name = _NAME.get(child.tag)
        if name in values:
            values[name].append(text)
        elif name:
            values[name] = [text]
        if name == "title" or name == "description":
            languages.setdefault(name, []).append(child.get(_LANG, ""))
    get = values.get
    titles = _in_german(get("title", _NONE), languages.get("title", _NONE))
    title = line(titles[0]) if titles else ""
    if not title:
        raise ValueError("the Dublin Core record has no title" if values else _no_dc(element))
    descriptions = _in_german(get("description", _NONE), languages.get("description", _NONE))
    subjects, keywords, competences = _subjects(get("subject", _NONE))
    identifiers, url = _identifiers(get("identifier", _NONE))
    medium, duration = _type(get("type", _NONE), get("format", _NONE))
    image = ""
    for address in get("relation", _NONE):
        address = address.strip()
        if forms.is_image(address):
            image = address
            break
    licence, access = _rights(get("rights", _NONE))
    details = {
        label: _SEPARATOR.join(map(line, values[name]))
        for name, label in _DETAILS.items()
        if name in values
    }
    return Record(
        source_id=identifier,
        kind=kind,
        title=title,
        subtitle=line(titles[1]) if len(titles) > 1 else "",
        description="\n".join(map(plain, descriptions)),
        languages=_each(forms.language, get("language", _NONE)),
        identifiers=identifiers,
        url=url,
        image_url=image,
        medium_type=medium,
        subjects=subjects,
        competences=competences,
        keywords=keywords,
        creators=_each(forms.name, get("creator", _NONE)),
        publishers=_each(forms.name, get("publisher", _NONE)),
        year=_year(get("date", _NONE)),
        duration=duration,
        licence=licence,
        access=access,
        details=details,
        modified=moments.moment(datestamp),
    )


def write(record: Record) -> etree._Element:
    """The `oai_dc:dc` element of a record: everything that fifteen elements can say of it."""
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": DC})

    def add(name: str, *values: str) -> None:
        for value in values:
            if value:
                etree.SubElement(root, f"{{{DC}}}{name}").text = value

    add("title", record.title, record.subtitle)
    add("creator", *record.creators)
    add("subject", *(f"EAF:{code}" for code in record.subjects))
    add("subject", *(_COMPETENCE + code for code in record.competences), *record.keywords)
    add("description", record.description)
    add("publisher", *record.publishers)
    add("date", str(record.year or ""))
    if record.medium_type:
        add("type", _DCMI[record.medium_type])
    if record.duration:
        add("format", forms.iso_duration(record.duration))
    add("identifier", record.url)
    for identifier in record.identifiers:
        if identifier.value != record.url:
            prefix = _PREFIXES.get(identifier.scheme, "")
            add("identifier", prefix + identifier.value)
    add("language", *record.languages)
    add("relation", record.image_url)
    add("rights", record.licence)
    for access, word in _ACCESS_WORDS.items():
        if record.access is access:
            add("rights", word)
    for name, label in _DETAILS.items():
        add(name, record.details.get(label, ""))
    return root


_COMPETENCE = "http://w3id.org/openeduhub/vocabs/medienkompetenzrahmenNRW/"
_PREFIXES = {"doi": "doi:", "isbn": "urn:isbn:", "ean": "ean:"}
_ACCESS_WORDS = {
    AccessMode.LOGIN: "info:eu-repo/semantics/restrictedAccess",
    AccessMode.LICENSED: "info:eu-repo/semantics/closedAccess",
}


def _no_dc(element: etree._Element) -> str:
    return f"<{etree.QName(element).localname}> holds no Dublin Core"


def _in_german(texts: Sequence[str], languages: Sequence[str]) -> Sequence[str]:
    """Those texts that are in German or in no language; where none is, those in the first one."""
    if len(texts) < 2:
        return texts
    if not any(languages):
        return texts
    codes = [forms.language(code) for code in languages]
    wanted = {"de", ""} if "de" in codes else {codes[0]}
    return [text for text, code in zip(texts, codes, strict=True) if code in wanted]


def _subjects(
    texts: Iterable[str],
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """EAF codes, free words and competences; other vocabularies' addresses say nothing here."""
    subjects: list[str] = []
    keywords: list[str] = []
    competences: list[str] = []
    for text in texts:
        if code := forms.subject(text):
            subjects.append(code)
            if code not in text and not forms.is_address(text):
                keywords.append(forms.name(text))  # a name is also worth finding as a word
        elif code := forms.competence(text):
            competences.append(code)
        elif not forms.is_address(text):
            parts = text.split(";") if ";" in text and "&" not in text else (text,)
            keywords.extend(map(forms.name, parts))
    return _unique(subjects), _unique(keywords), _unique(competences)


def _identifiers(texts: Iterable[str]) -> tuple[tuple[Identifier, ...], str]:
    """The identifiers, and where the thing is found: its first address, else by its DOI."""
    found = [name for name in map(forms.identifier, texts) if name is not None]
    url = doi = ""
    for name in found:
        if name.scheme == "url":
            url = url or name.value
        elif name.scheme == "doi":
            doi = doi or f"https://doi.org/{name.value}"
    return tuple(found), url or doi


def _type(types: Iterable[str], formats: Iterable[str]) -> tuple[MediumType | None, int | None]:
    """The kind of medium, by type or else by format, and the playing time among the formats."""
    medium = None
    for text in types:
        medium = medium or _TYPES.get(text.lower()) or forms.medium_type(text)
    duration = None
    for text in formats:
        if "/" in text:
            medium = medium or forms.medium_type(text)
        else:
            duration = duration or forms.duration(text)
    return medium, duration


def _rights(texts: Iterable[str]) -> tuple[str, AccessMode]:
    """The licence, an address before words, and how one gets at the thing."""
    licence, access = "", AccessMode.OPEN
    for text in texts:
        stated = _ACCESS.get(text.strip().lower())
        if stated is not None:
            access = stated
            continue
        name = forms.licence_term(text)
        if not licence or (name.startswith("http") and not licence.startswith("http")):
            licence = name
    return forms.name(licence), access


def _year(dates: Sequence[str]) -> int | None:
    for text in dates:
        if found := forms.year(text):
            return found
    return None


def _each(clean: Callable[[str], str], texts: Sequence[str]) -> tuple[str, ...]:
    """The cleaned texts, each once. Most elements come once or not at all."""
    if len(texts) > 1:
        return _unique(map(clean, texts))
    return tuple(filter(None, (clean(texts[0]),))) if texts else ()


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(values)))
