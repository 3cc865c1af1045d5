"""What teachers type: sentences, school years, numbers, and compounds in parts."""

from __future__ import annotations

import pytest

from hub.catalogue.search import Query, Suggestion, search
from hub.db import Database
from hub.records import Carrier, MediumType
from tests.hub.catalogue.shelf import fill, medium, titles

SHELF = [
    medium("Wasser marsch!", description="Ein Trickfilm über den Kreislauf."),
    medium("Der Wasserkreislauf"),
    medium("Mobbing im Klassenchat", keywords=("Cyber",)),
    medium("Cybermobbing"),
    medium("Bruchrechnung", subjects=("380",), grades=(5, 6)),
    medium("Zweiter Weltkrieg", levels=("sekundarstufe_1",)),
    medium("Der 1. Weltkrieg", levels=("sekundarstufe_2",)),
    medium("Bienen im Garten", medium_type=MediumType.VIDEO, levels=("grundschule",)),
    medium("Vulkane", carrier=Carrier.DVD),
    medium("Trickfilm in Klasse 4", grades=(4, 4)),
    medium("Wir zeigen Kunst"),
]


@pytest.fixture
def shelf(db: Database) -> Database:
    fill(db, SHELF)
    return db


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("wasser kreislauf", "Der Wasserkreislauf"),
        ("Cyber-Mobbing", "Cybermobbing"),
        ("cyber mobbing", "Cybermobbing"),
        ("Bruchrechnen", "Bruchrechnung"),
        ("2. Weltkrieg", "Zweiter Weltkrieg"),
        ("Zweiten Weltkriegs", "Zweiter Weltkrieg"),
        ("Erster Weltkrieg", "Der 1. Weltkrieg"),
        ("DVD Vulkane", "Vulkane"),
        ("Bruchrechnung Klasse 6", "Bruchrechnung"),
        ("Bruchrechnung 5. Klasse", "Bruchrechnung"),
        ("Bruchrechnung Klassen 6-8", "Bruchrechnung"),
        ("Bruchrechnung Jg. 5", "Bruchrechnung"),
        ("Weltkrieg Klasse 9", "Zweiter Weltkrieg"),
        ("Weltkrieg Klasse 12", "Der 1. Weltkrieg"),
        ("Trickfilm Klasse 4", "Trickfilm in Klasse 4"),
        ("Ich suche einen Film über Bienen für die 3. Klasse", "Bienen im Garten"),
        ("Wir brauchen bitte etwas zum Thema Bruchrechnung", "Bruchrechnung"),
    ],
)
def test_the_best_is_first(shelf: Database, text: str, best: str) -> None:
    assert titles(shelf, text)[:1] == [best]


@pytest.mark.parametrize(
    ("text", "not_found"),
    [
        ("Bruchrechnung Klasse 7", "Bruchrechnung"),
        ("2. Weltkrieg", "Der 1. Weltkrieg"),
        ("Weltkrieg -Klasse 9", "Zweiter Weltkrieg"),
        ("Weltkrieg Klasse 14", "Zweiter Weltkrieg"),
    ],
)
def test_other_school_years_and_numbers_are_others(
    shelf: Database, text: str, not_found: str
) -> None:
    assert not_found not in titles(shelf, text)


@pytest.mark.parametrize("text", ["ich", "ich suche", "wir zeigen", "Klasse", "3.", "Klasse 99"])
def test_what_says_little_is_no_error(shelf: Database, text: str) -> None:
    assert isinstance(titles(shelf, text), list)
    assert titles(shelf, "wir zeigen") == ["Wir zeigen Kunst"]


def test_of_words_that_are_nowhere_together_those_are_offered_that_are(shelf: Database) -> None:
    with shelf.read() as session:
        found = search(session, Query("Roboter Vulkane Drachen Kunst"))
    assert found.total == 0
    (offered,) = found.relaxed
    assert offered in (Suggestion("vulkane", 1), Suggestion("kunst", 1))


def test_another_word_of_few_letters_is_no_slip(shelf: Database) -> None:
    with shelf.read() as session:
        assert search(session, Query("Zellen")).did_you_mean is None
