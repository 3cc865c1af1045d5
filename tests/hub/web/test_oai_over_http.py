"""The OAI-PMH provider as HTTP shows it."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub.app import create_app
from tests.sources import Network
from tests.standards.oai import OAI, parse

LIST = "/oai?verb=ListRecords&metadataPrefix=oai_dc"


def test_answers_are_xml(client: FlaskClient) -> None:
    for path in ("/oai?verb=Identify", "/oai/borken?verb=ListSets", "/oai", LIST):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.content_type == "text/xml; charset=utf-8"
        parse(answer.data)


def test_post_and_get_say_the_same(client: FlaskClient) -> None:
    form = {"verb": "ListRecords", "metadataPrefix": "lom", "set": "kind:medium"}
    posted, got = client.post("/oai", data=form), client.get("/oai", query_string=form)
    body = posted.data.partition(b"</responseDate>")[2]
    assert body == got.data.partition(b"</responseDate>")[2]
    assert parse(posted.data).find(f".//{OAI}record") is not None
    # What is in the address of a POST is no argument.
    root = parse(client.post("/oai?verb=Identify").data)
    assert root.find(f"{OAI}error").get("code") == "badVerb"


@pytest.mark.parametrize("path", ["/oai/nowhere", "/oai/borken/x"])
def test_no_such_repository(client: FlaskClient, path: str) -> None:
    assert client.get(f"{path}?verb=Identify").status_code == 404


def test_other_methods(client: FlaskClient) -> None:
    assert client.put("/oai").status_code == 405
    head = client.head(LIST)
    assert (head.status_code, head.data) == (200, b"")


def test_a_site_has_its_own_repository(client: FlaskClient) -> None:
    told = parse(client.get("/oai/coesfeld?verb=Identify").data).find(f"{OAI}Identify")
    assert told.findtext(f"{OAI}repositoryName") == "Medienzentrum Kreis Coesfeld"
    assert told.findtext(f"{OAI}baseURL") == "http://127.0.0.1:8000/oai/coesfeld"
    listed = parse(client.get("/oai/coesfeld?verb=ListIdentifiers&metadataPrefix=lom").data)
    specs = [one.text for one in listed.iter(f"{OAI}setSpec") if one.text.startswith("site:")]
    assert set(specs) == {"site:coesfeld"}


def test_address_and_mail_are_those_of_the_settings(net: Network) -> None:
    net.hub.settings = replace(
        net.hub.settings, base_url="https://hub.example.org/mz", admin_email="oai@hub.example.org"
    )
    client = create_app(net.hub).test_client()
    root = parse(client.get("/oai?verb=Identify", headers={"Host": "evil.example"}).data)
    assert root.findtext(f"{OAI}request") == "https://hub.example.org/mz/oai"
    told = root.find(f"{OAI}Identify")
    assert told.findtext(f"{OAI}baseURL") == "https://hub.example.org/mz/oai"
    assert told.findtext(f"{OAI}adminEmail") == "oai@hub.example.org"


def test_compressed_where_it_is_wanted(client: FlaskClient) -> None:
    plain = client.get(LIST)
    small = client.get(LIST, headers={"Accept-Encoding": "gzip, deflate"})
    assert plain.content_encoding is None
    assert small.content_encoding == "gzip"
    assert len(small.data) < len(plain.data) / 2
    assert (
        gzip.decompress(small.data).partition(b"<request")[2]
        == (plain.data.partition(b"<request")[2])
    )
    assert "Accept-Encoding" in small.vary
    assert "Accept-Encoding" in plain.vary
    refused = client.get(LIST, headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.content_encoding is None


def test_not_modified_until_something_changes(client: FlaskClient, net: Network) -> None:
    first = client.get(LIST)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = client.get(LIST, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert client.get(f"{LIST}&set=site:borken").headers["ETag"] != tag
    with net.hub.db.write() as session:
        session.execute(sa.text("UPDATE offer SET content_hash = 'x', withdrawn_at = changed_at"))
    later = client.get(LIST, headers={"If-None-Match": tag})
    assert later.status_code == 200
    assert later.headers["ETag"] != tag


def test_a_database_that_is_gone_asks_to_come_again(app: Flask, net: Network) -> None:
    net.hub.sites.directory()

    def refuse(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("gone"))

    sa.event.listen(net.hub.db.engine, "before_cursor_execute", refuse)
    answer = app.test_client().get(LIST)
    sa.event.remove(net.hub.db.engine, "before_cursor_execute", refuse)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
