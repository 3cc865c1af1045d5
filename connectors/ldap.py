"""LDAP: is this the password of that person, and in which groups are they (RFC 4511, 4513, 4515).

Nothing goes over the wire without TLS: StartTLS before the first bind, or LDAPS. The person is
searched with an escaped filter, and the password proven by a bind of their own.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from connectors.errors import Blocked, Refused, Unreachable
from connectors.guard import host_key, is_public

CONNECT, RECEIVE = 5, 8
"""Seconds: a person waits."""
LONGEST_LOGIN, LONGEST_PASSWORD = 200, 500
MOST_GROUPS = 500
WRONG = "login name and password do not belong together"
_INVALID_CREDENTIALS = 49


@dataclass(frozen=True, slots=True)
class Entry:
    """A person in the directory: attributes in lower case with all their values, and groups."""

    dn: str
    attributes: Mapping[str, Sequence[str]]
    groups: tuple[str, ...]
    """Distinguished names."""

    def first(self, name: str) -> str:
        return next(iter(self.attributes.get(name.lower(), ())), "")


class Directory:
    """A directory server; does no I/O until asked."""

    def __init__(
        self,
        host: str,
        *,
        port: int = 0,
        ldaps: bool = False,
        ca: str | None = None,
        bind_dn: str = "",
        bind_password: str = "",
        base: str,
        user_filter: str = "(uid={login})",
        group_base: str = "",
        attributes: Collection[str] = (),
        internal_hosts: Collection[str] = (),
    ) -> None:
        self._host, self._port = host, port or (636 if ldaps else 389)
        self._ldaps = ldaps
        self._tls = _Tls(validate=ssl.CERT_REQUIRED, ca_certs_data=ca)
        self._bind = (bind_dn, bind_password) if bind_dn else None
        self._base, self._filter, self._group_base = base, user_filter, group_base
        self._attributes = sorted({name.lower() for name in attributes} | {"memberof"})
        self._internal = frozenset(host_key(one) for one in internal_hosts)

    def log_in(self, login: str, password: str) -> Entry:
        """The person whose password this is; raises `Refused`, `Unreachable` or `Blocked`."""
        # A bind with a name and no password succeeds as nobody (RFC 4513 section 5.1.2).
        if not login.strip() or not password or "\0" in login + password:
            raise Refused(WRONG)
        if len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD:
            raise Refused(WRONG)
        with self._connected(self._bind) as service:
            found = self._search(
                service,
                self._base,
                self._filter.replace("{login}", escape_filter_chars(login.strip())),
                self._attributes,
                2,
            )
            if len(found) != 1:  # nobody, or a filter that does not name one person
                raise Refused(WRONG)
            entry = found[0]
            groups = list(entry.attributes.get("memberof", ()))
            if self._group_base:
                member = escape_filter_chars(entry.dn)
                wanted = f"(|(member={member})(uniqueMember={member}))"
                groups += [
                    one.dn
                    for one in self._search(service, self._group_base, wanted, ["1.1"], MOST_GROUPS)
                ]
        with self._connected((entry.dn, password)):
            pass
        return Entry(entry.dn, entry.attributes, tuple(dict.fromkeys(groups)))

    def check(self) -> None:
        """Connect and bind as the service; raises as `log_in` does."""
        with self._connected(self._bind):
            pass

    def _connected(self, bind: tuple[str, str] | None) -> Any:
        """A connection with TLS, bound; to be used in a `with`."""
        self._check_host()
        server = ldap3.Server(
            self._host,
            port=self._port,
            use_ssl=self._ldaps,
            tls=self._tls,
            connect_timeout=CONNECT,
            get_info=ldap3.NONE,
        )
        connection = ldap3.Connection(
            server,
            user=bind[0] if bind else None,
            password=bind[1] if bind else None,
            authentication=ldap3.SIMPLE if bind else ldap3.ANONYMOUS,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            read_only=True,
            receive_timeout=RECEIVE,
        )
        try:
            connection.open(read_server_info=False)
            if not self._ldaps and not connection.start_tls(read_server_info=False):
                raise Unreachable(f"{self._host} does not offer StartTLS")
            bound = connection.bind(read_server_info=False)
        except (LDAPException, OSError, ValueError) as error:
            _hang_up(connection)
            raise Unreachable(f"{self._host}: no connection ({type(error).__name__})") from None
        except Unreachable:
            _hang_up(connection)
            raise
        if not bound:
            code = connection.result.get("result")
            connection.unbind()
            if code == _INVALID_CREDENTIALS:
                raise Refused(WRONG)
            raise Unreachable(f"{self._host} refused the bind (result {code})")
        return _Closing(connection)

    def _check_host(self) -> None:
        """A private server must be allowed by name."""
        if host_key(self._host) in self._internal:
            return
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError:
            raise Unreachable(f"{self._host}: the name is unknown") from None
        if not all(is_public(str(one[4][0])) for one in found):
            raise Blocked(f"{self._host} is a private address that this site does not allow")

    def _search(
        self, connection: Any, base: str, wanted: str, attributes: Sequence[str], limit: int
    ) -> list[Entry]:
        try:
            connection.search(
                base, wanted, attributes=list(attributes), size_limit=limit, time_limit=RECEIVE
            )
        except (LDAPException, OSError, ValueError) as error:
            raise Unreachable(f"{self._host}: the search failed ({type(error).__name__})") from None
        if connection.result.get("result") not in (0, 4, 32):  # success, size limit, no such object
            raise Unreachable(
                f"{self._host} refused the search (result {connection.result.get('result')})"
            )
        return [
            Entry(one["dn"], _texts(one.get("raw_attributes", {})), ())
            for one in connection.response or ()
            if one.get("type") == "searchResEntry"
        ]


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """TLS as Python does it by default, the name in the certificate checked by it as well."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        context = ssl.create_default_context(cadata=self.ca_certs_data)
        connection.socket = context.wrap_socket(
            connection.socket,
            server_hostname=connection.server.host,
            do_handshake_on_connect=do_handshake,
        )


def _hang_up(connection: Any) -> None:
    """Close what ldap3 leaves open when it could not connect."""
    if connection.socket is not None:
        connection.socket.close()


@dataclass(frozen=True, slots=True)
class _Closing:
    """Unbinds when the block ends."""

    connection: Any

    def __enter__(self) -> Any:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.unbind()


def _texts(raw: Mapping[str, Sequence[bytes]]) -> dict[str, tuple[str, ...]]:
    """Values as text; what is none (objectGUID) in hexadecimal."""
    found = {}
    for name, values in raw.items():
        texts = []
        for value in values[:MOST_GROUPS]:
            try:
                text = value.decode()
            except UnicodeDecodeError:
                text = value.hex()
            texts.append(text if text.isprintable() else value.hex())
        found[name.lower()] = tuple(texts)
    return found
