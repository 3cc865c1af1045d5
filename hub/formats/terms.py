"""The same thing in many spellings: subjects, levels, types, licences, languages of all formats.

Every function takes what a source wrote (an address of a vocabulary, a German or English word)
and gives the hub's code or nothing; nothing is guessed. Addresses compare without regard to http
or https, because both are in use for the same terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hub.formats import term_tables as tables
from hub.records import Carrier, MediumType

KIM_SUBJECTS = "http://w3id.org/kim/schulfaecher/"
KIM_UNIVERSITY_SUBJECTS = "https://w3id.org/kim/hochschulfaechersystematik/"
KIM_LEVELS = "https://w3id.org/kim/educationalLevel/"
KIM_ACCESS = "http://w3id.org/kim/conditionsOfAccess/"
HCRT = "https://w3id.org/kim/hcrt/"
COMPETENCES = "http://w3id.org/openeduhub/vocabs/medienkompetenzrahmenNRW/"
ROLES = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"


def _read_subjects() -> tuple[dict[str, str], dict[str, str]]:
    """Label or KIM number → EAF code, and EAF code → KIM number."""
    words: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for line in tables.SCHOOL_SUBJECTS.strip().split("\n"):
        number, code, *labels = line.split("|")
        words |= {label.casefold(): code for label in labels}
        if number:
            words[number] = code
            numbers.setdefault(code, number)
    return words, numbers


def _read_levels() -> tuple[dict[str, str], dict[str, str]]:
    """Label or KIM number → OEH levels, and OEH level → KIM number."""
    words = dict(tables.MORE_LEVELS)
    numbers: dict[str, str] = {}
    for line in tables.LEVELS.strip().split("\n"):
        code, number, *labels = line.split("|")
        words |= {label.casefold(): code for label in (code, *labels)}
        if number:
            words[number.casefold()] = code
            numbers[code] = number
    return words, numbers


_SUBJECTS, _KIM = _read_subjects()
_LEVEL_WORDS, _KIM_LEVEL = _read_levels()
_HIGHER = {f"n{n}": code for code, ns in tables.UNIVERSITY_SUBJECTS.items() for n in ns.split()}
_TYPE_WORDS = [(kind, frozenset(words.split("|"))) for kind, words in tables.TYPES.items()]
_CARRIER_WORDS = {
    w: carrier for carrier, words in tables.CARRIERS.items() for w in words.split("|")
}
_AUDIENCE_WORDS = {
    word: code for code, words in tables.AUDIENCES.items() for word in (code, *words.split("|"))
}
_LANGUAGE_WORDS = {w: code for code, words in tables.LANGUAGES.items() for w in words.split()}
COMPETENCE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        f"{area}.{at}": name
        for area, names in enumerate(tables.COMPETENCE_AREAS.strip().split("\n"), 1)
        for at, name in enumerate(names.split("|"), 1)
    }
)
_COMPETENCE_WORDS = {name.casefold(): code for code, name in COMPETENCE_NAMES.items()}
_WEB = re.compile(r"https?://", re.IGNORECASE)


def subject(word: str) -> str:
    """The EAF subject: from a KIM address, an EAF code or a name; "" when unknown."""
    last = _with_zero(_last(word))
    if _WEB.match(word):
        if "/hochschulfaechersystematik/" in word:
            return _HIGHER.get(last, "")
        if "/schulfaecher/" in word:
            return _SUBJECTS.get(last, "")
        if "/discipline/" in word or "/eaf" in word:
            return last if _is_eaf(last) else ""
        return ""
    return last if _is_eaf(last) else _SUBJECTS.get(last.casefold(), "")


def subjects(words: Iterable[str]) -> tuple[str, ...]:
    """The EAF subjects of several words, each once."""
    return _each(subject(word) for word in words)


def kim_subject(code: str) -> str:
    """The KIM address of an EAF subject or of the subject above it; "" when KIM has none."""
    while code:
        if code in _KIM:
            return KIM_SUBJECTS + _KIM[code]
        code = code[:-2] if len(code) > 3 else ""
    return ""


def levels(words: Iterable[str]) -> tuple[str, ...]:
    """OEH educationalContext ids of KIM and OEH addresses and of names of levels and schools."""
    return _each(
        code
        for word in words
        for code in _LEVEL_WORDS.get(_last(word).lstrip("#").casefold(), "").split()
    )


def kim_level(code: str) -> str:
    """The KIM address of a level; "" when KIM has none."""
    return KIM_LEVELS + _KIM_LEVEL[code] if code in _KIM_LEVEL else ""


def medium_type(words: Iterable[str]) -> MediumType | None:
    """What the first sure one of several words says: HCRT, OEH and schema.org terms, names."""
    found = {_last(word).casefold() for word in words}
    return next((kind for kind, known in _TYPE_WORDS if known & found), None)


def carrier(word: str) -> Carrier | None:
    """What a medium is carried by."""
    return _CARRIER_WORDS.get(word.strip().casefold())


def media_number(value: str) -> tuple[MediumType, Carrier] | None:
    """What the first two digits of a seven-digit media number say (AG MuD)."""
    digits = re.sub(r"\s", "", value).lstrip("0")
    match = re.fullmatch(r"(?:[A-Za-z]\w*-)?0*([1-9]\d)\d{5}", digits)
    return tables.NUMBERS.get(match[1]) if match else None


def audiences(words: Iterable[str]) -> tuple[str, ...]:
    """Target groups, from roles of LRMI and from names."""
    return _each(_AUDIENCE_WORDS.get(_last(word).casefold(), "") for word in words)


def language(word: str) -> str:
    """BCP 47: `Deutsch`, `ger`, `DE` give `de`, `en_US` gives `en-US`; "" when unknown."""
    word = word.strip()
    known = _LANGUAGE_WORDS.get(word.casefold())
    if known:
        return known
    match = re.fullmatch(r"([A-Za-z]{2})(?:[-_]([A-Za-z]{2}))?", word)
    if not match:
        return ""
    return match[1].lower() + (f"-{match[2].upper()}" if match[2] else "")


def competence(word: str) -> str:
    """A competence of the Medienkompetenzrahmen NRW: address, `3.4 …`, `MKR 3.4`, name."""
    if _WEB.match(word) and "/medienkompetenzrahmen" not in word.casefold():
        return ""
    last = _last(word)
    match = re.match(r"(?:MKR\s*(?:NRW)?[\s:]*)?([1-6])\.([1-4])\b(?!\.?\d)", last, re.IGNORECASE)
    if match:
        return f"{match[1]}.{match[2]}"
    return _COMPETENCE_WORDS.get(last.casefold(), "")


def competences(words: Iterable[str]) -> tuple[str, ...]:
    """The competences of several words, each once."""
    return _each(map(competence, words))


_CC = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licen[sc]es|publicdomain)/"
    r"(?P<name>[a-z-]+)(?:/(?P<version>\d\.\d))?(?:/(?P<land>[a-z]{2}))?(?:/.*)?",
    re.IGNORECASE,
)
_CC_NAME = re.compile(
    r"(?:cc|creative commons)[\s:-]+(?P<name>by(?:-(?:nc|nd|sa)){0,2})"
    r"(?:[\s-]+(?P<version>\d\.\d))?"
    r"(?:[\s,(-]+(?:de|deed|international|unported|deutschland|int)\.?\)?)*",
    re.IGNORECASE,
)
_FREE = {
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc 0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc0 1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc zero": "https://creativecommons.org/publicdomain/zero/1.0/",
    "public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "gemeinfrei": "https://creativecommons.org/publicdomain/mark/1.0/",
}


def licence(text: str) -> str:
    """One address for each free licence, whatever deed, scheme or name; other text as it is."""
    text = " ".join(text.split())
    match = _CC.fullmatch(text)
    if match:
        name, version = match["name"].lower(), match["version"]
        if name in ("zero", "mark"):
            return f"https://creativecommons.org/publicdomain/{name}/{version or '1.0'}/"
        land = match["land"].lower() if match["land"] and version != "4.0" else ""
        if version:
            base = f"https://creativecommons.org/licenses/{name}/{version}/"
            return base + (f"{land}/" if land else "")
        return f"https://creativecommons.org/licenses/{name}/4.0/"
    if text.casefold() in _FREE:
        return _FREE[text.casefold()]
    match = _CC_NAME.fullmatch(text)
    if match and match["version"]:
        name = match["name"].lower()
        return f"https://creativecommons.org/licenses/{name}/{match['version']}/"
    return text


def _with_zero(word: str) -> str:
    """Codes have 3, 5, 7, 9 or 11 digits; one with an even number lost its zero in a table."""
    even = word.isascii() and word.isdecimal() and len(word) in (2, 4, 6, 8, 10)
    return f"0{word}" if even else word


def _is_eaf(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) in (3, 5, 7, 9, 11)


def _last(word: str) -> str:
    """The last part of an address, or the word itself."""
    word = word.strip()
    return re.split(r"[/#]", word.rstrip("/#"))[-1] if _WEB.match(word) else word


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
