"""The made-up records that benchmarks measure with, and the programs that serve them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.http import Client
from connectors.oai_pmh import Repository
from hub.benchmarks.oai_pages import dublin_core, medium

ROOT = Path(__file__).resolve().parents[3]


def test_records_are_the_same_whenever_they_are_made() -> None:
    backwards = [dublin_core(medium(number)) for number in range(200, 0, -1)]
    assert [dublin_core(medium(number)) for number in range(1, 201)] == backwards[::-1]
    one = medium(12_345)
    assert (
        one.title
        == "Satz des Pythagoras verstehen mit Technikverkehrskarte und Menschenkulturträger"
    )
    assert medium(12_345, revision=1).description.startswith(one.description)


def test_records_are_as_long_and_as_different_as_real_ones() -> None:
    media = [medium(number) for number in range(5_000)]
    lengths = [len(f"{one.title} {one.description}".split()) for one in media]
    assert min(lengths) >= 60
    assert max(lengths) <= 120
    assert len({one.title for one in media}) > 4_500
    assert len({one.signature for one in media}) == 5_000


@pytest.mark.parametrize("program", ["hub.benchmarks.provider", "tests.servers.oai_provider"])
def test_a_provider_prints_its_address_and_serves(program: str) -> None:
    command = [sys.executable, "-m", program, "--records", "25", "--page", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            with Client(internal_hosts=["127.0.0.1"]) as client:
                pages = list(Repository(client, address).records("oai_dc"))
        finally:
            process.terminate()
    assert [len(page.items) for page in pages] == [10, 10, 5]
