"""SODIX: the metadata of FWU's national pool as its GraphQL interface gives them, in JSON.

Every field may be null and every list may hold null. Names of licences, levels and types are
SODIX's own; what stands here knows them all, what is new there is kept as text or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.formats import moments, terms
from hub.formats import values as forms
from hub.formats.text import line, link, plain
from hub.records import (
    AccessMode,
    Carrier,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Record,
    Reject,
)

GERMANY = ZoneInfo("Europe/Berlin")
DELETED = "DELETED"
"""The `recordStatus` of a record that is gone."""

# learnResourceType; UBUNG is SODIX's spelling. Tokens that stand for the way of working, not for
# a kind of medium, give none. The first type of this order that is found decides.
_TYPES: Mapping[MediumType, frozenset[str]] = {
    MediumType.VIDEO: frozenset(["VIDEO", "AUDIOVISUELLES"]),
    MediumType.AUDIO: frozenset(["AUDIO", "RADIO"]),
    MediumType.INTERACTIVE: frozenset(
        "APP LERNSPIEL SIMULATION SOFTWARE WEBTOOL LERNKONTROLLE TEST UBUNG ENTDECKENDES".split()
    ),
    MediumType.IMAGE: frozenset(["BILD", "KARTE", "VERANSCHAULICHUNG"]),
    MediumType.PACKAGE: frozenset(["KURS", "UNTERRICHTSBAUSTEIN", "UNTERRICHTSPLANUNG"]),
    MediumType.DOCUMENT: frozenset(
        "ARBEITSBLATT BROSCHUERE EXPERIMENT FALLSTUDIE GLOSSAR HANDBUCH PRESENTATION QUELLE "
        "ROLLENSPIEL TEXT".split()
    ),
    MediumType.WEBSITE: frozenset(["WEBSEITE"]),
    MediumType.OTHER: frozenset(
        "DATEN MODELL OFFENE PROJECT RECHERCHE RESSOURCENTYP SONSTIGES".split()
    ),
}
RESOURCE_TYPES = frozenset().union(*_TYPES.values())
"""Every token of `learnResourceType`."""
_WRITTEN_TYPES = {
    MediumType.VIDEO: "VIDEO",
    MediumType.AUDIO: "AUDIO",
    MediumType.INTERACTIVE: "APP",
    MediumType.IMAGE: "BILD",
    MediumType.PACKAGE: "UNTERRICHTSBAUSTEIN",
    MediumType.DOCUMENT: "TEXT",
    MediumType.WEBSITE: "WEBSEITE",
    MediumType.OTHER: "SONSTIGES",
}
# What `terms` does not know, because only SODIX says it so.
_LEVELS = {
    "primarbereich": "grundschule",
    "fort- und weiterbildung": "fortbildung",
    "fachoberschule": "sekundarstufe_2",
    "mittel- / hauptschule": "sekundarstufe_1",
}
_LICENSED = "Copyright, lizenzpflichtig"
_SCHOOL_BROADCAST = "Schulfunk (§47)"
_PUBLIC_DOMAIN = "Gemeinfrei / Public Domain"
_MARK = "https://creativecommons.org/publicdomain/mark/1.0/"
_COSTS = {"fee required": "kostenpflichtig", "freemium": "teilweise kostenpflichtig"}
_LEARNERS = {"pupils": "learner"}
_CLASSES = re.compile(r"(?<!\d)(1[0-3]|[1-9])(?!\d)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

_SOURCE = "Quelle"
_SIZE = "Größe"
_OWN_ID = "Kennung"
_SCHOOLS = "Schularten"
_COMPETENCES = "Kompetenzen"
_NOTE = "Lizenzhinweis"
_DOWNLOAD = "Download"
_AUTHOR_SITE = "Website des Urhebers"
_LINKED = "Verknüpfte Einträge"


def read(document: Any, grant: Grant | None = None) -> Record | Reject:
    """The record of a document; without an id or a title none.

    `grant` is the licence by which the site has what is not open. Its term, and that of an open
    resource too, ends when the document says that it is no longer available.
    """
    if not isinstance(document, Mapping):
        return Reject("", f"an object was expected, not {type(document).__name__}")
    get = document.get
    source_id, title = line(_text(get("id"))), line(_text(get("title")))
    if not source_id or not title:
        return Reject(source_id or title, f"{'title' if source_id else 'id'}: missing")
    media, source, terms_of_use = (_object(get(name)) for name in ("media", "source", "license"))
    url = link(_text(media.get("url"))) or link(_text(media.get("originalUrl")))
    access = _access(line(_text(terms_of_use.get("name"))))
    published = forms.year(_text(get("publishedTime")) or _text(get("creationDate")))
    return Record(
        source_id=source_id,
        kind=Kind.MEDIUM,
        title=title,
        description=plain(_text(get("description"))),
        languages=_unique(forms.language(word) for word in _texts(get("language"))),
        identifiers=_identifiers(line(_text(get("identifier"))), url, media),
        url=url,
        image_url=_image(media, source),
        medium_type=_medium_type(_texts(get("learnResourceType")), _text(media.get("dataType"))),
        carrier=Carrier.ONLINE,
        subjects=_subjects(document),
        levels=_levels(document),
        grades=_grades(_text(get("classLevel"))),
        competences=_unique(_competence(one) for one in _objects(get("competencies"))),
        audiences=terms.audiences(
            _LEARNERS.get(word.casefold(), word) for word in _texts(get("targetAudience"))
        ),
        keywords=_unique(forms.name(word) for word in _texts(get("keywords"))),
        creators=_unique(line(_text(get(name))) for name in ("author", "producer")),
        publishers=_unique(line(_text(one.get("title"))) for one in _objects(get("publishers"))),
        year=published,
        duration=_duration(media.get("duration")),
        licence=_licence(terms_of_use),
        access=access,
        grants=_grants(_text(get("availableTo")), access, grant),
        cost=_COSTS.get(_text(get("cost")).casefold().replace("_", " "), ""),
        details=_details(document, media, source, terms_of_use),
        modified=moments.moment(_text(get("updated"))),
    )


def is_deleted(document: Mapping[str, Any]) -> bool:
    """Whether the pool says that the record is gone."""
    return _text(document.get("recordStatus")).upper() == DELETED


def write(record: Record) -> dict[str, Any]:
    """The document of a record, with null for what it does not know.

    SODIX knows no series, subtitles or age ratings, and of a term only its end.
    """
    details = record.details
    ends = [grant.valid_until for grant in record.grants if grant.valid_until]
    licence = record.licence or None
    address = licence if licence and licence.startswith("http") else None
    costs = {text: word for word, text in _COSTS.items()}
    return {
        "id": record.source_id,
        "identifier": next(
            (one.value for one in record.identifiers if one.scheme != "url"), details.get(_OWN_ID)
        ),
        "title": record.title,
        "description": record.description or None,
        "keywords": list(record.keywords),
        "language": list(record.languages),
        "creationDate": None,
        "updated": record.modified.isoformat() if record.modified else None,
        "publishedTime": str(record.year) if record.year else None,
        "availableTo": (min(ends) - timedelta(days=1)).isoformat() if ends else None,
        "recordStatus": "ACTIVATED",
        "author": next(iter(record.creators), None),
        "authorWebsite": details.get(_AUTHOR_SITE),
        "producer": next(iter(record.creators[1:]), None),
        "publishers": [{"id": None, "title": name} for name in record.publishers],
        "source": {"name": details.get(_SOURCE)},
        "media": {
            "size": None,
            "dataType": None,
            "duration": str(record.duration) if record.duration else None,
            "thumbPreview": record.image_url or None,
            "url": record.url or None,
            "originalUrl": None,
        },
        "targetAudience": list(record.audiences),
        "learnResourceType": [_WRITTEN_TYPES[record.medium_type]] if record.medium_type else [],
        "educationalLevels": list(record.levels),
        "classLevel": "-".join(map(str, record.grades)) if record.grades else None,
        "schoolTypes": [],
        "eafCode": list(record.subjects),
        "subject": [],
        "competencies": [
            {
                "id": terms.COMPETENCES + code,
                "level": 2,
                "name": terms.COMPETENCE_NAMES.get(code, code),
                "path": "Medienkompetenzrahmen NRW",
            }
            for code in record.competences
        ],
        "license": {
            "name": _license_name(record),
            "version": None,
            "country": None,
            "url": address,
            "text": details.get(_NOTE),
        },
        "additionalLicenseInformation": None,
        "downloadRight": None,
        "cost": costs.get(record.cost, "free"),
        "linkedObjects": None,
    }


def _license_name(record: Record) -> str | None:
    if record.access is AccessMode.LICENSED:
        return _LICENSED
    if record.access is AccessMode.LOGIN:
        return _SCHOOL_BROADCAST
    if record.licence.startswith("http"):
        return "freie Lizenz"
    return record.licence or None


def _text(value: Any) -> str:
    """The text of a scalar, "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _texts(value: Any) -> list[str]:
    """The texts of a list or of a single scalar."""
    found = (_text(part) for part in (value if isinstance(value, list) else [value]))
    return [text for text in found if text]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, Mapping)]


def _unique(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _access(name: str) -> AccessMode:
    """How the licence's name says one gets at it.

    What schools may use by law (school broadcasts, § 47 UrhG) needs no licence, but is open to
    schools alone.
    """
    folded = name.casefold()
    if "lizenzpflichtig" in folded:
        return AccessMode.LICENSED
    return AccessMode.LOGIN if "schulfunk" in folded else AccessMode.OPEN


def _licence(terms_of_use: Mapping[str, Any]) -> str:
    """The address of a free licence, which says more than its name does; else the name."""
    name = line(_text(terms_of_use.get("name")))
    address = terms.licence(link(_text(terms_of_use.get("url"))))
    if _access(name) is not AccessMode.OPEN:
        return name
    if address and (name.startswith("CC") or not name.startswith("Copyright")):
        return address
    if name == _PUBLIC_DOMAIN:
        return _MARK
    version = line(_text(terms_of_use.get("version")))
    found = terms.licence(f"{name} {version}".strip() if name.startswith("CC") else name)
    land = line(_text(terms_of_use.get("country"))).lower()
    ported = found.startswith("http") and "/licenses/" in found and version < "4"
    return f"{found}{land}/" if ported and re.fullmatch(r"[a-z]{2}", land) else found


def _grants(available_to: str, access: AccessMode, grant: Grant | None) -> tuple[Grant, ...]:
    until = _end(available_to)
    if grant is None or (access is not AccessMode.LICENSED and until is None):
        return ()
    ends = [day for day in (until, grant.valid_until) if day]
    return (Grant(grant.scope, grant.value, grant.valid_from, min(ends) if ends else None),)


def _end(text: str) -> date | None:
    """The first day on which a resource is no longer available; the day named is the last one.

    A time is one of the clocks in Germany; midnight is the end of the day before.
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text) + timedelta(days=1)
        moment = moments.moment(text, GERMANY)
        if moment is None:
            return None
        here = moment.astimezone(GERMANY)
        midnight = here.time() == datetime.min.time()
        return here.date() + timedelta(days=0 if midnight else 1)
    except (ValueError, OverflowError):
        return None


def _medium_type(tokens: list[str], data_type: str) -> MediumType | None:
    known = {token.upper() for token in tokens}
    found = next((kind for kind, names in _TYPES.items() if names & known), None)
    told = forms.medium_type(data_type) if found in (None, MediumType.OTHER) else None
    return told or found


def _subjects(document: Mapping[str, Any]) -> tuple[str, ...]:
    """EAF codes are texts; those that went through a table have lost their zero."""
    codes = _texts(document.get("eafCode"))
    codes += [_text(one.get("id")) for one in _objects(document.get("subject"))]
    return terms.subjects(code for code in codes if code.isascii() and code.isdecimal())


def _levels(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What is said of levels; only where nothing is, what the types of school stand for."""
    for name in ("educationalLevels", "schoolTypes"):
        words = (_LEVELS.get(word.casefold(), word) for word in _texts(document.get(name)))
        if found := terms.levels(words):
            return found
    return ()


def _grades(text: str) -> tuple[int, int] | None:
    """The school years of `5-10`, `7` or `5, 6`."""
    found = [int(number) for number in _CLASSES.findall(text)]
    return (min(found), max(found)) if found else None


def _competence(competency: Mapping[str, Any]) -> str:
    """A competence of the Medienkompetenzrahmen; other frameworks use the same numbers."""
    parts = [line(_text(competency.get(name))) for name in ("id", "name", "path")]
    if not any("medienkompetenzrahmen" in part.casefold() for part in parts):
        return ""
    return next(filter(None, map(forms.competence, parts[:2])), "")


def _identifiers(own: str, url: str, media: Mapping[str, Any]) -> tuple[Identifier, ...]:
    """Its address here and at its origin, and its media number or DOI where it has one."""
    addresses = (url, link(_text(media.get("originalUrl"))))
    found = [Identifier("url", address) for address in addresses if address]
    named = forms.identifier(own)
    return tuple(dict.fromkeys([*found, *([named] if named else [])]))


def _image(media: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    found = (
        link(_text(part.get(name)))
        for part, name in ((media, "thumbDetails"), (media, "thumbPreview"), (source, "imageUrl"))
    )
    return next(filter(None, found), "")


def _duration(value: Any) -> int | None:
    """Seconds of a playing time, which is a number of them or is written as a time."""
    text = _text(value)
    if re.fullmatch(r"\d{1,6}(?:\.\d{1,9})?", text):
        return int(float(text)) or None
    return forms.duration(text)


def _details(
    document: Mapping[str, Any],
    media: Mapping[str, Any],
    source: Mapping[str, Any],
    terms_of_use: Mapping[str, Any],
) -> dict[str, str]:
    own = line(_text(document.get("identifier")))
    competences = _unique(
        line(_text(one.get("name")))
        for one in _objects(document.get("competencies"))
        if not _competence(one)
    )
    found = {
        _SOURCE: line(_text(source.get("name"))),
        _OWN_ID: "" if forms.identifier(own) else own,
        _SCHOOLS: ", ".join(line(word) for word in _texts(document.get("schoolTypes"))),
        _COMPETENCES: "; ".join(competences),
        _NOTE: plain(_text(terms_of_use.get("text")))
        or plain(_text(document.get("additionalLicenseInformation"))),
        _SIZE: _size(_text(media.get("size"))),
        _DOWNLOAD: _permission(document.get("downloadRight")),
        _AUTHOR_SITE: link(_text(document.get("authorWebsite"))),
        _LINKED: ", ".join(line(word) for word in _texts(document.get("linkedObjects"))),
    }
    return {label: text for label, text in found.items() if text}


def _permission(value: Any) -> str:
    if isinstance(value, bool):
        return "erlaubt" if value else "nicht erlaubt"
    return line(_text(value))


def _size(text: str) -> str:
    """Bytes in words; whatever is no number stays as it is."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        return line(text)
    size = int(text)
    for unit in ("Byte", "KB", "MB"):
        if size < 1000:
            return f"{size} {unit}" if size else ""
        size = round(size / 1000)
    return f"{size} GB"
