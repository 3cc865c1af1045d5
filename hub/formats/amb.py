"""AMB, the general metadata profile for educational resources: JSON-LD, one object at a time.

Source: dini-ag-kim AMB (draft of 2026-01). Read leniently, because hardly any export passes the
schema: strings stand in place of objects, single values in place of lists, old vocabularies are
used. Written strictly: what `write` gives is valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from hub.formats import language, moments, terms
from hub.formats import values as forms
from hub.formats.text import line, link, plain
from hub.records import AccessMode, Identifier, Kind, MediumType, Record, Reject

CONTEXT = "https://w3id.org/kim/amb/context.jsonld"
DISCIPLINE = "http://w3id.org/openeduhub/vocabs/discipline/"
OWN_URN = "urn:x-medienzentrum:"
"""Before a source id that is no URI, which AMB asks for."""
MAX_DEPTH = 6

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_OPEN_LICENCE = re.compile(
    r"https?://(?:creativecommons\.org/(?:licenses|licences|publicdomain)/"
    r"|www\.gnu\.org/licenses/|www\.apache\.org/licenses/|opensource\.org/licenses/MIT"
    r"|www\.opensource\.org/licenses/BSD).*"
)
_TYPES = {
    MediumType.VIDEO: ("VideoObject", "video"),
    MediumType.AUDIO: ("AudioObject", "audio"),
    MediumType.IMAGE: ("ImageObject", "image"),
    MediumType.DOCUMENT: ("TextDigitalDocument", "text"),
    MediumType.PACKAGE: ("Collection", "course"),
    MediumType.INTERACTIVE: ("WebApplication", "application"),
    MediumType.WEBSITE: ("WebPage", "web_page"),
    MediumType.OTHER: ("MediaObject", "other"),
}
_ROLES = {"school": "student", "parents": "parent", "citizen": "generalPublic"}
_LANGUAGES = frozenset(
    (
        "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
        "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
        "hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky "
        "la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny "
        "oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss "
        "st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
        "za zh zu"
    ).split()
)


def read(document: Any, kind: Kind = Kind.MEDIUM) -> Record | Reject:
    """The record of an object; without a name, or without anything that identifies it, none."""
    if not isinstance(document, Mapping):
        return Reject("", f"an object was expected, not {type(document).__name__}")
    get = document.get
    address = next(_texts(get("id") or get("@id"), "id", "@id"), "")
    others = [*_texts(get("url"), "id", "@id"), *_texts(get("identifier"), "value", "id", "@id")]
    source_id = line(address or (others[0] if others else ""))
    if source_id.startswith(OWN_URN):
        source_id = unquote(source_id.removeprefix(OWN_URN))
    title = line(_first(get("name")) or _first(get("headline")) or _first(get("title")))
    if not source_id or not title:
        missing = "name" if source_id else "id"
        return Reject(source_id or title, f"{missing}: missing")
    description = plain(_first(get("description")) or _first(get("abstract")))
    url = next((found for part in (address, *others) if (found := link(part))), "")
    words = [line(word) for word in _words(get("keywords"))]
    about = list(_terms(get("about") or get("subject")))
    subjects = terms.subjects(forms.subject(word) for pair in about for word in pair)
    words += [label for ids, label in about if label and not forms.subject(label)]
    taught = [
        word
        for name in ("teaches", "assesses", "competencyRequired", "educationalAlignment")
        for pair in _terms(get(name))
        for word in pair
    ]
    published = moments.moment(_first(get("datePublished")))
    return Record(
        source_id=source_id,
        kind=kind,
        title=title,
        description=description,
        languages=_languages(get("inLanguage") or get("language"), title, description),
        identifiers=_identifiers([address, *others], document),
        url=url,
        image_url=_link(get("image")) or _link(get("thumbnailUrl")) or _link(get("thumbnail")),
        medium_type=_medium_type(document),
        subjects=subjects,
        levels=terms.levels(
            word for pair in _terms(get("educationalLevel")) for word in pair if word
        ),
        competences=terms.competences(taught),
        audiences=terms.audiences(
            word for pair in _terms(get("audience")) for word in pair if word
        ),
        keywords=tuple(dict.fromkeys(word for word in words if word)),
        creators=_names(get("creator") or get("author")),
        publishers=_names(get("publisher") or get("sourceOrganization") or get("provider")),
        year=published.year if published else None,
        duration=forms.duration(_first(get("duration"))),
        licence=terms.licence(next(_texts(get("license") or get("licence"), "id", "@id"), "")),
        access=_access(document),
        cost="kostenpflichtig" if get("isAccessibleForFree") is False else "",
        modified=_moment(document, "dateModified", "datePublished", "dateCreated"),
    )


def write(record: Record) -> dict[str, Any]:
    """A valid AMB object.

    AMB knows only open licences, so that of a licensed medium is left out; so are subjects,
    levels, languages and audiences for which it has no term, and a bare year.
    """
    document: dict[str, Any] = {
        "@context": [CONTEXT, {"@language": "de"}],
        "id": _id(record),
        "type": ["LearningResource"],
        "name": record.title,
    }
    if record.medium_type:
        schema_type, resource_type = _TYPES[record.medium_type]
        document["type"].append(schema_type)
        document["learningResourceType"] = [_concept(terms.HCRT + resource_type)]
    subjects = [terms.kim_subject(code) for code in record.subjects]
    if any(subjects):
        document["about"] = [
            _concept(address)
            for address in dict.fromkeys(
                [*filter(None, subjects), *(DISCIPLINE + code for code in record.subjects)]
            )
        ]
    parts: dict[str, Any] = {
        "description": record.description,
        "image": record.image_url,
        "keywords": list(record.keywords),
        "inLanguage": [
            code for full in record.languages if (code := full.partition("-")[0]) in _LANGUAGES
        ],
        "creator": [{"type": "Person", "name": name} for name in record.creators],
        "publisher": [{"type": "Organization", "name": name} for name in record.publishers],
        "educationalLevel": [
            _concept(address) for code in record.levels if (address := terms.kim_level(code))
        ],
        "teaches": [
            {
                "id": terms.COMPETENCES + code,
                "prefLabel": {"de": terms.COMPETENCE_NAMES[code]},
            }
            for code in record.competences
            if code in terms.COMPETENCE_NAMES
        ],
        "audience": [
            _concept(terms.ROLES + _ROLES[code]) for code in record.audiences if code in _ROLES
        ],
        "duration": forms.iso_duration(record.duration) if record.duration else "",
        "license": {"id": record.licence} if _OPEN_LICENCE.fullmatch(record.licence) else None,
        "dateModified": record.modified.isoformat() if record.modified else "",
    }
    document |= {name: value for name, value in parts.items() if value}
    entrance = "no_login" if record.access is AccessMode.OPEN else "login"
    document["conditionsOfAccess"] = _concept(terms.KIM_ACCESS + entrance)
    document["isAccessibleForFree"] = not record.cost
    return document


def _concept(address: str) -> dict[str, str]:
    return {"type": "Concept", "id": address}


def _id(record: Record) -> str:
    """The source id if it is a URI, else the address, else a name of our own."""
    if _URI.fullmatch(record.source_id):
        return record.source_id
    return record.url or OWN_URN + quote(record.source_id, safe="")


def _texts(value: Any, *names: str, depth: int = 0) -> Iterator[str]:
    """Every text in a string, number, object or list of them; of objects the named members."""
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif depth < MAX_DEPTH and isinstance(value, list):
        for part in value:
            yield from _texts(part, *names, depth=depth + 1)
    elif depth < MAX_DEPTH and isinstance(value, Mapping):
        for name in names:
            found = list(_texts(value.get(name), *names, depth=depth + 1))
            if found:
                yield from found
                return


def _first(value: Any) -> str:
    """The text of a literal: bare, `{"de": …}`, `{"@value": …}`, or the first of a list.

    German goes before English, English before the rest.
    """
    if isinstance(value, list):
        german = (v for v in value if isinstance(v, Mapping) and v.get("@language") == "de")
        return _first(next(german, value[0] if value else ""))
    if isinstance(value, Mapping):
        return next(_texts(value, "de", "@value", "value", "en", "name", *sorted(value)), "")
    return next(_texts(value), "")


def _words(value: Any) -> Iterator[str]:
    """Keywords: a list, or one text with commas or semicolons."""
    for text in _texts(value, "name", "prefLabel", "@value", "de", "termCode"):
        yield from re.split(r"[,;]", text) if isinstance(value, str) else (text,)


def _terms(value: Any) -> Iterator[tuple[str, str]]:
    """Address and label of each term, where only one of them may be given."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, Mapping):
            address = next(_texts(part.get("id") or part.get("@id"), "id"), "")
            address = address or next(_texts(part.get("targetUrl")), "")
            label = (
                part.get("prefLabel")
                or part.get("name")
                or part.get("educationalRole")
                or part.get("audienceType")
            )
            yield address, line(_first(label))
        else:
            for text in _texts(part):
                yield (text, "") if "://" in text else ("", line(text))


def _names(value: Any) -> tuple[str, ...]:
    names = (line(_first(part)) for part in (value if isinstance(value, list) else [value]))
    return tuple(dict.fromkeys(name for name in names if name and "://" not in name))


def _link(value: Any) -> str:
    found = map(link, _texts(value, "id", "@id", "url", "contentUrl"))
    return next((address for address in found if address), "")


def _languages(value: Any, *texts: str) -> tuple[str, ...]:
    codes = [terms.language(word) for word in _texts(value, "id", "name", "alternateName")]
    if not any(codes):
        codes = [language.guess(*texts)]
    return tuple(dict.fromkeys(code for code in codes if code))


def _identifiers(values: Iterable[str], document: Mapping[str, Any]) -> tuple[Identifier, ...]:
    found = [forms.identifier(value) for value in values if "://" in value or "doi" in value]
    found += [Identifier("isbn", line(value)) for value in _texts(document.get("isbn"))]
    return tuple(dict.fromkeys(identifier for identifier in found if identifier))


def _medium_type(document: Mapping[str, Any]) -> MediumType | None:
    """The schema.org type goes first: resource types are often given by the dozen."""
    kinds = list(_texts(document.get("type") or document.get("@type")))
    found = terms.medium_type(kinds)
    if found:
        return found
    words = [word for pair in _terms(document.get("learningResourceType")) for word in pair if word]
    known = terms.medium_type(words) or next(filter(None, map(forms.medium_type, words)), None)
    return MediumType.OTHER if known is None and "MediaObject" in kinds else known


def _moment(document: Mapping[str, Any], *names: str) -> datetime | None:
    found = (moments.moment(_first(document.get(name))) for name in names)
    return next((moment for moment in found if moment), None)


def _access(document: Mapping[str, Any]) -> AccessMode:
    words = {
        re.split(r"[/#]", text)[-1]
        for text in _texts(document.get("conditionsOfAccess"), "id", "@id", "prefLabel")
    }
    return AccessMode.LOGIN if "login" in words else AccessMode.OPEN
