"""HTTP sessions that no shop can hold up: pooled, never redirected, each answer bounded in time.

`requests` bounds one read of a socket, so a server that sends a byte now and then holds a worker for
ever. Here the time-out of a call bounds its whole answer, headers and body together.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import time
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.errors import InvalidInput
from app.platforms.errors import Permanent

USER_AGENT = "SyncFlow/1.0"


def new_session(*, allow_private: bool, pool_size: int = 16) -> requests.Session:
    """A session to share by all connections of one process (not across a fork).

    It follows no proxy or netrc of the environment, keeps no cookies, verifies TLS and repeats
    nothing by itself. Unless `allow_private`, it hangs up on private addresses (see `guard_public`).
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
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput("The address of a shop starts with https:// or http:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("The address of a shop must not hold a user name or a password.")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (ValueError, OSError) as err:
        raise InvalidInput(f"The host {parts.hostname} cannot be found.") from err
    if not allow_private and not all(_is_public(str(entry[4][0])) for entry in found):
        raise InvalidInput(f"The host {parts.hostname} is not on the public internet.")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (inner := ip.ipv4_mapped or ip.sixtofour):
        ip = inner
    return ip.is_global and not ip.is_multicast


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


def _refuse_private(sock: socket.socket) -> None:
    if not _is_public(str(sock.getpeername()[0])):
        sock.close()
        raise Permanent("The shop's address leads into a private network.")


class _PublicConnection(_Connection):
    def connect(self) -> None:
        super().connect()
        _refuse_private(self.sock)


class _PublicTlsConnection(_TlsConnection):
    def connect(self) -> None:
        super().connect()
        _refuse_private(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection
