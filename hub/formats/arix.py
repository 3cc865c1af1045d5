"""ARIX records: the fields of the specification's Annex 1, read leniently, written strictly.

A document is the element of one record, `<r identifier=…>` of a search or `<record>`, with its
fields as `<f n=…>` inside, or a mapping of those fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lxml import etree

from hub.formats import adressat, terms
from hub.formats.text import line, link, plain
from hub.formats.values import year
from hub.records import (
    AccessMode,
    Carrier,
    Grant,
    Identifier,
    Kind,
    MediumType,
    Record,
    Scope,
)

BERLIN = ZoneInfo("Europe/Berlin")
"""The server's clock; the format itself names no zone."""

CODES = ("10", "12", "19", "29", "32", "42", "46", "49", "55", "58", "66", "69", "79")
TYPES: Mapping[str, tuple[MediumType, Carrier]] = {
    code: kind for code in CODES if (kind := terms.media_number(f"{code}00000"))
}
"""EAF medium type, which is also how a media number begins, to what it is and what carries it."""

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "naturwissenschaften": ("320", "380", "460", "080", "100"),
    "technik": ("50005",),
}
"""Subjects in plain words that Annex 3 takes differently than everybody else."""

EAF_TOP = frozenset(
    "020 040 060 080 100 120 140 160 180 200 220 240 260 280 320 340 360 380 400 420 440 450 460"
    " 480 500 510 520 540 560 580 600 620 640 660 680 700 720".split()
)
LANGUAGES = {"d": "de", "e": "en", "f": "fr", "lateinisch": "la"}
DETAILS: Mapping[str, str] = {
    "serutitel": "Untertitel der Reihe",
    "orgtitel": "Originaltitel",
    "paratitel": "Paralleltitel",
    "einzeltitel": "Einzeltitel",
    "sammelmedien": "Sammelmedien",
    "kontextmedien": "Kontextmedien",
    "sprachfassungen": "Sprachfassungen",
    "begleit": "Begleitmaterial",
    "beigaben": "Beigaben",
    "prodland": "Produktionsland",
    "regie": "Regie",
    "drehbuch": "Drehbuch",
    "kamera": "Kamera",
    "schnitt": "Schnitt",
    "ton": "Ton",
    "musik": "Musik",
    "darsteller": "Darsteller",
    "litvorlage": "Literarische Vorlage",
    "auftraggeber": "Auftraggeber",
    "fremdvertrieb": "Vertrieb",
    "lieferant": "Lieferant",
    "praedikate": "Prädikate",
    "lernziele": "Lernziele",
    "vork": "Vorkenntnisse",
    "eignung": "Eignung",
    "didanmerk": "Didaktische Anmerkung",
    "bemerk": "Bemerkung",
    "rechte": "Rechte",
    "quelle": "Quelle",
    "techdat": "Technische Daten",
    "techtext": "Technischer Hinweis",
}
"""Fields that are shown as they stand. Ids, states and the names of cataloguers are left out."""

_EXTENT, _TAG, _SHOWN_UNTIL = "Umfang", "Lizenzkennung", "Vorführrecht bis"


def read(document: etree._Element | Mapping[str, str], licensed: Grant | None = None) -> Record:
    """Turn an ARIX record into a `Record`; raise ValueError when it has no identifier or title.

    `licensed` is the grant that the context of the request stands for; its term is narrowed to
    the record's own. Without it a record's own `context` counts where that is a Land.
    """
    values = document if isinstance(document, Mapping) else fields(document)
    number = line(values.get("nr"))
    identifier = line(values.get("identifier")).upper() or number.upper()
    if not identifier:
        raise ValueError("the record has neither identifier nor nr")
    title = next((t for n in ("titel", "orgtitel", "sorttitel") if (t := line(values.get(n)))), "")
    if not title:
        raise ValueError(f"the record {identifier} has no titel")
    url = link(values.get("url"))
    medium_type, carrier = _type(values.get("typ", ""), number or identifier)
    if medium_type is None and url:
        medium_type, carrier = TYPES["58"]
    meant_for = adressat.read(values.get("adressat", ""))
    if meant_for == adressat.Adressat():
        meant_for = adressat.read_search(values.get("searchadressat", ""))
    subjects, words = _subjects(values.get("geb", ""))
    length = line(values.get("laenge"))
    duration = seconds(length)
    details = {label: text for n, label in DETAILS.items() if (text := plain(values.get(n)))}
    if length and duration is None:
        details[_EXTENT] = length
    tag = line(values.get("licence"))
    if tag and day(tag) is None and not tag.startswith("0000"):
        details[_TAG] = tag
    shown_until = day(values.get("vorfbis", ""))
    if shown_until:
        details[_SHOWN_UNTIL] = shown_until.isoformat()
    access = AccessMode.LICENSED
    if url:
        access = AccessMode.OPEN
    elif carrier not in (None, Carrier.ONLINE):
        access = AccessMode.LOAN
    return Record(
        source_id=identifier,
        kind=Kind.MEDIUM,
        title=title,
        subtitle=line(values.get("utitel")),
        series=line(values.get("sertitel")),
        description=max(plain(values.get("text")), plain(values.get("langtext")), key=len),
        languages=_languages(values.get("sprache", "")),
        identifiers=_identifiers(identifier, number, values),
        url=url,
        medium_type=medium_type,
        carrier=carrier,
        subjects=subjects,
        levels=meant_for.levels,
        grades=meant_for.grades,
        audiences=meant_for.audiences,
        keywords=_unique(
            *items(values.get("schlag", "")),
            *words,
            *items(values.get("topographie", "")),
            *names(values.get("personen", "")),
        ),
        creators=_unique(*names(values.get("autor", "")), *names(values.get("urheber", ""))),
        publishers=_unique(*items(values.get("produ", "")), *items(values.get("herausgeber", ""))),
        year=year(values.get("prodjahr", "")),
        duration=duration,
        age_rating=_age_rating(values.get("fsk", "")),
        access=access,
        grants=_grants(values, licensed),
        details=details,
        modified=_moment(values.get("aenderung", "")),
    )


def write(record: Record) -> etree._Element:
    """The record as `<r>`; reading it with the same grant gives the record again."""
    numbers = [i.value for i in record.identifiers if i.scheme == "medium"]
    parallel = [i.value for i in record.identifiers if i.scheme == "parallel"]
    labels = {label: name for name, label in DETAILS.items()}
    values: dict[str, str] = {
        "nr": next((n for n in numbers if n != record.source_id), ""),
        "titel": record.title,
        "utitel": record.subtitle,
        "sertitel": record.series,
        "text": record.description,
        "sprache": ", ".join(record.languages),
        "url": record.url,
        "typ": _code(record.medium_type, record.carrier),
        "geb": ", ".join(record.subjects),
        "adressat": adressat.write(
            adressat.Adressat(record.levels, record.grades, record.audiences)
        ),
        "schlag": "; ".join(record.keywords) + ";" * (len(record.keywords) == 1),
        "autor": "; ".join(record.creators) + ";" * (len(record.creators) == 1),
        "produ": "; ".join(record.publishers) + ";" * (len(record.publishers) == 1),
        "prodjahr": "" if record.year is None else str(record.year),
        "laenge": _length(record.duration) or record.details.get(_EXTENT, ""),
        "fsk": record.age_rating,
        "paranr": ", ".join(parallel),
        "vorfbis": record.details.get(_SHOWN_UNTIL, ""),
        "licence": record.details.get(_TAG, ""),
    }
    values |= {labels[label]: text for label, text in record.details.items() if label in labels}
    if record.modified:
        values["aenderung"] = record.modified.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
    for grant in record.grants[:1]:
        if grant.scope is Scope.LAND:
            values["context"] = grant.value
        if grant.valid_from:
            values["verfanf"] = grant.valid_from.isoformat()
        if grant.valid_until:
            last = (grant.valid_until - timedelta(days=1)).isoformat()
            values["verfende" if values["licence"] else "licence"] = last
    element = etree.Element("r", identifier=record.source_id)
    for name, value in values.items():
        if value:
            etree.SubElement(element, "f", n=name).text = value
    return element


def fields(element: etree._Element) -> dict[str, str]:
    """The fields of a record by name, `identifier` among them; one that repeats is joined."""
    found: dict[str, list[str]] = {}
    if identifier := element.get("identifier"):
        found["identifier"] = [identifier]
    for child in element.iterfind("f"):
        name = child.get("n", "").strip().lower()
        text = str(child.xpath("string()")) if len(child) else child.text or ""
        if text and not (name == "identifier" and identifier):
            found.setdefault(name, []).append(text)
    return {name: "; ".join(texts) for name, texts in found.items()}


_COMMA_PARTS = re.compile(r"(?:[^,()]|\([^()]*+\)|[()])++")


def items(text: str) -> list[str]:
    """The parts of a list: by semicolons where there are any, else by commas outside brackets."""
    text = plain(text)
    parts = text.split(";") if ";" in text else _COMMA_PARTS.findall(text)
    return [part for raw in parts if (part := line(raw))]


def names(text: str) -> list[str]:
    """The persons of a list; a comma alone may part a surname from a first name."""
    parts = items(text)
    if ";" not in text and any(" " not in part for part in parts):
        whole = line(text)
        return [whole] if whole else []
    return parts


_UNIT = r"(?:(?P<{0}>\d{{1,4}}(?:[.,]\d)?)\s*(?:{1})\b\.?)"
_CLOCK = re.compile(r"\b(?:(\d{1,2}):)?(\d{1,3}):(\d{2})\b")
_SPOKEN = re.compile(
    r"(?:(?P<times>\d{1,3})\s*[x×]\s*)?"
    + _UNIT.format("h", "h|std|stunden?")
    + r"?\s*"
    + r"(?:(?P<min>\d{1,4}(?:[.,]\d)?)\s*(?:min(?:uten?)?\b\.?|['′]))?\s*"
    + r"(?:(?P<s>\d{1,4})\s*(?:s|sek|sec|sekunden?)\b\.?)?",
    re.IGNORECASE,
)
LONGEST = 100 * 3600


def seconds(text: str) -> int | None:
    """The length in `ca. 20 min f`, `1 h 20 min`, `3 x 15 Min.`, `12:30 min`; None if none."""
    text = text[:200]
    if clock := _CLOCK.search(text):
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        total = hours * 3600 + minutes * 60 + rest
        return total if 0 < total <= LONGEST else None
    for found in _SPOKEN.finditer(text):
        if found["h"] or found["min"] or found["s"]:
            parts = (float((found[name] or "0").replace(",", ".")) for name in ("h", "min", "s"))
            total = round(sum(a * b for a, b in zip(parts, (3600, 60, 1), strict=True)))
            total *= int(found["times"] or 1)
            return total if 0 < total <= LONGEST else None
    return None


def day(text: str) -> date | None:
    """A date as `2009-05-31`, `31.5.2009` or with a time behind; None for `0000-00-00`."""
    text = text.strip()
    if found := re.match(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", text):
        of_year, month, number = map(int, found.groups())
    elif found := re.match(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)", text):
        number, month, of_year = map(int, found.groups())
    else:
        return None
    try:
        return date(of_year, month, number)
    except ValueError:
        return None


def _length(duration: int | None) -> str:
    if duration is None:
        return ""
    minutes, rest = divmod(duration, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _type(typ: str, number: str) -> tuple[MediumType | None, Carrier | None]:
    """By `typ`, else by the first two digits of a seven-digit media number."""
    return TYPES.get(typ.strip()) or terms.media_number(number) or (None, None)


def _code(medium_type: MediumType | None, carrier: Carrier | None) -> str:
    return next((code for code, kind in TYPES.items() if kind == (medium_type, carrier)), "")


def _identifiers(identifier: str, number: str, values: Mapping[str, str]) -> tuple[Identifier, ...]:
    found = {Identifier("medium", identifier): None}
    own = re.sub(r"^.*-0*", "", identifier)
    if number and number.upper() not in (own, identifier):
        found[Identifier("medium", number.upper())] = None
    for name in ("paranr", "paranr2"):
        for other in re.split(r"[,;\s]+", plain(values.get(name))):
            # A media number, with a provider or without; numbers of one digit are flags.
            if re.fullmatch(r"(?:[A-Za-z]\w*-)?\d{4,12}", other):
                found[Identifier("parallel", other.upper())] = None
    return tuple(found)


def _subjects(text: str) -> tuple[tuple[str, ...], list[str]]:
    """EAF codes, and the words that stand for none."""
    codes: dict[str, None] = {}
    words = []
    for part in items(text):
        if part.isascii() and part.isdecimal() and len(part) <= 11:
            codes[_eaf(part)] = None
        elif known := SUBJECTS.get(part.lower()):
            codes.update(dict.fromkeys(known))
        elif code := terms.subject(part):
            codes[code] = None
        else:
            words.append(part)
    return tuple(codes), words


def _eaf(code: str) -> str:
    """The code with the leading zero that spreadsheets take away, where that makes it one.

    Codes have 3, 5, 7, 9 or 11 digits, so an even number of them says that one is missing.
    """
    padded = f"0{code}"
    return padded if len(code) % 2 == 0 and padded[:3] in EAF_TOP else code


def _languages(text: str) -> tuple[str, ...]:
    codes = (LANGUAGES.get(part.lower()) or terms.language(part) for part in items(text))
    return _unique(*(code for code in codes if code))


def _age_rating(text: str) -> str:
    text = line(text).lower()
    if "lehr" in text:
        return "Lehr"
    if text.startswith("o"):  # ohne Altersbeschränkung, o. A.
        return "0"
    found = re.search(r"(?<!\d)(0|6|12|16|18)(?!\d)", text)
    return found[1] if found else ""


def _moment(text: str) -> datetime | None:
    found = re.match(r"\s*(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})", text)
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}" if found else text.strip())
    except ValueError:
        return None
    if not 1900 <= moment.year <= 2100:
        return None
    return moment.replace(tzinfo=BERLIN) if moment.tzinfo is None else moment


def _grants(values: Mapping[str, str], licensed: Grant | None) -> tuple[Grant, ...]:
    """The grant for the term of the record: `verfanf` to `verfende` or the date in `licence`."""
    context = line(values.get("context")).upper()
    if licensed is None and re.fullmatch(r"[A-Z]{2,3}", context):
        licensed = Grant(Scope.LAND, context)
    if licensed is None:
        return ()
    ends = [end for n in ("licence", "verfende") if (end := day(values.get(n, "")))]
    start = day(values.get("verfanf", ""))
    end = min(ends, default=None)
    return (
        replace(
            licensed,
            valid_from=start or licensed.valid_from,
            valid_until=_day_after(end) if end else licensed.valid_until,
        ),
    )


def _day_after(end: date) -> date | None:
    return None if end == date.max else end + timedelta(days=1)


def _unique(*parts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts))
