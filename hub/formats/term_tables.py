"""The words behind `terms`: what the vocabularies and sources call a subject, a level, a type.

Data only. Words stand in lower case where they are compared as they are; a line or text parts
its words by `|` (languages and classes, which are single words, by blanks).
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.records import Carrier, MediumType

# KIM Schulfächer (CC0): number, label, other labels, and the EAF subject of its closeMatch. Where
# KIM names none, EAF's own term of the same name stands here, as far as there is one.
SCHOOL_SUBJECTS = """
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
UNIVERSITY_SUBJECTS = {
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
LEVELS = """
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
MORE_LEVELS = {
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
TYPES: Mapping[MediumType, str] = {
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
CARRIERS: Mapping[Carrier, str] = {
    Carrier.ONLINE: "online|stream|streaming|download|internet|datei",
    Carrier.DVD: "dvd|dvd-video|didaktische dvd|blu-ray|bluray",
    Carrier.VHS: "vhs|vhs-video|videokassette",
    Carrier.CD_ROM: "cd-rom|cdrom|cd|dvd-rom",
    Carrier.FILM: "16-mm-film|16mm|16 mm film|film|filmrolle",
    Carrier.SLIDES: "dias|diareihe|dia|slides",
    Carrier.TRANSPARENCIES: "folien|arbeitstransparente|transparente|arbeitstransparentreihe",
    Carrier.PRINT: "buch|heft|print|broschüre|medienkiste|spiel",
}
NUMBERS: Mapping[str, tuple[MediumType, Carrier]] = {
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
AUDIENCES: Mapping[str, str] = {
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
LANGUAGES = {
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
COMPETENCE_AREAS = """
Medienausstattung|Digitale Werkzeuge|Datenorganisation|Datenschutz und Informationssicherheit
Informationsrecherche|Informationsauswertung|Informationsbewertung|Informationskritik
Kommunikations- und Kooperationsprozesse|Kommunikations- und Kooperationsregeln|\
Kommunikation und Kooperation in der Gesellschaft|Cybergewalt und -kriminalität
Medienproduktion und Präsentation|Gestaltungsmittel|Quellendokumentation|Rechtliche Grundlagen
Medienanalyse|Meinungsbildung|Identitätsbildung|Selbstregulierte Mediennutzung
Prinzipien der digitalen Welt|Algorithmen erkennen|Modellieren und Programmieren|\
Bedeutung von Algorithmen
"""
