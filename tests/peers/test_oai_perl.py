"""HTTP::OAI and Catmandu (Debian: libhttp-oai-perl, libcatmandu-oai-perl) harvest the provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue.oai import answers
from hub.catalogue.sync import sync
from hub.records import Checkpoint, Delete
from tests.conftest import unavailable
from tests.serving import served
from tests.sources import everything, medium, network

# A record at a time: its `next` gives, of a list of several pages, the last one only.
HARVEST = """
use HTTP::OAI;
my ($address, $prefix) = @ARGV;
my $harvester = HTTP::OAI::Harvester->new(baseURL => $address);
my $identity = $harvester->Identify;
die $identity->message if $identity->is_error;
my $list = $harvester->ListRecords(metadataPrefix => $prefix, onRecord => sub {
    my $record = shift;
    print join("\t", $record->identifier, $record->datestamp, $record->is_deleted ? 1 : 0), "\n";
});
die $list->message if $list->is_error;
"""


@dataclass(frozen=True)
class Provider:
    address: str
    all: set[str]
    gone: set[str]


@pytest.fixture
def provider(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Provider]:
    """130 offers on four pages, ten of them withdrawn."""
    monkeypatch.setattr("hub.web.oai.Repository", partial(answers.Repository, page=40))
    with network(database_url, tmp_path, ["borken"]) as net:
        for changes in (
            everything(*(medium(str(n), f"Wüsten & Vulkane {n}") for n in range(130))),
            [*(Delete(str(n)) for n in range(10)), Checkpoint(None)],
        ):
            net.play("borken", changes)
            assert sync(net.hub.db, net.site("borken"), "scripted").state == "succeeded"
        with net.hub.db.read() as session:
            rows = session.execute(sa.select(models.Offer.id, models.Offer.withdrawn_at)).all()
        with served(net) as address:
            yield Provider(
                f"{address}/oai",
                {f"oai:127.0.0.1:{row.id}" for row in rows},
                {f"oai:127.0.0.1:{row.id}" for row in rows if row.withdrawn_at},
            )


def perl(module: str, package: str) -> str:
    """The interpreter, where it has this module."""
    program = shutil.which("perl")
    command = [program or "perl", f"-M{module}", "-e", "1"]
    if program is None or subprocess.run(command, capture_output=True, check=False).returncode:
        unavailable(f"{module} is missing: apt-get install {package}")
    return program


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("prefix", ["oai_dc", "lom"])
def test_http_oai(provider: Provider, prefix: str) -> None:
    interpreter = perl("HTTP::OAI", "libhttp-oai-perl")
    lines = output(interpreter, "-e", HARVEST, provider.address, prefix).splitlines()
    rows = [line.split("\t") for line in lines]
    assert sorted(row[0] for row in rows) == sorted(provider.all)
    assert {row[0] for row in rows if row[2] == "1"} == provider.gone


@pytest.mark.parametrize("handler", ["oai_dc", "raw"])
def test_catmandu(provider: Provider, handler: str) -> None:
    perl("Catmandu::Importer::OAI", "libcatmandu-oai-perl")
    command = ["catmandu", "convert", "OAI", "--url", provider.address, "--handler", handler]
    prefix = "oai_dc" if handler == "oai_dc" else "lom"
    records = json.loads(output(*command, "--metadataPrefix", prefix, "to", "JSON"))
    assert sorted(record["_identifier"] for record in records) == sorted(provider.all)
    deleted = {record["_identifier"] for record in records if record.get("_status") == "deleted"}
    assert deleted == provider.gone
    if handler == "oai_dc":
        titles = {title for record in records for title in record.get("title", ())}
        assert titles == {f"Wüsten & Vulkane {number}" for number in range(10, 130)}
