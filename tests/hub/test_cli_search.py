"""`hub search` and `hub bench search`."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from hub.catalogue import index
from hub.cli import main
from hub.db import Database
from hub.models import Counter
from tests.hub.catalogue.shelf import fill, medium


@pytest.fixture
def filled(db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    fill(db, [medium("Tiere im Wasser"), medium("Wassertiere", subjects=("080",))])
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    return db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["search", *arguments])


def test_lists_hits_and_facets(filled: Database) -> None:
    result = run("wassertiere", "--facets", "--explain")
    assert result.exit_code == 0, result.output
    assert "wassertiere: wass & tier in 2 works" in result.output
    assert "2 works, page 1 of 1" in result.output
    assert result.output.index("Wassertiere") < result.output.index("Tiere im Wasser")
    assert "Biology" in result.output


def test_filters_and_json(filled: Database) -> None:
    result = run("tiere", "--filter", "subject=080", "--kind", "medium", "--json")
    data = json.loads(result.stdout)
    assert [hit["title"] for hit in data["hits"]] == ["Wassertiere"]
    assert {facet["name"] for facet in data["facets"]} >= {"kind", "subject"}


def test_says_what_else_to_try(filled: Database) -> None:
    assert "Did you mean: wassertiere (2)" in run("wassertire").output
    assert "Try: tiere without filters (2)" in run("tiere", "--site", "koeln").output


def test_refuses_a_facet_that_is_none(filled: Database) -> None:
    result = run("tiere", "--filter", "colour=red")
    assert result.exit_code == 2
    assert "competence" in result.output


def test_asks_for_a_rebuild_and_rebuilds(filled: Database) -> None:
    with filled.write() as session:
        session.execute(sa.update(Counter).where(Counter.name == index.ANALYSER).values(value=0))
    assert "hub search --rebuild" in run("tiere").stderr
    assert "2 works is built anew" in run("--rebuild").stderr
    assert "rebuild" not in run("tiere").stderr


def test_bench_gives_figures() -> None:
    result = CliRunner().invoke(main, ["bench", "search", "--works", "300", "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["works"] == 300
    assert 0 < figures["p50"] <= figures["p95"]
    assert figures["ratio_p95"] > 0


def test_bench_refuses_another_kind_of_database() -> None:
    result = CliRunner().invoke(main, ["bench", "search", "--database", "sqlite:///x"])
    assert result.exit_code == 1
    assert "no PostgreSQL server" in result.output
