"""The staff's pages of the plugin lending: models, pieces, class sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hub import activations, models
from hub.app import create_app
from hub.booking import items, progress
from hub.booking.intervals import Stretch
from hub.booking.progress import Entry
from hub.catalogue.sync import sync
from hub.identity.actor import Role
from hub.models import Bookable, Item, Job
from hub.runtime import Hub
from tests.hub.web.conftest import net  # noqa: F401
from tests.hub.web.test_pages import text_of
from tests.identities import COOKIE, log_in, person, send, token
from tests.sources import Network

HOME = "/borken/lending/"


@pytest.fixture
def hub(net: Network) -> Hub:  # noqa: F811
    """The network, with lending at Borken."""
    activations.enable(net.hub, "borken", "lending", {}, actor="test")
    return net.hub


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    client = create_app(hub).test_client()
    log_in(client, hub, Role.STAFF, "borken")
    return client


def put_in(client: FlaskClient, title: str = "Beamer", **more: object) -> str:
    """A new model; the address of its page."""
    done = send(client, f"{HOME}neu", titel=title, art="device", anzahl="3", **more)
    assert done.status_code == 303, done.text
    address: str = done.headers["Location"].partition("?")[0]
    return address


def row(hub: Hub, title: str = "Beamer") -> Bookable:
    with hub.db.read() as session:
        return session.scalars(sa.select(Bookable).where(Bookable.title == title)).one()


def pieces(hub: Hub) -> dict[str, str]:
    with hub.db.read() as session:
        return {one.code: one.state for one in session.scalars(sa.select(Item))}


def test_a_model_is_put_in_changed_and_found(client: FlaskClient, hub: Hub) -> None:
    page = put_in(
        client, untertitel="Modell X", beschreibung="Hell.\nLeise.", zielgruppe=["school", "kita"],
        schlagwoerter="Licht, Bild; Licht", ort="Raum 3", davor="2", danach="24", kosten="",
    )  # fmt: skip
    made = row(hub)
    assert (made.capacity, made.buffer_before, made.buffer_after) == (3, 120, 1440)
    assert made.details == {
        "subtitle": "Modell X",
        "description": "Hell.\nLeise.",
        "audiences": ["school", "kita"],
        "keywords": ["Licht", "Bild"],
        "place": "Raum 3",
    }
    assert "Schulen, Kitas" in text_of(client.get(page).text)
    stand = made.changed_at.isoformat()
    done = send(
        client, f"{page}/bearbeiten", titel="Projektor Ü", art="medium", traeger="dvd",
        anzahl="4", stand=stand,
    )  # fmt: skip
    assert done.status_code == 303
    changed = row(hub, "Projektor Ü")
    assert (changed.id, changed.kind, changed.capacity) == (made.id, "medium", 4)
    assert changed.details == {"carrier": "dvd"}
    again = send(client, f"{page}/bearbeiten", titel="Zu spät", anzahl="4", stand=stand)
    assert again.status_code == 400
    assert "inzwischen geändert" in text_of(again.text)
    for query in ("projektor", "ü", "Ü projektor"):
        assert "Projektor Ü" in client.get(HOME, query_string={"q": query}).text
    assert "Projektor" not in client.get(HOME, query_string={"q": "beamer"}).text


def test_a_form_sent_twice_puts_one_model_in(client: FlaskClient, hub: Hub) -> None:
    first = put_in(client, kennung="m-0123456789ab")
    assert put_in(client, "Anders", kennung="m-0123456789ab") == first
    assert row(hub).capacity == 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"titel": " \x00 "}, "Bitte geben Sie einen Titel ein."),
        ({"anzahl": "-1"}, "Zahl von 0 bis 10000"),
        ({"anzahl": "99999999999999999999"}, "Zahl von 0 bis 10000"),
        ({"davor": "3000"}, "Zahl von 0 bis 1440"),
        ({"danach": "²"}, "Zahl von 0 bis 1440"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_put_in(
    client: FlaskClient, hub: Hub, fields: dict[str, str], told: str
) -> None:
    answer = send(client, f"{HOME}neu", **{"titel": "Beamer", "anzahl": "1", **fields})
    assert answer.status_code == 400
    assert told in text_of(answer.text)
    with hub.db.read() as session:
        assert session.scalars(sa.select(Bookable)).all() == []


def test_pieces_are_put_in_all_or_none_and_make_the_number(client: FlaskClient, hub: Hub) -> None:
    page = put_in(client)
    done = send(
        client, page, f"{page}/stuecke", codes="MZ-1\r\nMZ-2\n\nmz 3", zubehoer="Kabel, Tasche",
        beschaffenheit="neu", eigentuemer="coesfeld",
    )  # fmt: skip
    assert done.status_code == 303
    assert pieces(hub) == dict.fromkeys(("MZ1", "MZ2", "MZ3"), "usable")
    twice = send(client, page, f"{page}/stuecke", codes="MZ-4\nMZ1")
    assert twice.status_code == 409
    assert "MZ1 ist schon vergeben" in text_of(twice.text)
    assert len(pieces(hub)) == 3
    assert row(hub).capacity == 3
    with hub.db.read() as session:
        one = items.find(session, "borken", "mz-2")
        assert one is not None
        number = one.id
        assert (one.accessories, one.condition, one.owner) == (
            ["Kabel", "Tasche"], "neu", "coesfeld",
        )  # fmt: skip
    at = f"{HOME}stueck/{number}"
    done = send(client, at, zustand="repair", beschaffenheit="Lampe", zubehoer="Kabel")
    assert done.status_code == 303
    assert row(hub).capacity == 2
    shown = text_of(client.get(page).text)
    assert "in Reparatur" in shown
    assert "Lampe" in shown
    assert "2 3 1" in " ".join(text_of(client.get(HOME).text).split()), "lendable, pieces, repair"
    send(client, page + "/bearbeiten", titel="Beamer", anzahl="9",
         stand=row(hub).changed_at.isoformat())  # fmt: skip
    assert row(hub).capacity == 2, "pieces are counted, whatever is typed"
    assert "Beamer" in client.get(HOME, query_string={"q": "mz-2"}).text


def test_what_is_lent_cannot_be_retired(client: FlaskClient, hub: Hub) -> None:
    page = put_in(client)
    send(client, page, f"{page}/stuecke", codes="MZ-1")
    made, moment = row(hub), datetime.now(UTC)
    time = Stretch(moment, moment + timedelta(days=1))
    entry = Entry("borken", "lending", made.id, "device", "Beamer", time, state="confirmed")
    booking, _ = progress.create(hub.db, entry, "k", "", moment)
    with hub.db.write() as session:
        items.hand_out(session, session.get_one(models.Booking, booking), ["MZ-1"], "", moment)
        number = session.scalars(sa.select(Item.id)).one()
    at = f"{HOME}stueck/{number}"
    assert send(client, at, zustand="retired").status_code == 409
    assert pieces(hub) == {"MZ1": "usable"}
    assert send(client, at, zustand="stolen").status_code == 400
    assert send(client, at, zustand="missing").status_code == 303
    assert "1 zu viel" in text_of(client.get("/borken/verwaltung/theke").text)


def test_a_class_set_consists_of_other_models(client: FlaskClient, hub: Hub) -> None:
    tablet, whole = put_in(client, "Tablet"), put_in(client, "Koffer")
    number = tablet.rpartition("/")[2]
    assert "In den Satz legen" in client.get(whole, query_string={"teil": "tabl"}).text
    done = send(client, whole, f"{whole}/teile", teil=number, anzahl="16")
    assert done.status_code == 303
    assert 'value="16"' in client.get(whole).text
    assert "Koffer" in text_of(client.get(tablet).text)
    assert "Klassensatz" in text_of(client.get(HOME).text)
    nested = send(client, tablet, f"{tablet}/teile", teil=whole.rpartition("/")[2], anzahl="1")
    assert nested.status_code == 409
    assert "selbst keine Sätze" in text_of(nested.text)
    assert send(client, whole, f"{whole}/teile", teil=number, anzahl="x").status_code == 400
    assert send(client, whole, f"{whole}/teile", teil="999999", anzahl="1").status_code == 404
    send(client, whole, f"{whole}/teile", teil=number, anzahl="0")
    with hub.db.read() as session:
        assert session.scalars(sa.select(models.BookablePart)).all() == []


def test_a_model_is_retired_and_offered_again(client: FlaskClient, hub: Hub) -> None:
    page = put_in(client)
    done = send(client, page, f"{page}/aussondern")
    assert "Rückgängig" in client.get(done.headers["Location"]).text
    assert row(hub).retired_at is not None
    assert "Beamer" not in client.get(HOME).text
    assert "Beamer" in client.get(HOME, query_string={"ausgesondert": "1"}).text
    send(client, f"{page}/bearbeiten", titel="Beamer", anzahl="2",
         stand=row(hub).changed_at.isoformat())  # fmt: skip
    assert row(hub).retired_at is not None, "a change does not offer it again"
    send(client, page, f"{page}/wieder-anbieten")
    assert row(hub).retired_at is None


def test_the_catalogue_follows(client: FlaskClient, hub: Hub) -> None:
    put_in(client)
    with hub.db.read() as session:
        (job,) = session.scalars(sa.select(Job).where(Job.task == "sync")).all()
        assert job.arguments == {"site": "borken", "plugin": "lending"}
        assert (job.key, job.lanes) == ("sync:borken/lending", ["sync:borken/lending"])
    sync(hub.db, hub.sites.site("borken"), "lending")
    found = text_of(client.get("/suche?q=beamer").text)
    assert "Beamer" in found


def test_a_long_inventory_is_shown_page_by_page(client: FlaskClient, hub: Hub) -> None:
    from hub.booking import stock
    from hub.records import Kind, Record

    with hub.db.write() as session:
        for number in range(60):
            title = f"Gerät {number // 2:02}"  # each title twice
            stock.put(session, "borken", "lending", Record(f"d{number}", Kind.DEVICE, title), 1)
    first = client.get(HOME).text
    assert first.count("lending/modell/") == 50
    found = [part.partition('"')[0] for part in first.split('href="/borken/lending/?nach=')[1:]]
    second = client.get(HOME, query_string={"nach": found[0]}).text
    assert second.count("lending/modell/") == 10
    assert "Gerät 29" in second
    assert "Gerät 24" not in second


def test_nobody_else_may(client: FlaskClient, hub: Hub) -> None:
    """Every page demands the permission; what another site has does not exist here."""
    put_in(client)
    views = client.application.view_functions
    own = {name: view for name, view in views.items() if name.startswith("plugin_lending.")}
    assert own
    assert {getattr(view, "hub_permission", None) for view in own.values()} == {"item.manage"}
    activations.enable(hub, "coesfeld", "lending", {}, actor="test")
    hub.sites.refresh()
    other = client.application.test_client()
    other.set_cookie(COOKIE, token(hub, person(hub, Role.STAFF, "coesfeld")))
    number = row(hub).id
    assert other.get(HOME).status_code == 404
    assert other.get(f"/coesfeld/lending/modell/{number}").status_code == 404
    assert "Beamer" not in other.get("/coesfeld/lending/").text
    assert client.get(f"{HOME}modell/99999999999999999999").status_code == 404
    assert "/borken/lending/" in client.get("/borken/verwaltung/theke").text
