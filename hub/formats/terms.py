"""The same thing in many spellings: subjects, levels, types, licences, languages of all formats.

Every function takes what a source wrote (an address of a vocabulary, a German or English word)
and gives the hub's code or nothing; nothing is guessed. Addresses compare without regard to http
or https, because both are in use for the same terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hub.records import Carrier, MediumType

KIM_SUBJECTS = "http://w3id.org/kim/schulfaecher/"
KIM_UNIVERSITY_SUBJECTS = "https://w3id.org/kim/hochschulfaechersystematik/"
KIM_LEVELS = "https://w3id.org/kim/educationalLevel/"
KIM_ACCESS = "http://w3id.org/kim/conditionsOfAccess/"
HCRT = "https://w3id.org/kim/hcrt/"
COMPETENCES = "http://w3id.org/openeduhub/vocabs/medienkompetenzrahmenNRW/"
ROLES = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"

# KIM Schulfächer (CC0): number, label, other labels, and the EAF subject of its closeMatch. Where
# KIM names none, EAF's own term of the same name stands here, as far as there is one.
_SCHOOL_SUBJECTS = """
s1000|20003|Alt-Griechisch|Griechisch
s1001|080|Biologie|Biology
s1002|100|Chemie|Chemistry
s1003|20041|Chinesisch|Chinese
s1004|12002|Darstellendes Spiel|Theater
s1005|120|Deutsch|German
s1006|28002|Deutsch als Zweitsprache|DaZ
s1007|20001|Englisch|English
s1008|160|Ethik|Werte und Normen|Praktische Philosophie|Ethics
s1009|20002|Französisch|French
s1010|220|Geografie|Erdkunde|Geographie|Geography
s1011|240|Geschichte|History
s1012|260|Gesundheit|Gesundheitserziehung|Health
s1013|320|Informatik|Informationstechnische Bildung|Informations- und Kommunikationstechnologie|ICT
s1014|20004|Italienisch|Italian
s1015|060|Kunst|Bildende Kunst|Art
s1016|20005|Latein|Latin
s1017|380|Mathematik|Mathe|Mathematics|Maths
s1019|04003|MINT|STEM
s1020|420|Musik|Music
s1021|450|Philosophie|Philosophy
s1022|460|Physik|Physics
s1023|480|Politik|Politische Bildung|Politics
s1024|520|Religionslehre (evangelische)|Evangelische Religionslehre
s1025|520|Religionslehre (islamisch)|Islamischer Religionsunterricht
s1026|520|Religionslehre (katholische)|Katholische Religionslehre
s1027|20006|Russisch|Russian
s1028|28010|Sachunterricht|Heimatunterricht|Sachkunde|Heimat- und Sachunterricht
s1029|560|Sexualerziehung|Sexualkunde
s1030|20007|Spanisch|Spanish
s1031|600|Sport|Sports
s1032|20008|Türkisch|Turkish
s1033|700|Wirtschaftskunde|Wirtschaft|Economics
s1039|20009|Sorbisch|Wendisch
s1040|46014|Astronomie|Astronomy
s1042|48005|Gesellschaftswissenschaften|Gesellschaftskunde|Gesellschaftslehre
s1043|510|Psychologie|Psychology
s1044|04006|Ernährung|Ernährung und Hauswirtschaft
s1045|440|Erziehungswissenschaften|Pädagogik|Erziehungswissenschaft
s1046|900|Medienbildung|Medienpädagogik|Medienerziehung|Media literacy
s1047|50001|Hauswirtschaft
s1048|020|Arbeitslehre|Arbeitswelt
s1049|040|Berufs- und Studienorientierung|Berufliche Orientierung|Berufliche Bildung
s1050|200|Fremdsprachen|Moderne Fremdsprachen|Fortgeführte Fremdsprachen
s1052|04003|Naturwissenschaften|Angewandte Naturwissenschaften|Science
s1053|niederdeutsch|Niederdeutsch
s1055|520|Religion|Religion (konfessionslos)|Religionslehre
s1056|520|Religionslehre (alevitisch)|Alevitischer Religionsunterricht
s1057|520|Religionslehre (jüdisch)|Jüdischer Religionsunterricht
s1058|480|Sozialkunde|Sozialwissenschaft|Sozialwissenschaften
s1060|04012|Textiles Gestalten|Textilgestaltung|Textillehre
s1061|50005|Werken und Gestalten|Gestaltendes Werken|Werken|Gestalten
|640|Umwelterziehung|Umweltbildung|Umweltschutz
|64018|Nachhaltigkeit|Bildung für nachhaltige Entwicklung|BNE
|660|Verkehrserziehung|Mobilitätserziehung
|340|Interkulturelle Bildung|Interkulturelles Lernen
|620|Sucht und Prävention|Suchtprävention
|680|Weiterbildung
"""
# Destatis: Studienbereiche (two digits) and the Studienfächer (three) that schools know.
_UNIVERSITY_SUBJECTS = {
    "120": "09 067",
    "20001": "10 008 006",
    "20002": "059",
    "20004": "084",
    "20005": "095",
    "20006": "146",
    "20007": "150",
    "20003": "070 005",
    "450": "04 127",
    "160": "169",
    "520": "02 03 18 053 086 136 292",
    "240": "05 068 272 273",
    "600": "22 029 098",
    "480": "25 129",
    "48005": "26 147 148 149",
    "700": "30 021 175 184",
    "510": "32 132",
    "440": "33 052 115 190 361",
    "380": "37 105",
    "460": "39 128",
    "46014": "014",
    "100": "40 032 025",
    "080": "42 026",
    "220": "44 050",
    "320": "71 079 121",
    "060": "74 75 023 091 092",
    "12002": "77 035 155",
    "420": "78 113 114",
    "28010": "186 254",
    "900": "19 302",
}
_LEVELS = """
elementarbereich|level_0|Elementarbereich|Elementarstufe|Vorschule|Kita|Kindergarten|Elementary
grundschule|level_1|Primarstufe|Grundschule|Primar|Primary|Primary education|GS
sekundarstufe_1|level_2|Sekundarstufe I|Sekundarstufe 1|Sek I|Sek. I|Sek 1|SekI|Lower secondary
sekundarstufe_2|level_3|Sekundarstufe II|Sekundarstufe 2|Sek II|Sek. II|Sek 2|SekII|Oberstufe
berufliche_bildung|level_4|Berufliche Bildung|Berufsbildung|Berufskolleg|Berufsschule
hochschule|level_A|Hochschule|Universität|Hochschulbildung|Higher education|Studium
fortbildung|level_C|Fortbildung|Lehrerfortbildung|Lehrkräftefortbildung|Lehrerbildung
erwachsenenbildung||Erwachsenenbildung|Volkshochschule|VHS|Adult education|Continuing education
foerderschule||Förderschule|Sonderpädagogische Förderung|Special education|FöS
"""
_MORE_LEVELS = {
    "level_5": "berufliche_bildung",
    "level_6": "hochschule",
    "level_7": "hochschule",
    "level_8": "hochschule",
    "level_b": "fortbildung",
    "upper secondary": "sekundarstufe_2",
    "gymnasiale oberstufe": "sekundarstufe_2",
    "unterstufe": "sekundarstufe_1",
    "mittelstufe": "sekundarstufe_1",
    "hauptschule": "sekundarstufe_1",
    "realschule": "sekundarstufe_1",
    "sekundarschule": "sekundarstufe_1",
    "gesamtschule": "sekundarstufe_1 sekundarstufe_2",
    "gymnasium": "sekundarstufe_1 sekundarstufe_2",
    "weiterführende schule": "sekundarstufe_1 sekundarstufe_2",
    "weiterführende schulen": "sekundarstufe_1 sekundarstufe_2",
    "sekundarstufe i und ii": "sekundarstufe_1 sekundarstufe_2",
    "sek i/ii": "sekundarstufe_1 sekundarstufe_2",
}
# The first of a type that is found decides, in this order: what is watched or heard before what
# it comes with, the page on which it stands last.
_TYPES: Mapping[MediumType, str] = {
    MediumType.VIDEO: "video|film|movie|videoobject|clip|movieclip|tvepisode|tvclip|animation|"
    "broadcast|audiovisual_medium|audiovisuelles medium|spielfilm|dokumentarfilm|lehrfilm|"
    "7a6e9608-2554-4981-95dc-47ab9ba924de|38774279-af36-4ec2-8e70-811d5a51a6a1|"
    "233d0527-7945-4acb-a174-5c23d24513a3|3616febb-8cf8-4503-8f80-ebc552d85506",
    MediumType.AUDIO: "audio|audioobject|audiobook|podcastepisode|podcastseries|musicrecording|"
    "hörspiel|hörbuch|podcast|tonaufnahme|musik|sound|ec2682af-08a9-4ab1-a324-9dca5151e99f|"
    "39197d6f-dfb1-4e82-92e5-79f906e9d2a9|0877626e-0cce-481a-b0ed-c64988ed5989",
    MediumType.INTERACTIVE: "interaktiv|interactive|interactive resource|interaktives medium|app|"
    "application|simulation|educational_game|lernspiel|spiel|assessment|drill_and_practice|"
    "quiz|game|videogame|softwareapplication|mobileapplication|webapplication|tool|werkzeug|"
    "software|softwareanwendung|anwendung/software|exploration|role_play|lernkontrolle|übung|"
    "test|questionnaire|interactiveresource|zuordnungsaufgabe|lückentext|multiple-choice-test|"
    "single-choice-test|interactivo|interactiva|simulación|4665caac-99d7-4da3-b9fb-498d8ece034f|"
    "05aa0f49-7e1b-498b-a7d5-c5fc8e73b2e2|2e4157ad-e29a-4f10-b4e6-370e0fd59d26",
    MediumType.IMAGE: "image|bild|photograph|foto|grafik|abbildung|diagram|diagramm|map|karte|"
    "imageobject|drawing|painting|poster|plakat|still image|stillimage|"
    "photo|fotografía|gráfico|übersichtsgrafik|schemagrafik|"
    "a6d1ac52-c557-4151-bc6f-0d99b0b96fb9|b8fb5fb2-d8bf-4bbe-ab68-358b65a26bed",
    MediumType.PACKAGE: "course|kurs|lesson_plan|teaching_module|unterrichtsplanung|"
    "unterrichtsbaustein|unterrichtseinheit|medienpaket|package|collection|sammlung|"
    "exerciseplan|portfolio",
    MediumType.DOCUMENT: "text|textdokument|worksheet|arbeitsblatt|arbeitsmaterial|textbook|"
    "lehrbuch|buch|book|chapter|script|skript|slide|presentation|präsentation|reference|"
    "primärmaterial/quelle|case_study|fallstudie|glossary|glossar|guide|handbuch|handreichung|"
    "index|nachschlagewerk|sheet_music|musiknoten|article|digitaldocument|textdigitaldocument|"
    "presentationdigitaldocument|report|experiment|dokument|document|broschüre|"
    "lösungsblatt|experimentieranleitung|anleitung|leitfaden|linkliste|tabelle|hilfekarte|infoblatt|"
    "sachinformation|worksheet|information sheet|answer sheet|guideline|"
    "36e68792-6159-481d-a97b-2c00901f4f78|c8e52242-361b-4a2a-b95d-25e516b28b45|"
    "4735c61a-429b-4909-9f3c-cbf975e2aa0e|0cef3ce9-e106-47ae-836a-48f9ed04384e",
    MediumType.WEBSITE: "web_page|website|webseite|webpage|portal|weblog|blog|wiki|"
    "internetseite|webcontent|other_web_resource|internet-seite",
}
_CARRIERS: Mapping[Carrier, str] = {
    Carrier.ONLINE: "online|stream|streaming|download|internet|datei",
    Carrier.DVD: "dvd|dvd-video|didaktische dvd|blu-ray|bluray",
    Carrier.VHS: "vhs|vhs-video|videokassette",
    Carrier.CD_ROM: "cd-rom|cdrom|cd|dvd-rom",
    Carrier.FILM: "16-mm-film|16mm|16 mm film|film|filmrolle",
    Carrier.SLIDES: "dias|diareihe|dia|slides",
    Carrier.TRANSPARENCIES: "folien|arbeitstransparente|transparente|arbeitstransparentreihe",
    Carrier.PRINT: "buch|heft|print|broschüre|medienkiste|spiel",
}
_NUMBERS: Mapping[str, tuple[MediumType, Carrier]] = {
    "10": (MediumType.IMAGE, Carrier.SLIDES),
    "12": (MediumType.IMAGE, Carrier.TRANSPARENCIES),
    "19": (MediumType.IMAGE, Carrier.ONLINE),
    "29": (MediumType.AUDIO, Carrier.ONLINE),
    "32": (MediumType.VIDEO, Carrier.FILM),
    "42": (MediumType.VIDEO, Carrier.VHS),
    "46": (MediumType.VIDEO, Carrier.DVD),
    "49": (MediumType.VIDEO, Carrier.ONLINE),
    "55": (MediumType.PACKAGE, Carrier.ONLINE),
    "58": (MediumType.WEBSITE, Carrier.ONLINE),
    "66": (MediumType.INTERACTIVE, Carrier.CD_ROM),
    "69": (MediumType.INTERACTIVE, Carrier.ONLINE),
    "79": (MediumType.DOCUMENT, Carrier.ONLINE),
}
_AUDIENCES: Mapping[str, str] = {
    "school": "schule|schulen|schüler|schülerinnen|schüler:innen|lehrer|lehrkräfte|lehrende|"
    "lehrerinnen|schulklassen|student|teacher|learner|pupil|kollegien|schülerinnen und schüler|"
    "lehrerinnen und lehrer|schulleitung|medienbeauftragte",
    "kita": "kita|kitas|kindergarten|kindertagesstätten|erzieher|erzieherinnen|"
    "erzieherinnen und erzieher|familienzentren|familienzentrum|kindertageseinrichtungen",
    "zfsl": "zfsl|referendare|referendarinnen|lehramtsanwärter|lehramtsanwärterinnen",
    "education": "erwachsenenbildung|außerschulische bildung|bildungseinrichtungen|vhs|education|"
    "volkshochschule",
    "youth": "jugendarbeit|jugendhilfe|jugendeinrichtungen|jugendliche|jugendzentren|youth",
    "culture": "kultur|kultureinrichtungen|museen|bibliotheken|culture",
    "parents": "eltern|erziehungsberechtigte|parent|parents|elternabende",
    "club": "verein|vereine|club|clubs",
    "citizen": "bürger|bürgerinnen|bürgerinnen und bürger|öffentlichkeit|alle|generalpublic|"
    "interessierte",
}
_LANGUAGES = {
    "de": "de deutsch german ger deu",
    "en": "en englisch english eng",
    "fr": "fr französisch french fre fra",
    "es": "es spanisch spanish spa español",
    "it": "it italienisch italian ita",
    "tr": "tr türkisch turkish tur",
    "ru": "ru russisch russian rus",
    "nl": "nl niederländisch dutch dut nld",
    "la": "la latein latin lat",
    "pl": "pl polnisch polish pol",
    "uk": "uk ukrainisch ukrainian ukr",
    "ar": "ar arabisch arabic ara",
    "el": "el griechisch greek gre ell",
    "pt": "pt portugiesisch portuguese por",
}
_COMPETENCE_AREAS = """
Medienausstattung|Digitale Werkzeuge|Datenorganisation|Datenschutz und Informationssicherheit
Informationsrecherche|Informationsauswertung|Informationsbewertung|Informationskritik
Kommunikations- und Kooperationsprozesse|Kommunikations- und Kooperationsregeln|\
Kommunikation und Kooperation in der Gesellschaft|Cybergewalt und -kriminalität
Medienproduktion und Präsentation|Gestaltungsmittel|Quellendokumentation|Rechtliche Grundlagen
Medienanalyse|Meinungsbildung|Identitätsbildung|Selbstregulierte Mediennutzung
Prinzipien der digitalen Welt|Algorithmen erkennen|Modellieren und Programmieren|\
Bedeutung von Algorithmen
"""


def _read_subjects() -> tuple[dict[str, str], dict[str, str]]:
    """Label or KIM number → EAF code, and EAF code → KIM number."""
    words: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for line in _SCHOOL_SUBJECTS.strip().split("\n"):
        number, code, *labels = line.split("|")
        words |= {label.casefold(): code for label in labels}
        if number:
            words[number] = code
            numbers.setdefault(code, number)
    return words, numbers


def _read_levels() -> tuple[dict[str, str], dict[str, str]]:
    """Label or KIM number → OEH levels, and OEH level → KIM number."""
    words = dict(_MORE_LEVELS)
    numbers: dict[str, str] = {}
    for line in _LEVELS.strip().split("\n"):
        code, number, *labels = line.split("|")
        words |= {label.casefold(): code for label in (code, *labels)}
        if number:
            words[number.casefold()] = code
            numbers[code] = number
    return words, numbers


_SUBJECTS, _KIM = _read_subjects()
_LEVEL_WORDS, _KIM_LEVEL = _read_levels()
_HIGHER = {f"n{n}": code for code, ns in _UNIVERSITY_SUBJECTS.items() for n in ns.split()}
_TYPE_WORDS = [(kind, frozenset(words.split("|"))) for kind, words in _TYPES.items()]
_CARRIER_WORDS = {w: carrier for carrier, words in _CARRIERS.items() for w in words.split("|")}
_AUDIENCE_WORDS = {
    word: code for code, words in _AUDIENCES.items() for word in (code, *words.split("|"))
}
_LANGUAGE_WORDS = {w: code for code, words in _LANGUAGES.items() for w in words.split()}
COMPETENCE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        f"{area}.{at}": name
        for area, names in enumerate(_COMPETENCE_AREAS.strip().split("\n"), 1)
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
    return _NUMBERS.get(match[1]) if match else None


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
