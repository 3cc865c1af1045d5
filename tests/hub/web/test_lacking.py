"""What many centres have and others lack: counted on bitmaps, equal to counting one by one."""

from __future__ import annotations

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from hub.catalogue.columns import Bits
from hub.identity.actor import Role
from hub.models.base import now
from hub.network import demand, lacking
from hub.records import AccessMode
from tests.hub.web.test_pages import text_of
from tests.identities import log_in, person
from tests.pages import borken, medium, offer_id, take_in
from tests.sources import Network


@given(st.lists(st.sets(st.integers(0, 40)), max_size=60), st.sets(st.integers(0, 40)))
def test_counting_all_at_once_is_counting_one_by_one(
    bitmaps: list[set[int]], among: set[int]
) -> None:
    digits = lacking.planes(map(Bits, bitmaps))
    for number in range(len(bitmaps) + 2):
        found = lacking.exactly(digits, number, Bits(among))
        assert set(found) == {
            work for work in among if sum(work in one for one in bitmaps) == number
        }


def test_the_network_and_a_centre_see_what_is_lacking(net: Network, app: Flask) -> None:
    only = medium("only", "Nur in Borken", access=AccessMode.LICENSED)
    take_in(net, "borken", [*borken(now().date()), only])
    client = app.test_client()
    log_in(client, net.hub, Role.STATE_ANALYST)
    shown = text_of(client.get("/netz/fehlend").text)
    assert "Nur in Borken 1 2 weniger als 5" in shown
    assert "Podcast-Studio" not in shown, "a room is no medium"
    asking = [person(net.hub, Role.TEACHER, "coesfeld", "Wer") for _ in range(demand.SMALLEST)]
    with net.hub.db.write() as session:
        for one in asking:
            demand.report(session, one, offer_id(net, "only"), "coesfeld")
    told = client.get("/netz/fehlend.csv").text
    (line,) = [one for one in told.splitlines() if one.startswith("Nur in Borken")]
    assert line.split(";")[1:4] == ["1", "2", "5"]
    log_in(client, net.hub, Role.STAFF, "borken")
    page = "/borken/verwaltung/fehlend"
    assert "Nur in Borken" not in client.get(page).text, "it has it"
    take_in(net, "lvr", [medium("elsewhere", "Nur anderswo", access=AccessMode.LICENSED)])
    assert "Nur anderswo" not in client.get(page).text, "a Landesmedienzentrum is no centre"
    log_in(client, net.hub, Role.STAFF, "coesfeld")
    assert "Nur in Borken 1 2 5" in text_of(client.get("/coesfeld/verwaltung/fehlend").text)
    assert client.get(page).status_code == 404
    assert client.get("/coesfeld/verwaltung/fehlend.exe").status_code == 404
