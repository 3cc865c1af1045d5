"""The provider's Dublin Core against the official schemas, as the National Institute of Standards
and Technology ships them with its own provider (PyPI: core-oaipmh-provider-app)."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from hub.app import create_app
from tests.conftest import unavailable
from tests.pages import filled_network
from tests.standards.oai import OAI_DC

PACKAGE = "core-oaipmh-provider-app==2.23.0"
XML = b"""<schema xmlns="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://www.w3.org/XML/1998/namespace">
  <attribute name="lang" type="language"/></schema>"""
"""Of the schema of `xml:` what Dublin Core needs."""


class Beside(etree.Resolver):
    """Official addresses are found beside each other; nothing is asked for outside."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        name = system_url.rpartition("/")[2]
        return self.resolve_string(self.files[name], context, base_url=system_url)


@pytest.fixture
def official(tmp_path: Path) -> etree.XMLSchema:
    got = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp_path, PACKAGE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if got.returncode:
        unavailable(f"{PACKAGE}: {got.stderr[-200:]}")
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        files = {
            member.name.rpartition("/")[2]: packed.extractfile(member).read()  # type: ignore[union-attr]
            for member in packed.getmembers()
            if member.name.endswith(".xsd")
        }
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(Beside({**files, "xml.xsd": XML}))
    return etree.XMLSchema(etree.fromstring(files["oai_dc.xsd"], parser))


def test_dublin_core_is_valid_by_its_official_schema(
    official: etree.XMLSchema, sqlite_template: Path, tmp_path: Path
) -> None:
    database = tmp_path / "hub.sqlite3"
    database.write_bytes(sqlite_template.read_bytes())
    with filled_network(f"sqlite:///{database}", tmp_path / "config") as net:
        client = create_app(net.hub).test_client()
        answer = client.get("/oai?verb=ListRecords&metadataPrefix=oai_dc").data
    found = list(etree.fromstring(answer).iter(OAI_DC))
    assert len(found) > 5
    for document in found:
        official.assertValid(etree.fromstring(etree.tostring(document, with_tail=False)))
    found[0][0].tag = f"{found[0][0].tag}x"
    assert not official.validate(etree.fromstring(etree.tostring(found[0], with_tail=False)))
