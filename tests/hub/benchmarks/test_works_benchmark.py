"""`hub bench works`: what it measures, and that the matcher keeps what it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.benchmarks import works
from hub.benchmarks.works_records import build
from hub.cli import main


def test_automatic_merges_are_right_and_few_works_are_missed() -> None:
    """Over another set than the one on which the threshold was chosen."""
    quality, pairs = works.assess(build(6_000, seed=21))
    assert quality.precision >= 0.99
    assert quality.recall > 0.65
    assert quality.recall_with_review >= 0.95
    assert quality.automatic + quality.review <= len(pairs)
    assert quality.suggested_threshold <= quality.threshold


def test_the_same_seed_gives_the_same_set() -> None:
    assert build(500, seed=4) == build(500, seed=4)
    assert build(500, seed=4) != build(500, seed=5)


def test_measures_two_sizes() -> None:
    result = CliRunner().invoke(
        main, ["bench", "works", "--records", "600", "--larger", "900", "--json"]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["larger"] == 900
    assert figures["cost_ratio"] > 0
    assert figures["quality"]["records"] >= 600


LEFT = """id,title,authors,year
1,Query Optimization in Parallel Databases,"Ann Ude, Bo Ek",1999
2,Spatial Joins Revisited,Cem Oz,2001
"""
RIGHT = """id;title;authors;year
a;Query optimisation in parallel databases;Ann Ude;1999
b;Temporal Aggregates;Dee Li;2001
"""


def write(folder: Path, truth: str) -> list[str]:
    arguments = []
    for name, text in (("left", LEFT), ("right", RIGHT), ("truth", truth)):
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        arguments += [f"--{name}", str(path)]
    return arguments


def test_any_labelled_set(tmp_path: Path) -> None:
    arguments = write(tmp_path, "l,r\n1,a\n")
    result = CliRunner().invoke(main, ["bench", "works", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["records"], figures["pairs"]) == (4, 1)
    assert figures["recall_with_review"] == 1
    assert figures["automatic"] + figures["review"] == 1


@pytest.mark.parametrize(
    ("truth", "message"),
    [("l,r\n1,z\n", "names no pair"), ("l\n1\n", "names no pair")],
)
def test_a_truth_that_does_not_fit(tmp_path: Path, truth: str, message: str) -> None:
    result = CliRunner().invoke(main, ["bench", "works", *write(tmp_path, truth)])
    assert result.exit_code == 1
    assert message in result.output


def test_two_of_three_files_are_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["bench", "works", *write(tmp_path, "l,r\n1,a\n")[:4]])
    assert result.exit_code == 2
