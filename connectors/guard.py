"""Connections that look at who answers, and that end in time.

An address is judged after connecting, where a name can no longer change its mind, before TLS and
before a byte is sent. A timer ends the whole exchange, because the timeouts of sockets start anew
with every byte, so that a server which drips would hold us for ever.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.errors import Blocked, Unreachable


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet, looking through embedded IPv4."""
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def host_key(host: str) -> str:
    """A host as it is compared: without brackets, last dot and capitals."""
    return host.strip("[]").rstrip(".").lower()


class Exchange:
    """What the connections of one request must know: who is private here, and until when."""

    def __init__(self, internal_hosts: frozenset[str], seconds: float, proxied: bool) -> None:
        self._internal_hosts = internal_hosts
        self._seconds = seconds
        self._proxied = proxied
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.expired = False

    @classmethod
    @contextmanager
    def begin(
        cls, internal_hosts: frozenset[str], seconds: float, proxied: bool
    ) -> Iterator[Exchange]:
        """Run until done or late: a timer shuts the socket, whatever is being waited for."""
        exchange = cls(internal_hosts, seconds, proxied)
        timer = threading.Timer(seconds, exchange._expire)
        timer.daemon = True
        timer.start()
        token = _current.set(exchange)
        try:
            yield exchange
        finally:
            _current.reset(token)
            timer.cancel()
            exchange._forget()

    @property
    def remaining(self) -> float:
        """Seconds left; never zero, which sockets take for "do not wait"."""
        return max(0.01, self._end - time.monotonic())

    def too_late(self, place: str) -> Unreachable:
        return Unreachable(f"{place} did not finish its answer within {self._seconds:.0f} s")

    def check_peer(self, host: str, peer: str) -> None:
        if not self._proxied and not self._allowed(host, peer):
            raise Blocked(f"{host} leads to {peer}, which is not on the open internet")

    def check_name(self, host: str) -> None:
        """Check what a proxy will look up for us, as far as it can be looked up here."""
        with suppress(OSError, UnicodeError):
            for *_, address in socket.getaddrinfo(host, None):
                if not self._allowed(host, str(address[0])):
                    raise Blocked(f"{host} leads to {address[0]}, not on the open internet")

    def _allowed(self, host: str, peer: str) -> bool:
        return is_public(peer) or host_key(host) in self._internal_hosts

    def watch(self, sock: socket.socket) -> None:
        """Guard this socket from now on, by a handle of our own that survives the TLS wrapping."""
        self._forget()
        with self._lock:
            self._socket = socket.socket(fileno=os.dup(sock.fileno()))
        if self.expired:
            self._expire()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _forget(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None


_current: ContextVar[Exchange] = ContextVar("connectors.http")


class _Guarded(HTTPConnection):
    """A connection that looks at its peer before a byte is sent."""

    def _new_conn(self) -> socket.socket:
        exchange = _current.get()
        if _is_address(self.host):  # then there is no need to knock first
            exchange.check_peer(self.host, self.host)
        sock = super()._new_conn()
        try:
            exchange.check_peer(self.host, str(sock.getpeername()[0]))
            exchange.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # kept open by an earlier request
            _current.get().watch(self.sock)
        super().request(*args, **kwargs)


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class Adapter(HTTPAdapter):
    """The adapter of requests on guarded connections, with a proxy or without."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
        return manager
