"""Requests that come when they come: sent by the clock, whether or not the ones before were answered.

A latency counts from when its request was due, so that a server which stalls is not asked less for it.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.load import receive


@dataclass(frozen=True, slots=True)
class Request:
    """`name` is what its latency is counted under; `raw` is the whole HTTP/1.1 request."""

    name: str
    raw: bytes


@dataclass(slots=True)
class Answers:
    """Latencies in milliseconds by the name of the request; what was not answered with a 2xx."""

    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def percentile(self, share: float, name: str | None = None) -> float:
        """Over the requests of one name, or all of them."""
        lists = self.latencies_ms.values() if name is None else [self.latencies_ms[name]]
        ordered = sorted(latency for one in lists for latency in one)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


@dataclass(slots=True, eq=False)
class _Exchange:
    sock: socket.socket
    name: str = ""
    due: float = 0.0
    received: bytes = b""


def open_loop(
    port: int, next_request: Callable[[], Request], *, per_second: float, seconds: float
) -> Answers:
    """Send `per_second` requests to 127.0.0.1:`port` for `seconds`, and wait 30 s for the last answers."""
    return _run(port, next_request, _due_times(per_second, seconds), at_once=None)


def closed_loop(port: int, next_request: Callable[[], Request], *, clients: int, requests: int) -> Answers:
    """So many clients at a time, each asking again once it was answered."""
    return _run(port, next_request, iter([0.0] * requests), at_once=clients)


def _due_times(per_second: float, seconds: float) -> Iterator[float]:
    started = time.perf_counter()
    return (started + number / per_second for number in range(int(per_second * seconds)))


def _run(
    port: int, next_request: Callable[[], Request], due_times: Iterator[float], *, at_once: int | None
) -> Answers:
    answers, selector = Answers(), selectors.DefaultSelector()
    idle: list[_Exchange] = []
    busy = 0
    due = next(due_times, None)
    give_up: float | None = None
    while due is not None or busy:
        now = time.perf_counter()
        while due is not None and due <= now and (at_once is None or busy < at_once):
            exchange = idle.pop() if idle else _connect(port, selector)
            _send(exchange, next_request(), due or now)
            busy += 1
            due = next(due_times, None)
        if due is None:
            give_up = give_up or time.perf_counter() + 30
            if time.perf_counter() > give_up:
                answers.failures.append(f"{busy} requests were not answered within 30 s")
                break
        pause = 0.1 if due is None or at_once else max(due - time.perf_counter(), 0)
        for key, _events in selector.select(timeout=pause):
            exchange = key.data
            if exchange in idle:  # the server ends connections that nobody uses
                idle.remove(exchange)
                selector.unregister(exchange.sock)
                exchange.sock.close()
                continue
            if (status := receive(exchange)) is None:
                continue
            busy -= 1
            answers.latencies_ms[exchange.name].append((time.perf_counter() - exchange.due) * 1000)
            if not 200 <= status < 300:
                answers.failures.append(f"{exchange.name}: {status} {exchange.received[-200:]!r}")
            idle.append(exchange)
    for key in list(selector.get_map().values()):
        key.data.sock.close()
    return answers


def _connect(port: int, selector: selectors.BaseSelector) -> _Exchange:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    exchange = _Exchange(sock)
    selector.register(sock, selectors.EVENT_READ, exchange)
    return exchange


def _send(exchange: _Exchange, request: Request, due: float) -> None:
    exchange.name, exchange.due, exchange.received = request.name, due, b""
    exchange.sock.sendall(request.raw)
