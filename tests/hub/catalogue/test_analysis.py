"""What of German is the same to the search; no database is needed to say so."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue import analysis
from hub.catalogue.analysis import analyse, fold, typed_identifier, word, words
from hub.records import Identifier, Kind, MediumType, Record


def stems(text: str) -> set[str]:
    return {part for w in words(text) if not word(w).stop for part in word(w).parts}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müll", "Muell"), ("Müll", "MÜLL"), ("Müll", "Mull"), ("Straße", "Strasse"),
        ("Straße", "STRASSE"), ("Größe", "Groesse"), ("Häuser", "Haeuser"), ("Vögel", "Voegel"),
        ("Mu\u0308ll", "Müll"), ("Café", "Cafe"),
        ("Haus", "Häuser"), ("Buch", "Bücher"), ("Baum", "Bäume"), ("Vogel", "Vögel"),
        ("Kind", "Kinder"), ("Klasse", "Klassen"), ("Tier", "Tiere"), ("Frau", "Frauen"),
        ("Film", "Filme"), ("Film", "Films"), ("Gerät", "Geräte"), ("Lehrerin", "Lehrerinnen"),
        ("Lehrerin", "Lehrer"), ("Schule", "Schulen"), ("Tablet", "Tablets"),
        ("Museum", "Museen"), ("Medium", "Medien"), ("Zentrum", "Zentren"), ("Thema", "Themen"),
        ("Virus", "Viren"), ("Rhythmus", "Rhythmen"), ("Globus", "Globen"),
        ("Kamera", "Kameras"), ("Video", "Videos"), ("Handy", "Handys"), ("Auto", "Autos"),
        ("Gymnasium", "Gymnasien"), ("Album", "Alben"), ("Datum", "Daten"),
        ("neu", "neue"), ("neu", "neuen"), ("Quelle", "Quellen"), ("Steuer", "Steuern"),
        ("bauen", "baue"), ("Mauer", "Mauern"), ("Poet", "Poeten"),
        ("Lehrer:innen", "Lehrerinnen"), ("Lehrer*innen", "Lehrerinnen"),
        ("LehrerInnen", "Lehrerinnen"), ("Schüler_innen", "Schülerinnen"),
        ("Wassertiere", "Tiere im Wasser"), ("Wasserkreislauf", "Kreislauf des Wassers"),
        ("Klassensatz", "Satz Klasse"), ("Medienkompetenz", "Kompetenz Medium"),
        ("Elternabende", "Abend für Eltern"), ("Kinderrechte", "Rechte der Kinder"),
        ("Medienkompetenzrahmen", "Rahmen Medien Kompetenz"), ("Schulhof", "Hof der Schule"),
        ("Tabletkoffer", "Koffer mit Tablets"), ("Lernroboter", "Roboter zum Lernen"),
        ("Friedensnobelpreis", "Nobelpreis Frieden"), ("Umweltschutz", "Schutz der Umwelt"),
        ("Fahrradprüfung", "Prüfung Fahrrad"), ("Haustiere", "Tiere im Haus"),
        ("Datenschutz", "Schutz Daten"), ("Dokumentenkamera", "Kamera Dokumente"),
        ("Cyber-Mobbing", "Cybermobbing"), ("Gesundheitserziehung", "Erziehung Gesundheit"),
        ("05511494", "5511494"), ("３D", "3d"),
    ],
)  # fmt: skip
def test_means_the_same(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(
    "text",
    [
        "Unterricht", "Wirtschaft", "Gesellschaft", "Landschaft", "Religion", "Reformation",
        "Information", "Mathematik", "Computer", "Ministerium", "Schmetterling", "Religionen",
        "Ausleihe", "Beratung", "Fortbildungen", "Ernährung", "Freundschaft", "Informatik",
    ],
)  # fmt: skip
def test_is_no_compound(text: str) -> None:
    assert len(stems(text)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("neu", "nun"), ("Quelle", "Qual"), ("Feuer", "Feier"), ("Wal", "Wahl"), ("Haus", "Hase")],
)
def test_is_not_the_same(one: str, other: str) -> None:
    assert stems(one) != stems(other)


@pytest.mark.parametrize(
    "typed", ["FWU-05511494", "fwu 5511494", "55 11494", "5511494", "05511494", "FWU_5511494"]
)
def test_a_media_number_in_any_form(typed: str) -> None:
    record = Record("", Kind.MEDIUM, "x", identifiers=(Identifier("medium", "FWU-05511494"),))
    assert set(analyse(record).tokens.split()) & set(typed_identifier(typed))


@pytest.mark.parametrize(
    ("scheme", "stored", "typed"),
    [
        ("isbn", "978-3-16-148410-0", "9783161484100"),
        ("isbn", "9783161484100", "3-16-148410-X"),
        ("isbn", "3-16-148410-X", "ISBN 978-3-16-148410-0"),
        ("medium", "SF-56395", "sf 56395"),
        ("medium", "SF-56395", "56395"),
        ("doi", "https://doi.org/10.1234/Ab.C", "doi:10.1234/ab.c"),
        ("url", "https://www.example.org/film/1?utm_source=77", "http://example.org/film/1"),
    ],
)
def test_other_identifiers_in_any_form(scheme: str, stored: str, typed: str) -> None:
    record = Record("", Kind.MEDIUM, "x", identifiers=(Identifier(scheme, stored),))
    assert set(analyse(record).tokens.split()) & set(typed_identifier(typed))


def test_stop_words_stay_in_titles_only() -> None:
    tokens = analyse(Record("", Kind.MEDIUM, "Wer bin ich", description="wer bist du")).tokens
    assert tokens.split()[:3] == ["twer", "tbin", "tich"]
    assert "dwer" not in tokens


def test_codes_are_found_by_their_names() -> None:
    record = Record(
        "", Kind.DEVICE, "x", medium_type=MediumType.VIDEO, subjects=("0800101",),
        levels=("grundschule",), competences=("3.4",),
    )  # fmt: skip
    tokens = set(analyse(record).tokens.split())
    for name in ("Gerät", "Film", "Biologie", "Grundschule", "Cybergewalt"):
        assert {"d" + stem for stem in stems(name)} <= tokens


def test_vocabulary_holds_words_of_titles_and_keywords() -> None:
    record = Record(
        "", Kind.MEDIUM, "Der Müll im Meer 2024", description="Unsinn", keywords=("Öl",)
    )
    assert analyse(record).words == ("müll", "meer")


def test_same_tokens_in_every_process() -> None:
    text = "Wasserkreislauf Klassensatz Medienkompetenz Elternabend Müllabfuhr"
    code = (
        "from hub.catalogue.analysis import analyse; from hub.records import Record, Kind;"
        f"print(analyse(Record('', Kind.MEDIUM, {text!r}, keywords=({text!r},))).tokens)"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    here = analyse(Record("", Kind.MEDIUM, text, keywords=(text,)))
    assert here.tokens == elsewhere
    assert pickle.loads(pickle.dumps(here)) == here


@given(st.text())
def test_tokens_are_plain_whatever_the_text(text: str) -> None:
    found = analyse(
        Record("", Kind.MEDIUM, text, description=text, identifiers=(Identifier("medium", text),))
    )
    for token in found.tokens.split(" "):
        assert token == analysis.BREAK or (token.isascii() and token.isalnum())
        assert token == token.lower()


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text.lower())
    assert fold(once) == once
