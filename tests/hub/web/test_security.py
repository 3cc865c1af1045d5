"""What every answer must say to the browser, and what must never reach it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, abort, g
from flask.testing import FlaskClient

from hub import Plugin
from hub.app import create_app
from hub.web import headers, mounting
from hub.web.context import the_hub
from tests.hub.web.test_pages import EVERY_PAGE, text_of
from tests.pages import SCRIPT, offer_id
from tests.sources import Network, Point

STATUSES = (400, 404, 405, 410, 413, 429, 500, 503)


@pytest.fixture
def failing(net: Network) -> FlaskClient:
    """The application with a page for each error."""
    app = create_app(net.hub)

    @app.get("/fehler/<int:status>")
    def fail(status: int) -> None:
        if status == 500:
            raise RuntimeError("password=hunter2")
        abort(status)

    @app.post("/body")
    def body() -> str:
        from flask import request

        return str(len(request.get_data()))

    return app.test_client()


def check_headers(response: Any) -> None:
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in response.headers
    assert "Strict-Transport-Security" not in response.headers


def test_every_answer_carries_the_headers_and_no_cookie(net: Network, client: FlaskClient) -> None:
    offer = f"/angebot/{offer_id(net, 'water')}"
    for url in (*EVERY_PAGE, offer, "/nirgends", "/healthz", "/metrics", "/static/x/hub.css"):
        response = client.get(url)
        check_headers(response)
        if response.mimetype == "text/html":
            # A block of data is no script: no browser runs it.
            inline = r'<style|<script(?! src| type="application/ld\+json")|<[^>]*\s(style|on\w+)='
            assert not re.search(inline, response.text), url
            assert "//cdn" not in response.text
        response.close()


def test_errors_explain_themselves_and_carry_the_headers(failing: FlaskClient) -> None:
    for status in STATUSES:
        response = failing.get(f"/fehler/{status}")
        assert response.status_code == status
        check_headers(response)
        assert f"Fehler {status}" in response.text
        assert "hunter2" not in response.text
        assert "Traceback" not in response.text
        english = failing.get(f"/fehler/{status}?lang=en")
        assert f"Error {status}" in english.text
    assert failing.post("/suche").status_code == 405
    assert "GET" in failing.post("/suche").headers["Allow"]


def test_a_body_that_is_too_large_is_refused(failing: FlaskClient) -> None:
    response = failing.post("/body", data=b"x" * 1_000_001)
    assert response.status_code == 413
    assert "Das war zu viel auf einmal" in response.text


def test_hsts_is_said_over_https_only(client: FlaskClient) -> None:
    secure = client.get("/", base_url="https://hub.example/")
    assert "max-age=" in secure.headers["Strict-Transport-Security"]


def test_harvested_text_stays_text(net: Network, client: FlaskClient) -> None:
    for url in (
        f"/angebot/{offer_id(net, 'script')}",
        "/suche?q=alert",
        f"/suche?q={SCRIPT}&art={SCRIPT}&zentrum={SCRIPT}",
        f"/zentren?q={SCRIPT}&region={SCRIPT}",
        f"/vorschlaege?q={SCRIPT}",
        f"/nirgends{SCRIPT}",
        f"/?lang={SCRIPT}",
    ):
        html = client.get(url).text
        assert "<script>" not in html, url
        assert "<img" not in html, url
        assert not re.search(r"<[^>]*\sonmouseover=", html), url
    assert SCRIPT in text_of(client.get(f"/angebot/{offer_id(net, 'script')}").text)


def test_only_web_addresses_become_links(net: Network, client: FlaskClient) -> None:
    assert "javascript:" not in client.get("/zentren/coesfeld").text
    number = offer_id(net, "open")
    page = f"/oeffnen/{number}"
    assert 'href="https://medien.example/wasser"' in client.get(page).text
    with net.hub.db.write() as session:  # as if it had slipped past the sync
        session.execute(
            sa.text("UPDATE offer SET record = replace(record, 'https:', 'javascript:')")
        )
    assert "javascript:" not in client.get(page).text
    assert "javascript:" not in client.get(f"/angebot/{number}").text
    assert "Location" not in client.get(f"{page}/weiter").headers


def test_static_files_are_kept_for_good_under_their_version(client: FlaskClient) -> None:
    html = client.get("/").text
    address = re.search(r'href="(/static/[0-9a-f]+/hub\.css)"', html)
    assert address
    fresh = client.get(address[1])
    assert "immutable" in fresh.headers["Cache-Control"]
    assert "max-age=31536000" in fresh.headers["Cache-Control"]
    fresh.close()
    old = client.get("/static/000000/hub.css")
    assert "no-cache" in old.headers["Cache-Control"]
    assert "immutable" not in old.headers["Cache-Control"]
    old.close()
    assert client.get("/").headers["Cache-Control"] == "no-cache"


def test_health_and_metrics(net: Network, client: FlaskClient) -> None:
    assert client.get("/healthz").json["status"] == "ok"  # type: ignore[index]
    client.get("/suche?q=geheim")
    metrics = client.get("/metrics").text
    assert 'endpoint="search.results"' in metrics
    assert "geheim" not in metrics
    with net.hub.db.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE search_entry"))
    broken = client.get("/suche?q=wasser")
    assert broken.status_code == 500
    assert "Hier ist etwas schiefgegangen" in broken.text


def test_the_policy_allows_nothing_foreign() -> None:
    for part in headers.CONTENT_SECURITY_POLICY.split("; "):
        assert set(part.split()[1:]) <= {"'self'", "'none'", "data:"}, part


# Plugin pages

pages = Blueprint("pages", __name__)


@pages.get("/")
@mounting.public
def opened() -> str:
    return f"{g.site.key} {type(g.plugin).__name__}"


@pages.get("/intern")
def closed() -> str:
    return "secret"


class Paged(Plugin):
    name = "paged"
    title = {"de": "Seiten", "en": "Pages"}
    blueprint = pages

    def __init__(self, site: Any, config: dict[str, Any]) -> None:
        if site.key == "coesfeld":
            raise ValueError("not here")
        super().__init__(site, config)


class Unmountable(Plugin):
    name = "unmountable"
    title = {"de": "Kaputt", "en": "Broken"}
    blueprint = Blueprint("broken", __name__)
    blueprint.record(lambda state: 1 / 0)


def test_pages_are_there_as_soon_as_a_site_enables_the_plugin(net: Network) -> None:
    from hub import activations
    from hub.runtime import Hub

    classes = {"scripted": net.plugin, "paged": Paged, "unmountable": Unmountable}
    with Hub.open(net.hub.settings, [Point(*one) for one in classes.items()]) as hub:
        client = create_app(hub).test_client()
        assert client.get("/borken/paged/").status_code == 404
        activations.enable(hub, "borken", "paged", {}, actor="test")
        hub.sites.refresh()
        assert client.get("/borken/paged/").text == "borken Paged"


def test_plugin_pages_stand_behind_the_guard(net: Network) -> None:
    from hub import activations
    from hub.runtime import Hub

    entry_points = [Point("scripted", net.plugin), Point("paged", Paged)]
    with Hub.open(net.hub.settings, entry_points) as hub:
        activations.enable(hub, "borken", "paged", {}, actor="test")
        with hub.db.write() as session:
            session.execute(
                sa.text(
                    "INSERT INTO activation (site_key, plugin, enabled, config, version,"
                    " updated_at) SELECT 'coesfeld', plugin, enabled, config, version, updated_at"
                    " FROM activation WHERE plugin = 'paged'"
                )
            )
            activations.announce(session)
        hub.sites.refresh()
        app: Flask = create_app(hub)
        client = app.test_client()
        assert client.get("/borken/paged/").text == "borken Paged"
        assert client.get("/borken/paged/intern").status_code == 303, "the way to the login"
        assert client.get("/coesfeld/paged/").status_code == 503, "it refuses to start there"
        assert client.get("/lvr/paged/").status_code == 404, "not enabled there"
        assert client.get("/nirgends/paged/").status_code == 404
        for url in ("/borken/paged/", "/coesfeld/paged/", "/lvr/paged/"):
            check_headers(client.get(url))
        with app.app_context():
            assert the_hub() is hub
        activations.disable(hub, "borken", "paged", actor="test")
        hub.sites.refresh()
        assert client.get("/borken/paged/").status_code == 404
