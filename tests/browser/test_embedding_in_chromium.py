"""The frame and the element inside the page of another web site."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.conftest import Served


@pytest.fixture
def copied(served: Served) -> dict[str, str]:
    """What the page for copying offers, by the name of its field."""
    page = requests.get(served.url + "/zentren/borken/einbetten?art=device", timeout=10).text
    found = re.findall(r'(?s)<textarea[^>]* id="(\w+)"[^>]*>(.*?)</textarea>', page)
    base = re.search(r"src=&#34;(http://[^/]+)/", page)
    assert base
    return {name: html.unescape(text).replace(base[1], served.url) for name, text in found}


@pytest.fixture
def centre_page(copied: dict[str, str]) -> Iterator[str]:
    """A web site of somebody else, on another port and so of another origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            piece = copied.get(self.path.strip("/"), "")
            body = f"<!DOCTYPE html><title>Rathaus</title><h1>Rathaus</h1>{piece}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize("way", ["iframe", "element"])
def test_offers_show_in_the_page_of_another_web_site(
    way: str, centre_page: str, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(centre_page + way)
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Tabletkoffer").wait_for()
    assert page.locator("iframe").get_attribute("title")
    if way == "element":
        page.wait_for_function("document.querySelector('iframe').height !== '800'")
    assert not context.cookies()
    frame.get_by_role("link", name="Tabletkoffer").click()
    page.wait_for_url("**/angebot/*")
    context.close()
