"""Centres of which little is known, or whose world changed: the pages stay right and say so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import models
from hub.activations import announce
from hub.institutions import serving
from tests.hub.web.test_pages import text_of
from tests.pages import SCHOOLS, take_in_schools
from tests.sources import Network

LONG_AGO = datetime(2019, 5, 6, 7, 8, tzinfo=UTC)


def change(net: Network, site: str, **values: object) -> None:
    """What the file of the network says from now on."""
    with net.hub.db.write() as session:
        session.execute(sa.update(models.Site).where(models.Site.key == site).values(**values))
        serving.assign(session)
        announce(session)
    net.hub.sites.refresh()


def tile(page: str, name: str) -> tuple[str, str]:
    """Where the hexagon of a district leads, and what it says."""
    found = re.search(rf'<a href="([^"]+)" aria-label="({name}: [^"]+)"', page)
    assert found, name
    return found[1], found[2]


def test_a_centre_without_data_says_that_it_has_none(client: FlaskClient) -> None:
    page = text_of(client.get("/zentren/leer").text)
    assert "Dieses Zentrum hat noch keine Angebote im Verbund" in page
    told = client.get("/api/v1/sites/leer").get_json()
    assert told["sources"] == []
    assert told["team"] == []
    assert all(one["count"] == 0 for one in told["offers"])
    assert "Leer" in client.get("/einbetten/leer/steckbrief").text
    assert "leer" in client.get("/netz/angebote.csv").text


def test_data_from_years_ago_is_shown_with_its_year(net: Network, client: FlaskClient) -> None:
    with net.hub.db.write() as session:
        session.execute(
            sa.update(models.SyncRun)
            .where(models.SyncRun.site_key == "borken")
            .values(started_at=LONG_AGO, heartbeat_at=LONG_AGO, finished_at=LONG_AGO)
        )
        session.execute(
            sa.update(models.OfferDay)
            .where(models.OfferDay.site_key == "borken")
            .values(day=LONG_AGO.date())
        )
    assert "Stand 6. Mai 2019" in text_of(client.get("/zentren/borken").text)
    page = client.get("/netz").text
    assert tile(page, "Borken")[1] == "Borken: Veraltet"
    assert "6. Mai 2019" in text_of(page)
    rows = client.get("/netz/verlauf.csv?tage=90").text.splitlines()
    days = (datetime.now(UTC).date() - timedelta(days=90), datetime.now(UTC).date())
    assert rows[1].startswith(str(days[0])), "known since 2019, so known on every day"
    assert rows[-1].startswith(str(days[1]))
    told = client.get("/api/v1/network/sources").get_json()["items"][0]
    assert (told["site"]["key"], told["state"]["code"]) == ("borken", "stale")
    assert told["as_of"].startswith("2019-05-06")


def test_a_centre_with_another_name_keeps_what_it_has(net: Network, client: FlaskClient) -> None:
    before = client.get("/netz/matrix.csv").text
    change(net, "borken", name="Medienzentrum Westmünsterland")
    after = client.get("/netz/matrix.csv").text
    assert after == before.replace("Medienzentrum Kreis Borken", "Medienzentrum Westmünsterland")
    assert "Medienzentrum Westmünsterland" in client.get("/zentren/borken").text


def test_merged_centres_share_a_page_and_a_place_on_the_map(
    net: Network, client: FlaskClient
) -> None:
    """Coesfeld goes up in Borken: its district, its schools and its hexagon follow."""
    change(net, "borken", ags=["05554", "05558"], name="Medienzentrum Borken-Coesfeld")
    change(net, "coesfeld", ags=[], profile={"status": "Aufgegangen in Borken-Coesfeld."})
    page = client.get("/netz").text
    assert tile(page, "Coesfeld")[0] == tile(page, "Borken")[0] == "/zentren/borken"
    profile = text_of(client.get("/zentren/borken").text)
    assert "Zuständig für Borken, Coesfeld" in profile
    old = text_of(client.get("/zentren/coesfeld").text)
    assert "Aufgegangen in Borken-Coesfeld." in old
    assert "Zuständig für" not in old
    assert "coesfeld" in client.get("/netz/matrix.csv").text, "its offers are still there"
    found = text_of(client.get("/zentren/finden?q=windrad").text)
    assert "Medienzentrum Borken-Coesfeld" in found


def test_a_school_that_changes_its_kreis_finds_its_new_centre(
    net: Network, client: FlaskClient
) -> None:
    assert "Medienzentrum Kreis Borken" in text_of(
        client.get("/zentren/finden?q=kranichteich").text
    )
    moved = SCHOOLS.replace(
        '"900001@schule.nrw.de";"1";"05554012"', '"900001@schule.nrw.de";"1";"05558012"'
    )
    assert moved != SCHOOLS
    take_in_schools(net, moved)
    found = text_of(client.get("/zentren/finden?q=kranichteich").text)
    assert "Medienzentrum Kreis Coesfeld" in found
    assert "Medienzentrum Kreis Borken" not in found


@pytest.mark.parametrize("address", ["/netz", "/netz/matrix", "/netz/verlauf", "/netz/vergleich"])
def test_a_network_that_nobody_has_read_has_its_pages(
    empty_client: FlaskClient, address: str
) -> None:
    assert empty_client.get(address).status_code == 200
