"""The audit log of a centre, as its admin reads it."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from hub.identity import audit, people
from hub.identity.actor import Role
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person
from tests.sources import Network

LOG = "/borken/verwaltung/protokoll"


@pytest.fixture
def admin(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.SITE_ADMIN, "borken")
    return client


def test_the_log_says_who_did_what_to_whom(net: Network, admin: FlaskClient) -> None:
    jens = person(net.hub, None, name="Jens Wolters")
    with net.hub.db.write() as session:
        gudrun = people.add(session, name="Gudrun Tenbrink", email="")
        people.grant(session, jens, Role.STAFF, "borken", by=gudrun.key)
        before, after = {"address": "https://alt.example"}, {"address": "https://neu.example"}
        audit.note(session, "cli:root", "borken", "plugin.configure", "feed", after, before)
        audit.note(session, gudrun.key, "coesfeld", "plugin.enable", "geheim")
    page = text_of(admin.get(LOG).text)
    assert "Gudrun Tenbrink Rolle vergeben Jens Wolters role: – → staff" in page
    assert "address: https://alt.example → https://neu.example" in page
    assert "geheim" not in page, "that was at another centre"


def test_the_log_is_filtered(net: Network, admin: FlaskClient) -> None:
    with net.hub.db.write() as session:
        audit.note(session, "cli:root", "borken", "plugin.configure", "feed")
        audit.note(session, "cli:root", "borken", "plugin.enable", "sodix_100%")
    page = text_of(admin.get(f"{LOG}?was=plugin.enable").text)
    assert "sodix_100%" in page
    assert "feed" not in page
    assert "sodix_100%" in text_of(admin.get(f"{LOG}?q=100%25").text)
    assert "feed" not in text_of(admin.get(f"{LOG}?q=100%25").text), "% is no wildcard"
    assert "Kein Eintrag passt." in text_of(admin.get(f"{LOG}?q=gibtesnicht").text)


def test_a_long_log_is_read_page_by_page(net: Network, admin: FlaskClient) -> None:
    with net.hub.db.write() as session:
        for number in range(120):
            audit.note(session, "cli:root", "borken", "test.note", f"entry-{number:03}")
    seen: list[str] = []
    address = f"{LOG}?was=test.note"
    for _ in range(3):
        page = admin.get(address).text
        seen += re.findall(r"entry-\d+", page)
        older = re.search(r'href="([^"]+)">Ältere Einträge', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert not address
    assert seen == [f"entry-{number:03}" for number in reversed(range(120))]


@pytest.mark.parametrize("older", ["x", "-1", "²", "9" * 30, ""])
def test_a_strange_address_means_the_newest(admin: FlaskClient, older: str) -> None:
    assert admin.get(LOG, query_string={"vor": older}).status_code == 200
