"""The HTTP client against servers that behave badly, on this machine."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.errors import (
    Blocked,
    ConnectorError,
    Malformed,
    Refused,
    TooLarge,
    Unreachable,
)
from connectors.guard import is_public
from connectors.http import Client, retry_after, shown, validators

Behaviour = Callable[[socket.socket, bytes], None]


class Server:
    """Answers each connection with what a test tells it; remembers the requests."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.behaviours: list[Behaviour] = []
        self.wrap: Callable[[socket.socket], socket.socket] = lambda connection: connection
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def says(self, *answers: bytes | Behaviour) -> None:
        """One answer for each connection, the last for all that follow."""
        self.behaviours = [a if callable(a) else _plainly(a) for a in answers]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            try:
                connection = self.wrap(connection)
            except OSError:
                continue
            request = b""
            while b"\r\n\r\n" not in request and (part := connection.recv(65_536)):
                request += part
            head, _, body = request.partition(b"\r\n\r\n")
            if length := re.search(rb"Content-Length: (\d+)", head):
                while len(body) < int(length[1]):
                    body += connection.recv(65_536)
                request = head + b"\r\n\r\n" + body
            if not request:
                continue
            self.requests.append(request)
            behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
            try:
                behave(connection, request)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client hung up, as it should
                pass
            connection.close()


def _plainly(answer: bytes) -> Behaviour:
    return lambda connection, _: connection.sendall(answer)


def reply(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(internal_hosts=["127.0.0.1"], timeout=5, deadline=5, max_bytes=100_000) as client:
        yield client


def test_answer_is_read_whole(server: Server, client: Client) -> None:
    server.says(reply(b"hello", "200 OK", "content-type: Text/XML; charset=utf-8"))
    response = client.get(f"{server.address}/a", params={"q": "ä b"})
    assert (response.status, response.content) == (200, b"hello")
    assert response.headers["CONTENT-TYPE"].startswith("Text/XML")
    assert response.content_type == "text/xml"
    assert server.requests[0].startswith(b"GET /a?q=%C3%A4+b HTTP/1.1\r\n")
    assert b"User-Agent: medienzentren-hub" in server.requests[0]


def test_form_is_posted(server: Server, client: Client) -> None:
    server.says(reply(b"ok"))
    client.post(server.address, data={"a": "1 & 2"})
    assert server.requests[0].endswith(b"a=1+%26+2")
    assert b"application/x-www-form-urlencoded" in server.requests[0]


def test_connection_is_used_again_and_guarded_again() -> None:
    requests = []

    def two(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        requests.append(connection.recv(65_536))
        connection.recv(65_536)  # never answers the second, but waits for the end

    server = Server()
    server.says(two)
    with Client(internal_hosts=["127.0.0.1"], timeout=5, deadline=0.4) as client:
        client.get(server.address)
        with pytest.raises(Unreachable, match="within 0 s"):
            client.get(server.address)
    server.close()
    assert len(requests) == 2


@pytest.mark.parametrize("part", ["body", "head", "chunk"])
def test_dripping_server_comes_to_an_end(server: Server, part: str) -> None:
    start = {
        "body": b"HTTP/1.1 200 OK\r\n\r\n",
        "head": b"HTTP/1.1 200 OK\r\nX: ",
        "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    }[part]

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"0")
            time.sleep(0.02)

    server.says(drip)
    begin = time.monotonic()
    with (
        Client(internal_hosts=["127.0.0.1"], timeout=5, deadline=0.5) as client,
        pytest.raises(Unreachable, match="did not finish"),
    ):
        client.get(server.address)
    assert time.monotonic() - begin < 20, "it would never end"


def test_silent_server_times_out(server: Server) -> None:
    server.says(lambda *_: time.sleep(0.4))
    with (
        Client(internal_hosts=["127.0.0.1"], timeout=0.2) as client,
        pytest.raises(Unreachable, match="did not answer"),
    ):
        client.get(server.address)


def test_huge_body_is_cut_off(server: Server, client: Client) -> None:
    def flood(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    server.says(flood)
    with pytest.raises(TooLarge, match="more than 100000 bytes"):
        client.get(server.address)


def test_announced_size_is_believed_when_too_large(server: Server, client: Client) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n")
    with pytest.raises(TooLarge, match="announces"):
        client.get(server.address)


@pytest.mark.parametrize("layers", [1, 3])
def test_gzip_bomb_counts_unpacked(server: Server, client: Client, layers: int) -> None:
    body = bytes(200_000_000 if layers == 1 else 20_000_000)
    for _ in range(layers):
        body = gzip.compress(body, 6)
    assert len(body) < 200_001
    server.says(reply(body, "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * layers)))
    with (
        Client(internal_hosts=["127.0.0.1"], max_bytes=1_000_000) as client,
        pytest.raises(TooLarge),
    ):
        client.get(server.address)


def test_gzip_and_deflate_are_unpacked(server: Server, client: Client) -> None:
    server.says(
        reply(gzip.compress(b"one"), "200 OK", "Content-Encoding: gzip"),
        reply(zlib.compress(b"two"), "200 OK", "Content-Encoding: deflate"),
        reply(b"no gzip", "200 OK", "Content-Encoding: gzip"),
    )
    assert client.get(server.address).content == b"one"
    assert client.get(server.address).content == b"two"
    with pytest.raises(Unreachable, match="unpacked"):
        client.get(server.address)


def test_body_shorter_than_announced_is_no_answer(server: Server, client: Client) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")
    with pytest.raises(Unreachable, match="cut short"):
        client.get(server.address)


def test_body_longer_than_announced_is_cut(server: Server, client: Client) -> None:
    server.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nokay")
    assert client.get(server.address).content == b"ok"


def test_reset_is_unreachable(server: Server, client: Client) -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    server.says(reset)
    with pytest.raises(Unreachable, match="reset"):
        client.get(server.address)


def test_nobody_listens(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        client.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [b"garbage\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500],
)
def test_no_http_is_a_connector_error(server: Server, client: Client, answer: bytes) -> None:
    server.says(answer)
    with pytest.raises((Unreachable, Malformed)):
        client.get(server.address)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("401 Unauthorized", Refused),
        ("403 Forbidden", Refused),
        ("404 Not Found", Refused),
        ("429 Too Many Requests", Unreachable),
        ("500 Internal Server Error", Unreachable),
        ("503 Service Unavailable", Unreachable),
        ("599 What", Unreachable),
        ("300 Multiple Choices", Malformed),
    ],
)
def test_status_becomes_an_error(
    server: Server, client: Client, status: str, error: type[ConnectorError]
) -> None:
    server.says(reply(b"why", status, "Retry-After: 7"))
    with pytest.raises(error, match=status[:3]) as caught:
        client.get(server.address)
    if isinstance(caught.value, Unreachable):
        assert caught.value.retry_after == 7
    assert client.get(server.address, expect=[int(status[:3])]).content == b"why"


def test_conditional_request(server: Server, client: Client) -> None:
    server.says(
        reply(b"x", "200 OK", 'ETag: "1"', "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT"),
        reply(b"", "304 Not Modified"),
    )
    first = client.get(server.address)
    assert not first.not_modified
    second = client.get(server.address, headers=validators(first))
    assert second.not_modified
    assert second.content == b""
    assert b'If-None-Match: "1"' in server.requests[1]
    assert b"If-Modified-Since: Mon, 01 Jan 2024" in server.requests[1]


def test_retries_wait_as_told_and_end(server: Server) -> None:
    busy = reply(b"", "503 Service Unavailable", "Retry-After: 0")
    server.says(busy, busy, reply(b"at last"))
    with Client(internal_hosts=["127.0.0.1"], retries=2, backoff=0.01) as client:
        assert client.get(server.address).content == b"at last"
    server.says(busy)
    with (
        Client(internal_hosts=["127.0.0.1"], retries=1, backoff=0.01) as client,
        pytest.raises(Unreachable),
    ):
        client.get(server.address)
    assert len(server.requests) == 5


def test_no_retry_of_long_pauses_and_forms(server: Server) -> None:
    server.says(reply(b"", "503 Service Unavailable", "Retry-After: 3600"))
    with Client(internal_hosts=["127.0.0.1"], retries=3) as client:
        with pytest.raises(Unreachable) as caught:
            client.get(server.address)
        assert caught.value.retry_after == 3600
        with pytest.raises(Unreachable):
            client.post(server.address, data={})
    assert len(server.requests) == 2


# Where we do not go


def test_private_address_is_refused_unless_named(server: Server) -> None:
    server.says(reply(b"secret"))
    with Client() as client:
        for host in ("127.0.0.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(Blocked):
                client.get(f"http://{host}:{server.port}/")
        with pytest.raises(Blocked, match="not on the open internet"):
            client.get(f"http://localhost:{server.port}/")
    assert server.requests == []
    with Client(internal_hosts=["LocalHost"]) as client:
        assert client.get(f"http://localhost:{server.port}/").content == b"secret"
        with pytest.raises(Blocked):  # allowed by name, not by where the name leads
            client.get(f"http://127.0.0.1:{server.port}/")


def test_name_that_leads_to_loopback_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(host: str, port: int, *_: object, **__: object) -> list[object]:
        assert host == "feeds.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    server.says(reply(b"secret"))
    with (
        Client(internal_hosts=["127.0.0.1"]) as client,
        pytest.raises(Blocked, match=r"feeds\.example leads to 127\.0\.0\.1"),
    ):
        client.get(f"http://feeds.example:{server.port}/")
    assert server.requests == []


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data?token=hush",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://localhost:{port}/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "http://user:hush@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@evil.example/",
        "http://[broken/",
    ],
)
def test_redirects_are_checked(server: Server, client: Client, target: str) -> None:
    target = target.replace("{port}", str(server.port))
    server.says(reply(b"", "302 Found", f"Location: {target}"))
    with pytest.raises((Blocked, Malformed)) as caught:
        client.get(server.address)
    assert "hush" not in str(caught.value)
    assert len(server.requests) == 1


def test_redirects_are_followed_and_counted(server: Server, client: Client) -> None:
    server.says(
        reply(b"", "301 Moved Permanently", "Location: /b?x=1", "Set-Cookie: seen=1"),
        reply(b"", "302 Found", "Location: c"),
        reply(b"here"),
    )
    response = client.get(f"{server.address}/a")
    assert (response.url, response.content) == (f"{server.address}/c", b"here")
    assert b"Cookie: seen=1" in server.requests[1]
    server.says(reply(b"", "302 Found", "Location: /again"))
    with pytest.raises(Unreachable, match="redirects more than 5"):
        client.get(server.address)


def test_credentials_stay_with_their_host(server: Server) -> None:
    other = Server()
    server.says(
        reply(b"", "302 Found", "Location: /same"),
        reply(b"", "302 Found", f"Location: {other.address}/"),
    )
    other.says(reply(b"ok"))
    with Client(internal_hosts=["127.0.0.1"]) as client:
        client.get(server.address, headers={"Authorization": "Bearer hush", "Cookie": "a=hush"})
    other.close()
    assert b"hush" in server.requests[0]
    assert b"Bearer hush" in server.requests[1]
    assert b"hush" not in other.requests[0]


def test_form_is_not_sent_on_to_another_host(server: Server, client: Client) -> None:
    other = Server()
    other.says(reply(b"ok"))
    server.says(reply(b"", "307 Temporary Redirect", f"Location: {other.address}/"))
    with pytest.raises(Blocked, match="form"):
        client.post(server.address, data={"password": "hush"})
    server.says(reply(b"", "303 See Other", f"Location: {other.address}/"))
    assert client.post(server.address, data={"password": "hush"}).content == b"ok"
    server.says(reply(b"", "307 Temporary Redirect", "Location: /b"), reply(b"ok"))
    client.post(server.address, data={"password": "hush"})
    other.close()
    assert b"hush" not in b"".join(other.requests)
    assert server.requests[-1].startswith(b"POST /b")
    assert b"hush" in server.requests[-1]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "//127.0.0.1/",
        "http://",
        "",
        "http://a:b@127.0.0.1/",
        "http://127.0.0.1/ x",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/\r\nHost: x",
        "http://" + "a" * 9_000,
    ],
)
def test_addresses_that_are_not_opened(client: Client, url: str) -> None:
    with pytest.raises(Blocked):
        client.get(url)


def test_environment_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.says(reply(b"direct"))
    with Client(internal_hosts=["127.0.0.1"]) as client:
        assert client.get(server.address).content == b"direct"


def test_proxy_is_used_and_names_are_checked_before_it(server: Server) -> None:
    server.says(reply(b"by proxy"))
    with Client(proxy=server.address, internal_hosts=["inside.example"]) as client:
        assert client.get("http://93.184.215.14/x").content == b"by proxy"
        with pytest.raises(Blocked):
            client.get("http://127.0.0.1/x")
    assert server.requests[0].startswith(b"GET http://93.184.215.14/x HTTP/1.1")


def test_messages_hold_no_secret(server: Server, client: Client) -> None:
    server.says(reply(b"", "500 Internal Server Error"))
    with pytest.raises(Unreachable) as caught:
        client.get(f"{server.address}/path?token=hush#hush", params={"key": "hush"})
    assert str(caught.value) == f"{server.address}/path answered 500 Internal Server Error"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        client.get(f"http://127.0.0.1:{port}/path?token=hush")
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert shown("https://user:hush@host.example:8/p?q=hush#hush") == "https://host.example:8/p"


def test_blocked_is_no_os_error() -> None:
    assert not issubclass(ConnectorError, OSError)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("no address", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Mon, 04 May 2026 12:01:00 GMT", 60.0),
        ("Mon, 04 May 2026 11:00:00 GMT", 0.0),
        ("Monday, 04-May-26 12:00:30 GMT", 30.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 400, None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=NOON) == seconds


@given(st.text())
@example("²")
def test_retry_after_takes_anything(value: str) -> None:
    seconds = retry_after(value, now=NOON)
    assert seconds is None or seconds >= 0


@given(st.text())
@example("http://[")
def test_any_text_as_address_is_blocked_or_unreachable(text: str) -> None:
    with Client(timeout=0.1) as client, pytest.raises(ConnectorError):
        client.get("ftp://" + text)
    shown(text)


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_certificate_that_nobody_vouches_for(
    server: Server, certificate: tuple[Path, Path]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    server.wrap = lambda connection: context.wrap_socket(connection, server_side=True)
    server.says(reply(b"x"))
    address = server.address.replace("http://127.0.0.1", "https://localhost")
    with Client() as client, pytest.raises(Blocked):
        client.get(address)
    with (
        Client(internal_hosts=["localhost"]) as client,
        pytest.raises(Unreachable, match="certificate"),
    ):
        client.get(address)
    assert server.requests == []


def test_handshake_that_never_ends(server: Server) -> None:
    def drip(connection: socket.socket) -> socket.socket:
        connection.sendall(b"\x16\x03\x03\x3f\xff")  # a record of 16 KB is announced
        while True:
            connection.sendall(b"\x02")
            time.sleep(0.02)

    server.wrap = drip
    begin = time.monotonic()
    with (
        Client(internal_hosts=["127.0.0.1"], timeout=5, deadline=0.4) as client,
        pytest.raises(Unreachable),
    ):
        client.get(server.address.replace("http:", "https:"))
    assert time.monotonic() - begin < 20, "it would never end"
