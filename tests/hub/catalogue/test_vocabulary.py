"""Codes and what people call them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.catalogue import vocabulary
from hub.catalogue.search import FACETS
from hub.records import AccessMode, Carrier, Kind, MediumType


@pytest.mark.parametrize(
    ("facet", "code", "german", "english"),
    [
        ("kind", "device", "Gerät", "Device"),
        ("subject", "080", "Biologie", "Biology"),
        ("subject", "20001", "Englisch", "English"),
        ("subject", "04003", "MINT", "MINT"),
        ("level", "grundschule", "Primarstufe", "Primary"),
        (
            "competence",
            "3.4",
            "3.4 Cybergewalt und -kriminalität",
            "3.4 Cyber violence and cyber crime",
        ),
        ("audience", "kita", "Kita und Familienzentrum", "Day care and family centres"),
        ("subject", "nobody knows", "nobody knows", "nobody knows"),
    ],
)
def test_labels(facet: str, code: str, german: str, english: str) -> None:
    assert vocabulary.label(facet, code) == german
    assert vocabulary.label(facet, code, "en") == english


@pytest.mark.parametrize(
    ("facet", "values"),
    [
        ("kind", Kind), ("medium_type", MediumType), ("carrier", Carrier), ("access", AccessMode),
        ("facet", FACETS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_code_of_the_hub_has_a_label(facet: str, values: list[str], language: str) -> None:
    for value in values:
        assert vocabulary.label(facet, str(value), language) != str(value)


def test_the_whole_framework_is_there() -> None:
    codes = [f"{area}.{number}" for area in range(1, 7) for number in range(1, 5)]
    for code in codes:
        assert vocabulary.label("competence", code) != code
        assert vocabulary.parents("competence", code) == (code[0],)


def test_parents() -> None:
    assert vocabulary.parents("subject", "0800101") == ("08001", "080")
    assert vocabulary.parents("subject", "080") == ()
    assert vocabulary.parents("subject", "oeh01") == ()
    assert vocabulary.parents("kind", "device") == ()


def test_names_reach_up_to_the_parents() -> None:
    assert "Erdkunde" in vocabulary.names("subject", "2200101")
    assert {"DaZ", "Grundschule"} <= set(vocabulary.names("subject", "28002"))
    assert vocabulary.names("subject", "nobody knows") == ()


@pytest.fixture
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path))
    vocabulary._terms.cache_clear()
    yield folder
    vocabulary._terms.cache_clear()


def test_the_complete_subject_areas_when_an_operator_adds_them(
    own_config: Path, shared_data: Path
) -> None:
    assert vocabulary.label("subject", "0200101") == "0200101"
    shutil.copy(shared_data / "vocab" / "eaf_sachgebiete.csv", own_config)
    vocabulary._terms.cache_clear()
    assert vocabulary.label("subject", "0200101") == "Arbeitsbedingungen, Arbeitsabläufe"
    assert "Arbeitswelt" in vocabulary.names("subject", "0200101")
    assert vocabulary.label("subject", "020") == "Arbeitslehre"  # ours, not their capitals
