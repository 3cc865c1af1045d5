"""The inventory as a table: taken in as a whole or not at all, and given out as it came."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connectors import tables
from hub.booking import stock
from hub.models import Bookable, Item
from hub.records import AccessMode, Carrier, Identifier, Kind, MediumType, Record
from hub.runtime import Hub
from tests.hub.web.test_pages import text_of
from tests.identities import send
from tests.plugins.test_lending_pages import HOME, client, hub, net, row  # noqa: F401

PAGE = f"{HOME}tabelle"
PIECES = """Inventarnr.;Bezeichnung;Modell;Standort;Zubehör;Zustand;Status;Farbe
MZ-1;Beamer;X1;Lager;Kabel, Tasche;neu;;rot
MZ-2;Beamer;X1;Lager;Kabel;;in Reparatur;blau
MZ-3;Leinwand;;Lager;;;;
"""


def take_in(client: FlaskClient, text: str | bytes, **more: str) -> str:  # noqa: F811
    content = text.encode() if isinstance(text, str) else text
    answer = send(client, PAGE, datei=(io.BytesIO(content), "bestand.csv"), **more)
    shown: str = text_of(answer.text)
    return f"{answer.status_code} {shown}"


def everything(hub: Hub) -> list[tuple[object, ...]]:  # noqa: F811
    """All that is there, as rows without ids and times."""
    with hub.db.read() as session:
        models = session.execute(
            sa.select(
                Bookable.source_id, Bookable.kind, Bookable.title, Bookable.capacity,
                Bookable.details,
            ).order_by(Bookable.source_id)
        )  # fmt: skip
        pieces = session.execute(
            sa.select(
                Item.code, Item.label, Item.state, Item.condition, Item.accessories, Item.owner,
                Bookable.source_id,
            ).join(Bookable, Bookable.id == Item.bookable_id).order_by(Item.code)
        )  # fmt: skip
        return [*map(tuple, models), *map(tuple, pieces)]


def test_a_list_of_pieces_becomes_models(client: FlaskClient, hub: Hub) -> None:  # noqa: F811
    told = take_in(client, PIECES)
    assert told.startswith("200"), told
    assert "2 Modelle, 3 Stück" in told
    assert "nichts gelesen: Farbe" in told
    beamer = row(hub)
    assert (beamer.capacity, beamer.kind) == (1, "device"), "one of two is in repair"
    assert beamer.details == {"subtitle": "X1", "place": "Lager"}
    with hub.db.read() as session:
        one = session.scalars(sa.select(Item).where(Item.code == "MZ1")).one()
        assert (one.accessories, one.condition) == (["Kabel", "Tasche"], "neu")
    before = everything(hub)
    assert take_in(client, PIECES).startswith("200")
    assert everything(hub) == before, "once more changes nothing"


def test_one_bad_row_keeps_everything_out(client: FlaskClient, hub: Hub) -> None:  # noqa: F811
    bad = PIECES + "MZ-1;Beamer;X1;Lager;;;;\nMZ-4;;;Keller;;;;\nMZ-5;Mikro;;;;;kaputt?;\n"
    told = take_in(client, bad)
    assert told.startswith("409")
    assert "3 Zeilen können nicht übernommen werden" in told
    assert "5 Die Inventarnummer MZ-1 steht schon in Zeile 2." in told
    assert "6 Der Titel fehlt." in told
    assert "7 Status: „kaputt?“ ist keines von: verwendbar, in Reparatur" in told
    assert everything(hub) == []
    told = take_in(client, bad, teilweise="1")
    assert told.startswith("200")
    assert "2 Modelle, 3 Stück" in told
    assert "6 Der Titel fehlt." in told


def test_a_code_of_another_model_keeps_everything_out(
    client: FlaskClient, hub: Hub  # noqa: F811
) -> None:  # fmt: skip
    take_in(client, PIECES)
    before = everything(hub)
    told = take_in(client, "Titel;Inventarnummer\nMikrofon;MZ 9\nMikrofon;mz1\n")
    assert told.startswith("409")
    assert "3 Der Code mz1 ist schon vergeben." in told
    assert everything(hub) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "400"),
        ("%PDF-1.7", "400"),
        ("Ort;Farbe\nLager;rot\nKeller;blau\n", "400"),
        ("Titel;Anzahl\nBeamer;99999\n", "409"),
        ("Titel;Anzahl\nBeamer;-1\n", "409"),
        ("Titel;Inventarnummer\nBeamer;---\n", "409"),
        ("Titel;Eigentümer;Inventarnummer\nBeamer;Atlantis;1\n", "409"),
        ("Titel;Anzahl\nBeamer;1\nBeamer;2\n", "409"),
        ("Titel;Anzahl\n" + "Beamer;1\n" * 5_001, "400"),
    ],
)
def test_what_is_no_inventory_is_refused(
    client: FlaskClient, hub: Hub, content: str, told: str  # noqa: F811
) -> None:  # fmt: skip
    assert take_in(client, content).startswith(told)
    assert everything(hub) == []


def test_no_file_is_told(client: FlaskClient) -> None:  # noqa: F811
    assert "Bitte wählen Sie eine Datei" in text_of(send(client, PAGE).text)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_was_given_out_comes_in_again(client: FlaskClient, hub: Hub, form: str) -> None:  # noqa: F811
    take_in(client, PIECES)
    told = Record(
        source_id="46-1", kind=Kind.MEDIUM, title="Vulkane", subtitle="Film", description="Feuer",
        carrier=Carrier.DVD, medium_type=MediumType.VIDEO, keywords=("Vulkan", "Lava"),
        subjects=("080",), levels=("grundschule",), grades=(3, 6), audiences=("school", "kita"),
        languages=("de",), competences=("3.4",), publishers=("FWU",), creators=("A. B.",),
        year=2019, duration=1380, age_rating="6", place="Regal 3", cost="2 Euro",
        identifiers=(Identifier("medium", "4610597"),), access=AccessMode.LOAN,
    )  # fmt: skip
    with hub.db.write() as session:
        stock.put(session, "borken", "lending", told, 7, buffers=(0, 60))
    before = everything(hub)
    answer = client.get(f"{HOME}bestand.{form}")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=bestand.{form}"
    assert len(tables.read(answer.data).rows) == 4
    with hub.db.write() as session:
        session.execute(sa.delete(Item))
        session.execute(sa.delete(Bookable))
    assert take_in(client, answer.data).startswith("200")
    assert everything(hub) == before


def test_there_is_no_other_form(client: FlaskClient) -> None:  # noqa: F811
    assert client.get(f"{HOME}bestand.pdf").status_code == 404
