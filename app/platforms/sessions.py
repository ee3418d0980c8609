"""HTTP sessions that no shop can hold up: pooled, never redirected, each answer bounded in time.

`requests` bounds one read of a socket, so a server that sends a byte now and then holds a worker for
ever. Here the time-out of a call bounds its whole answer, headers and body together.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from app.errors import InvalidInput
from app.platforms.errors import Permanent

USER_AGENT = "SyncFlow/1.0"
MOST_ADDRESSES = 3
"""Of a host, that are tried one after another: each has its own time-out, and a name can have thousands."""


def new_session(*, allow_private: bool, pool_size: int = 16) -> requests.Session:
    """A session to share by all connections of one process (not across a fork).

    It follows no proxy or netrc of the environment, keeps no cookies, verifies TLS and repeats
    nothing by itself. Unless `allow_private`, a host that resolves to a private address is refused before
    anything is sent, and the address that was looked at is the one that is called (see `guard_public`).
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    adapter = _Adapter(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = (
        {"http": _Pool, "https": _TlsPool}
        if allow_private
        else {"http": _PublicPool, "https": _PublicTlsPool}
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def guard_public(url: str, *, allow_private: bool) -> None:
    """Refuse a merchant-given URL that is no plain http(s) address of a host on the public internet.

    Every address the host resolves to must be public unless `allow_private`. Names can change their
    address later: sessions look at the address again when they connect. Raises InvalidInput.
    """
    try:
        parts = urlsplit(url)
    except ValueError as err:
        raise InvalidInput("The address cannot be read.") from err
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("The address starts with https:// or http:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("The address must not hold a user name or a password.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (ValueError, OSError) as err:
        raise InvalidInput(f"The host {parts.hostname} cannot be found.") from err
    if not allow_private and not all(_is_public(str(entry[4][0])) for entry in found):
        raise InvalidInput(f"The host {parts.hostname} is not on the public internet.")


_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All other IPv6 leads to this machine, this network, many, or through a translator."""
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PROTOCOL_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")
"""Some clouds answer for their metadata here."""


def _is_public(address: str) -> bool:
    """Not so for private, loopback, link-local, shared (CGNAT), multicast, reserved and metadata addresses,
    nor for IPv6 that wraps such an IPv4."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None:
            return ip in _GLOBAL_UNICAST and ip not in _DOCUMENTATION and ip.is_global
        ip = inner
    return ip.is_global and not ip.is_multicast and ip not in _PROTOCOL_ASSIGNMENTS


class _Adapter(HTTPAdapter):
    """Hands errors on as they are; exists so that the pool manager's type is known."""


class _TimedReader(io.RawIOBase):
    """A socket's reading end that gives up when the whole answer is late."""

    def __init__(self, sock: socket.socket) -> None:
        seconds = sock.gettimeout()
        self._sock = sock
        self._until = None if seconds is None else time.monotonic() + seconds
        self._raw: Any = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer did not end in time")
            self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _Connection(HTTPConnection):
    response_class: ClassVar[type[HTTPResponse]] = _TimedResponse  # type: ignore[misc]  # instance attribute upstream


class _TlsConnection(HTTPSConnection):
    response_class: ClassVar[type[HTTPResponse]] = _TimedResponse  # type: ignore[misc]  # instance attribute upstream


class _Pinned(HTTPConnection):
    """Looks its host up once, and connects to what it looked at: a name cannot answer twice differently."""

    def _new_conn(self) -> socket.socket:
        named = self._dns_host
        try:
            addresses = _public_addresses(named, self.port)[:MOST_ADDRESSES]
            for address in addresses[:-1]:
                self._dns_host = address
                with suppress(NewConnectionError, ConnectTimeoutError):
                    return super()._new_conn()
            self._dns_host = addresses[-1]
            return super()._new_conn()
        except socket.gaierror as err:
            raise NameResolutionError(named, self, err) from err
        finally:
            self._dns_host = named


def _public_addresses(host: str, port: int) -> list[str]:
    """Raises Permanent if any of the host's addresses is not public, and socket.gaierror."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as err:
        raise Permanent("The address cannot be used.") from err
    addresses = [str(entry[4][0]) for entry in found]
    if not all(_is_public(address) for address in addresses):
        raise Permanent("The address leads into a private network.")
    return addresses


class _PublicConnection(_Pinned, _Connection):
    pass


class _PublicTlsConnection(_Pinned, _TlsConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection
