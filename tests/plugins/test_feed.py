"""The feed plugin, from files and from a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub.errors import Denied, Unavailable
from hub.records import AccessMode, Change, Checkpoint, Kind, Record, Reject, Upsert
from hub.testing import CatalogueContract, site_row, site_with
from plugins.feed import Feed, FeedConfig

ITEMS = """\
<item><title>Der Wald und seine Tiere</title><guid>1</guid></item>
<item><title>Der Fluss und seine Fische</title><guid>2</guid></item>
"""


def rss(items: str = ITEMS) -> bytes:
    return f'<rss version="2.0"><channel><title>M</title>{items}</channel></rss>'.encode()


def changes(
    config: Mapping[str, Any], files: Path, cursor: str | None = None, hosts: Any = ("127.0.0.1",)
) -> list[Change]:
    site = site_with(Feed, config, files, site_row(internal_hosts=hosts))
    return list(site.one("feed", "catalogue_changes", cursor=cursor))


def records(found: list[Change]) -> list[Record]:
    return [change.record for change in found if isinstance(change, Upsert)]


class Server:
    """Says what the test tells it; 304 to whoever knows its ETag."""

    def __init__(self) -> None:
        self.content = rss()
        self.etag = '"1"'
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                same = self.headers.get("If-None-Match") == outer.etag
                self.send_response(304 if same else outer.status)
                self.send_header("ETag", outer.etag)
                self.send_header("Content-Length", "0" if same else str(len(outer.content)))
                self.end_headers()
                if not same:
                    self.wfile.write(outer.content)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/feed.xml"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class TestFromFile(CatalogueContract):
    plugin = Feed
    config = {"file": "feed.xml", "language": "de", "licence": "CC BY 4.0", "subjects": ["080"]}

    @pytest.fixture
    def site_files(self, tmp_path: Path) -> Path:
        (tmp_path / "feed.xml").write_bytes(rss())
        return tmp_path


class TestFromAddress(CatalogueContract):
    plugin = Feed

    @pytest.fixture
    def plugin_config(self, server: Server) -> Mapping[str, Any]:
        return {"address": server.address}


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("siemens_stiftung_2018.rss.xml", 350),
        ("serlo_amb_sample.json", 16),
        ("elixier_example.xml", 5),
    ],
)
def test_real_feeds_become_records(shared_data: Path, name: str, count: int) -> None:
    found = changes({"file": name}, shared_data / "records")
    assert [type(change) for change in found] == [Upsert] * count + [Checkpoint]
    assert found[-1] == Checkpoint(found[-1].cursor, complete=True, total=count)  # type: ignore[union-attr]
    assert len({one.source_id for one in records(found)}) == count


def test_nothing_is_given_while_nothing_changed(server: Server, tmp_path: Path) -> None:
    config = {"address": server.address}
    first = changes(config, tmp_path)
    cursor = first[-1].cursor  # type: ignore[union-attr]
    assert changes(config, tmp_path, cursor) == [Checkpoint(cursor)]
    server.etag = '"2"'  # the server forgot, the content did not change
    (checkpoint,) = changes(config, tmp_path, cursor)
    assert isinstance(checkpoint, Checkpoint)
    assert not checkpoint.complete
    assert changes(config, tmp_path, checkpoint.cursor) == [checkpoint]
    server.etag, server.content = '"3"', rss(ITEMS.partition("\n")[0])
    again = changes(config, tmp_path, checkpoint.cursor)
    assert [one.source_id for one in records(again)] == ["1"]
    assert again[-1].complete  # type: ignore[union-attr]


def test_a_changed_configuration_reads_everything_again(server: Server, tmp_path: Path) -> None:
    cursor = changes({"address": server.address}, tmp_path)[-1].cursor  # type: ignore[union-attr]
    again = changes({"address": server.address, "licence": "CC0"}, tmp_path, cursor)
    assert {one.licence for one in records(again)} == {"CC0"}


def test_a_cursor_of_somebody_else_is_none(server: Server, tmp_path: Path) -> None:
    for cursor in ("", "x", "[]", '{"config": 1}'):
        assert len(records(changes({"address": server.address}, tmp_path, cursor))) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rss()[:-20], "XML"),
        (b"<!DOCTYPE html><html><body>Wartung</body></html>", "HTML"),
        (b"", "empty"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "Atom"),
        (b'{"error": "maintenance"}', "None of the 1 entries"),
    ],
)
def test_a_broken_document_is_never_complete(
    server: Server, tmp_path: Path, content: bytes, reason: str
) -> None:
    server.content = content
    with pytest.raises(Unavailable, match=reason):
        changes({"address": server.address}, tmp_path)


def test_errors_of_the_server(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(Denied, match="404"):
        changes({"address": server.address}, tmp_path)
    with pytest.raises(Denied):
        changes({"address": server.address}, tmp_path, hosts=())
    server.status, server.content = 200, b"x" * 1_000_001
    with pytest.raises(Unavailable, match="sent more|announces"):
        changes({"address": server.address, "max_megabytes": 1}, tmp_path)


def test_broken_items_are_rejected_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(rss(ITEMS + "<item><guid>3</guid></item>"))
    found = changes({"file": "feed.xml"}, tmp_path)
    assert len(records(found)) == 2
    (reject,) = [change for change in found if isinstance(change, Reject)]
    assert (reject.source_id, reject.excerpt) == ("3", "<item><guid>3</guid></item>")
    assert "title: missing" in reject.reason


def test_the_same_id_twice_is_kept_twice(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(rss(ITEMS.replace("<guid>2", "<guid>1")))
    found = changes({"file": "feed.xml"}, tmp_path)
    assert [(one.source_id, one.title[:9]) for one in records(found)] == [
        ("1", "Der Wald "),
        ("1#2", "Der Fluss"),
    ]


def test_defaults_hold_where_the_item_says_nothing(tmp_path: Path) -> None:
    document = [
        {"id": "https://x.example/1", "name": "Xyz", "license": "CC0", "inLanguage": "en"},
        {"id": "https://x.example/2", "name": "Xyz"},
    ]
    (tmp_path / "feed.json").write_text(json.dumps(document))
    config = {
        "file": "feed.json",
        "language": "de",
        "licence": "frei",
        "publisher": "Haus",
        "levels": ["grundschule"],
        "access": "login",
    }
    first, second = records(changes(config, tmp_path))
    assert (first.languages, second.languages) == (("en",), ("de",))
    assert first.licence.endswith("zero/1.0/")
    assert second.licence == "frei"
    assert first.publishers == ("Haus",)
    assert first.access is second.access is AccessMode.LOGIN
    (project,) = records(changes({"file": "feed.json", "kind": "project"}, tmp_path))[:1]
    assert (project.kind, project.access) == (Kind.PROJECT, AccessMode.REQUEST)


def test_files_stay_in_their_folder(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "feed.xml").write_bytes(rss())
    with pytest.raises(Denied, match="folder"):
        changes({"file": "../feed.xml"}, tmp_path / "files")
    with pytest.raises(Unavailable, match="not there"):
        changes({"file": "feed.xml"}, tmp_path / "files")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"address": "https://x.example/", "file": "x"},
        {"address": "ftp://x.example/"},
        {"file": "x", "format": "atom"},
        {"file": "x", "language": "Deutsch"},
        {"file": "x", "unknown": 1},
    ],
)
def test_configurations_that_cannot_work(config: dict[str, Any]) -> None:
    with pytest.raises(ma.ValidationError):
        FeedConfig().load(config)


def test_health(server: Server, tmp_path: Path) -> None:
    site = site_with(Feed, {"address": server.address}, tmp_path)
    site.one("feed", "health")
    server.content = b"<html></html>"
    with pytest.raises(Unavailable, match="web page|HTML"):
        site.one("feed", "health")
