"""Labels of pieces: on paper, and what a scanner reads of them."""

from __future__ import annotations

import re

import segno
from flask.testing import FlaskClient

from hub.runtime import Hub
from tests.identities import send
from tests.plugins.test_lending_pages import HOME, client, hub, net, put_in, row  # noqa: F401


def test_each_piece_that_is_not_retired_has_a_label(client: FlaskClient, hub: Hub) -> None:  # noqa: F811
    page = put_in(client, "Beamer <b>")
    number = row(hub, "Beamer <b>").id
    assert "keine Stücke" in client.get(f"{HOME}etiketten?modell={number}").text
    send(client, page, f"{page}/stuecke", codes="MZ-1\nÄ <2>\nMZ-3")
    first = re.search(r"/lending/stueck/(\d+)", client.get(page).text)
    assert first
    send(client, f"{HOME}stueck/{first[1]}", zustand="retired")
    sheet = client.get(f"{HOME}etiketten?modell={number}&frei=5").text
    assert sheet.count("hub-label--gone") == 5
    assert sheet.count("<svg") == 2
    assert "Ä &lt;2&gt;" in sheet
    assert "<b>" not in sheet
    # What is drawn is the code as printed, and nothing else.
    drawn = segno.make("MZ-3", error="m", micro=False)
    assert drawn.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None) in sheet
    one = client.get(f"{HOME}etiketten?stueck={first[1]}").text
    assert one.count("<svg") == 1


def test_what_is_not_there_has_no_label(client: FlaskClient) -> None:  # noqa: F811
    for query in ("", "?modell=999999", "?stueck=999999", "?modell=-1", "?modell=x", "?stueck=-5"):
        assert client.get(f"{HOME}etiketten{query}").status_code == 404, query
