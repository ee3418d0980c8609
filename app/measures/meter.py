"""Counts in each process, and adds what it counted to Redis a few times a minute: one sum over all processes
on all machines. Whoever asks any web process gets all of it; what a process has not added yet dies with it.

Counting costs no call. While nobody wants the figures (`Settings.wants_metrics`) nothing is counted.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping

import redis
import structlog
from sqlalchemy import event
from sqlalchemy.pool import Pool, QueuePool

from app.measures.catalogue import Metric

log = structlog.get_logger(__name__)

ADD_SECONDS = 5.0
KEY = "syncflow:measures"
PROCESSES_KEY = "syncflow:measures:processes"
GONE_SECONDS = 30.0
"""A process that added nothing for so long has nothing in use."""
SUM = "sum"

Cell = tuple[str, tuple[str, ...], str]
"""A metric's name, its labels' values in the catalogue's order, of a histogram the bucket's number or SUM."""


class Meter:
    """One per process. Its timer runs only while there is something to add, and so never crosses a fork."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        on: bool,
        process: str = "web",
        wait_seconds: float = ADD_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.on = on
        self.process = process
        self._redis = client
        self._wait_seconds, self._clock = wait_seconds, clock
        self._lock = threading.Lock()
        self._counts: defaultdict[Cell, float] = defaultdict(float)
        self._most_in_use = self._limit = 0
        self._timer: threading.Timer | None = None

    def count(self, metric: Metric, *labels: str) -> None:
        """One more. Never blocks, never raises."""
        if self.on:
            with self._lock:
                self._counts[metric.name, labels, ""] += 1
                self._plan()

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Another value of a histogram. Never blocks, never raises."""
        if self.on:
            bucket = str(bisect_left(metric.upper_bounds, value))
            with self._lock:
                self._counts[metric.name, labels, bucket] += 1
                self._counts[metric.name, labels, SUM] += max(value, 0.0)
                self._plan()

    def watch(self, pool: Pool) -> None:
        """Note how many connections of the pool are in use at most."""
        assert isinstance(pool, QueuePool)
        self._limit = pool.size() + pool._max_overflow
        event.listen(pool, "checkout", lambda *_: self.note_in_use(pool.checkedout()))

    def note_in_use(self, connections: int) -> None:
        """So many of the pool's connections are in use now."""
        if connections > self._most_in_use:
            self._most_in_use = connections

    def add(self) -> None:
        """Add what was counted since the last time, all of it or nothing. Kept for the next time if Redis is
        away; where only its answer got lost it counts twice."""
        with self._lock:
            counted, self._counts = self._counts, defaultdict(float)
            most, self._most_in_use = self._most_in_use, 0
            self._timer = None
        if not counted:
            return
        try:
            with self._redis.pipeline() as pipe:
                for cell, amount in counted.items():
                    if cell[2] == SUM:
                        pipe.hincrbyfloat(KEY, _field(cell), amount)
                    else:
                        pipe.hincrby(KEY, _field(cell), int(amount))
                pipe.hset(PROCESSES_KEY, self._itself(), json.dumps([self._clock(), most, self._limit]))
                pipe.execute()
        except redis.RedisError as err:
            log.warning("measures_not_added", error=type(err).__name__)
            with self._lock:
                for cell, amount in counted.items():
                    self._counts[cell] += amount
                self._plan()

    def forget(self) -> None:
        """Drop what was not added."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._counts, self._timer = defaultdict(float), None

    def _plan(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._wait_seconds, self.add)
            self._timer.daemon = True
            self._timer.start()

    def _itself(self) -> str:
        return f"{self.process}:{socket.gethostname()}:{os.getpid()}"


def read_sums(client: redis.Redis) -> Mapping[Cell, float]:
    """All that was added. Raises RedisError."""
    found: Mapping[bytes, bytes] = client.hgetall(KEY)  # type: ignore[assignment]  # an awaitable, in its types
    return {_cell(field): float(amount) for field, amount in found.items()}


def read_pools(client: redis.Redis, now: float) -> Mapping[str, tuple[int, int]]:
    """By kind of process: the most connections that one has in use, and may have. Forgets processes that are
    gone. Raises RedisError."""
    found: Mapping[bytes, bytes] = client.hgetall(PROCESSES_KEY)  # type: ignore[assignment]  # an awaitable, in its types
    pools: dict[str, tuple[int, int]] = {}
    gone = []
    for name, value in found.items():
        at, in_use, limit = json.loads(value)
        kind = name.decode().partition(":")[0]
        most, of = pools.get(kind, (0, limit))
        pools[kind] = (max(most, in_use if now - at < GONE_SECONDS else 0), min(of, limit))
        if now - at > 100 * GONE_SECONDS:
            gone.append(name)
    if gone:
        client.hdel(PROCESSES_KEY, *gone)
    return pools


def _field(cell: Cell) -> str:
    return json.dumps(cell, separators=(",", ":"))


def _cell(field: bytes) -> Cell:
    name, labels, part = json.loads(field)
    return name, tuple(labels), part
