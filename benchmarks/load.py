"""A lean HTTP load: keep-alive connections that each send the next request when the answer is there.

Run as a process of its own, so that what it costs does not sit in the server's interpreter.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Load:
    """What a run measured. Latencies in milliseconds, one per answered request."""

    requests_per_second: float
    latencies_ms: list[float]
    failures: int

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def run(
    port: int, next_request: Callable[[], bytes], *, connections: int, seconds: float, warm_up_seconds: float
) -> Load:
    """Load 127.0.0.1:`port` for `seconds` after a warm-up that is not counted."""
    selector = selectors.DefaultSelector()
    opened = []
    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sock)
        selector.register(sock, selectors.EVENT_READ, connection)
        opened.append(connection)
    for connection in opened:
        _send(connection, next_request())
    begin = time.perf_counter() + warm_up_seconds
    end = begin + seconds
    latencies: list[float] = []
    failures = 0
    while (now := time.perf_counter()) < end:
        for key, _events in selector.select(timeout=0.1):
            connection = key.data
            status = receive(connection)
            if status is None:
                continue
            if now >= begin:
                latencies.append((time.perf_counter() - connection.sent_at) * 1000)
                failures += status >= 300
            _send(connection, next_request())
    for connection in opened:
        connection.sock.close()
    return Load(len(latencies) / seconds, latencies, failures)


def _send(connection: _Connection, request: bytes) -> None:
    connection.received = b""
    connection.sent_at = time.perf_counter()
    connection.sock.sendall(request)


class Receiving(Protocol):
    """A connection on which an answer is coming in; `received` is what came so far."""

    sock: socket.socket
    received: bytes


def receive(connection: Receiving) -> int | None:
    """The status once the whole answer is there, which says its length. Raises ConnectionError if the server
    hung up."""
    data = connection.sock.recv(65536)
    if not data:
        raise ConnectionError("the server closed a connection under load")
    connection.received += data
    head, separator, body = connection.received.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return int(head.split(b" ", 2)[1]) if len(body) >= length else None
