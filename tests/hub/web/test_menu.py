"""What plugins add to the menu of a centre's staff."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hub import hookimpl
from hub.identity.actor import Role
from hub.records import MenuItem, Person
from tests.identities import log_in
from tests.pages import built_anew
from tests.sources import Network

PAGES = ("/borken/verwaltung/plugins", "/borken/verwaltung/theke")


def offer(net: Network, answer: Any) -> list[Person | None]:
    asked: list[Person | None] = []

    def menu_items(self: Any, person: Person | None) -> Any:
        asked.append(person)
        if isinstance(answer, Exception):
            raise answer
        return answer

    net.plugin.menu_items = hookimpl(menu_items)  # type: ignore[attr-defined]
    built_anew(net, {})
    return asked


def test_entries_stand_where_staff_look(client: FlaskClient, net: Network) -> None:
    asked = offer(net, [
        MenuItem("Mein Regal", "/borken/regal/?fach=1"),
        MenuItem("Hilfe <b>", "https://hilfe.example/"),
        MenuItem("Böse", "javascript:alert(1)"),
        MenuItem("Fremd", "//evil.example/"),
        MenuItem("x" * 81, "/zu-lang"),
        MenuItem(7, "/zahl"),  # type: ignore[arg-type]
        "kein Eintrag",
    ])  # fmt: skip
    log_in(client, net.hub, Role.STAFF, "borken")
    for page in PAGES:
        html = client.get(page).text
        assert '<a class="kern-link" href="/borken/regal/?fach=1">Mein Regal</a>' in html
        assert "Hilfe &lt;b&gt;" in html
        for bad in ("javascript:", "evil.example", "zu-lang", "/zahl"):
            assert bad not in html
        english = client.get(f"{page}?lang=en").text
        assert 'href="/borken/regal/?fach=1&amp;lang=en"' in english
    assert asked[0] is not None
    assert asked[0].roles == ("staff",)


@pytest.mark.parametrize("answer", [RuntimeError("no"), 42, None])
def test_a_plugin_that_fails_costs_its_entries_only(
    client: FlaskClient, net: Network, answer: Any
) -> None:
    offer(net, answer)
    log_in(client, net.hub, Role.STAFF, "borken")
    for page in PAGES:
        assert client.get(page).status_code == 200
