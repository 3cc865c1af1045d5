"""Words and addresses of vocabularies, compared with the vocabularies themselves."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hub.formats import language, terms
from hub.records import Carrier, MediumType


def rows(shared_data: Path, name: str) -> list[dict[str, str]]:
    with (shared_data / "vocab" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_kim_subjects_agree_with_their_close_matches(shared_data: Path) -> None:
    for row in rows(shared_data, "kim_schulfaecher"):
        match = row["oeh_discipline_closeMatch"]
        if match and match != "oeh01":
            assert terms.subject(f"http://w3id.org/kim/schulfaecher/{row['id']}") == match
            assert terms.subject(f"https://w3id.org/kim/schulfaecher/{row['id']}") == match
            assert terms.subject(row["label"]) == match


def test_every_subject_is_a_code_of_eaf_or_oeh(shared_data: Path) -> None:
    known = {row["code"] for row in rows(shared_data, "eaf_sachgebiete")}
    known |= {row["id"] for row in rows(shared_data, "oeh_discipline")}
    for number in range(1000, 1062):
        code = terms.subject(f"http://w3id.org/kim/schulfaecher/s{number}")
        assert code in known | {""}


def test_the_24_competences(shared_data: Path) -> None:
    for row in rows(shared_data, "mkr_nrw"):
        if "." in row["code"]:
            assert terms.competence(terms.COMPETENCES + row["code"]) == row["code"]
            assert row["label"].startswith(terms.COMPETENCE_NAMES[row["code"]])
    assert len(terms.COMPETENCE_NAMES) == 24


@pytest.mark.parametrize(
    ("word", "code"),
    [("80", "080"), ("4003", "04003"), ("Mathe", "380"), ("s1005", "120"), ("Unsinn", "")],
)
def test_subjects(word: str, code: str) -> None:
    assert terms.subject(word) == code


@pytest.mark.parametrize(
    ("word", "code"),
    [("MKR 3.4", "3.4"), ("2.1 Informationsrecherche", "2.1"), ("7.1", ""), ("3.4.2027", "")],
)
def test_competences(word: str, code: str) -> None:
    assert terms.competence(word) == code


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["Sekundarstufe I"], ("sekundarstufe_1",)),
        (["https://w3id.org/kim/educationalLevel/level_A"], ("hochschule",)),
        (["Gymnasium"], ("sekundarstufe_1", "sekundarstufe_2")),
        (["Mond"], ()),
    ],
)
def test_levels(words: list[str], found: tuple[str, ...]) -> None:
    assert terms.levels(words) == found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.de", "licenses/by-sa/4.0/"),
        ("http://creativecommons.org/licenses/by/3.0/de/", "licenses/by/3.0/de/"),
        ("CC BY-NC-SA 4.0", "licenses/by-nc-sa/4.0/"),
        ("CC0", "publicdomain/zero/1.0/"),
        ("Gemeinfrei", "publicdomain/mark/1.0/"),
    ],
)
def test_free_licences(text: str, address: str) -> None:
    assert terms.licence(text) == f"https://creativecommons.org/{address}"


def test_other_licences_stay_as_they_are() -> None:
    assert terms.licence("CC BY") == "CC BY"
    assert terms.licence("Kreis-\n Onlinelizenz") == "Kreis- Onlinelizenz"


def test_media_numbers_name_type_and_carrier() -> None:
    assert terms.media_number("FWU-04670123") == (MediumType.VIDEO, Carrier.DVD)
    assert terms.media_number("49 70123") == (MediumType.VIDEO, Carrier.ONLINE)
    assert terms.media_number("SF-56395") is None


def test_languages() -> None:
    assert terms.language("Deutsch") == terms.language("DE") == terms.language("ger") == "de"
    assert terms.language("en_us") == "en-US"
    assert terms.language("Klingonisch") == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Der Film zeigt, wie die Tiere im Wald leben.", "de"),
        ("The film shows how the animals live in the forest.", "en"),
        ("La película muestra cómo viven los animales en el bosque.", "es"),
        ("Le film montre comment les animaux vivent dans la forêt.", "fr"),
        ("Fotosynthese", ""),
        ("Podcast: the best of Kultur", ""),
    ],
)
def test_the_language_of_a_text_where_it_is_sure(text: str, code: str) -> None:
    assert language.guess(text) == code
