"""edu-sharing: the nodes of its REST interface, JSON with properties of `ccm:`, `cclom:`, `cm:`.

Every property is a list of texts, most of them addresses of the OpenEduHub vocabularies; beside
`ccm:taxonid` stands `ccm:taxonid_DISPLAYNAME` with the names. Single values in place of lists are
read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hub.formats import moments, terms
from hub.formats import values as forms
from hub.formats.lom import person
from hub.formats.text import line, link, plain
from hub.records import AccessMode, Carrier, Grant, Identifier, Kind, MediumType, Record, Reject

VOCABULARIES = "http://w3id.org/openeduhub/vocabs/"
REFERENCE = "ccm:collection_io_reference"
"""The aspect of a node that only stands for another one, in a collection."""

_CC = "https://creativecommons.org/"
# ccm:commonlicense_key, beside CC_BY and its kin: what to call it, and how one gets at it.
_LICENCES: Mapping[str, tuple[str, AccessMode]] = {
    "CC_0": (f"{_CC}publicdomain/zero/1.0/", AccessMode.OPEN),
    "PDM": (f"{_CC}publicdomain/mark/1.0/", AccessMode.OPEN),
    "COPYRIGHT_FREE": ("Copyright, freier Zugang", AccessMode.OPEN),
    "COPYRIGHT_LICENSE": ("Copyright, lizenzpflichtig", AccessMode.LICENSED),
    "SCHULFUNK": ("Schulfunk (§47)", AccessMode.LOGIN),
    "UNTERRICHTS_UND_LEHRMEDIEN": ("Unterrichts- und Lehrmedien (§60b)", AccessMode.LOGIN),
}
_KEYS = {name: key for key, (name, _) in _LICENCES.items()}
_CC_KEY = re.compile(r"CC_(BY(?:_(?:NC|ND|SA)){0,2})")
_COSTS = {"yes": "kostenpflichtig", "yes_for_additional": "teilweise kostenpflichtig"}
_TYPES = {
    MediumType.VIDEO: "video",
    MediumType.AUDIO: "audio",
    MediumType.IMAGE: "image",
    MediumType.DOCUMENT: "text",
    MediumType.PACKAGE: "course",
    MediumType.INTERACTIVE: "simulation",
    MediumType.WEBSITE: "web_page",
}
_AGE_RATINGS = frozenset(["0", "6", "12", "16", "18"])
_ROLES = {"school": "learner", "parents": "parent"}
_PLAYING_TIME = 48 * 3_600_000
_SOURCE = "Quelle"


def read(node: Any, grant: Grant | None = None) -> Record | Reject:
    """The record of a node; without an id or a title none.

    `grant` is the licence by which the site has what needs one.
    """
    if not isinstance(node, Mapping):
        return Reject("", f"an object was expected, not {type(node).__name__}")
    given = _Properties(node)
    source_id = line(_text(_object(node.get("ref")).get("id")))
    title = next(
        (
            found
            for text in (given.one("cclom:title"), node.get("title"), given.one("cm:title"))
            if (found := line(_text(text)))
        ),
        line(_text(node.get("name")) or given.one("cm:name")),
    )
    if not source_id or not title:
        return Reject(source_id or title, f"{'title' if source_id else 'id'}: missing")
    url = next(
        (
            found
            for text in (
                *given.all("ccm:wwwurl"),
                _object(node.get("content")).get("url"),
                *given.all("cclom:location"),
            )
            if (found := link(_text(text)))
        ),
        "",
    )
    licence, access = _licence(node, given)
    return Record(
        source_id=source_id,
        kind=Kind.MEDIUM,
        title=title,
        description="\n".join(_unique(map(plain, given.all("cclom:general_description")))),
        languages=_unique(map(forms.language, given.all("cclom:general_language"))),
        identifiers=_identifiers(given),
        url=url,
        image_url=_image(node),
        medium_type=_medium_type(node, given),
        carrier=Carrier.ONLINE,
        subjects=terms.subjects(
            given.all("ccm:taxonid", "ccm:taxonentry", "ccm:taxonid_DISPLAYNAME")
        ),
        levels=terms.levels(
            given.all("ccm:educationalcontext", "ccm:educationalcontext_DISPLAYNAME")
        ),
        grades=_grades(given),
        competences=_unique(
            forms.competence(word)
            for word in given.all("ccm:competence", "ccm:curriculum")
            if "medienkompetenzrahmen" in word.casefold()
        ),
        audiences=terms.audiences(given.all("ccm:educationalintendedenduserrole")),
        keywords=_unique(
            forms.name(word)
            for text in given.all("cclom:general_keyword")
            for word in text.split(";")
        ),
        creators=_unique(
            person(card)
            for card in given.all("ccm:lifecyclecontributer_author", "ccm:author_freetext")
        ),
        publishers=_unique(
            person(card)
            for card in given.all(
                "ccm:lifecyclecontributer_publisher", "ccm:oeh_publisher_combined"
            )
        ),
        year=forms.year(given.one("ccm:published_date")),
        duration=_duration(given.one("cclom:duration")),
        age_rating=_rating(given.one("ccm:fskRating")),
        licence=licence,
        access=access,
        grants=(grant,) if grant and access is AccessMode.LICENSED else (),
        cost=_COSTS.get(_last(given.one("ccm:price")), ""),
        details=_details(given),
        modified=_modified(node, given),
    )


def is_reference(node: Mapping[str, Any]) -> bool:
    """Whether a node only stands for another one, which comes itself."""
    aspects = node.get("aspects")
    return isinstance(aspects, list) and REFERENCE in aspects


def judged(record: Record, grant: Grant | None = None) -> Record:
    """A record of the same repository read from LOM, where the licence's key stands as a text."""
    name, access = _LICENCES.get(record.licence, (record.licence, record.access))
    if match := _CC_KEY.fullmatch(record.licence):
        name = _cc(match)
    grants = (grant,) if grant and access is AccessMode.LICENSED else record.grants
    return replace(record, licence=name, access=access, grants=grants)


def write(record: Record) -> dict[str, Any]:
    """The node of a record; edu-sharing knows no subtitles, series, carriers or grants."""
    first_age, last_age = forms.ages(record.grades).split("-") if record.grades else ("", "")
    properties = {
        "cclom:title": [record.title],
        "cclom:general_description": [record.description],
        "cclom:general_language": record.languages,
        "cclom:general_keyword": record.keywords,
        "cclom:general_identifier": [one.value for one in record.identifiers],
        "ccm:wwwurl": [record.url],
        "ccm:educationallearningresourcetype": [_term("learningResourceType", _TYPES, record)],
        "ccm:taxonid": [f"{VOCABULARIES}discipline/{code}" for code in record.subjects],
        "ccm:educationalcontext": [
            f"{VOCABULARIES}educationalContext/{code}" for code in record.levels
        ],
        "ccm:educationaltypicalagerange_from": [first_age],
        "ccm:educationaltypicalagerange_to": [last_age],
        "ccm:competence": [terms.COMPETENCES + code for code in record.competences],
        "ccm:educationalintendedenduserrole": [
            f"{VOCABULARIES}intendedEndUserRole/{_ROLES.get(code, code)}"
            for code in record.audiences
        ],
        "ccm:author_freetext": record.creators,
        "ccm:oeh_publisher_combined": record.publishers,
        "ccm:published_date": [str(record.year or "")],
        "cclom:duration": [str(record.duration * 1000) if record.duration else ""],
        "ccm:fskRating": [f"{VOCABULARIES}fskRating/{record.age_rating}"]
        if record.age_rating in _AGE_RATINGS
        else [],
        "ccm:price": [
            next((f"{VOCABULARIES}price/{k}" for k, v in _COSTS.items() if v == record.cost), "")
        ],
        "ccm:replicationsource_DISPLAYNAME": [record.details.get(_SOURCE, "")],
        "ccm:commonlicense_key": [_key(record)],
    }
    if record.access is AccessMode.LOGIN:
        properties["ccm:conditionsOfAccess"] = [f"{VOCABULARIES}conditionsOfAccess/login"]
    return {
        "ref": {"repo": "-home-", "id": record.source_id},
        "title": record.title,
        "aspects": [],
        "preview": {"url": record.image_url or None, "isIcon": not record.image_url},
        "content": {"url": record.url or None},
        "license": {"url": record.licence if record.licence.startswith("http") else None},
        "modifiedAt": record.modified.isoformat() if record.modified else None,
        "properties": {
            name: found
            for name, texts in properties.items()
            if (found := [text for text in texts if text])
        },
    }


def _key(record: Record) -> str:
    if record.licence in _KEYS:
        return _KEYS[record.licence]
    if record.access is AccessMode.LICENSED:
        return "COPYRIGHT_LICENSE"
    return "CUSTOM" if record.licence else ""


def _term(vocabulary: str, known: Mapping[MediumType, str], record: Record) -> str:
    kind = record.medium_type
    return f"{VOCABULARIES}{vocabulary}/{known[kind]}" if kind and kind in known else ""


class _Properties:
    """The properties of a node as texts."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._given = _object(node.get("properties"))

    def all(self, *names: str) -> list[str]:
        """Every text of the properties named."""
        found = []
        for name in names:
            value = self._given.get(name)
            for part in value if isinstance(value, list) else [value]:
                if text := _text(part):
                    found.append(text)
        return found

    def one(self, name: str) -> str:
        """The first text of a property, or ""."""
        return next(iter(self.all(name)), "")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _unique(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _last(address: str) -> str:
    """The last part of a vocabulary's address, or the word itself."""
    return re.split(r"[/#]", address.rstrip("/#"))[-1]


def _cc(match: re.Match[str], version: str = "", land: str = "") -> str:
    """The address of a Creative Commons licence; without a version its name."""
    name = match[1].replace("_", "-")
    if not re.fullmatch(r"[1-4]\.[05]", version):
        return f"CC {name}"
    ported = f"{land}/" if re.fullmatch(r"[a-z]{2}", land) and version < "4" else ""
    return f"{_CC}licenses/{name.lower()}/{version}/{ported}"


def _licence(node: Mapping[str, Any], given: _Properties) -> tuple[str, AccessMode]:
    """What the licence is, and how one gets at the node by it and by its conditions of access."""
    key = given.one("ccm:commonlicense_key")
    access = AccessMode.OPEN
    address = terms.licence(link(_text(_object(node.get("license")).get("url"))))
    if key in _LICENCES:
        name, access = _LICENCES[key]
    elif match := _CC_KEY.fullmatch(key):
        version = given.one("ccm:commonlicense_cc_version")
        name = _cc(match, version, given.one("ccm:commonlicense_cc_locale").lower())
        name = name if name.startswith("http") or not address else address
    else:
        name = address or line(given.one("cclom:rights_description"))
    if access is AccessMode.OPEN and _last(given.one("ccm:conditionsOfAccess")) == "login":
        access = AccessMode.LOGIN
    return name, access


def _identifiers(given: _Properties) -> tuple[Identifier, ...]:
    addresses = (Identifier("url", url) for text in given.all("ccm:wwwurl") if (url := link(text)))
    others = map(forms.identifier, given.all("cclom:general_identifier", "ccm:doi"))
    return tuple(dict.fromkeys(one for one in (*addresses, *others) if one))


def _image(node: Mapping[str, Any]) -> str:
    """The preview, unless it is only the icon of a kind of file."""
    preview = _object(node.get("preview"))
    return "" if preview.get("isIcon") is True else link(_text(preview.get("url")))


def _medium_type(node: Mapping[str, Any], given: _Properties) -> MediumType | None:
    words = given.all(
        "ccm:oeh_lrt_aggregated",
        "ccm:oeh_lrt",
        "ccm:educationallearningresourcetype",
        "ccm:oeh_lrt_aggregated_DISPLAYNAME",
        "ccm:oeh_lrt_DISPLAYNAME",
        "ccm:educationallearningresourcetype_DISPLAYNAME",
    )
    known = terms.medium_type(words) or next(filter(None, map(forms.medium_type, words)), None)
    return known or forms.medium_type(_text(node.get("mimetype")) or given.one("cclom:format"))


def _grades(given: _Properties) -> tuple[int, int] | None:
    first = given.one("ccm:educationaltypicalagerange_from")
    last = given.one("ccm:educationaltypicalagerange_to")
    if first and last:
        return forms.grades(f"{first}-{last}")
    return forms.grades(f"ab {first}") if first else None


def _duration(text: str) -> int | None:
    """Seconds; a bare number counts milliseconds."""
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text) and float(text) <= _PLAYING_TIME:
        return round(float(text) / 1000) or None
    return forms.duration(text)


def _rating(text: str) -> str:
    return _last(text) if _last(text) in _AGE_RATINGS else ""


def _details(given: _Properties) -> dict[str, str]:
    source = line(given.one("ccm:replicationsource_DISPLAYNAME"))
    return {_SOURCE: source} if source else {}


def _modified(node: Mapping[str, Any], given: _Properties) -> datetime | None:
    for text in (_text(node.get("modifiedAt")), given.one("cm:modifiedISO8601")):
        if found := moments.moment(text):
            return found
    stamp = given.one("cm:modified")
    if stamp.isascii() and stamp.isdecimal() and len(stamp) < 14:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC)
    return moments.moment(stamp)
