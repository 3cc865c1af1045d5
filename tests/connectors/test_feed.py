"""Feeds of all formats, whole and broken, from a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import feed
from connectors.errors import ConnectorError, Malformed, TooLarge
from connectors.http import Client

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Medien</title><link>https://medien.example/</link>
<item><title>Über Wälder</title><guid>1</guid></item>
<item><title>Flüsse</title><guid>2</guid></item>
</channel></rss>"""
ELIXIER = """<?xml version="1.0"?>
<!DOCTYPE elixier SYSTEM "http://127.0.0.1:9/elixier.dtd">
<elixier><datensatz><id_local>1</id_local><titel>Wälder</titel></datensatz></elixier>"""


@dataclass
class Source:
    """What the server says, and what it was asked."""

    address: str = ""
    content: bytes = RSS.encode()
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            source.asked.append(dict(self.headers))
            tag = source.headers.get("ETag")
            same = tag is not None and self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200)
            for name, value in source.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if same else len(source.content)))
            self.end_headers()
            if not same:
                self.wfile.write(source.content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    source.address = f"http://127.0.0.1:{server.server_port}/feed"
    yield source
    server.shutdown()
    thread.join()
    server.server_close()


def titles(document: feed.Document) -> list[str]:
    return [entry.findtext("title") for entry in document.entries]  # type: ignore[union-attr]


def test_a_feed_is_fetched_once_and_then_asked_for_changes(source: Source) -> None:
    source.headers = {"ETag": '"a1"', "Last-Modified": "Tue, 30 Jan 2018 10:57:02 GMT"}
    with Client(internal_hosts=["127.0.0.1"]) as client:
        first = feed.fetch(client, source.address, {})
        assert first is not None
        assert titles(feed.parse(first.content)) == ["Über Wälder", "Flüsse"]
        assert feed.fetch(client, source.address, first.validators) is None
    assert source.asked[1]["If-None-Match"] == '"a1"'
    assert source.asked[1]["If-Modified-Since"] == "Tue, 30 Jan 2018 10:57:02 GMT"


def test_the_same_content_has_the_same_digest(source: Source) -> None:
    with Client(internal_hosts=["127.0.0.1"]) as client:
        first, second = (feed.fetch(client, source.address, {}) for _ in range(2))
        assert first is not None
        assert second is not None
        assert first.digest == second.digest


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (RSS.encode(), ""),
        (b"\xef\xbb\xbf" + RSS.encode(), ""),
        (RSS.replace("utf-8", "iso-8859-1").encode("iso-8859-1"), ""),
        (RSS.encode("cp1252"), ""),  # says UTF-8 and is not
        (RSS.encode("utf-16"), ""),
        (RSS.replace(' encoding="utf-8"', "").encode("cp1252"), "windows-1252"),
        (RSS.replace(' encoding="utf-8"', "").encode(), "iso-8859-1x"),
        (RSS.replace("Wälder", "W&auml;lder").encode(), ""),
        (RSS.replace("Flüsse", "Flüsse\x01").encode(), ""),
    ],
)
def test_encodings(content: bytes, charset: str) -> None:
    document = feed.parse(content, charset=charset)
    assert titles(document) == ["Über Wälder", "Flüsse"]
    assert document.base == "https://medien.example/"


def test_the_doctype_of_elixier_is_stripped_and_never_fetched() -> None:
    document = feed.parse(ELIXIER.encode())
    assert document.format == "elixier"
    assert [entry.findtext("titel") for entry in document.entries] == ["Wälder"]  # type: ignore[union-attr]


def test_a_doctype_elsewhere_is_refused() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaa">]>' + RSS.partition("?>")[2].lstrip()
    with pytest.raises(Malformed, match="DOCTYPE"):
        feed.parse(bomb.encode())


ONE = {"id": "https://x.example/1", "name": "Wälder"}
TWO = {"id": "https://x.example/2", "name": "Flüsse"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ONE, TWO]),
        json.dumps({"@context": "https://w3id.org/kim/amb/context.jsonld", "@graph": [ONE, TWO]}),
        f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
        f"{json.dumps(ONE)}\r\n\r\n{json.dumps(TWO)}",
        f"{json.dumps(ONE, indent=2)}\n{json.dumps(TWO, indent=2)}",
        "\ufeff" + json.dumps([ONE, TWO], ensure_ascii=False),
    ],
)
def test_json_in_all_its_wrappings(text: str) -> None:
    assert feed.parse(text.encode()).entries == (ONE, TWO)


def test_a_single_object() -> None:
    assert feed.parse(json.dumps(ONE).encode()).entries == (ONE,)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_json_that_is_not_utf_8(encoding: str) -> None:
    content = json.dumps([ONE], ensure_ascii=False).encode(encoding)
    assert feed.parse(content).entries == (ONE,)


def test_a_broken_line_among_json_lines() -> None:
    text = f"{json.dumps(ONE)}\n{{broken\n7\n{json.dumps(TWO)}\n"
    broken, first, number, second = feed.parse(text.encode()).entries
    assert (first, second) == (ONE, TWO)
    assert isinstance(broken, feed.Broken)
    assert isinstance(number, feed.Broken)
    assert (broken.place, broken.excerpt) == ("line 2", "{broken")


def test_half_a_document_is_never_taken_for_all() -> None:
    for text in (RSS, ELIXIER, json.dumps([ONE, TWO]), f"{json.dumps(ONE)}\n{json.dumps(TWO)}"):
        content = text.encode()
        for length in (len(content) // 2 + 9, len(content) - 3):
            with pytest.raises(Malformed):
                feed.parse(content[:length])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body>Wartung<br></body></html>", "HTML"),
        (b"<html><body>Wartung</body></html>", "web page"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "Atom"),
        (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "RSS 1.0"),
        (b"<OAI-PMH/>", "OAI-PMH"),
        (b"<opml/>", "OPML"),
        (b"<books/>", "books"),
        (b"<rss/>", "channel"),
        (b"7", "neither an object nor a list"),
        (b'[{"id": NaN}]', "NaN"),
        (b"Bitte anmelden", "no JSON"),
        (b"[" * 100_000, "nested|cut short"),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        feed.parse(content)


def test_expected_format_and_number() -> None:
    with pytest.raises(Malformed, match="RSS, not AMB"):
        feed.parse(RSS.encode(), expected="amb")
    with pytest.raises(TooLarge):
        feed.parse(RSS.encode(), max_entries=1)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_feed_or_an_error(content: bytes) -> None:
    try:
        document = feed.parse(content)
    except ConnectorError:
        return
    assert document.format in ("rss", "amb", "elixier")


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9)), max_size=5))
def test_json_lines_and_lists_hold_the_same(objects: list[dict[str, str]]) -> None:
    whole = feed.parse(json.dumps(objects).encode())
    assert list(whole.entries) == objects
    lines = "\n".join(map(json.dumps, objects)).encode()
    if len(objects) > 1:
        assert list(feed.parse(lines).entries) == objects
