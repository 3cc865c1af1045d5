"""Words from which `works_records` writes media that German media centres might hold."""

from __future__ import annotations

TOPICS: dict[str, tuple[str, ...]] = {
    "080": tuple(
        "Igel|Eichhörnchen|Fuchs|Feldhase|Kiefer|Käfer|Honigbiene|Regenwurm|Frosch|Wolf|Biber|"
        "Fledermaus|Storch|Blutkreislauf|Verdauung|Auge|Gehör|Haut|Photosynthese|Zelle|Evolution|"
        "Genetik|Immunsystem|Nervensystem|Wald|Wattenmeer|Moor|Teich|Hecke|Wiese|Korallenriff".split("|")
    ),
    "100": tuple(
        "Säuren|Basen|Salze|Atombau|Periodensystem|Erdöl|Kunststoffe|Metalle|Wasserstoff|"
        "Verbrennung|Redoxreaktionen|Alkohole|Seife|Stickstoff".split("|")
    ),
    "220": tuple(
        "Vulkane|Erdbeben|Gletscher|Wüste|Regenwald|Savanne|Alpen|Ruhrgebiet|Nordsee|Rhein|Ostsee|"
        "Klimawandel|Landwirtschaft|Plattentektonik|Megastädte|Tourismus|Japan|China|Indien|"
        "Brasilien|Kenia|Island|Eifel|Sauerland|Münsterland".split("|")
    ),
    "240": tuple(
        "Römer|Griechen|Ägypten|Steinzeit|Mittelalter|Ritter|Hanse|Reformation|Bauernkrieg|"
        "Französische Revolution|Industrialisierung|Kaiserreich|Erster Weltkrieg|Weimarer Republik|"
        "Nationalsozialismus|Holocaust|Kalter Krieg|Berliner Mauer|Wiedervereinigung|Kolonialismus|"
        "Wirtschaftswunder|DDR|Völkerwanderung|Karl der Große".split("|")
    ),
    "460": tuple(
        "Elektrizität|Magnetismus|Optik|Akustik|Mechanik|Hebel|Auftrieb|Kernkraft|Radioaktivität|"
        "Sonnensystem|Mond|Relativitätstheorie|Transformator|Halbleiter|Wärmelehre".split("|")
    ),
    "480": tuple(
        "Demokratie|Bundestag|Bundesrat|Grundgesetz|Wahlen|Europäische Union|Vereinte Nationen|"
        "Menschenrechte|Kinderrechte|Extremismus|Migration|Globalisierung|Parteien|Pressefreiheit|"
        "Soziale Marktwirtschaft|Sozialstaat|Gewaltenteilung".split("|")
    ),
    "120": tuple(
        "Märchen|Fabeln|Balladen|Kurzgeschichten|Goethe|Schiller|Kafka|Brecht|Rechtschreibung|"
        "Grammatik|Zeichensetzung|Argumentieren|Lyrik|Theater|Jugendbuch|Sprachgeschichte".split("|")
    ),
    "380": tuple(
        "Bruchrechnung|Dreiecke|Pythagoras|Prozentrechnung|Wahrscheinlichkeit|Funktionen|"
        "Vektoren|Flächenberechnung|Gleichungen|Statistik|Primzahlen|Symmetrie".split("|")
    ),
    "520": tuple(
        "Judentum|Islam|Christentum|Buddhismus|Hinduismus|Luther|Pilgern|Weihnachten|Ostern|Bibel|"
        "Synagoge|Moschee|Kirchenjahr|Abraham|Propheten".split("|")
    ),
    "620": tuple(
        "Alkohol|Cannabis|Rauchen|Magersucht|Mobbing|Cybermobbing|Computerspielsucht|Stress|"
        "Ernährung|Erste Hilfe|Depression|Zahngesundheit".split("|")
    ),
    "320": tuple(
        "Internet|Algorithmen|Künstliche Intelligenz|Datenschutz|Programmieren|Robotik|"
        "Soziale Netzwerke|Fake News|Urheberrecht|Verschlüsselung|Suchmaschinen".split("|")
    ),
    "420": tuple(
        "Beethoven|Mozart|Bach|Orchester|Notenlehre|Jazz|Hip-Hop|Musical|Oper|Trommeln|Gitarre".split("|")
    ),
    "28010": tuple(
        "Wasser|Feuer|Luft|Wetter|Fahrrad|Feuerwehr|Polizei|Bauernhof|Brot|Müll|Kartoffel|Apfel|"
        "Schulweg|Zeit|Strom|Brücken|Magnete|Fünf Sinne|Kalender".split("|")
    ),
}  # fmt: skip
"""EAF subject → what media are about."""

WHOLE = (
    "{t}", "{t} – {a}", "{t}: {a}", "{t} und {u}", "{t} im Überblick", "{t} verstehen",
    "{a}: {t}", "Was ist {t}?", "Unterwegs mit {n}: {t}", "{t} in {p}", "Auf den Spuren: {t}",
    "{t} früher und heute", "Abenteuer {t}", "Die Welt der {t}", "{t} – Einführung in das Thema",
    "{n} entdeckt: {t}", "{t} kompakt", "Basiswissen {t}", "{t} im Alltag", "Rund um: {t}",
    "Schau genau: {t}", "Warum {t}?", "{t} zwischen {a} und {b}", "Experimente: {t}",
    "Das Geheimnis von {t}", "{t} erleben", "{p}: {t}",
)  # fmt: skip
ASPECTS = tuple(
    "Aufbau und Funktion|Ursachen und Folgen|Leben und Werk|Entstehung|Grundlagen|Vertiefung|"
    "Gefahr und Nutzen|Alltag|Herkunft und Verbreitung|Vielfalt|Lebensraum|Fortpflanzung|Technik|"
    "Gesellschaft|Wirtschaft|Umwelt|Kunst und Kultur|Zeitzeugen berichten|Mythos und Wahrheit|"
    "Chancen und Risiken|Anpassung|Stoffwechsel|Zusammenhänge|Wandel|Wege in die Zukunft|Krise|"
    "Bedeutung für uns|Forschung|Im Labor|Modelle|Anwendungen|Konflikte|Lösungen|Quellen|Methoden|"
    "Frühling|Sommer|Herbst|Winter|Stadt|Land|Leben am Fluss|Leben am Bach|Leben am Meer|"
    "Nahrung|Feinde|Nachwuchs|Aufbruch|Niedergang|Höhepunkt".split("|")
)
SUBTITLES = (
    "{a}", "{a} und {b}", "Eine Einführung für die Klassen {g} bis {h}", "Von {a} bis {b}",
    "Ein Film über {t}", "Wie {t} unser Leben verändert", "Fragen und Antworten zu {t}",
    "Didaktische Bausteine zu {t}", "{t} in Beispielen aus {p}", "Mit Arbeitsblättern zu {a}",
    "{n} fragt nach", "Reportage aus {p}", "{a}, {b} und mehr", "{t} zum Mitmachen",
)  # fmt: skip
SERIES = tuple(
    "Meine Erde|Wissen kompakt|Natur erleben|Geschichte erzählt|Lebensräume|Sachgeschichten|"
    "Schule und mehr|Experimentierwerkstatt|Deutschland im Wandel|Der Mensch|Einfach erklärt|"
    "Grundschule entdeckt|Basiswissen Oberstufe|Zeitreise|Weltreligionen im Gespräch|"
    "Mathe macht Sinn|Physik im Alltag|Medien im Blick|Musik erleben|Politik verstehen".split("|")
)
PLACES = tuple(
    "Köln|Münster|Dortmund|Bielefeld|Aachen|Bonn|Siegen|Paderborn|Wuppertal|Hagen|Soest|Kleve|"
    "Westfalen|Europa|Afrika|Bayern|Hamburg|Skandinavien".split("|")
)
NAMES = tuple(
    "Anna|Ben|Carla|David|Emil|Frida|Greta|Hannes|Ida|Jonas|Klara|Lukas|Mila|Noah".split("|")
)
CREATORS = tuple(
    f"{first} {last}"
    for first in ("Jutta", "Holger", "Birgit", "Arne", "Selma", "Ulf", "Renate", "Tarek")
    for last in (
        "Brinkmöller", "Dahlhues", "Eickstädt", "Fehrenkamp", "Grotjahn", "Hülsewig", "Immenkötter",
        "Krähwinkel", "Lüdinghoff", "Niederstraß", "Osterhues", "Petermöhle", "Rathmann", "Sölling",
        "Terbrüggen", "Uhlenkott", "Voßwinkel", "Wiedenbrück", "Zurhelle",
    )
)  # fmt: skip
PUBLISHERS = tuple(
    "Lernfilm Ruhraue|Naturfilm Haarstrang|Kontor für Schulmedien|Weserbogen Studio|"
    "Klangwerk Eifel|Medienwerkstatt Hellweg|Didaktik-Verlag Lippe GmbH|Schulfilm Niers|"
    "Bildungsfunk West|Edition Baumberge|Tafelwerk Verlag|Studio Sechs-Seen-Platte".split("|")
)
SENTENCES = (
    "Der Film zeigt {t} aus der Sicht von Kindern und geht dabei auf {a} ein.",
    "Anhand von Beispielen aus {p} werden {a} und {b} anschaulich erklärt.",
    "{n} besucht Fachleute und stellt Fragen zu {t}.",
    "Animationen und Realaufnahmen veranschaulichen {a}.",
    "Das Medienpaket enthält Filmsequenzen, Grafiken und Arbeitsblätter zu {t}.",
    "Im Mittelpunkt stehen {a}, {b} und die Bedeutung für den Alltag.",
    "Historische Aufnahmen aus {p} zeichnen den Weg bis in die Gegenwart nach.",
    "Geeignet für die Klassen {g} bis {h}.",
    "Ein interaktiver Teil lädt dazu ein, {t} selbst zu erkunden.",
)
TRANSLATED = {
    "en": ("{t} (englische Fassung)", "{t} – English version", "{t} [engl.]"),
    "tr": ("{t} (türkische Fassung)", "{t} auf Türkisch"),
    "fr": ("{t} (französische Fassung)", "{t} (frz. Fassung)"),
}
EDITIONS = (
    "{t} (Hörfilmfassung)", "{t} – Kurzfassung", "{t} in Leichter Sprache", "{t}: Begleitheft",
    "{t} (mit Gebärdensprache)", "{t} – Lehrerfassung", "{t} (Neuauflage)", "{t} (OmU)",
    "{t} – Langfassung", "{t} (Trailer)",
)  # fmt: skip
PARTS = ("Teil {k}", "Folge {k}", "{k}. Teil", "Band {r}", "({k})", "Bd. {k}", "{k}")
ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
