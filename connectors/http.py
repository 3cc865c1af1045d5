"""One hardened HTTP client for everything that leaves the hub.

Addresses come from site admins and from harvested data, so every connection is checked: only
http and https, no passwords in addresses, and no private peer unless the site allows its host by
name. The peer is looked at after connecting, where a name can no longer change its mind. Every
answer has a size, which counts what is unpacked, and an end in time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import requests
import urllib3

from connectors.errors import Blocked, Malformed, Refused, TooLarge, Unreachable
from connectors.guard import Adapter, Exchange, host_key

USER_AGENT = "medienzentren-hub"
LONGEST_URL = 8_000
LONGEST_PAUSE = 60.0
"""Seconds that a retry waits at most; who asks for more gets its error handed up at once."""
CHUNK = 65_536
REDIRECTS = frozenset({301, 302, 303, 307, 308})
BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, wholly read. `url` is where it came from after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    """Names compare without regard to case."""
    content: bytes

    @property
    def not_modified(self) -> bool:
        """True when a conditional request found nothing new; `content` is empty then."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def validators(response: Response) -> dict[str, str]:
    """The headers that make the next request for the same address a conditional one (RFC 9110)."""
    pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    return {ask: response.headers[told] for told, ask in pairs if told in response.headers}


class Client:
    """A session with limits; may be used by several threads.

    `internal_hosts` are the hosts, by name as it stands in the address, that may be private.
    `timeout` is the longest silence and `deadline` the longest whole exchange with its redirects,
    both in seconds. `max_bytes` counts the unpacked body. `retries` repeats a GET after
    `Unreachable`. Proxies come from `proxy` alone, the environment is not asked; behind a proxy
    only what the name resolves to here can be checked.
    """

    def __init__(
        self,
        *,
        internal_hosts: Collection[str] = (),
        timeout: float = 30.0,
        deadline: float = 120.0,
        max_bytes: int = 50_000_000,
        max_redirects: int = 5,
        retries: int = 0,
        backoff: float = 1.0,
        user_agent: str = USER_AGENT,
        proxy: str | None = None,
    ) -> None:
        self._internal_hosts = frozenset(host_key(host) for host in internal_hosts)
        self._timeout = timeout
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._retries = retries
        self._backoff = backoff
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"})
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, Adapter())

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
    ) -> Response:
        """GET an address; answers 2xx, 304 and those named in `expect` come back.

        Raises `Unreachable` (no answer, 408, 425, 429, 5xx), `Refused` (every other 4xx),
        `Blocked`, `TooLarge`, `Malformed` (an answer that is no HTTP).
        """
        request = requests.Request("GET", url, params=params, headers=headers)
        for attempt in range(self._retries + 1):
            try:
                return self._exchange(request, expect)
            except Unreachable as error:
                pause = error.retry_after or self._backoff * 2**attempt
                if attempt == self._retries or pause > LONGEST_PAUSE:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable")  # pragma: no cover

    def post(
        self,
        url: str,
        *,
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
    ) -> Response:
        """POST a form (a mapping) or a body (bytes); never repeated. Raises as `get` does."""
        return self._exchange(requests.Request("POST", url, data=data, headers=headers), expect)

    def send(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
    ) -> Response:
        """Send by any other method (PUT, DELETE, REPORT); never repeated. Raises as `get` does."""
        return self._exchange(requests.Request(method, url, data=data, headers=headers), expect)

    def _exchange(self, request: requests.Request, expect: Collection[int]) -> Response:
        """Send, follow redirects with each hop checked, and judge the status of the last."""
        _check_url(request.url)
        try:
            hop = self._session.prepare_request(request)
        except (requests.RequestException, UnicodeError):
            raise Blocked(f"{shown(request.url)} is no valid address") from None
        with Exchange.begin(self._internal_hosts, self._deadline, bool(self._proxies)) as exchange:
            for _ in range(self._max_redirects + 1):
                response, target = self._hop(hop, exchange)
                if target is None:
                    _judge(response, expect)
                    return response
                hop = self._redirect(hop, response.status, target)
        raise Unreachable(f"{shown(request.url)} redirects more than {self._max_redirects} times")

    def _hop(
        self, hop: requests.PreparedRequest, exchange: Exchange
    ) -> tuple[Response, str | None]:
        """One request and its answer; the second value is where a redirect leads."""
        url = hop.url or ""
        parts = _check_url(url)
        if self._proxies:
            exchange.check_name(parts.hostname or "")
        timeout = min(self._timeout, exchange.remaining)
        place = shown(url)
        try:
            with self._session.send(
                hop,
                stream=True,
                allow_redirects=False,
                timeout=(timeout, timeout),
                proxies=self._proxies,
            ) as answer:
                target = None
                if answer.status_code in REDIRECTS:
                    target = self._session.get_redirect_target(answer)
                content = b"" if target else self._body(answer, place)
                headers, status = answer.headers, answer.status_code
        # The libraries' own texts hold the whole address, so none of them is passed on.
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise Unreachable(f"{place} did not answer within {timeout:.0f} s") from None
        except requests.exceptions.SSLError:
            raise Unreachable(f"{place} has no valid certificate") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if exchange.expired:
                raise exchange.too_late(place) from None
            raise Unreachable(f"{place}: {_reason(error)}") from None
        except (ValueError, AttributeError, IndexError):
            raise Malformed(f"{place} sent an answer that is no valid HTTP") from None
        # A socket that was shut down for being late looks like the end of an unsized body.
        if exchange.expired:
            raise exchange.too_late(place)
        return Response(url=url, status=status, headers=headers, content=content), target

    def _body(self, answer: requests.Response, place: str) -> bytes:
        announced = answer.headers.get("Content-Length", "")
        limit = self._max_bytes
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
            raise TooLarge(f"{place} announces {announced} bytes, more than {limit}")
        body = bytearray()
        for chunk in answer.raw.stream(CHUNK, decode_content=True):
            body += chunk
            if len(body) > limit:
                raise TooLarge(f"{place} sent more than {limit} bytes")
        return bytes(body)

    def _redirect(
        self, hop: requests.PreparedRequest, status: int, target: str
    ) -> requests.PreparedRequest:
        """The request that follows; passwords and bodies stay with the host they were meant for."""
        try:
            target = urljoin(str(hop.url), target)
        except ValueError:
            raise Blocked(f"{shown(hop.url)} redirects to no valid address") from None
        here, there = _check_url(hop.url), _check_url(target)
        following = hop.copy()
        trusted = _same_host(here, there)
        if hop.method == "POST" and status in (301, 302, 303):
            following.method = "GET"
            following.body = None
            for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
                following.headers.pop(name, None)
        elif hop.body is not None and not trusted:
            raise Blocked(f"{shown(hop.url)} redirects a form to another host, {there.hostname}")
        if not trusted:
            for name in ("Authorization", "Proxy-Authorization"):
                following.headers.pop(name, None)
        following.headers.pop("Cookie", None)
        try:
            following.prepare_url(target, None)
        except (requests.RequestException, UnicodeError):
            raise Blocked(f"{shown(hop.url)} redirects to no valid address") from None
        jar = requests.cookies.RequestsCookieJar()
        jar.update(self._session.cookies)
        following.prepare_cookies(jar)
        return following


def shown(url: object) -> str:
    """An address as it may stand in a message or a log: without query, fragment and password."""
    try:
        parts = urlsplit(str(url))
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))[:300] or "the empty address"
    except ValueError:
        return "an unreadable address"


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header: a number or a date (RFC 9110); None when unreadable."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value) if len(value) < 10 else None
    try:
        until = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _check_url(url: object) -> SplitResult:
    text = str(url)
    if len(text) > LONGEST_URL:
        raise Blocked(f"{shown(text)}: the address is longer than {LONGEST_URL} characters")
    # Programs disagree about what a backslash or a blank in an address means.
    if "\\" in text or any(char <= " " or char == "\x7f" for char in text):
        raise Blocked(f"{shown(text)!r}: the address holds a blank, a backslash or worse")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Blocked(f"{shown(text)} is no valid address") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Blocked(f"{shown(text)}: only http and https addresses are opened")
    if "@" in parts.netloc:
        raise Blocked(f"{shown(text)}: an address must not hold a name or a password")
    return parts


def _same_host(here: SplitResult, there: SplitResult) -> bool:
    """Whether what is meant for one address may go to the other: itself, or itself with TLS."""
    standard = {"http": 80, "https": 443}
    ports = here.port or standard[here.scheme], there.port or standard[there.scheme]
    if here.hostname != there.hostname:
        return False
    upgrade = (here.scheme, there.scheme) == ("http", "https") and ports == (80, 443)
    return upgrade or (here.scheme == there.scheme and ports[0] == ports[1])


def _judge(response: Response, expect: Collection[int]) -> None:
    status = response.status
    if 200 <= status < 300 or status == HTTPStatus.NOT_MODIFIED or status in expect:
        return
    try:
        told = f"{shown(response.url)} answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        told = f"{shown(response.url)} answered {status}"
    if status in BUSY or status >= 500:
        raise Unreachable(told, retry_after=retry_after(response.headers.get("Retry-After")))
    if status >= 400:
        raise Refused(told)
    raise Malformed(told)


def _reason(error: BaseException) -> str:
    """What went wrong, in words that hold no address."""
    text = repr(error)
    for sign, reason in (
        ("NameResolutionError", "the name is unknown"),
        ("Connection refused", "the connection was refused"),
        ("IncompleteRead", "the answer was cut short"),
        ("reset", "the connection was reset"),
        ("RemoteDisconnected", "the connection was closed without an answer"),
        ("DecodeError", "the answer could not be unpacked"),
        ("ProxyError", "the proxy did not let us through"),
    ):
        if sign in text:
            return reason
    return f"no connection ({type(error).__name__})"
