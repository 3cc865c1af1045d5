"""Whoever looks after a source sees what it sent beside what the hub made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask.testing import FlaskClient

from hub.catalogue import raw
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.records import Checkpoint, Document, Record, Upsert
from tests.identities import log_in
from tests.pages import borken, medium
from tests.sources import Network

SENT = (
    "<lom><title>Moor &amp; Heide</title><note>&lt;script&gt;alert(1)&lt;/script&gt;</note>"
    "<url>https://ada:geheim1@film.example/x?a=1&amp;pid=0123456789abcdef01234567&amp;b=2</url>"
    "</lom>"
)


def read(content: bytes) -> Record:
    return medium("moor", content.decode().partition("|")[0])


def give(net: Network, *changes: Upsert | Document) -> int:
    """Let Borken's source give these beside what it has; the number of the run."""
    others = [Upsert(one) for one in borken(datetime.now(UTC).date())]
    net.play("borken", [*others, *changes, Checkpoint("1", complete=True)])
    run = sync(net.hub.db, net.site("borken"), "scripted")
    assert run.state == "succeeded", run.error
    assert run.run_id is not None
    return run.run_id


def page_of(client: FlaskClient, run: int) -> str:
    """The address of the page to which a run's first difference leads."""
    found = re.search(r'href="([^"]*/laeufe/angebot/\d+)"', shown(client, run))
    assert found is not None
    return found[1]


def shown(client: FlaskClient, run: int) -> str:
    return client.get(f"/borken/verwaltung/laeufe/{run}").text


def test_what_came_stands_beside_what_became_of_it(client: FlaskClient, net: Network) -> None:
    log_in(client, net.hub, Role.STAFF, "borken")
    give(net, Upsert(medium("moor", "Moor"), raw=SENT))
    here = page_of(client, give(net, Upsert(medium("moor", "Moor & Heide"), raw=SENT)))
    page = client.get(here)
    assert "&lt;lom&gt;\n  &lt;title&gt;Moor &amp;amp; Heide&lt;/title&gt;\n" in page.text
    assert "<script>alert" not in page.text
    assert '<th class="kern-table__header" scope="row">Titel</th>' in page.text
    assert re.search(r"Kennung in der Quelle</th>\s*<td[^>]*>moor</td>", page.text)
    assert ">Biologie</td>" in page.text, "codes by their labels"
    assert "<del>Moor</del>" in page.text
    assert "<ins>Moor &amp; Heide</ins>" in page.text
    assert "geheim1" not in page.text, "no password in an address"
    assert "0123456789abcdef" not in page.text, "nobody's session"
    assert "a=1" in page.text
    number = here.rpartition("/")[2]
    assert f'href="{here}"' in client.get(f"/angebot/{number}").text
    assert client.get(here.replace("borken", "coesfeld")).status_code in (403, 404)
    assert client.get("/borken/verwaltung/laeufe/angebot/999999").status_code == 404


def test_others_neither_see_it_nor_the_way_to_it(client: FlaskClient, net: Network) -> None:
    log_in(client, net.hub, Role.STAFF, "borken")
    give(net, Upsert(medium("moor", "Moor"), raw=SENT))
    here = page_of(client, give(net, Upsert(medium("moor", "Heide"), raw=SENT)))
    other = client.application.test_client()
    log_in(other, net.hub, Role.TEACHER, "borken")
    assert "Heide" in other.get(f"/angebot/{here.rpartition('/')[2]}").text
    assert here not in other.get(f"/angebot/{here.rpartition('/')[2]}").text
    assert other.get(here).status_code in (403, 404)
    log_in(other, net.hub, Role.STAFF, "coesfeld")
    assert other.get(here.replace("/borken/", "/coesfeld/")).status_code == 404


def test_it_is_the_latest_that_came_and_goes_with_the_offer(
    client: FlaskClient, net: Network
) -> None:
    log_in(client, net.hub, Role.STAFF, "borken")
    give(net, Document("moor", b"Moor|eins", read))
    here = page_of(client, give(net, Document("moor", b"Heide|zwei", read)))
    assert "<code>Heide|zwei</code>" in client.get(here).text
    give(net, Document("moor", b"Heide|drei", read))
    assert "<code>Heide|drei</code>" in client.get(here).text, "although the record is the same"
    give(net, Upsert(medium("moor", "Heide"), raw='{"titel": "Heide", "jahr": 2020}'))
    assert "  &#34;jahr&#34;: 2020\n" in client.get(here).text
    give(net, Upsert(medium("moor", "Heide"), raw="<a>" + "ü" * raw.LONGEST))
    assert "nur sein Anfang" in client.get(here).text
    give(net)
    assert "wird nicht mehr aufbewahrt" in client.get(here).text
    assert "ü" * 20 not in client.get(here).text
