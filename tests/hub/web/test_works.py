"""Pairs that may be one work: who sees them, decides, takes it back; and why offers are one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import models
from hub.identity.actor import Role
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, send
from tests.pages import offer_id, pair_up, part
from tests.sources import Network

PAGE = "/netz/werke"


@pytest.fixture
def pair(net: Network) -> int:
    """Borken's film and one of the Landesmedienzentrum."""
    return pair_up(net, "water", "history")


@pytest.fixture
def staff(net: Network, client: FlaskClient) -> FlaskClient:
    log_in(client, net.hub, Role.STAFF, "borken")
    return client


def work_of(net: Network, name: str) -> int:
    with net.hub.db.read() as session:
        found = session.get_one(models.Offer, offer_id(net, name))
        return found.work_id


def state_of(net: Network, number: int) -> str:
    with net.hub.db.read() as session:
        return session.get_one(models.WorkLink, number).state


def test_both_records_stand_side_by_side_with_words(staff: FlaskClient, pair: int) -> None:
    shown = text_of(staff.get(PAGE).text)
    assert "Links: Medienzentrum Kreis Borken" in shown
    assert "Rechts: LVR-Zentrum für Medien und Bildung" in shown
    assert "Wasserkreislauf – vom Regen zum Grundwasser Römer am Rhein verschieden" in shown
    assert "Ein Tropfen auf Reisen – nur links" in shown
    assert "Die Titel gleichen sich zu" in shown
    assert shown.count("Zusammenführen") == 1


def test_joined_and_taken_back(net: Network, staff: FlaskClient, pair: int) -> None:
    answer = send(staff, PAGE, f"{PAGE}/{pair}/zusammenfuehren")
    assert answer.status_code == 303
    assert work_of(net, "water") == work_of(net, "history")
    assert state_of(net, pair) == "joined"
    after = staff.get(answer.headers["Location"]).text
    assert "Ihre Entscheidung ist gespeichert" in text_of(after)
    assert "Zusammenführen" not in text_of(after)
    page = text_of(staff.get(f"/angebot/{offer_id(net, 'history')}").text)
    assert "Warum diese Angebote ein Werk sind:" in page
    assert "Ein Medienzentrum hat sie zusammengeführt." in page
    assert "die Nummer 5511494" in page
    send(staff, answer.headers["Location"], f"{PAGE}/{pair}/zuruecknehmen")
    assert work_of(net, "water") != work_of(net, "history")
    assert state_of(net, pair) == "review"


def test_left_apart(net: Network, staff: FlaskClient, pair: int) -> None:
    send(staff, PAGE, f"{PAGE}/{pair}/getrennt-lassen")
    assert state_of(net, pair) == "apart"
    assert "Hier gibt es keine Paare" in text_of(staff.get(PAGE).text)
    assert "Entscheidung zurücknehmen" in text_of(staff.get(f"{PAGE}?stand=apart").text)
    # What is decided already is no mistake: the list shows what is left.
    again = send(staff, f"{PAGE}?stand=apart", f"{PAGE}/{pair}/zuruecknehmen")
    assert again.status_code == 303
    assert state_of(net, pair) == "review"


def test_an_offer_leaves_a_work_on_its_page(net: Network, staff: FlaskClient) -> None:
    number = offer_id(net, "water")
    assert work_of(net, "water") == work_of(net, "w")
    answer = send(staff, f"/angebot/{number}", f"/angebot/{number}/abtrennen")
    assert work_of(net, "water") != work_of(net, "w")
    shown = staff.get(answer.headers["Location"]).text
    assert "Das hat ein Mensch entschieden" in text_of(shown)
    with net.hub.db.read() as session:
        link = session.scalar(sa.select(models.WorkLink.id))
    send(staff, answer.headers["Location"], f"{PAGE}/{link}/zuruecknehmen")
    assert work_of(net, "water") == work_of(net, "w")


def test_foreign_pairs_and_offers_do_not_exist(
    net: Network, app: Flask, client: FlaskClient, pair: int
) -> None:
    log_in(client, net.hub, Role.STAFF, "coesfeld")
    part(net, "open", "w")  # something with a form
    assert "Wasserkreislauf – vom Regen" not in text_of(client.get(PAGE).text)
    form = f"{PAGE}?stand=apart"
    assert send(client, form, f"{PAGE}/{pair}/zusammenfuehren").status_code == 404
    assert send(client, form, f"/angebot/{offer_id(net, 'water')}/abtrennen").status_code == 404
    assert state_of(net, pair) == "review"


@pytest.mark.parametrize("role", [Role.STATE_ANALYST, Role.NETWORK_ADMIN])
def test_the_network_decides_everywhere(
    net: Network, client: FlaskClient, pair: int, role: Role
) -> None:
    log_in(client, net.hub, role)
    send(client, PAGE, f"{PAGE}/{pair}/zusammenfuehren")
    assert state_of(net, pair) == "joined"


def test_only_reviewers_see_the_button(net: Network, client: FlaskClient) -> None:
    number = offer_id(net, "water")
    page = text_of(client.get(f"/angebot/{number}").text)
    assert "Warum diese Angebote ein Werk sind: Gemeinsam haben sie: die Nummer 5511494." in page
    assert "abtrennen" not in page
    log_in(client, net.hub, Role.TEACHER, "borken")
    assert "abtrennen" not in client.get(f"/angebot/{number}").text


@pytest.mark.parametrize("address", [f"{PAGE}?stand=nichts", f"{PAGE}?nach=x", f"{PAGE}?nach=-4"])
def test_odd_addresses(staff: FlaskClient, address: str) -> None:
    assert staff.get(address).status_code in (200, 404)
