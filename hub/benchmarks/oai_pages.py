"""Descriptions of media that do not exist, the same on every machine, for measuring and testing.

`medium(number)` is a pure function: any record can be made at any time, in any order, in a few
microseconds. The words are German, because German is what the hub analyses and searches; a
description has 60 to 100 of them, with compounds, umlauts and names as real ones have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import NamedTuple
from xml.sax.saxutils import escape

DC = "http://purl.org/dc/elements/1.1/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"


class Medium(NamedTuple):
    """One described medium. `subject` is (name, EAF code); `address` is where it is found."""

    number: int
    title: str
    description: str
    subject: tuple[str, str]
    keywords: tuple[str, ...]
    creator: str
    publisher: str
    year: int
    type: str
    format: str
    address: str
    image: str
    signature: str
    licence: str
    minutes: int
    ages: tuple[int, int]


_SUBJECTS = """
080 Biologie
Fotosynthese, Zellteilung, Tiere im Wasser, Evolution der Wirbeltiere, Ökosystem See,
Blutkreislauf, Sinnesorgane, Vererbung, Bienen und Hummeln, Singvögel, Atmung, Wald im Jahreslauf

100 Chemie
Säuren und Basen, Periodensystem, Oxidation, Kunststoffe, Salze, chemisches Gleichgewicht,
Katalysatoren, Atombau, Trinkwasser, Metalle

120 Deutsch
Märchen, Kurzgeschichten, Rechtschreibung, Gedichte der Romantik, Zeitung, Erörterung, Drama,
Theater, Leseförderung, Sprachwandel, Fabeln

220 Geographie
Vulkane, Plattentektonik, Stadtentwicklung, Klimawandel, Wüsten, Strukturwandel im Ruhrgebiet,
Landwirtschaft, Flüsse, Küstenschutz, Globalisierung, Alpen

240 Geschichte
Römisches Reich, Mittelalter, Hanse, Reformation, Industrialisierung, Weimarer Republik,
Nationalsozialismus, Teilung Deutschlands, Kalter Krieg, Märzrevolution, Burgen und Ritter

320 Informatische Bildung
Algorithmen, Datenschutz, künstliche Intelligenz, Roboter, Verschlüsselung, Netzwerke,
Tabellenkalkulation, Programmieren mit Blöcken, Sensoren

380 Mathematik
Bruchrechnung, Wahrscheinlichkeit, Satz des Pythagoras, Funktionen, Flächeninhalt,
Prozentrechnung, Symmetrie, Gleichungen, Vektoren

400 Medienpädagogik
Soziale Netzwerke, Falschmeldungen, Werbung, Computerspiele, Cybermobbing, Urheberrecht,
Trickfilm, Hörspiel, Nachrichtensendung, Bildbearbeitung

420 Musik
Orchester, Oper, Rhythmus, Barockmusik, Filmmusik, Volkslieder, Instrumentenkunde, Jazz,
Notenlehre

460 Physik
Elektrizität, Optik, Magnetismus, Hebelgesetz, Schall, Kernenergie, Wärmelehre, Schwerkraft,
erneuerbare Energien, Sonnensystem

480 Politische Bildung
Demokratie, Grundgesetz, Europäische Union, Wahlen, Menschenrechte, Gemeinderat, Parteien,
Migration, Nachhaltigkeit, Vereinte Nationen

28010 Sachkunde
Feuerwehr, Wetter, gesunde Ernährung, Verkehrserziehung, Wasserkreislauf, Jahreszeiten, Berufe,
Igel, Bauernhof, Strom im Haushalt

700 Wirtschaft
Marktwirtschaft, Geld und Banken, Unternehmensgründung, Ausbildung, Verbraucherschutz, Welthandel,
Tarifverhandlungen, Lieferketten
"""
_FIRST = """
Wasser, Wald, Energie, Klima, Umwelt, Stadt, Licht, Sprach, Bild, Ton, Zeit, Raum, Daten, Schul,
Film, Farb, Luft, Erd, Kultur, Natur, Arbeits, Lebens, Handels, Verkehrs, Gesundheits, Heimat,
Zukunfts, Alltags, Kinder, Jugend, Familien, Gesellschafts, Wissens, Forschungs, Technik, Nutz,
Pflanzen, Tier, Menschen, Landschafts, Industrie, Kunst, Musik, Werk, Spiel, Grund
"""
_SECOND = """
kreislauf, geschichte, schutz, forschung, entwicklung, modell, labor, werkstatt, führung, bericht,
projekt, karte, messung, wandel, gestaltung, analyse, beobachtung, versorgung, verbrauch, quelle,
theorie, methode, sammlung, reise, bildung, planung, rechnung, aufnahme, sendung, mappe, übung,
lehre, formen, räume, grenzen, wege, netze, träger, wirkung, verfahren, beispiele, themen
"""
_PLACES = """
Münsterland, Sauerland, Ruhrgebiet, Niederrhein, Ostwestfalen, Bergisches Land, Siegerland, Eifel,
Lippe, Rheinland, Westfalen, Teutoburger Wald, Nordsee, Alpen, Europa, Frankreich, Polen,
Südamerika, Ostafrika, Japan
"""
_GIVEN = """
Anneke, Bero, Clarissa, Dietlind, Eike, Frauke, Gero, Henrike, Ilka, Jorid, Lutz, Meike, Norwin,
Oda, Rieke, Silke, Tjark, Ulfert
"""
_FAMILY = """
Ahlbrink, Brookmeyer, Dornhege, Eschkamp, Feldwisch, Grotenhoff, Hüsken, Isselhorst, Klostrup,
Lohbeck, Mühlensiep, Nierhaus, Overbrink, Plöger, Rüschkamp, Stratbäumer, Teigelmann, Wördemann
"""
_PUBLISHERS = """
Filmwerkstatt Beispiel, Verlag Lernpfad, Bildungsfilm Muster, Hörfunk Probe, Medienwerk Exempel,
Lehrmittelhaus Vorlage
"""
_TITLES = """
{topic}: {word} im Unterricht
{topic} – Grundlagen und {word}
{word} und {other}: {topic}
Was ist {topic}? {word} für die Schule
{topic} im {place}
Abenteuer {word}: {topic}
{place}: {topic} und {word}
{topic} verstehen mit {word} und {other}
Experimente zu {topic} ({word})
{word} erleben – {topic} im {place}
"""
_SENTENCES = """
Der Film zeigt am Beispiel {place}, wie {topic} und {word} zusammenhängen und welche Folgen das
für Menschen und Natur hat. Anhand kurzer Sequenzen werden {word}, {other} und {topic}
altersgerecht und anschaulich erklärt. Arbeitsblätter, Bilder und eine interaktive Übung vertiefen
das Thema {topic} im Fach {subject}. Schülerinnen und Schüler untersuchen {word} in ihrer Umgebung
und halten ihre Beobachtungen in einem Tagebuch fest. Historische Aufnahmen aus {place} machen
deutlich, wie sich {other} seit {year} verändert hat. Eine Animation veranschaulicht den Ablauf
Schritt für Schritt, vom ersten Modell bis zur fertigen {word}. Im Interview berichten Fachleute
aus {place} über {topic}, ihre Arbeit und den Weg in den Beruf. Das Medienpaket eignet sich für
den Einstieg in {topic} ebenso wie zur Wiederholung vor einer Klassenarbeit. Ausgehend von {word}
und {other} werden Ursachen, Wirkungen und mögliche Lösungen diskutiert. Mit einfachen Versuchen
lässt sich {topic} auch ohne Fachraum im Klassenzimmer erproben. Zum Material gehören eine Karte
von {place}, ein Glossar und Vorschläge für Gruppenarbeit. Deutlich wird, warum {topic} bis heute
für {word} in {place} von großer Bedeutung ist. Die Lehrkraft findet Hinweise zu Differenzierung,
Sprachförderung und fächerübergreifendem Arbeiten mit {subject}. Drei Jugendliche begeben sich in
{place} auf die Suche nach {other} und stoßen dabei auf überraschende Zusammenhänge. Untertitel
und eine Fassung in einfacher Sprache erleichtern den Zugang zu {topic} für alle Lernenden. Kurze
Kapitel erlauben es, {word} und {topic} getrennt voneinander im Unterricht einzusetzen.
"""
_TYPES = (
    ("MovingImage", "video/mp4"),
    ("Medienpaket", "application/zip"),
    ("Sound", "audio/mpeg"),
    ("Arbeitsblatt", "application/pdf"),
    ("InteractiveResource", "text/html"),
    ("StillImage", "image/jpeg"),
    ("Text", "application/pdf"),
    ("Film", "video/mp4"),
)
_LICENCES = (
    "https://creativecommons.org/licenses/by/4.0/",
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "https://creativecommons.org/licenses/by-nc-sa/4.0/",
)
_POOL = 1500
_MASK = (1 << 64) - 1


def _list(text: str, separator: str = ",") -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in text.split(separator))
    return tuple(part for part in parts if part)


def _subjects() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each subject's name, EAF code and topics."""
    for block in _SUBJECTS.strip().split("\n\n"):
        heading, _, topics = block.partition("\n")
        code, _, name = heading.partition(" ")
        yield name, code, _list(topics)


SUBJECTS = tuple(_subjects())
FIRST, SECOND, PLACES = _list(_FIRST), _list(_SECOND), _list(_PLACES)
GIVEN, FAMILY, PUBLISHERS = _list(_GIVEN), _list(_FAMILY), _list(_PUBLISHERS)
TITLES = _list(_TITLES, "\n")
SENTENCES = tuple(sentence + "." for sentence in _list(_SENTENCES, "."))


def _word(dice: int) -> str:
    """One of 1,932 compounds of two parts or 87,000 of three; the shorter ones come more often."""
    first, second = FIRST[dice % len(FIRST)], SECOND[(dice >> 6) % len(SECOND)]
    if (dice >> 12) % 3:
        return first + second
    return first + FIRST[(dice >> 14) % len(FIRST)].lower() + second


@cache
def _sentences(subject: str, topics: tuple[str, ...]) -> tuple[str, ...]:
    """Sentences about one subject; descriptions are put together from them."""
    random = Random(subject)  # nosec B311 - the same on every machine is what is wanted
    return tuple(
        SENTENCES[index % len(SENTENCES)].format(
            topic=random.choice(topics),
            word=_word(random.getrandbits(24)),
            other=_word(random.getrandbits(24)),
            place=random.choice(PLACES),
            subject=subject,
            year=random.randrange(1850, 2015),
        )
        for index in range(_POOL)
    )


def medium(number: int, revision: int = 0) -> Medium:
    """The medium with this number; another `revision` has another description and year."""
    # splitmix64: successive high bits of a well mixed number are the dice.
    dice = (number * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK
    dice = ((dice ^ (dice >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    dice = ((dice ^ (dice >> 27)) * 0x94D049BB133111EB) & _MASK
    dice ^= dice >> 31
    more = ((dice ^ (dice >> 29)) * 0xD6E8FEB86659FD93) & _MASK
    subject, code, topics = SUBJECTS[dice % len(SUBJECTS)]
    topic = topics[(dice >> 4) % len(topics)]
    word, other = _word(dice >> 9), _word(more >> 5)
    place = PLACES[(dice >> 33) % len(PLACES)]
    title = TITLES[(dice >> 39) % len(TITLES)].format(
        topic=topic, word=word, other=other, place=place
    )
    pool = _sentences(subject, topics)
    start = more % _POOL
    step = 1 + 2 * ((more >> 11) % 96)
    sentences = [pool[(start + step * index) % _POOL] for index in range(5 + (dice >> 45) % 2)]
    if revision:
        sentences.append(f"Überarbeitete Fassung {revision}.")
    type_, format_ = _TYPES[(more >> 20) % len(_TYPES)]
    age = 6 + (more >> 24) % 10
    return Medium(
        number=number,
        title=title,
        description=" ".join(sentences),
        subject=(subject, code),
        keywords=(topic, word, other, place),
        creator=f"{FAMILY[(more >> 30) % len(FAMILY)]}, {GIVEN[(more >> 36) % len(GIVEN)]}",
        publisher=PUBLISHERS[(more >> 42) % len(PUBLISHERS)],
        year=1990 + (more >> 46) % 34 + revision,
        type=type_,
        format=format_,
        address=f"https://medien.example.org/{number}",
        image=f"https://medien.example.org/bild/{number}.jpg",
        signature=f"BENCH-{number:08d}",
        licence=_LICENCES[(more >> 52) % len(_LICENCES)],
        minutes=3 + (more >> 54) % 50,
        ages=(age, age + 3),
    )


def dublin_core(item: Medium) -> str:
    """The medium as an `oai_dc` document."""
    subject, code = item.subject
    keywords = "".join(f"<dc:subject>{escape(word)}</dc:subject>" for word in item.keywords)
    return (
        f'<oai_dc:dc xmlns:oai_dc="{OAI_DC}" xmlns:dc="{DC}">'
        f"<dc:title>{escape(item.title)}</dc:title><dc:creator>{item.creator}</dc:creator>"
        f"<dc:subject>{subject}</dc:subject><dc:subject>EAF:{code}</dc:subject>{keywords}"
        f"<dc:description>{escape(item.description)}</dc:description>"
        f"<dc:publisher>{item.publisher}</dc:publisher><dc:date>{item.year}-05-01</dc:date>"
        f"<dc:type>{item.type}</dc:type><dc:format>{item.format}</dc:format>"
        f"<dc:identifier>{item.address}</dc:identifier>"
        f"<dc:identifier>{item.signature}</dc:identifier><dc:language>de</dc:language>"
        f"<dc:relation>{item.image}</dc:relation><dc:rights>{item.licence}</dc:rights></oai_dc:dc>"
    )
